package intake

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/internal/fault"
)

// folder is one watched folder. One goroutine has it.
type folder struct {
	*Watcher
	path   string // as it was configured
	ledger *ledger

	trouble fault.Code             // why it cannot be looked at; "" = it can
	misname bool                   // it was said that a name is no text
	clouded bool                   // it was said that a file is in the cloud
	pending map[string]candidate   // files that are not dealt with
	passed  map[string]fs.FileInfo // files that make no job as they are
	events  *events                // nil = nobody listens
}

// candidate is a file that may still change.
type candidate struct {
	info  fs.FileInfo
	since time.Time  // when it looked so first
	again time.Time  // not tried before; zero = it was not tried
	said  fault.Code // what was last said of it
}

// found is a file of a folder.
type found struct {
	path    string
	info    fs.FileInfo
	natural natural
}

// survey is what a look at a folder has found.
type survey struct {
	place string // where the folder really is
	files []found
	stubs []record // of files that are in the cloud, and not here even by name
	gap   error    // why a folder in it was not seen; nil = all were
}

// Bounds of a look.
const (
	maxDepth = 32
	maxFound = 200_000
)

func (w *Watcher) folder(path string, l *ledger) *folder {
	return &folder{Watcher: w, path: path, ledger: l, pending: map[string]candidate{}, passed: map[string]fs.FileInfo{}}
}

// run looks at the folder when something has happened there, when a file may
// have settled, and now and then.
func (f *folder) run(ctx context.Context) {
	f.events = newEvents(manyWatched / len(f.cfg.Folders))
	defer f.events.close()
	for {
		next := f.look(ctx, time.Now())
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-f.events.heard:
			timer.Stop()
			// A file that is being copied is heard of all the time.
			if !waitFor(ctx, min(f.cfg.Settle/2, time.Second)) {
				return
			}
		}
	}
}

func waitFor(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// look deals with all that can be dealt with now and says when to look again.
func (f *folder) look(ctx context.Context, now time.Time) (again time.Duration) {
	_ = f.ledger.flush() // it was said when it failed first
	seen, err := f.list(ctx)
	if err == nil && !f.ledger.knows(f.path) {
		err = f.begin(seen)
	}
	f.complain(ctx, err)
	if err != nil {
		return f.cfg.Rescan
	}
	there := map[string]bool{}
	again = f.cfg.Rescan
	for _, e := range seen.files {
		there[e.path] = true
		if ctx.Err() != nil {
			return again
		}
		if wait := f.consider(ctx, e, now); wait > 0 {
			again = min(again, wait)
		}
	}
	for path := range f.pending {
		if !there[path] {
			delete(f.pending, path)
		}
	}
	for path := range f.passed {
		if !there[path] {
			delete(f.passed, path)
		}
	}
	return again
}

// complain says once when the folder cannot be looked at, and when it can again.
func (f *folder) complain(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	var code fault.Code
	if err != nil {
		code = fault.From(err).Code
	}
	switch code {
	case f.trouble:
	case "":
		f.deps.Log.Info("watched folder is back", "folder", f.path)
	default:
		f.deps.Log.Warn("folder cannot be watched now", "folder", f.path, "err", err)
	}
	f.trouble = code
}

// begin notes what was there before the folder was watched. All of it must have
// been seen: the rest would be new later on.
func (f *folder) begin(seen survey) error {
	if seen.gap != nil {
		return seen.gap
	}
	records := make([]record, 0, len(seen.files)+len(seen.stubs)+1)
	if !f.cfg.Existing {
		for _, r := range seen.stubs {
			if _, known := f.ledger.of(r.Path); !known {
				records = append(records, r)
			}
		}
		for _, e := range seen.files {
			if _, known := f.ledger.of(e.path); !known {
				records = append(records, record{Path: e.path, Size: e.info.Size(), ModTime: e.info.ModTime(), State: left})
			}
		}
	}
	if err := f.ledger.put(append(records, record{Folder: f.path})...); err != nil {
		return err
	}
	f.deps.Log.Info("folder watched", "folder", seen.place, "left", len(records))
	return nil
}

// consider deals with one file: the time after which it is worth another look;
// 0 = it is not before it changes.
func (f *folder) consider(ctx context.Context, e found, now time.Time) time.Duration {
	if !f.claim(e.path) {
		return f.cfg.Settle
	}
	defer f.release(e.path)
	known, met := f.ledger.of(e.path)
	switch {
	case met && known.unchanged(e.info) && known.State != taking && (known.State != left || !f.cfg.Existing):
		delete(f.pending, e.path)
		return 0
	case met && known.State == left && (known.Size == e.info.Size() || known.Size == unsaid) && !f.cfg.Existing:
		// Touched: nobody knows its content, and its size would differ. Or it has
		// come down from the cloud.
		known.Size, known.ModTime = e.info.Size(), e.info.ModTime()
		_ = f.ledger.put(known) // else the next look finds it so again
		return 0
	}
	if was, ok := f.passed[e.path]; ok && same(was, e.info) {
		return 0
	}
	c, waiting := f.pending[e.path]
	if !waiting || !same(c.info, e.info) {
		c = candidate{info: e.info, since: now}
		if met && known.State == taking && known.unchanged(e.info) {
			c.since = now.Add(-f.cfg.Settle) // it had settled when we died
		}
		f.pending[e.path] = c
	}
	ripe := c.since.Add(f.cfg.Settle)
	if c.again.After(ripe) {
		ripe = c.again
	}
	switch {
	case e.info.Size() == 0:
		return 0
	case ripe.After(now):
		return ripe.Sub(now)
	case f.cloud.holds(e.info):
		f.inCloud(e.path)
		return f.cfg.Again
	case arriving(e.path):
		return f.cfg.Again
	}
	switch o, err := f.settle(ctx, e, known); {
	case ctx.Err() != nil:
		return 0
	case o == settled:
		delete(f.pending, e.path)
		f.passed[e.path] = e.info
		f.explain(err, c.said)
		return 0
	default:
		c.said = f.explain(err, c.said)
		c.again = now.Add(f.cfg.Again)
		f.pending[e.path] = c
		return f.cfg.Again
	}
}

// explain says why a file was not taken, once.
func (f *folder) explain(err error, said fault.Code) fault.Code {
	if err == nil {
		return ""
	}
	x := fault.From(err)
	if x.Code != said && x.Code != fault.NotMedia {
		f.deps.Log.Warn("file of watched folder not taken", "folder", f.path, "code", x.Code, "err", err)
	}
	return x.Code
}

// settle takes a file that has settled, unless it is none, or one that was met
// before.
func (f *folder) settle(ctx context.Context, e found, known record) (outcome, error) {
	name := filepath.Base(e.path)
	if err := f.cloud.identify(name, e.path); err != nil {
		if fault.Is(err, fault.NotMedia) {
			return settled, err
		}
		return later, err
	}
	sum, err := samplesOf(e.path, e.info.Size())
	if err != nil {
		return later, sourceFault(name, e.path, err)
	}
	r := record{Path: e.path, Size: e.info.Size(), ModTime: e.info.ModTime(), Sum: sum, State: taken}
	touched := known.Sum == sum && known.Size == r.Size
	switch now, err := os.Lstat(e.path); {
	case err != nil:
		return later, sourceFault(name, e.path, err)
	case !same(now, e.info):
		return later, nil
	case touched && known.State != taking:
		r.State, r.Code = known.State, known.Code
		return settled, f.ledger.put(r)
	}
	if was, ok := f.renamed(r); ok {
		r.State = was
		return settled, f.ledger.put(r)
	}
	return f.take(ctx, f.ledger, r)
}

// renamed says what became of a file that was met already, under a name that is
// gone.
func (f *folder) renamed(r record) (fate, bool) {
	for _, was := range f.ledger.like(r) {
		dealt := was.State == taken || was.State == left && !f.cfg.Existing
		if dealt && was.Size == r.Size && f.gone(was.Path, r.Path) {
			return was.State, true
		}
	}
	return "", false
}

// list gives the files that may be media, in the order a person reads them, and
// has their folders listened to.
func (f *folder) list(ctx context.Context) (survey, error) {
	place, err := filepath.EvalSymlinks(f.path)
	if err != nil {
		return survey{}, sourceFault(filepath.Base(f.path), f.path, err)
	}
	if info, err := os.Stat(place); err == nil && !info.IsDir() {
		return survey{}, notAFolder(f.path)
	}
	if f.events != nil {
		f.events.refresh()
	}
	seen := survey{place: place}
	switch err := f.walk(ctx, place, 0, &seen); {
	case ctx.Err() != nil:
		return survey{}, context.Cause(ctx)
	case err != nil:
		return survey{}, sourceFault(filepath.Base(f.path), f.path, err)
	case len(seen.files)+len(seen.stubs) > f.most: // some would be met for the first time at every look
		return survey{}, fault.New(fault.RequestTooLarge, fmt.Sprintf("%s holds more than %d files.", quoted(filepath.Base(f.path)), f.most), nil).
			WithHint("Watch a smaller folder.")
	}
	slices.SortStableFunc(seen.files, func(a, b found) int { return a.natural.compare(b.natural) })
	return seen, nil
}

// walk adds the files of a folder. One within it that cannot be read is left
// out, as it would be by whoever looks at it, and noted.
func (f *folder) walk(ctx context.Context, dir string, depth int, seen *survey) error {
	if slices.Contains(f.cfg.Skip, dir) {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if f.events != nil && f.events.listen(dir, len(entries)) {
		if entries, err = os.ReadDir(dir); err != nil { // what came before it was listened to
			return err
		}
	}
	for _, e := range entries {
		if ctx.Err() != nil || len(seen.files)+len(seen.stubs) > f.most {
			return nil
		}
		name, path := e.Name(), filepath.Join(dir, e.Name())
		if whole, ok := stoodFor(path); ok && e.Type().IsRegular() && utf8.ValidString(whole) && !litter(filepath.Base(whole)) {
			if info, err := e.Info(); err == nil {
				seen.stubs = append(seen.stubs, record{Path: spelt(whole), Size: unsaid, ModTime: info.ModTime(), State: left})
			}
			continue
		}
		switch {
		case litter(name), hidden(e), e.Type()&fs.ModeSymlink != 0, system(path):
		case !utf8.ValidString(path):
			f.misnamed(path)
		case e.IsDir():
			if f.cfg.Recursive && depth < maxDepth && !foreign(path) {
				if err := f.walk(ctx, path, depth+1, seen); err != nil && !errors.Is(err, fs.ErrNotExist) {
					seen.gap = sourceFault(name, path, err)
				}
			}
		case e.Type().IsRegular() && !temporary(name):
			if info, err := e.Info(); err == nil {
				seen.files = append(seen.files, found{path: spelt(path), info: info, natural: naturalOf(path)})
			}
		}
	}
	return nil
}

// misnamed says once that a name cannot be written down.
func (f *folder) misnamed(path string) {
	if !f.misname {
		f.misname = true
		f.deps.Log.Warn("file of watched folder not taken", "folder", f.path, "err", notText(filepath.Base(path)))
	}
}

// inCloud says once that a file waits to be downloaded, by somebody else.
func (f *folder) inCloud(path string) {
	if !f.clouded {
		f.clouded = true
		f.deps.Log.Warn("file of watched folder not taken yet", "folder", f.path, "err", inCloud(filepath.Base(path)))
	}
}

// temporary says whether a name is one that programs give to what they have not
// finished.
func temporary(name string) bool {
	ext := extension(name)
	return unfinished(ext) || ext == "tmp" || ext == "temp" || strings.HasSuffix(name, "~") || strings.HasPrefix(name, "~")
}

// arriving says whether a browser still keeps what is to become this file
// beside it.
func arriving(path string) bool {
	for _, ext := range []string{".part", ".crdownload", ".aria2"} {
		if _, err := os.Lstat(path + ext); err == nil {
			return true
		}
	}
	return false
}

func same(a, b fs.FileInfo) bool { return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) }

// samplesOf tells contents apart without reading all of them: its ends do not,
// since recordings begin and end with silence.
func samplesOf(path string, size int64) (string, error) {
	const pieces, piece = 16, 64 << 10
	f, err := os.Open(path) //nolint:gosec // a file of a folder that the user has named
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	_ = binary.Write(h, binary.BigEndian, size)
	for i := range int64(pieces) {
		at := (max(size-piece, 0) * i) / (pieces - 1)
		if _, err := io.Copy(h, io.NewSectionReader(f, at, piece)); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

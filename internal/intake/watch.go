package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"sluice/internal/fault"
)

// Watcher makes jobs of the files that come to some folders, each once: what it
// has dealt with it keeps in a ledger that outlives a restart. A file is taken
// when it has not changed for a while. It is the same file by its content: one
// that was only touched, or has another name now, is not taken again; one whose
// content was replaced is.
type Watcher struct {
	deps WatchDeps
	cfg  WatchConfig

	cloud cloud

	most int // files of one folder; a larger one is not meant to be watched

	mu   sync.Mutex
	busy map[string]bool // files that are being dealt with
}

// WatchDeps is what a Watcher needs.
type WatchDeps struct {
	// Take makes a job of a file. A fault that no waiting changes is final.
	Take func(ctx context.Context, path string) error
	Log  *slog.Logger
}

// WatchConfig of a Watcher; Folders and Ledger are required.
type WatchConfig struct {
	Folders   []string      // absolute paths
	Recursive bool          // the folders in them, too
	Existing  bool          // take the files, too, that were there before a folder was first looked at
	Ledger    string        // file that remembers what was taken
	Skip      []string      // folders that are not looked into, wherever they lie: our own
	Settle    time.Duration // 10s: how long a file must not have changed
	Rescan    time.Duration // 30s: how often a folder is looked at though nothing was heard of it, as of network disks
	Again     time.Duration // 1m: when a file is tried again that could not be taken for now

	Dataless func(fs.FileInfo) bool // a file has its content in the cloud only; nil = as the system tells
}

// NewWatcher makes a watcher. It touches nothing before Run.
func NewWatcher(d WatchDeps, cfg WatchConfig) *Watcher {
	if cfg.Settle == 0 {
		cfg.Settle = 10 * time.Second
	}
	if cfg.Rescan == 0 {
		cfg.Rescan = 30 * time.Second
	}
	if cfg.Again == 0 {
		cfg.Again = time.Minute
	}
	return &Watcher{deps: d, cfg: cfg, cloud: asTheSystemTells(cfg.Dataless), most: maxFound, busy: map[string]bool{}}
}

// Run watches until ctx ends. Each folder is on its own, so that a share that
// does not answer holds up no other. While the ledger cannot be written, nothing
// is taken.
func (w *Watcher) Run(ctx context.Context) error {
	if len(w.cfg.Folders) == 0 {
		return nil
	}
	l := w.open(ctx)
	if l == nil {
		return nil
	}
	var wg sync.WaitGroup
	for _, path := range w.cfg.Folders {
		f := w.folder(path, l)
		wg.Go(func() { f.run(ctx) })
	}
	wg.Wait()
	if err := l.close(); err != nil {
		return fmt.Errorf("close ledger of watched folders: %w", err)
	}
	return nil
}

// open opens the ledger, as soon as that can be done. It is nil when ctx ends
// before.
func (w *Watcher) open(ctx context.Context) *ledger {
	for said := false; ; said = true {
		l, err := w.ledger()
		if err == nil {
			return l
		}
		if !said {
			w.deps.Log.Error("folders not watched", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(w.cfg.Again):
		}
	}
}

// ledger reads the ledger. It has room for all that may lie in the folders.
func (w *Watcher) ledger() (*ledger, error) {
	return openLedger(w.cfg.Ledger, w.cfg.Folders, w.most*len(w.cfg.Folders))
}

// claim says that a file is ours to deal with now: folders may lie in one
// another.
func (w *Watcher) claim(path string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[path] {
		return false
	}
	w.busy[path] = true
	return true
}

func (w *Watcher) release(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, path)
}

// take makes a job of a file and remembers it. The intent is written first: who
// dies in between tries again, and an identical job that is in the line already
// is found there.
func (w *Watcher) take(ctx context.Context, l *ledger, r record) (outcome, error) {
	r.State = taking
	if err := l.put(r); err != nil {
		return later, err
	}
	err := w.deps.Take(ctx, r.Path)
	f := fault.From(err)
	switch {
	case err == nil:
		r.State = taken
		w.deps.Log.Info("file taken from watched folder", "path", r.Path, "bytes", r.Size)
		if err := l.note(r); err != nil {
			w.deps.Log.Error("file taken, which is not written down yet", "path", r.Path, "err", err)
		}
		return settled, nil
	case ctx.Err() != nil:
		return later, err
	case f.Kind == fault.KindMedia && !awayNow(f.Code):
		r.State, r.Code = refused, string(f.Code)
		return settled, errors.Join(err, l.put(r))
	case f.Code == fault.ModelUnknown, f.Code == fault.ModelDamaged: // its folder may be away, or it be replaced
		return later, err
	case f.Kind == fault.KindInvalid, f.Kind == fault.KindNotFound, f.Kind == fault.KindConflict:
		return settled, err // by the settings, so that another start may take it
	}
	return later, err
}

// awayNow says that a file may be there, or be readable, later on.
func awayNow(c fault.Code) bool {
	return c == fault.SourceMissing || c == fault.SourceDenied || c == fault.SourceChanged || c == fault.FileEmpty
}

// gone says whether a file that was met has this name now: the old one is not
// there any more, though what it was on is, or it is the same but for its case.
func (w *Watcher) gone(was, now string) bool {
	old, err := os.Lstat(was)
	if err == nil && strings.EqualFold(was, now) {
		info, err := os.Lstat(now)
		return err == nil && os.SameFile(old, info)
	}
	return missing(err) && !stubbed(was) && slices.ContainsFunc(w.cfg.Folders, func(folder string) bool {
		place, err := filepath.EvalSymlinks(folder)
		return err == nil && below(was, spelt(place)) && WatchTrouble(place) == nil
	})
}

// missing says that there is nothing by this name, or by that of its folder.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// outcome is what to do about a file after a try.
type outcome int

const (
	settled outcome = iota // nothing more
	later                  // try again
)

// WatchTrouble looks whether a folder can be watched now, and says why not. It
// is for people who ask; a Watcher finds out by itself.
func WatchTrouble(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		return notAFolder(path)
	}
	var d *os.File
	if err == nil {
		d, err = os.Open(path) //nolint:gosec // the user's own choice
	}
	if err == nil {
		_, err = d.Readdirnames(1)
		_ = d.Close()
	}
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return sourceFault(filepath.Base(path), path, err)
}

func notAFolder(path string) error {
	return fault.New(fault.SourceMissing, quoted(filepath.Base(path))+" is not a folder.", nil).WithHint("Name a folder in watch.folders.")
}

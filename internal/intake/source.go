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
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// endBytes is how much of either end of a file goes into its fingerprint.
const endBytes = 64 << 10

// FromPath makes a source of a file. The path must be absolute; "~/" stands
// for the user's home. Links are followed once, here, and the source keeps
// where they led: a link that is turned to another file afterwards does not
// turn the job with it. A file whose content is in the cloud only is taken
// unread: its job waits for the content. Faults: request_invalid,
// source_missing, source_denied, not_a_file, file_empty.
func (in *Intake) FromPath(ctx context.Context, path string) (job.Source, error) {
	path, err := in.absolute(path)
	if err != nil {
		return job.Source{}, err
	}
	path, _ = stoodFor(path)
	given := filepath.Base(path)
	led, err := filepath.EvalSymlinks(path)
	if err != nil {
		if _, loop := os.Stat(path); errors.Is(loop, syscall.ELOOP) { // EvalSymlinks has words of its own for it
			err = loop
		}
		if place, info, ok := stub(path); ok && utf8.ValidString(place) {
			return promised(place, given, 0, info.ModTime()), nil
		}
		return job.Source{}, sourceFault(given, path, err)
	}
	if !utf8.ValidString(led) { // a link has led there
		return job.Source{}, notText(filepath.Base(led))
	}
	if info, err := os.Stat(led); err == nil && info.Mode().IsRegular() && in.cloud.holds(info) {
		return promised(led, given, info.Size(), info.ModTime()), nil
	}
	src, err := in.cloud.inspect(ctx, led)
	if err != nil {
		return job.Source{}, err
	}
	src.Kind = job.FromPath
	src.Name = norm.NFC.String(given)
	return src, nil
}

// Open gives the path of a source if it is still the file that was submitted.
// It implements pipeline.Sources. Faults: source_missing, source_denied,
// source_changed, not_a_file. What is in the cloud only is missing.
func (in *Intake) Open(ctx context.Context, s job.Source) (string, error) {
	if s.Kind == job.FromURL {
		return s.Path, atHand(s)
	}
	now, err := in.now(ctx, s)
	return now.Path, err
}

// now reads what a source from a file or an upload is by now. The fault says so
// when that is not what was submitted.
func (in *Intake) now(ctx context.Context, s job.Source) (job.Source, error) {
	path, err := in.place(s)
	if err != nil {
		return job.Source{}, err
	}
	now, err := in.cloud.inspect(ctx, path)
	switch {
	case fault.Is(err, fault.FileEmpty):
		return job.Source{}, changed(s)
	case err != nil:
		return job.Source{}, err
	case Promised(s) && alike(now.Size, now.ModTime, s):
		return now, nil
	case now.Fingerprint != s.Fingerprint:
		return job.Source{}, changed(s)
	}
	return now, nil
}

// Look says whether a source still seems to be the file that was submitted. It
// reads nothing but the file's size and time, so a job that waits may be asked
// for again and again. Faults: those of Open, and url_unreachable while a server
// that did not answer is left alone.
func (in *Intake) Look(ctx context.Context, s job.Source) error {
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("look at source: %w", err)
	}
	if s.Kind == job.FromURL {
		if atHand(s) == nil {
			return nil
		}
		return in.away(s.URL) // else it can be fetched
	}
	_, err := in.place(s)
	return err
}

// place gives the real path of a source from a file or an upload, if what is
// there seems to be it.
func (in *Intake) place(s job.Source) (string, error) {
	path, err := filepath.EvalSymlinks(s.Path)
	if err != nil {
		return "", sourceFault(s.Name, s.Path, err)
	}
	if system(path) {
		return "", notAFile(s.Name)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", sourceFault(s.Name, path, err)
	case !info.Mode().IsRegular():
		return "", notAFile(s.Name)
	case !alike(info.Size(), info.ModTime(), s): // also before it is fetched in vain
		return "", changed(s)
	case in.cloud.holds(info):
		return "", inCloud(s.Name)
	}
	return path, nil
}

// changed says that a source is another file by now.
func changed(s job.Source) error {
	return fault.New(fault.SourceChanged, quoted(s.Name)+" is not the file that was submitted any more.", nil)
}

func (in *Intake) absolute(path string) (string, error) {
	if path == "~" || strings.HasPrefix(path, "~/") {
		home := in.cfg.Home
		if home == "" {
			var err error
			if home, err = os.UserHomeDir(); err != nil {
				return "", fault.New(fault.RequestInvalid, "The home folder is not known.", err).WithHint("Give the whole path, from / on.")
			}
		}
		path = filepath.Join(home, strings.TrimPrefix(path, "~"))
	}
	return whole(path)
}

// whole checks that a path names a place by itself.
func whole(path string) (string, error) {
	switch {
	case path == "":
		return "", fault.New(fault.RequestInvalid, "There is no path.", nil).WithHint("Give the whole path of one media file, from / on.")
	case strings.ContainsRune(path, 0), len(path) > 4096:
		return "", fault.New(fault.RequestInvalid, "This cannot be a path.", nil).WithHint("Give the whole path of one media file, from / on.")
	case !filepath.IsAbs(path):
		return "", fault.New(fault.RequestInvalid, fmt.Sprintf("%s is not a whole path.", quoted(filepath.Base(path))), nil).
			WithHint("Give the whole path, from / on: Sluice does not know which folder you are in.")
	case !utf8.ValidString(path):
		return "", notText(filepath.Base(path))
	}
	return filepath.Clean(path), nil
}

// notText refuses a name that is no UTF-8: written down, it would name another
// file, or none.
func notText(name string) error {
	return fault.New(fault.RequestInvalid, fmt.Sprintf("The path of %s has letters that cannot be read.", quoted(name)), nil).
		WithHint("Rename the file, or the folder it is in.")
}

func below(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel) && rel != "."
}

// inspect takes the fingerprint of the file at a real path.
func (c cloud) inspect(ctx context.Context, path string) (job.Source, error) {
	name := filepath.Base(path)
	if err := context.Cause(ctx); err != nil {
		return job.Source{}, fmt.Errorf("inspect source: %w", err)
	}
	f, info, err := c.open(name, path)
	if err != nil {
		return job.Source{}, err
	}
	defer func() { _ = f.Close() }()
	sum, err := fingerprint(f, info.Size(), info.ModTime())
	if err != nil {
		return job.Source{}, sourceFault(name, path, err)
	}
	return job.Source{
		Path: path, Name: norm.NFC.String(name), Size: info.Size(), ModTime: info.ModTime().UTC(), Fingerprint: sum,
	}, nil
}

// open opens the file at a real path, if it is a file with something in it, and
// that is here. It never waits for a writer of a pipe and never opens a device.
func (c cloud) open(name, path string) (*os.File, fs.FileInfo, error) {
	if system(path) {
		return nil, nil, notAFile(name)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, nil, sourceFault(name, path, err)
	case !info.Mode().IsRegular(): // opening a device may already do something
		return nil, nil, notAFile(name)
	case c.holds(info):
		return nil, nil, inCloud(name)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, nil, sourceFault(name, path, err)
	}
	info, err = f.Stat()
	switch {
	case err != nil:
		err = sourceFault(name, path, err)
	case !info.Mode().IsRegular():
		err = notAFile(name)
	case info.Size() == 0:
		err = fault.New(fault.FileEmpty, quoted(name)+" is empty.", nil)
	default:
		return f, info, nil
	}
	_ = f.Close()
	return nil, nil, err
}

// system says whether a path lies where files are windows into the kernel.
func system(path string) bool {
	return slices.ContainsFunc([]string{"/proc", "/sys", "/dev"}, func(dir string) bool { return path == dir || below(path, dir) })
}

// ends lends the room for the ends of files: a thousand files that come at once
// need it one after the other.
var ends = sync.Pool{New: func() any { return new([endBytes]byte) }}

func fingerprint(f io.ReaderAt, size int64, modTime time.Time) (string, error) {
	h := sha256.New()
	var head [16]byte
	binary.BigEndian.PutUint64(head[:8], uint64(size))               //nolint:gosec // a size is never negative
	binary.BigEndian.PutUint64(head[8:], uint64(modTime.UnixNano())) //nolint:gosec // any bits will do
	h.Write(head[:])
	n := min(size, endBytes)
	lent := ends.Get().(*[endBytes]byte) //nolint:errcheck,forcetypeassert // it makes nothing else
	defer ends.Put(lent)
	end := lent[:n]
	for _, at := range []int64{0, size - n} {
		if read, err := f.ReadAt(end, at); int64(read) < n {
			return "", err // io.EOF: it shrinks under our hands
		}
		h.Write(end)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func notAFile(name string) error {
	return fault.New(fault.NotAFile, quoted(name)+" is not a file.", nil)
}

// sourceFault says why a source cannot be reached.
func sourceFault(name, path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.SourceDenied, quoted(name)+" may not be read.", err).WithHint("%s", deniedHint(runtime.GOOS, err))
	case missing(err):
		if stubbed(path) {
			return inCloud(name)
		}
		if disk := missingDisk(path); disk != "" {
			return fault.New(fault.SourceMissing, fmt.Sprintf("%s lies on the disk %s, which is not connected.", quoted(name), quoted(disk)), err).
				WithHint("Connect the disk.")
		}
		return fault.New(fault.SourceMissing, quoted(name)+" is not there.", err)
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.EISDIR):
		return fault.New(fault.NotAFile, quoted(name)+" is not a file.", err)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return fault.New(fault.RequestInvalid, "This cannot be a path.", err)
	}
	return fault.New(fault.SourceMissing, quoted(name)+" cannot be read right now.", err).
		WithHint("Check the disk or network folder it is on.")
}

// deniedHint says what opens a file again. A Mac answers EPERM where its privacy
// settings forbid a folder, whatever the permissions of the file are.
func deniedHint(system string, err error) string {
	switch {
	case system != "darwin":
		return "Allow Sluice to read the file and its folder."
	case errors.Is(err, syscall.EPERM):
		return "Allow Sluice, or the terminal it runs in, to use the folder: System Settings > Privacy & Security > Files and Folders."
	default:
		return "Allow reading it in the Finder: Get Info, Sharing & Permissions. If that is so already: System Settings > Privacy & Security > Files and Folders."
	}
}

// missingDisk names the disk of a path on a Mac that is not mounted.
func missingDisk(path string) string {
	rest, ok := strings.CutPrefix(path, "/Volumes/")
	if !ok {
		return ""
	}
	disk, _, _ := strings.Cut(rest, "/")
	if _, err := os.Stat("/Volumes/" + disk); err == nil {
		return ""
	}
	return disk
}

// quoted makes a file name fit for a sentence.
func quoted(name string) string { return "“" + displayName(name) + "”" }

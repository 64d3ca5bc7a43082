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
// turn the job with it. Faults: request_invalid, source_missing,
// source_denied, not_a_file, file_empty.
func (in *Intake) FromPath(ctx context.Context, path string) (job.Source, error) {
	path, err := in.absolute(path)
	if err != nil {
		return job.Source{}, err
	}
	given := filepath.Base(path)
	led, err := filepath.EvalSymlinks(path)
	if err != nil {
		if _, loop := os.Stat(path); errors.Is(loop, syscall.ELOOP) { // EvalSymlinks has words of its own for it
			err = loop
		}
		return job.Source{}, sourceFault(given, path, err)
	}
	if !utf8.ValidString(led) { // a link has led there
		return job.Source{}, notText(filepath.Base(led))
	}
	src, err := inspect(ctx, led)
	if err != nil {
		return job.Source{}, err
	}
	src.Kind = job.FromPath
	src.Name = norm.NFC.String(given)
	return src, nil
}

// Open gives the path of a source if it is still the file that was submitted.
// It implements pipeline.Sources. Faults: source_missing, source_denied,
// source_changed, not_a_file.
func (in *Intake) Open(ctx context.Context, s job.Source) (string, error) {
	if s.Kind == job.FromURL {
		return s.Path, atHand(s)
	}
	path, err := filepath.EvalSymlinks(s.Path)
	if err != nil {
		return "", sourceFault(s.Name, s.Path, err)
	}
	now, err := inspect(ctx, path)
	switch {
	case fault.Is(err, fault.FileEmpty):
		return "", changed(s)
	case err != nil:
		return "", err
	case now.Fingerprint != s.Fingerprint:
		return "", changed(s)
	}
	return path, nil
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
	path, err := filepath.EvalSymlinks(s.Path)
	if err != nil {
		return sourceFault(s.Name, s.Path, err)
	}
	if system(path) {
		return notAFile(s.Name)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return sourceFault(s.Name, path, err)
	case !info.Mode().IsRegular():
		return notAFile(s.Name)
	case info.Size() != s.Size, !info.ModTime().Equal(s.ModTime):
		return changed(s)
	}
	return nil
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
func inspect(ctx context.Context, path string) (job.Source, error) {
	name := filepath.Base(path)
	if err := context.Cause(ctx); err != nil {
		return job.Source{}, fmt.Errorf("inspect source: %w", err)
	}
	f, info, err := open(name, path)
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

// open opens the file at a real path, if it is a file with something in it. It
// never waits for a writer of a pipe and never opens a device.
func open(name, path string) (*os.File, fs.FileInfo, error) {
	if system(path) {
		return nil, nil, notAFile(name)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, nil, sourceFault(name, path, err)
	case !info.Mode().IsRegular(): // opening a device may already do something
		return nil, nil, notAFile(name)
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
		f := fault.New(fault.SourceDenied, quoted(name)+" may not be read.", err)
		return f.WithHint("Allow Sluice to read the folder. On a Mac: System Settings, Privacy & Security, Files and Folders.")
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
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

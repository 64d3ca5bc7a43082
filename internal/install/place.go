package install

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"sluice/internal/fault"
)

// mostOf is more than any entry of ours has, and any that people write.
const mostOf = 64 << 10

var (
	errNoFile  = errors.New("it is no file")
	errTooLong = errors.New("it is too long")
)

// open opens a folder, be it by a link.
func open(dir string) (*os.Root, error) {
	root, err := os.OpenRoot(dir)
	if err == nil {
		return root, nil
	}
	if info, gone := os.Stat(dir); gone == nil && !info.IsDir() {
		return nil, fmt.Errorf("open %s: %w", dir, syscall.ENOTDIR)
	}
	return nil, err
}

// get reads a file of the folder. A link is followed within the folder only,
// and what is no file is not opened: that could take forever.
func get(root *os.Root, name string) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil {
		if _, link := root.Lstat(name); link == nil {
			return nil, errNoFile // one that leads away, or nowhere
		}
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNoFile
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, mostOf+1))
	if err == nil && len(content) > mostOf {
		err = errTooLong
	}
	return content, err
}

// free says that at a place there is nothing, or a file or a link that may be
// replaced because it has our name.
func free(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().IsRegular(), info.Mode()&fs.ModeSymlink != 0:
		return nil
	}
	return errNoFile
}

// put writes a file that is there whole, or is what it was. A link in its
// place is replaced; what it led to stays.
func put(root *os.Root, name string, content []byte) error {
	temp := ".sluice-" + rand.Text()
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // the system's own programs read it
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()) // launchd takes no file that others may change
	if err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		_ = root.Remove(temp)
	}
	return err
}

// refusal tells why nothing could be changed at a place.
func refusal(place string, err error) error {
	dir := filepath.Dir(place)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return denied("Sluice may not write to "+dir+".", "Make sure that the folder belongs to you, and try again.", err)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return taken("There is something else in the place of "+dir+".", "Move it away, and try again.", err)
	case errors.Is(err, errNoFile):
		return taken("There is something else in the place of "+place+".", "Move it away, and try again.", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.New(fault.DiskFull, "There is no room for "+place+".", err)
	}
	return fmt.Errorf("install %s: %w", place, err)
}

// same says whether two paths are the same thing on the disk.
func same(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	ai, err := os.Stat(a)
	if err != nil {
		return false
	}
	bi, err := os.Stat(b)
	return err == nil && os.SameFile(ai, bi)
}

package memory

import (
	"bytes"
	"errors"
	"io/fs"
	"strconv"

	"golang.org/x/sys/unix"
)

// procFile reads the kernel's small files, one at a time, into a buffer that it
// keeps: they are read every two seconds for as long as the app runs. What it
// gives is good until the next read.
type procFile struct{ buf []byte }

func (f *procFile) read(path string) ([]byte, error) {
	fd, err := retried(func() (int, error) { return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	if f.buf == nil {
		f.buf = make([]byte, 8<<10)
	}
	// The size of such a file is not known before its end has been read.
	for n := 0; ; {
		if n == len(f.buf) {
			f.buf = append(f.buf, make([]byte, len(f.buf))...)
		}
		got, err := retried(func() (int, error) { return unix.Read(fd, f.buf[n:]) })
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if got == 0 {
			return f.buf[:n], nil
		}
		n += got
	}
}

// number reads a file with one number; "max" is no limit and so no number.
func (f *procFile) number(path string) (int64, bool) {
	b, err := f.read(path)
	if err != nil {
		return 0, false
	}
	return decimal(bytes.TrimSpace(b))
}

// retried makes a call again that a signal has cut short.
func retried(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// field finds "name number" among lines of that form.
func field(b []byte, name string) (int64, bool) {
	for line := range bytes.Lines(b) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok && len(rest) > 0 && rest[0] == ' ' {
			return decimal(bytes.TrimSpace(rest))
		}
	}
	return 0, false
}

func decimal(b []byte) (int64, bool) {
	n, err := strconv.ParseInt(string(b), 10, 64)
	return n, err == nil
}

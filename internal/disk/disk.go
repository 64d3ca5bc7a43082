// Package disk is what several adapters need of the disk beside files: how
// much space is left, whether an error means that it is full, and that a
// rename lasts. It knows nothing of what the space is for.
package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Free is how many bytes this user may still write to the disk that a path is
// on, or will be on: of a path that is not there yet, the nearest folder that
// is there counts.
func Free(path string) (int64, error) {
	for {
		var st unix.Statfs_t
		err := unix.Statfs(path, &st)
		if err == nil {
			return int64(st.Bavail) * int64(st.Bsize), nil //nolint:gosec,unconvert // the types differ between systems
		}
		parent := filepath.Dir(path)
		if !errors.Is(err, os.ErrNotExist) || parent == path {
			return 0, fmt.Errorf("free space of %s: %w", path, err)
		}
		path = parent
	}
}

// Full says whether a write failed for want of space, or of quota.
func Full(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

// SyncDir makes a rename in dir last through a power cut, where the system can.
func SyncDir(dir string) {
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	_ = d.Sync() // some network disks refuse: then there is nothing more to do
	_ = d.Close()
}

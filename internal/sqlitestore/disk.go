package sqlitestore

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// freeBytes is the space that is left for us on the disk of path.
func freeBytes(path string) (int64, bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail * uint64(st.Bsize)), true //nolint:gosec // Bsize is signed here and not there
}

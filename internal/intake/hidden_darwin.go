package intake

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// hidden says whether the Finder does not show an entry, such as a user's
// Library folder. Names with a point in front are seen by themselves.
func hidden(e fs.DirEntry) bool {
	info, err := e.Info()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Flags&unix.UF_HIDDEN != 0
}

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

// dataless says whether a file's content lies in the cloud only: reading it
// would fetch it, which is not ours to ask for.
func dataless(info fs.FileInfo) bool {
	const flag = 0x40000000 // SF_DATALESS of <sys/stat.h>
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Flags&flag != 0
}

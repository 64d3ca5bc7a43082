//go:build unix

package models

import (
	"os"
	"syscall"
)

// inode tells a file from the one that takes its place.
func inode(info os.FileInfo) uint64 {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return st.Ino
}

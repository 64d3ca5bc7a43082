//go:build !darwin

package intake

import "io/fs"

// hidden: only a point in front of the name hides a file here.
func hidden(fs.DirEntry) bool { return false }

// dataless: files without their content are a Mac's.
func dataless(fs.FileInfo) bool { return false }

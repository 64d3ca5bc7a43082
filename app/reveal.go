package app

import (
	"net/url"
	"path/filepath"
	"strings"
)

// revealing gives the commands that show a file on a system, named as Go does:
// the first that works is enough. The path is absolute, so that none takes it
// for an option.
func revealing(system, path string) [][]string {
	if system == "darwin" {
		return [][]string{{"open", "-R", path}}
	}
	// A comma would begin another file.
	file := strings.ReplaceAll((&url.URL{Scheme: "file", Path: path}).String(), ",", "%2C")
	return [][]string{
		{
			"dbus-send", "--session", "--print-reply", "--reply-timeout=5000", "--dest=org.freedesktop.FileManager1",
			"/org/freedesktop/FileManager1", "org.freedesktop.FileManager1.ShowItems", "array:string:" + file, "string:",
		},
		{"xdg-open", filepath.Dir(path)},
	}
}

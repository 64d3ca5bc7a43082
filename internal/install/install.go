// Package install puts Sluice where the user's system looks for programs: among
// those that start at login, and as the command sluice. It has no rights but
// the user's, runs no program, and replaces nothing that is not Sluice's own.
package install

import (
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"sluice/internal/fault"
)

// misplaced is an app that lies where nothing can lead to it.
func misplaced(say string) error {
	return fault.New(fault.AppMisplaced, say, nil)
}

// taken is a place where something else stands.
func taken(say, hint string, cause error) error {
	return fault.New(fault.PlaceTaken, say, cause).WithHint("%s", hint)
}

// denied is a place that this user may not change.
func denied(say, hint string, cause error) error {
	return fault.New(fault.PlaceDenied, say, cause).WithHint("%s", hint)
}

// hidden is how the app is told to start with its icon alone.
func hidden() []string { return []string{"desktop", "--hidden"} }

// program is a Sluice on the disk.
type program struct {
	path   string // of what is executed, without symbolic links
	bundle string // the app on a Mac that it belongs to; "" = none
}

// find makes a program of what os.Executable says.
func find(system, path string) program {
	// An update may just be replacing it: then its name is as good.
	if whole, err := filepath.EvalSymlinks(path); err == nil {
		path = whole
	}
	p := program{path: filepath.Clean(path)}
	if system == "darwin" {
		p.bundle = bundleOf(p.path)
	}
	return p
}

// bundleOf is the app that holds an executable; "" when none does.
func bundleOf(path string) string {
	contents, ok := strings.CutSuffix(filepath.Dir(path), "/Contents/MacOS")
	if !ok || filepath.Ext(contents) != ".app" {
		return ""
	}
	return contents
}

// lasts says whether the program will still be found after the next login. A
// Mac runs an app that was downloaded and not moved from a folder that it makes
// up for that run; and a disk image is ejected.
func (p program) lasts() bool {
	if strings.Contains(p.path, "/AppTranslocation/") {
		return false
	}
	volume, ok := strings.CutPrefix(filepath.Dir(p.bundle), "/Volumes/")
	return p.bundle == "" || !ok || strings.Contains(volume, "/")
}

// plain says whether a path can be written into a text file of any system.
func plain(path string) bool {
	return filepath.IsAbs(path) && utf8.ValidString(path) && !strings.ContainsFunc(path, unicode.IsControl)
}

// tilde is a path as people write it.
func tilde(home, path string) string {
	if rest, ok := strings.CutPrefix(path, strings.TrimSuffix(home, "/")+"/"); ok && home != "" {
		return "~/" + rest
	}
	return path
}

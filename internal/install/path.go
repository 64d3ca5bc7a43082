package install

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// brewFolder is where Homebrew puts programs on a Mac of today.
const brewFolder = "opt/homebrew/bin"

// searchPath is where the user's shells look for programs, as far as that can
// be known. An app on a Mac is given a short PATH: what its shells add is in
// the files that path_helper reads.
func searchPath(cfg ToolConfig) []string {
	var dirs []string
	add := func(more ...string) {
		for _, dir := range more {
			if filepath.IsAbs(dir) && !slices.Contains(dirs, filepath.Clean(dir)) {
				dirs = append(dirs, filepath.Clean(dir))
			}
		}
	}
	if cfg.System == "darwin" {
		for _, file := range pathFiles(cfg.Root) {
			for _, dir := range lines(file) {
				add(filepath.Join(cfg.Root, dir))
			}
		}
		// Homebrew has its user put it into the start files of the shell, and those
		// can be read by that shell alone.
		brew := filepath.Join(cfg.Root, brewFolder)
		if _, err := os.Stat(filepath.Join(brew, "brew")); err == nil {
			add(brew)
		}
	}
	add(filepath.SplitList(cfg.Path)...)
	return dirs
}

// pathFiles are those that path_helper reads, in its order.
func pathFiles(root string) []string {
	files := []string{filepath.Join(root, "etc/paths")}
	more, err := os.ReadDir(filepath.Join(root, "etc/paths.d")) // sorted
	if err != nil {
		return files
	}
	for _, entry := range more {
		files = append(files, filepath.Join(root, "etc/paths.d", entry.Name()))
	}
	return files
}

// lines are those of a small file that are paths; a file that cannot be read
// has none.
func lines(file string) []string {
	root, err := open(filepath.Dir(file))
	if err != nil {
		return nil
	}
	defer func() { _ = root.Close() }()
	content, err := get(root, filepath.Base(file))
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(strings.Split(string(content), "\n"), func(line string) bool { return !filepath.IsAbs(line) })
}

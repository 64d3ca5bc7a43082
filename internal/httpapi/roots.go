package httpapi

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"sluice/internal/fault"
)

// under makes a check that a path lies under one of the roots once every
// symbolic link is followed. A refusal says nothing about what is there.
func under(roots []string) func(source string) error {
	return func(source string) error {
		resolved, err := resolve(filepath.Clean(source))
		for _, root := range roots {
			folder, rootErr := filepath.EvalSymlinks(root)
			switch {
			case rootErr != nil, !filepath.IsAbs(root), !within(folder, resolved):
			case errors.Is(err, fs.ErrNotExist):
				return fault.New(fault.SourceMissing, "The source file is not there.", err)
			case err == nil:
				return nil
			}
		}
		return fault.New(fault.SourceDenied, "This file lies outside the folders that may be used from other machines.", err).
			WithHint("Upload the file, or add its folder to server.roots.")
	}
}

// resolve follows every symbolic link. When p is not there it gives the
// nearest folder above that is, and the error.
func resolve(p string) (string, error) {
	resolved, err := filepath.EvalSymlinks(p)
	for up := p; resolved == ""; {
		if parent := filepath.Dir(up); parent != up {
			up = parent
			resolved, _ = filepath.EvalSymlinks(up)
			continue
		}
		return up, err
	}
	return resolved, err
}

// within says whether p is root or below it. Both are clean.
func within(root, p string) bool {
	rel, err := filepath.Rel(root, p)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

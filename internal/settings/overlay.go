package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pelletier/go-toml/v2"

	"sluice/internal/fault"
)

// overlayHead begins every overlay.
const overlayHead = "# What was set in Sluice's own pages. It wins over settings.toml beside it.\n"

// edited is an overlay with values by key in it; nil takes one out. What this
// Sluice does not know in it is kept. One that cannot be read begins anew.
func edited(path string, set map[string]any) ([]byte, error) {
	root := map[string]any{}
	body, err := read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, unwritable(err)
	case toml.Unmarshal(body, &root) != nil:
		root = map[string]any{}
	}
	for key, v := range set {
		put(root, strings.Split(key, "."), v)
	}
	text, err := toml.Marshal(root)
	if err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	return append([]byte(overlayHead), text...), nil
}

// put sets a value in a tree of tables, or takes it out with the tables that
// are empty then.
func put(table map[string]any, path []string, v any) {
	name := path[0]
	if len(path) == 1 {
		delete(table, name)
		if v != nil {
			table[name] = v
		}
		return
	}
	inner, ok := table[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
	}
	put(inner, path[1:], v)
	table[name] = inner
	if len(inner) == 0 {
		delete(table, name)
	}
}

// aside is where an overlay goes that cannot be read.
const aside = ".damaged"

// replace writes the overlay whole or not at all. One that is no TOML is put
// aside first.
func replace(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return unwritable(err)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link goes on pointing there
	}
	var readable map[string]any
	if old, err := read(path); err == nil && toml.Unmarshal(old, &readable) != nil {
		if err := os.Rename(path, path+aside); err != nil {
			return unwritable(err)
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".settings-*") // only this user may read it
	if err != nil {
		return unwritable(err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already when all went well
	_, err = f.Write(body)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return unwritable(err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return unwritable(err)
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil { // not every disk can
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}

func unwritable(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.New(fault.DiskFull, "The disk is full: the settings were not saved.", err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.New(fault.SettingInvalid, "The settings cannot be saved: Sluice may not write into their folder.", err).
			WithHint("Allow it, or write them into settings.toml yourself.")
	}
	return fmt.Errorf("write settings: %w", err)
}

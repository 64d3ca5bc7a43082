package sqlitestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sluice/internal/disk"
)

// While the file is open, another lies beside it: one that is found there
// tells that nobody closed the store, or that it was damaged when it was closed. It is as durable as what it tells about.
func (s *Store) markPath() string { return s.cfg.Path + ".open" }

func (s *Store) mark() error {
	f, err := os.OpenFile(s.markPath(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the app's own data folder
	if errors.Is(err, fs.ErrExist) {
		s.unclean = true
		return nil
	}
	if disk.Full(err) {
		s.log.Warn("database not marked as open", "err", err)
		return nil // the line can be looked at, and space can be made
	}
	if err != nil {
		return fmt.Errorf("mark as open: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("mark as open: %w", err)
	}
	disk.SyncDir(filepath.Dir(s.cfg.Path))
	return nil
}

func (s *Store) unmark() error {
	if err := os.Remove(s.markPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("mark as closed: %w", err)
	}
	disk.SyncDir(filepath.Dir(s.cfg.Path))
	return nil
}

// Unclean says whether the process that had the file before died without Close,
// or left it damaged.
// Then it is wise to Verify before anything is made of what is in there.
func (s *Store) Unclean() bool { return s.unclean }

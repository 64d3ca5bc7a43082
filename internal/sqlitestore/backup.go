package sqlitestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluice/internal/disk"
)

// keepBackups is how many backups there are, so that one that was made of a
// file already damaged is not the only one.
const keepBackups = 3

// Names of backups sort by time. What is not finished has another name.
const (
	backupPrefix = "sluice-"
	backupSuffix = ".db"
	halfSuffix   = ".half"
	fileTime     = "20060102T150405Z"
)

// backup is a copy of the whole database as it was once.
type backup struct {
	path string
	at   time.Time
}

func (s *Store) backupDir() string { return filepath.Join(filepath.Dir(s.cfg.Path), "backups") }

// backups lists what there is, the newest first. One from a time that is still
// to come was made by a clock that was wrong, and comes last: it must not stay
// for years in the place of a true one.
func (s *Store) backups() []backup {
	entries, err := os.ReadDir(s.backupDir())
	if err != nil {
		return nil // none yet, or none that can be reached
	}
	var found []backup
	for _, e := range entries {
		name, ours := strings.CutPrefix(e.Name(), backupPrefix)
		name, whole := strings.CutSuffix(name, backupSuffix)
		at, err := time.Parse(fileTime, name)
		if ours && whole && err == nil && e.Type().IsRegular() {
			found = append(found, backup{filepath.Join(s.backupDir(), e.Name()), at})
		}
	}
	now := s.cfg.Now()
	slices.SortFunc(found, func(a, b backup) int {
		if a.at.After(now) != b.at.After(now) {
			if a.at.After(now) {
				return 1
			}
			return -1
		}
		return cmp.Compare(b.at.Unix(), a.at.Unix())
	})
	return found
}

// Backup makes a copy of the database while others use it, and drops the oldest
// copies. Fault disk_full when there is not enough space: then nothing is
// written. Fault store_damaged when the copy, and so the database, is damaged:
// then the older copies stay.
func (s *Store) Backup(ctx context.Context) error {
	if err := s.backup(ctx); err != nil {
		return fmt.Errorf("back up: %w", s.explain(err))
	}
	return nil
}

func (s *Store) backup(ctx context.Context) error {
	dir := s.backupDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return s.orFull(err)
	}
	if err := s.dropHalves(); err != nil {
		return err
	}
	if err := s.roomForCopy(); err != nil {
		return err
	}
	name := backupPrefix + s.cfg.Now().UTC().Format(fileTime)
	half := filepath.Join(dir, name+halfSuffix)
	if err := s.copyInto(ctx, half); err != nil {
		return errors.Join(s.orFull(err), removeDatabase(half))
	}
	if err := os.Rename(half, filepath.Join(dir, name+backupSuffix)); err != nil {
		return errors.Join(err, removeDatabase(half))
	}
	disk.SyncDir(dir)
	s.log.Info("database backed up", "backup", name+backupSuffix)
	all := s.backups()
	for _, old := range all[min(len(all), keepBackups):] {
		if err := os.Remove(old.path); err != nil {
			return err
		}
	}
	return nil
}

// copyInto writes a sound copy of the database into a new file and waits until
// it is on the disk.
func (s *Store) copyInto(ctx context.Context, path string) error {
	// The file is there before SQLite fills it: nobody else may read it.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the app's own data folder
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	// Not one of the readers: those may not write anywhere.
	db, err := connect(ctx, s.cfg.Path, "mode=ro", []pragma{{"busy_timeout", "5000", "5000"}}, 1)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, path)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	wrong, err := examine(ctx, path, quickly)
	if err != nil {
		return err
	}
	if wrong != "" {
		s.raise()
		return damagedFault(errors.New(wrong))
	}
	return syncFile(path)
}

// roomForCopy refuses a copy that would leave the line too little space.
func (s *Store) roomForCopy() error {
	return s.room("copy", s.size()+max(s.cfg.MinFree, 0))
}

// roomForRestore refuses to begin what would fill the disk halfway: the new file
// is as large as the largest of what it is made of, and so may its log be.
func (s *Store) roomForRestore() error {
	size := s.size()
	for _, b := range s.backups() {
		if info, err := os.Stat(b.path); err == nil {
			size = max(size, info.Size())
		}
	}
	return s.room("restore", 2*size)
}

// size is the database's, with its log.
func (s *Store) size() (n int64) {
	for _, side := range []string{"", "-wal"} {
		if info, err := os.Stat(s.cfg.Path + side); err == nil {
			n += info.Size()
		}
	}
	return n
}

func (s *Store) room(what string, need int64) error {
	free, err := disk.Free(filepath.Dir(s.cfg.Path))
	if err != nil {
		return nil //nolint:nilerr // a disk that cannot be asked is tried
	}
	if free < need {
		return diskFull(fmt.Errorf("%d bytes free, a %s needs %d", free, what, need))
	}
	return nil
}

// dropHalves removes what a copy that was cut off has left.
func (s *Store) dropHalves() error {
	halves, err := filepath.Glob(filepath.Join(escapeGlob(s.backupDir()), backupPrefix+"*"+halfSuffix+"*"))
	if err != nil {
		return err
	}
	for _, path := range halves {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// escapeGlob makes a path stand for itself in a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// orFull says of a file that could not be written whether the disk is full.
func (s *Store) orFull(err error) error {
	if disk.Full(err) {
		return diskFull(err)
	}
	return err
}

// syncFile waits until a file is on the disk.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the app's own data folder
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// removeDatabase removes a file that we have made ourselves and its side files.
func removeDatabase(path string) error {
	var errs []error
	for _, side := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + side); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

package sqlitestore

import (
	"errors"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sluice/internal/disk"
	"sluice/internal/fault"
)

// nearlyNothing is so little free space that a failed write needs no other
// explanation.
const nearlyNothing = 256 << 10

// explain turns what SQLite says about the disk and the file into faults, and
// leaves every other error as it is.
func (s *Store) explain(err error) error {
	var e *sqlite.Error
	var f *fault.Fault
	if errors.Is(err, errNoFile) {
		s.raise()
		return damagedFault(err)
	}
	if err == nil || errors.As(err, &f) || !errors.As(err, &e) {
		return err
	}
	switch code := e.Code() & 0xff; {
	case code == sqlite3.SQLITE_FULL:
		return diskFull(err)
	case code == sqlite3.SQLITE_IOERR, code == sqlite3.SQLITE_CANTOPEN:
		// The shared-memory file says so when it cannot grow.
		if free, unknown := disk.Free(filepath.Dir(s.cfg.Path)); unknown == nil && free < nearlyNothing {
			return diskFull(err)
		}
	case wounded(e):
		s.raise()
		return damagedFault(err)
	}
	return err
}

// raise tells WatchOver to look at the file, or the next process if there is no time
// left for that.
func (s *Store) raise() {
	s.hurt.Store(true)
	select {
	case s.alarm <- struct{}{}:
	default: // it was told
	}
}

// damaged says whether SQLite found the file to be damaged, or to be none of
// its own.
func damaged(err error) bool {
	var e *sqlite.Error
	if errors.Is(err, errGone) {
		return true
	}
	return errors.As(err, &e) && wounded(e)
}

// wounded says whether an error is about the file. Of a damaged header SQLite
// may say no more than that it is of a format to come.
func wounded(e *sqlite.Error) bool {
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return true
	case sqlite3.SQLITE_ERROR:
		return strings.Contains(e.Error(), "unsupported file format")
	}
	return false
}

// errGone says that there was a database, and that nothing is left in the file.
var errGone = errors.New("the file is empty or missing, and it was not before")

func damagedFault(cause error) error {
	return fault.New(fault.StoreDamaged, "The database is damaged.", cause).
		WithHint("It is restored from the newest backup by itself; try again in a moment.")
}

func diskFull(cause error) error {
	return fault.New(fault.DiskFull, "The disk is full.", cause)
}

func unknownJob() error {
	return fault.New(fault.JobUnknown, "There is no such job.", nil)
}

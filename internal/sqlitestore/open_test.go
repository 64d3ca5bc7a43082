package sqlitestore_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/sqlitestore"
)

func TestAStoreIsFoundAgainAsItWasLeft(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "in a folder", "50% of?what#.db")
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
	must(t, err)
	j := submit(t, s, draft("talk"))[0]
	must(t, s.Close())
	if _, err := os.Stat(path + "-wal"); err == nil {
		t.Error("closing leaves the write-ahead log behind")
	}
	again := open(t, sqlitestore.Config{Path: path})
	if d := cmp.Diff(j, get(t, again, j.ID)); d != "" {
		t.Errorf("job differs (-want +got):\n%s", d)
	}
	next := submit(t, again, draft("next"))[0]
	if next.Seq <= j.Seq || next.ID <= j.ID {
		t.Errorf("%s %d comes after %s %d", next.ID, next.Seq, j.ID, j.Seq)
	}
}

func TestNobodyElseMayReadTheFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	s := open(t, sqlitestore.Config{Path: filepath.Join(dir, "sluice.db")})
	submit(t, s, draft("talk"))
	want := map[string]fs.FileMode{"": 0o700, "sluice.db": 0o600, "sluice.db-wal": 0o600, "sluice.db-shm": 0o600}
	for name, mode := range want {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode().Perm() != mode {
			t.Errorf("%q has mode %o, want %o", name, info.Mode().Perm(), mode)
		}
	}
}

func TestAFileThatIsNoStoreIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		make func(t *testing.T, path string)
		want fault.Code
	}{
		"another program's database": {func(t *testing.T, path string) {
			t.Helper()
			script(t, path, `CREATE TABLE notes (text TEXT); PRAGMA user_version = 1`)
		}, fault.StoreDamaged},
		"a newer store": {func(t *testing.T, path string) {
			t.Helper()
			fillStore(t, path)
			script(t, path, fmt.Sprintf(`PRAGMA user_version = %d`, sqlitestore.Version+1))
		}, fault.StoreTooNew},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sluice.db")
			test.make(t, path)
			before, err := os.ReadFile(path)
			must(t, err)
			s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
			if err == nil {
				must(t, s.Close())
			}
			if !fault.Is(err, test.want) {
				t.Errorf("got %v, want fault %s", err, test.want)
			}
			after, err := os.ReadFile(path)
			must(t, err)
			if !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestAnEmptyFileBecomesAStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.db")
	must(t, os.WriteFile(path, nil, 0o644))
	submit(t, open(t, sqlitestore.Config{Path: path}), draft("talk"))
}

func TestTooLittleFreeSpaceRefusesNewJobsOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.db")
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path, MinFree: -1}, quiet())
	must(t, err)
	j := submit(t, s, draft("talk"))[0]
	must(t, s.Close())
	s = open(t, sqlitestore.Config{Path: path, MinFree: 1 << 62})
	if _, err := s.Submit(t.Context(), []job.Draft{draft("late")}); !fault.Is(err, fault.DiskFull) {
		t.Errorf("got %v", err)
	}
	take(t, s, j.ID)
}

// fillStore makes a store of many pages and closes it.
func fillStore(t *testing.T, path string) {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
	must(t, err)
	for range 4 {
		var drafts []job.Draft
		for i := range 100 {
			drafts = append(drafts, draft(fmt.Sprint("a rather long title of a talk ", i)))
		}
		submit(t, s, drafts...)
	}
	must(t, s.Close())
}

func script(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), text)
	must(t, err)
	must(t, db.Close())
}

func schemaOf(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer func() { must(t, db.Close()) }()
	rows, err := db.QueryContext(t.Context(), `SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema`)
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	schema := map[string]string{}
	for rows.Next() {
		var name, text string
		must(t, rows.Scan(&name, &text))
		schema[name] = strings.Join(strings.Fields(text), " ")
	}
	must(t, rows.Err())
	return schema
}

// raw opens a file as SQLite itself sees it.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	return db
}

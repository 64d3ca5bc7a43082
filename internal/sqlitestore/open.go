package sqlitestore

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"sluice/internal/fault"
)

const (
	applicationID = 0x534c4345 // "SLCE"
	version       = 2          // of the schema: the file's user_version

	// largestChecked bounds the check of the whole file at every start: it
	// reads at some 500 MB a second.
	largestChecked = 512 << 20
)

//go:embed schema.sql
var schema string

//go:embed migrations/2.sql
var migration2 string

// steps makes each version of the schema out of the one before; the first is
// made out of nothing. None of them may change once files have it.
func steps() [version]string { return [version]string{schema, migration2} }

// pragma is a setting of a connection and what it reads as once set.
type pragma struct{ name, set, want string }

// writerPragmas: FULL makes every commit wait for the disk. On a Mac a plain
// fsync leaves data in the drive's cache, hence the two fullfsync; elsewhere
// they change nothing.
func writerPragmas() []pragma {
	return []pragma{
		{"busy_timeout", "5000", "5000"},
		{"auto_vacuum", "INCREMENTAL", "2"}, // before the first table, or never
		{"journal_mode", "WAL", "wal"},
		{"synchronous", "FULL", "2"},
		{"fullfsync", "1", "1"},
		{"checkpoint_fullfsync", "1", "1"},
		{"foreign_keys", "1", "1"},
		{"journal_size_limit", "67108864", "67108864"},
	}
}

func readerPragmas() []pragma {
	return []pragma{{"busy_timeout", "5000", "5000"}, {"query_only", "1", "1"}}
}

// Open opens the file, or makes it. Faults: store_too_new, store_damaged,
// disk_full. Two processes must not open the same file: whoever calls holds
// the lock of the data folder.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Store, error) {
	cfg = cfg.withDefaults()
	if cfg.Path == "" {
		return nil, errors.New("open store: no path")
	}
	s := &Store{cfg: cfg, log: log, ids: newIDSource()}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("open store: %w", s.explain(err))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := prepareFile(s.cfg.Path); err != nil {
		return err
	}
	found, err := s.inspect(ctx)
	if err != nil {
		return err
	}
	if s.db, err = connect(ctx, s.cfg.Path, "_txlock=immediate", writerPragmas(), 1); err != nil {
		return err
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return errors.Join(err, s.db.Close())
	}
	if err := s.prepare(ctx, conn, found); err != nil {
		return errors.Join(err, conn.Close(), s.db.Close())
	}
	if s.reads, err = connect(ctx, s.cfg.Path, "mode=ro", readerPragmas(), s.cfg.Readers); err != nil {
		return errors.Join(err, conn.Close(), s.db.Close())
	}
	s.writer = startWriter(ctx, conn)
	return nil
}

// prepare brings the schema from the version that was found, 0 for a new file,
// to ours. It asserts the settings first, since a misspelt pragma is silently
// ignored.
func (s *Store) prepare(ctx context.Context, conn *sql.Conn, found int) error {
	if err := assertPragmas(ctx, conn, writerPragmas()); err != nil {
		return err
	}
	if found == version {
		s.log.Debug("store opened")
		return nil
	}
	// One transaction: a file with half a schema cannot come into being.
	all := steps()
	script := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;\nCOMMIT;",
		strings.Join(all[found:], "\n"), applicationID, version)
	if _, err := conn.ExecContext(ctx, script); err != nil {
		return fmt.Errorf("bring schema from %d to %d: %w", found, version, err)
	}
	if found == 0 {
		s.log.Info("store created")
	} else {
		s.log.Info("store brought up to date", "from", found, "to", version)
	}
	return nil
}

// inspect looks at a file without changing it and returns its schema's
// version; 0 is an empty file.
func (s *Store) inspect(ctx context.Context) (int, error) {
	info, err := os.Stat(s.cfg.Path)
	if err != nil {
		return 0, err
	}
	if info.Size() == 0 {
		return 0, nil
	}
	db, err := connect(ctx, s.cfg.Path, "mode=ro", readerPragmas(), 1)
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }()
	var app, found, tables int
	err = db.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)`).
		Scan(&app, &found, &tables)
	switch {
	case err != nil:
		return 0, err
	case found == 0 && app == 0 && tables == 0:
		return 0, nil // made, but not filled: we died early
	case app != applicationID || found < 1:
		return 0, fault.New(fault.StoreDamaged, "The database file is not one of Sluice's.", fmt.Errorf("application_id %#x, user_version %d", app, found))
	case found > version:
		return 0, fault.New(fault.StoreTooNew, "The data was written by a newer Sluice.", fmt.Errorf("schema %d, this one knows %d", found, version))
	}
	if info.Size() > largestChecked {
		s.log.Info("database not checked, too large", "bytes", info.Size())
		return found, nil
	}
	return found, check(ctx, db)
}

func check(ctx context.Context, db *sql.DB) error {
	var word string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&word); err != nil {
		return err
	}
	if word != "ok" {
		return fault.New(fault.StoreDamaged, "The database is damaged.", errors.New(word))
	}
	return nil
}

// prepareFile makes the folder and the file, both for this user only: SQLite
// gives its side files the permissions of the main one.
func prepareFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the app's own data folder
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// connect opens a pool and makes sure that its first connection works.
func connect(ctx context.Context, path, mode string, pragmas []pragma, conns int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, mode, pragmas))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// dsn escapes the path: a folder may well have a space, '?' or '%' in its name.
func dsn(path, mode string, pragmas []pragma) string {
	var b strings.Builder
	b.WriteString("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + mode)
	for _, p := range pragmas {
		b.WriteString("&_pragma=" + url.QueryEscape(p.name+"("+p.set+")"))
	}
	return b.String()
}

func assertPragmas(ctx context.Context, conn *sql.Conn, pragmas []pragma) error {
	for _, p := range pragmas {
		var got string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return fmt.Errorf("read pragma %s: %w", p.name, err)
		}
		if !strings.EqualFold(got, p.want) {
			return fmt.Errorf("pragma %s is %s and not %s", p.name, got, p.want)
		}
	}
	return nil
}

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
	version       = 6          // of the schema: the file's user_version
)

//go:embed schema.sql
var schema string

//go:embed migrations/2.sql
var migration2 string

//go:embed migrations/3.sql
var migration3 string

//go:embed migrations/4.sql
var migration4 string

//go:embed migrations/5.sql
var migration5 string

//go:embed migrations/6.sql
var migration6 string

// steps makes each version of the schema out of the one before; the first is
// made out of nothing. None of them may change once files have it.
func steps() [version]string {
	return [version]string{schema, migration2, migration3, migration4, migration5, migration6}
}

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

// Open opens the file, or makes it. One that is damaged gives way to what can
// be restored. Faults: store_too_new, disk_full, and store_damaged for the
// database of another program. Two processes must not open the same file:
// whoever calls holds the lock of the data folder.
//
// The file as a whole is not looked at: that takes as long as it is large. See
// Unclean, Verify and WatchOver.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Store, error) {
	cfg = cfg.withDefaults()
	if cfg.Path == "" {
		return nil, errors.New("open store: no path")
	}
	s := &Store{cfg: cfg, log: log, reads: &readers{}, ids: newIDSource(), alarm: make(chan struct{}, 1)}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("open store: %w", s.explain(err))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := s.finishReplacing(); err != nil {
		return err
	}
	if err := prepareFile(s.cfg.Path); err != nil {
		return err
	}
	err := s.start(ctx)
	if damaged(err) {
		err = s.start(ctx) // what was wrong may have been the disk's fault
	}
	if !damaged(err) {
		return err
	}
	if err := s.rebuild(ctx, err.Error()); err != nil {
		return fmt.Errorf("restore damaged database: %w", err)
	}
	if err := s.finishReplacing(); err != nil {
		return err
	}
	s.replaced.Store(true)
	s.verified.Store(true)
	if err := s.start(ctx); err != nil {
		return err
	}
	s.unclean = false // what has been made just now needs no look
	return nil
}

// start opens the connections to a file that is there.
func (s *Store) start(ctx context.Context) error {
	found, err := s.inspect(ctx)
	if err != nil {
		return err
	}
	if err := s.mark(); err != nil {
		return err
	}
	conn, err := s.connect(ctx, found)
	if err != nil {
		return err
	}
	s.writer = startWriter(ctx, conn)
	return nil
}

// connect opens the pools and gives the writer's connection.
func (s *Store) connect(ctx context.Context, found int) (*sql.Conn, error) {
	db, err := connect(ctx, s.cfg.Path, "_txlock=immediate", writerPragmas(), 1)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := s.prepare(ctx, conn, found); err != nil {
		return nil, errors.Join(err, conn.Close(), db.Close())
	}
	reads, err := connect(ctx, s.cfg.Path, "mode=ro", readerPragmas(), s.cfg.Readers)
	if err != nil {
		return nil, errors.Join(err, conn.Close(), db.Close())
	}
	s.db = db
	s.reads.use(reads)
	s.stmts.Store(newStatements(reads))
	return conn, nil
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

// inspect looks at the file without changing it and returns its schema's
// version; 0 is an empty file.
func (s *Store) inspect(ctx context.Context) (int, error) {
	info, err := os.Stat(s.cfg.Path)
	if err != nil {
		return 0, err
	}
	if info.Size() == 0 {
		if wal, err := os.Stat(s.cfg.Path + "-wal"); (err == nil && wal.Size() > 0) || len(s.backups()) > 0 {
			return 0, errGone
		}
		return 0, nil
	}
	return versionOf(ctx, s.cfg.Path)
}

// versionOf is the schema's version of a file that is not empty; 0 when there
// is nothing in it yet.
func versionOf(ctx context.Context, path string) (int, error) {
	db, err := connect(ctx, path, "mode=ro", readerPragmas(), 1)
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
		return 0, fault.New(fault.StoreDamaged, "The database file is not one of Sluice's.", fmt.Errorf("application_id %#x, user_version %d", app, found)).
			WithHint("Move the file aside and start again.")
	case found > version:
		return 0, fault.New(fault.StoreTooNew, "The data was written by a newer Sluice.", fmt.Errorf("schema %d, this one knows %d", found, version))
	}
	return found, nil
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

// Package sqlitestore is this machine's store: the line, what stages have
// finished, and the results, in one SQLite file. What it has acknowledged
// survives kill -9 and a power cut.
//
// One goroutine writes and commits for everybody who waits; readers have
// connections of their own that cannot write. The package decides nothing
// about jobs beyond what its ports say, and takes no lock on the data folder.
//
// It watches over the file: it makes backups, and a file that turns out to be
// damaged is moved aside, never deleted, and gives way to the newest backup
// with all that can still be read out of it.
package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sluice/internal/library"
	"sluice/internal/pipeline"
	"sluice/internal/queue"
)

// Store is the open file. It is safe for concurrent use.
type Store struct {
	cfg    Config
	log    *slog.Logger
	db     *sql.DB // one connection, the writer's; its goroutine only, once it runs
	writer *writer
	reads  *readers
	stmts  atomic.Pointer[statements] // of the readers in use
	ids    *idSource                  // the writer's goroutine only

	writes   atomic.Int64  // but for samples of the machine, which come every minute of an idle day
	unclean  bool          // nobody closed the file before we opened it
	alarm    chan struct{} // SQLite said that the file is damaged
	watch    sync.Mutex    // one looks at the whole file at a time
	verified atomic.Bool   // the whole file was found sound
	hurt     atomic.Bool   // damage was met that is still there, for all we know
	lost     atomic.Bool   // the writer has no connection: the restored file could not be opened
	replaced atomic.Bool   // a restored file took the place of a damaged one, and nobody was told yet
}

var (
	_ queue.Store          = (*Store)(nil)
	_ pipeline.Checkpoints = (*Store)(nil)
	_ library.Shelf        = (*Store)(nil)
)

// Config of a Store; the zero value works but for Path.
type Config struct {
	Path    string           // of the database file; required. Its folder is made when missing
	Now     func() time.Time // time.Now
	MinFree int64            // 32 MiB: less free than this and new jobs are refused, so that the outcome of old ones can still be written. Negative: no floor
	Readers int              // 4: connections that read
	KeepKey time.Duration    // 48h: how long an idempotency key is remembered; never less than 24h
}

// MinFree is the store's own floor of free space, in bytes: enough to write the
// outcome of what runs once new jobs are refused.
const MinFree = 32 << 20

// ErrClosed says that the store has been closed.
var ErrClosed = errors.New("store is closed")

const (
	defaultReaders = 4
	defaultKeepKey = 48 * time.Hour
	leastKeepKey   = 24 * time.Hour
)

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MinFree == 0 {
		c.MinFree = MinFree
	}
	if c.Readers <= 0 {
		c.Readers = defaultReaders
	}
	if c.KeepKey == 0 {
		c.KeepKey = defaultKeepKey
	}
	c.KeepKey = max(c.KeepKey, leastKeepKey)
	return c
}

// Close finishes the writes that have begun and closes the file. Writes that
// come later get ErrClosed.
func (s *Store) Close() error {
	s.writer.close()
	// Readers first: the last connection to go tidies the write-ahead log
	// away, and a reader may not.
	if err := errors.Join(s.reads.Close(), s.db.Close()); err != nil {
		return err
	}
	if s.hurt.Load() || s.lost.Load() {
		return nil // still marked as open: the next process looks at the file first
	}
	return s.unmark()
}

// now is the store's clock in milliseconds, the unit of every time it keeps.
func (s *Store) now() int64 { return s.cfg.Now().UnixMilli() }

// write runs op in the writer's next transaction and returns when it is on
// disk. When ctx ends first only the wait ends: an op that has begun is
// committed or rolled back as a whole, whether somebody waits or not.
func (s *Store) write(ctx context.Context, p precedence, op func(*tx) error) error {
	s.writes.Add(1)
	return s.explain(s.writer.do(ctx, p, op))
}

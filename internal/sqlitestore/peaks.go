package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"os"
)

// Peak tells what a model takes in a context: the most, in bytes, that a
// finished run has taken, and what to ask for at least since a run has died
// for want of memory. 0 = not known. The context is what else decides: the
// beam of the speech engine, the tokens of a language model.
func (s *Store) Peak(ctx context.Context, digest string, size int) (peak, floor int64, err error) {
	peak, floor, err = peakOf(ctx, s.reads, digest, size)
	return peak, floor, s.explain(err)
}

func peakOf(ctx context.Context, db querier, digest string, size int) (peak, floor int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT bytes, floor FROM peaks WHERE digest = ? AND context = ?`, digest, size).Scan(&peak, &floor)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, nil
	}
	return peak, floor, err
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// PeaksIn knows what the database file at path tells of models. It only reads,
// also while a server runs on the file.
type PeaksIn string

// Peak is Store.Peak. A file that is not there knows nothing; one of an older
// version cannot be asked.
func (path PeaksIn) Peak(ctx context.Context, digest string, size int) (peak, floor int64, err error) {
	if info, err := os.Stat(string(path)); err != nil || info.Size() == 0 {
		return 0, 0, nil
	}
	db, err := connect(ctx, string(path), "mode=ro", readerPragmas(), 1)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = db.Close() }()
	return peakOf(ctx, db, digest, size)
}

// SetPeak remembers what a finished run took, if that is more than any before.
// It did with that much, so no earlier death asks for more.
func (s *Store) SetPeak(ctx context.Context, digest string, size int, bytes int64) error {
	return s.write(ctx, later, func(t *tx) error {
		return t.exec(`INSERT INTO peaks (digest, context, bytes, updated_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (digest, context) DO UPDATE SET bytes = max(bytes, excluded.bytes), floor = 0, updated_at = excluded.updated_at`,
			digest, size, bytes, s.now())
	})
}

// SetFloor remembers what to ask for after a death, if that is more than before.
func (s *Store) SetFloor(ctx context.Context, digest string, size int, bytes int64) error {
	return s.write(ctx, later, func(t *tx) error {
		return t.exec(`INSERT INTO peaks (digest, context, floor, updated_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (digest, context) DO UPDATE SET floor = max(floor, excluded.floor), updated_at = excluded.updated_at`,
			digest, size, bytes, s.now())
	})
}

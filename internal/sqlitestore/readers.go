package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// readers is the connections that read. They can be exchanged for those of
// another file while others use them: who has begun with the old file goes on
// with it, so the old ones are closed no earlier than the store.
type readers struct {
	mu  sync.RWMutex
	all []*sql.DB // the last is the one in use
}

// QueryContext starts a query that gives many rows.
func (r *readers) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return r.pool().QueryContext(ctx, query, args...)
}

// QueryRowContext starts a query that gives one row.
func (r *readers) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return r.pool().QueryRowContext(ctx, query, args...)
}

func (r *readers) pool() *sql.DB {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.all[len(r.all)-1]
}

// use makes another pool the one in use.
func (r *readers) use(db *sql.DB) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, db)
}

// Close ends the connections. Later queries fail.
func (r *readers) Close() error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var errs []error
	for _, db := range r.all {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

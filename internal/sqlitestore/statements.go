package sqlitestore

import (
	"context"
	"database/sql"
	"sync"
)

// statements is the readers' statements by their text. To make sense of one
// takes SQLite longer than to carry it out, so it is done once per connection.
// They are closed with the connections.
type statements struct {
	db     *sql.DB // what they are made on
	mu     sync.Mutex
	byText map[string]*sql.Stmt
}

// mostStatements bounds how many are kept: the words that somebody looks for are
// part of the text of a list.
const mostStatements = 100

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, byText: map[string]*sql.Stmt{}}
}

// ask runs a query on a reader's connection, askOne one that has one row.
func (s *Store) ask(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if st := s.stmts.Load().prepare(ctx, query); st != nil {
		return st.QueryContext(ctx, args...)
	}
	return s.reads.QueryContext(ctx, query, args...)
}

func (s *Store) askOne(ctx context.Context, query string, args ...any) *sql.Row {
	if st := s.stmts.Load().prepare(ctx, query); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return s.reads.QueryRowContext(ctx, query, args...)
}

// prepare is nil when there is none to keep: the query itself will say why. It
// may need a connection of its own, so whoever has one already must not call it:
// when all who have one wait for another, none of them ever gets it.
func (p *statements) prepare(ctx context.Context, query string) *sql.Stmt {
	st, full := p.kept(query)
	if st != nil || full {
		return st
	}
	st, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if other, ok := p.byText[query]; ok { // somebody was quicker
		_ = st.Close()
		return other
	}
	p.byText[query] = st
	return st
}

// kept finds a statement that was prepared before.
func (p *statements) kept(query string) (st *sql.Stmt, full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byText[query], len(p.byText) >= mostStatements
}

// within gives an asker that stays on the one connection of a transaction.
func (p *statements) within(t *sql.Tx) asker {
	return func(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
		if st, _ := p.kept(query); st != nil {
			return t.StmtContext(ctx, st).QueryContext(ctx, args...)
		}
		return t.QueryContext(ctx, query, args...)
	}
}

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
	mu     sync.Mutex
	byText map[string]*sql.Stmt
}

// mostStatements bounds how many are kept: the words that somebody looks for are
// part of the text of a list.
const mostStatements = 100

func newStatements() *statements { return &statements{byText: map[string]*sql.Stmt{}} }

// ask runs a query on a reader's connection, askOne one that has one row.
func (s *Store) ask(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if st := s.statement(ctx, query); st != nil {
		return st.QueryContext(ctx, args...)
	}
	return s.reads.QueryContext(ctx, query, args...)
}

func (s *Store) askOne(ctx context.Context, query string, args ...any) *sql.Row {
	if st := s.statement(ctx, query); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return s.reads.QueryRowContext(ctx, query, args...)
}

// statement is nil when there is none to keep: the query itself will say why.
func (s *Store) statement(ctx context.Context, query string) *sql.Stmt {
	p := s.stmts.Load()
	p.mu.Lock()
	st, ok := p.byText[query]
	full := len(p.byText) >= mostStatements
	p.mu.Unlock()
	if ok || full {
		return st
	}
	st, err := s.reads.PrepareContext(ctx, query)
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

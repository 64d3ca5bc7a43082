package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// batchLimit bounds how many ops share one commit, and so how long the first
// of them waits for the last.
const batchLimit = 256

// precedence puts the worker's verbs ahead of submits: a flood of new jobs
// must not delay the one that runs.
type precedence int

const (
	first precedence = iota
	later
	precedences
)

// writer owns the one connection that writes. Ops that arrive while a commit
// waits for the disk share the next one.
type writer struct {
	ctx   context.Context //nolint:containedctx // never ends: half an op is worse than a slow one
	conn  *sql.Conn
	stmts map[string]prepared
	wake  chan struct{}
	done  chan struct{}

	mu     sync.Mutex
	queues [precedences][]*op
	alone  []*op
	closed bool
}

// op is one write, whole or not at all.
type op struct {
	run   func(*tx) error
	begun atomic.Bool // by the writer, or given up by its caller before that
	reply chan error
}

// errNoFile is what an op hears while there is no database to write to.
var errNoFile = errors.New("the database could not be opened again")

func startWriter(ctx context.Context, conn *sql.Conn) *writer {
	w := newWriter(context.WithoutCancel(ctx), conn)
	go w.loop()
	return w
}

// newWriter makes one that does not run: its transactions are its maker's.
func newWriter(ctx context.Context, conn *sql.Conn) *writer {
	return &writer{
		ctx:   ctx,
		conn:  conn,
		stmts: map[string]prepared{},
		wake:  make(chan struct{}, 1),
		done:  make(chan struct{}),
	}
}

// do hands an op in and waits for its commit. It returns early when ctx ends:
// an op that has not begun by then never does.
func (w *writer) do(ctx context.Context, p precedence, run func(*tx) error) error {
	return w.hand(ctx, &w.queues[p], run)
}

// exclusive runs something in the writer's goroutine, with no transaction open:
// it may exchange the connection. Ops that come in the meantime wait.
func (w *writer) exclusive(ctx context.Context, run func() error) error {
	return w.hand(ctx, &w.alone, func(*tx) error { return run() })
}

func (w *writer) hand(ctx context.Context, queue *[]*op, run func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o := &op{run: run, reply: make(chan error, 1)}
	if err := w.put(queue, o); err != nil {
		return err
	}
	select {
	case err := <-o.reply:
		return err
	case <-ctx.Done():
		o.begun.Store(true)
		return ctx.Err()
	}
}

func (w *writer) put(queue *[]*op, o *op) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	*queue = append(*queue, o)
	w.nudge()
	return nil
}

func (w *writer) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// close lets the queued ops finish and waits for them.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	w.nudge()
	w.mu.Unlock()
	<-w.done
}

func (w *writer) loop() {
	defer close(w.done)
	for {
		alone, batch, closed := w.next()
		switch {
		case alone != nil:
			if alone.begun.CompareAndSwap(false, true) {
				alone.reply <- alone.run(nil)
			}
		case len(batch) > 0:
			w.commit(batch)
		case closed:
			w.release()
			return
		default:
			<-w.wake
		}
	}
}

// next takes what is to be done alone, or else the ops of one commit, the
// worker's first.
func (w *writer) next() (alone *op, batch []*op, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.alone) > 0 {
		alone, w.alone = w.alone[0], w.alone[1:]
		return alone, nil, w.closed
	}
	for p := range w.queues {
		n := min(len(w.queues[p]), batchLimit-len(batch))
		batch = append(batch, w.queues[p][:n]...)
		clear(w.queues[p][:n])
		w.queues[p] = w.queues[p][n:]
	}
	return nil, batch, w.closed
}

// release closes the connection and what was prepared on it.
func (w *writer) release() {
	for _, s := range w.stmts {
		_ = s.Close()
	}
	clear(w.stmts)
	if w.conn != nil {
		_ = w.conn.Close()
	}
	w.conn = nil
}

// commit runs a batch in one transaction and replies once it is on disk. An
// op that fails is rolled back alone; when the commit itself fails, nothing
// that any of them saw or did has happened, so all of them hear of it.
func (w *writer) commit(batch []*op) {
	t := &tx{w: w}
	answers, err := w.run(t, batch)
	for i, o := range batch {
		if err != nil {
			o.reply <- err
			continue
		}
		o.reply <- answers[i]
	}
}

func (w *writer) run(t *tx, batch []*op) ([]error, error) {
	if err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	attempt := t.savepoint
	if len(batch) == 1 {
		attempt = t.whole
	}
	answers := make([]error, len(batch))
	good := 0
	for i, o := range batch {
		if !o.begun.CompareAndSwap(false, true) {
			continue // nobody waits for it any more
		}
		err := attempt(o.run)
		var broken *brokenError
		switch {
		case errors.As(err, &broken):
			_ = t.exec("ROLLBACK")
			return nil, broken.cause
		case err != nil:
			answers[i] = err
		default:
			good++
		}
	}
	end := "COMMIT"
	if good == 0 {
		end = "ROLLBACK"
	}
	err := t.exec(end)
	if err != nil {
		_ = t.exec("ROLLBACK") // SQLite may have done so already
		return nil, fmt.Errorf("commit: %w", err)
	}
	return answers, nil
}

// brokenError says that the transaction is gone, not just one op of it. A
// full disk may do that in the middle of a statement.
type brokenError struct{ cause error }

func (e *brokenError) Error() string { return e.cause.Error() }

// prepared is a statement that lives as long as the writer, who closes it.
type prepared struct{ *sql.Stmt }

// tx is the writer's transaction as an op sees it. Its statements run in the
// writer's context and never end with a caller's.
type tx struct{ w *writer }

// whole runs the only op of a transaction, which ends with it when it fails: it
// needs no savepoint, and most ops come alone.
func (t *tx) whole(run func(*tx) error) error {
	if err := run(t); err != nil {
		return &brokenError{err}
	}
	return nil
}

func (t *tx) savepoint(run func(*tx) error) error {
	if err := t.exec("SAVEPOINT op"); err != nil {
		return &brokenError{err}
	}
	err := run(t)
	if err != nil {
		if back := t.exec("ROLLBACK TO op"); back != nil {
			return &brokenError{err}
		}
	}
	if end := t.exec("RELEASE op"); end != nil {
		return &brokenError{errors.Join(err, end)}
	}
	return err
}

// stmt prepares a statement once and keeps it as long as the connection. The
// texts are constants of this package, so there are few.
func (t *tx) stmt(query string) (prepared, error) {
	if s, ok := t.w.stmts[query]; ok {
		return s, nil
	}
	if t.w.conn == nil {
		return prepared{}, errNoFile
	}
	s, err := t.w.conn.PrepareContext(t.w.ctx, query)
	if err != nil {
		return prepared{}, err
	}
	t.w.stmts[query] = prepared{s}
	return prepared{s}, nil
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.change(query, args...)
	return err
}

// change runs a statement and returns how many rows it changed.
func (t *tx) change(query string, args ...any) (int64, error) {
	s, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(t.w.ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row reads one row into dest.
func (t *tx) row(query string, args []any, dest ...any) error {
	return t.one(query, args, func(row scanner) error { return row.Scan(dest...) })
}

// one calls read for the one row there is.
func (t *tx) one(query string, args []any, read func(scanner) error) error {
	s, err := t.stmt(query)
	if err != nil {
		return err
	}
	return read(s.QueryRowContext(t.w.ctx, args...))
}

// rows calls each for every row; it must not write.
func (t *tx) rows(query string, args []any, each func(scanner) error) error {
	s, err := t.stmt(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(t.w.ctx, args...)
	if err != nil {
		return err
	}
	return drain(rows, each)
}

// drain reads all rows and closes them.
func drain(rows *sql.Rows, each func(scanner) error) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// scanner is a row: of one query or of many.
type scanner interface{ Scan(dest ...any) error }

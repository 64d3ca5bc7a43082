package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"sluice/internal/job"
	"sluice/internal/queue"
)

// The bounds of a page, also of what a search has found.
const (
	defaultLimit = queue.DefaultLimit
	largestLimit = queue.MaxLimit
)

// List gives a page of jobs. See queue.Reader. The page, its place and how long
// the list is are read in one transaction: they belong together.
func (s *Store) List(ctx context.Context, f queue.Filter) (queue.Page, error) {
	if err := f.Check(); err != nil {
		return queue.Page{}, err
	}
	from, err := parseCursor(f)
	if err != nil {
		return queue.Page{}, err
	}
	var p queue.Page
	err = s.moment(ctx, listStatements(f, from), func(ask asker) error {
		at := from
		if f.Query == "" {
			if p.Total, err = total(ctx, ask, f); err != nil {
				return err
			}
			if p.First, err = begin(ctx, ask, f, &at, p.Total); err != nil {
				return err
			}
		}
		return s.page(ctx, ask, f, at, &p)
	})
	if err != nil {
		return queue.Page{}, s.explain(fmt.Errorf("list jobs: %w", err))
	}
	if len(p.Jobs) == 0 {
		p.First = 0
	}
	return p, nil
}

// moment runs queries that look at one state of the file. The statements are
// those to prepare: within the transaction there is only the one connection.
func (s *Store) moment(ctx context.Context, queries []string, look func(asker) error) error {
	stmts := s.stmts.Load()
	for _, query := range queries {
		stmts.prepare(ctx, query)
	}
	t, err := stmts.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = t.Rollback() }()
	return look(stmts.within(t))
}

// listStatements is what a list asks for.
func listStatements(f queue.Filter, from *cursor) []string {
	all := []string{countersText}
	if f.From > 1 {
		front, behind := nth(f)
		all = append(all, front.text, behind.text, selection(f, &cursor{}).text+limitText)
	} else {
		all = append(all, selection(f, from).text+limitText)
	}
	if f.Order == queue.ByLine && from != nil {
		all = append(all, aroundPlace)
	}
	return all
}

const (
	limitText    = ` LIMIT ?`
	countersText = `SELECT state, n FROM counters`
)

// total is how many jobs the list has.
func total(ctx context.Context, ask asker, f queue.Filter) (int, error) {
	c := queue.Counts{}
	rows, err := ask(ctx, countersText)
	if err != nil {
		return 0, err
	}
	err = drain(rows, func(row scanner) error {
		var state job.State
		var n int
		err := row.Scan(&state, &n)
		c[state] = n
		return err
	})
	return f.Counted(c), err
}

// begin finds where a page begins that is asked for by its place, and tells the
// place of one that is asked for otherwise.
func begin(ctx context.Context, ask asker, f queue.Filter, at **cursor, all int) (first int, err error) {
	switch {
	case f.From > all:
		*at = &cursor{Priority: job.MinPriority - 1} // behind them all
		return 0, nil
	case f.From > 1:
		c, err := placeOf(ctx, ask, f, all)
		*at = c
		return f.From, err
	case *at == nil:
		return 1, nil
	case f.Order == queue.ByLine:
		return behind(ctx, ask, **at, all)
	}
	return 0, nil
}

// page reads the jobs behind a place.
func (s *Store) page(ctx context.Context, ask asker, f queue.Filter, at *cursor, p *queue.Page) error {
	q := selection(f, at)
	rows, err := ask(ctx, q.text+limitText, append(q.args, f.Limit+1)...) // one more tells whether there is a next page
	if err != nil {
		return err
	}
	now := s.now()
	err = drain(rows, func(row scanner) error {
		j, err := scanJob(row, now)
		p.Jobs = append(p.Jobs, j)
		return err
	})
	if err != nil || len(p.Jobs) <= f.Limit {
		return err
	}
	p.Jobs = p.Jobs[:f.Limit]
	p.Next = cursorAt(f, p.Jobs[f.Limit-1])
	return nil
}

type statement struct {
	text string
	args []any
}

// selection is the query of a list, but for its limit. Behind a place in the
// line lie two stretches of the index, the rest of one priority and all lower
// ones: said as one condition, they would be walked to from the front.
func selection(f queue.Filter, from *cursor) statement {
	var q statement
	words := strings.Fields(fold(f.Query))
	jobs := func(where string, args ...any) {
		q.text += `SELECT ` + jobColumns + ` FROM jobs ` + where
		q.args = append(q.args, args...)
		for _, word := range words { // no patterns: '%' and '_' are letters
			q.text += ` AND instr(title_folded, ?) > 0`
			q.args = append(q.args, word)
		}
	}
	before, ended := int64(math.MaxInt64), int64(math.MaxInt64)
	if from != nil {
		before, ended = from.Seq, from.Ended
	}
	order := "\nORDER BY seq DESC"
	switch {
	case f.Order == queue.ByEnd && f.State == "":
		order = "\nORDER BY finished_at DESC, seq DESC"
		jobs(`INDEXED BY jobs_ended WHERE finished_at > 0 AND (finished_at, seq) < (?, ?)`, ended, before)
	case f.Order == queue.ByEnd:
		order = "\nORDER BY finished_at DESC, seq DESC"
		jobs(`INDEXED BY jobs_ended WHERE state = ? AND finished_at > 0 AND (finished_at, seq) < (?, ?)`, f.State, ended, before)
	case f.Order == queue.ByArrival && f.State == "":
		jobs(`NOT INDEXED WHERE seq < ?`, before)
	case f.Order == queue.ByArrival:
		jobs(`INDEXED BY jobs_state WHERE state = ? AND seq < ?`, f.State, before)
	default:
		order = "\nORDER BY priority DESC, rank, seq"
		if from == nil {
			jobs(`INDEXED BY jobs_line WHERE state = 'queued'`)
			break
		}
		jobs(`INDEXED BY jobs_line WHERE state = 'queued' AND priority = ? AND (rank, seq) > (?, ?)`, from.Priority, from.Rank, from.Seq)
		q.text += "\nUNION ALL\n"
		jobs(`INDEXED BY jobs_line WHERE state = 'queued' AND priority < ?`, from.Priority)
	}
	q.text += order
	return q
}

package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

const (
	defaultLimit = 50
	largestLimit = 500
)

// Get gives one job. See queue.Reader.
func (s *Store) Get(ctx context.Context, id string) (job.Job, error) {
	j, err := s.one(ctx, s.now(), `SELECT `+jobColumns+` FROM jobs WHERE id = ?`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return job.Job{}, unknownJob()
	}
	return j, err
}

// List pages through jobs. See queue.Reader. The queued ones come in the order
// of the line, everything else by arrival, newest first: jobs that arrive
// while somebody turns pages shift nothing.
func (s *Store) List(ctx context.Context, f queue.Filter) (queue.Page, error) {
	limit, from, err := bounds(f)
	if err != nil {
		return queue.Page{}, err
	}
	q := selection(f, from)
	q.args = append(q.args, limit+1) // one more tells whether there is a next page
	now := s.now()
	var jobs []job.Job
	err = s.query(ctx, q.text+` LIMIT ?`, q.args, func(row scanner) error {
		j, err := scanJob(row, now)
		jobs = append(jobs, j)
		return err
	})
	if err != nil {
		return queue.Page{}, err
	}
	if len(jobs) <= limit {
		return queue.Page{Jobs: jobs}, nil
	}
	jobs = jobs[:limit]
	return queue.Page{Jobs: jobs, Next: cursorAt(f, jobs[limit-1])}, nil
}

func bounds(f queue.Filter) (limit int, from *cursor, err error) {
	limit = f.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	switch {
	case limit < 0 || limit > largestLimit:
		return 0, nil, fault.New(fault.RequestInvalid, "The limit is not between 1 and 500.", nil)
	case f.State != "" && !f.State.Valid():
		return 0, nil, fault.New(fault.RequestInvalid, "There is no such state.", nil)
	}
	from, err = parseCursor(f)
	return limit, from, err
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
	before := int64(math.MaxInt64)
	if from != nil {
		before = from.Seq
	}
	order := "\nORDER BY seq DESC"
	switch {
	case f.State == "":
		jobs(`NOT INDEXED WHERE seq < ?`, before)
	case f.State != job.Queued:
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

// Ended lists the jobs that ended last. See queue.Reader.
func (s *Store) Ended(ctx context.Context, limit int) ([]job.Job, error) {
	now := s.now()
	var jobs []job.Job
	err := s.query(ctx, `SELECT `+jobColumns+` FROM jobs INDEXED BY jobs_ended
		WHERE finished_at > 0 ORDER BY finished_at DESC, seq DESC LIMIT ?`, []any{limit}, func(row scanner) error {
		j, err := scanJob(row, now)
		jobs = append(jobs, j)
		return err
	})
	return jobs, err
}

// Counts gives the number of jobs in each state. See queue.Reader.
func (s *Store) Counts(ctx context.Context) (queue.Counts, error) {
	c := queue.Counts{}
	err := s.query(ctx, `SELECT state, n FROM counters`, nil, func(row scanner) error {
		var state job.State
		var n int
		err := row.Scan(&state, &n)
		c[state] = n
		return err
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Paused says whether takes are stopped. See queue.Reader.
func (s *Store) Paused(ctx context.Context) (bool, error) {
	var paused bool
	err := s.askOne(ctx, `SELECT paused FROM line`).Scan(&paused)
	return paused, s.explain(err)
}

// Unmeasured lists queued jobs of unknown length. See queue.Reader.
func (s *Store) Unmeasured(ctx context.Context, limit int) ([]job.Job, error) {
	now := s.now()
	var jobs []job.Job
	err := s.query(ctx, `SELECT `+jobColumns+` FROM jobs INDEXED BY jobs_unmeasured
		WHERE state = 'queued' AND duration_ms = 0 ORDER BY priority DESC, rank, seq LIMIT ?`, []any{limit}, func(row scanner) error {
		j, err := scanJob(row, now)
		jobs = append(jobs, j)
		return err
	})
	return jobs, err
}

// one reads one job.
func (s *Store) one(ctx context.Context, now int64, query string, args ...any) (job.Job, error) {
	j, err := scanJob(s.askOne(ctx, query, args...), now)
	return j, s.explain(err)
}

// query reads rows outside the writer's connection.
func (s *Store) query(ctx context.Context, query string, args []any, each func(scanner) error) error {
	rows, err := s.ask(ctx, query, args...)
	if err != nil {
		return s.explain(err)
	}
	return s.explain(drain(rows, each))
}

package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
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

func selection(f queue.Filter, from *cursor) statement {
	q := statement{text: `SELECT ` + jobColumns + ` FROM jobs`}
	where := func(condition string, args ...any) {
		word := " AND "
		if !strings.Contains(q.text, "\nWHERE ") {
			word = "\nWHERE "
		}
		q.text += word + condition
		q.args = append(q.args, args...)
	}
	order := "\nORDER BY seq DESC"
	switch f.State {
	case "":
		q.text += ` NOT INDEXED`
	case job.Queued:
		q.text += ` INDEXED BY jobs_line`
		where(`state = 'queued'`)
		order = "\nORDER BY priority DESC, rank, seq"
	default:
		q.text += ` INDEXED BY jobs_state`
		where(`state = ?`, f.State)
	}
	switch {
	case from == nil:
	case f.State == job.Queued:
		where(`priority <= ? AND (priority < ? OR (rank, seq) > (?, ?))`, from.Priority, from.Priority, from.Rank, from.Seq)
	default:
		where(`seq < ?`, from.Seq)
	}
	for _, word := range strings.Fields(fold(f.Query)) {
		where(`instr(title_folded, ?) > 0`, word) // no pattern: '%' and '_' are letters
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

// Position counts the queued jobs ahead of one. See queue.Reader.
func (s *Store) Position(ctx context.Context, id string) (int, error) {
	var position sql.NullInt64
	err := s.reads.QueryRowContext(ctx, `SELECT iif(j.state <> 'queued', 0, 1
			+ (SELECT count(*) FROM jobs INDEXED BY jobs_line WHERE state = 'queued' AND priority > j.priority)
			+ (SELECT count(*) FROM jobs INDEXED BY jobs_line WHERE state = 'queued' AND priority = j.priority AND (rank, seq) < (j.rank, j.seq)))
		FROM jobs j WHERE j.id = ?`, id).Scan(&position)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, unknownJob()
	}
	return int(position.Int64), s.explain(err)
}

// Paused says whether takes are stopped. See queue.Reader.
func (s *Store) Paused(ctx context.Context) (bool, error) {
	var paused bool
	err := s.reads.QueryRowContext(ctx, `SELECT paused FROM line`).Scan(&paused)
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
	j, err := scanJob(s.reads.QueryRowContext(ctx, query, args...), now)
	return j, s.explain(err)
}

// query reads rows outside the writer's connection.
func (s *Store) query(ctx context.Context, query string, args []any, each func(scanner) error) error {
	rows, err := s.reads.QueryContext(ctx, query, args...)
	if err != nil {
		return s.explain(err)
	}
	return s.explain(drain(rows, each))
}

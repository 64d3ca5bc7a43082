package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"sluice/internal/job"
	"sluice/internal/queue"
)

// Get gives one job. See queue.Reader.
func (s *Store) Get(ctx context.Context, id string) (job.Job, error) {
	j, err := s.one(ctx, s.now(), `SELECT `+jobColumns+` FROM jobs WHERE id = ?`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return job.Job{}, unknownJob()
	}
	return j, err
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

package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"sluice/internal/job"
	"sluice/internal/queue"
)

// Ahead sums up the work before a job. See queue.Reader.
func (s *Store) Ahead(ctx context.Context, id string) ([]queue.Load, error) {
	if id == "" {
		return s.wholeLine(ctx)
	}
	var p place
	var state job.State
	err := s.reads.QueryRowContext(ctx, `SELECT state, priority, rank, seq FROM jobs WHERE id = ?`, id).Scan(&state, &p.priority, &p.rank, &p.seq)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, unknownJob()
	case err != nil:
		return nil, s.explain(err)
	case state != job.Queued:
		return nil, nil
	}
	return s.before(ctx, p, s.now())
}

// lineSum is the work of the whole line. It takes as long to add up as the
// line is long, and every view asks for it, so it is kept until it may differ.
type lineSum struct {
	commits     int64 // of the writer before it was read: one more, and it may differ
	from, until int64 // when it holds; then the next job is ready by itself
	loads       []queue.Load
}

func (s *Store) wholeLine(ctx context.Context) ([]queue.Load, error) {
	now, commits := s.now(), s.writer.commits.Load()
	if l := s.line.Load(); l != nil && l.commits == commits && l.from <= now && now < l.until {
		return slices.Clone(l.loads), nil
	}
	l := lineSum{commits: commits, from: now}
	err := s.reads.QueryRowContext(ctx, `SELECT coalesce(min(ready_at), ?) FROM jobs INDEXED BY jobs_due
		WHERE state = 'queued' AND ready_at > 0 AND ready_at > ?`, never, now).Scan(&l.until)
	if err != nil {
		return nil, s.explain(err)
	}
	if l.loads, err = s.before(ctx, place{priority: job.MinPriority - 1}, now); err != nil {
		return nil, err
	}
	s.line.Store(&l)
	return slices.Clone(l.loads), nil
}

// place is where a job stands in the line.
type place struct {
	priority  int
	rank, seq int64
}

// before sums up what is ready before a place. Both parts of it read a stretch
// of the line's index and nothing else.
func (s *Store) before(ctx context.Context, p place, now int64) ([]queue.Load, error) {
	var loads []queue.Load
	err := s.query(ctx, `SELECT model, count(*), sum(duration_ms = 0), sum(duration_ms) FROM (
			SELECT model, duration_ms FROM jobs INDEXED BY jobs_line WHERE state = 'queued' AND ready_at <= ? AND priority > ?
			UNION ALL
			SELECT model, duration_ms FROM jobs INDEXED BY jobs_line WHERE state = 'queued' AND ready_at <= ? AND priority = ? AND (rank, seq) < (?, ?))
		GROUP BY model ORDER BY model`, []any{now, p.priority, now, p.priority, p.rank, p.seq}, func(row scanner) error {
		var l queue.Load
		err := row.Scan(&l.Model, &l.Jobs, &l.Unknown, &l.MediaMS)
		loads = append(loads, l)
		return err
	})
	return loads, err
}

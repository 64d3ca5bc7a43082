package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"sluice/internal/job"
	"sluice/internal/queue"
)

// A long line is not walked to find out where a job stands in it: from both of
// its ends so many jobs are looked at, then so many times more, until one of
// the ends is found to be near.
const (
	nearEnough  = 16
	lookFurther = 8
)

// Position counts the queued jobs ahead of one. See queue.Reader.
func (s *Store) Position(ctx context.Context, id string) (int, error) {
	for most := nearEnough; ; most *= lookFurther {
		var state job.State
		var before, behind, all int
		err := s.askOne(ctx, positionOf, id, most+1).Scan(&state, &before, &behind, &all)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return 0, unknownJob()
		case err != nil:
			return 0, s.explain(err)
		case state != job.Queued:
			return 0, nil
		case before <= most:
			return before + 1, nil
		case behind <= most:
			return all - behind, nil
		}
	}
}

// positionOf counts the queued jobs on both sides of one, of each side and each
// part of it no more than so many, and all there are.
const positionOf = `SELECT j.state,
		(SELECT count(*) FROM (SELECT 1 FROM jobs q INDEXED BY jobs_line WHERE q.state = 'queued' AND q.priority > j.priority LIMIT ?2))
		+ (SELECT count(*) FROM (SELECT 1 FROM jobs q INDEXED BY jobs_line WHERE q.state = 'queued' AND q.priority = j.priority AND (q.rank, q.seq) < (j.rank, j.seq) LIMIT ?2)),
		(SELECT count(*) FROM (SELECT 1 FROM jobs q INDEXED BY jobs_line WHERE q.state = 'queued' AND q.priority < j.priority LIMIT ?2))
		+ (SELECT count(*) FROM (SELECT 1 FROM jobs q INDEXED BY jobs_line WHERE q.state = 'queued' AND q.priority = j.priority AND (q.rank, q.seq) > (j.rank, j.seq) LIMIT ?2)),
		(SELECT n FROM counters WHERE state = 'queued')
	FROM jobs j WHERE j.id = ?1`

// Ahead sums up the work before a job. See queue.Reader.
func (s *Store) Ahead(ctx context.Context, id string) ([]queue.Load, error) {
	now := s.now()
	if id == "" { // all that is before the end
		return s.loads(ctx, s.ask, aheadFromBehind, place{priority: job.MinPriority - 1}, now)
	}
	stmts := s.stmts.Load()
	for _, query := range []string{readyAround, aheadFromFront, aheadFromBehind} {
		stmts.prepare(ctx, query) // now: the transaction must not ask for a second connection
	}
	t, err := stmts.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one moment's truth
	if err != nil {
		return nil, s.explain(err)
	}
	defer func() { _ = t.Rollback() }()
	ask := stmts.within(t)
	for most := nearEnough; ; most *= lookFurther {
		var state job.State
		var p place
		var before, behind int
		found := false
		rows, err := ask(ctx, readyAround, id, most+1)
		if err == nil {
			err = drain(rows, func(row scanner) error {
				found = true
				return row.Scan(&state, &p.priority, &p.rank, &p.seq, &before, &behind)
			})
		}
		switch {
		case err != nil:
			return nil, s.explain(err)
		case !found:
			return nil, unknownJob()
		case state != job.Queued:
			return nil, nil
		case before <= most:
			return s.loads(ctx, ask, aheadFromFront, p, now)
		case behind <= most:
			return s.loads(ctx, ask, aheadFromBehind, p, now)
		}
	}
}

// readyAround counts the ready jobs on both sides of a place as positionOf does.
const readyAround = `SELECT j.state, j.priority, j.rank, j.seq,
		(SELECT count(*) FROM (SELECT 1 FROM jobs q INDEXED BY jobs_ready WHERE q.state = 'queued' AND q.ready_at = 0 AND q.priority > j.priority LIMIT ?2))
		+ (SELECT count(*) FROM (SELECT 1 FROM jobs q INDEXED BY jobs_ready WHERE q.state = 'queued' AND q.ready_at = 0 AND q.priority = j.priority AND (q.rank, q.seq) < (j.rank, j.seq) LIMIT ?2)),
		(SELECT count(*) FROM (SELECT 1 FROM jobs q INDEXED BY jobs_ready WHERE q.state = 'queued' AND q.ready_at = 0 AND q.priority < j.priority LIMIT ?2))
		+ (SELECT count(*) FROM (SELECT 1 FROM jobs q INDEXED BY jobs_ready WHERE q.state = 'queued' AND q.ready_at = 0 AND q.priority = j.priority AND (q.rank, q.seq) >= (j.rank, j.seq) LIMIT ?2))
	FROM jobs j WHERE j.id = ?1`

// The work before a place, from either side: what is ready before it, or what
// is ready at all less what is ready from it on. What has become ready by the
// clock alone, since the last take, is in neither and is added to both.
const (
	aheadFromFront = aheadHead + `
			SELECT ` + kindOfWork + `, 1 AS jobs, duration_ms = 0 AS unknown, duration_ms AS media_ms FROM jobs INDEXED BY jobs_ready
				WHERE state = 'queued' AND ready_at = 0 AND priority > ?1
			UNION ALL
			SELECT ` + kindOfWork + `, 1, duration_ms = 0, duration_ms FROM jobs INDEXED BY jobs_ready
				WHERE state = 'queued' AND ready_at = 0 AND priority = ?1 AND (rank, seq) < (?2, ?3)` + aheadTail
	aheadFromBehind = aheadHead + `
			SELECT ` + kindOfWork + `, jobs, unknown, media_ms FROM loads
			UNION ALL
			SELECT ` + kindOfWork + `, -1, -(duration_ms = 0), -duration_ms FROM jobs INDEXED BY jobs_ready
				WHERE state = 'queued' AND ready_at = 0 AND priority < ?1
			UNION ALL
			SELECT ` + kindOfWork + `, -1, -(duration_ms = 0), -duration_ms FROM jobs INDEXED BY jobs_ready
				WHERE state = 'queued' AND ready_at = 0 AND priority = ?1 AND (rank, seq) >= (?2, ?3)` + aheadTail

	kindOfWork = `model, language_work`
	aheadHead  = `SELECT ` + kindOfWork + `, sum(jobs), sum(unknown), sum(media_ms) FROM (`
	aheadTail  = `
			UNION ALL
			SELECT ` + kindOfWork + `, 1, duration_ms = 0, duration_ms FROM jobs INDEXED BY jobs_due
				WHERE state = 'queued' AND ready_at > 0 AND ready_at <= ?4 AND (priority > ?1 OR (priority = ?1 AND (rank, seq) < (?2, ?3))))
		GROUP BY ` + kindOfWork + ` HAVING sum(jobs) > 0 ORDER BY ` + kindOfWork
)

// asker runs a query: on any connection, or in a transaction.
type asker func(ctx context.Context, query string, args ...any) (*sql.Rows, error)

func (s *Store) loads(ctx context.Context, ask asker, query string, p place, now int64) ([]queue.Load, error) {
	rows, err := ask(ctx, query, p.priority, p.rank, p.seq, now)
	if err != nil {
		return nil, s.explain(fmt.Errorf("sum up loads: %w", err))
	}
	var loads []queue.Load
	err = drain(rows, func(row scanner) error {
		var l queue.Load
		var language string
		err := row.Scan(&l.Model, &language, &l.Jobs, &l.Unknown, &l.MediaMS)
		if err == nil {
			err = fromJSON(language, &[]any{&l.LLMModel, &l.Languages, &l.Summarize})
		}
		loads = append(loads, l)
		return err
	})
	return loads, s.explain(err)
}

// languageWork is what a job asks of a language model, as a column has it: two
// jobs have the same text when they ask for the same.
func languageWork(l queue.Load) (string, error) {
	if l.Languages == 0 && !l.Summarize {
		return "", nil
	}
	return toJSON([]any{l.LLMModel, l.Languages, l.Summarize})
}

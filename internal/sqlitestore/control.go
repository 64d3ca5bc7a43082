package sqlitestore

import (
	"context"

	"sluice/internal/job"
)

// releasedAtOnce bounds how long others wait when very many jobs are released.
const releasedAtOnce = 2000

// waitsFor is the first of the queued jobs that wait for a reason as of a moment.
const waitsFor = `SELECT seq FROM jobs INDEXED BY jobs_waiting
	WHERE state = 'queued' AND reason <> 'turn' AND reason = ? AND (ready_at = 0 OR ready_at > ?) ORDER BY seq LIMIT ?`

// ReleaseAll makes the jobs that wait for a reason ready. See queue.Control. Jobs
// whose time has come anyway do not count: they wait for their turn.
func (s *Store) ReleaseAll(ctx context.Context, r job.Reason) (int, error) {
	if r == job.Turn || r == "" {
		return 0, nil
	}
	for all := 0; ; {
		n, err := s.releaseSome(ctx, r)
		all += n
		if err != nil || n < releasedAtOnce {
			return all, err
		}
	}
}

// Waits says whether a job waits for a reason.
func (s *Store) Waits(ctx context.Context, r job.Reason) (waits bool, err error) {
	err = s.askOne(ctx, `SELECT EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_state WHERE state = 'queued' AND reason = ?)`, r).Scan(&waits)
	return waits, s.explain(err)
}

func (s *Store) releaseSome(ctx context.Context, r job.Reason) (int, error) {
	var released int64
	err := s.write(ctx, first, func(t *tx) (err error) {
		now := s.now()
		err = t.exec(`INSERT INTO events (job, at, verb, from_state, to_state, reason, stage, token)
			SELECT seq, ?, ?, state, state, 'turn', stage, token FROM jobs WHERE seq IN (`+waitsFor+`)`, now, job.VerbRelease, r, now, releasedAtOnce)
		if err != nil {
			return err
		}
		released, err = t.change(`UPDATE jobs SET reason = 'turn', reason_text = '', until = 0, ready_at = 0 WHERE seq IN (`+waitsFor+`)`,
			r, now, releasedAtOnce)
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(released), nil
}

// SetPaused stops takes or allows them again. See queue.Control.
func (s *Store) SetPaused(ctx context.Context, paused bool) error {
	return s.write(ctx, first, func(t *tx) error {
		return t.exec(`UPDATE line SET paused = ?`, paused)
	})
}

// SetDuration stores how long a job's media is. See queue.Control.
func (s *Store) SetDuration(ctx context.Context, id string, ms int64) error {
	return s.write(ctx, first, func(t *tx) error {
		return t.exec(`UPDATE jobs SET duration_ms = ? WHERE id = ?`, max(ms, 0), id)
	})
}

package sqlitestore

import (
	"context"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Cancel ends a queued job and marks a running one. See queue.Control.
func (s *Store) Cancel(ctx context.Context, id string) (job.Job, error) {
	var j job.Job
	err := s.write(ctx, first, func(t *tx) error {
		seq, err := seqOf(t, id)
		if err != nil {
			return err
		}
		var state job.State
		var asked bool
		if err := t.row(`SELECT state, cancel_requested FROM jobs WHERE seq = ?`, []any{seq}, &state, &asked); err != nil {
			return err
		}
		switch {
		case state.Final():
			return fault.New(fault.JobFinal, "The job has already ended.", nil)
		case state == job.Queued:
			err = s.leave(t, seq, job.Canceled, job.Wait{}, nil)
		default:
			err = t.exec(`UPDATE jobs SET cancel_requested = 1 WHERE seq = ?`, seq)
		}
		if err != nil {
			return err
		}
		if !asked {
			if err := s.record(t, seq, "cancel", state, ""); err != nil {
				return err
			}
		}
		j, err = s.bySeq(t, seq)
		return err
	})
	if err != nil {
		return job.Job{}, err
	}
	return j, nil
}

// waitsFor is the queued jobs that wait for a reason as of a moment.
const waitsFor = `state = 'queued' AND reason <> 'turn' AND reason = ? AND (ready_at = 0 OR ready_at > ?)`

// Release makes the jobs that wait for a reason ready. See queue.Control. Jobs
// whose time has come anyway do not count: they wait for their turn.
func (s *Store) Release(ctx context.Context, r job.Reason) (int, error) {
	if r == job.Turn || r == "" {
		return 0, nil
	}
	var released int64
	err := s.write(ctx, first, func(t *tx) (err error) {
		now := s.now()
		err = t.exec(`INSERT INTO events (job, at, verb, from_state, to_state, reason, stage, token)
			SELECT seq, ?, 'release', state, state, 'turn', stage, token FROM jobs INDEXED BY jobs_waiting WHERE `+waitsFor, now, r, now)
		if err != nil {
			return err
		}
		released, err = t.change(`UPDATE jobs INDEXED BY jobs_waiting SET reason = 'turn', reason_text = '', until = 0, ready_at = 0 WHERE `+waitsFor, r, now)
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

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

// Release makes the jobs that wait for a reason ready. See queue.Control. Jobs
// whose time has come anyway do not count: they wait for their turn.
func (s *Store) Release(ctx context.Context, r job.Reason) (int, error) {
	if r == job.Turn || r == "" {
		return 0, nil
	}
	released := 0
	err := s.write(ctx, first, func(t *tx) error {
		var seqs []int64
		err := t.rows(`SELECT seq FROM jobs INDEXED BY jobs_waiting
			WHERE state = 'queued' AND reason <> 'turn' AND reason = ? AND (ready_at = 0 OR ready_at > ?) ORDER BY seq`,
			[]any{r, s.now()}, func(row scanner) error {
				var seq int64
				err := row.Scan(&seq)
				seqs = append(seqs, seq)
				return err
			})
		if err != nil {
			return err
		}
		for _, seq := range seqs {
			err := t.exec(`UPDATE jobs SET reason = 'turn', reason_text = '', until = 0, ready_at = 0 WHERE seq = ?`, seq)
			if err != nil {
				return err
			}
			if err := s.record(t, seq, "release", job.Queued, ""); err != nil {
				return err
			}
		}
		released = len(seqs)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return released, nil
}

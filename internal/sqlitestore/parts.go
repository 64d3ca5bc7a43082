package sqlitestore

import (
	"context"

	"sluice/internal/job"
)

// Parts lists what there is of a piece of work that is not finished. See
// pipeline.Checkpoints. They live as long as the job that worked on them last.
func (s *Store) Parts(ctx context.Context, lease job.Lease, stage job.Stage, key string) ([][]byte, error) {
	var parts [][]byte
	err := s.fenced(ctx, lease, func(t *tx, h holding) error {
		var found [][]byte
		err := t.rows(`SELECT body FROM parts WHERE key = ? ORDER BY n`, []any{key}, func(row scanner) error {
			var body []byte
			if err := row.Scan(&body); err != nil {
				return err
			}
			body, err := inflate(body)
			found = append(found, body)
			return err
		})
		if err != nil {
			return err
		}
		parts = found
		if len(found) == 0 {
			return nil
		}
		if err := t.exec(`UPDATE parts SET job = ? WHERE key = ?`, h.seq, key); err != nil {
			return err
		}
		return resumed(t, h.seq, stage)
	})
	if err != nil {
		return nil, err
	}
	return parts, nil
}

// resumed says of the run of a stage that it goes on from what another has left:
// it tells nothing about how fast the stage is.
func resumed(t *tx, seq int64, stage job.Stage) error {
	return t.exec(`UPDATE stage_runs INDEXED BY stage_runs_job SET resumed = 1 WHERE job = ? AND stage = ? AND finished_at = 0`, seq, stage)
}

// AddPart stores one more part. See pipeline.Checkpoints.
func (s *Store) AddPart(ctx context.Context, lease job.Lease, key string, body []byte) error {
	small, err := deflate(body)
	if err != nil {
		return err
	}
	return s.fenced(ctx, lease, func(t *tx, h holding) error {
		err := t.exec(`INSERT INTO parts (key, n, job, body)
			VALUES (?1, (SELECT coalesce(max(n), 0) + 1 FROM parts WHERE key = ?1), ?2, ?3)`, key, h.seq, small)
		if err != nil {
			return err
		}
		return forgive(t, h.seq)
	})
}

// Keep stores a finished piece of a stage that goes on. See
// pipeline.Checkpoints. What Finish says about the counters goes for it too.
func (s *Store) Keep(ctx context.Context, lease job.Lease, stage job.Stage, key string, body []byte) error {
	small, err := deflate(body)
	if err != nil {
		return err
	}
	return s.fenced(ctx, lease, func(t *tx, h holding) error {
		return s.leaveCheckpoint(t, h.seq, stage, key, small, false)
	})
}

// leaveCheckpoint stores what was made from inputs, unless it was only found.
// The parts it was made of are of no more use.
func (s *Store) leaveCheckpoint(t *tx, seq int64, stage job.Stage, key string, small []byte, reused bool) error {
	fresh, err := t.change(`INSERT INTO checkpoints (stage, key, job, body, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		stage, key, seq, small, s.now())
	if err != nil {
		return err
	}
	switch {
	case fresh > 0:
		err = forgive(t, seq)
	case !reused:
		err = t.exec(`UPDATE checkpoints SET job = ?, body = ?, created_at = ? WHERE stage = ? AND key = ?`, seq, small, s.now(), stage, key)
	}
	if err != nil {
		return err
	}
	return t.exec(`DELETE FROM parts WHERE key = ?`, key)
}

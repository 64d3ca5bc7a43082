package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"sluice/internal/job"
	"sluice/internal/pipeline"
)

// Finished finds what a stage left. See pipeline.Checkpoints.
func (s *Store) Finished(ctx context.Context, stage job.Stage, key string) (body []byte, ok bool, err error) {
	err = s.reads.QueryRowContext(ctx, `SELECT body FROM checkpoints WHERE stage = ? AND key = ?`, stage, key).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, s.explain(err)
	}
	if body, err = inflate(body); err != nil {
		return nil, false, err
	}
	return body, true, nil
}

// Begin says that a stage has started. See pipeline.Checkpoints. One that began
// before it may go on beside it.
func (s *Store) Begin(ctx context.Context, lease job.Lease, stage job.Stage) error {
	return s.fenced(ctx, lease, func(t *tx, h holding) error {
		err := t.exec(`UPDATE stage_runs INDEXED BY stage_runs_job SET finished_at = ? WHERE job = ? AND stage = ? AND finished_at = 0`, s.now(), h.seq, stage)
		if err != nil {
			return err
		}
		err = t.exec(`INSERT INTO stage_runs (job, stage, started_at) VALUES (?, ?, ?)`, h.seq, stage, s.now())
		if err != nil {
			return err
		}
		// It was let in, so what a gate once said about it is over.
		err = t.exec(`UPDATE jobs SET stage = ?, progress_stage = ?, progress = 0, eta_seconds = 0, need = NULL WHERE seq = ?`, stage, stage, h.seq)
		if err != nil {
			return err
		}
		return s.record(t, h.seq, job.VerbBegin, job.Running, "")
	})
}

// Finish stores what a stage left. See pipeline.Checkpoints. The counters
// start anew only with a checkpoint that was not there before: a job that
// finishes the same stage again and again makes no progress.
func (s *Store) Finish(ctx context.Context, lease job.Lease, stage job.Stage, key string, body []byte, reused bool, took time.Duration) error {
	small, err := deflate(body)
	if err != nil {
		return err
	}
	return s.fenced(ctx, lease, func(t *tx, h holding) error {
		if err := s.leaveCheckpoint(t, h.seq, stage, key, small, reused); err != nil {
			return err
		}
		if stage == job.Transcribe {
			if err := heardAnew(t, h.seq, key); err != nil {
				return err
			}
		}
		o, err := optionsOf(t, h.seq)
		if err != nil {
			return err
		}
		if !reused {
			if err := s.learn(t, h.seq, o, stage, took); err != nil {
				return err
			}
		}
		if err := s.finishRun(t, h.seq, stage, key, reused); err != nil {
			return err
		}
		if err := s.record(t, h.seq, job.VerbFinish, job.Running, ""); err != nil {
			return err
		}
		// Not while another stage runs: the next one may have begun before this one ended.
		return t.exec(`UPDATE jobs SET stage = ?, progress_stage = '', progress = 0, eta_seconds = 0
			WHERE seq = ? AND NOT EXISTS (SELECT 1 FROM stage_runs INDEXED BY stage_runs_job WHERE job = ? AND finished_at = 0)`, after(stage, o.Stages()), h.seq, h.seq)
	})
}

func optionsOf(t *tx, seq int64) (o job.Options, err error) {
	var text string
	if err := t.row(`SELECT options FROM jobs WHERE seq = ?`, []any{seq}, &text); err != nil {
		return o, err
	}
	return o, fromJSON(text, &o)
}

// after is the stage of a job's own that comes next; the last one stays. What is
// delivered is not waited for.
func after(stage job.Stage, own []job.Stage) job.Stage {
	if i := slices.Index(own, stage); i >= 0 && i+1 < len(own) {
		return own[i+1]
	}
	return stage
}

// Spans lists the finished spans under a key. See pipeline.Checkpoints. They
// live as long as any job that has made this key its own.
func (s *Store) Spans(ctx context.Context, lease job.Lease, key string) ([]pipeline.Span, error) {
	var spans []pipeline.Span
	err := s.fenced(ctx, lease, func(t *tx, h holding) error {
		if err := adopt(t, h.seq, key); err != nil {
			return err
		}
		var found []pipeline.Span
		err := t.rows(`SELECT body FROM spans WHERE key = ? ORDER BY from_ms`, []any{key}, func(row scanner) error {
			sp, err := scanSpan(row)
			found = append(found, sp)
			return err
		})
		if err != nil {
			return err
		}
		if len(found) > 0 { // the run that reads them goes on from there; another stage may run beside it
			err = resumed(t, h.seq, job.Transcribe)
		}
		spans = found
		return err
	})
	if err != nil {
		return nil, err
	}
	return spans, nil
}

// adopt makes a key the job's own. A transcript made from other inputs is no
// longer what the job is working towards, nor is what was made of it.
func adopt(t *tx, seq int64, key string) error {
	n, err := t.change(`UPDATE jobs SET transcribe_key = ? WHERE seq = ? AND transcribe_key IS NOT ?`, key, seq, key)
	if err != nil || n == 0 {
		return err
	}
	if err := t.exec(`DELETE FROM transcripts WHERE job = ?`, seq); err != nil {
		return err
	}
	return dropDerived(t, seq)
}

// AddSpan stores one more span. See pipeline.Checkpoints. Spans of an earlier
// pass at or behind its start are dropped: they need not fit to it.
func (s *Store) AddSpan(ctx context.Context, lease job.Lease, key string, sp pipeline.Span) error {
	body, err := pack(sp)
	if err != nil {
		return err
	}
	return s.fenced(ctx, lease, func(t *tx, h holding) error {
		if err := adopt(t, h.seq, key); err != nil {
			return err
		}
		replaced, err := t.change(`DELETE FROM spans WHERE key = ? AND from_ms >= ?`, key, sp.FromMS)
		if err != nil {
			return err
		}
		err = t.exec(`INSERT INTO spans (key, from_ms, to_ms, job, body) VALUES (?, ?, ?, ?, ?)`, key, sp.FromMS, sp.ToMS, h.seq, body)
		if err != nil || replaced > 0 {
			return err
		}
		return forgive(t, h.seq)
	})
}

// fenced runs a write of the worker that holds the lease.
func (s *Store) fenced(ctx context.Context, lease job.Lease, run func(*tx, holding) error) error {
	return s.write(ctx, first, func(t *tx) error {
		h, err := hold(t, lease)
		if err != nil {
			return err
		}
		return run(t, h)
	})
}

// forgive starts the counters anew: progress is never poison.
func forgive(t *tx, seq int64) error {
	return t.exec(`UPDATE jobs SET attempts = 0, crashes = 0, deaths = 0, error = NULL
		WHERE seq = ? AND (attempts > 0 OR crashes > 0 OR deaths > 0 OR error IS NOT NULL)`, seq)
}

// closeRun ends the row of the stage that was running, if there is one.
func (s *Store) closeRun(t *tx, seq int64, code string) error {
	return t.exec(`UPDATE stage_runs INDEXED BY stage_runs_job SET finished_at = ?, error = ? WHERE job = ? AND finished_at = 0`, s.now(), code, seq)
}

// finishRun ends the row of a stage that has done its work. A stage that was
// found finished may never have begun. With its key the row says that the job
// relies on what is there: see migrations/3.sql.
func (s *Store) finishRun(t *tx, seq int64, stage job.Stage, key string, reused bool) error {
	n, err := t.change(`UPDATE stage_runs INDEXED BY stage_runs_job SET finished_at = ?, reused = ?, key = ? WHERE job = ? AND stage = ? AND finished_at = 0`,
		s.now(), reused, key, seq, stage)
	if err != nil || n > 0 {
		return err
	}
	return t.exec(`INSERT INTO stage_runs (job, stage, started_at, finished_at, reused, key) VALUES (?, ?, ?, ?, ?, ?)`,
		seq, stage, s.now(), s.now(), reused, key)
}

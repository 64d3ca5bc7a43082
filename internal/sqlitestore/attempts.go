package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// maxLog bounds what is kept of a log, in bytes: its end.
const maxLog = 8 << 10

// settled keeps what ended a run that did not do its work. It comes before the
// run itself is closed.
func (s *Store) settled(t *tx, seq int64, to job.State, o queue.Outcome) error {
	a := job.Attempt{Kind: job.AttemptInterrupted, Code: string(fault.Interrupted), Message: o.Wait.Text}
	switch {
	case to == job.Done:
		return nil
	case o.Error != nil:
		a = job.Attempt{Stage: o.Error.Stage, Kind: job.AttemptError, Code: o.Error.Code, Message: o.Error.Message, Hint: o.Error.Hint, Log: o.Error.Detail}
		if o.Crash {
			a.Kind = job.AttemptCrash
		}
		if o.Crash && (a.Code == string(fault.EngineOutOfMemory) || a.Code == string(fault.OllamaOutOfMemory)) {
			a.Kind = job.AttemptOutOfMemory
		}
	case to == job.Canceled:
		a = job.Attempt{Kind: job.AttemptCanceled, Code: string(fault.CanceledByUser)}
	case o.Wait.Reason == job.Memory:
		a.Kind = job.AttemptYield
	}
	return s.keepAttempt(t, seq, a)
}

// died keeps that Sluice itself ended while a stage ran.
func (s *Store) died(t *tx, seq int64, code fault.Code, failure *job.Failure, unexpected bool) error {
	a := job.Attempt{Kind: job.AttemptCrash, Code: string(code), Message: "Sluice ended while it worked on this job."}
	switch {
	case code == fault.CanceledByUser:
		a = job.Attempt{Kind: job.AttemptCanceled, Code: string(code)}
	case failure != nil:
		a.Stage, a.Message, a.Hint = failure.Stage, failure.Message, failure.Hint
	case !unexpected:
		a.Kind = job.AttemptInterrupted
	}
	return s.keepAttempt(t, seq, a)
}

// keepAttempt stores one try at a stage, and drops the job's oldest when there
// are too many. Without a failure there was a try only when a stage ran.
func (s *Store) keepAttempt(t *tx, seq int64, a job.Attempt) error {
	now := s.now()
	var stage job.Stage
	began := now
	err := t.row(`SELECT stage, started_at FROM stage_runs INDEXED BY stage_runs_job WHERE job = ? AND finished_at = 0 AND ? IN (stage, '')
		ORDER BY seq DESC LIMIT 1`, []any{seq, a.Stage}, &stage, &began)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if a.Stage == "" {
			return nil
		}
	case err != nil:
		return err
	default:
		a.Stage = stage
	}
	var log any
	if words := lastOf(a.Log); words != "" {
		if log, err = deflate([]byte(words)); err != nil {
			return err
		}
	}
	err = t.exec(`INSERT INTO attempts (job, stage, number, started_at, finished_at, kind, code, message, hint, log)
		VALUES (?, ?, 1 + coalesce((SELECT max(number) FROM attempts INDEXED BY attempts_job WHERE job = ? AND stage = ?), 0), ?, ?, ?, ?, ?, ?, ?)`,
		seq, a.Stage, seq, a.Stage, began, now, a.Kind, a.Code, a.Message, a.Hint, log)
	if err != nil {
		return err
	}
	return t.exec(`DELETE FROM attempts WHERE seq IN (SELECT seq FROM attempts INDEXED BY attempts_job WHERE job = ? ORDER BY seq DESC LIMIT -1 OFFSET ?)`,
		seq, job.MaxAttempts)
}

// lastOf is the end of a log that is kept.
func lastOf(log string) string {
	if len(log) > maxLog {
		log = log[len(log)-maxLog:]
	}
	return log
}

// Attempts lists the tries at a job's stages that did not come to their end, the
// newest job.MaxAttempts, oldest first. Fault job_unknown.
func (s *Store) Attempts(ctx context.Context, jobID string) ([]job.Attempt, error) {
	var all []job.Attempt
	err := s.query(ctx, `SELECT stage, number, started_at, finished_at, kind, code, message, hint, log
		FROM attempts INDEXED BY attempts_job WHERE job = (SELECT seq FROM jobs WHERE id = ?) ORDER BY seq`, []any{jobID},
		func(row scanner) error {
			var a job.Attempt
			var began, ended int64
			var log []byte
			if err := row.Scan(&a.Stage, &a.Number, &began, &ended, &a.Kind, &a.Code, &a.Message, &a.Hint, &log); err != nil {
				return err
			}
			a.StartedAt, a.FinishedAt = moment(began), moment(ended)
			if log != nil {
				words, err := inflate(log)
				if err != nil {
					return err
				}
				a.Log = string(words)
			}
			all = append(all, a)
			return nil
		})
	if err == nil && len(all) == 0 {
		_, err = s.Get(ctx, jobID)
	}
	return all, err
}

package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// never is ready_at of a job that only a release makes ready.
const never = int64(1) << 62

// waiting is the columns that say why a queued job is not next.
type waiting struct {
	reason         job.Reason
	text           string
	until, readyAt int64
}

// newWaiting puts a wait into columns. Who waits for memory or for their turn
// stays in front; all others step aside until their time, or until released.
func newWaiting(w job.Wait) waiting {
	out := waiting{reason: w.Reason, text: w.Text, until: millis(w.Until)}
	switch {
	case w.Reason == "":
		out.reason = job.Turn
	case w.Reason.Blocking():
	case w.Until.IsZero():
		out.readyAt = never
	default:
		out.readyAt = out.until
	}
	return out
}

// nextReady is the first of those that are ready and of those whose time has
// come since the last take. The latter are few; both are without those who
// stand aside.
const nextReady = `SELECT ` + jobColumns + ` FROM jobs WHERE seq = (
	SELECT seq FROM (
		SELECT * FROM (SELECT priority, rank, seq FROM jobs INDEXED BY jobs_ready
			WHERE state = 'queued' AND ready_at = 0 ORDER BY priority DESC, rank, seq LIMIT 1)
		UNION ALL
		SELECT * FROM (SELECT priority, rank, seq FROM jobs INDEXED BY jobs_due
			WHERE state = 'queued' AND ready_at > 0 AND ready_at <= ? ORDER BY priority DESC, rank, seq LIMIT 1))
	ORDER BY priority DESC, rank, seq LIMIT 1)`

// Next shows the first ready job of the line. See queue.Line.
func (s *Store) Next(ctx context.Context) (job.Job, error) {
	now := s.now()
	j, err := s.one(ctx, now, nextReady, now)
	if errors.Is(err, sql.ErrNoRows) {
		return job.Job{}, queue.ErrEmpty
	}
	return j, err
}

// promotedAtOnce bounds how long a take is held up when very many jobs have
// become due together.
const promotedAtOnce = 2000

// promote makes those jobs ready for good that have become ready by the clock.
func promote(t *tx, now int64) error {
	return t.exec(`UPDATE jobs SET reason = 'turn', reason_text = '', until = 0, ready_at = 0 WHERE seq IN (
			SELECT seq FROM jobs INDEXED BY jobs_due WHERE state = 'queued' AND ready_at > 0 AND ready_at <= ? ORDER BY ready_at LIMIT ?)`,
		now, promotedAtOnce)
}

// promoteMany does the same when more jobs are due than a look at the line should
// have to sort, also while nothing is taken.
func (s *Store) promoteMany(ctx context.Context) error {
	for {
		var due int64
		err := s.askOne(ctx, `SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_due
			WHERE state = 'queued' AND ready_at > 0 AND ready_at <= ? LIMIT ?)`, s.now(), promotedAtOnce).Scan(&due)
		if err != nil || due < promotedAtOnce {
			return s.explain(err)
		}
		if err := s.write(ctx, later, func(t *tx) error { return promote(t, s.now()) }); err != nil {
			return err
		}
	}
}

// Take starts a job. See queue.Line. That the line is not paused is part of the
// statement: nothing starts once a pause is acknowledged. A take that has begun
// is not given up when ctx ends: a job that runs while nobody holds its lease
// would be stuck.
func (s *Store) Take(ctx context.Context, id, owner string) (job.Job, job.Lease, error) {
	if owner == "" {
		return job.Job{}, job.Lease{}, errors.New("take job: no owner")
	}
	if err := ctx.Err(); err != nil {
		return job.Job{}, job.Lease{}, err
	}
	var j job.Job
	err := s.write(context.WithoutCancel(ctx), first, func(t *tx) error {
		seq, err := seqOf(t, id)
		if err != nil {
			return err
		}
		now := s.now()
		n, err := t.change(`UPDATE jobs SET state = 'running', reason = '', reason_text = '', until = 0, ready_at = 0,
				token = token + 1, owner = ?, progress_stage = '', progress = 0, eta_seconds = 0, cancel_requested = 0, swept = 0,
				started_at = iif(started_at = 0, ?, started_at)
			WHERE seq = ? AND state = 'queued' AND ready_at <= ? AND NOT (SELECT paused FROM line)`, owner, now, seq, now)
		if err != nil {
			return err
		}
		if n == 0 {
			return queue.ErrEmpty
		}
		if err := s.record(t, seq, job.VerbTake, job.Queued, ""); err != nil {
			return err
		}
		if err := promote(t, now); err != nil {
			return err
		}
		j, err = s.bySeq(t, seq)
		return err
	})
	if err != nil {
		return job.Job{}, job.Lease{}, err
	}
	return j, job.Lease{ID: j.ID, Token: j.Token, Owner: j.Owner}, nil
}

// Renew stores progress and hears whether to stop. See queue.Line.
func (s *Store) Renew(ctx context.Context, lease job.Lease, p job.Progress) (queue.Directive, error) {
	var d queue.Directive
	err := s.write(ctx, first, func(t *tx) error {
		err := t.row(`UPDATE jobs SET progress_stage = ?, progress = ?, eta_seconds = ?
			WHERE id = ? AND state = 'running' AND token = ? AND owner = ? RETURNING cancel_requested`,
			[]any{p.Stage, p.Fraction, p.ETASeconds, lease.ID, lease.Token, lease.Owner}, &d.Cancel)
		if errors.Is(err, sql.ErrNoRows) {
			return job.ErrLeaseLost
		}
		return err
	})
	if err != nil {
		return queue.Directive{}, err
	}
	return d, nil
}

// Settle ends a run. See queue.Line. A run that is given back after a cancel
// was asked for ends as canceled.
func (s *Store) Settle(ctx context.Context, lease job.Lease, o queue.Outcome) (job.Job, error) {
	if err := job.Move(job.Running, o.State); err != nil {
		return job.Job{}, fmt.Errorf("settle as %q: %w", o.State, err)
	}
	var j job.Job
	err := s.write(ctx, first, func(t *tx) error {
		held, err := hold(t, lease)
		if err != nil {
			return err
		}
		to := o.State
		if to == job.Queued && held.cancelRequested {
			to = job.Canceled
		}
		code := ""
		if o.Error != nil {
			code = o.Error.Code
		}
		if err := s.count(t, held.seq, o); err != nil {
			return err
		}
		if err := s.leave(t, held.seq, to, o.Wait, o.Error); err != nil {
			return err
		}
		if err := s.settled(t, held.seq, to, o); err != nil {
			return err
		}
		if err := s.closeRun(t, held.seq, cutOff(to, code)); err != nil {
			return err
		}
		if err := s.record(t, held.seq, job.VerbSettle, job.Running, code); err != nil {
			return err
		}
		j, err = s.bySeq(t, held.seq)
		return err
	})
	if err != nil {
		return job.Job{}, err
	}
	return j, nil
}

// cutOff is the code of a stage that was running when its job was settled.
func cutOff(to job.State, code string) string {
	switch {
	case code != "" || to == job.Done:
		return code
	case to == job.Canceled:
		return string(fault.CanceledByUser)
	}
	return string(fault.Interrupted)
}

func (s *Store) count(t *tx, seq int64, o queue.Outcome) error {
	if !o.Attempt && !o.Crash {
		return nil
	}
	return t.exec(`UPDATE jobs SET attempts = attempts + ?, crashes = crashes + ? WHERE seq = ?`, o.Attempt, o.Crash, seq)
}

// leave takes a job out of the running state: its lease ends with it.
func (s *Store) leave(t *tx, seq int64, to job.State, w job.Wait, failure *job.Failure) error {
	text, err := orNull(failure, failure != nil)
	if err != nil {
		return err
	}
	if to == job.Queued {
		need, err := orNull(w.Need, w.Need != job.Need{})
		if err != nil {
			return err
		}
		c := newWaiting(w)
		return t.exec(`UPDATE jobs SET state = 'queued', reason = ?, reason_text = ?, until = ?, ready_at = ?, need = ?,
				error = coalesce(?, error), owner = '', progress_stage = '', progress = 0, eta_seconds = 0
			WHERE seq = ?`, c.reason, c.text, c.until, c.readyAt, need, text, seq)
	}
	return t.exec(`UPDATE jobs SET state = ?, reason = '', reason_text = '', until = 0, ready_at = 0, need = NULL,
			error = ?, owner = '', progress_stage = '', progress = 0, eta_seconds = 0, cancel_requested = 0, finished_at = ?
		WHERE seq = ?`, to, text, s.now(), seq)
}

// Defer says why a ready job is not taken. See queue.Line. A wait that names no need keeps the one there was.
func (s *Store) Defer(ctx context.Context, id string, w job.Wait) (job.Job, error) {
	var j job.Job
	err := s.write(ctx, first, func(t *tx) error {
		seq, err := seqOf(t, id)
		if err != nil {
			return err
		}
		need, err := orNull(w.Need, w.Need != job.Need{})
		if err != nil {
			return err
		}
		now := s.now()
		var before job.Reason
		err = t.row(`SELECT iif(ready_at > 0, 'turn', reason) FROM jobs WHERE seq = ? AND state = 'queued' AND ready_at <= ?`, []any{seq, now}, &before)
		if errors.Is(err, sql.ErrNoRows) {
			return queue.ErrEmpty
		}
		if err != nil {
			return err
		}
		if err := promote(t, now); err != nil {
			return err
		}
		c := newWaiting(w)
		err = t.exec(`UPDATE jobs SET reason = ?, reason_text = ?, until = ?, ready_at = ?, need = coalesce(?, need) WHERE seq = ?`,
			c.reason, c.text, c.until, c.readyAt, need, seq)
		if err != nil {
			return err
		}
		if before != c.reason {
			if err := s.recordDefer(t, seq, c.reason); err != nil {
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

// recordDefer leaves out what the newest event says already: a job may be put off
// for the same reason at every look, for days.
func (s *Store) recordDefer(t *tx, seq int64, r job.Reason) error {
	var last struct {
		verb   job.Verb
		reason job.Reason
	}
	err := t.row(`SELECT verb, reason FROM events INDEXED BY events_job WHERE job = ? ORDER BY seq DESC LIMIT 1`, []any{seq}, &last.verb, &last.reason)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return err
	case last.verb == job.VerbDefer && last.reason == r:
		return nil
	}
	return s.record(t, seq, job.VerbDefer, job.Queued, "")
}

// Recover takes the running jobs of other owners away from them. See
// queue.Line: only one process has the file, so other owners are dead.
func (s *Store) Recover(ctx context.Context, owner string, maxDeaths int) ([]job.Job, error) {
	var recovered []job.Job
	err := s.write(ctx, first, func(t *tx) error {
		var orphans []holding
		err := t.rows(`SELECT seq, cancel_requested, deaths, stage FROM jobs INDEXED BY jobs_running
			WHERE state = 'running' AND owner <> ? ORDER BY seq`, []any{owner}, func(row scanner) error {
			var h holding
			err := row.Scan(&h.seq, &h.cancelRequested, &h.deaths, &h.stage)
			orphans = append(orphans, h)
			return err
		})
		if err != nil {
			return err
		}
		var out []job.Job
		for _, h := range orphans {
			if err := s.recoverOne(t, h, maxDeaths); err != nil {
				return err
			}
			j, err := s.bySeq(t, h.seq)
			if err != nil {
				return err
			}
			out = append(out, j)
		}
		recovered = out
		return nil
	})
	if err != nil {
		return nil, err
	}
	return recovered, nil
}

func (s *Store) recoverOne(t *tx, h holding, maxDeaths int) error {
	counts := maxDeaths >= 0
	if err := t.exec(`UPDATE jobs SET deaths = deaths + ? WHERE seq = ?`, counts, h.seq); err != nil {
		return err
	}
	to, code := job.Queued, fault.WorkerCrashed
	var failure *job.Failure
	switch {
	case h.cancelRequested:
		to, code = job.Canceled, fault.CanceledByUser
	case counts && h.deaths+1 > maxDeaths:
		f := fault.New(fault.WorkerCrashed, "Sluice ended too often while it worked on this job.", nil)
		to, failure = job.Failed, &job.Failure{Code: string(f.Code), Message: f.Say, Hint: f.Hint, Stage: h.stage}
	}
	if err := s.leave(t, h.seq, to, job.Wait{Reason: job.Turn}, failure); err != nil {
		return err
	}
	if err := s.died(t, h.seq, code, failure, counts); err != nil {
		return err
	}
	if err := s.closeRun(t, h.seq, string(code)); err != nil {
		return err
	}
	return s.record(t, h.seq, job.VerbRecover, job.Running, string(code))
}

// firstDue is the earliest time at which a waiting job is ready.
const firstDue = `SELECT ready_at FROM jobs INDEXED BY jobs_due WHERE state = 'queued' AND ready_at > 0 AND ready_at < ? ORDER BY ready_at LIMIT 1`

// ReadyAt is the earliest time at which a waiting job is ready, also when that
// has just passed: a job that fell due since the last Next must not be slept
// over. See queue.Line.
func (s *Store) ReadyAt(ctx context.Context) (time.Time, error) {
	var at int64
	err := s.askOne(ctx, firstDue, never).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return moment(at), s.explain(err)
}

// holding is a running job as the one who holds its lease finds it.
type holding struct {
	seq             int64
	cancelRequested bool
	deaths          int
	stage           job.Stage
}

// hold is the fence before every write of a worker: the job runs, under this
// token, for this owner. Nothing can come between it and what follows, since
// both are in the writer's transaction. A job that is gone has no live lease
// either.
func hold(t *tx, lease job.Lease) (holding, error) {
	var h holding
	err := t.row(`SELECT seq, cancel_requested, deaths, stage FROM jobs WHERE id = ? AND state = 'running' AND token = ? AND owner = ?`,
		[]any{lease.ID, lease.Token, lease.Owner}, &h.seq, &h.cancelRequested, &h.deaths, &h.stage)
	if errors.Is(err, sql.ErrNoRows) {
		return h, job.ErrLeaseLost
	}
	return h, err
}

func seqOf(t *tx, id string) (seq int64, err error) {
	err = t.row(`SELECT seq FROM jobs WHERE id = ?`, []any{id}, &seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, unknownJob()
	}
	return seq, err
}

func (s *Store) bySeq(t *tx, seq int64) (j job.Job, err error) {
	err = t.one(`SELECT `+jobColumns+` FROM jobs WHERE seq = ?`, []any{seq}, func(row scanner) error {
		j, err = scanJob(row, s.now())
		return err
	})
	return j, err
}

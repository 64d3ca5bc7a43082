package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// steered is a job as those find it who want to change its way.
type steered struct {
	seq         int64
	state       job.State
	priority    int
	rank        int64
	stage       job.Stage
	cancelAsked bool
	identity    sql.NullString
	keyed       bool
	model       string
	language    string // work, of the options
	options     string
	fresh       sql.NullString
}

// steer changes one job in one transaction, and returns it as it is then. What
// change returns as the verb is written down; "" = nothing was changed.
func (s *Store) steer(ctx context.Context, id string, change func(t *tx, h steered) (job.Verb, error)) (j job.Job, err error) {
	err = s.write(ctx, first, func(t *tx) error {
		var h steered
		err := t.row(`SELECT seq, state, priority, rank, stage, cancel_requested, identity, keyed, model, options, language_work, fresh FROM jobs WHERE id = ?`, []any{id},
			&h.seq, &h.state, &h.priority, &h.rank, &h.stage, &h.cancelAsked, &h.identity, &h.keyed, &h.model, &h.options, &h.language, &h.fresh)
		if errors.Is(err, sql.ErrNoRows) {
			return unknownJob()
		}
		if err != nil {
			return err
		}
		verb, err := change(t, h)
		if err != nil {
			return err
		}
		if verb != "" {
			if err := s.record(t, h.seq, verb, h.state, ""); err != nil {
				return err
			}
		}
		j, err = s.bySeq(t, h.seq)
		return err
	})
	if err != nil {
		return job.Job{}, err
	}
	return j, nil
}

// waits refuses what can be done only to a job that stands in the line.
func (h steered) waits() error {
	switch {
	case h.state.Final():
		return finalJob()
	case h.state == job.Running:
		return fault.New(fault.JobRunning, "The job is running.", nil)
	}
	return nil
}

func finalJob() error { return fault.New(fault.JobFinal, "The job has already ended.", nil) }

func liveJob() error { return fault.New(fault.JobLive, "The job has not ended yet.", nil) }

// Cancel ends a queued job and marks a running one. See queue.Control.
func (s *Store) Cancel(ctx context.Context, id string) (job.Job, error) {
	return s.steer(ctx, id, func(t *tx, h steered) (job.Verb, error) {
		switch {
		case h.state.Final():
			return "", finalJob()
		case h.state == job.Queued:
			return job.VerbCancel, s.leave(t, h.seq, job.Canceled, job.Wait{}, nil)
		case h.cancelAsked:
			return "", nil
		}
		return job.VerbCancel, t.exec(`UPDATE jobs SET cancel_requested = 1 WHERE seq = ?`, h.seq)
	})
}

// Hold keeps a queued job from being taken. See queue.Control.
func (s *Store) Hold(ctx context.Context, id string, until time.Time) (job.Job, error) {
	w := newWaiting(job.Wait{Reason: job.Held})
	if !until.IsZero() {
		w = newWaiting(job.Wait{Reason: job.Scheduled, Until: until})
	}
	return s.steer(ctx, id, func(t *tx, h steered) (job.Verb, error) {
		if err := h.waits(); err != nil {
			return "", err
		}
		if w.readyAt <= s.now() {
			return s.release(t, h.seq)
		}
		n, err := t.change(`UPDATE jobs SET reason = ?1, reason_text = ?2, until = ?3, ready_at = ?4
			WHERE seq = ?5 AND NOT (reason = ?1 AND ready_at = ?4)`, w.reason, w.text, w.until, w.readyAt, h.seq)
		if err != nil || n == 0 {
			return "", err
		}
		return job.VerbHold, nil
	})
}

// Release makes a queued job ready. See queue.Control.
func (s *Store) Release(ctx context.Context, id string) (job.Job, error) {
	return s.steer(ctx, id, func(t *tx, h steered) (job.Verb, error) {
		if err := h.waits(); err != nil {
			return "", err
		}
		return s.release(t, h.seq)
	})
}

// release makes a job ready. One that is ready already, if only by the clock,
// stays as it is.
func (s *Store) release(t *tx, seq int64) (job.Verb, error) {
	n, err := t.change(`UPDATE jobs SET reason = 'turn', reason_text = '', until = 0, ready_at = 0 WHERE seq = ? AND ready_at > ?`, seq, s.now())
	if err != nil || n == 0 {
		return "", err
	}
	return job.VerbRelease, nil
}

// Retry puts a job that has ended back in the line. See queue.Control. Its rank
// is a new one: what waits already has waited longer. The transcript it has stays
// until the work on another one begins.
func (s *Store) Retry(ctx context.Context, id string, r job.Retry) (job.Job, error) {
	return s.steer(ctx, id, func(t *tx, h steered) (job.Verb, error) {
		if !h.state.Final() {
			return "", liveJob()
		}
		if err := h.redo(r); err != nil {
			return "", err
		}
		if err := unlikeOthers(t, h); err != nil {
			return "", err
		}
		var rank int64
		if err := t.row(`SELECT `+lastRankOf, []any{h.priority}, &rank); err != nil {
			return "", err
		}
		w := newWaiting(r.Wait)
		return job.VerbRetry, t.exec(`UPDATE jobs SET state = 'queued', reason = ?, reason_text = ?, until = ?, ready_at = ?, need = NULL,
				rank = ?, stage = ?, attempts = 0, crashes = 0, deaths = 0, error = NULL, cancel_requested = 0,
				identity = ?, model = ?, language_work = ?, options = ?, fresh = ?,
				swept = 0, started_at = 0, finished_at = 0
			WHERE seq = ?`, w.reason, w.text, w.until, w.readyAt, rank+rankGap, h.stage,
			h.identity, h.model, h.language, h.options, h.fresh, h.seq)
	})
}

// redo fills in what a retry changes about the work itself.
func (h *steered) redo(r job.Retry) error {
	if r.Options != nil {
		text, err := toJSON(*r.Options)
		if err != nil {
			return err
		}
		if h.language, err = languageWork(queue.LoadOf(*r.Options, 0)); err != nil {
			return err
		}
		h.options, h.model = text, r.Options.Model
		h.identity = sql.NullString{String: r.Identity, Valid: r.Identity != ""}
	}
	h.stage = r.Stage(h.stage)
	if r.From == "" {
		return nil
	}
	if !slices.Contains(job.Stages(), r.From) {
		return fault.New(fault.RequestInvalid, "There is no such stage.", nil)
	}
	fresh := map[job.Stage]int{}
	if err := fromJSON(h.fresh.String, &fresh); err != nil {
		return err
	}
	fresh[r.From]++
	var err error
	h.fresh, err = orNull(fresh, true)
	return err
}

// unlikeOthers refuses a second live job of one identity, as submit would find
// the first. One that came with a key of its own is nobody's double.
func unlikeOthers(t *tx, h steered) error {
	if h.keyed || !h.identity.Valid {
		return nil
	}
	var other string
	err := t.row(`SELECT id FROM jobs INDEXED BY jobs_identity WHERE identity = ? AND state IN ('queued', 'running') LIMIT 1`,
		[]any{h.identity}, &other)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.New(fault.JobDuplicate, "An identical job is in the line: "+other+".", nil)
}

// Delete removes a job that has ended. See queue.Control.
func (s *Store) Delete(ctx context.Context, id string) error {
	return s.write(ctx, first, func(t *tx) error {
		seq, err := seqOf(t, id)
		if err != nil {
			return err
		}
		n, err := t.change(`DELETE FROM jobs WHERE seq = ? AND finished_at > 0`, seq)
		if err == nil && n == 0 {
			err = liveJob()
		}
		return err
	})
}

// clearFor bounds how long a step of Clear keeps the worker's writes waiting.
const clearFor = 25 * time.Millisecond

// Clear takes jobs out of one state. See queue.Control. It goes step by step; the
// ids are also of those that were cleared before it failed.
func (s *Store) Clear(ctx context.Context, state job.State, most int) ([]string, error) {
	if !state.Final() && state != job.Queued {
		return nil, fault.New(fault.RequestInvalid, "Jobs of this state cannot be cleared.", nil).
			WithHint("Clear queued, done, failed or canceled.")
	}
	var ids []string
	for len(ids) < most {
		some, err := s.clearSome(ctx, state, most-len(ids))
		if err != nil || len(some) == 0 {
			return ids, err
		}
		ids = append(ids, some...)
	}
	return ids, nil
}

// clearSome clears for a moment; none when none is left.
func (s *Store) clearSome(ctx context.Context, state job.State, most int) (ids []string, err error) {
	err = s.write(ctx, later, func(t *tx) error {
		var out []string
		for began := time.Now(); len(out) < most && (len(out) == 0 || time.Since(began) < clearFor); {
			var seq int64
			var id string
			err := t.row(`SELECT seq, id FROM jobs INDEXED BY jobs_state WHERE state = ? ORDER BY seq LIMIT 1`, []any{state}, &seq, &id)
			if errors.Is(err, sql.ErrNoRows) {
				break
			}
			if err == nil {
				err = s.clearOne(t, state, seq)
			}
			if err != nil {
				return err
			}
			out = append(out, id)
		}
		ids = out
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

func (s *Store) clearOne(t *tx, state job.State, seq int64) error {
	if state.Final() {
		return t.exec(`DELETE FROM jobs WHERE seq = ?`, seq)
	}
	if err := s.leave(t, seq, job.Canceled, job.Wait{}, nil); err != nil {
		return err
	}
	return s.record(t, seq, job.VerbCancel, job.Queued, "")
}

// boundedAtOnce bounds how long others wait when very many jobs are bounded.
const boundedAtOnce = 2000

// Bound makes no job wait longer for a reason than until then. See queue.Control.
func (s *Store) Bound(ctx context.Context, r job.Reason, until time.Time) (int, error) {
	for all, from := 0, int64(0); ; {
		var some []int64
		err := s.write(ctx, first, func(t *tx) error {
			var out []int64
			err := t.rows(`UPDATE jobs SET until = ?1, ready_at = ?1 WHERE seq IN (
					SELECT seq FROM jobs INDEXED BY jobs_waiting WHERE state = 'queued' AND reason <> 'turn' AND reason = ?2
						AND seq > ?3 AND ready_at > ?1 AND ready_at < ?4 ORDER BY seq LIMIT ?5)
				RETURNING seq`, []any{millis(until), r, from, never, boundedAtOnce}, func(row scanner) error {
				var seq int64
				err := row.Scan(&seq)
				out = append(out, seq)
				return err
			})
			some = out
			return err
		})
		if err != nil {
			return all, err
		}
		all += len(some)
		if len(some) < boundedAtOnce {
			return all, nil
		}
		from = slices.Max(some)
	}
}

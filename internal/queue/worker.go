package queue

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Run recovers what an earlier start left running, then takes jobs one at a
// time until ctx ends. A running job is stopped then and put back uncounted.
func (q *Queue) Run(ctx context.Context) error {
	if err := q.recoverOrphans(ctx); err != nil {
		return err
	}
	clocks := newClocks(q.cfg.Wall)
	for ctx.Err() == nil {
		wait, err := q.step(ctx, clocks)
		if err != nil && ctx.Err() == nil {
			// The store is in trouble (a full disk, for one). The line stands
			// still rather than falls: look again soon.
			q.log.Error("line stands still", "err", err)
			wait = q.cfg.Poll
		}
		if wait > 0 {
			q.sleep(ctx, wait)
		}
	}
	return nil
}

// recoverOrphans puts back what was running and looks again at what was waiting.
// While the disk is full it tries again: the line is not lost by that.
func (q *Queue) recoverOrphans(ctx context.Context) error {
	for ctx.Err() == nil {
		err := q.recoverOnce(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			return nil
		case fault.From(err).Kind != fault.KindBusy:
			return err
		}
		q.log.Error("line stands still", "err", err)
		q.sleep(ctx, q.cfg.Poll)
	}
	return nil
}

func (q *Queue) recoverOnce(ctx context.Context) error {
	orphans, err := q.Recover(ctx, q.cfg.Owner, maxDeaths)
	if err != nil {
		return fmt.Errorf("recover jobs: %w", err)
	}
	for _, j := range orphans {
		q.log.Warn("job recovered", "job", j.ID, "state", j.State, "deaths", j.Deaths)
		q.tell(ctx, j)
	}
	// What was away may be back: those jobs are looked at again now.
	for _, r := range []job.Reason{job.NoModel, job.NoSource, job.Disk} {
		if _, err := q.Store.ReleaseAll(ctx, r); err != nil {
			return fmt.Errorf("recover waiting jobs: %w", err)
		}
	}
	_, err = q.boundWaits(ctx) // the clock may have been set back meanwhile
	return err
}

// step does one thing: take and run a job, or find out how long to wait.
func (q *Queue) step(ctx context.Context, c *clocks) (wait time.Duration, err error) {
	if err := q.mindClocks(ctx, c); err != nil {
		return 0, err
	}
	paused, err := q.Paused(ctx)
	if err != nil {
		return 0, fmt.Errorf("read pause: %w", err)
	}
	if paused {
		q.deps.Idle()
		return q.cfg.Poll, nil // a resume wakes us sooner
	}
	next, err := q.Next(ctx)
	if errors.Is(err, ErrEmpty) {
		q.deps.Idle()
		return q.untilReady(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("look at the line: %w", err)
	}
	if w := q.deps.Runner.Ready(ctx, next); w != nil {
		if w.All {
			wait = min(max(w.Until.Sub(q.cfg.Wall()), 0), q.cfg.Poll)
		}
		return wait, q.put(ctx, next, *w) // those behind it may go on
	}
	if v := q.deps.Gate.Admit(ctx, next.Need); !v.Open && !v.Never { // what can never fit is taken, and fails
		q.deps.Idle() // memory that is kept warm may be all that is missing
		return q.cfg.Poll, q.explain(ctx, next, v)
	}
	j, lease, err := q.Take(ctx, next.ID, q.cfg.Owner)
	if lost(err) {
		return 0, nil // canceled, held or paused meanwhile
	}
	if err != nil {
		return 0, fmt.Errorf("take job: %w", err)
	}
	q.log.Info("job taken", "job", j.ID, "stage", j.Stage)
	q.tell(ctx, j)
	return 0, q.carry(ctx, j, lease)
}

// lost says that a job that was looked at is not to be had any more.
func lost(err error) bool { return errors.Is(err, ErrEmpty) || fault.Is(err, fault.JobUnknown) }

// untilReady is how long the line has nothing to do: until the first waiting
// job is due, or one poll.
func (q *Queue) untilReady(ctx context.Context) (time.Duration, error) {
	at, err := q.ReadyAt(ctx)
	if err != nil {
		return 0, err
	}
	if at.IsZero() {
		return q.cfg.Poll, nil
	}
	return min(max(at.Sub(q.cfg.Wall()), time.Millisecond), q.cfg.Poll), nil
}

// explain writes down why the first job is not taken, once per change of words.
func (q *Queue) explain(ctx context.Context, j job.Job, v job.Verdict) error {
	if j.Reason == v.Reason && j.ReasonText == v.Text {
		return nil
	}
	return q.put(ctx, j, job.Wait{Reason: v.Reason, Text: v.Text, Until: v.Until, Need: j.Need})
}

// put writes down what a job waits for.
func (q *Queue) put(ctx context.Context, j job.Job, w job.Wait) error {
	now, err := q.Defer(ctx, j.ID, w)
	if lost(err) {
		return nil // canceled or held meanwhile
	}
	if err != nil {
		return fmt.Errorf("explain wait: %w", err)
	}
	if now.Reason != j.Reason || now.ReasonText != j.ReasonText {
		q.tell(ctx, now)
	}
	return nil
}

// sleep ends with the time, a wake, a changed gate, or ctx.
func (q *Queue) sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-q.wake:
	case <-q.deps.Gate.Changed():
	}
}

// carry runs a taken job and settles it, whatever happens.
func (q *Queue) carry(ctx context.Context, j job.Job, lease job.Lease) error {
	began := time.Now()
	r := q.start(ctx, lease)
	e := ending{err: q.guard(r.ctx, lease, j, r.report)}
	e.cause, e.took = r.stop(), time.Since(began)
	if errors.Is(e.err, job.ErrLeaseLost) || errors.Is(e.cause, job.ErrLeaseLost) {
		q.log.Warn("lease lost", "job", j.ID)
		return nil
	}
	return q.settle(ctx, lease, e)
}

// ending is how a run came to its end.
type ending struct {
	err   error         // of the runner
	cause error         // why it was told to stop; nil = it was not
	took  time.Duration // by the clock that stands while the machine sleeps
}

// guard turns a panic of a runner into a failure of its job.
func (q *Queue) guard(ctx context.Context, lease job.Lease, j job.Job, report func(job.Progress)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "Something went wrong inside Sluice.", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return q.deps.Runner.Run(ctx, lease, j, report)
}

// settle writes the outcome, also when we are told to stop. While the disk is
// full it tries again: the outcome of an hour of work is worth waiting for.
func (q *Queue) settle(ctx context.Context, lease job.Lease, e ending) error {
	for {
		err := q.settleOnce(ctx, lease, e)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, job.ErrLeaseLost), fault.Is(err, fault.JobUnknown):
			q.log.Warn("lease lost", "job", lease.ID)
			return nil
		case ctx.Err() != nil: // found and put back at the next start
			q.log.Error("outcome not stored", "job", lease.ID, "err", err)
			return fmt.Errorf("settle job: %w", err)
		}
		q.log.Error("outcome not stored yet", "job", lease.ID, "err", err)
		q.sleep(ctx, q.cfg.Poll)
	}
}

func (q *Queue) settleOnce(ctx context.Context, lease job.Lease, e ending) error {
	save, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.cfg.Save)
	defer cancel()
	// Checkpoints have reset the counters since the job was taken.
	now, err := q.Store.Get(save, lease.ID)
	if err != nil {
		return err
	}
	o := decide(now, e.err, e.cause, q.cfg.Jitter(), q.cfg.Wall())
	settled, err := q.Settle(save, lease, o)
	if err != nil {
		return err
	}
	q.logOutcome(now, o, e)
	if err := q.Tell(save, settled.ID); err != nil {
		q.say(save, settled)
	}
	return nil
}

func (q *Queue) logOutcome(j job.Job, o Outcome, e ending) {
	switch {
	case o.State == job.Done:
		q.log.Info("job done", "job", j.ID, "dur", e.took.Round(time.Millisecond))
	case o.Error != nil:
		q.log.Warn("job stopped", "job", j.ID, "state", o.State, "stage", j.Stage, "code", o.Error.Code, "err", e.err)
	default:
		q.log.Info("job put back", "job", j.ID, "state", o.State, "reason", o.Wait.Reason)
	}
}

// run is one lease at work: its context, its heartbeat and its progress.
type run struct {
	ctx    context.Context //nolint:containedctx // it lives exactly as long as the run
	cancel context.CancelCauseFunc
	lease  job.Lease
	queue  *Queue
	done   chan struct{} // closed when the heartbeat has ended

	mu       sync.Mutex
	progress job.Progress
	told     time.Time
}

func (q *Queue) start(ctx context.Context, lease job.Lease) *run {
	r := &run{lease: lease, queue: q, done: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	q.mu.Lock()
	q.current = r
	q.mu.Unlock()
	go r.beat()
	return r
}

// stop ends the heartbeat and says why the run was canceled, if it was.
func (r *run) stop() error {
	cause := context.Cause(r.ctx)
	r.queue.mu.Lock()
	r.queue.current = nil
	r.queue.mu.Unlock()
	r.cancel(nil)
	<-r.done
	return cause
}

// beat renews the lease. The first renewal comes at once: it finds a cancel
// that came between the take and the start.
func (r *run) beat() {
	defer close(r.done)
	for {
		d, err := r.queue.Renew(r.ctx, r.lease, r.latest())
		switch {
		case r.ctx.Err() != nil:
			return
		case errors.Is(err, job.ErrLeaseLost):
			r.cancel(job.ErrLeaseLost)
			return
		case err != nil:
			r.queue.log.Warn("lease not renewed", "job", r.lease.ID, "err", err)
		case d.Cancel:
			r.cancel(canceledByUser())
			return
		}
		select {
		case <-r.ctx.Done():
			return
		case <-time.After(r.queue.cfg.Renew):
		}
	}
}

func (r *run) report(p job.Progress) {
	r.mu.Lock()
	tell := p.Stage != r.progress.Stage || p.Fraction >= 1 || time.Since(r.told) >= progressEvery
	r.progress = p
	if tell {
		r.told = time.Now()
	}
	r.mu.Unlock()
	if tell {
		r.queue.deps.Listener.JobProgress(r.lease.ID, p)
	}
}

func (r *run) latest() job.Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.progress
}

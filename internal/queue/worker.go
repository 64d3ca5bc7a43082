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
	q.recoverOrphans(ctx)
	s := &shift{clocks: newClocks(q.cfg.Wall)}
	for ctx.Err() == nil {
		wait, err := q.step(ctx, s)
		switch {
		case err == nil:
			s.trouble.over()
		case ctx.Err() == nil:
			wait = q.standStill(&s.trouble, err)
		}
		if wait > 0 && q.sleep(ctx, wait) {
			s.pacing.renew()
		}
	}
	return nil
}

// shift is what the worker keeps in mind from one step to the next.
type shift struct {
	clocks  *clocks
	pacing  pacing
	trouble complaints
	said    saying // what the gate was last quoted with
}

// saying is when words of a gate were written down, and of which job.
type saying struct {
	id string
	at time.Time
}

// sayEvery bounds how often new figures alone are written down: with each poll
// would be a write to a disk that may be swapping.
const sayEvery = 10 * time.Second

// standStill says how long the line rests when the store is in trouble (a full
// disk, for one): it stands still rather than falls, and looks again soon.
func (q *Queue) standStill(c *complaints, err error) time.Duration {
	if c.fresh(err) {
		q.log.Error("line stands still", "err", err)
	}
	return q.cfg.Poll
}

// recoverOrphans puts back what was running and looks again at what was waiting.
// It tries until it can, whatever the trouble is: a disk gets room again, and a
// damaged database is restored meanwhile.
func (q *Queue) recoverOrphans(ctx context.Context) {
	var trouble complaints
	for ctx.Err() == nil {
		err := q.recoverOnce(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		q.sleep(ctx, q.standStill(&trouble, err))
	}
}

func (q *Queue) recoverOnce(ctx context.Context) error {
	most := maxDeaths
	if q.cfg.CleanStart {
		most = -1 // nobody died
	}
	orphans, err := q.Recover(ctx, q.cfg.Owner, most)
	if err != nil {
		return fmt.Errorf("recover jobs: %w", err)
	}
	for _, j := range orphans {
		q.log.Warn("job recovered", "job", j.ID, "state", j.State, "deaths", j.Deaths)
		q.tell(ctx, j)
	}
	// What was away may be back: those jobs are looked at again now.
	for _, r := range []job.Reason{job.NoModel, job.NoSource, job.Disk} {
		n, err := q.Store.ReleaseAll(ctx, r)
		if err != nil {
			return fmt.Errorf("recover waiting jobs: %w", err)
		}
		if n > 0 {
			q.deps.Listener.LineChanged()
		}
	}
	_, err = q.boundWaits(ctx) // the clock may have been set back meanwhile
	return err
}

// step does one thing: take and run a job, or find out how long to wait.
func (q *Queue) step(ctx context.Context, s *shift) (wait time.Duration, err error) {
	if err := q.mindClocks(ctx, s.clocks); err != nil {
		return 0, err
	}
	paused, err := q.Paused(ctx)
	if err != nil {
		return 0, fmt.Errorf("read pause: %w", err)
	}
	if paused {
		s.pacing.found()
		q.deps.Idle()
		return q.cfg.Poll, nil // a resume wakes us sooner
	}
	next, err := q.Next(ctx)
	if errors.Is(err, ErrEmpty) {
		s.pacing.found()
		q.deps.Idle()
		return q.untilReady(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("look at the line: %w", err)
	}
	if w := q.deps.Runner.Ready(ctx, next); w != nil {
		if w.All {
			q.deps.Idle() // it may last: what is kept warm would hold its memory all the while
			wait = min(max(w.Until.Sub(q.cfg.Wall()), 0), q.cfg.Poll)
			return wait, q.put(ctx, next, *w)
		}
		wait = s.pacing.look() // those behind it may go on
		return wait, q.put(ctx, next, s.pacing.later(*w, q.cfg.Wall()))
	}
	s.pacing.found()
	if v := q.deps.Gate.Admit(ctx, next.Need); !v.Open && !v.Never { // what can never fit is taken, and fails
		q.deps.Idle() // memory that is kept warm may be all that is missing
		return q.cfg.Poll, q.explain(ctx, s, next, v)
	}
	j, lease, err := q.take(ctx, next.ID)
	if lost(err) {
		return 0, nil // canceled, held or paused meanwhile
	}
	if err != nil {
		return 0, fmt.Errorf("take job: %w", err)
	}
	s.pacing.renew()
	q.log.Info("job taken", "job", j.ID, "stage", j.Stage)
	q.tell(ctx, j)
	return 0, q.carry(ctx, j, lease)
}

// take starts a job. One that is being taken when we are told to stop is given
// back by its run: it must not look as if we had died with it.
func (q *Queue) take(ctx context.Context, id string) (job.Job, job.Lease, error) {
	if err := ctx.Err(); err != nil {
		return job.Job{}, job.Lease{}, err
	}
	save, done := q.outlast(ctx)
	defer done()
	return q.Take(save, id, q.cfg.Owner)
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

// explain writes down why the first job is not taken, when that has changed; of
// other words alone not at every look.
func (q *Queue) explain(ctx context.Context, s *shift, j job.Job, v job.Verdict) error {
	same := j.Reason == v.Reason && j.ReasonText == v.Text && j.Until.Equal(v.Until)
	lately := s.said.id == j.ID && j.Reason == v.Reason && time.Since(s.said.at) < sayEvery
	if same || lately {
		return nil
	}
	s.said = saying{j.ID, time.Now()}
	return q.put(ctx, j, job.Wait{Reason: v.Reason, Text: v.Text, Until: v.Until, Need: j.Need})
}

// put writes down what a job waits for, and tells of it when that is news.
func (q *Queue) put(ctx context.Context, j job.Job, w job.Wait) error {
	now, err := q.Defer(ctx, j.ID, w)
	if lost(err) {
		return nil // canceled or held meanwhile
	}
	if err != nil {
		return fmt.Errorf("explain wait: %w", err)
	}
	if !q.told.has(now) {
		q.tell(ctx, now)
	}
	return nil
}

// sleep ends with the time, a wake, a changed gate, or ctx. It says whether
// somebody woke it.
func (q *Queue) sleep(ctx context.Context, d time.Duration) (woken bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-q.wake:
		return true
	case <-q.deps.Gate.Changed():
	}
	return false
}

// carry runs a taken job and settles it, whatever happens.
func (q *Queue) carry(ctx context.Context, j job.Job, lease job.Lease) error {
	began := time.Now()
	r := q.start(ctx, lease)
	e := ending{err: q.guard(r.ctx, lease, j, r.report)}
	e.cause, e.took = r.stop(), time.Since(began)
	if wait := (*job.Wait)(nil); errors.As(e.cause, &wait) {
		q.deps.Idle() // what it held is wanted now, however long the outcome takes to store
	}
	if errors.Is(e.err, job.ErrLeaseLost) || errors.Is(e.cause, job.ErrLeaseLost) {
		q.leaseLost(ctx, j.ID)
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

// leaseLost tells of a job that is not ours any more as it stands now. It may be
// ours that it came to: a write that seemed to fail can have been done.
func (q *Queue) leaseLost(ctx context.Context, id string) {
	save, done := q.outlast(ctx)
	defer done()
	now, err := q.retell(save, id)
	if err != nil {
		q.log.Warn("lease lost", "job", id, "err", err)
		return
	}
	q.log.Warn("lease lost", "job", id, "state", now.State)
}

// settle writes the outcome, also when we are told to stop. While the disk is
// full it tries again: the outcome of an hour of work is worth waiting for.
func (q *Queue) settle(ctx context.Context, lease job.Lease, e ending) error {
	var trouble complaints
	for {
		err := q.settleOnce(ctx, lease, e)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, job.ErrLeaseLost), fault.Is(err, fault.JobUnknown):
			q.leaseLost(ctx, lease.ID)
			return nil
		case ctx.Err() != nil: // found and put back at the next start
			q.log.Error("outcome not stored", "job", lease.ID, "err", err)
			return fmt.Errorf("settle job: %w", err)
		}
		if trouble.fresh(err) {
			q.log.Error("outcome not stored yet", "job", lease.ID, "err", err)
		}
		q.sleep(ctx, q.cfg.Poll)
	}
}

func (q *Queue) settleOnce(ctx context.Context, lease job.Lease, e ending) error {
	save, done := q.outlast(ctx)
	defer done()
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
	q.logOutcome(settled, o, e)
	if err := q.Tell(save, settled.ID); err != nil {
		q.say(save, settled)
	}
	return nil
}

// logOutcome says what was stored, which is not always what was asked for: a job
// that is given back after a cancel is canceled.
func (q *Queue) logOutcome(j job.Job, o Outcome, e ending) {
	switch {
	case j.State == job.Done:
		q.log.Info("job done", "job", j.ID, "dur", e.took.Round(time.Millisecond))
	case j.State == job.Canceled:
		q.log.Info("job canceled", "job", j.ID, "stage", j.Stage)
	case o.Error != nil:
		q.log.Warn("job stopped", "job", j.ID, "state", j.State, "stage", j.Stage, "code", o.Error.Code, "err", e.err)
	default:
		q.log.Info("job put back", "job", j.ID, "state", j.State, "reason", j.Reason)
	}
}

// run is one lease at work: its context, its heartbeat and its progress.
type run struct {
	ctx    context.Context //nolint:containedctx // it lives exactly as long as the run
	cancel context.CancelCauseFunc
	lease  job.Lease
	queue  *Queue
	done   sync.WaitGroup // the heartbeat, and who listens to the gate

	mu       sync.Mutex
	progress job.Progress
	told     time.Time
}

func (q *Queue) start(ctx context.Context, lease job.Lease) *run {
	r := &run{lease: lease, queue: q}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	q.mu.Lock()
	q.current = r
	q.mu.Unlock()
	r.done.Go(r.beat)
	r.done.Go(r.heed)
	return r
}

// stop ends the heartbeat and says why the run was canceled, if it was.
func (r *run) stop() error {
	cause := context.Cause(r.ctx)
	r.queue.mu.Lock()
	r.queue.current = nil
	r.queue.mu.Unlock()
	r.cancel(nil)
	r.done.Wait()
	return cause
}

// beat renews the lease. The first renewal comes at once: it finds a cancel
// that came between the take and the start.
func (r *run) beat() {
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

// heed stops the run when the gate says that it must go.
func (r *run) heed() {
	select {
	case <-r.ctx.Done():
	case w := <-r.queue.deps.Gate.Yield():
		r.queue.log.Info("job must yield", "job", r.lease.ID, "reason", w.Reason)
		r.cancel(&w)
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

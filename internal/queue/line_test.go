package queue_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/storetest"
)

// line is the reference store on the bubble's clock. Jobs go by their titles
// here. It remembers what the worker has written, and can be in trouble.
type line struct {
	*storetest.Reference
	clock *storetest.Clock

	mu       sync.Mutex
	ids      map[string]string // by title
	ahead    time.Duration     // of the wall clock: the machine has slept, or somebody has set it
	lost     bool              // every lease is refused
	full     error             // what writes answer
	onTake   func(id string)   // when a job was just taken, before it starts
	onSettle func(id string)   // when a run has ended, before its outcome is written
	takes    int
	renewals int
	bounds   int
	outcomes []queue.Outcome
	waits    []job.Wait
}

func newLine() *line {
	clock := storetest.NewClock()
	return &line{Reference: storetest.NewReference(clock), clock: clock, ids: map[string]string{}}
}

// wall is the time that people see, and that the store goes by.
func (l *line) wall() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Add(l.ahead)
}

// leap lets the machine sleep, or sets its clock.
func (l *line) leap(by time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ahead += by
}

// now is the store as of now.
func (l *line) now() *storetest.Reference {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clock.Advance(time.Now().Add(l.ahead).Sub(l.clock.Now()))
	return l.Reference
}

func (l *line) trouble() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full
}

func (l *line) inTrouble(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.full = err
}

func (l *line) Submit(ctx context.Context, drafts []job.Draft) ([]queue.Accepted, error) {
	accepted, err := l.now().Submit(ctx, drafts)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range accepted {
		l.ids[a.Job.Title] = a.Job.ID
	}
	return accepted, err
}

func (l *line) Next(ctx context.Context) (job.Job, error) { return l.now().Next(ctx) }

func (l *line) ReadyAt(ctx context.Context) (time.Time, error) { return l.now().ReadyAt(ctx) }

func (l *line) Take(ctx context.Context, id, owner string) (job.Job, job.Lease, error) {
	j, lease, err := l.now().Take(ctx, id, owner)
	l.mu.Lock()
	if err == nil {
		l.takes++
	}
	l.mu.Unlock()
	if err == nil && l.onTake != nil {
		l.onTake(id)
	}
	return j, lease, err
}

func (l *line) Renew(ctx context.Context, lease job.Lease, p job.Progress) (queue.Directive, error) {
	l.mu.Lock()
	l.renewals++
	lost := l.lost
	l.mu.Unlock()
	if lost {
		return queue.Directive{}, job.ErrLeaseLost
	}
	return l.now().Renew(ctx, lease, p)
}

func (l *line) Settle(ctx context.Context, lease job.Lease, o queue.Outcome) (job.Job, error) {
	if err := l.trouble(); err != nil {
		return job.Job{}, err
	}
	if l.onSettle != nil {
		l.onSettle(lease.ID)
	}
	j, err := l.now().Settle(ctx, lease, o)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outcomes = append(l.outcomes, o)
	return j, err
}

func (l *line) Defer(ctx context.Context, id string, w job.Wait) (job.Job, error) {
	j, err := l.now().Defer(ctx, id, w)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.waits = append(l.waits, w)
	}
	return j, err
}

func (l *line) Recover(ctx context.Context, owner string, maxDeaths int) ([]job.Job, error) {
	if err := l.trouble(); err != nil {
		return nil, err
	}
	return l.now().Recover(ctx, owner, maxDeaths)
}

func (l *line) SetPaused(ctx context.Context, paused bool) error {
	if err := l.trouble(); err != nil {
		return err
	}
	return l.now().SetPaused(ctx, paused)
}

func (l *line) Get(ctx context.Context, id string) (job.Job, error) { return l.now().Get(ctx, id) }

func (l *line) List(ctx context.Context, f queue.Filter) (queue.Page, error) {
	return l.now().List(ctx, f)
}

func (l *line) Bound(ctx context.Context, r job.Reason, until time.Time) (int, error) {
	if err := l.trouble(); err != nil {
		return 0, err
	}
	l.mu.Lock()
	l.bounds++
	l.mu.Unlock()
	return l.now().Bound(ctx, r, until)
}

func (l *line) id(title string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ids[title]
}

// job is one as the store has it.
func (l *line) job(title string) job.Job {
	j, err := l.Get(context.Background(), l.id(title))
	if err != nil {
		panic(title + ": " + err.Error())
	}
	return j
}

func (l *line) state(title string) job.State { return l.job(title).State }

// start runs a queue in the bubble until the test ends.
func start(t *testing.T, l *line, w worker, g *gate) *queue.Queue {
	t.Helper()
	q, stop := run(t, queue.Deps{Store: l, Runner: w, Gate: g})
	t.Cleanup(stop)
	return q
}

// run starts a queue that goes on until it is stopped.
func run(t *testing.T, d queue.Deps) (q *queue.Queue, stop func()) {
	t.Helper()
	q = made(d)
	return q, carryOn(t, q)
}

// carryOn lets a queue run until it is stopped.
func carryOn(t *testing.T, q *queue.Queue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- q.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	}
}

// made is a queue that does not run. What is left out does nothing.
func made(d queue.Deps) *queue.Queue {
	if d.Check == nil {
		d.Check = anything{}
	}
	if d.Gate == nil {
		d.Gate = openGate()
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	cfg := queue.Config{Owner: "me", Jitter: func() float64 { return 0.5 }}
	if l, ok := d.Store.(interface{ wall() time.Time }); ok {
		cfg.Wall = l.wall
	}
	return queue.New(d, cfg)
}

func submit(t *testing.T, q *queue.Queue, titles ...string) {
	t.Helper()
	for _, title := range titles {
		if _, err := q.Submit(t.Context(), []job.Draft{{Title: title}}); err != nil {
			t.Fatal(err)
		}
	}
}

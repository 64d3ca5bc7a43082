package queue_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// line is a store of one page: enough for the worker, and it keeps what it was told.
type line struct {
	queue.Store // the verbs no test here uses

	mu       sync.Mutex
	jobs     []*job.Job
	token    int64
	renewals int
	paused   bool
	lost     bool  // every lease is refused
	full     error // what Settle and SetPaused answer
	outcomes []queue.Outcome
	waits    []job.Wait
}

func (l *line) find(id string) *job.Job {
	for _, j := range l.jobs {
		if j.ID == id {
			return j
		}
	}
	return nil
}

func (l *line) Submit(_ context.Context, drafts []job.Draft) ([]queue.Accepted, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []queue.Accepted
	for _, d := range drafts {
		j := &job.Job{ID: d.Title, Title: d.Title, State: job.Queued}
		l.jobs = append(l.jobs, j)
		out = append(out, queue.Accepted{Job: *j})
	}
	return out, nil
}

func (l *line) Next(context.Context) (job.Job, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range l.jobs {
		if j.State == job.Queued && !j.Until.After(time.Now()) {
			return *j, nil
		}
	}
	return job.Job{}, queue.ErrEmpty
}

func (l *line) ReadyAt(context.Context) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range l.jobs {
		if j.State == job.Queued {
			return j.Until, nil
		}
	}
	return time.Time{}, nil
}

func (l *line) Take(_ context.Context, id, owner string) (job.Job, job.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.find(id)
	if l.paused {
		return job.Job{}, job.Lease{}, queue.ErrEmpty
	}
	l.token++
	j.State, j.Token, j.Owner, j.StartedAt, j.Stage = job.Running, l.token, owner, time.Now(), job.Transcribe
	return *j, job.Lease{ID: id, Token: l.token, Owner: owner}, nil
}

func (l *line) Renew(_ context.Context, lease job.Lease, _ job.Progress) (queue.Directive, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renewals++
	if l.lost {
		return queue.Directive{}, job.ErrLeaseLost
	}
	return queue.Directive{Cancel: l.find(lease.ID).CancelRequested}, nil
}

func (l *line) Settle(_ context.Context, lease job.Lease, o queue.Outcome) (job.Job, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full != nil {
		return job.Job{}, l.full
	}
	l.outcomes = append(l.outcomes, o)
	j := l.find(lease.ID)
	j.State, j.Until, j.Need, j.Reason = o.State, o.Wait.Until, o.Wait.Need, o.Wait.Reason
	if o.Attempt {
		j.Attempts++
	}
	if o.Crash {
		j.Crashes++
	}
	return *j, nil
}

func (l *line) Defer(_ context.Context, id string, w job.Wait) (job.Job, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waits = append(l.waits, w)
	j := l.find(id)
	j.Reason, j.ReasonText, j.Until = w.Reason, w.Text, w.Until
	return *j, nil
}

func (l *line) Cancel(_ context.Context, id string) (job.Job, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.find(id)
	j.CancelRequested = true
	if j.State == job.Queued {
		j.State = job.Canceled
	}
	return *j, nil
}

func (l *line) Get(_ context.Context, id string) (job.Job, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *l.find(id), nil
}

func (l *line) SetPaused(_ context.Context, paused bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full != nil {
		return l.full
	}
	l.paused = paused
	return nil
}

func (l *line) Paused(context.Context) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.paused, nil
}

func (l *line) Paces(context.Context) ([]queue.Pace, error) { return nil, nil }

func (l *line) Release(context.Context, job.Reason) (int, error) { return 0, nil }

func (l *line) Recover(context.Context, string, int) ([]job.Job, error) { return nil, nil }

func (l *line) state(id string) job.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.find(id).State
}

// runner runs what the test says.
type runner func(ctx context.Context, j job.Job, report func(job.Progress)) error

func (r runner) Run(ctx context.Context, _ job.Lease, j job.Job, report func(job.Progress)) error {
	return r(ctx, j, report)
}

func (r runner) Ready(_ context.Context, j job.Job) *job.Wait {
	if strings.HasPrefix(j.ID, "no disk") {
		return &job.Wait{Reason: job.Disk, Text: "The disk is full.", Until: time.Now().Add(30 * time.Second), All: true}
	}
	if j.ID == "away" && time.Since(epoch) < 10*time.Minute {
		return &job.Wait{Reason: job.NoSource, Text: "The file is not there.", Until: time.Now().Add(15 * time.Second)}
	}
	return nil
}

// epoch is when every bubble's clock starts.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// gate opens and shuts as the test says.
type gate struct {
	mu      sync.Mutex
	verdict job.Verdict
	changed chan struct{}
}

func openGate() *gate {
	return &gate{verdict: job.Verdict{Open: true}, changed: make(chan struct{}, 1)}
}

func (g *gate) Admit(context.Context, job.Need) job.Verdict {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.verdict
}

func (g *gate) Changed() <-chan struct{} { return g.changed }

func (g *gate) set(v job.Verdict) {
	g.mu.Lock()
	g.verdict = v
	g.mu.Unlock()
	g.changed <- struct{}{}
}

type anything struct{}

func (anything) Check(context.Context, *job.Draft) error { return nil }

// start runs a queue in the bubble until the test ends.
func start(t *testing.T, l *line, r runner, g *gate) *queue.Queue {
	t.Helper()
	q, stop := run(t, queue.Deps{Store: l, Runner: r, Gate: g})
	t.Cleanup(stop)
	return q
}

// run starts a queue that goes on until it is stopped.
func run(t *testing.T, d queue.Deps) (q *queue.Queue, stop func()) {
	t.Helper()
	d.Check = anything{}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	q = queue.New(d, queue.Config{Owner: "me", Jitter: func() float64 { return 0.5 }})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- q.Run(ctx) }()
	return q, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	}
}

func submit(t *testing.T, q *queue.Queue, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := q.Submit(t.Context(), []job.Draft{{Title: id}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOneJobAtATimeInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []string
		running := 0
		l := &line{}
		q := start(t, l, func(_ context.Context, j job.Job, _ func(job.Progress)) error {
			running++
			if running != 1 {
				t.Errorf("%d jobs at once", running)
			}
			order = append(order, j.ID)
			time.Sleep(time.Minute)
			running--
			return nil
		}, openGate())
		submit(t, q, "a", "b", "c")
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		if len(order) != 3 || order[0] != "a" || order[2] != "c" || l.state("c") != job.Done {
			t.Errorf("order %v, c is %s", order, l.state("c"))
		}
	})
}

func TestAnHourOfWorkIsRenewedEveryTwelveSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		q := start(t, l, func(context.Context, job.Job, func(job.Progress)) error {
			time.Sleep(time.Hour - time.Second)
			return nil
		}, openGate())
		submit(t, q, "a")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if want := 300; l.renewals != want { // at 0 s, 12 s, ... 3588 s
			t.Errorf("%d renewals, want %d", l.renewals, want)
		}
	})
}

func TestCancelStopsARunningJobAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		var cause error
		q := start(t, l, func(ctx context.Context, _ job.Job, _ func(job.Progress)) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return cause
		}, openGate())
		submit(t, q, "a")
		synctest.Wait()
		if _, err := q.Cancel(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if l.state("a") != job.Canceled || !fault.Is(cause, fault.CanceledByUser) {
			t.Errorf("state %s, cause %v", l.state("a"), cause)
		}
	})
}

func TestShutdownPutsTheJobBackUncounted(t *testing.T) {
	t.Parallel()
	l := &line{}
	synctest.Test(t, func(t *testing.T) {
		q := start(t, l, func(ctx context.Context, _ job.Job, _ func(job.Progress)) error {
			<-ctx.Done()
			return fault.New(fault.EngineCrashed, "it was in the way", ctx.Err())
		}, openGate())
		submit(t, q, "a")
		synctest.Wait()
	}) // the cleanup stops the queue
	if len(l.outcomes) != 1 || l.outcomes[0].State != job.Queued || l.outcomes[0].Attempt || l.outcomes[0].Crash {
		t.Errorf("outcomes %+v", l.outcomes)
	}
}

func TestALostLeaseStopsTheWorkAndWritesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		stopped := false
		q := start(t, l, func(ctx context.Context, _ job.Job, _ func(job.Progress)) error {
			<-ctx.Done()
			stopped = true
			return context.Cause(ctx)
		}, openGate())
		submit(t, q, "a")
		time.Sleep(time.Second)
		l.mu.Lock()
		l.lost = true
		l.mu.Unlock()
		time.Sleep(13 * time.Second)
		synctest.Wait()
		if !stopped || len(l.outcomes) != 0 {
			t.Errorf("stopped %v, outcomes %+v", stopped, l.outcomes)
		}
	})
}

func TestAClosedGateIsExplainedOnceAndOpensByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, g := &line{}, openGate()
		g.verdict = job.Verdict{Reason: job.Memory, Text: "needs 2 GB, 1 GB free"}
		q := start(t, l, func(context.Context, job.Job, func(job.Progress)) error { return nil }, g)
		submit(t, q, "a")
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(l.waits) != 1 || l.waits[0].Text != "needs 2 GB, 1 GB free" || l.state("a") != job.Queued {
			t.Errorf("waits %+v", l.waits)
		}
		g.set(job.Verdict{Open: true})
		synctest.Wait()
		if l.state("a") != job.Done {
			t.Errorf("state %s after the gate opened", l.state("a"))
		}
	})
}

func TestAnErrorIsTriedAgainAfterABackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		var at []time.Duration
		began := time.Now()
		q := start(t, l, func(context.Context, job.Job, func(job.Progress)) error {
			at = append(at, time.Since(began).Round(time.Second))
			return errors.New("boom")
		}, openGate())
		submit(t, q, "a")
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(at) != 3 || at[1] != 30*time.Second || at[2] != 90*time.Second || l.state("a") != job.Failed {
			t.Errorf("ran at %v, state %s", at, l.state("a"))
		}
	})
}

func TestAPanicFailsTheJobNotTheLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		q := start(t, l, func(_ context.Context, j job.Job, _ func(job.Progress)) error {
			if j.ID == "bad" {
				panic("no")
			}
			return nil
		}, openGate())
		submit(t, q, "bad", "good")
		time.Sleep(time.Hour)
		synctest.Wait()
		if l.state("bad") != job.Failed || l.state("good") != job.Done {
			t.Errorf("bad %s, good %s", l.state("bad"), l.state("good"))
		}
	})
}

func TestAnOutcomeWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{full: fault.New(fault.DiskFull, "The disk is full.", nil)}
		runs := 0
		q := start(t, l, func(context.Context, job.Job, func(job.Progress)) error { runs++; return nil }, openGate())
		submit(t, q, "a")
		time.Sleep(time.Hour)
		l.mu.Lock()
		l.full = nil
		l.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		if l.state("a") != job.Done || runs != 1 {
			t.Errorf("state %s after %d runs", l.state("a"), runs)
		}
	})
}

func TestProgressIsFreshWithoutAWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		q := start(t, l, func(ctx context.Context, _ job.Job, report func(job.Progress)) error {
			report(job.Progress{Stage: job.Transcribe, Fraction: 0.4})
			<-ctx.Done()
			return ctx.Err()
		}, openGate())
		submit(t, q, "a")
		synctest.Wait()
		if j, _ := q.Get(t.Context(), "a"); j.Progress.Fraction != 0.4 {
			t.Errorf("progress %+v", j.Progress)
		}
	})
}

func TestAJobWhoseSourceIsAwayLetsOthersPassAndGoesOnByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		q := start(t, l, func(context.Context, job.Job, func(job.Progress)) error { return nil }, openGate())
		submit(t, q, "away", "here")
		time.Sleep(time.Minute)
		synctest.Wait()
		if l.state("away") != job.Queued || l.state("here") != job.Done {
			t.Errorf("away is %s, here is %s", l.state("away"), l.state("here"))
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if l.state("away") != job.Done {
			t.Errorf("away is %s after its source came back", l.state("away"))
		}
	})
}

func TestWhatIsMissingForAllIsNotAskedOfEachJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &line{}
		q := start(t, l, func(context.Context, job.Job, func(job.Progress)) error { return nil }, openGate())
		for i := range 100 {
			submit(t, q, fmt.Sprint("no disk ", i))
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := len(l.waits); n > 250 { // one look every poll of 5 s, and one with each submit
			t.Errorf("%d waits were written", n)
		}
	})
}

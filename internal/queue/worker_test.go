package queue_test

import (
	"context"
	"errors"
	"fmt"
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

// runner runs what the test says.
type runner struct {
	work  worker
	ready func(j job.Job) *job.Wait // nil = always
}

// worker is a runner whose jobs have all they need.
type worker func(ctx context.Context, j job.Job, report func(job.Progress)) error

func (r runner) Run(ctx context.Context, _ job.Lease, j job.Job, report func(job.Progress)) error {
	return r.work(ctx, j, report)
}

func (r runner) Ready(_ context.Context, j job.Job) *job.Wait {
	if r.ready == nil {
		return nil
	}
	return r.ready(j)
}

func (w worker) Run(ctx context.Context, _ job.Lease, j job.Job, report func(job.Progress)) error {
	return w(ctx, j, report)
}

func (w worker) Ready(context.Context, job.Job) *job.Wait { return nil }

// epoch is when every bubble's clock starts.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// gate opens and shuts as the test says.
type gate struct {
	mu      sync.Mutex
	verdict job.Verdict
	changed chan struct{}
	yield   chan job.Wait
}

func openGate() *gate {
	return &gate{verdict: job.Verdict{Open: true}, changed: make(chan struct{}, 1), yield: make(chan job.Wait)}
}

func (g *gate) Admit(context.Context, job.Need) job.Verdict {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.verdict
}

func (g *gate) Changed() <-chan struct{} { return g.changed }

func (g *gate) Yield() <-chan job.Wait { return g.yield }

func (g *gate) set(v job.Verdict) {
	g.mu.Lock()
	g.verdict = v
	g.mu.Unlock()
	g.changed <- struct{}{}
}

type anything struct{}

func (anything) Check(context.Context, *job.Draft) error { return nil }

func TestOneJobAtATimeInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []string
		running := 0
		l := newLine()
		q := start(t, l, func(_ context.Context, j job.Job, _ func(job.Progress)) error {
			running++
			if running != 1 {
				t.Errorf("%d jobs at once", running)
			}
			order = append(order, j.Title)
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
		l := newLine()
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
		l := newLine()
		var cause error
		q := start(t, l, func(ctx context.Context, _ job.Job, _ func(job.Progress)) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return cause
		}, openGate())
		submit(t, q, "a")
		synctest.Wait()
		if _, err := q.Cancel(t.Context(), l.id("a")); err != nil {
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
	l := newLine()
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
		l := newLine()
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

func TestWhatIsHeldGoesWithAYieldEvenWhenItsOutcomeCannotBeStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, g, idle := newLine(), openGate(), 0
		q, stop := run(t, queue.Deps{Store: l, Gate: g, Runner: worker(untilStopped), Idle: func() { idle++ }})
		defer stop()
		submit(t, q, "a")
		synctest.Wait()
		l.inTrouble(fault.New(fault.DiskFull, "The disk is full.", nil))
		before := idle
		g.yield <- job.Wait{Reason: job.Memory, Text: "critical"}
		synctest.Wait() // no time passes
		if idle == before {
			t.Error("what is warm was kept")
		}
		l.inTrouble(nil)
	})
}

func TestAYieldThatMeetsAnotherEnd(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err    error // of the runner; nil = it was done all the same
		cancel bool
		want   job.State
	}{
		"what is done stays done":                   {nil, false, job.Done},
		"what crashes as it goes is not counted":    {fault.New(fault.EngineStopped, "It was stopped.", nil), false, job.Queued},
		"what a person cancels just then has ended": {fault.New(fault.EngineStopped, "It was stopped.", nil), true, job.Canceled},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, g, runs := newLine(), openGate(), 0
				var q *queue.Queue
				q, stop := run(t, queue.Deps{Store: l, Gate: g, Runner: worker(func(ctx context.Context, j job.Job, _ func(job.Progress)) error {
					runs++
					<-ctx.Done()
					if tt.cancel {
						if _, err := q.Cancel(t.Context(), j.ID); err != nil {
							t.Error(err)
						}
					}
					return tt.err
				})})
				defer stop()
				submit(t, q, "a")
				synctest.Wait()
				before := l.job("a")
				g.mu.Lock()
				g.verdict = job.Verdict{Reason: job.Memory, Text: "critical"}
				g.mu.Unlock()
				g.yield <- job.Wait{Reason: job.Memory, Text: "critical"}
				time.Sleep(time.Minute)
				synctest.Wait()
				j := l.job("a")
				if j.State != tt.want || runs != 1 || j.Attempts+j.Crashes+j.Deaths != 0 || j.Rank != before.Rank {
					t.Errorf("%s after %d runs: %d attempts, %d crashes, rank %d was %d", j.State, runs, j.Attempts, j.Crashes, j.Rank, before.Rank)
				}
				if tt.want == job.Queued && (j.Reason != job.Memory || j.ReasonText != "critical") {
					t.Errorf("it waits for %s: %s", j.Reason, j.ReasonText)
				}
			})
		})
	}
}

func TestAClosedGateIsExplainedOnceAndOpensByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, g := newLine(), openGate()
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

func TestAJobYieldsWhenTheGateSaysSoAndNothingIsCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, g := newLine(), openGate()
		runs := 0
		q := start(t, l, func(ctx context.Context, _ job.Job, _ func(job.Progress)) error {
			if runs++; runs > 3 {
				return nil
			}
			<-ctx.Done()
			return context.Cause(ctx)
		}, g)
		submit(t, q, "a")
		for range 3 {
			synctest.Wait()
			g.mu.Lock()
			g.verdict = job.Verdict{Reason: job.Memory, Text: "critical"}
			g.mu.Unlock()
			select {
			case g.yield <- job.Wait{Reason: job.Memory, Text: "critical", Need: job.Need{Bytes: 7}}:
			default:
				t.Fatal("nobody listens while a job runs")
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if l.state("a") != job.Queued {
				t.Fatalf("state %s after it had to go", l.state("a"))
			}
			select {
			case g.yield <- job.Wait{}:
				t.Fatal("somebody listens while nothing runs")
			default:
			}
			g.set(job.Verdict{Open: true})
		}
		synctest.Wait()
		if l.state("a") != job.Done || len(l.outcomes) != 4 {
			t.Fatalf("state %s, outcomes %+v", l.state("a"), l.outcomes)
		}
		for _, o := range l.outcomes[:3] {
			if o.Attempt || o.Crash || o.Error != nil || o.Wait.Need.Bytes != 7 {
				t.Errorf("outcome %+v", o)
			}
		}
	})
}

func TestAnErrorIsTriedAgainAfterABackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
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
		l := newLine()
		q := start(t, l, func(_ context.Context, j job.Job, _ func(job.Progress)) error {
			if j.Title == "bad" {
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

func TestProgressIsFreshWithoutAWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		q := start(t, l, func(ctx context.Context, _ job.Job, report func(job.Progress)) error {
			report(job.Progress{Stage: job.Extract, Fraction: 0.4})
			<-ctx.Done()
			return ctx.Err()
		}, openGate())
		submit(t, q, "a")
		synctest.Wait()
		if j, _ := q.Get(t.Context(), l.id("a")); j.Progress.Fraction != 0.4 {
			t.Errorf("progress %+v", j.Progress)
		}
	})
}

func TestAJobWhoseSourceIsAwayLetsOthersPassAndGoesOnByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		q, stop := run(t, queue.Deps{Store: l, Runner: runner{work: after(0), ready: func(j job.Job) *job.Wait {
			if j.Title == "here" || time.Since(epoch) >= 10*time.Minute {
				return nil
			}
			return &job.Wait{Reason: job.NoSource, Text: "The file is not there.", Until: time.Now().Add(15 * time.Second)}
		}}})
		defer stop()
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
		l := newLine()
		q, stop := run(t, queue.Deps{Store: l, Runner: runner{ready: func(job.Job) *job.Wait {
			return &job.Wait{Reason: job.Disk, Text: "The disk is full.", Until: time.Now().Add(30 * time.Second), All: true}
		}}})
		defer stop()
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

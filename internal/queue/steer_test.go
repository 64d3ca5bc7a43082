package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// A line of one job in every state, and two that wait for their turn.
func inEveryState(t *testing.T, d queue.Deps, l *line) *queue.Queue {
	t.Helper()
	d.Store = l
	q := made(d)
	submit(t, q, "runs", "done", "failed", "canceled", "held", "a", "b")
	for _, title := range []string{"runs", "done", "failed", "canceled"} {
		_, lease, err := l.Take(t.Context(), l.id(title), "me")
		must(t, err)
		if title != "runs" {
			_, err = l.Settle(t.Context(), lease, queue.Outcome{State: job.State(title)})
			must(t, err)
		}
	}
	_, err := l.Hold(t.Context(), l.id("held"), time.Time{})
	must(t, err)
	return q
}

func TestEveryVerbTellsAndAnswersWhatIsTrueNow(t *testing.T) {
	t.Parallel()
	type verb func(q *queue.Queue, l *line) (job.Job, error)
	tests := map[string]struct {
		do     verb
		state  job.State
		reason job.Reason // when the line is not paused
		paused job.Reason // when it is; "" = the same
	}{
		"a job that is held":          {do: func(q *queue.Queue, l *line) (job.Job, error) { return q.Hold(t.Context(), l.id("b"), time.Time{}) }, state: job.Queued, reason: job.Held},
		"a job that was held already": {do: func(q *queue.Queue, l *line) (job.Job, error) { return q.Hold(t.Context(), l.id("held"), time.Time{}) }, state: job.Queued, reason: job.Held},
		"a job that is put off": {do: func(q *queue.Queue, l *line) (job.Job, error) {
			return q.Hold(t.Context(), l.id("b"), l.wall().Add(time.Hour))
		}, state: job.Queued, reason: job.Scheduled},
		"a held job that gets a time": {do: func(q *queue.Queue, l *line) (job.Job, error) {
			return q.Hold(t.Context(), l.id("held"), l.wall().Add(time.Hour))
		}, state: job.Queued, reason: job.Scheduled},
		"a held job whose time has passed": {do: func(q *queue.Queue, l *line) (job.Job, error) {
			return q.Hold(t.Context(), l.id("held"), l.wall().Add(-time.Hour))
		}, state: job.Queued, reason: job.Turn, paused: job.Paused},
		"a job that is released": {do: func(q *queue.Queue, l *line) (job.Job, error) { return q.Release(t.Context(), l.id("held")) }, state: job.Queued, reason: job.Turn, paused: job.Paused},
		"a job that is moved": {do: func(q *queue.Queue, l *line) (job.Job, error) {
			return q.Move(t.Context(), l.id("b"), job.Place{To: job.Front})
		}, state: job.Queued, reason: job.Turn, paused: job.Paused},
		"a held job that is moved": {do: func(q *queue.Queue, l *line) (job.Job, error) {
			return q.Move(t.Context(), l.id("held"), job.Place{To: job.Back})
		}, state: job.Queued, reason: job.Held},
		"a job that is more urgent":      {do: func(q *queue.Queue, l *line) (job.Job, error) { return q.SetPriority(t.Context(), l.id("b"), 5) }, state: job.Queued, reason: job.Turn, paused: job.Paused},
		"a running one for next time":    {do: func(q *queue.Queue, l *line) (job.Job, error) { return q.SetPriority(t.Context(), l.id("runs"), 5) }, state: job.Running},
		"a queued job that is canceled":  {do: func(q *queue.Queue, l *line) (job.Job, error) { return q.Cancel(t.Context(), l.id("a")) }, state: job.Canceled},
		"a held job that is canceled":    {do: func(q *queue.Queue, l *line) (job.Job, error) { return q.Cancel(t.Context(), l.id("held")) }, state: job.Canceled},
		"a running job that is canceled": {do: func(q *queue.Queue, l *line) (job.Job, error) { return q.Cancel(t.Context(), l.id("runs")) }, state: job.Running},
		"a retry of a job that is done":  {do: func(q *queue.Queue, l *line) (job.Job, error) { return q.Retry(t.Context(), l.id("done"), job.Retry{}) }, state: job.Queued, reason: job.Turn, paused: job.Paused},
		"a retry of a failed one": {do: func(q *queue.Queue, l *line) (job.Job, error) {
			return q.Retry(t.Context(), l.id("failed"), job.Retry{})
		}, state: job.Queued, reason: job.Turn, paused: job.Paused},
		"a retry of a canceled one": {do: func(q *queue.Queue, l *line) (job.Job, error) {
			return q.Retry(t.Context(), l.id("canceled"), job.Retry{})
		}, state: job.Queued, reason: job.Turn, paused: job.Paused},
	}
	for name, tt := range tests {
		for _, paused := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, paused %v", name, paused), func(t *testing.T) {
				t.Parallel()
				heard, l := &ear{}, newLine()
				q := inEveryState(t, queue.Deps{Listener: heard}, l)
				reason := tt.reason
				if paused {
					must(t, q.Pause(t.Context()))
					if tt.paused != "" {
						reason = tt.paused
					}
				}
				before := heard.line
				got, err := tt.do(q, l)
				must(t, err)
				if got.State != tt.state || got.Reason != reason {
					t.Errorf("the answer is %s, %q; want %s, %q", got.State, got.Reason, tt.state, reason)
				}
				now, err := q.Get(t.Context(), got.ID)
				must(t, err)
				same(t, "the answer and what a reader sees", got, now)
				same(t, "what was told and what a reader sees", heard.jobs[len(heard.jobs)-1], now)
				if heard.line != before+1 {
					t.Errorf("that others stand elsewhere was told %d times", heard.line-before)
				}
			})
		}
	}
}

func TestVerbsAreRefusedWhereTheyMeanNothing(t *testing.T) {
	t.Parallel()
	heard, l := &ear{}, newLine()
	q := inEveryState(t, queue.Deps{Listener: heard}, l)
	verbs := map[string]func(id string) error{
		"cancel": func(id string) error { _, err := q.Cancel(t.Context(), id); return err },
		"hold":   func(id string) error { _, err := q.Hold(t.Context(), id, time.Time{}); return err },
		"retry":  func(id string) error { _, err := q.Retry(t.Context(), id, job.Retry{}); return err },
		"delete": func(id string) error { return q.Delete(t.Context(), id) },
	}
	tests := map[string]struct {
		verb, title string
		code        fault.Code
	}{
		"cancel of a job that is done":         {"cancel", "done", fault.JobFinal},
		"cancel of a job that has failed":      {"cancel", "failed", fault.JobFinal},
		"cancel of a job that was canceled":    {"cancel", "canceled", fault.JobFinal},
		"cancel of no job":                     {"cancel", "none", fault.JobUnknown},
		"hold of a running job":                {"hold", "runs", fault.JobRunning},
		"hold of a job that is done":           {"hold", "done", fault.JobFinal},
		"retry of a running job":               {"retry", "runs", fault.JobLive},
		"retry of a job that is still in line": {"retry", "a", fault.JobLive},
		"delete of a running job":              {"delete", "runs", fault.JobLive},
		"delete of no job":                     {"delete", "none", fault.JobUnknown},
	}
	jobs, lines := len(heard.jobs), heard.line
	for name, tt := range tests {
		if err := verbs[tt.verb](l.id(tt.title)); !fault.Is(err, tt.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(heard.jobs) != jobs || heard.line != lines || len(heard.gone) != 0 {
		t.Error("something was told of what was not done")
	}
}

func TestWhatWasDoneIsAnsweredThoughMoreCannotBeRead(t *testing.T) {
	t.Parallel()
	l := newLine()
	q := made(queue.Deps{Store: &away{Store: l, paused: fault.New(fault.StoreDamaged, "The database is damaged.", nil)}})
	submit(t, q, "a")
	if j, err := q.Hold(t.Context(), l.id("a"), time.Time{}); err != nil || j.Reason != job.Held {
		t.Errorf("hold = %s, %v", j.Reason, err)
	}
}

func TestWhatHappensToTheFirstJobWhileItIsLookedAt(t *testing.T) {
	t.Parallel()
	gone := &job.Wait{Reason: job.NoSource, Text: "The file is not there.", Until: epoch.Add(time.Hour)}
	tests := map[string]struct {
		wait   *job.Wait
		do     func(ctx context.Context, q *queue.Queue, id string) error
		reason job.Reason
	}{
		"held, and its source is away": {gone, hold, job.Held},
		"held, and it could be taken":  {nil, hold, job.Held},
		"deleted, its source is away":  {gone, remove, ""},
		"deleted, it could be taken":   {nil, remove, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				l, began := newLine(), time.Now()
				var q *queue.Queue
				r := runner{work: after(0), ready: func(j job.Job) *job.Wait {
					if j.Title != "a" {
						return nil
					}
					if err := tt.do(t.Context(), q, j.ID); err != nil {
						t.Error(err)
					}
					return tt.wait
				}}
				q = made(queue.Deps{Store: l, Runner: r, Log: slog.New(slog.NewTextHandler(&log, nil))})
				submit(t, q, "a", "b")
				stop := carryOn(t, q)
				defer stop()
				synctest.Wait()
				if l.state("b") != job.Done || time.Since(began) != 0 {
					t.Errorf("the next one is %s after %v", l.state("b"), time.Since(began))
				}
				if tt.reason != "" && l.job("a").Reason != tt.reason {
					t.Errorf("it waits for %s", l.job("a").Reason)
				}
				if strings.Contains(log.String(), "ERROR") {
					t.Error(log.String())
				}
			})
		})
	}
}

func hold(ctx context.Context, q *queue.Queue, id string) error {
	_, err := q.Hold(ctx, id, time.Time{})
	return err
}

func remove(ctx context.Context, q *queue.Queue, id string) error {
	_, err := q.Cancel(ctx, id)
	return errors.Join(err, q.Delete(ctx, id))
}

// scales is a gate that knows how much is free.
type scales struct{ free int64 }

func (s scales) Admit(_ context.Context, n job.Need) job.Verdict {
	if n.Bytes > s.free {
		return job.Verdict{Reason: job.Memory, Text: "needs more"}
	}
	return job.Verdict{Open: true}
}

func (s scales) Changed() <-chan struct{} { return nil }

func (s scales) Yield() <-chan job.Wait { return nil }

func TestWhoIsFirstNowIsLookedAtAtOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]func(ctx context.Context, q *queue.Queue, l *line) (job.Job, error){
		"another one is moved to the front": func(ctx context.Context, q *queue.Queue, l *line) (job.Job, error) {
			return q.Move(ctx, l.id("small"), job.Place{To: job.Front})
		},
		"another one is moved before it": func(ctx context.Context, q *queue.Queue, l *line) (job.Job, error) {
			return q.Move(ctx, l.id("small"), job.Place{Before: l.id("big")})
		},
		"it is moved to the end": func(ctx context.Context, q *queue.Queue, l *line) (job.Job, error) {
			return q.Move(ctx, l.id("big"), job.Place{To: job.Back})
		},
		"another one is more urgent": func(ctx context.Context, q *queue.Queue, l *line) (job.Job, error) {
			return q.SetPriority(ctx, l.id("small"), 1)
		},
		"it is less urgent": func(ctx context.Context, q *queue.Queue, l *line) (job.Job, error) {
			return q.SetPriority(ctx, l.id("big"), -1)
		},
		"it is held": func(ctx context.Context, q *queue.Queue, l *line) (job.Job, error) {
			return q.Hold(ctx, l.id("big"), time.Time{})
		},
		"it is put off": func(ctx context.Context, q *queue.Queue, l *line) (job.Job, error) {
			return q.Hold(ctx, l.id("big"), l.wall().Add(time.Hour))
		},
		"it is canceled": func(ctx context.Context, q *queue.Queue, l *line) (job.Job, error) { return q.Cancel(ctx, l.id("big")) },
	}
	for name, steer := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLine()
				q, stop := run(t, queue.Deps{Store: l, Gate: scales{free: 1 << 30}, Runner: worker(func(_ context.Context, j job.Job, _ func(job.Progress)) error {
					if j.Title == "big" {
						return &job.Wait{Reason: job.Memory, Text: "needs more", Need: job.Need{Bytes: 8 << 30}}
					}
					return nil
				})})
				defer stop()
				submit(t, q, "big", "small")
				time.Sleep(time.Hour + time.Second) // somewhere between two looks
				synctest.Wait()
				if l.state("small") != job.Queued || l.job("big").Reason != job.Memory {
					t.Fatalf("small is %s, big waits for %s", l.state("small"), l.job("big").Reason)
				}
				_, err := steer(t.Context(), q, l)
				must(t, err)
				synctest.Wait() // no time passes
				if l.state("small") != job.Done {
					t.Errorf("small is %s", l.state("small"))
				}
			})
		})
	}
}

func TestARetryStartsWithNothingCountedAgainstIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		q := start(t, l, func(context.Context, job.Job, func(job.Progress)) error { return errors.New("boom") }, openGate())
		submit(t, q, "a")
		time.Sleep(time.Hour)
		synctest.Wait()
		if j := l.job("a"); j.State != job.Failed || j.Token != 3 {
			t.Fatalf("%s after %d runs", j.State, j.Token)
		}
		j, err := q.Retry(t.Context(), l.id("a"), job.Retry{From: job.Transcribe})
		must(t, err)
		if j.Attempts != 0 || j.Error != nil || j.Fresh[job.Transcribe] != 1 {
			t.Errorf("attempts %d, error %v, fresh %v", j.Attempts, j.Error, j.Fresh)
		}
		synctest.Wait() // it is taken at once
		if runs := l.job("a").Token; runs != 4 {
			t.Errorf("%d runs right after the retry", runs)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if j := l.job("a"); j.Token != 6 || j.State != job.Failed {
			t.Errorf("%s after %d runs", j.State, j.Token)
		}
	})
}

// picky refuses what is too large, and spells models its own way.
type picky struct{}

func (picky) Check(_ context.Context, d *job.Draft) error {
	if d.Options.Model == "huge" {
		return fault.New(fault.ModelTooLarge, "This model never fits.", nil)
	}
	d.Options.Model = strings.ToLower(d.Options.Model)
	return nil
}

func TestARetryWithOtherOptionsIsCheckedLikeASubmit(t *testing.T) {
	t.Parallel()
	l := newLine()
	q := inEveryState(t, queue.Deps{Check: picky{}}, l)
	if _, err := q.Retry(t.Context(), l.id("done"), job.Retry{Options: &job.Options{Model: "huge"}}); !fault.Is(err, fault.ModelTooLarge) {
		t.Errorf("a model that never fits: %v", err)
	}
	if l.state("done") != job.Done {
		t.Errorf("what was refused is %s", l.state("done"))
	}
	options := &job.Options{Model: "Small"}
	j, err := q.Retry(t.Context(), l.id("done"), job.Retry{Options: options})
	if err != nil || j.Options.Model != "small" || options.Model != "Small" {
		t.Errorf("retry with %q, %v; the caller's own is %q", j.Options.Model, err, options.Model)
	}
}

func TestWhatAllWereWaitingForWakesTheWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		heard, l, there := &ear{}, newLine(), false
		q, stop := run(t, queue.Deps{Store: l, Listener: heard, Runner: runner{work: after(0), ready: func(job.Job) *job.Wait {
			if there {
				return nil
			}
			return &job.Wait{Reason: job.NoModel, Until: l.wall().Add(time.Hour)}
		}}})
		defer stop()
		submit(t, q, "a", "b")
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		there = true
		if n, err := q.ReleaseAll(t.Context(), job.NoModel); n != 2 || err != nil {
			t.Errorf("%d released, %v", n, err)
		}
		synctest.Wait() // no time passes
		if l.state("a") != job.Done || l.state("b") != job.Done || heard.line == 0 {
			t.Errorf("a is %s, b is %s; told %d times", l.state("a"), l.state("b"), heard.line)
		}
	})
}

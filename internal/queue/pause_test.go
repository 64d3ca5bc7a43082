package queue_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/storetest"
)

func TestAPausedLineTakesNothingUntilItIsResumed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, idle := newLine(), 0
		must(t, l.SetPaused(t.Context(), true))
		q, stop := run(t, queue.Deps{Store: l, Runner: after(time.Minute), Gate: openGate(), Idle: func() { idle++ }})
		defer stop()
		submit(t, q, "a")
		time.Sleep(time.Hour)
		synctest.Wait()
		if l.state("a") != job.Queued || idle == 0 {
			t.Errorf("a is %s, what is warm was let go %d times", l.state("a"), idle)
		}
		must(t, q.Resume(t.Context()))
		synctest.Wait() // no time passes
		if l.state("a") != job.Running {
			t.Errorf("a is %s right after the resume", l.state("a"))
		}
	})
}

func TestAPauseLetsTheRunningJobFinishAndTakesNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		q := start(t, l, after(time.Minute), openGate())
		submit(t, q, "a", "b")
		time.Sleep(10 * time.Second)
		must(t, q.Pause(t.Context()))
		time.Sleep(time.Hour)
		synctest.Wait()
		if l.state("a") != job.Done || l.state("b") != job.Queued {
			t.Errorf("a is %s, b is %s", l.state("a"), l.state("b"))
		}
		if len(l.outcomes) != 1 || l.takes != 1 {
			t.Errorf("outcomes %+v of %d takes", l.outcomes, l.takes)
		}
	})
}

func TestAPauseLetsGoOfWhatIsWarmAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, idle := newLine(), 0
		q, stop := run(t, queue.Deps{Store: l, Runner: after(time.Minute), Gate: openGate(), Idle: func() { idle++ }})
		defer stop()
		submit(t, q, "a", "b")
		time.Sleep(time.Second)
		before := idle
		must(t, q.Pause(t.Context()))
		time.Sleep(time.Minute)
		synctest.Wait()
		if l.state("a") != job.Done || idle == before {
			t.Errorf("a is %s, let go %d times before and %d after", l.state("a"), before, idle)
		}
	})
}

func TestAPauseOutlivesTheProgram(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		first, stop := run(t, queue.Deps{Store: l, Runner: after(time.Minute), Gate: openGate()})
		must(t, first.Pause(t.Context()))
		submit(t, first, "a")
		time.Sleep(time.Hour)
		stop()
		second := start(t, l, after(time.Minute), openGate())
		time.Sleep(time.Hour)
		synctest.Wait()
		if paused, err := second.Paused(t.Context()); !paused || err != nil || l.state("a") != job.Queued {
			t.Errorf("paused %v, %v; a is %s", paused, err, l.state("a"))
		}
		must(t, second.Resume(t.Context()))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if l.state("a") != job.Done {
			t.Errorf("a is %s after the resume", l.state("a"))
		}
	})
}

// askedLate pauses the line when the first job is already looked at.
type askedLate struct {
	worker
	pause func()
}

func (r *askedLate) Ready(context.Context, job.Job) *job.Wait {
	r.pause()
	return nil
}

func TestAPauseThatComesJustBeforeATakeHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, r := newLine(), &askedLate{worker: after(time.Minute)}
		var q *queue.Queue
		r.pause = func() { must(t, q.Pause(t.Context())) }
		q, stop := run(t, queue.Deps{Store: l, Runner: r, Gate: openGate()})
		defer stop()
		submit(t, q, "a")
		time.Sleep(time.Hour)
		synctest.Wait()
		if l.state("a") != job.Queued {
			t.Errorf("a is %s", l.state("a"))
		}
	})
}

func TestOnlyAChangeIsLoggedAndWhatIsTrueIsToldAgain(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	heard, l := &ear{}, newLine()
	q := made(queue.Deps{Store: l, Listener: heard, Log: slog.New(slog.NewTextHandler(&log, nil))})
	l.full = fault.New(fault.DiskFull, "The disk is full.", nil)
	if err := q.Pause(t.Context()); !fault.Is(err, fault.DiskFull) {
		t.Errorf("a pause that cannot be stored: %v", err)
	}
	if heard.line != 0 || log.Len() != 0 {
		t.Errorf("told %d times of what was not stored, log %q", heard.line, log.String())
	}
	l.full = nil
	for _, verb := range []func(context.Context) error{q.Resume, q.Pause, q.Pause, q.Resume, q.Resume, q.Pause} {
		must(t, verb(t.Context()))
	}
	paused, resumed := strings.Count(log.String(), "line paused"), strings.Count(log.String(), "line resumed")
	if heard.line != 6 || paused != 2 || resumed != 1 { // whoever made the change may not have lived to tell
		t.Errorf("told %d times; %d pauses and %d resumes logged", heard.line, paused, resumed)
	}
}

func TestWhatThePauseKeepsSaysSo(t *testing.T) {
	t.Parallel()
	heard, store := &ear{}, storetest.NewReference(storetest.NewClock())
	q := made(queue.Deps{Store: store, Listener: heard})
	id := map[string]string{}
	add := func(title string, w job.Wait) job.Job {
		accepted, err := q.Submit(t.Context(), []job.Draft{{Title: title, Wait: w}})
		must(t, err)
		id[title] = accepted[0].Job.ID
		return accepted[0].Job
	}
	add("runs", job.Wait{})
	_, _, err := q.Take(t.Context(), id["runs"], "me")
	must(t, err)
	add("turn", job.Wait{})
	add("memory", job.Wait{Reason: job.Memory, Text: "needs 2 GB"})
	add("model", job.Wait{Reason: job.NoModel, Text: "The model is not installed."})
	type row struct {
		Title  string
		Reason job.Reason
		Text   string
	}
	rows := func(jobs []job.Job) (out []row) {
		for _, j := range jobs {
			out = append(out, row{j.Title, j.Reason, j.ReasonText})
		}
		return out
	}
	read := func(list func(context.Context, queue.Filter) (queue.Page, error), state job.State) []row {
		p, err := list(t.Context(), queue.Filter{State: state})
		must(t, err)
		return rows(p.Jobs)
	}
	told := []row{{"turn", job.Turn, ""}, {"memory", job.Memory, "needs 2 GB"}, {"model", job.NoModel, "The model is not installed."}}
	kept := []row{{"turn", job.Paused, "The line is paused"}, {"memory", job.Paused, "The line is paused"}, told[2]}

	same(t, "before", read(q.List, job.Queued), told)
	must(t, q.Pause(t.Context()))
	same(t, "while paused", read(q.List, job.Queued), kept)
	same(t, "the one that runs", read(q.List, job.Running), []row{{"runs", "", ""}})
	same(t, "in the store", read(store.List, job.Queued), told)
	for _, want := range kept {
		j, err := q.Get(t.Context(), id[want.Title])
		must(t, err)
		same(t, want.Title, rows([]job.Job{j})[0], want)
	}
	late := add("late", job.Wait{})
	same(t, "submitted while paused", rows([]job.Job{late}), []row{{"late", job.Paused, "The line is paused"}})
	same(t, "told", rows(heard.jobs[len(heard.jobs)-1:]), []row{{"late", job.Paused, "The line is paused"}})
	must(t, q.Resume(t.Context()))
	same(t, "after", read(q.List, job.Queued), append(told, row{"late", job.Turn, ""}))
}

func TestAJobThatIsPutBackWhileTheLineIsPausedSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, heard := newLine(), &ear{}
		q, stop := run(t, queue.Deps{Store: l, Gate: openGate(), Listener: heard, Runner: worker(func(context.Context, job.Job, func(job.Progress)) error {
			time.Sleep(time.Minute)
			return &job.Wait{Reason: job.Memory, Text: "needs 2 GB"}
		})})
		defer stop()
		submit(t, q, "a")
		time.Sleep(time.Second)
		must(t, q.Pause(t.Context()))
		time.Sleep(time.Minute)
		synctest.Wait()
		if last := heard.last(); last.State != job.Queued || last.Reason != job.Paused {
			t.Errorf("told of %s, %s", last.State, last.Reason)
		}
	})
}

// after is a job that takes so long.
func after(d time.Duration) worker {
	return func(ctx context.Context, _ job.Job, _ func(job.Progress)) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ear is a listener that remembers.
type ear struct {
	mu   sync.Mutex
	jobs []job.Job
	gone []string
	line int
	many int
}

func (e *ear) JobChanged(jobs ...job.Job) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.jobs = append(e.jobs, jobs...)
}

func (e *ear) JobProgress(string, job.Progress) {}

func (e *ear) JobsGone(ids []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gone = append(e.gone, ids...)
}

// last is the job that was told of last.
func (e *ear) last() job.Job {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.jobs[len(e.jobs)-1]
}

func (e *ear) LineChanged() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.line++
}

func (e *ear) ManyChanged() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.many++
}

// must runs a call that gives nothing but an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, d)
	}
}

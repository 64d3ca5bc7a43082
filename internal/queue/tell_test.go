package queue_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// slow is a store whose Cancel answers late.
type slow struct {
	*line
	answer chan struct{}
}

func (s *slow) Cancel(ctx context.Context, id string) (job.Job, error) {
	j, err := s.line.Cancel(ctx, id)
	<-s.answer
	return j, err
}

func TestTheLastThatIsToldOfAJobIsHowItStands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		heard, store := &ear{}, &slow{newLine(), make(chan struct{})}
		q, stop := run(t, queue.Deps{Store: store, Runner: after(time.Second), Listener: heard})
		defer stop()
		submit(t, q, "a")
		synctest.Wait()
		canceled := make(chan struct{})
		go func() {
			defer close(canceled)
			if j, err := q.Cancel(t.Context(), store.id("a")); err != nil || j.State != job.Running {
				t.Errorf("cancel = %s, %v", j.State, err) // as it was when that was written
			}
		}()
		time.Sleep(time.Minute) // it has long been done when the cancel comes back
		close(store.answer)
		<-canceled
		synctest.Wait()
		if last := heard.last(); last.State != job.Done {
			t.Errorf("the last that was told is %s; the job is %s", last.State, store.state("a"))
		}
	})
}

// late is a store whose Submit answers late.
type late struct {
	*line
	answer chan struct{}
}

func (s *late) Submit(ctx context.Context, drafts []job.Draft) ([]queue.Accepted, error) {
	accepted, err := s.line.Submit(ctx, drafts)
	<-s.answer
	return accepted, err
}

func TestAJobIsToldAsAcceptedBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		heard, store, taken := &ear{}, &late{newLine(), make(chan struct{})}, make(chan struct{})
		store.onTake = func(string) { close(taken) }
		q, stop := run(t, queue.Deps{Store: store, Runner: after(time.Second), Listener: heard})
		defer stop()
		submitted := make(chan struct{})
		go func() {
			defer close(submitted)
			submit(t, q, "a")
		}()
		<-taken // by a worker that happened to look
		for range 1000 {
			runtime.Gosched() // it may tell of that now, or wait
		}
		close(store.answer)
		<-submitted
		synctest.Wait()
		if len(heard.jobs) < 2 || heard.jobs[0].State != job.Queued || heard.jobs[1].State != job.Running {
			t.Errorf("told first of %s", heard.jobs[0].State)
		}
	})
}

func TestARunningJobIsToldWithItsNewestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		heard, l := &ear{}, newLine()
		q, stop := run(t, queue.Deps{Store: l, Listener: heard, Runner: worker(func(ctx context.Context, j job.Job, report func(job.Progress)) error {
			time.Sleep(time.Second) // the lease has just been renewed
			return untilStopped(ctx, j, report)
		})})
		defer stop()
		submit(t, q, "a")
		time.Sleep(2 * time.Second)
		j, err := q.SetPriority(t.Context(), l.id("a"), 3)
		must(t, err)
		if j.Progress.Fraction != 0.5 || heard.last().Progress.Fraction != 0.5 {
			t.Errorf("answered %v, told %v", j.Progress.Fraction, heard.last().Progress.Fraction)
		}
	})
}

func TestDeletedJobsAreToldAsGone(t *testing.T) {
	t.Parallel()
	heard, l := &ear{}, newLine()
	q := inEveryState(t, queue.Deps{Listener: heard}, l)
	must(t, q.Delete(t.Context(), l.id("done")))
	same(t, "gone after a delete", heard.gone, []string{l.id("done")})
	if err := q.Tell(t.Context(), l.id("done")); err != nil || len(heard.jobs) == 0 || heard.last().ID == l.id("done") {
		t.Errorf("a deleted job is told of once more, %v", err)
	}
	n, err := q.Clear(t.Context(), job.Failed)
	must(t, err)
	same(t, "cleared", n, 1)
	same(t, "gone after a clear", heard.gone, []string{l.id("done"), l.id("failed")})
}

func TestAClearGoesOnToTheEndAndTellsWhoWaits(t *testing.T) {
	t.Parallel()
	heard, l := &ear{}, newLine()
	q := made(queue.Deps{Store: l, Listener: heard})
	const all = 1234
	drafts := make([]job.Draft, all)
	for i := range drafts {
		drafts[i].Title = fmt.Sprint(i)
	}
	_, err := q.Submit(t.Context(), drafts)
	must(t, err)
	heard.jobs = nil
	n, err := q.Clear(t.Context(), job.Queued)
	must(t, err)
	if n != all || len(heard.jobs) != 0 || len(heard.gone) != 0 || heard.many != 1 {
		t.Errorf("%d canceled, %d told, %d gone, of many %d times", n, len(heard.jobs), len(heard.gone), heard.many)
	}
	if n, err = q.Clear(t.Context(), job.Canceled); err != nil || n != all || len(heard.gone) != all {
		t.Errorf("%d deleted, %d told, %v", n, len(heard.gone), err)
	}
	if _, err = q.Clear(t.Context(), job.Running); !fault.Is(err, fault.RequestInvalid) {
		t.Errorf("clear of running jobs: %v", err)
	}
}

// full is a store whose disk fills up after one clear.
type full struct {
	*line
	once sync.Once
}

func (f *full) Clear(ctx context.Context, state job.State, most int) (ids []string, err error) {
	err = fault.New(fault.DiskFull, "The disk is full.", nil)
	f.once.Do(func() { ids, err = f.line.Clear(ctx, state, most) })
	return ids, err
}

func TestAClearThatStopsHalfWaySaysHowFarItCame(t *testing.T) {
	t.Parallel()
	heard, l := &ear{}, newLine()
	q := made(queue.Deps{Store: &full{line: l}, Listener: heard})
	_, err := q.Submit(t.Context(), make([]job.Draft, 600))
	must(t, err)
	n, err := q.Clear(t.Context(), job.Queued)
	if n != 500 || !fault.Is(err, fault.DiskFull) || heard.many != 1 {
		t.Errorf("%d, %v; told %d times", n, err, heard.many)
	}
}

func TestAClearOfFewJobsTellsOfEach(t *testing.T) {
	t.Parallel()
	heard, l := &ear{}, newLine()
	q := made(queue.Deps{Store: l, Listener: heard})
	_, err := q.Submit(t.Context(), make([]job.Draft, 20))
	must(t, err)
	heard.jobs = nil
	n, err := q.Clear(t.Context(), job.Queued)
	must(t, err)
	if n != 20 || len(heard.jobs) != 20 || heard.last().State != job.Canceled || heard.line != 1 || heard.many != 0 {
		t.Errorf("%d canceled, %d told, the line %d times, of many %d times", n, len(heard.jobs), heard.line, heard.many)
	}
}

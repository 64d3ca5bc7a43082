package queue_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// hasty is a store under whose writes the caller gives up: each is done, and
// answered as a store does to those who do not wait any more.
type hasty struct {
	*line
	giveUp func()
}

func (h *hasty) answer(ctx context.Context, err error) error {
	h.giveUp()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (h *hasty) Submit(ctx context.Context, drafts []job.Draft) ([]queue.Accepted, error) {
	accepted, err := h.line.Submit(ctx, drafts)
	return accepted, h.answer(ctx, err)
}

func (h *hasty) Hold(ctx context.Context, id string, until time.Time) (job.Job, error) {
	j, err := h.line.Hold(ctx, id, until)
	return j, h.answer(ctx, err)
}

func (h *hasty) Cancel(ctx context.Context, id string) (job.Job, error) {
	j, err := h.line.Cancel(ctx, id)
	return j, h.answer(ctx, err)
}

func (h *hasty) Retry(ctx context.Context, id string, r job.Retry) (job.Job, error) {
	j, err := h.line.Retry(ctx, id, r)
	return j, h.answer(ctx, err)
}

func (h *hasty) Delete(ctx context.Context, id string) error {
	return h.answer(ctx, h.line.Delete(ctx, id))
}

func (h *hasty) Clear(ctx context.Context, state job.State, most int) ([]string, error) {
	ids, err := h.line.Clear(ctx, state, most)
	return ids, h.answer(ctx, err)
}

func (h *hasty) ReleaseAll(ctx context.Context, r job.Reason) (int, error) {
	n, err := h.line.ReleaseAll(ctx, r)
	return n, h.answer(ctx, err)
}

func (h *hasty) SetPaused(ctx context.Context, paused bool) error {
	return h.answer(ctx, h.line.SetPaused(ctx, paused))
}

func TestWhatSomebodyAskedForAndDidNotWaitForIsTold(t *testing.T) {
	t.Parallel()
	told := func(state job.State, reason job.Reason) func(*ear) bool {
		return func(e *ear) bool { return len(e.jobs) == 1 && e.last().State == state && e.last().Reason == reason }
	}
	gone := func(e *ear) bool { return len(e.gone) == 1 }
	line := func(e *ear) bool { return e.line == 1 }
	tests := map[string]struct {
		do   func(ctx context.Context, q *queue.Queue, id func(title string) string) error
		told func(*ear) bool
	}{
		"a submit": {func(ctx context.Context, q *queue.Queue, _ func(string) string) error {
			_, err := q.Submit(ctx, []job.Draft{{Title: "new"}})
			return err
		}, told(job.Queued, job.Turn)},
		"a hold": {func(ctx context.Context, q *queue.Queue, id func(string) string) error {
			return hold(ctx, q, id("a"))
		}, told(job.Queued, job.Held)},
		"a cancel": {func(ctx context.Context, q *queue.Queue, id func(string) string) error {
			_, err := q.Cancel(ctx, id("a"))
			return err
		}, told(job.Canceled, "")},
		"a retry": {func(ctx context.Context, q *queue.Queue, id func(string) string) error {
			_, err := q.Retry(ctx, id("done"), job.Retry{})
			return err
		}, told(job.Queued, job.Turn)},
		"a delete": {func(ctx context.Context, q *queue.Queue, id func(string) string) error {
			return q.Delete(ctx, id("done"))
		}, gone},
		"a clear": {func(ctx context.Context, q *queue.Queue, _ func(string) string) error {
			_, err := q.Clear(ctx, job.Failed)
			return err
		}, gone},
		"a release of all": {func(ctx context.Context, q *queue.Queue, _ func(string) string) error {
			_, err := q.ReleaseAll(ctx, job.Held)
			return err
		}, line},
		"a pause": {func(ctx context.Context, q *queue.Queue, _ func(string) string) error { return q.Pause(ctx) }, line},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, heard := newLine(), &ear{}
			inEveryState(t, queue.Deps{}, l)
			ctx, giveUp := context.WithCancel(t.Context())
			q := made(queue.Deps{Store: &hasty{l, giveUp}, Listener: heard})
			if err := tt.do(ctx, q, l.id); err != nil {
				t.Errorf("done, and answered with %v", err)
			}
			if !tt.told(heard) {
				t.Errorf("told of %d jobs, %d gone, the line %d times", len(heard.jobs), len(heard.gone), heard.line)
			}
			told := len(heard.jobs) + len(heard.gone) + heard.line
			if err := tt.do(ctx, q, l.id); !errors.Is(err, context.Canceled) {
				t.Errorf("asked for by somebody who has gone: %v", err)
			}
			if n := len(heard.jobs) + len(heard.gone) + heard.line + heard.many; n != told {
				t.Errorf("told of what was not even begun")
			}
		})
	}
}

// stuck is a store that does a hold, and never says so.
type stuck struct{ *line }

func (s stuck) Hold(ctx context.Context, id string, until time.Time) (job.Job, error) {
	if _, err := s.line.Hold(ctx, id, until); err != nil {
		return job.Job{}, err
	}
	<-ctx.Done()
	return job.Job{}, ctx.Err()
}

func TestWhatIsNotAnsweredInTimeMayBeDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, heard := newLine(), &ear{}
		q := made(queue.Deps{Store: stuck{l}, Listener: heard})
		submit(t, q, "a")
		began := time.Now()
		if err := hold(t.Context(), q, l.id("a")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("hold = %v", err)
		}
		if d := time.Since(began); d != 10*time.Second || heard.many != 1 {
			t.Errorf("after %v the views were told %d times to look again", d, heard.many)
		}
	})
}

// weary is a store that stores an outcome late, or says that it could not.
type weary struct {
	*line
	takes time.Duration
	says  error // the first time
	asked int
}

func (w *weary) Settle(ctx context.Context, lease job.Lease, o queue.Outcome) (job.Job, error) {
	w.asked++
	says := w.says
	w.says = nil
	j, err := w.line.Settle(ctx, lease, o)
	select {
	case <-time.After(w.takes):
	case <-ctx.Done():
		return job.Job{}, ctx.Err()
	}
	if says != nil {
		return job.Job{}, says
	}
	return j, err
}

func TestAnOutcomeThatIsStoredIsTold(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		takes time.Duration
		says  error
		asked int
		log   string
	}{
		"in no time":  {asked: 1, log: "job done"},
		"in a minute": {takes: time.Minute, asked: 1, log: "job done"},
		"though the store said that it could not": {says: errors.New("disk I/O error"), asked: 2, log: "state=done"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				l, heard := newLine(), &ear{}
				w := &weary{line: l, takes: tt.takes, says: tt.says}
				q, stop := run(t, queue.Deps{Store: w, Runner: after(time.Second), Listener: heard, Log: slog.New(slog.NewTextHandler(&log, nil))})
				defer stop()
				submit(t, q, "a")
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if heard.last().State != job.Done || w.asked != tt.asked {
					t.Errorf("told last of %s; asked %d times", heard.last().State, w.asked)
				}
				if !strings.Contains(log.String(), tt.log) {
					t.Errorf("logged %q", log.String())
				}
			})
		})
	}
}

func TestAJobThatWasTakenAwayFromItsRunIsToldAsItStands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, heard := newLine(), &ear{}
		q, stop := run(t, queue.Deps{Store: l, Runner: worker(untilStopped), Listener: heard})
		defer stop()
		submit(t, q, "a")
		time.Sleep(time.Second)
		must(t, q.Pause(t.Context()))
		_, err := l.Recover(t.Context(), "somebody else", 5)
		must(t, err)
		time.Sleep(13 * time.Second)
		synctest.Wait()
		if last := heard.last(); last.State != job.Queued || last.Deaths != 1 {
			t.Errorf("told last of %s", last.State)
		}
	})
}

// parting is a store under whose takes the program is told to stop.
type parting struct {
	*line
	stop func()
}

func (p *parting) Take(ctx context.Context, id, owner string) (job.Job, job.Lease, error) {
	j, lease, err := p.line.Take(ctx, id, owner)
	p.stop()
	if ctx.Err() != nil {
		return job.Job{}, job.Lease{}, ctx.Err()
	}
	return j, lease, err
}

func TestAJobThatIsBeingTakenAtTheStopIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		ctx, cancel := context.WithCancel(t.Context())
		q := made(queue.Deps{Store: &parting{l, cancel}, Runner: after(time.Hour)})
		submit(t, q, "a")
		must(t, q.Run(ctx))
		if j := l.job("a"); j.State != job.Queued || j.Reason != job.Turn || l.takes != 1 {
			t.Errorf("%s, %s after %d takes", j.State, j.Reason, l.takes)
		}
	})
}

func TestTheLogSaysWhatWasStored(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		says string
	}{
		"given back, and canceled meanwhile":        {&job.Wait{Reason: job.Memory, Text: "Memory is short."}, "job canceled"},
		"failed, with a cancel that came too late":  {fault.New(fault.FileDamaged, "It is damaged.", nil), "state=failed"},
		"tried again later, and canceled meanwhile": {errors.New("boom"), "job canceled"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				l := newLine()
				l.onSettle = func(id string) {
					_, err := l.Reference.Cancel(t.Context(), id)
					must(t, err)
				}
				w := worker(func(context.Context, job.Job, func(job.Progress)) error { return tt.err })
				q, stop := run(t, queue.Deps{Store: l, Runner: w, Log: slog.New(slog.NewTextHandler(&log, nil))})
				defer stop()
				submit(t, q, "a")
				synctest.Wait()
				if got := log.String(); !strings.Contains(got, tt.says) || strings.Contains(got, "job put back") {
					t.Errorf("the job is %s, logged %q", l.state("a"), got)
				}
			})
		})
	}
}

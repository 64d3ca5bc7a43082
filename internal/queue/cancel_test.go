package queue_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// untilStopped is a job that goes on until it is told to stop.
func untilStopped(ctx context.Context, _ job.Job, report func(job.Progress)) error {
	report(job.Progress{Stage: job.Extract, Fraction: 0.5})
	<-ctx.Done()
	return context.Cause(ctx)
}

func TestACancelThatComesWhileAJobIsBeingTakenStopsIt(t *testing.T) {
	t.Parallel()
	tests := map[string]func(l *line, cancel func(id string)) runner{
		"after the worker has looked at it": func(_ *line, cancel func(id string)) runner {
			return runner{ready: func(j job.Job) *job.Wait { cancel(j.ID); return nil }}
		},
		"after it was taken, before it has started": func(l *line, cancel func(id string)) runner {
			l.onTake = cancel
			return runner{}
		},
	}
	for name, arrange := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, began := newLine(), time.Now()
				var q *queue.Queue
				r := arrange(l, func(id string) {
					if _, err := q.Cancel(t.Context(), id); err != nil {
						t.Error(err)
					}
				})
				r.work = untilStopped
				q, stop := run(t, queue.Deps{Store: l, Runner: r})
				defer stop()
				submit(t, q, "a")
				synctest.Wait()
				if j := l.job("a"); j.State != job.Canceled || time.Since(began) != 0 {
					t.Errorf("%s after %v", j.State, time.Since(began))
				}
			})
		})
	}
}

func TestACancelThatMeetsTheEndOfARun(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want job.State
	}{
		"what is done stays done":                       {nil, job.Done},
		"what has failed stays failed":                  {fault.New(fault.FileDamaged, "The file is damaged.", nil), job.Failed},
		"what would be tried again is canceled":         {errors.New("boom"), job.Canceled},
		"what would wait for memory is canceled":        {&job.Wait{Reason: job.Memory}, job.Canceled},
		"what would be run again by a crash is as well": {fault.New(fault.EngineCrashed, "It crashed.", nil), job.Canceled},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				heard, l := &ear{}, newLine()
				var q *queue.Queue
				l.onSettle = func(id string) {
					j, err := q.Cancel(t.Context(), id)
					if err != nil || j.State != job.Running {
						t.Errorf("cancel = %s, %v", j.State, err)
					}
				}
				q, stop := run(t, queue.Deps{Store: l, Listener: heard, Runner: worker(func(context.Context, job.Job, func(job.Progress)) error { return tt.err })})
				defer stop()
				submit(t, q, "a")
				time.Sleep(time.Hour)
				synctest.Wait()
				if j := l.job("a"); j.State != tt.want || l.takes != 1 || j.CancelRequested {
					t.Errorf("%s after %d runs", j.State, l.takes)
				}
				if last := heard.last(); last.State != tt.want {
					t.Errorf("the last that was told is %s", last.State)
				}
			})
		})
	}
}

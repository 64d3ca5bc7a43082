package queue_test

import (
	"bytes"
	"context"
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

// waits submits a job that waits for a reason so long.
func waits(t *testing.T, q *queue.Queue, l *line, title string, r job.Reason, d time.Duration) {
	t.Helper()
	_, err := q.Submit(t.Context(), []job.Draft{{Title: title, Wait: job.Wait{Reason: r, Until: l.wall().Add(d)}}})
	must(t, err)
}

func TestASleepOfTheMachineCostsARunningJobNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := newLine()
		q, stop := run(t, queue.Deps{Store: l, Runner: after(time.Hour - time.Second), Log: slog.New(slog.NewTextHandler(&log, nil))})
		submit(t, q, "a")
		time.Sleep(30 * time.Minute)
		l.leap(9 * time.Hour)
		time.Sleep(31 * time.Minute)
		stop()
		j := l.job("a")
		if j.State != job.Done || j.Token != 1 || j.Attempts+j.Crashes+j.Deaths != 0 || l.renewals != 300 {
			t.Errorf("%s after %d takes and %d renewals; %d attempts, %d crashes, %d deaths", j.State, j.Token, l.renewals, j.Attempts, j.Crashes, j.Deaths)
		}
		if !strings.Contains(log.String(), "clock leapt\" dur=9h0m0s") || !strings.Contains(log.String(), `"job done" job=`+j.ID+" dur=59m59s") {
			t.Error(log.String())
		}
	})
}

func TestWhatFellDueDuringASleepIsTakenAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		q := start(t, l, after(time.Second), openGate())
		waits(t, q, l, "scheduled", job.Scheduled, 2*time.Hour)
		waits(t, q, l, "later", job.Scheduled, 9*time.Hour)
		waits(t, q, l, "backoff", job.Backoff, 30*time.Minute)
		time.Sleep(time.Minute)
		l.leap(3 * time.Hour)
		time.Sleep(8 * time.Second) // one poll, and two seconds of work
		synctest.Wait()
		for title, want := range map[string]job.State{"scheduled": job.Done, "backoff": job.Done, "later": job.Queued} {
			if l.state(title) != want {
				t.Errorf("%s is %s", title, l.state(title))
			}
		}
	})
}

func TestAScheduledJobIsTakenOnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		q := start(t, l, untilStopped, openGate())
		waits(t, q, l, "a", job.Scheduled, time.Hour+1234*time.Millisecond)
		time.Sleep(time.Hour + 1233*time.Millisecond)
		synctest.Wait()
		if l.state("a") != job.Queued {
			t.Errorf("%s before its time", l.state("a"))
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if l.state("a") != job.Running {
			t.Errorf("%s at its time", l.state("a"))
		}
	})
}

func TestAJobThatIsPutOffIsTakenOnItsNewTime(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]job.Wait{
		"one that was held":           {Reason: job.Held},
		"one of a later time":         {Reason: job.Scheduled, Until: epoch.Add(3 * time.Hour)},
		"one of an earlier time":      {Reason: job.Scheduled, Until: epoch.Add(time.Second)},
		"one that waits for its file": {Reason: job.NoSource, Until: epoch.Add(time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLine()
				q := start(t, l, untilStopped, openGate())
				synctest.Wait() // a start looks at once for what was away
				_, err := q.Submit(t.Context(), []job.Draft{{Title: "a", Wait: wait}})
				must(t, err)
				synctest.Wait() // the worker sleeps for longer
				_, err = q.Hold(t.Context(), l.id("a"), l.wall().Add(1234*time.Millisecond))
				must(t, err)
				time.Sleep(1233 * time.Millisecond)
				synctest.Wait()
				if j := l.job("a"); j.State != job.Queued || j.Reason != job.Scheduled {
					t.Errorf("%s for %s before its time", j.State, j.Reason)
				}
				time.Sleep(time.Millisecond)
				synctest.Wait()
				if l.state("a") != job.Running {
					t.Errorf("%s at its time", l.state("a"))
				}
			})
		})
	}
}

func TestAClockThatWasSetBackKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		reason job.Reason
		wait   time.Duration // when the clock is set back by two hours
		most   time.Duration // until it is taken
	}{
		"a backoff ends after the longest there is":     {job.Backoff, 30 * time.Second, 36 * time.Minute},
		"a source is looked for within minutes":         {job.NoSource, 15 * time.Second, 5 * time.Minute},
		"a model is looked for within minutes":          {job.NoModel, 5 * time.Second, 5 * time.Minute},
		"a full disk is looked at within minutes":       {job.Disk, 30 * time.Second, 5 * time.Minute},
		"a job of a certain hour waits for that hour":   {job.Scheduled, time.Hour, 3 * time.Hour},
		"a wait for something else is left as it stood": {job.OllamaAway, time.Hour, 3 * time.Hour},
	}
	for name, tt := range tests {
		for _, running := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, running %v", name, running), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l, most := newLine(), tt.most
					q := made(queue.Deps{Store: l, Runner: after(0)})
					if running { // else it is set back before the next start
						stop := carryOn(t, q)
						defer stop()
						synctest.Wait()
					}
					waits(t, q, l, "a", tt.reason, tt.wait)
					synctest.Wait()
					l.leap(-2 * time.Hour)
					if !running {
						if most < 10*time.Minute {
							most = 0 // what was away may be back: a start looks at once
						}
						stop := carryOn(t, q)
						defer stop()
					}
					time.Sleep(most - 2*time.Second)
					synctest.Wait()
					if l.state("a") != job.Queued && most > 0 {
						t.Error("it was taken early")
					}
					time.Sleep(10 * time.Second) // a poll, and some
					synctest.Wait()
					if l.state("a") != job.Done {
						t.Errorf("it is still %s, until %v of %v", l.state("a"), l.job("a").Until, l.wall())
					}
				})
			})
		}
	}
}

func TestALeapIsMindedOnceAndOnlyThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		heard, l := &ear{}, newLine()
		q, stop := run(t, queue.Deps{Store: l, Listener: heard, Log: slog.New(slog.NewTextHandler(&log, nil))})
		waits(t, q, l, "a", job.Backoff, 30*time.Minute)
		time.Sleep(10 * time.Minute)
		for range 5 { // as clocks are when they are kept right
			l.leap(-3 * time.Second)
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		if log.Len() > 0 && strings.Contains(log.String(), "leapt") || heard.line != 0 {
			t.Errorf("a clock that is kept right has leapt: %s", log.String())
		}
		l.inTrouble(fault.New(fault.DiskFull, "The disk is full.", nil))
		l.leap(-24 * time.Hour)
		time.Sleep(time.Minute)
		l.inTrouble(nil) // what could not be stored is not forgotten
		time.Sleep(time.Minute)
		stop()
		if n := strings.Count(log.String(), `msg="clock leapt" dur=-24h0m0s`); n != 1 || heard.line != 1 {
			t.Errorf("logged %d times, told %d times", n, heard.line)
		}
		if l.bounds != 8 { // of four reasons, at the start and after the leap
			t.Errorf("%d bounds", l.bounds)
		}
		if left := l.job("a").Until.Sub(l.wall()); left > 36*time.Minute {
			t.Errorf("it waits for another %v", left)
		}
	})
}

func TestABackoffIsReckonedByTheClockOfTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, runs := newLine(), 0
		l.leap(-1000 * time.Hour)
		q := start(t, l, func(context.Context, job.Job, func(job.Progress)) error {
			if runs++; runs == 1 {
				return fault.New(fault.DownloadFailed, "It is away.", nil)
			}
			return nil
		}, openGate())
		submit(t, q, "a")
		synctest.Wait()
		if left := l.job("a").Until.Sub(l.wall()); left != 30*time.Second {
			t.Errorf("it waits for %v", left)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if l.state("a") != job.Done {
			t.Errorf("it is %s", l.state("a"))
		}
	})
}

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

func TestAnOutcomeWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		runs := 0
		q := start(t, l, func(context.Context, job.Job, func(job.Progress)) error { runs++; return nil }, openGate())
		synctest.Wait()
		l.inTrouble(fault.New(fault.DiskFull, "The disk is full.", nil))
		submit(t, q, "a")
		time.Sleep(time.Hour)
		l.inTrouble(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if l.state("a") != job.Done || runs != 1 {
			t.Errorf("state %s after %d runs", l.state("a"), runs)
		}
	})
}

func TestAPoisonJobEndsAndTheLineMovesOn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		runs int
		code fault.Code
	}{
		"its engine dies each time":          {fault.New(fault.EngineCrashed, "It crashed.", nil), 2, fault.WorkerCrashed},
		"its engine runs out of memory":      {fault.New(fault.EngineOutOfMemory, "It got no memory.", nil), 2, fault.EngineOutOfMemory},
		"its stage fails each time":          {errors.New("boom"), 3, fault.Internal},
		"its file is damaged":                {fault.New(fault.FileDamaged, "It is damaged.", nil), 1, fault.FileDamaged},
		"what it needs is away":              {fault.New(fault.DownloadFailed, "It is away.", nil), 6, fault.DownloadFailed},
		"a stage of its gives up by itself":  {context.Canceled, 3, fault.Internal},
		"a stage of its has a time of limit": {context.DeadlineExceeded, 3, fault.Internal},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, runs := newLine(), 0
				q := start(t, l, func(_ context.Context, j job.Job, _ func(job.Progress)) error {
					if j.Title == "good" {
						return nil
					}
					runs++
					return tt.err
				}, openGate())
				submit(t, q, "bad", "good")
				synctest.Wait()
				if l.state("good") != job.Done {
					t.Errorf("the one behind it is %s", l.state("good"))
				}
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				bad := l.job("bad")
				if bad.State != job.Failed || runs != tt.runs || bad.Error == nil || bad.Error.Code != string(tt.code) {
					t.Errorf("%s after %d runs: %+v", bad.State, runs, bad.Error)
				}
			})
		})
	}
}

func TestProgressIsNeverPoison(t *testing.T) {
	t.Parallel()
	tests := map[string]error{
		"deaths of its engine": fault.New(fault.EngineCrashed, "It crashed.", nil),
		"errors of its stages": errors.New("boom"),
	}
	for name, failure := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, runs := newLine(), 0
				q := start(t, l, func(ctx context.Context, j job.Job, _ func(job.Progress)) error {
					lease := job.Lease{ID: j.ID, Token: j.Token, Owner: j.Owner}
					if runs++; runs > 10 {
						return nil
					}
					err := errors.Join(l.Begin(ctx, lease, job.Transcribe),
						l.Finish(ctx, lease, job.Transcribe, fmt.Sprint("span ", runs), nil, false, time.Second))
					if err != nil {
						t.Error(err)
					}
					return failure
				}, openGate())
				submit(t, q, "a")
				time.Sleep(time.Hour)
				synctest.Wait()
				if l.state("a") != job.Done || runs != 11 {
					t.Errorf("%s after %d runs", l.state("a"), runs)
				}
			})
		})
	}
}

func TestWhatCostsAJobNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error // what the runner says when it is told to stop, or by itself
		stop func(t *testing.T, q *queue.Queue, l *line, shutdown func())
	}{
		"a shutdown":                         {context.Canceled, func(_ *testing.T, _ *queue.Queue, _ *line, shutdown func()) { shutdown() }},
		"a shutdown that looks like a crash": {fault.New(fault.EngineStopped, "It was stopped.", nil), func(_ *testing.T, _ *queue.Queue, _ *line, shutdown func()) { shutdown() }},
		"a cancel": {fault.New(fault.EngineStopped, "It was stopped.", nil), func(t *testing.T, q *queue.Queue, l *line, _ func()) {
			t.Helper()
			_, err := q.Cancel(t.Context(), l.id("a"))
			must(t, err)
		}},
		"giving way to others in memory": {&job.Wait{Reason: job.Memory, Text: "Memory is short.", Need: job.Need{Bytes: 1}}, nil},
		"a disk that is full":            {fault.New(fault.DiskFull, "The disk is full.", nil), nil},
		"an engine that others have":     {fault.New(fault.EngineBusy, "It is taken.", nil), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, g := newLine(), openGate()
				q, shutdown := run(t, queue.Deps{Store: l, Gate: g, Runner: worker(func(ctx context.Context, _ job.Job, _ func(job.Progress)) error {
					if tt.stop != nil {
						<-ctx.Done()
					}
					g.set(job.Verdict{Reason: job.Memory})
					return tt.err
				})})
				submit(t, q, "a")
				synctest.Wait()
				if tt.stop != nil {
					tt.stop(t, q, l, shutdown)
				}
				synctest.Wait()
				if name != "a shutdown" && name != "a shutdown that looks like a crash" {
					shutdown()
				}
				if j := l.job("a"); j.State == job.Running || j.State == job.Failed || j.Attempts+j.Crashes+j.Deaths != 0 || l.takes != 1 {
					t.Errorf("%s after %d takes: %d attempts, %d crashes, %d deaths", j.State, l.takes, j.Attempts, j.Crashes, j.Deaths)
				}
			})
		})
	}
}

// hung is a store that has stopped answering the worker's writes.
type hung struct{ *line }

func (hung) Settle(ctx context.Context, _ job.Lease, _ queue.Outcome) (job.Job, error) {
	<-ctx.Done()
	return job.Job{}, ctx.Err()
}

func TestAShutdownDoesNotWaitForAStoreInTrouble(t *testing.T) {
	t.Parallel()
	disk := fault.New(fault.DiskFull, "The disk is full.", nil)
	tests := map[string]struct {
		store  func(l *line) queue.Store
		before bool // the trouble comes before the stop
		most   time.Duration
	}{
		"its disk is full":                        {store: func(l *line) queue.Store { return l }},
		"its disk has been full since the run":    {store: func(l *line) queue.Store { return l }, before: true},
		"it hangs":                                {store: func(l *line) queue.Store { return hung{l} }, most: 10 * time.Second},
		"it has been hanging since the run ended": {store: func(l *line) queue.Store { return hung{l} }, before: true, most: 10 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, took := newLine(), time.Hour
				if tt.before {
					took = time.Minute
				}
				q, stop := run(t, queue.Deps{Store: tt.store(l), Runner: after(took)})
				submit(t, q, "a")
				synctest.Wait()
				l.inTrouble(disk)
				time.Sleep(2 * time.Minute)
				began := time.Now()
				stop()
				if d := time.Since(began); d > tt.most {
					t.Errorf("it took %v to stop", d)
				}
				l.inTrouble(nil)
				// The next start finds it: nothing is lost, and the death is not the job's last.
				_, err := l.Recover(t.Context(), "the next", 5)
				must(t, err)
				if j := l.job("a"); j.State != job.Queued || j.Deaths != 1 {
					t.Errorf("%s, %d deaths", j.State, j.Deaths)
				}
			})
		})
	}
}

func TestAStartWaitsForItsStore(t *testing.T) {
	t.Parallel()
	tests := map[string]error{
		"its disk is full":                  fault.New(fault.DiskFull, "The disk is full.", nil),
		"its file is damaged, and restored": fault.New(fault.StoreDamaged, "The database is damaged.", nil),
		"it answers something nobody knows": errors.New("boom"),
	}
	for name, trouble := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				l := newLine()
				first := made(queue.Deps{Store: l})
				submit(t, first, "a")
				_, _, err := l.Take(t.Context(), l.id("a"), "an earlier start")
				must(t, err)
				l.inTrouble(trouble)
				heard := &ear{}
				_, stop := run(t, queue.Deps{Store: l, Runner: after(0), Listener: heard, Log: slog.New(slog.NewTextHandler(&log, nil))})
				defer stop()
				time.Sleep(time.Hour)
				synctest.Wait()
				if l.state("a") != job.Running || l.takes != 1 {
					t.Errorf("%s, %d takes while it is in trouble", l.state("a"), l.takes)
				}
				if n := strings.Count(log.String(), "line stands still"); n != 1 {
					t.Errorf("it was logged %d times", n)
				}
				l.inTrouble(nil)
				time.Sleep(5 * time.Second)
				synctest.Wait()
				if j := l.job("a"); j.State != job.Done || heard.jobs[0].Deaths != 1 {
					t.Errorf("%s; told first of %d deaths", j.State, heard.jobs[0].Deaths)
				}
			})
		})
	}
}

func TestAStartThatIsStoppedWhileItsStoreIsInTroubleEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLine()
		l.inTrouble(fault.New(fault.StoreDamaged, "The database is damaged.", nil))
		_, stop := run(t, queue.Deps{Store: l})
		time.Sleep(time.Minute)
		stop() // which wants Run to say that all is well
	})
}

// shaky is a store whose reads fail, too, when it is in trouble.
type shaky struct{ *line }

func (s shaky) Paused(ctx context.Context) (bool, error) {
	if err := s.trouble(); err != nil {
		return false, err
	}
	return s.line.Paused(ctx)
}

func TestATroubleIsLoggedAgainWhenItComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := newLine()
		_, stop := run(t, queue.Deps{Store: shaky{l}, Log: slog.New(slog.NewTextHandler(&log, nil))})
		defer stop()
		for range 3 {
			l.inTrouble(fault.New(fault.StoreDamaged, "The database is damaged.", nil))
			time.Sleep(time.Hour)
			synctest.Wait()
			l.inTrouble(nil)
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		if n := strings.Count(log.String(), "line stands still"); n != 3 {
			t.Errorf("three troubles of an hour were logged %d times", n)
		}
	})
}

func TestACleanStopCountsAsNoDeath(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		clean  bool
		deaths int
	}{
		"the last start died":                {clean: false, deaths: 1},
		"the last start came to its own end": {clean: true, deaths: 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLine()
				submit(t, made(queue.Deps{Store: l}), "a")
				_, _, err := l.Take(t.Context(), l.id("a"), "an earlier start")
				must(t, err)
				q := queue.New(queue.Deps{
					Store: l, Runner: after(time.Hour), Gate: openGate(), Check: anything{}, Log: slog.New(slog.DiscardHandler),
				}, queue.Config{Owner: "me", CleanStart: tt.clean})
				stop := carryOn(t, q)
				defer stop()
				synctest.Wait()
				if j := l.job("a"); j.State != job.Running || j.Owner != "me" || j.Deaths != tt.deaths {
					t.Errorf("%s of %s, %d deaths", j.State, j.Owner, j.Deaths)
				}
			})
		})
	}
}

package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
)

// pile starts calls behind a held writer, one after the other, so that they
// wait in this order and share one commit once it is released.
func pile(t *testing.T, s *sqlitestore.Store, calls ...func()) {
	t.Helper()
	release := s.HoldWriter()
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(call)
		for s.Waiting() <= i {
			runtime.Gosched()
		}
	}
	release()
	wg.Wait()
}

func TestOneBadOpDoesNotRollBackItsNeighboursInTheSameCommit(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	bad := draft("bad")
	bad.Key, bad.KeyBody = "k", "one body"
	submit(t, s, bad)
	bad.KeyBody = "another"
	errs := make([]error, 30)
	var calls []func()
	for i := range errs {
		drafts := []job.Draft{draft(fmt.Sprint("good ", i))}
		if i%3 == 1 {
			drafts = append(drafts, bad)
		}
		calls = append(calls, func() { _, errs[i] = s.Submit(context.Background(), drafts) })
	}
	pile(t, s, calls...)
	for i, err := range errs {
		switch {
		case i%3 == 1 && !fault.Is(err, fault.IdempotencyReused):
			t.Errorf("bad call %d: %v", i, err)
		case i%3 != 1 && err != nil:
			t.Errorf("good call %d: %v", i, err)
		}
	}
	counts, err := s.Counts(t.Context())
	must(t, err)
	if want := 1 + 20; counts[job.Queued] != want {
		t.Errorf("%d jobs, want %d", counts[job.Queued], want)
	}
}

func TestTheWorkersVerbsGoAheadOfSubmits(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	j := submit(t, s, draft("runs"))[0]
	lease := take(t, s, j.ID)
	late := ""
	pile(t, s,
		func() {
			a, err := s.Submit(context.Background(), []job.Draft{draft("came first")})
			if err != nil {
				t.Error(err)
				return
			}
			late = a[0].Job.ID
		},
		func() {
			if _, err := s.Settle(context.Background(), lease, queue.Outcome{State: job.Done}); err != nil {
				t.Error(err)
			}
		},
	)
	submitted, settled := lastEvent(t, s, late), lastEvent(t, s, j.ID)
	if settled > submitted {
		t.Errorf("settle is event %d, after the submit's %d", settled, submitted)
	}
}

func lastEvent(t *testing.T, s *sqlitestore.Store, id string) int64 {
	t.Helper()
	n, err := s.LastEvent(t.Context(), id)
	must(t, err)
	return n
}

func TestACallerThatGivesUpEndsItsOwnWaitOnly(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	release := s.HoldWriter()
	gave, stayed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := s.Submit(ctx, []job.Draft{draft("given up")})
		gave <- err
	}()
	go func() {
		_, err := s.Submit(context.Background(), []job.Draft{draft("waited for")})
		stayed <- err
	}()
	for s.Waiting() < 2 {
		runtime.Gosched()
	}
	cancel()
	if err := <-gave; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	release()
	must(t, <-stayed)
	p, err := s.List(t.Context(), queue.Filter{})
	must(t, err)
	if len(p.Jobs) != 1 || p.Jobs[0].Title != "waited for" {
		t.Errorf("jobs are %+v", p.Jobs)
	}
}

func TestATakeThatHasBegunIsNotGivenUp(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	id := submit(t, s, draft("talk"))[0].ID
	ctx, cancel := context.WithCancel(t.Context())
	pile(t, s, func() {
		_, lease, err := s.Take(ctx, id, "me")
		if err != nil || lease.ID != id {
			t.Errorf("got %+v, %v", lease, err)
		}
	}, cancel2(cancel, s))
	_, _, err := s.Take(ctx, id, "me")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a take with an ended context: %v", err)
	}
}

// cancel2 cancels, then waits in line as everybody does.
func cancel2(cancel func(), s *sqlitestore.Store) func() {
	return func() {
		cancel()
		_ = s.SetPeak(context.Background(), "x", 0, 1)
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	t.Parallel()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: t.TempDir() + "/s.db"}, quiet())
	must(t, err)
	must(t, s.Close())
	if _, err := s.Submit(t.Context(), []job.Draft{draft("late")}); !errors.Is(err, sqlitestore.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestClosingFinishesWhatHasBegun(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s.db"
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
	must(t, err)
	errs := make([]error, 20)
	var calls []func()
	for i := range errs {
		calls = append(calls, func() { _, errs[i] = s.Submit(context.Background(), []job.Draft{draft("talk")}) })
	}
	pile(t, s, calls...)
	must(t, s.Close())
	acknowledged := 0
	for _, err := range errs {
		if err == nil {
			acknowledged++
		}
	}
	again := open(t, sqlitestore.Config{Path: path})
	counts, err := again.Counts(t.Context())
	must(t, err)
	if counts[job.Queued] != acknowledged {
		t.Errorf("%d jobs, %d were acknowledged", counts[job.Queued], acknowledged)
	}
}

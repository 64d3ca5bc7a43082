package board_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"sluice/internal/board"
	"sluice/internal/job"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type still struct{}

func (still) Standing(context.Context, int, int) (board.Standing, error) {
	return board.Standing{Counts: map[job.State]int{job.Queued: 3}}, nil
}
func (still) Reading() job.Reading { return job.Reading{Total: 18 << 30} }

func (still) Shut() string { return "" }

func publish(b *board.Board, n int) {
	for range n {
		b.Publish(board.Event{Kind: board.JobChanged})
	}
}

func next(t *testing.T, r *board.Reader) board.Event {
	t.Helper()
	e, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAReaderGetsEveryEventInOrder(t *testing.T) {
	t.Parallel()
	b := board.New("boot", still{}, still{})
	r := b.Follow("")
	publish(b, 3)
	for _, want := range []string{"boot-1", "boot-2", "boot-3"} {
		if e := next(t, r); e.ID != want {
			t.Errorf("got %s, want %s", e.ID, want)
		}
	}
}

func TestAReaderResumesAfterTheLastItSaw(t *testing.T) {
	t.Parallel()
	b := board.New("boot", still{}, still{})
	publish(b, 5)
	if e := next(t, b.Follow("boot-3")); e.ID != "boot-4" {
		t.Errorf("got %s", e.ID)
	}
}

func TestAResetComesWhenEventsCannotBeContinued(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		last string
		n    int
	}{
		"another boot":     {"older-7", 2},
		"a number to come": {"boot-99", 2},
		"no number":        {"boot-x", 2},
		"one fallen off":   {"boot-1", 3000},
		"garbage":          {"'; drop", 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := board.New("boot", still{}, still{})
			publish(b, tt.n)
			r := b.Follow(tt.last)
			if e := next(t, r); e.Kind != board.Reset {
				t.Fatalf("got %+v", e)
			}
			publish(b, 1)
			if e := next(t, r); e.Kind != board.JobChanged {
				t.Errorf("after the reset came %+v", e)
			}
		})
	}
}

func TestASlowReaderGetsTheLatestNotTheBacklog(t *testing.T) {
	t.Parallel()
	b := board.New("boot", still{}, still{})
	r := b.Follow("")
	publish(b, 5000)
	if e := next(t, r); e.Kind != board.Reset || e.ID != "boot-5000" {
		t.Errorf("got %+v", e)
	}
}

func TestAReaderWaitsAndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := board.New("boot", still{}, still{})
		r := b.Follow("")
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan string, 2)
		go func() {
			for {
				e, err := r.Next(ctx)
				if err != nil {
					close(got)
					return
				}
				got <- e.ID
			}
		}()
		synctest.Wait()
		publish(b, 1)
		if id := <-got; id != "boot-1" {
			t.Errorf("got %s", id)
		}
		cancel()
		if _, open := <-got; open {
			t.Error("the reader goes on")
		}
	})
}

func TestASnapshotNamesTheEventItContains(t *testing.T) {
	t.Parallel()
	b := board.New("boot", still{}, still{})
	publish(b, 2)
	s, err := b.Snapshot(t.Context())
	if err != nil || !strings.HasSuffix(s.ID, "-2") || s.Counts[job.Queued] != 3 || s.Memory.Total == 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

package board_test

import (
	"context"
	"testing"

	"sluice/internal/board"
)

func FuzzAReaderGoesOnOnlyWhereItWas(f *testing.F) {
	for _, last := range []string{"", "b-0", "b-2", "b-3", "b-4", "b-18446744073709551615", "b-+1", "b--1", "c-1", "b-1 ", "\x00", "b-01"} {
		f.Add(last)
	}
	f.Fuzz(func(t *testing.T, last string) {
		b := board.New("b", nil, nil)
		for range 3 {
			b.Publish(board.Event{Kind: board.JobGone, JobID: "x"})
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := b.Follow(last)
		seen := 0
		for {
			e, err := r.Next(ctx)
			if err != nil {
				break
			}
			if seen++; seen > 3 || (e.Kind == board.Reset && seen > 1) {
				t.Fatalf("after %q it reads %d events, the last %v", last, seen, e)
			}
		}
		if r.ID() != "b-3" {
			t.Errorf("after %q and all events it is at %q", last, r.ID())
		}
	})
}

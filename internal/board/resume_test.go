package board_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"sluice/internal/board"
)

// ring is how many events a reader may be behind.
const ring = 1024

// Whatever readers do - read a bit, lose the connection, come back with the id
// they saw last - each event reaches them once and in order, or they are told
// to look anew.
func TestNothingIsMissedOrSeenTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := board.New("boot", still{}, still{})
		reader, seen, published := b.Follow(""), 0, 0
		t.Repeat(map[string]func(*rapid.T){
			"events come": func(t *rapid.T) {
				n := rapid.OneOf(rapid.IntRange(1, 5), rapid.IntRange(ring-1, ring+1)).Draw(t, "events")
				publish(b, n)
				published += n
			},
			"many jobs go at once": func(*rapid.T) {
				b.Publish(board.Event{Kind: board.Reset})
				published++
			},
			"it reads": func(t *rapid.T) {
				for range rapid.IntRange(1, 2*ring).Draw(t, "reads") {
					if seen == published {
						return
					}
					e, err := reader.Next(context.Background())
					behind := published-seen > ring
					switch {
					case err != nil:
						t.Fatal(err)
					case behind && (e.Kind != board.Reset || e.ID != fmt.Sprint("boot-", published)):
						t.Fatalf("behind by %d came %s %s", published-seen, e.Kind, e.ID)
					case behind:
						seen = published
						continue
					}
					if seen++; e.ID != fmt.Sprint("boot-", seen) {
						t.Fatalf("after %d came %s", seen-1, e.ID)
					}
				}
			},
			"it loses the connection": func(t *rapid.T) {
				if id := reader.ID(); id != fmt.Sprint("boot-", seen) {
					t.Fatalf("it has seen %d and is at %s", seen, id)
				}
				reader = b.Follow(reader.ID())
			},
			"it comes from another boot": func(t *rapid.T) {
				reader = b.Follow(fmt.Sprint("older-", seen))
				if e, err := reader.Next(context.Background()); err != nil || e.Kind != board.Reset || e.ID != fmt.Sprint("boot-", published) {
					t.Fatalf("got %+v, %v", e, err)
				}
				seen = published
			},
		})
	})
}

// Publishers and readers at once, for the race detector too.
func TestManyReadersComeAndGoWhileEventsCome(t *testing.T) {
	t.Parallel()
	const events, readers, publishers = 900, 8, 3 // fewer than the ring holds: nobody may be reset
	b := board.New("boot", still{}, still{})
	var all sync.WaitGroup
	for i := range readers {
		reader := b.Follow("boot-0")
		all.Go(func() {
			for n := 1; n <= events; n++ {
				e, err := reader.Next(t.Context())
				if err != nil || e.ID != fmt.Sprint("boot-", n) || e.Kind == board.Reset {
					t.Errorf("reader %d: %+v, %v, want number %d", i, e, err, n)
					return
				}
				if n%(i+2) == 0 {
					reader = b.Follow(e.ID)
				}
			}
		})
	}
	for range publishers {
		all.Go(func() { publish(b, events/publishers) })
	}
	all.Wait()
}

func TestAResetThatWasPublishedIsAnEventLikeAnyOther(t *testing.T) {
	t.Parallel()
	b := board.New("boot", still{}, still{})
	readers := []*board.Reader{b.Follow(""), b.Follow("boot-0"), b.Follow("")}
	publish(b, 1)
	b.Publish(board.Event{Kind: board.Reset})
	publish(b, 1)
	for i, r := range append(readers, b.Follow("boot-0")) {
		for _, want := range []string{"boot-1 job", "boot-2 reset", "boot-3 job"} {
			if e := next(t, r); e.ID+" "+string(e.Kind) != want {
				t.Errorf("reader %d got %s %s, want %s", i, e.ID, e.Kind, want)
			}
		}
	}
	if e := next(t, b.Follow("boot-2")); e.ID != "boot-3" || e.Kind != board.JobChanged {
		t.Errorf("after the reset came %+v", e)
	}
}

func TestAReaderThatDoesNotReadHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := board.New("boot", still{}, still{})
		idle, busy := b.Follow(""), b.Follow("")
		for n := 1; n <= 3*ring; n++ {
			publish(b, 1)
			if e := next(t, busy); e.ID != fmt.Sprint("boot-", n) {
				t.Fatalf("got %s, want number %d", e.ID, n)
			}
		}
		if e := next(t, idle); e.Kind != board.Reset || e.ID != fmt.Sprint("boot-", 3*ring) {
			t.Errorf("the idle one got %+v", e)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if e, err := idle.Next(ctx); err == nil {
			t.Errorf("then %+v", e)
		}
	})
}

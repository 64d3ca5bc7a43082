package sqlitestore_test

import (
	"fmt"
	"testing"

	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
)

// deep makes a store with so many jobs in line.
func deep(b *testing.B, depth int) *sqlitestore.Store {
	b.Helper()
	s := open(b, sqlitestore.Config{})
	for n := 0; n < depth; n += 500 {
		drafts := make([]job.Draft, 500)
		for i := range drafts {
			drafts[i] = draft(fmt.Sprint("talk ", n+i))
		}
		submit(b, s, drafts...)
	}
	return s
}

func depths(b *testing.B, run func(b *testing.B, s *sqlitestore.Store)) {
	b.Helper()
	for _, depth := range []int{0, 10_000} {
		b.Run(fmt.Sprint("depth=", depth), func(b *testing.B) { run(b, deep(b, depth)) })
	}
}

func BenchmarkSubmit(b *testing.B) {
	depths(b, func(b *testing.B, s *sqlitestore.Store) {
		b.Helper()
		for b.Loop() {
			submit(b, s, draft("talk"))
		}
	})
}

// Sixty-four clients at once share commits.
func BenchmarkSubmitTogether(b *testing.B) {
	depths(b, func(b *testing.B, s *sqlitestore.Store) {
		b.Helper()
		b.SetParallelism(32)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := s.Submit(b.Context(), []job.Draft{draft("talk")}); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkTakeAndSettle(b *testing.B) {
	depths(b, func(b *testing.B, s *sqlitestore.Store) {
		b.Helper()
		submit(b, s, draft("talk"))
		for b.Loop() {
			j, err := s.Next(b.Context())
			must(b, err)
			_, err = s.Settle(b.Context(), take(b, s, j.ID), queue.Outcome{State: job.Queued})
			must(b, err)
		}
	})
}

func BenchmarkList(b *testing.B) {
	depths(b, func(b *testing.B, s *sqlitestore.Store) {
		b.Helper()
		for b.Loop() {
			_, err := s.List(b.Context(), queue.Filter{State: job.Queued})
			must(b, err)
		}
	})
}

func BenchmarkPositionOfTheLast(b *testing.B) {
	depths(b, func(b *testing.B, s *sqlitestore.Store) {
		b.Helper()
		last := submit(b, s, draft("talk"))[0]
		for b.Loop() {
			_, err := s.Position(b.Context(), last.ID)
			must(b, err)
		}
	})
}

func BenchmarkAheadOfTheLast(b *testing.B) {
	depths(b, func(b *testing.B, s *sqlitestore.Store) {
		b.Helper()
		last := submit(b, s, draft("talk"))[0]
		for b.Loop() {
			_, err := s.Ahead(b.Context(), last.ID)
			must(b, err)
		}
	})
}

// Every view asks for the sum of the line.
func BenchmarkAhead(b *testing.B) {
	depths(b, func(b *testing.B, s *sqlitestore.Store) {
		b.Helper()
		for b.Loop() {
			_, err := s.Ahead(b.Context(), "")
			must(b, err)
		}
	})
}

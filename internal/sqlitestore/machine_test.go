package sqlitestore_test

import (
	"testing"
	"time"

	"sluice/internal/sqlitestore"
)

// A day of very many small jobs: each with two stages, one in ten waited, and
// one in a hundred failed.
func BenchmarkPast(b *testing.B) {
	s := open(b, sqlitestore.Config{})
	must(b, s.FillEnded(b.Context(), 100_000, 24*time.Hour))
	day := time.Now().Add(-24 * time.Hour)
	b.Run("runs", func(b *testing.B) {
		for b.Loop() {
			runs, err := s.PastRuns(b.Context(), day, 500)
			must(b, err)
			if len(runs) != 500 {
				b.Fatal(len(runs), "runs")
			}
		}
	})
	b.Run("waits", func(b *testing.B) {
		for b.Loop() {
			waits, err := s.PastWaits(b.Context(), day, 500)
			must(b, err)
			if len(waits) != 500 {
				b.Fatal(len(waits), "waits")
			}
		}
	})
	b.Run("throughput", func(b *testing.B) {
		for b.Loop() {
			got, err := s.Throughput(b.Context(), 24)
			must(b, err)
			if len(got.Stages) != 2 || len(got.Failures) != 1 || got.Failures[0].Count < 900 {
				b.Fatalf("%+v", got)
			}
		}
	})
}

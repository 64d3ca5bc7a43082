package sqlitestore_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
)

// deep makes a store with so many jobs in line that wait for a reason.
func deep(b *testing.B, depth int, r job.Reason) *sqlitestore.Store {
	b.Helper()
	s := open(b, sqlitestore.Config{})
	must(b, s.Fill(b.Context(), depth, r))
	return s
}

// laps is how long each of many calls took. What a benchmark does between them
// does not count.
type laps []time.Duration

func (l *laps) time(call func()) {
	began := time.Now()
	call()
	*l = append(*l, time.Since(began))
}

// at is the lap that this share of all are no longer than.
func (l laps) at(share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(l))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func (l laps) report(b *testing.B) {
	b.Helper()
	var all time.Duration
	for _, d := range l {
		all += d
	}
	b.ReportMetric(0, "ns/op") // it would count what is between the laps, too
	b.ReportMetric(micros(l.at(0.5)), "p50-us")
	b.ReportMetric(micros(l.at(0.99)), "p99-us")
	b.ReportMetric(float64(len(l))/all.Seconds(), "/s")
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// BenchmarkLine is what the worker and those who submit wait for, each call
// with its own wait for the disk, at several depths of the line.
func BenchmarkLine(b *testing.B) {
	for _, depth := range []int{0, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint("depth=", depth), func(b *testing.B) {
			s := deep(b, depth, "")
			b.Run("submit", func(b *testing.B) { benchmarkSubmit(b, s) })
			b.Run("take-settle", func(b *testing.B) { benchmarkTakeAndSettle(b, s) })
			if depth == 1_000_000 {
				b.Run("take-over-empty", func(b *testing.B) { benchmarkTakeOverEmpty(b, s) })
			}
		})
	}
}

func benchmarkSubmit(b *testing.B, s *sqlitestore.Store) {
	b.Helper()
	var l laps
	for b.Loop() {
		l.time(func() { submit(b, s, draft("talk")) })
		if depth(b, s) == len(l) { // an empty line stays nearly so
			_, err := s.Clear(b.Context(), job.Queued, 500)
			must(b, err)
		}
	}
	l.report(b)
}

func depth(b *testing.B, s *sqlitestore.Store) int {
	b.Helper()
	counts, err := s.Counts(b.Context())
	must(b, err)
	return counts[job.Queued]
}

// One job comes for each that is done, so that the line stays as long as it is.
func benchmarkTakeAndSettle(b *testing.B, s *sqlitestore.Store) {
	b.Helper()
	var l laps
	for b.Loop() {
		submit(b, s, draft("talk"))
		l.time(func() {
			_, err := s.Settle(b.Context(), takeNext(b, s), queue.Outcome{State: job.Done})
			must(b, err)
		})
	}
	l.report(b)
}

// In turns, so that whatever else the machine does counts for both.
func benchmarkTakeOverEmpty(b *testing.B, long *sqlitestore.Store) {
	b.Helper()
	both := []*sqlitestore.Store{open(b, sqlitestore.Config{}), long}
	var l [2]laps
	for b.Loop() {
		for i, s := range both {
			submit(b, s, draft("talk"))
			var lease job.Lease
			l[i].time(func() { lease = takeNext(b, s) })
			_, err := s.Settle(b.Context(), lease, queue.Outcome{State: job.Done})
			must(b, err)
		}
	}
	l[1].report(b)
	b.ReportMetric(float64(l[1].at(0.5))/float64(l[0].at(0.5)), "ratio")
}

func takeNext(b *testing.B, s *sqlitestore.Store) job.Lease {
	b.Helper()
	j, err := s.Next(b.Context())
	must(b, err)
	return take(b, s, j.ID)
}

// Sixty-four clients at once share commits.
func BenchmarkSubmitTogether(b *testing.B) {
	for _, depth := range []int{0, 100_000} {
		b.Run(fmt.Sprint("depth=", depth), func(b *testing.B) {
			s := deep(b, depth, "")
			var mu sync.Mutex
			var all laps
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				var l laps
				for pb.Next() {
					l.time(func() {
						if _, err := s.Submit(b.Context(), []job.Draft{draft("talk")}); err != nil {
							b.Error(err)
						}
					})
				}
				mu.Lock()
				defer mu.Unlock()
				all = append(all, l...)
			})
			took := b.Elapsed().Seconds()
			all.report(b)
			b.ReportMetric(float64(len(all))/took, "/s")
		})
	}
}

// What many held jobs cost that stand before the one to take.
func BenchmarkTakeBehindHeld(b *testing.B) {
	s := deep(b, 100_000, job.Held)
	benchmarkTakeAndSettle(b, s)
}

// BenchmarkReading is what views ask for, in a line of a hundred thousand.
func BenchmarkReading(b *testing.B) {
	const depth = 100_000
	s := deep(b, depth, "")
	pages := map[string]string{"front": "", "middle": "", "back": ""} // cursors
	jobs := map[string]job.Job{}
	for n, cursor := 0, ""; n < depth; n += 500 {
		p, err := s.List(b.Context(), queue.Filter{State: job.Queued, Limit: 500, Cursor: cursor})
		must(b, err)
		switch n {
		case 0:
			jobs["front"] = p.Jobs[0]
		case depth / 2:
			pages["middle"], jobs["middle"] = cursor, p.Jobs[0]
		case depth - 500:
			pages["back"], jobs["back"] = cursor, p.Jobs[len(p.Jobs)-1]
		}
		cursor = p.Next
	}
	read := func(name string, call func() error) {
		b.Run(name, func(b *testing.B) {
			var l laps
			for b.Loop() {
				l.time(func() { must(b, call()) })
			}
			l.report(b)
		})
	}
	for _, at := range []string{"front", "middle", "back"} {
		read("page-at-"+at, func() error {
			_, err := s.List(b.Context(), queue.Filter{State: job.Queued, Cursor: pages[at]})
			return err
		})
		read("position-at-"+at, func() error {
			_, err := s.Position(b.Context(), jobs[at].ID)
			return err
		})
		read("ahead-at-"+at, func() error {
			_, err := s.Ahead(b.Context(), jobs[at].ID)
			return err
		})
	}
	read("newest-page", func() error {
		_, err := s.List(b.Context(), queue.Filter{})
		return err
	})
	read("ahead-of-all", func() error {
		_, err := s.Ahead(b.Context(), "")
		return err
	})
	read("next", func() error {
		_, err := s.Next(b.Context())
		return err
	})
}

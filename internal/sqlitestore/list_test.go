package sqlitestore_test

import (
	"fmt"
	"strings"
	"testing"

	"sluice/internal/job"
	"sluice/internal/queue"
)

// Pages go by key, and a place is found in an index alone.
func TestNoPageOfAListReadsWhatItDoesNotShow(t *testing.T) {
	t.Parallel()
	pages, places, err := newBench(t).ListPlans(t.Context())
	must(t, err)
	for name, plan := range pages {
		if strings.Contains(plan, "SCAN jobs") || (strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") && name != "line") {
			t.Errorf("a page of %s is looked for:\n%s", name, plan)
		}
	}
	for name, plan := range places {
		if strings.Contains(plan, "TEMP B-TREE") || (!strings.Contains(plan, "COVERING INDEX") && plan != "SCAN jobs") {
			t.Errorf("the place of %s:\n%s", name, plan)
		}
	}
}

// BenchmarkPage is what somebody waits for who jumps to a place of a long list.
func BenchmarkPage(b *testing.B) {
	const depth = 100_000
	s := deep(b, depth, "")
	for _, from := range []int{1, depth / 2, depth - 60} {
		b.Run(fmt.Sprint("from=", from), func(b *testing.B) {
			var l laps
			for b.Loop() {
				l.time(func() {
					p, err := s.List(b.Context(), queue.Filter{State: job.Queued, From: from, Limit: 60})
					must(b, err)
					if p.First != from || len(p.Jobs) != 60 {
						b.Fatalf("%d jobs from %d", len(p.Jobs), p.First)
					}
				})
			}
			l.report(b)
		})
	}
}

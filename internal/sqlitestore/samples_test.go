package sqlitestore_test

import (
	"testing"
	"time"

	"sluice/internal/job"
)

func TestTheMachinesHistoryIsKeptForADay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	start := b.clock.Now()
	at := func(h int) job.Sample {
		return job.Sample{
			At: start.Add(time.Duration(h) * time.Hour), Level: job.Warn, FreePercent: 100 - h, Available: 3 << 30, Depth: h, Running: 1, Engine: 2 << 30,
		}
	}
	list := func(since time.Time) []job.Sample {
		got, err := b.Samples(t.Context(), since)
		must(t, err)
		return got
	}
	b.same("at first", list(time.Time{}), []job.Sample(nil))
	must(t, b.AppendSamples(t.Context(), nil))
	must(t, b.AppendSamples(t.Context(), []job.Sample{at(2), at(1)}))
	changed := at(2)
	changed.Depth = 99
	must(t, b.AppendSamples(t.Context(), []job.Sample{at(0), changed}))
	b.same("all, oldest first, each once", list(time.Time{}), []job.Sample{at(0), at(1), at(2)})
	b.same("since the second", list(at(1).At), []job.Sample{at(1), at(2)})
	b.same("after the second", list(at(1).At.Add(time.Millisecond)), []job.Sample{at(2)})
	b.clock.Advance(25 * time.Hour)
	b.same("before the next write", len(list(time.Time{})), 3)
	must(t, b.AppendSamples(t.Context(), []job.Sample{at(25)}))
	b.same("what is older than a day is gone", list(time.Time{}), []job.Sample{at(1), at(2), at(25)})
}

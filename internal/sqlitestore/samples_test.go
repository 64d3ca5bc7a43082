package sqlitestore_test

import (
	"testing"
	"time"

	"sluice/internal/job"
)

func TestTheMachinesHistoryIsInOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	start := b.clock.Now()
	b.clock.Advance(2 * time.Hour)
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
}

// everyTen is samples of so many times ten seconds up to a moment.
func everyTen(n int, last time.Time) []job.Sample {
	out := make([]job.Sample, n)
	for i := range out {
		out[i] = job.Sample{At: last.Add(time.Duration(i-n+1) * 10 * time.Second), Level: job.Normal}
	}
	return out
}

func (b *bench) samples() []job.Sample {
	b.Helper()
	got, err := b.Samples(b.Context(), time.Time{})
	must(b, err)
	return got
}

func TestNoMoreThanADayOfSamplesIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.clock.Advance(48 * time.Hour)
	all := everyTen(9800, b.clock.Now())
	for n := 0; n < len(all); n += 700 {
		must(t, b.AppendSamples(t.Context(), all[n:n+700]))
	}
	got := b.samples()
	if len(got) < 24*360 || len(got) > 26*360 {
		t.Fatalf("%d samples are kept", len(got))
	}
	b.same("those kept", got, all[len(all)-len(got):])
}

func TestAWrongClockCostsNoMoreThanItsOwnTime(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		jump time.Duration
		left int // of the wrong minute, once the clock is right again
	}{
		"a year ahead":     {365 * 24 * time.Hour, 0},
		"an hour ahead":    {time.Hour, 0},
		"a second ahead":   {time.Second, 6},
		"the time is real": {0, 6},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.clock.Advance(24 * time.Hour)
			day := everyTen(8640, b.clock.Now())
			must(t, b.AppendSamples(t.Context(), day))

			b.clock.Advance(test.jump + time.Minute)
			must(t, b.AppendSamples(t.Context(), everyTen(6, b.clock.Now())))
			b.same("while the clock is wrong", len(b.samples()), 8646)

			b.clock.Advance(-test.jump + time.Minute)
			last := everyTen(6, b.clock.Now())
			must(t, b.AppendSamples(t.Context(), last))
			got := b.samples()
			b.same("before", got[:8640], day)
			b.same("once it is right", got[8640+test.left:], last)
		})
	}
}

package queue

import (
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/job"
)

func TestLooksAreSpacedOnceThereAreMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p pacing
		atOnce := func() (n int) {
			for p.look() == 0 {
				n++
			}
			return n
		}
		if n := atOnce(); n != looksAtOnce {
			t.Errorf("%d looks at once", n)
		}
		if d := p.look(); d != 2*lookEvery { // the one before it has not waited
			t.Errorf("then one in %v", d)
		}
		p.renew()
		if n := atOnce(); n != looksAtOnce {
			t.Errorf("%d looks at once after something new", n)
		}
		time.Sleep(time.Second)
		if n := atOnce(); n < 48 || n > 50 {
			t.Errorf("%d looks at once after a second", n)
		}
		time.Sleep(time.Hour)
		if n := atOnce(); n != looksAtOnce {
			t.Errorf("%d looks at once after a rest", n)
		}
	})
}

func TestAWaitLastsUntilTheOthersWereLookedAt(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)
	soon := now.Add(15 * time.Second)
	tests := map[string]struct {
		row   int
		wait  job.Wait
		until time.Time
	}{
		"the first in a row":                     {0, job.Wait{Reason: job.NoSource, Until: soon}, soon},
		"one behind a hundred":                   {100, job.Wait{Reason: job.NoSource, Until: soon}, soon},
		"one behind a thousand":                  {1000, job.Wait{Reason: job.NoSource, Until: soon}, now.Add(40 * time.Second)},
		"one behind more than can be waited for": {100_000, job.Wait{Reason: job.NoModel, Until: soon}, now.Add(5 * time.Minute)},
		"one that waits for longer itself":       {1000, job.Wait{Reason: job.NoModel, Until: now.Add(time.Hour)}, now.Add(time.Hour)},
		"one that waits for what has no end":     {1000, job.Wait{Reason: job.NoSource}, time.Time{}},
		"one that waits for its time":            {1000, job.Wait{Reason: job.Scheduled, Until: soon}, soon},
	}
	for name, tt := range tests {
		p := pacing{row: tt.row}
		if got := p.later(tt.wait, now).Until; !got.Equal(tt.until) {
			t.Errorf("%s waits until %v, want %v", name, got, tt.until)
		}
	}
}

package queue

import (
	"context"
	"fmt"
	"time"

	"sluice/internal/job"
)

// leap is how far the wall clock may run from the one that nobody sets before
// it counts as a leap between two looks at the line.
const leap = 10 * time.Second

// lookedFor is how soon at the latest a source, a model or a disk that is away
// is looked for again, see the pipeline.
const lookedFor = 5 * time.Minute

// longest is the longest pause that a job can be given for a reason; 0 for
// reasons whose end is not the program's choice.
func longest(r job.Reason) time.Duration {
	switch r {
	case job.Backoff:
		return time.Duration(float64(backoffLongest) * (1 + backoffJitter))
	case job.NoSource, job.NoModel, job.Disk:
		return lookedFor
	case job.Turn, job.Memory, job.Held, job.Paused, job.Scheduled, job.Power, job.OllamaAway, job.QueueAway:
	}
	return 0
}

// clocks compares the wall clock with the monotonic one, which stands still
// while the machine sleeps and which nobody sets.
type clocks struct {
	wall  func() time.Time
	since time.Time     // by both clocks
	ahead time.Duration // of the wall clock, at the last look

	unbound bool // it was set back, and the waits are not bounded yet
}

func newClocks(wall func() time.Time) *clocks {
	c := &clocks{wall: wall, since: time.Now()}
	c.ahead = c.difference()
	return c
}

func (c *clocks) difference() time.Duration {
	return c.wall().Sub(c.since.Round(0)) - time.Since(c.since)
}

// leapt is how far the wall clock has leapt since the last look: forward when
// the machine has slept, either way when somebody has set it. 0 = it has not.
func (c *clocks) leapt() time.Duration {
	before := c.ahead
	c.ahead = c.difference()
	if by := c.ahead - before; by.Abs() > leap {
		return by
	}
	return 0
}

// mindClocks looks whether the wall clock has leapt. Forward, jobs are due that
// the next look will find; back, they would wait for what has already passed.
func (q *Queue) mindClocks(ctx context.Context, c *clocks) error {
	if by := c.leapt(); by != 0 {
		q.log.Info("clock leapt", "dur", by.Round(time.Second))
		c.unbound = c.unbound || by < 0
	}
	if !c.unbound {
		return nil
	}
	n, err := q.boundWaits(ctx)
	if err != nil {
		return err
	}
	c.unbound = false
	if n > 0 {
		q.deps.Listener.LineChanged()
	}
	return nil
}

// boundWaits lets no job wait longer than the longest pause it can have been
// given. It returns how many would have.
func (q *Queue) boundWaits(ctx context.Context) (n int, err error) {
	now := q.cfg.Wall()
	for _, r := range []job.Reason{job.Backoff, job.NoSource, job.NoModel, job.Disk} {
		bounded, err := q.Bound(ctx, r, now.Add(longest(r)))
		if err != nil {
			return n, fmt.Errorf("bound waits: %w", err)
		}
		n += bounded
	}
	return n, nil
}

package app

import (
	"context"
	"time"

	"sluice/internal/job"
)

// surveyEvery is how often the line is looked through for media whose length
// is not known. Nothing waits for it but the forecast.
const surveyEvery = 3 * time.Second

// survey finds out how long the media of queued jobs are, so that the line can
// tell when a job will be done. Submitting never does: it must answer at once,
// also for a thousand files on a slow disk.
func (c *core) survey(ctx context.Context) error {
	tick := time.NewTicker(surveyEvery)
	defer tick.Stop()
	tried := map[string]bool{} // what does not tell its length is not asked again
	for {
		if err := c.surveyOnce(ctx, tried); err != nil && ctx.Err() == nil {
			c.log.Warn("durations not stored", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (c *core) surveyOnce(ctx context.Context, tried map[string]bool) error {
	const batch = 50
	jobs, err := c.store.Unmeasured(ctx, batch+len(tried))
	if err != nil {
		return err
	}
	waiting := map[string]bool{}
	found := false
	for _, j := range jobs {
		waiting[j.ID] = true
		if tried[j.ID] || ctx.Err() != nil {
			continue
		}
		tried[j.ID] = true
		ms, ok := c.measure(ctx, j)
		if !ok {
			continue
		}
		if err := c.store.SetDuration(ctx, j.ID, ms); err != nil {
			return err
		}
		found = true
	}
	for id := range tried {
		if !waiting[id] {
			delete(tried, id)
		}
	}
	if found {
		c.relay.LineChanged()
	}
	return nil
}

// measure asks how long a job's media is. What cannot be read is left to the
// job itself, which will say what is wrong.
func (c *core) measure(ctx context.Context, j job.Job) (ms int64, ok bool) {
	path, err := c.intake.Open(ctx, j.Source)
	if err != nil {
		return 0, false
	}
	m, err := c.media.Probe(ctx, path)
	return m.DurationMS, err == nil && m.DurationMS > 0
}

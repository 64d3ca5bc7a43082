package app

import (
	"context"
	"os"
	"time"

	"sluice/internal/job"
)

// modelsEvery is how often the models folder is looked at.
const modelsEvery = 3 * time.Second

// watchModels lets the jobs that wait for a model go on as soon as the folder
// has changed: it is watched once, not once per job.
func (c *core) watchModels(ctx context.Context) error {
	tick := time.NewTicker(modelsEvery)
	defer tick.Stop()
	seen := c.modelsChanged()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := c.modelsChanged()
		if now.Equal(seen) {
			continue
		}
		seen = now
		if _, err := c.queue.ReleaseAll(ctx, job.NoModel); err != nil {
			c.log.Warn("waiting jobs not woken", "err", err)
		}
		c.queue.Wake()
	}
}

// modelsChanged is when a file last came to the models folder or left it; zero
// while there is none.
func (c *core) modelsChanged() time.Time {
	fi, err := os.Stat(c.models.settings.Models.Dir)
	if err != nil {
		return time.Time{}
	}
	return fi.ModTime()
}

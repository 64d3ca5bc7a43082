package app

import (
	"context"
	"os"
	"time"
)

// keepScratch is how long workdirs and uploads stay after their last job has
// ended: long enough for a retry the next morning.
const keepScratch = 24 * time.Hour

// sweepEvery is how often scratch is looked through.
const sweepEvery = time.Hour

// sweep removes scratch that nobody needs any more, until ctx ends.
func (c *core) sweep(ctx context.Context) error {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		if err := c.sweepOnce(ctx, time.Now().Add(-keepScratch)); err != nil && ctx.Err() == nil {
			c.log.Warn("scratch not swept", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (c *core) sweepOnce(ctx context.Context, before time.Time) error {
	const batch = 500
	for {
		ids, err := c.store.EndedBefore(ctx, before, batch)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := os.RemoveAll(c.pipeline.Dir(id)); err != nil {
				return err
			}
		}
		if err := c.store.MarkSwept(ctx, ids); err != nil {
			return err
		}
		if len(ids) < batch {
			break
		}
	}
	if _, err := c.store.ForgetKeys(ctx); err != nil {
		return err
	}
	// Asked anew for each upload: a job may be submitted while others are removed.
	_, err := c.intake.Sweep(ctx, func(id string) bool {
		used, err := c.store.UploadsInUse(ctx, before)
		return err != nil || used[id]
	}, before)
	return err
}

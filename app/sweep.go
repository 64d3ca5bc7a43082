package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/oklog/ulid/v2"

	"sluice/internal/disk"
	"sluice/internal/fault"
	"sluice/internal/job"
)

// keepScratch is how long workdirs and uploads stay after their last job has
// ended: long enough for a retry the next morning.
const keepScratch = 24 * time.Hour

// sweepEvery is how often scratch is looked through.
const sweepEvery = time.Hour

// shortEvery is how often scratch is given up for room, at most.
const shortEvery = time.Minute

// shortage is how many bytes are missing on the disk.
type shortage chan int64

func newShortage() shortage { return make(shortage, 1) }

// tell never blocks: who still has no room tells again.
func (s shortage) tell(missing int64) {
	select {
	case s <- missing:
	default:
	}
}

// sweep removes scratch that nobody needs any more, until ctx ends.
func (c *core) sweep(ctx context.Context) error {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	all := func(ctx context.Context) error { return c.sweepOnce(ctx, time.Now().Add(-keepScratch)) }
	look := all
	var gaveUp time.Time // when scratch was given up for room last
	for {
		if err := look(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("scratch not swept", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			look = all
		case <-c.relay.gone: // the scratch of deleted jobs goes at once
			look = c.sweepOrphans
		case missing := <-c.room.short:
			look = func(context.Context) error { return nil }
			if time.Since(gaveUp) >= shortEvery {
				gaveUp = time.Now()
				look = func(ctx context.Context) error { return c.makeRoom(ctx, missing) }
			}
		}
	}
}

// makeRoom gives up the scratch of jobs that are done, of those first that ended
// first, until so much more of the disk is free.
func (c *core) makeRoom(ctx context.Context, missing int64) error {
	const most = 500
	ids, err := c.store.EndedBefore(ctx, time.Now().Add(time.Millisecond), most) // in this one, too
	if err != nil {
		return err
	}
	free, err := disk.Free(c.room.dir)
	if err != nil {
		return fmt.Errorf("free space for scratch: %w", err)
	}
	for goal := free + missing; len(ids) > 0 && free < goal; ids = ids[1:] {
		j, err := c.store.Get(ctx, ids[0])
		if fault.Is(err, fault.JobUnknown) || err == nil && j.State != job.Done {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.RemoveAll(c.pipeline.Dir(j.ID)); err != nil {
			return fmt.Errorf("remove scratch: %w", err)
		}
		if err := c.store.MarkSwept(ctx, ids[:1]); err != nil {
			return err
		}
		if free, err = disk.Free(c.room.dir); err != nil {
			return fmt.Errorf("free space for scratch: %w", err)
		}
	}
	return nil
}

func (c *core) sweepOnce(ctx context.Context, before time.Time) error {
	const batch = 500
	for {
		ids, err := c.store.EndedBefore(ctx, before, batch)
		if err != nil {
			return err
		}
		var swept []string
		for _, id := range ids {
			// Looked at again: it may have been retried while others were removed.
			j, err := c.store.Get(ctx, id)
			if err != nil && !fault.Is(err, fault.JobUnknown) {
				return err
			}
			if err == nil && (!j.State.Final() || !j.FinishedAt.Before(before)) {
				continue
			}
			if err := os.RemoveAll(c.pipeline.Dir(id)); err != nil {
				return err
			}
			swept = append(swept, id)
		}
		if err := c.store.MarkSwept(ctx, swept); err != nil {
			return err
		}
		if len(ids) < batch {
			break
		}
	}
	if err := c.sweepOrphans(ctx); err != nil {
		return err
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

// sweepOrphans removes the scratch folders of jobs that are not there any more.
func (c *core) sweepOrphans(ctx context.Context) error {
	dirs, err := os.ReadDir(c.pipeline.Dir(""))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read scratch folder: %w", err)
	}
	for _, d := range dirs {
		if _, err := ulid.ParseStrict(d.Name()); err != nil {
			continue // nobody's job: not ours to remove
		}
		if _, err := c.store.Get(ctx, d.Name()); !fault.Is(err, fault.JobUnknown) {
			continue
		}
		if err := os.RemoveAll(c.pipeline.Dir(d.Name())); err != nil {
			return fmt.Errorf("remove scratch: %w", err)
		}
	}
	return nil
}

package queue

import (
	"context"
	"fmt"
)

// Pause stops takes until Resume, also across restarts. A job that runs goes
// on to its end.
func (q *Queue) Pause(ctx context.Context) error { return q.setPaused(ctx, true) }

// Resume allows takes again, at once.
func (q *Queue) Resume(ctx context.Context) error { return q.setPaused(ctx, false) }

func (q *Queue) setPaused(ctx context.Context, paused bool) error {
	q.pausing.Lock()
	defer q.pausing.Unlock()
	if err := ctx.Err(); err != nil {
		return err // while others were pausing
	}
	before, err := q.Paused(ctx)
	if err != nil {
		return fmt.Errorf("read pause: %w", err)
	}
	if before != paused {
		if err := q.commit(ctx, func(ctx context.Context) error { return q.SetPaused(ctx, paused) }); err != nil {
			return fmt.Errorf("store pause: %w", err)
		}
		if paused {
			q.log.Info("line paused")
		} else {
			q.log.Info("line resumed")
		}
	}
	q.deps.Listener.LineChanged() // also of no change: whoever made it may not have lived to tell
	q.Wake()
	return nil
}

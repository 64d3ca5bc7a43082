package queue

import (
	"context"
	"fmt"
	"time"

	"sluice/internal/job"
)

// Pause stops takes until Resume, also across restarts. A job that runs goes
// on to its end.
func (q *Queue) Pause(ctx context.Context) error { return q.setPaused(ctx, true) }

// Resume allows takes again, at once.
func (q *Queue) Resume(ctx context.Context) error { return q.setPaused(ctx, false) }

func (q *Queue) setPaused(ctx context.Context, paused bool) error {
	q.pausing.Lock()
	defer q.pausing.Unlock()
	before, err := q.Paused(ctx)
	if err != nil {
		return fmt.Errorf("read pause: %w", err)
	}
	if before == paused {
		return nil
	}
	if err := q.SetPaused(ctx, paused); err != nil {
		return fmt.Errorf("store pause: %w", err)
	}
	if paused {
		q.log.Info("line paused")
	} else {
		q.log.Info("line resumed")
	}
	q.deps.Listener.LineChanged()
	q.Wake()
	return nil
}

// tell lets the listener hear of a job, with the reason that Get would show.
// A pause that cannot be read now hides nothing that was done.
func (q *Queue) tell(ctx context.Context, j job.Job) {
	if paused, err := q.Paused(ctx); err == nil && paused {
		halt(&j)
	}
	q.deps.Listener.JobChanged(j)
}

// halt shows that a job whose turn would come is kept by the pause. Nothing of
// it is stored: what else the job waits for is still true afterwards.
func halt(j *job.Job) {
	if inLine(*j) {
		j.Reason, j.ReasonText, j.Until = job.Paused, "The line is paused", time.Time{}
	}
}

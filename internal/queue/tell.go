package queue

import (
	"context"
	"fmt"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Tell lets the listener hear of a job as it stands now. Jobs are read again
// for it and told of one at a time: of two who have changed a job, whoever
// speaks last knows what both have done. A job that was deleted is not told of.
func (q *Queue) Tell(ctx context.Context, id string) error {
	q.telling.Lock()
	defer q.telling.Unlock()
	j, err := q.Store.Get(ctx, id)
	if fault.Is(err, fault.JobUnknown) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("tell of job: %w", err)
	}
	q.say(ctx, j)
	return nil
}

// tell is Tell of a job that was just written. It is told also when whoever
// asked for it has gone, and as it was written when it cannot be read again.
func (q *Queue) tell(ctx context.Context, j job.Job) {
	save, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.cfg.Save)
	defer cancel()
	if err := q.Tell(save, j.ID); err != nil {
		q.say(save, j)
	}
}

// say tells of a job with the progress and the reason that Get would show. A
// pause that cannot be read now hides nothing that was done.
func (q *Queue) say(ctx context.Context, j job.Job) {
	q.freshen(&j)
	if paused, err := q.Paused(ctx); err == nil && paused {
		halt(&j)
	}
	q.deps.Listener.JobChanged(j)
}

// gone tells of jobs that were deleted, after what was still to be said of them.
func (q *Queue) gone(ids []string) {
	q.telling.Lock()
	defer q.telling.Unlock()
	q.deps.Listener.JobsGone(ids)
}

// halt shows that a job whose turn would come is kept by the pause. Nothing of
// it is stored: what else the job waits for is still true afterwards.
func halt(j *job.Job) {
	if inLine(*j) {
		j.Reason, j.ReasonText, j.Until = job.Paused, "The line is paused", time.Time{}
	}
}

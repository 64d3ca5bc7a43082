package queue

import (
	"context"
	"fmt"

	"sluice/internal/job"
)

// Retry starts a job that has ended again. See Control.
func (q *Queue) Retry(ctx context.Context, id string, r job.Retry) (job.Job, error) {
	if r.Options != nil {
		d := job.Draft{Options: *r.Options}
		if err := q.deps.Check.Check(ctx, &d); err != nil {
			return job.Job{}, err
		}
		r.Options = &d.Options
	}
	return q.steered(ctx)(q.Store.Retry(ctx, id, r))
}

// Hold keeps a queued job from being taken. See Control.
func (q *Queue) Hold(ctx context.Context, id string) (job.Job, error) {
	return q.steered(ctx)(q.Store.Hold(ctx, id))
}

// Release makes a queued job ready. See Control.
func (q *Queue) Release(ctx context.Context, id string) (job.Job, error) {
	return q.steered(ctx)(q.Store.Release(ctx, id))
}

// Move puts a queued job elsewhere in the line. See Control.
func (q *Queue) Move(ctx context.Context, id string, to job.Place) (job.Job, error) {
	return q.steered(ctx)(q.Store.Move(ctx, id, to))
}

// SetPriority changes how urgent a job is. See Control.
func (q *Queue) SetPriority(ctx context.Context, id string, priority int) (job.Job, error) {
	return q.steered(ctx)(q.Store.SetPriority(ctx, id, priority))
}

// steered tells of a job that somebody has steered, and of the line, where
// others stand elsewhere now; and it lets the worker look again. The answer is
// the job as it stands now, or as it was written when more cannot be read: what
// was done is done.
func (q *Queue) steered(ctx context.Context) func(job.Job, error) (job.Job, error) {
	return func(j job.Job, err error) (job.Job, error) {
		if err != nil {
			return job.Job{}, err
		}
		q.tell(ctx, j)
		q.deps.Listener.LineChanged()
		q.Wake()
		if now, err := q.now(ctx, j); err == nil {
			j = now
		}
		return j, nil
	}
}

// ReleaseAll makes all jobs that wait for a reason ready. See Control.
func (q *Queue) ReleaseAll(ctx context.Context, r job.Reason) (int, error) {
	n, err := q.Store.ReleaseAll(ctx, r)
	if n > 0 {
		q.deps.Listener.LineChanged()
		q.Wake()
	}
	return n, err
}

// Delete removes a job that has ended. See Control.
func (q *Queue) Delete(ctx context.Context, id string) error {
	if err := q.Store.Delete(ctx, id); err != nil {
		return err
	}
	q.gone([]string{id})
	return nil
}

// clearBatch is how many jobs are cleared in one transaction: the worker's
// writes wait for no more than that.
const clearBatch = 500

// Clear cancels all queued jobs, or deletes all that have ended in one state.
// It returns how many, also when it could not go on to the end.
func (q *Queue) Clear(ctx context.Context, state job.State) (n int, err error) {
	defer func() {
		if n > 0 {
			q.deps.Listener.LineChanged()
			q.Wake()
		}
	}()
	for {
		ids, err := q.Store.Clear(ctx, state, clearBatch)
		if err != nil {
			return n, fmt.Errorf("clear %s jobs: %w", state, err)
		}
		n += len(ids)
		if len(ids) > 0 {
			q.cleared(ctx, state, ids)
		}
		if len(ids) < clearBatch {
			return n, nil
		}
	}
}

// cleared tells of jobs that were taken out of a state. Somebody may wait for
// the end of each of those that were canceled.
func (q *Queue) cleared(ctx context.Context, state job.State, ids []string) {
	if state.Final() {
		q.gone(ids)
		return
	}
	for _, id := range ids {
		if err := q.Tell(context.WithoutCancel(ctx), id); err != nil {
			return // it cannot be read: the views are told that the line has changed
		}
	}
}

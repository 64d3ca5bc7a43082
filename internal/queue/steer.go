package queue

import (
	"context"
	"fmt"
	"time"

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
	return q.steer(ctx, func(ctx context.Context) (job.Job, error) { return q.Store.Retry(ctx, id, r) })
}

// Hold keeps a queued job from being taken. See Control.
func (q *Queue) Hold(ctx context.Context, id string, until time.Time) (job.Job, error) {
	return q.steer(ctx, func(ctx context.Context) (job.Job, error) { return q.Store.Hold(ctx, id, until) })
}

// Release makes a queued job ready. See Control.
func (q *Queue) Release(ctx context.Context, id string) (job.Job, error) {
	return q.steer(ctx, func(ctx context.Context) (job.Job, error) { return q.Store.Release(ctx, id) })
}

// Move puts a queued job elsewhere in the line. See Control.
func (q *Queue) Move(ctx context.Context, id string, to job.Place) (job.Job, error) {
	return q.steer(ctx, func(ctx context.Context) (job.Job, error) { return q.Store.Move(ctx, id, to) })
}

// SetPriority changes how urgent a job is. See Control.
func (q *Queue) SetPriority(ctx context.Context, id string, priority int) (job.Job, error) {
	return q.steer(ctx, func(ctx context.Context) (job.Job, error) { return q.Store.SetPriority(ctx, id, priority) })
}

// steer does what somebody wants of a job and tells of it, and of the line,
// where others stand elsewhere now; and it lets the worker look again. The
// answer is the job as it stands now, or as it was written when more cannot be
// read: what was done is done.
func (q *Queue) steer(ctx context.Context, do func(ctx context.Context) (job.Job, error)) (j job.Job, err error) {
	err = q.commit(ctx, func(ctx context.Context) (err error) {
		j, err = do(ctx)
		return err
	})
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

// ReleaseAll makes all jobs that wait for a reason ready. See Control.
func (q *Queue) ReleaseAll(ctx context.Context, r job.Reason) (n int, err error) {
	err = q.commit(ctx, func(ctx context.Context) (err error) {
		n, err = q.Store.ReleaseAll(ctx, r)
		return err
	})
	if n > 0 {
		q.told.forget() // the line reads differently now, and was not told job by job
		q.deps.Listener.LineChanged()
		q.Wake()
	}
	return n, err
}

// Delete removes a job that has ended. See Control.
func (q *Queue) Delete(ctx context.Context, id string) error {
	if err := q.commit(ctx, func(ctx context.Context) error { return q.Store.Delete(ctx, id) }); err != nil {
		return err
	}
	q.gone([]string{id})
	return nil
}

// clearBatch is how many jobs are cleared before the views are told of them.
const clearBatch = 500

// Clear cancels all queued jobs, or deletes all that have ended in one state.
// It returns how many, also when it could not go on to the end. Once begun it
// goes on though whoever asked for it has gone: half a line cleared is what
// nobody has asked for.
func (q *Queue) Clear(ctx context.Context, state job.State) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	ctx = context.WithoutCancel(ctx)
	var canceled []string
	defer func() {
		if n > 0 {
			q.cleared(ctx, canceled)
		}
	}()
	for {
		var ids []string
		err := q.commit(ctx, func(ctx context.Context) (err error) {
			ids, err = q.Store.Clear(ctx, state, clearBatch)
			return err
		})
		n += len(ids) // some may be done before an error
		switch {
		case !state.Final():
			canceled = append(canceled, ids...)
		case len(ids) > 0:
			q.gone(ids)
		}
		if err != nil {
			return n, fmt.Errorf("clear %s jobs: %w", state, err)
		}
		if len(ids) < clearBatch {
			return n, nil
		}
	}
}

// cleared tells of a line that was cleared, and of the jobs that were canceled
// by it: somebody may wait for the end of one. Of many, it does not tell singly.
func (q *Queue) cleared(ctx context.Context, canceled []string) {
	const few = 20
	defer q.Wake()
	if len(canceled) > few {
		q.deps.Listener.ManyChanged()
		return
	}
	save, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.cfg.Save)
	defer cancel()
	for _, id := range canceled {
		if err := q.Tell(save, id); err != nil {
			q.deps.Listener.ManyChanged() // it cannot be read now
			return
		}
	}
	q.deps.Listener.LineChanged()
}

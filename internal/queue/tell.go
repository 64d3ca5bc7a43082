package queue

import (
	"context"
	"fmt"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Tell lets the listener hear of a job as it stands now. Jobs are read again
// for it and told of one at a time: of two who have changed a job, whoever
// speaks last knows what both have done. A job that was deleted is not told of.
func (q *Queue) Tell(ctx context.Context, id string) error {
	_, err := q.retell(ctx, id)
	return err
}

// retell is Tell; it returns the job, which is none if it was deleted.
func (q *Queue) retell(ctx context.Context, id string) (job.Job, error) {
	q.telling.Lock()
	defer q.telling.Unlock()
	j, err := q.Store.Get(ctx, id)
	if fault.Is(err, fault.JobUnknown) {
		return job.Job{}, nil
	}
	if err != nil {
		return job.Job{}, fmt.Errorf("tell of job: %w", err)
	}
	q.say(ctx, j)
	return j, nil
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
	q.told.keep(j)
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

// memory holds what was told last of queued jobs: a job that is looked at again
// and again is told of when there is something new to say.
type memory struct {
	mu   sync.Mutex
	jobs map[string]words
}

type words struct {
	reason job.Reason
	text   string
	at     time.Time
}

// keep notes that a job was told of as it is. It forgets them all when they are
// very many: that costs no more than telling once more.
func (m *memory) keep(j job.Job) {
	const most = 10_000
	m.mu.Lock()
	defer m.mu.Unlock()
	if j.State != job.Queued {
		delete(m.jobs, j.ID)
		return
	}
	if m.jobs == nil || len(m.jobs) >= most {
		m.jobs = map[string]words{}
	}
	m.jobs[j.ID] = words{j.Reason, j.ReasonText, time.Now()}
}

// has says that a queued job was told of in the same words. What was told very
// long ago does not count: somebody may have read the job since then, in a
// moment in which its turn had come.
func (m *memory) has(j job.Job) bool {
	const long = time.Hour
	m.mu.Lock()
	defer m.mu.Unlock()
	w, ok := m.jobs[j.ID]
	return ok && w.reason == j.Reason && w.text == j.ReasonText && time.Since(w.at) < long
}

func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.jobs)
}

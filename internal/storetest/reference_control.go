package storetest

import (
	"context"
	"maps"
	"slices"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// queued finds a job that stands in the line.
func (r *Reference) queued(id string) (*kept, error) {
	k, err := r.find(id)
	switch {
	case err != nil:
		return nil, err
	case k.State.Final():
		return nil, fault.New(fault.JobFinal, "The job has already ended.", nil)
	case k.State == job.Running:
		return nil, fault.New(fault.JobRunning, "The job is running.", nil)
	}
	return k, nil
}

// Retry implements queue.Control.
func (r *Reference) Retry(_ context.Context, id string, how job.Retry) (job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(id)
	if err != nil {
		return job.Job{}, err
	}
	if !k.State.Final() {
		return job.Job{}, fault.New(fault.JobLive, "The job has not ended yet.", nil)
	}
	if how.From != "" && !slices.Contains(job.Stages(), how.From) {
		return job.Job{}, fault.New(fault.RequestInvalid, "There is no such stage.", nil)
	}
	identity, options := k.identity, k.Options
	if how.Options != nil {
		identity, options = how.Identity, *how.Options
	}
	for _, other := range r.jobs {
		if identity != "" && !k.keyed && other.identity == identity && !other.State.Final() {
			return job.Job{}, fault.New(fault.JobDuplicate, "An identical job is in the line.", nil)
		}
	}
	k.identity, k.Options = identity, options
	if how.From != "" {
		k.Fresh = maps.Clone(k.Fresh)
		if k.Fresh == nil {
			k.Fresh = map[job.Stage]int{}
		}
		k.Fresh[how.From]++
	}
	k.Rank = r.lastRank(k.Priority) + rankGap
	from := k.State
	k.State, k.Stage, k.FinishedAt = job.Queued, how.Stage(k.Stage), time.Time{}
	k.StartedAt = time.Time{}
	k.forgive()
	k.wait(how.Wait)
	r.record(k, job.VerbRetry, from, "")
	return r.show(k), nil
}

// rankGap is the distance of two jobs that nobody has moved.
const rankGap = 1024

// lastRank is the highest rank of the live jobs of a priority.
func (r *Reference) lastRank(priority int) (rank int64) {
	for _, k := range r.jobs {
		if !k.State.Final() && k.Priority == priority {
			rank = max(rank, k.Rank)
		}
	}
	return rank
}

// Hold implements queue.Control.
func (r *Reference) Hold(_ context.Context, id string, until time.Time) (job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.queued(id)
	if err != nil {
		return job.Job{}, err
	}
	w := job.Wait{Reason: job.Held}
	if !until.IsZero() {
		w = job.Wait{Reason: job.Scheduled, Until: until}
	}
	switch {
	case !until.IsZero() && !until.After(r.clock.Now()):
		r.release(k)
	case k.Reason != w.Reason || k.never != until.IsZero() || !k.readyAt.Equal(until):
		k.wait(w)
		r.record(k, job.VerbHold, job.Queued, "")
	}
	return r.show(k), nil
}

// Release implements queue.Control.
func (r *Reference) Release(_ context.Context, id string) (job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.queued(id)
	if err != nil {
		return job.Job{}, err
	}
	r.release(k)
	return r.show(k), nil
}

func (r *Reference) release(k *kept) {
	if !r.due(k) {
		k.wait(job.Wait{})
		r.record(k, job.VerbRelease, job.Queued, "")
	}
}

// Move implements queue.Control.
func (r *Reference) Move(_ context.Context, id string, to job.Place) (job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if (to.To == "") == (to.Before == "") || (to.To != "" && to.To != job.Front && to.To != job.Back) {
		return job.Job{}, fault.New(fault.RequestInvalid, "That is no place.", nil)
	}
	k, err := r.queued(id)
	if err != nil {
		return job.Job{}, err
	}
	var before *kept
	priority := k.Priority
	if to.Before != "" {
		if before, err = r.find(to.Before); err != nil {
			return job.Job{}, err
		}
		if before.State != job.Queued {
			return job.Job{}, fault.New(fault.RequestInvalid, "That job is not in the line.", nil)
		}
		priority = before.Priority
	}
	if before == k {
		return r.show(k), nil
	}
	line := r.others(k, priority)
	at := len(line)
	switch {
	case to.To == job.Front:
		at = 0
	case before != nil:
		at = slices.Index(line, before)
	}
	r.place(k, job.VerbMove, priority, at)
	return r.show(k), nil
}

// SetPriority implements queue.Control: behind the last one who came before.
func (r *Reference) SetPriority(_ context.Context, id string, priority int) (job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if priority < job.MinPriority || priority > job.MaxPriority {
		return job.Job{}, fault.New(fault.RequestInvalid, "The priority is out of bounds.", nil)
	}
	k, err := r.find(id)
	switch {
	case err != nil:
		return job.Job{}, err
	case k.State.Final():
		return job.Job{}, fault.New(fault.JobFinal, "The job has already ended.", nil)
	case k.Priority == priority:
		return r.show(k), nil
	}
	at := 0
	for i, other := range r.others(k, priority) {
		if other.Seq < k.Seq {
			at = i + 1
		}
	}
	r.place(k, job.VerbPriority, priority, at)
	return r.show(k), nil
}

// others is the live jobs of a priority but one, in order. One that runs has
// its place among them: it may come back to it.
func (r *Reference) others(k *kept, priority int) []*kept {
	return slices.DeleteFunc(r.live(), func(other *kept) bool { return other.Priority != priority || other == k })
}

// place puts a job so far from the front of a priority. The whole line of it is
// written down in its new order.
func (r *Reference) place(k *kept, verb job.Verb, priority, at int) {
	line := slices.DeleteFunc(r.live(), func(other *kept) bool { return other.Priority != priority })
	if slices.Index(line, k) == at {
		return // it stands there already
	}
	k.Priority = priority
	var rank int64
	for _, other := range slices.Insert(r.others(k, priority), at, k) {
		rank += rankGap
		other.Rank = rank
	}
	r.record(k, verb, k.State, "")
}

// Delete implements queue.Control.
func (r *Reference) Delete(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(id)
	switch {
	case err != nil:
		return err
	case !k.State.Final():
		return fault.New(fault.JobLive, "The job has not ended yet.", nil)
	}
	r.remove(k)
	return nil
}

// remove takes a job away with its keys and what it has left.
func (r *Reference) remove(k *kept) {
	r.jobs = slices.DeleteFunc(r.jobs, func(other *kept) bool { return other == k })
	maps.DeleteFunc(r.keys, func(_ string, used usedKey) bool { return used.job == k })
	r.disown(k)
}

// Clear implements queue.Control.
func (r *Reference) Clear(_ context.Context, state job.State, most int) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !state.Final() && state != job.Queued {
		return nil, fault.New(fault.RequestInvalid, "Jobs of this state cannot be cleared.", nil)
	}
	var ids []string
	for _, k := range slices.Clone(r.jobs) {
		if k.State != state || len(ids) == most {
			continue
		}
		ids = append(ids, k.ID)
		if state == job.Queued {
			r.leave(k, queue.Outcome{State: job.Canceled})
			r.record(k, job.VerbCancel, job.Queued, "")
		} else {
			r.remove(k)
		}
	}
	return ids, nil
}

// Bound implements queue.Control.
func (r *Reference) Bound(_ context.Context, reason job.Reason, until time.Time) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, k := range r.jobs {
		if k.State == job.Queued && k.Reason == reason && !k.never && k.readyAt.After(until) {
			k.Until, k.readyAt = until, until
			n++
		}
	}
	return n, nil
}

// record writes down what was just done to a job.
func (r *Reference) record(k *kept, verb job.Verb, from job.State, code string) {
	k.history = append(k.history, job.Event{
		At: r.clock.Now(), Verb: verb, From: from, To: k.State, Reason: k.Reason, Stage: k.Stage, Token: k.Token, Owner: k.Owner, Code: code,
	})
}

// History implements queue.Reader.
func (r *Reference) History(_ context.Context, id string) ([]job.Event, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(id)
	if err != nil {
		return nil, err
	}
	return slices.Clone(k.history), nil
}

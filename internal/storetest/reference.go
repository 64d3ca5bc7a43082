package storetest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/transcript"
)

// Reference is a store in memory, as plain as can be: what the verbs mean,
// with nothing about how to keep it. Nothing of it survives the process, so it
// is for tests only.
type Reference struct {
	clock *Clock

	mu      sync.Mutex
	jobs    []*kept // in order of arrival
	arrived int64   // how many have ever
	keys    map[string]usedKey
	paused  bool
	left    map[inputs]*checkpoint
	parts   map[string][]part // by key
	speeds  map[speedOf]speed
}

type kept struct {
	job.Job
	identity string
	keyed    bool      // came with a key of its own
	readyAt  time.Time // zero: ready
	never    bool      // only a release makes it ready
	history  []job.Event

	resumed      map[job.Stage]bool // a run of it went on from parts
	heard        string             // key of the newest transcript
	translations map[string]transcript.Transcript
	summary      *transcript.Summary
}

type usedKey struct {
	body string
	job  *kept
}

var _ queue.Store = (*Reference)(nil)

// NewReference makes an empty store.
func NewReference(clock *Clock) *Reference {
	return &Reference{clock: clock, keys: map[string]usedKey{}, left: map[inputs]*checkpoint{}, parts: map[string][]part{}, speeds: map[speedOf]speed{}}
}

// Submit implements queue.Inbox.
func (r *Reference) Submit(_ context.Context, drafts []job.Draft) ([]queue.Accepted, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, arrived, keys := len(r.jobs), r.arrived, maps.Clone(r.keys)
	var out []queue.Accepted
	for i := range drafts {
		d := &drafts[i]
		k, err := r.known(d)
		if err != nil {
			r.jobs, r.arrived, r.keys = r.jobs[:before], arrived, keys
			return nil, err
		}
		existing := k != nil
		if !existing {
			k = r.add(d)
		}
		out = append(out, queue.Accepted{Job: r.show(k), Existing: existing, Paused: r.paused})
	}
	return out, nil
}

func (r *Reference) known(d *job.Draft) (*kept, error) {
	if d.Priority < -512 || d.Priority > 511 {
		return nil, fault.New(fault.RequestInvalid, "The priority is out of bounds.", nil)
	}
	if d.Key != "" {
		used, ok := r.keys[d.Key]
		if ok && used.body != d.KeyBody {
			return nil, fault.New(fault.IdempotencyReused, "The key was used before.", nil)
		}
		return used.job, nil
	}
	for _, k := range r.jobs {
		if d.Identity != "" && k.identity == d.Identity && !k.State.Final() {
			return k, nil
		}
	}
	return nil, nil //nolint:nilnil // none is an answer
}

func (r *Reference) add(d *job.Draft) *kept {
	r.arrived++
	seq := r.arrived
	k := &kept{identity: d.Identity, keyed: d.Key != "", resumed: map[job.Stage]bool{}, translations: map[string]transcript.Transcript{}, Job: job.Job{
		ID:        fmt.Sprintf("%026d", seq),
		Seq:       seq,
		Rank:      max(seq*rankGap, r.lastRank(d.Priority)+rankGap),
		Source:    d.Source,
		Title:     d.Title,
		Options:   d.Options,
		Metadata:  d.Metadata,
		Priority:  d.Priority,
		State:     job.Queued,
		Stage:     job.Stages()[0],
		CreatedAt: r.clock.Now(),
	}}
	k.wait(d.Wait)
	r.jobs = append(r.jobs, k)
	if d.Key != "" {
		r.keys[d.Key] = usedKey{d.KeyBody, k}
	}
	r.record(k, job.VerbSubmit, "", "")
	return k
}

func (k *kept) wait(w job.Wait) {
	if w.Reason == "" {
		w.Reason = job.Turn
	}
	k.Reason, k.ReasonText, k.Until = w.Reason, w.Text, w.Until
	k.readyAt, k.never = time.Time{}, false
	if !w.Reason.Blocking() {
		k.readyAt, k.never = w.Until, w.Until.IsZero()
	}
}

// due says that a wait is over by the clock, though no verb has said so.
func (r *Reference) due(k *kept) bool {
	return !k.never && !k.readyAt.After(r.clock.Now())
}

func (r *Reference) ready(k *kept) bool { return k.State == job.Queued && r.due(k) }

// show is a job as readers see it.
func (r *Reference) show(k *kept) job.Job {
	j := k.Job
	if k.State == job.Queued && !k.readyAt.IsZero() && r.due(k) {
		j.Reason, j.ReasonText, j.Until = job.Turn, "", time.Time{}
	}
	return j
}

// Next implements queue.Line.
func (r *Reference) Next(context.Context) (job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.line() {
		if r.due(k) {
			return r.show(k), nil
		}
	}
	return job.Job{}, queue.ErrEmpty
}

// Take implements queue.Line.
func (r *Reference) Take(_ context.Context, id, owner string) (job.Job, job.Lease, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(id)
	if err != nil {
		return job.Job{}, job.Lease{}, err
	}
	if !r.ready(k) || r.paused {
		return job.Job{}, job.Lease{}, queue.ErrEmpty
	}
	k.wait(job.Wait{})
	k.State, k.Reason, k.Owner, k.Progress = job.Running, "", owner, job.Progress{}
	k.Token++
	if k.StartedAt.IsZero() {
		k.StartedAt = r.clock.Now()
	}
	r.record(k, job.VerbTake, job.Queued, "")
	r.promote()
	return k.Job, job.Lease{ID: id, Token: k.Token, Owner: owner}, nil
}

// promote makes ready for good what has become ready by the clock.
func (r *Reference) promote() {
	for _, k := range r.jobs {
		if r.ready(k) && !k.readyAt.IsZero() {
			k.wait(job.Wait{})
		}
	}
}

// Renew implements queue.Line.
func (r *Reference) Renew(_ context.Context, lease job.Lease, p job.Progress) (queue.Directive, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.held(lease)
	if err != nil {
		return queue.Directive{}, err
	}
	k.Progress = p
	return queue.Directive{Cancel: k.CancelRequested}, nil
}

// Settle implements queue.Line.
func (r *Reference) Settle(_ context.Context, lease job.Lease, o queue.Outcome) (job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := job.Move(job.Running, o.State); err != nil {
		return job.Job{}, fmt.Errorf("settle: %w", err)
	}
	k, err := r.held(lease)
	if err != nil {
		return job.Job{}, err
	}
	if o.Attempt {
		k.Attempts++
	}
	if o.Crash {
		k.Crashes++
	}
	if o.State == job.Queued && k.CancelRequested {
		o.State = job.Canceled
	}
	r.closeRun(k, cutOff(o.State, o.Error))
	r.leave(k, o)
	code := ""
	if o.Error != nil {
		code = o.Error.Code
	}
	r.record(k, job.VerbSettle, job.Running, code)
	return r.show(k), nil
}

func (r *Reference) leave(k *kept, o queue.Outcome) {
	k.State, k.Owner, k.Progress, k.Need = o.State, "", job.Progress{}, o.Wait.Need
	if o.State == job.Queued {
		k.wait(o.Wait)
		if o.Error != nil {
			k.Error = o.Error
		}
		return
	}
	k.wait(job.Wait{})
	k.Reason, k.Need, k.Error = "", job.Need{}, o.Error
	k.CancelRequested, k.FinishedAt = false, r.clock.Now()
}

// Defer implements queue.Line.
func (r *Reference) Defer(_ context.Context, id string, w job.Wait) (job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(id)
	if err != nil {
		return job.Job{}, err
	}
	if !r.ready(k) {
		return job.Job{}, queue.ErrEmpty
	}
	r.promote()
	before := k.Reason
	k.wait(w)
	if w.Need != (job.Need{}) {
		k.Need = w.Need
	}
	last := k.history[len(k.history)-1]
	if k.Reason != before && (last.Verb != job.VerbDefer || last.Reason != k.Reason) { // new words for the same reason are no news
		r.record(k, job.VerbDefer, job.Queued, "")
	}
	return r.show(k), nil
}

// Recover implements queue.Line.
func (r *Reference) Recover(_ context.Context, owner string, maxDeaths int) ([]job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []job.Job
	for _, k := range r.jobs {
		if k.State != job.Running || k.Owner == owner {
			continue
		}
		if maxDeaths >= 0 {
			k.Deaths++
		}
		o, code := queue.Outcome{State: job.Queued}, fault.WorkerCrashed
		switch {
		case k.CancelRequested:
			o.State, code = job.Canceled, fault.CanceledByUser
		case maxDeaths >= 0 && k.Deaths > maxDeaths:
			o.State, o.Error = job.Failed, &job.Failure{Code: string(fault.WorkerCrashed), Stage: k.Stage}
		}
		r.closeRun(k, string(code))
		r.leave(k, o)
		r.record(k, job.VerbRecover, job.Running, string(code))
		out = append(out, r.show(k))
	}
	return out, nil
}

// ReadyAt implements queue.Line.
func (r *Reference) ReadyAt(context.Context) (time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var at time.Time
	for _, k := range r.jobs {
		if k.State == job.Queued && !k.readyAt.IsZero() && (at.IsZero() || k.readyAt.Before(at)) {
			at = k.readyAt
		}
	}
	return at, nil
}

// Cancel implements queue.Control.
func (r *Reference) Cancel(_ context.Context, id string) (job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(id)
	switch {
	case err != nil:
		return job.Job{}, err
	case k.State.Final():
		return job.Job{}, fault.New(fault.JobFinal, "The job has already ended.", nil)
	case k.State == job.Queued:
		r.leave(k, queue.Outcome{State: job.Canceled})
		r.record(k, job.VerbCancel, job.Queued, "")
	case !k.CancelRequested:
		k.CancelRequested = true
		r.record(k, job.VerbCancel, job.Running, "")
	}
	return r.show(k), nil
}

// ReleaseAll implements queue.Control.
func (r *Reference) ReleaseAll(_ context.Context, reason job.Reason) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, k := range r.jobs {
		if k.State == job.Queued && reason != job.Turn && r.show(k).Reason == reason {
			k.wait(job.Wait{})
			r.record(k, job.VerbRelease, job.Queued, "")
			n++
		}
	}
	return n, nil
}

// SetPaused implements queue.Control.
func (r *Reference) SetPaused(_ context.Context, paused bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paused = paused
	return nil
}

// SetDuration implements queue.Control.
func (r *Reference) SetDuration(_ context.Context, id string, ms int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, err := r.find(id); err == nil {
		k.DurationMS = max(ms, 0)
	}
	return nil
}

// live is the jobs that have not ended, in order.
func (r *Reference) live() []*kept {
	var live []*kept
	for _, k := range r.jobs {
		if !k.State.Final() {
			live = append(live, k)
		}
	}
	slices.SortFunc(live, func(a, b *kept) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Seq, b.Seq))
	})
	return live
}

// line is the queued jobs in order.
func (r *Reference) line() []*kept {
	return slices.DeleteFunc(r.live(), func(k *kept) bool { return k.State != job.Queued })
}

func (r *Reference) find(id string) (*kept, error) {
	for _, k := range r.jobs {
		if k.ID == id {
			return k, nil
		}
	}
	return nil, fault.New(fault.JobUnknown, "There is no such job.", nil)
}

func (r *Reference) held(lease job.Lease) (*kept, error) {
	k, err := r.find(lease.ID)
	if err != nil || k.State != job.Running || k.Token != lease.Token || k.Owner != lease.Owner {
		return nil, job.ErrLeaseLost
	}
	return k, nil
}

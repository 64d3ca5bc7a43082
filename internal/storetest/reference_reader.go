package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// Get implements queue.Reader.
func (r *Reference) Get(_ context.Context, id string) (job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(id)
	if err != nil {
		return job.Job{}, err
	}
	return r.show(k), nil
}

// List implements queue.Reader. Its cursor is the id of the last job shown.
func (r *Reference) List(_ context.Context, f queue.Filter) (queue.Page, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := f.Check(); err != nil {
		return queue.Page{}, err
	}
	all := r.selected(f)
	p := queue.Page{Total: len(all)}
	mark := fmt.Sprint(f.State, "/", f.Order, "/", f.Query, "/")
	skip := min(max(0, f.From-1), len(all))
	if f.Cursor != "" {
		skip = slices.IndexFunc(all, func(k *kept) bool { return mark+k.ID == f.Cursor }) + 1
		if skip == 0 {
			return queue.Page{}, fault.New(fault.RequestInvalid, "The cursor belongs to another list.", nil)
		}
	}
	for _, k := range all[skip:min(skip+f.Limit, len(all))] {
		p.Jobs = append(p.Jobs, r.show(k))
	}
	if len(p.Jobs) > 0 && (f.Cursor == "" || f.Order == queue.ByLine) {
		p.First = skip + 1
	}
	if len(all) > skip+f.Limit {
		p.Next = mark + all[skip+f.Limit-1].ID
	}
	if f.Query != "" {
		p.First, p.Total = 0, 0
	}
	return p, nil
}

func (r *Reference) selected(f queue.Filter) []*kept {
	all := r.line()
	if f.Order != queue.ByLine {
		all = slices.Clone(r.jobs)
		slices.Reverse(all)
	}
	if f.Order == queue.ByEnd {
		all = slices.DeleteFunc(all, func(k *kept) bool { return !k.State.Final() })
		slices.SortStableFunc(all, func(a, b *kept) int { return b.FinishedAt.Compare(a.FinishedAt) })
	}
	return slices.DeleteFunc(all, func(k *kept) bool {
		if f.State != "" && k.State != f.State {
			return true
		}
		for _, word := range strings.Fields(strings.ToLower(f.Query)) {
			if !strings.Contains(strings.ToLower(k.Title), word) {
				return true
			}
		}
		return false
	})
}

// Ended implements queue.Reader.
func (r *Reference) Ended(_ context.Context, limit int) ([]job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []job.Job
	for _, k := range r.jobs {
		if k.State.Final() {
			out = append(out, r.show(k))
		}
	}
	slices.SortFunc(out, func(a, b job.Job) int {
		return cmp.Or(b.FinishedAt.Compare(a.FinishedAt), cmp.Compare(b.Seq, a.Seq))
	})
	return out[:min(limit, len(out))], nil
}

// Counts implements queue.Reader.
func (r *Reference) Counts(context.Context) (queue.Counts, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := queue.Counts{}
	for _, s := range job.States() {
		c[s] = 0
	}
	for _, k := range r.jobs {
		c[k.State]++
	}
	return c, nil
}

// Position implements queue.Reader.
func (r *Reference) Position(_ context.Context, id string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(id)
	if err != nil {
		return 0, err
	}
	return slices.Index(r.line(), k) + 1, nil
}

// Paused implements queue.Reader.
func (r *Reference) Paused(context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.paused, nil
}

// Ahead implements queue.Reader.
func (r *Reference) Ahead(_ context.Context, id string) ([]queue.Load, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.line()
	if id != "" {
		k, err := r.find(id)
		if err != nil {
			return nil, err
		}
		before = before[:max(0, slices.Index(before, k))]
	}
	var loads []queue.Load
	for _, k := range before {
		if !r.due(k) {
			continue
		}
		load := queue.LoadOf(k.Options, k.DurationMS)
		i := slices.IndexFunc(loads, func(l queue.Load) bool { return kindOf(l) == kindOf(load) })
		if i < 0 {
			loads = append(loads, load)
			continue
		}
		loads[i].Jobs++
		loads[i].MediaMS += load.MediaMS
		loads[i].Unknown += load.Unknown
	}
	return loads, nil
}

// kindOf is what a load asks for, without how much.
func kindOf(l queue.Load) queue.Load {
	l.Jobs, l.Unknown, l.MediaMS = 0, 0, 0
	return l
}

// Unmeasured implements queue.Reader.
func (r *Reference) Unmeasured(_ context.Context, limit int) ([]job.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []job.Job
	for _, k := range r.line() {
		if k.DurationMS == 0 && len(out) < limit {
			out = append(out, r.show(k))
		}
	}
	return out, nil
}

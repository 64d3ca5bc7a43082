package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// random runs the same verbs on a store and on the reference, in any order,
// and compares all they say.
func random(t *testing.T, open Open) {
	t.Helper()
	rapid.Check(t, func(r *rapid.T) {
		clock := NewClock()
		// Closed at the end of this sequence and not of all of them.
		own := &owned{TB: t}
		defer own.cleanup()
		p := &pair{T: r, ctx: t.Context(), clock: clock, store: open(own, clock), model: NewReference(clock), ids: map[string]int{}}
		r.Repeat(map[string]func(*rapid.T){
			"submit":  p.submit,
			"take":    p.take,
			"renew":   p.renew,
			"settle":  p.settle,
			"defer":   p.deferOne,
			"cancel":  p.cancel,
			"release": p.release,
			"recover": p.recoverAll,
			"wait":    p.wait,
			"pause":   p.pause,
			"measure": p.measure,
			"begin":   p.begin,
			"finish":  p.finish,
			"":        p.compare,
		})
	})
}

// owned is a test whose cleanups run when its owner says so.
type owned struct {
	testing.TB
	todo []func()
}

func (o *owned) Cleanup(f func()) { o.todo = append(o.todo, f) }

func (o *owned) cleanup() {
	for i := len(o.todo) - 1; i >= 0; i-- {
		o.todo[i]()
	}
}

// pair is a store and its model, which give their jobs different ids: a job
// is known by its number.
type pair struct {
	*rapid.T
	ctx    context.Context //nolint:containedctx // of the one test
	clock  *Clock
	store  queue.Store
	model  *Reference
	jobs   []ids
	ids    map[string]int // of both
	leases []leasePair
}

type ids struct{ store, model string }

type leasePair struct{ store, model job.Lease }

var (
	owners  = rapid.SampledFrom([]string{owner, other})
	reasons = rapid.SampledFrom([]job.Reason{"", job.Turn, job.Memory, job.Backoff, job.Held, job.NoModel, job.Disk})
	needs   = rapid.SampledFrom([]job.Need{{}, {Stage: job.Transcribe, Model: "tiny", Bytes: 1 << 30}})
	fails   = rapid.SampledFrom([]*job.Failure{nil, {Code: "engine_stuck", Message: "It stopped.", Stage: job.Extract}})
)

func (p *pair) submit(r *rapid.T) {
	drafts := make([]job.Draft, rapid.IntRange(1, 3).Draw(r, "drafts"))
	for i := range drafts {
		d := draft(rapid.SampledFrom([]string{"one talk", "Two Talks", "three"}).Draw(r, "title"))
		d.Priority = rapid.IntRange(-1, 1).Draw(r, "priority")
		d.Identity = rapid.SampledFrom([]string{"", "", "same", "other"}).Draw(r, "identity")
		d.Key = rapid.SampledFrom([]string{"", "", "k1", "k2"}).Draw(r, "key")
		d.KeyBody = rapid.SampledFrom([]string{"b1", "b1", "b2"}).Draw(r, "body")
		d.Wait.Reason = reasons.Draw(r, "reason")
		d.Options.Model = rapid.SampledFrom([]string{"tiny", "tiny", "large-v3", ""}).Draw(r, "model")
		drafts[i] = d
	}
	got, gotErr := p.store.Submit(p.ctx, drafts)
	want, wantErr := p.model.Submit(p.ctx, drafts)
	p.sameErr("submit", gotErr, wantErr)
	if gotErr != nil {
		return
	}
	for i := range want {
		if got[i].Existing != want[i].Existing {
			p.Fatalf("draft %d: existing %v, want %v", i, got[i].Existing, want[i].Existing)
		}
		if !want[i].Existing {
			n := len(p.jobs)
			p.ids[got[i].Job.ID], p.ids[want[i].Job.ID] = n, n
			p.jobs = append(p.jobs, ids{got[i].Job.ID, want[i].Job.ID})
		}
		p.sameJob("submit", got[i].Job, want[i].Job)
	}
}

func (p *pair) some(r *rapid.T) ids {
	if len(p.jobs) == 0 {
		r.Skip("no jobs")
	}
	return rapid.SampledFrom(p.jobs).Draw(r, "job")
}

func (p *pair) take(r *rapid.T) {
	id, who := p.some(r), owners.Draw(r, "owner")
	got, gotLease, gotErr := p.store.Take(p.ctx, id.store, who)
	want, wantLease, wantErr := p.model.Take(p.ctx, id.model, who)
	p.sameErr("take", gotErr, wantErr)
	if gotErr != nil {
		return
	}
	p.sameJob("take", got, want)
	for _, l := range p.leases {
		if l.store == gotLease {
			p.Fatalf("lease %+v was given out twice", gotLease)
		}
	}
	p.leases = append(p.leases, leasePair{gotLease, wantLease})
}

func (p *pair) lease(r *rapid.T) leasePair {
	if len(p.leases) == 0 {
		r.Skip("no leases")
	}
	// The newest are the likeliest to be live; the old ones must stay dead.
	newest := p.leases[max(0, len(p.leases)-3):]
	return rapid.OneOf(rapid.SampledFrom(newest), rapid.SampledFrom(p.leases)).Draw(r, "lease")
}

func (p *pair) renew(r *rapid.T) {
	l := p.lease(r)
	pr := job.Progress{Stage: job.Extract, Fraction: rapid.Float64Range(0, 1).Draw(r, "fraction"), ETASeconds: rapid.IntRange(0, 100).Draw(r, "eta")}
	got, gotErr := p.store.Renew(p.ctx, l.store, pr)
	want, wantErr := p.model.Renew(p.ctx, l.model, pr)
	p.sameErr("renew", gotErr, wantErr)
	if got != want {
		p.Fatalf("directive %+v, want %+v", got, want)
	}
}

func (p *pair) someWait(r *rapid.T) job.Wait {
	w := job.Wait{Reason: reasons.Draw(r, "reason"), Need: needs.Draw(r, "need")}
	if rapid.Bool().Draw(r, "has an end") {
		w.Until = p.clock.Now().Add(time.Duration(rapid.IntRange(-2, 5).Draw(r, "minutes")) * time.Minute)
	}
	return w
}

func (p *pair) settle(r *rapid.T) {
	l := p.lease(r)
	o := queue.Outcome{
		State:   rapid.SampledFrom([]job.State{job.Queued, job.Queued, job.Done, job.Failed, job.Canceled, job.Running}).Draw(r, "state"),
		Wait:    p.someWait(r),
		Error:   fails.Draw(r, "error"),
		Attempt: rapid.Bool().Draw(r, "attempt"),
		Crash:   rapid.Bool().Draw(r, "crash"),
	}
	got, gotErr := p.store.Settle(p.ctx, l.store, o)
	want, wantErr := p.model.Settle(p.ctx, l.model, o)
	p.sameAnswer("settle", got, want, gotErr, wantErr)
}

func (p *pair) deferOne(r *rapid.T) {
	id, w := p.some(r), p.someWait(r)
	got, gotErr := p.store.Defer(p.ctx, id.store, w)
	want, wantErr := p.model.Defer(p.ctx, id.model, w)
	p.sameAnswer("defer", got, want, gotErr, wantErr)
}

func (p *pair) cancel(r *rapid.T) {
	id := p.some(r)
	got, gotErr := p.store.Cancel(p.ctx, id.store)
	want, wantErr := p.model.Cancel(p.ctx, id.model)
	p.sameAnswer("cancel", got, want, gotErr, wantErr)
}

func (p *pair) release(r *rapid.T) {
	reason := reasons.Draw(r, "reason")
	got, gotErr := p.store.Release(p.ctx, reason)
	want, wantErr := p.model.Release(p.ctx, reason)
	p.sameErr("release", gotErr, wantErr)
	if got != want {
		p.Fatalf("released %d, want %d", got, want)
	}
}

func (p *pair) recoverAll(r *rapid.T) {
	who, most := owners.Draw(r, "owner"), rapid.IntRange(0, 2).Draw(r, "max deaths")
	got, gotErr := p.store.Recover(p.ctx, who, most)
	want, wantErr := p.model.Recover(p.ctx, who, most)
	p.sameErr("recover", gotErr, wantErr)
	p.sameJobs("recover", got, want)
}

func (p *pair) wait(r *rapid.T) {
	p.clock.Advance(time.Duration(rapid.IntRange(1, 180).Draw(r, "seconds")) * time.Second)
}

func (p *pair) pause(r *rapid.T) {
	paused := rapid.Bool().Draw(r, "paused")
	p.sameErr("pause", p.store.SetPaused(p.ctx, paused), p.model.SetPaused(p.ctx, paused))
}

func (p *pair) measure(r *rapid.T) {
	id, ms := p.some(r), rapid.Int64Range(0, 4).Draw(r, "minutes")*60_000
	p.sameErr("measure", p.store.SetDuration(p.ctx, id.store, ms), p.model.SetDuration(p.ctx, id.model, ms))
}

func (p *pair) begin(r *rapid.T) {
	store, model := p.stages(r)
	l, stage := p.lease(r), rapid.SampledFrom(job.Stages()).Draw(r, "stage")
	p.sameErr("begin", store.Begin(p.ctx, l.store, stage), model.Begin(p.ctx, l.model, stage))
}

func (p *pair) finish(r *rapid.T) {
	store, model := p.stages(r)
	l, stage := p.lease(r), rapid.SampledFrom(job.Stages()).Draw(r, "stage")
	key, reused := rapid.SampledFrom([]string{"k1", "k2", "k3"}).Draw(r, "key"), rapid.Bool().Draw(r, "reused")
	took := time.Duration(rapid.SampledFrom([]int{-1, 0, 1, 7, 7, 7, 100, 170}).Draw(r, "took")) * time.Second
	p.sameErr("finish", store.Finish(p.ctx, l.store, stage, key, nil, reused, took), model.Finish(p.ctx, l.model, stage, key, nil, reused, took))
}

func (p *pair) stages(r *rapid.T) (store, model stages) {
	store, ok := p.store.(stages)
	if !ok {
		r.Skip("this store keeps no stages")
	}
	return store, p.model
}

// compare reads everything there is to read.
func (p *pair) compare(*rapid.T) {
	got, gotErr := p.store.Next(p.ctx)
	want, wantErr := p.model.Next(p.ctx)
	p.sameAnswer("next", got, want, gotErr, wantErr)
	p.compareLists()
	p.compareCounts()
	gotAt, gotErr := p.store.ReadyAt(p.ctx)
	wantAt, wantErr := p.model.ReadyAt(p.ctx)
	p.sameErr("ready at", gotErr, wantErr)
	if !gotAt.Equal(wantAt) {
		p.Fatalf("ready at %v, want %v", gotAt, wantAt)
	}
	p.compareOutlook()
}

// compareOutlook reads what forecasts are made of.
func (p *pair) compareOutlook() {
	gotPaused, gotErr := p.store.Paused(p.ctx)
	wantPaused, wantErr := p.model.Paused(p.ctx)
	p.sameErr("paused", gotErr, wantErr)
	if gotPaused != wantPaused {
		p.Fatalf("paused %v, want %v", gotPaused, wantPaused)
	}
	gotJobs, gotErr := p.store.Unmeasured(p.ctx, 2)
	wantJobs, wantErr := p.model.Unmeasured(p.ctx, 2)
	p.sameErr("unmeasured", gotErr, wantErr)
	p.sameJobs("unmeasured", gotJobs, wantJobs)
	newest := p.jobs[max(0, len(p.jobs)-1):]
	for _, id := range append([]ids{{}}, newest...) { // the whole line, and before one
		got, gotErr := p.store.Ahead(p.ctx, id.store)
		want, wantErr := p.model.Ahead(p.ctx, id.model)
		p.sameErr("ahead", gotErr, wantErr)
		p.sameValue("ahead", inOrder(got), inOrder(want))
	}
	got, gotErr := p.store.Paces(p.ctx)
	want, wantErr := p.model.Paces(p.ctx)
	p.sameErr("paces", gotErr, wantErr)
	p.sameValue("paces", sorted(got), sorted(want))
}

func (p *pair) compareLists() {
	for _, f := range []queue.Filter{{}, {State: job.Queued}, {Query: "talk"}} {
		got, gotErr := p.store.List(p.ctx, f)
		want, wantErr := p.model.List(p.ctx, f)
		p.sameErr("list", gotErr, wantErr)
		p.sameJobs("list", got.Jobs, want.Jobs)
	}
}

// compareCounts checks the counters against the jobs themselves, too.
func (p *pair) compareCounts() {
	got, err := p.store.Counts(p.ctx)
	p.sameErr("counts", err, nil)
	want, _ := p.model.Counts(p.ctx)
	for _, state := range job.States() {
		if got[state] != want[state] {
			p.Fatalf("%d jobs are counted as %s, want %d", got[state], state, want[state])
		}
	}
	if n := len(p.jobs); n > 0 {
		last := p.jobs[n-1]
		got, gotErr := p.store.Position(p.ctx, last.store)
		want, wantErr := p.model.Position(p.ctx, last.model)
		p.sameErr("position", gotErr, wantErr)
		if got != want {
			p.Fatalf("position %d, want %d", got, want)
		}
	}
}

func (p *pair) sameAnswer(verb string, got, want job.Job, gotErr, wantErr error) {
	p.sameErr(verb, gotErr, wantErr)
	if gotErr == nil {
		p.sameJob(verb, got, want)
	}
}

func (p *pair) sameJob(verb string, got, want job.Job) {
	p.sameJobs(verb, []job.Job{got}, []job.Job{want})
}

func (p *pair) sameJobs(verb string, got, want []job.Job) {
	p.sameValue(verb, p.plain(got), p.plain(want))
}

func (p *pair) sameValue(what string, got, want any) {
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateApprox(1e-9, 0)); d != "" {
		p.Fatalf("%s differs (-want +got):\n%s", what, d)
	}
}

// plain takes out what two stores may well differ in: ids, the distance of
// numbers, and the words of an error.
func (p *pair) plain(jobs []job.Job) []job.Job {
	out := make([]job.Job, len(jobs))
	for i, j := range jobs {
		n, known := p.ids[j.ID]
		if !known {
			p.Fatalf("job %s came from nowhere", j.ID)
		}
		j.ID, j.Seq, j.Rank = fmt.Sprint(n), 0, 0
		if j.Error != nil {
			j.Error = &job.Failure{Code: j.Error.Code, Stage: j.Error.Stage}
		}
		out[i] = j
	}
	return out
}

// sameErr compares kinds of errors, not their words.
func (p *pair) sameErr(verb string, got, want error) {
	if g, w := kind(got), kind(want); g != w {
		p.Fatalf("%s: got error %v (%s), want %v (%s)", verb, got, g, want, w)
	}
}

func kind(err error) string {
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, queue.ErrEmpty):
		return "empty"
	case errors.Is(err, job.ErrLeaseLost):
		return "lease lost"
	case errors.Is(err, job.ErrMove):
		return "no such move"
	}
	return string(fault.From(err).Code)
}

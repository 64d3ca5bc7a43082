package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// compareSome reads what costs little to read, and one thing about one job:
// each time another.
func (p *pair) compareSome() {
	got, gotErr := p.store.Next(p.ctx)
	want, wantErr := p.model.Next(p.ctx)
	p.sameAnswer("next", got, want, gotErr, wantErr)
	gotAt, gotErr := p.store.ReadyAt(p.ctx)
	wantAt, wantErr := p.model.ReadyAt(p.ctx)
	p.sameErr("ready at", gotErr, wantErr)
	if !gotAt.Equal(wantAt) {
		p.dice.Fatalf("ready at %v, want %v", gotAt, wantAt)
	}
	gotPaused, gotErr := p.store.Paused(p.ctx)
	wantPaused, wantErr := p.model.Paused(p.ctx)
	p.sameErr("paused", gotErr, wantErr)
	p.sameValue("paused", gotPaused, wantPaused)
	p.compareCounts()
	p.compareAhead(ids{}) // the whole line
	p.looks++
	if n := len(p.jobs); n > 0 {
		about := p.aboutOne()
		about[p.looks%len(about)](p.jobs[p.looks/len(about)%n])
	}
}

// aboutOne is all that can be read about one job.
func (p *pair) aboutOne() []func(ids) {
	return []func(ids){p.comparePosition, p.compareAhead, p.compareJob, p.compareHistory, p.compareResults}
}

func (p *pair) compareJob(id ids) {
	got, gotErr := p.store.Get(p.ctx, id.store)
	want, wantErr := p.model.Get(p.ctx, id.model)
	p.sameAnswer("get", got, want, gotErr, wantErr)
}

func (p *pair) comparePosition(id ids) {
	got, gotErr := p.store.Position(p.ctx, id.store)
	want, wantErr := p.model.Position(p.ctx, id.model)
	p.sameErr("position", gotErr, wantErr)
	p.sameValue("position", got, want)
}

func (p *pair) compareHistory(id ids) {
	got, gotErr := p.store.History(p.ctx, id.store)
	want, wantErr := p.model.History(p.ctx, id.model)
	p.sameErr("history", gotErr, wantErr)
	p.sameValue("history", got, want)
}

func (p *pair) compareAhead(id ids) {
	got, gotErr := p.store.Ahead(p.ctx, id.store)
	want, wantErr := p.model.Ahead(p.ctx, id.model)
	p.sameErr("ahead", gotErr, wantErr)
	p.sameValue("ahead", inOrder(got), inOrder(want))
}

func (p *pair) compareCounts() {
	got, gotErr := p.store.Counts(p.ctx)
	want, wantErr := p.model.Counts(p.ctx)
	p.sameErr("counts", gotErr, wantErr)
	for _, state := range job.States() {
		p.sameValue("jobs counted as "+string(state), got[state], want[state])
	}
}

// compareAll reads everything there is to read.
func (p *pair) compareAll() {
	p.compareLists()
	for _, id := range slices.Concat(p.jobs, p.gone[max(0, len(p.gone)-3):]) {
		for _, compare := range p.aboutOne() {
			compare(id)
		}
	}
	for _, limit := range []int{2, 1000} {
		got, gotErr := p.store.Unmeasured(p.ctx, limit)
		want, wantErr := p.model.Unmeasured(p.ctx, limit)
		p.sameErr("unmeasured", gotErr, wantErr)
		p.sameJobs("unmeasured", got, want)
		got, gotErr = p.store.Ended(p.ctx, limit)
		want, wantErr = p.model.Ended(p.ctx, limit)
		p.sameErr("ended", gotErr, wantErr)
		p.sameJobs("ended", got, want)
	}
	got, gotErr := p.store.Paces(p.ctx)
	want, wantErr := p.model.Paces(p.ctx)
	p.sameErr("paces", gotErr, wantErr)
	p.sameValue("paces", sorted(got), sorted(want))
	p.compareFinished()
	p.compareLeases(p.leases[max(0, len(p.leases)-50):])
}

// compareLists checks the store against itself, too: that its counters are the
// real counts, and that its line is in the order of what stands in the jobs.
func (p *pair) compareLists() {
	p.comparePlaces()
	for _, f := range []queue.Filter{{}, {Order: queue.ByEnd}, {Order: queue.ByEnd, State: job.Failed}, {Order: queue.ByArrival, State: job.Queued}, {Query: "talk"}, {Query: "talk", State: job.Queued}, {State: job.Running}, {State: job.Done}, {State: job.Failed}, {State: job.Canceled}, {State: job.Queued}} {
		f.Limit = 7
		got, want := p.pages(p.store, f), p.pages(p.model, f)
		p.sameJobs(fmt.Sprintf("list of %q %q", f.State, f.Query), got, want)
		if f.State == "" || f.Query != "" || f.Order != "" {
			continue
		}
		counts, err := p.store.Counts(p.ctx)
		p.sameErr("counts", err, nil)
		p.sameValue("counter of "+string(f.State), counts[f.State], len(got))
		inLine := func(a, b job.Job) int {
			return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Seq, b.Seq))
		}
		if f.State == job.Queued && !slices.IsSortedFunc(got, inLine) {
			p.dice.Fatalf("the line is not in the order of priority, rank and number")
		}
	}
}

// comparePlaces turns to a page in the middle of each list.
func (p *pair) comparePlaces() {
	for _, f := range []queue.Filter{{Order: queue.ByLine}, {Order: queue.ByEnd}, {Order: queue.ByEnd, State: job.Done}, {Order: queue.ByArrival}, {State: job.Canceled}} {
		f.Limit = 5
		whole, err := p.model.List(p.ctx, f)
		p.sameErr("list", err, nil)
		for _, from := range []int{1, whole.Total/3 + 1, whole.Total*2/3 + 1, whole.Total, whole.Total + 1} {
			f.From = from
			got, gotErr := p.store.List(p.ctx, f)
			want, wantErr := p.model.List(p.ctx, f)
			p.sameErr("list from a place", gotErr, wantErr)
			p.sameJobs(fmt.Sprintf("list of %q %q from %d", f.State, f.Order, from), got.Jobs, want.Jobs)
			p.sameValue("place", []int{got.First, got.Total}, []int{want.First, want.Total})
		}
	}
}

// pages is a whole list, page by page.
func (p *pair) pages(s queue.Store, f queue.Filter) (all []job.Job) {
	for {
		page, err := s.List(p.ctx, f)
		p.sameErr("list", err, nil)
		all = append(all, page.Jobs...)
		if f.Cursor = page.Next; page.Next == "" {
			return all
		}
	}
}

// compareLeases renews leases, old and new: of one job no more than one is live.
func (p *pair) compareLeases(leases []leasePair) {
	live := map[string]job.Lease{}
	for _, l := range leases {
		if !p.renewOne(l, job.Progress{Stage: job.Extract, Fraction: 0.5}) {
			continue
		}
		if other, two := live[l.store.ID]; two {
			p.dice.Fatalf("%+v and %+v are live together", other, l.store)
		}
		live[l.store.ID] = l.store
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
	if reflect.DeepEqual(got, want) { // the usual case, and far quicker
		return
	}
	if d := gocmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateApprox(1e-9, 0)); d != "" {
		p.dice.Fatalf("%s differs (-want +got):\n%s", what, d)
	}
}

// plain takes out what two stores may well differ in: ids, the distance of
// numbers, and the words of an error.
func (p *pair) plain(jobs []job.Job) []job.Job {
	out := make([]job.Job, len(jobs))
	for i, j := range jobs {
		n, known := p.ids[j.ID]
		if !known {
			p.dice.Fatalf("job %s came from nowhere", j.ID)
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
		p.dice.Fatalf("%s: got error %v (%s), want %v (%s)", verb, got, g, want, w)
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

package storetest

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/internal/job"
	"sluice/internal/queue"
)

// random runs the same verbs on a store and on the reference, in any order,
// and compares all they say after each of them. Of a failure it finds the
// shortest way there.
func random(t *testing.T, open Open) {
	t.Helper()
	rapid.Check(t, func(r *rapid.T) {
		clock := NewClock()
		// Closed at the end of this sequence and not of all of them.
		own := &owned{TB: t}
		defer own.cleanup()
		p := newPair(t.Context(), clock, open(own, clock))
		actions := map[string]func(*rapid.T){"": func(r *rapid.T) {
			p.dice = rapidDice{r}
			p.compareSome()
			p.compareLists()
		}}
		for name, verb := range p.verbs() {
			actions[name] = func(r *rapid.T) {
				p.dice = rapidDice{r}
				verb()
			}
		}
		r.Repeat(actions)
		p.compareAll()
	})
}

// long runs very many verbs on one store. What is cheap to ask is compared
// after each of them, everything now and then and at the end.
func long(t *testing.T, open Open, steps int) {
	t.Helper()
	clock, seed := NewClock(), rand.Uint64()
	p := newPair(t.Context(), clock, open(t, clock))
	p.dice = plainDice{t, rand.New(rand.NewPCG(seed, 0))} //nolint:gosec // a test's dice
	verbs := p.verbs()
	names := slices.Sorted(maps.Keys(verbs))
	for step := range steps {
		name := names[p.dice.roll(len(names), "verb")]
		verbs[name]()
		p.compareSome()
		if step%200 == 199 {
			p.compareAll()
		}
		if t.Failed() {
			t.Fatalf("seed %d, step %d: %s", seed, step, name)
		}
	}
	p.compareAll()
	p.compareLeases(p.leases)
	t.Logf("%d verbs, %d jobs, %d leases", steps, len(p.ids)/2, len(p.leases))
}

// dice decide what happens next.
type dice interface {
	roll(sides int, what string) int // from 0
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

type rapidDice struct{ *rapid.T }

func (d rapidDice) roll(sides int, what string) int {
	return rapid.IntRange(0, sides-1).Draw(d.T, what)
}

type plainDice struct {
	*testing.T
	*rand.Rand
}

func (d plainDice) roll(sides int, _ string) int { return d.IntN(sides) }

// pick is one of those given.
func pick[T any](p *pair, what string, of ...T) T { return of[p.dice.roll(len(of), what)] }

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
	dice   dice
	ctx    context.Context //nolint:containedctx // of the one test
	clock  *Clock
	store  queue.Store
	model  *Reference
	jobs   []ids          // that are there
	gone   []ids          // that were deleted
	ids    map[string]int // of both
	leases []leasePair
	looks  int
}

type ids struct{ store, model string }

type leasePair struct{ store, model job.Lease }

func newPair(ctx context.Context, clock *Clock, store queue.Store) *pair {
	return &pair{ctx: ctx, clock: clock, store: store, model: NewReference(clock), ids: map[string]int{}}
}

// verbs is all that can be done to a store, by name.
func (p *pair) verbs() map[string]func() {
	return map[string]func(){
		"submit":        p.submit,
		"submit more":   p.submit,
		"take":          p.take,
		"take the next": p.takeNext, // most of those that are taken so
		"take one more": p.takeNext,
		"take another":  p.takeNext,
		"renew":         p.renew,
		"settle":        p.settle,
		"settle more":   p.settle,
		"defer":         p.deferOne,
		"recover":       p.recoverAll,
		"cancel":        p.cancel,
		"retry":         p.retry,
		"hold":          p.hold,
		"release":       p.release,
		"release all":   p.releaseAll,
		"bound":         p.bound,
		"move":          p.move,
		"priority":      p.priority,
		"delete":        p.deleteOne,
		"clear":         p.clear,
		"wait":          p.wait,
		"pause":         p.pause,
		"measure":       p.measure,
		"begin":         p.begin,
		"finish":        p.finish,
		"add a part":    p.addPart,
		"list parts":    p.parts,
		"keep":          p.keep,
		"translate":     p.translate,
		"sum up":        p.sumUp,
		"hear":          p.hear,
		"warn":          p.warn,
	}
}

func (p *pair) reason() job.Reason {
	return pick(p, "reason", "", job.Turn, job.Memory, job.Backoff, job.Held, job.NoModel, job.Disk, job.Scheduled)
}

func (p *pair) identity() string { return pick(p, "identity", "", "same", "other") }

func (p *pair) modelName() string { return pick(p, "model", "tiny", "tiny", "large-v3", "") }

func (p *pair) someOptions(o *job.Options) {
	o.Model = p.modelName()
	o.TranslateTo = pick(p, "languages", nil, nil, []string{"ko"}, []string{"ko", "de"})
	o.Summarize = pick(p, "summarize", false, false, true)
	o.LLMModel = pick(p, "language model", "gemma", "qwen", "")
}

func (p *pair) someWait() job.Wait {
	w := job.Wait{Reason: p.reason(), Need: pick(p, "need", job.Need{}, job.Need{Stage: job.Transcribe, Model: "tiny", Bytes: 1 << 30})}
	if pick(p, "has an end", true, false) {
		w.Until = p.clock.Now().Add(time.Duration(p.dice.roll(8, "minutes")-2) * time.Minute)
	}
	return w
}

// some is a job, now and then one that is gone.
func (p *pair) some() (id ids, ok bool) {
	from := p.jobs
	if len(p.gone) > 0 && p.dice.roll(20, "gone") == 19 {
		from = p.gone
	}
	if len(from) == 0 {
		return id, false
	}
	return from[p.dice.roll(len(from), "job")], true
}

func (p *pair) lease() (l leasePair, ok bool) {
	n := len(p.leases)
	if n == 0 {
		return l, false
	}
	// The newest are the likeliest to be live; the old ones must stay dead.
	if newest := min(n, 4); p.dice.roll(4, "newest") < 3 {
		return p.leases[n-1-p.dice.roll(newest, "lease")], true
	}
	return p.leases[p.dice.roll(n, "lease")], true
}

func (p *pair) submit() {
	drafts := make([]job.Draft, 1+p.dice.roll(3, "drafts"))
	for i := range drafts {
		d := draft(pick(p, "title", "one talk", "Two Talks", "three"))
		d.Priority = p.dice.roll(3, "priority") - 1
		if pick(p, "known", false, false, true) { // perhaps
			d.Identity = p.identity()
			d.Key = pick(p, "key", "", "k1", "k2")
			d.KeyBody = pick(p, "body", "b1", "b1", "b1", "b2")
		}
		d.Wait.Reason = p.reason()
		if pick(p, "has a time", false, true) {
			d.Wait = job.Wait{Reason: job.Scheduled, Until: p.clock.Now().Add(time.Duration(p.dice.roll(4, "minutes")) * time.Minute)}
		}
		p.someOptions(&d.Options)
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
			p.dice.Fatalf("draft %d: existing %v, want %v", i, got[i].Existing, want[i].Existing)
		}
		if !want[i].Existing {
			n := len(p.ids) / 2
			p.ids[got[i].Job.ID], p.ids[want[i].Job.ID] = n, n
			p.jobs = append(p.jobs, ids{got[i].Job.ID, want[i].Job.ID})
		}
		p.sameJob("submit", got[i].Job, want[i].Job)
	}
}

func (p *pair) take() {
	if id, ok := p.some(); ok {
		p.takeOne(id)
	}
}

func (p *pair) takeNext() {
	got, err := p.store.Next(p.ctx)
	want, wantErr := p.model.Next(p.ctx)
	p.sameErr("next", err, wantErr)
	if err == nil {
		p.takeOne(ids{got.ID, want.ID})
	}
}

func (p *pair) takeOne(id ids) {
	who := pick(p, "owner", owner, other)
	got, gotLease, gotErr := p.store.Take(p.ctx, id.store, who)
	want, wantLease, wantErr := p.model.Take(p.ctx, id.model, who)
	p.sameErr("take", gotErr, wantErr)
	if gotErr != nil {
		return
	}
	p.sameJob("take", got, want)
	for _, l := range p.leases {
		if l.store == gotLease {
			p.dice.Fatalf("lease %+v was given out twice", gotLease)
		}
	}
	p.leases = append(p.leases, leasePair{gotLease, wantLease})
}

func (p *pair) renew() {
	if l, ok := p.lease(); ok {
		p.renewOne(l, job.Progress{Stage: job.Extract, Fraction: float64(p.dice.roll(100, "percent")) / 100, ETASeconds: p.dice.roll(100, "eta")})
	}
}

// renewOne says whether the lease was live.
func (p *pair) renewOne(l leasePair, at job.Progress) bool {
	got, gotErr := p.store.Renew(p.ctx, l.store, at)
	want, wantErr := p.model.Renew(p.ctx, l.model, at)
	p.sameErr("renew", gotErr, wantErr)
	if got != want {
		p.dice.Fatalf("directive %+v, want %+v", got, want)
	}
	return gotErr == nil
}

func (p *pair) settle() {
	l, ok := p.lease()
	if !ok {
		return
	}
	o := queue.Outcome{
		State:   pick(p, "state", job.Queued, job.Queued, job.Done, job.Failed, job.Canceled, job.Running),
		Wait:    p.someWait(),
		Error:   pick(p, "error", nil, &job.Failure{Code: "engine_stuck", Message: "It stopped.", Stage: job.Extract}),
		Attempt: pick(p, "attempt", false, true),
		Crash:   pick(p, "crash", false, true),
	}
	got, gotErr := p.store.Settle(p.ctx, l.store, o)
	want, wantErr := p.model.Settle(p.ctx, l.model, o)
	p.sameAnswer("settle", got, want, gotErr, wantErr)
}

// steer does one thing to one job.
func (p *pair) steer(verb string, do func(s queue.Store, id string) (job.Job, error)) {
	id, ok := p.some()
	if !ok {
		return
	}
	got, gotErr := do(p.store, id.store)
	want, wantErr := do(p.model, id.model)
	p.sameAnswer(verb, got, want, gotErr, wantErr)
}

func (p *pair) deferOne() {
	w := p.someWait()
	p.steer("defer", func(s queue.Store, id string) (job.Job, error) { return s.Defer(p.ctx, id, w) })
}

func (p *pair) cancel() {
	p.steer("cancel", func(s queue.Store, id string) (job.Job, error) { return s.Cancel(p.ctx, id) })
}

func (p *pair) retry() {
	r := job.Retry{From: pick(p, "from", "", job.Extract, job.Transcribe, job.Translate, "polish")}
	if pick(p, "other options", false, true) {
		o := draft("").Options
		p.someOptions(&o)
		r.Options, r.Identity = &o, p.identity()
	}
	p.steer("retry", func(s queue.Store, id string) (job.Job, error) { return s.Retry(p.ctx, id, r) })
}

func (p *pair) hold() {
	var until time.Time
	if pick(p, "has a time", false, true) {
		until = p.clock.Now().Add(time.Duration(p.dice.roll(4, "minutes")-1) * time.Minute)
	}
	p.steer("hold", func(s queue.Store, id string) (job.Job, error) { return s.Hold(p.ctx, id, until) })
}

func (p *pair) release() {
	p.steer("release", func(s queue.Store, id string) (job.Job, error) { return s.Release(p.ctx, id) })
}

func (p *pair) priority() {
	n := pick(p, "priority", -1, 0, 1, 0, 1, 512)
	p.steer("priority", func(s queue.Store, id string) (job.Job, error) { return s.SetPriority(p.ctx, id, n) })
}

func (p *pair) move() {
	before, ok := p.some()
	end := pick(p, "end", "", "", "", job.Front, job.Back, "middle")
	if !ok || end != "" {
		before = ids{}
	}
	p.steer("move", func(s queue.Store, id string) (job.Job, error) {
		to := job.Place{To: end, Before: before.store}
		if s == p.model {
			to.Before = before.model
		}
		return s.Move(p.ctx, id, to)
	})
}

func (p *pair) deleteOne() {
	id, ok := p.some()
	if !ok {
		return
	}
	gotErr, wantErr := p.store.Delete(p.ctx, id.store), p.model.Delete(p.ctx, id.model)
	p.sameErr("delete", gotErr, wantErr)
	if gotErr == nil {
		p.forget(id.store)
	}
}

func (p *pair) clear() {
	state, most := pick(p, "state", job.Done, job.Failed, job.Canceled, job.Queued, job.Running), 1+p.dice.roll(6, "most")
	got, gotErr := p.store.Clear(p.ctx, state, most)
	want, wantErr := p.model.Clear(p.ctx, state, most)
	p.sameErr("clear", gotErr, wantErr)
	p.sameValue("clear", p.numbers(got), p.numbers(want))
	if state.Final() {
		p.forget(got...)
	}
}

// forget keeps the ids of jobs that were deleted apart.
func (p *pair) forget(deleted ...string) {
	for _, id := range deleted {
		i := slices.IndexFunc(p.jobs, func(known ids) bool { return known.store == id })
		p.gone, p.jobs = append(p.gone, p.jobs[i]), slices.Delete(p.jobs, i, i+1)
	}
}

func (p *pair) numbers(of []string) (out []int) {
	for _, id := range of {
		out = append(out, p.ids[id])
	}
	return out
}

func (p *pair) releaseAll() {
	reason := p.reason()
	got, gotErr := p.store.ReleaseAll(p.ctx, reason)
	want, wantErr := p.model.ReleaseAll(p.ctx, reason)
	p.sameErr("release all", gotErr, wantErr)
	p.sameValue("released", got, want)
}

func (p *pair) bound() {
	reason, until := p.reason(), p.clock.Now().Add(time.Duration(p.dice.roll(4, "minutes"))*time.Minute)
	got, gotErr := p.store.Bound(p.ctx, reason, until)
	want, wantErr := p.model.Bound(p.ctx, reason, until)
	p.sameErr("bound", gotErr, wantErr)
	p.sameValue("bound", got, want)
}

func (p *pair) recoverAll() {
	who, most := pick(p, "owner", owner, other), p.dice.roll(3, "max deaths")
	got, gotErr := p.store.Recover(p.ctx, who, most)
	want, wantErr := p.model.Recover(p.ctx, who, most)
	p.sameErr("recover", gotErr, wantErr)
	p.sameJobs("recover", got, want)
}

func (p *pair) wait() { p.clock.Advance(time.Duration(1+p.dice.roll(180, "seconds")) * time.Second) }

func (p *pair) pause() {
	paused := p.dice.roll(5, "paused") == 4
	p.sameErr("pause", p.store.SetPaused(p.ctx, paused), p.model.SetPaused(p.ctx, paused))
}

func (p *pair) measure() {
	if id, ok := p.some(); ok {
		ms := int64(p.dice.roll(5, "minutes")) * 60_000
		p.sameErr("measure", p.store.SetDuration(p.ctx, id.store, ms), p.model.SetDuration(p.ctx, id.model, ms))
	}
}

func (p *pair) begin() {
	store, kept := p.store.(stages)
	if l, ok := p.lease(); ok && kept {
		stage := p.someStage()
		p.sameErr("begin", store.Begin(p.ctx, l.store, stage), p.model.Begin(p.ctx, l.model, stage))
	}
}

func (p *pair) finish() {
	store, kept := p.store.(stages)
	l, ok := p.lease()
	if !ok || !kept {
		return
	}
	stage, key, reused := p.someStage(), p.key(), pick(p, "reused", false, true)
	took := time.Duration(pick(p, "took", -1, 0, 1, 7, 7, 7, 100, 170)) * time.Second
	p.sameErr("finish", store.Finish(p.ctx, l.store, stage, key, nil, reused, took), p.model.Finish(p.ctx, l.model, stage, key, nil, reused, took))
}

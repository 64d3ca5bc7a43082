// Package admission opens the gate when memory allows: a stage starts when
// what it needs fits what is available now. It waits rather than fails, says
// why in words, and never blocks. It starts and stops no stage itself; the one
// thing it asks of anybody is that Ollama gives its memory back.
package admission

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Probe looks at the machine's memory. Read returns soon or when ctx ends.
type Probe interface {
	Read(ctx context.Context) (job.Reading, error)
}

// Tenant is Ollama on this machine. The calls return when ctx ends.
type Tenant interface {
	Held(ctx context.Context) (int64, error) // bytes of the models it has loaded
	Unload(ctx context.Context) error        // gives all of them back
}

// Power tells where the electricity comes from. It is asked as often as the
// memory.
type Power interface {
	OnBattery(ctx context.Context) (bool, error)
}

// Deps is what a Gate needs.
type Deps struct {
	Probe  Probe
	Engine func() int64 // bytes that our own speech engine holds, at work or not; nil = none
	Tenant Tenant       // nil = no Ollama on this machine
	Power  Power        // nil = stages also start on battery
	Log    *slog.Logger
}

// Config of a Gate; the zero value works.
type Config struct {
	CeilingBytes int64         // 0: by machine; never more than its memory
	Poll         time.Duration // 2s: time between two samples
}

const (
	readTimeout = time.Second      // looks that take longer count as broken
	refresh     = 30 * time.Second // how often new words alone are worth asking again
	staleAfter  = 3                // polls after which a sample is too old to go by
)

// Gate says whether a stage may start now.
type Gate struct {
	deps     Deps
	cfg      Config
	log      *slog.Logger
	changed  chan struct{}
	yield    chan job.Wait
	wake     chan struct{} // somebody was refused
	unloaded chan struct{} // the tenant has answered
	asking   sync.WaitGroup

	mu       sync.Mutex
	memory   samples
	past     past
	spell    spell
	waiting  waiting
	tenant   tenancy
	power    supply
	lenient  bool     // patience let a stage in on this warn, so that the next one need not wait as long again
	told     bool     // a running stage was told to yield since the last sample
	refused  *refusal // the last need that was refused
	admitted job.Need // the last one that was let in
}

// refusal is what a caller was told, to notice when the answer changes.
type refusal struct {
	need    job.Need
	verdict job.Verdict
	held    int64 // what the tenant held then
	at      time.Time
}

// New makes a gate. Without Run it looks whenever it is asked and its last
// sample is old; only Run asks the tenant to go and running stages to yield.
func New(deps Deps, cfg Config) *Gate {
	if cfg.Poll <= 0 {
		cfg.Poll = 2 * time.Second
	}
	if deps.Engine == nil {
		deps.Engine = func() int64 { return 0 }
	}
	return &Gate{
		deps: deps, cfg: cfg, log: deps.Log,
		changed: make(chan struct{}, 1), yield: make(chan job.Wait),
		wake: make(chan struct{}, 1), unloaded: make(chan struct{}, 1),
	}
}

// Run takes the samples, watches over the last refusal, and tells who must
// yield. It returns nil when ctx ends.
func (g *Gate) Run(ctx context.Context) error {
	defer g.asking.Wait()
	tick := time.NewTicker(g.cfg.Poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		g.look(ctx)
		for more := true; more; {
			more = g.between(ctx, tick.C)
		}
	}
	return nil
}

// between does what is due until the next sample. It says whether that is
// still to come.
func (g *Gate) between(ctx context.Context, tick <-chan time.Time) bool {
	until := g.watch()
	g.askTenant(ctx)
	offer, wait := g.offer()
	due, stop := alarm(until)
	defer stop()
	select {
	case <-ctx.Done():
		return false
	case <-tick:
		return false
	case <-g.unloaded:
		return false
	case offer <- wait:
		g.yielded(wait)
	case <-g.wake:
	case <-due:
	}
	return true
}

// alarm rings at a time; never when there is none.
func alarm(at time.Time) (rings <-chan time.Time, stop func()) {
	if at.IsZero() {
		return nil, func() {}
	}
	t := time.NewTimer(time.Until(at))
	return t.C, func() { t.Stop() }
}

// Admit says whether a stage with this need may start now and, if not, why.
// It looks at memory and tenant only when what is known of them is too old, at
// most once per Poll and for at most a second; otherwise it answers from what
// is known.
func (g *Gate) Admit(ctx context.Context, need job.Need) job.Verdict {
	g.ensure(ctx, need)
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.answer(need)
	if a.Open {
		g.letIn(need)
	} else {
		g.turnAway(need, a)
	}
	return a.Verdict
}

// letIn notes that a stage starts. A stage that takes memory ends the time
// after a critical spell, and whoever waits for one has waited. The caller
// holds mu.
func (g *Gate) letIn(need job.Need) {
	g.admitted = need
	if g.refused != nil && g.refused.need == need {
		g.refused = nil
	}
	if !takes(need) {
		return
	}
	g.waiting.admitted(time.Now())
	g.spell.felt = false
	if g.known() && g.strained(need, g.free()) {
		g.lenient = true
	}
}

// turnAway notes what was refused, and lets Run see to it. The caller holds mu.
func (g *Gate) turnAway(need job.Need, a answer) {
	g.refused = &refusal{need: need, verdict: a.Verdict, held: g.held(), at: time.Now()}
	if a.why == critical {
		g.spell.felt = true
	}
	if need.Bytes > 0 {
		g.waiting.refused(time.Now())
	}
	// A moment in which it does not fit may be what is left of our own last
	// stage; what lasts is a change for the worse.
	if a.why == lacking && over(g.waiting.since, rest) {
		g.lenient = false
	}
	nudge(g.wake)
}

// Changed gets a value when, after a refusal, asking again is worth it: the
// need would be let in, or the words of the refusal have become old.
func (g *Gate) Changed() <-chan struct{} { return g.changed }

// Yield offers why a running stage must stop now, for as long as it must:
// after a delivery again with the next sample. Nobody has to listen.
func (g *Gate) Yield() <-chan job.Wait { return g.yield }

// Free is what a stage could get now, in bytes; -1 while it is not known.
func (g *Gate) Free() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.known() {
		return -1
	}
	return g.free()
}

// Afresh takes a sample now and says what a stage could get; -1 = not known.
func (g *Gate) Afresh(ctx context.Context) int64 {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	g.readMemory(ctx)
	return g.Free()
}

// Reading is the memory as the gate goes by it; the zero Reading while there
// was none. Of what our own engine holds nothing counts as available here.
func (g *Gate) Reading() job.Reading {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.memory.reading()
}

// Shut says why nothing at all may start now; "" = what fits may.
func (g *Gate) Shut() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.known() || !g.memory.last.shut {
		return ""
	}
	return g.shortness()
}

// Ceiling is the most that one stage may ever take on this machine, in bytes;
// 0 while nothing is known about the machine.
func (g *Gate) Ceiling() int64 {
	g.ensure(context.Background(), job.Need{})
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ceiling().bytes
}

// Never says why a need can never be met here, in words that go on after "it";
// "" = it can, or nothing is known about the machine.
func (g *Gate) Never(bytes int64) string {
	g.ensure(context.Background(), job.Need{})
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ceiling().refuses(bytes)
}

// Check refuses what can never fit on this machine, with fault
// model_too_large. Who knows the models completes the hint.
func (g *Gate) Check(need job.Need) error {
	never := g.Never(need.Bytes)
	if never == "" {
		return nil
	}
	what := "This job"
	if need.Model != "" {
		what = "The model " + need.Model
	}
	return fault.New(fault.ModelTooLarge, what+" is too large: it "+never+".", nil)
}

// watch tells the line when the last refusal is worth asking about again. It
// gives the time at which it will be, if that is known.
func (g *Gate) watch() (until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refused == nil {
		return time.Time{}
	}
	a := g.answer(g.refused.need)
	if !a.Open && !g.refused.outdated(a.Verdict, g.held()) {
		return a.Until
	}
	// Asked again, the caller gets a new refusal or none; until then this one
	// has been told.
	g.refused = nil
	nudge(g.changed)
	return time.Time{}
}

// outdated says that what was told then is not what holds now.
func (r *refusal) outdated(now job.Verdict, held int64) bool {
	switch {
	case now.Reason != r.verdict.Reason, r.held > 0 && held == 0:
		return true
	default:
		return now.Text != r.verdict.Text && time.Since(r.at) >= refresh
	}
}

// nudge puts a value into a channel of one, unless one is waiting already.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

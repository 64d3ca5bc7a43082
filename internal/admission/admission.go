// Package admission opens the gate when memory allows: a stage starts when
// what it needs fits what is available now. It waits rather than fails, says
// why in words, and never blocks. It starts and stops nothing itself.
package admission

import (
	"context"
	"errors"
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

// Config of a Gate; the zero value works.
type Config struct {
	CeilingBytes int64         // 0: by machine; never more than its memory
	Poll         time.Duration // 2s: time between two readings
}

const (
	readTimeout = time.Second      // a probe that takes longer counts as broken
	refresh     = 30 * time.Second // how often new words alone are worth asking again
	staleAfter  = 3                // polls after which a reading is too old to go by
)

// Gate says whether a stage may start now.
type Gate struct {
	probe   Probe
	cfg     Config
	log     *slog.Logger
	changed chan struct{}

	mu      sync.Mutex
	last    job.Reading // the latest good reading
	readAt  time.Time   // when it came; zero = never
	triedAt time.Time   // when the probe was last asked
	broken  bool        // the last look at the probe failed
	refused *refusal    // the last need that was refused
}

// refusal is what a caller was told, to notice when the answer changes.
type refusal struct {
	need job.Need
	text string
	at   time.Time
}

// New makes a gate. Without Run it reads the probe whenever it is asked and
// its last reading is old.
func New(probe Probe, cfg Config, log *slog.Logger) *Gate {
	if cfg.Poll <= 0 {
		cfg.Poll = 2 * time.Second
	}
	return &Gate{probe: probe, cfg: cfg, log: log, changed: make(chan struct{}, 1)}
}

// Run keeps the latest reading and watches over the last refusal. It returns
// nil when ctx ends.
func (g *Gate) Run(ctx context.Context) error {
	tick := time.NewTicker(g.cfg.Poll)
	defer tick.Stop()
	for {
		g.sample(ctx)
		g.watch()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Admit says whether a stage with this need may start now and, if not, why.
// It reads the probe only when the latest reading is too old or there is none,
// at most once per Poll and for at most a second; otherwise it answers from
// what is known.
func (g *Gate) Admit(ctx context.Context, need job.Need) job.Verdict {
	g.ensure(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.verdict(need)
	switch {
	case !v.Open:
		g.refused = &refusal{need: need, text: v.Text, at: time.Now()}
	case g.refused != nil && g.refused.need == need:
		g.refused = nil
	}
	return v
}

// Changed gets a value when, after a refusal, asking again is worth it: the
// need would be let in, or the words of the refusal have become old.
func (g *Gate) Changed() <-chan struct{} { return g.changed }

// Reading is the latest reading; the zero Reading while there was none.
func (g *Gate) Reading() job.Reading {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last
}

// Ceiling is the most that one stage may ever take on this machine, in bytes;
// 0 while nothing is known about the machine.
func (g *Gate) Ceiling() int64 {
	g.ensure(context.Background())
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ceiling()
}

// Check refuses what can never fit on this machine, with fault
// model_too_large. Who knows the models completes the hint.
func (g *Gate) Check(need job.Need) error {
	ceiling := g.Ceiling()
	if ceiling == 0 || need.Bytes <= ceiling {
		return nil
	}
	what := "The model"
	if need.Model != "" {
		what = "The model " + need.Model
	}
	return fault.New(fault.ModelTooLarge, what+" is too large: it "+impossible(need.Bytes, ceiling)+".", nil)
}

// ensure takes a reading if there is none that is fresh enough to go by. A
// sleeping Mac makes readings old, and so does a gate that nobody runs.
func (g *Gate) ensure(ctx context.Context) {
	g.mu.Lock()
	fresh := !g.readAt.IsZero() && !g.stale()
	justTried := !g.triedAt.IsZero() && time.Since(g.triedAt) < g.cfg.Poll
	g.mu.Unlock()
	if !fresh && !justTried {
		g.sample(ctx)
	}
}

// sample reads the probe once.
func (g *Gate) sample(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	r, err := g.probe.Read(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	if errors.Is(ctx.Err(), context.Canceled) {
		return // the caller went away; that says nothing about the probe
	}
	g.triedAt = time.Now()
	switch {
	case err == nil:
		if g.broken {
			g.log.Info("memory can be read again")
		}
		g.last, g.readAt, g.broken = r, time.Now(), false
	case !g.broken:
		g.broken = true
		g.log.Warn("memory cannot be read; only the ceiling counts now", "err", err)
	}
}

// watch tells the line when the last refusal is worth asking about again.
func (g *Gate) watch() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refused == nil {
		return
	}
	v := g.verdict(g.refused.need)
	old := v.Text != g.refused.text && time.Since(g.refused.at) >= refresh
	if !v.Open && !old {
		return
	}
	// Asked again, the caller gets a new refusal or none; until then this one
	// has been told.
	g.refused = nil
	select {
	case g.changed <- struct{}{}:
	default: // one value is waiting already
	}
}

// stale says that the latest reading is too old to go by.
func (g *Gate) stale() bool { return time.Since(g.readAt) > staleAfter*g.cfg.Poll }

package admission

import (
	"context"
	"errors"
	"sync"
	"time"

	"sluice/internal/job"
)

// sample is one look at the machine, and at what our own engine held then.
type sample struct {
	job.Reading
	engine int64
	at     time.Time // by the gate's own clock; zero = there is none
	shut   bool      // memory was critical then
}

// available is what a stage of ours could have. The engine's bytes count: they
// are free again as soon as a stage wants them.
func (s sample) available() int64 {
	n := max(0, s.Available) + s.engine
	if s.Total > 0 {
		n = min(n, s.Total)
	}
	return n
}

// spare is what a cgroup keeps for the app itself: the last 5 % of its limit.
// Elsewhere the ceiling keeps enough for others.
func (s sample) spare() int64 {
	if !s.Confined {
		return 0
	}
	return s.Total / 100 * 5
}

// percent is how much of the machine's memory is free, with the engine's share.
func (s sample) percent() int {
	switch {
	case s.Total <= 0: // nothing to compare with
		return 100
	case s.FreePercent == 0: // not told
		return int(s.available() * 100 / s.Total)
	default:
		return min(100, s.FreePercent+int(s.engine*100/s.Total))
	}
}

// samples is what is known of memory: two looks, since one alone may have met
// a moment that means nothing.
type samples struct {
	last, before sample
	alone        bool      // there is no other, or from too long ago: the last one decides
	tried        time.Time // when the probe was last asked
	broken       bool      // the last look at the probe failed
}

// add takes a new sample. One that is younger than apart takes the place of the
// last: both are one moment. One older than fresh says nothing more, except
// about the size of the machine.
func (m *samples) add(s sample, apart, fresh time.Duration) {
	if s.at.Sub(m.last.at) >= apart {
		m.before = m.last
	}
	m.last = s
	m.alone = s.at.Sub(m.before.at) > fresh
}

// available is the lower of the two.
func (m *samples) available() int64 {
	if m.alone {
		return m.last.available()
	}
	return min(m.last.available(), m.before.available())
}

// percent is the lower of the two.
func (m *samples) percent() int {
	if m.alone {
		return m.last.percent()
	}
	return min(m.last.percent(), m.before.percent())
}

// reading is the memory as the gate goes by it, so that what people are shown
// and what a job is told are the same: the lower of the two, less what stays
// spare, and critical whenever nothing may start.
func (m *samples) reading() job.Reading {
	r := m.last.Reading
	if !m.alone {
		r.Available = min(r.Available, m.before.Available)
		r.FreePercent = min(r.FreePercent, m.before.FreePercent)
	}
	r.Available = max(0, r.Available-m.last.spare())
	if m.last.shut {
		r.Level = job.Critical
	}
	return r
}

// critical says that nothing may start: the system says so, or both samples
// find next to nothing free.
func (m *samples) critical() bool {
	if m.last.Level == job.Critical {
		return true
	}
	return m.last.percent() < leastPercent && (m.alone || m.before.percent() < leastPercent)
}

// look takes a sample of everything that is worth knowing now. Run calls it.
func (g *Gate) look(ctx context.Context) {
	g.mu.Lock()
	g.told = false
	waits := g.waiting.live()
	g.mu.Unlock()
	looks := []func(context.Context){g.readMemory, g.readPower}
	if waits {
		looks = append(looks, g.readTenant)
	}
	together(ctx, looks)
}

// ensure looks at what is too old to answer by. A sleeping Mac makes samples
// old, and so does a gate that nobody runs.
func (g *Gate) ensure(ctx context.Context, need job.Need) {
	g.mu.Lock()
	memory := !g.known() && time.Since(g.memory.tried) >= g.cfg.Poll
	tenant := g.deps.Tenant != nil && takes(need) && !g.tenant.fresh(g.fresh()) && time.Since(g.tenant.tried) >= g.cfg.Poll
	g.mu.Unlock()
	var looks []func(context.Context)
	if memory {
		looks = append(looks, g.readMemory, g.readPower)
	}
	if tenant {
		looks = append(looks, g.readTenant)
	}
	together(ctx, looks)
}

// together looks side by side, so that a slow look takes no time from another.
func together(ctx context.Context, looks []func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var all sync.WaitGroup
	for _, look := range looks {
		all.Go(func() { look(ctx) })
	}
	all.Wait()
}

// readMemory asks the probe once.
func (g *Gate) readMemory(ctx context.Context) {
	r, err := g.deps.Probe.Read(ctx)
	engine := max(0, g.deps.Engine())
	g.mu.Lock()
	defer g.mu.Unlock()
	if left(ctx) {
		return
	}
	g.memory.tried = time.Now()
	switch {
	case err == nil:
		if g.memory.broken {
			g.log.Info("memory can be read again")
		}
		g.memory.broken = false
		g.note(sample{Reading: r, engine: engine, at: time.Now()})
	case !g.memory.broken:
		g.memory.broken = true
		g.log.Warn("memory cannot be read; only the ceiling counts now", "err", err)
	}
}

// note draws from a new sample what is kept of it. The caller holds mu.
func (g *Gate) note(s sample) {
	g.memory.add(s, g.cfg.Poll/2, g.fresh())
	if g.memory.alone { // what was between is not known
		g.past, g.spell.since = past{}, time.Time{}
	}
	free, shut := g.free(), g.memory.critical()
	g.memory.last.shut = shut
	if shut || s.Level != job.Warn {
		g.lenient = false
	}
	if g.spell.note(s.at, shut, !g.memory.alone && g.memory.before.shut) {
		g.log.Info("memory pressure changed", "pressure", s.Level, "bytes", free, "critical", shut)
	}
	if shut {
		free = -1
	}
	g.past.add(s.at, free)
	if over(g.past.fitsSince(0), patience) {
		g.spell.felt = false // nobody has wanted anything since
	}
}

// left says that the caller went away, which says nothing about who was asked.
func left(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// known says that there is a sample to go by. The caller holds mu.
func (g *Gate) known() bool {
	return !g.memory.last.at.IsZero() && time.Since(g.memory.last.at) <= g.fresh()
}

// fresh is how old something may be to go by.
func (g *Gate) fresh() time.Duration { return staleAfter * g.cfg.Poll }

// free is what a stage could get now. The caller holds mu.
func (g *Gate) free() int64 {
	n := g.memory.available() - g.memory.last.spare()
	if most := g.ceiling().bytes; most > 0 {
		n = min(n, most)
	}
	return max(0, n)
}

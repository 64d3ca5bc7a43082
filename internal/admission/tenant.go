package admission

import (
	"context"
	"time"

	"sluice/internal/job"
)

const (
	sharing     = 30 * gib         // from here on engine and tenant may live side by side: 32 GB, of which Linux shows 31
	unloadLimit = 20 * time.Second // how long the tenant may take to answer
	askAgain    = 30 * time.Second // how long it is left alone afterwards
)

// tenancy is what is known of Ollama, which has memory that a stage may want.
type tenancy struct {
	held  int64
	read  time.Time // when that was
	tried time.Time // when it was last looked at
	asked time.Time // when it was last asked to give everything back
	busy  bool      // it is at it
	stuck bool      // it answered and still holds something
}

// fresh says that held is new enough to go by.
func (t *tenancy) fresh(age time.Duration) bool {
	return !t.read.IsZero() && time.Since(t.read) <= age
}

// note takes what it holds. That it did not go long ago says nothing of now.
func (t *tenancy) note(held int64, at time.Time) {
	if held == 0 || at.Sub(t.read) > patience {
		t.stuck = false
	}
	t.held, t.read = held, at
}

// takes says that a stage is large enough for others to make room. To look
// takes nothing, and for ffmpeg nobody has to go.
func takes(need job.Need) bool { return need.Bytes > 0 && need.Stage != job.Extract }

// excludes says that the stage must not start beside the tenant, however much
// is free: small machines hold one model at a time. The caller holds mu.
func (g *Gate) excludes(need job.Need) bool {
	return need.Stage == job.Transcribe && takes(need) && g.memory.last.Total < sharing && g.held() > 0
}

// held is what the tenant holds; 0 when that is not known. The caller holds mu.
func (g *Gate) held() int64 {
	if !g.tenant.fresh(g.fresh()) {
		return 0
	}
	return g.tenant.held
}

// readTenant asks the tenant what it holds. An error is no figure: it is there,
// but slow or odd, and has what it had before.
func (g *Gate) readTenant(ctx context.Context) {
	if g.deps.Tenant == nil {
		return
	}
	held, err := g.deps.Tenant.Held(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	if left(ctx) {
		return
	}
	if err != nil {
		held = g.tenant.held
	}
	g.tenant.tried = time.Now()
	g.tenant.note(max(0, held), g.tenant.tried)
}

// askTenant asks the tenant to give its memory back when a stage waits for it.
// The answer is waited for aside: samples must go on meanwhile.
func (g *Gate) askTenant(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.inTheWay() {
		return
	}
	g.tenant.busy, g.tenant.asked = true, time.Now()
	g.log.Info("ollama asked to give its memory back", "bytes", g.tenant.held)
	g.asking.Go(func() { g.unload(ctx) })
}

// inTheWay says that a stage has been refused for memory that the tenant holds
// and can be asked for. The caller holds mu.
func (g *Gate) inTheWay() bool {
	switch {
	case g.refused == nil, !takes(g.refused.need), !g.waiting.live(), g.held() == 0:
		return false
	case g.tenant.busy, !g.tenant.asked.IsZero() && time.Since(g.tenant.asked) < askAgain:
		return false
	}
	switch g.answer(g.refused.need).why {
	case crowded, critical, lacking, tight:
		return true
	case fits, never, unplugged, resting:
	}
	return false
}

// unload asks once, and lets Run look at what has come of it.
func (g *Gate) unload(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, unloadLimit)
	defer cancel()
	err := g.deps.Tenant.Unload(bounded)
	if err != nil && ctx.Err() == nil {
		g.log.Warn("ollama gives nothing back", "err", err)
	}
	g.mu.Lock()
	g.tenant.busy, g.tenant.stuck = false, true // until the next look finds it gone
	g.mu.Unlock()
	nudge(g.unloaded)
}

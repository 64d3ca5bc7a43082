package admission

import (
	"context"
	"errors"
	"time"
)

// supply is what is known of the electricity.
type supply struct {
	since  time.Time // on battery since then; zero = on mains
	broken bool      // the last look failed
}

// readPower asks where the electricity comes from. Who cannot tell counts as
// on mains: most machines have no battery. Who is too slow said it before.
func (g *Gate) readPower(ctx context.Context) {
	if g.deps.Power == nil {
		return
	}
	battery, err := g.deps.Power.OnBattery(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	if left(ctx) {
		return
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
	case err != nil || !battery:
		g.power.since = time.Time{}
	case g.power.since.IsZero():
		g.power.since = time.Now()
	}
	if err != nil && !g.power.broken {
		g.log.Warn("power source cannot be read", "err", err, "battery", !g.power.since.IsZero())
	}
	g.power.broken = err != nil
}

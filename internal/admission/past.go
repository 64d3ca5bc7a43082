package admission

import (
	"slices"
	"time"
)

// past remembers, for any need, since when it has fitted without a break.
type past struct {
	from time.Time // the first sample
	lows []low
}

// low is a sample that no later one was below. Only these can have been the
// end of a time in which something fitted, and free grows from one to the next.
type low struct {
	free int64     // -1: critical, nothing fitted
	over time.Time // the sample after it; zero = it is the last
}

// add takes what was free at a time; -1 = nothing could have started.
func (p *past) add(at time.Time, free int64) {
	if p.from.IsZero() {
		p.from = at
	}
	if n := len(p.lows); n > 0 && p.lows[n-1].over.IsZero() {
		p.lows[n-1].over = at
	}
	for len(p.lows) > 0 && p.lows[len(p.lows)-1].free >= free {
		p.lows = p.lows[:len(p.lows)-1]
	}
	p.lows = append(p.lows, low{free: free})
	// Longer ago than any rule looks back.
	if first := p.lows[0]; !first.over.IsZero() && at.Sub(first.over) > patience {
		p.from, p.lows = first.over, slices.Delete(p.lows, 0, 1)
	}
}

// fitsSince is the sample from which on something of this size has fitted. For
// what does not fit now it is now.
func (p *past) fitsSince(bytes int64) time.Time {
	for i := len(p.lows) - 1; i >= 0; i-- {
		if l := p.lows[i]; l.free < bytes {
			if l.over.IsZero() {
				return time.Now()
			}
			return l.over
		}
	}
	return p.from
}

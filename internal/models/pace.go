package models

import (
	"math"
	"time"
)

// pace is how fast bytes come: as they came in the last seconds, the latest
// counting most.
type pace struct {
	at        time.Time
	bytes     int64
	moved     time.Time // when a byte came last
	looks     int
	perSecond float64
}

func newPace(now time.Time, bytes int64) *pace {
	return &pace{at: now, bytes: bytes, moved: now}
}

const (
	enoughLooks = 2   // before an estimate is worth telling
	freshness   = 0.2 // how much the latest look counts
)

func (p *pace) look(now time.Time, bytes int64) {
	came, since := bytes-p.bytes, now.Sub(p.at).Seconds()
	switch {
	case came < 0: // it began anew
		*p = *newPace(now, bytes)
		return
	case since <= 0:
		return
	case came > 0:
		p.moved = now
	}
	rate := float64(came) / since
	if p.looks == 0 {
		p.perSecond = rate
	}
	p.perSecond += (rate - p.perSecond) * freshness
	p.at, p.bytes = now, bytes
	p.looks++
}

// eta is how many seconds the rest takes, rounded up; 0 = not known.
func (p *pace) eta(missing int64) int {
	const day = 24 * 60 * 60
	if p.looks < enoughLooks || p.perSecond <= 0 {
		return 0
	}
	seconds := math.Ceil(float64(missing) / p.perSecond)
	if seconds > 7*day {
		return 0 // nobody waits that long, and it will not come true
	}
	return int(seconds)
}

func (p *pace) silent(now time.Time) time.Duration { return now.Sub(p.moved) }

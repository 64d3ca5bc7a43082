package admission

import (
	"time"

	"sluice/internal/job"
)

const (
	rest      = 30 * time.Second // how long a need must fit after a critical spell before a stage starts
	patience  = 15 * time.Minute // how long it must fit to start against all but critical
	yieldWait = 10 * time.Second // how long a stage is let run on when it should not
	justNow   = 10 * time.Second // how long a critical moment explains a death that follows
)

// spell is a time in which memory is critically short.
type spell struct {
	since time.Time // its first sample; zero = there is none now
	seen  time.Time // the last sample that was critical, in this spell or in one before
	felt  bool      // it has stopped something, so that what comes after it starts with care
}

// note takes whether memory was critical at a sample and at the one before. It
// says whether a spell begins or ends with it. One sample in between that is
// not critical ends none, or a spell that flaps would never count as one.
func (s *spell) note(at time.Time, critical, before bool) (news bool) {
	if critical {
		s.seen = at
	}
	switch {
	case critical && s.since.IsZero():
		s.since = at
	case !critical && !before && !s.since.IsZero():
		s.since = time.Time{}
	default:
		return false
	}
	return true
}

// Critical says whether memory is critically short by the gate's own rule, or
// was within the last ten seconds. It is for those who must say why something
// has just died, and takes no sample for it: what the dead held is free again.
func (g *Gate) Critical() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.spell.seen.IsZero() && time.Since(g.spell.seen) <= justNow
}

// offer is what a running stage is to be told until the next sample; the
// channel is nil when there is nothing.
func (g *Gate) offer() (chan<- job.Wait, job.Wait) {
	g.mu.Lock()
	defer g.mu.Unlock()
	wait := job.Wait{Need: g.admitted}
	switch {
	case g.told:
		return nil, wait
	case g.known() && g.memory.last.shut && over(g.spell.since, yieldWait):
		wait.Reason, wait.Text = job.Memory, g.shortness()
	case over(g.power.since, yieldWait):
		wait.Reason, wait.Text = job.Power, onBattery
	default:
		return nil, wait
	}
	return g.yield, wait
}

// over says that something has gone on for so long.
func over(since time.Time, d time.Duration) bool {
	return !since.IsZero() && time.Since(since) >= d
}

// yielded notes that a stage was told.
func (g *Gate) yielded(w job.Wait) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.told = true
	if w.Reason == job.Memory {
		g.spell.felt = true
	}
	g.log.Info("stage told to yield", "reason", w.Reason, "stage", w.Need.Stage)
}

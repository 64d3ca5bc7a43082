package admission

import (
	"time"

	"sluice/internal/job"
)

const (
	gib = int64(1) << 30

	leastPercent = 15 // free: below it nothing starts
	sparePercent = 25 // free: below it nothing starts while memory is tight
)

// answer is a verdict and what decided it.
type answer struct {
	job.Verdict
	why cause
}

// cause is what decides a verdict.
type cause string

const (
	fits      cause = "fits"
	never     cause = "never"
	unplugged cause = "unplugged"
	critical  cause = "critical"
	crowded   cause = "crowded" // the tenant must go first
	lacking   cause = "lacking"
	resting   cause = "resting" // soon after a critical spell
	tight     cause = "tight"   // warn, and too little to spare
)

// answer decides by what is known. The caller holds mu.
//
// A probe that cannot be read must neither stop the line for good nor let in
// what can never fit, so the ceiling alone decides then: the kernel will take
// care of a wrong guess, and a death for memory is told and counted apart.
func (g *Gate) answer(need job.Need) answer {
	switch impossible := g.ceiling().refuses(need.Bytes); {
	case impossible != "":
		a := closed(never, impossible)
		a.Never = true
		return a
	case !g.power.since.IsZero():
		a := closed(unplugged, onBattery)
		a.Reason = job.Power
		return a
	case !g.known():
		return opened()
	default:
		return g.weigh(need, g.free())
	}
}

// weigh holds a need against what is free. The caller holds mu.
func (g *Gate) weigh(need job.Need, free int64) answer {
	calm, stood := g.past.fitsSince(need.Bytes), g.stood(need.Bytes)
	switch {
	case g.memory.critical():
		return closed(critical, g.shortness())
	case g.excludes(need) && !g.tenant.stuck:
		return closed(crowded, "Ollama is giving back "+job.FormatBytes(g.held()))
	case need.Bytes > free:
		return closed(lacking, shortage(need.Bytes, free, g.held()))
	case g.excludes(need) && !over(stood, patience):
		return closed(crowded, shortage(need.Bytes, free, g.held())).until(stood.Add(patience))
	case g.spell.felt && !over(calm, rest):
		return closed(resting, "").until(calm.Add(rest))
	case g.strained(need, free) && !g.lenient && !over(stood, patience):
		return closed(tight, g.tightness(need.Bytes, free)).until(stood.Add(patience))
	default:
		return opened()
	}
}

// stood is since when a stage has waited although its need fitted all the
// time; now for one that has just come. The caller holds mu.
func (g *Gate) stood(bytes int64) time.Time {
	fits := g.past.fitsSince(bytes)
	switch {
	case !g.waiting.counts():
		return time.Now()
	case g.waiting.since.After(fits):
		return g.waiting.since
	default:
		return fits
	}
}

// strained says that a need leaves less than a quarter of itself or of the
// machine on warn, when the system is about to take memory from somebody. The
// caller holds mu.
func (g *Gate) strained(need job.Need, free int64) bool {
	return takes(need) && g.memory.last.Level == job.Warn &&
		(need.Bytes+spare(need.Bytes) > free || g.memory.percent() < sparePercent)
}

// spare is the quarter, rounded up.
func spare(need int64) int64 { return (need + 3) / 4 }

func opened() answer { return answer{Verdict: job.Verdict{Open: true}, why: fits} }

func closed(why cause, text string) answer {
	return answer{Verdict: job.Verdict{Reason: job.Memory, Text: text}, why: why}
}

// until says when the answer will be another if nothing gets worse.
func (a answer) until(at time.Time) answer {
	a.Until = at
	if a.Text != "" {
		a.Text += "; "
	}
	a.Text += "starts in " + remaining(time.Until(at)) + " if memory stays free"
	return a
}

package admission

import (
	"strconv"
	"time"

	"sluice/internal/job"
)

const onBattery = "on battery, starts when plugged in"

// shortness says why nothing may start, by the rule that decides, and what ends
// it. The caller holds mu.
func (g *Gate) shortness() string {
	if g.memory.last.Level == job.Critical {
		return "memory is critically short, " + job.FormatBytes(g.free()) + " free" + tenants(g.held()) +
			"; jobs start again " + remaining(rest) + " after it eases"
	}
	return strconv.Itoa(g.memory.percent()) + " % of memory is free" + tenants(g.held()) +
		"; jobs start again at " + strconv.Itoa(leastPercent) + " %"
}

// shortage says what is needed and what is free. When rounding would make
// both the same it says what is missing instead.
func shortage(need, free, held int64) string {
	n, f := job.FormatBytes(need), job.FormatBytes(free)
	if n == f && need > free {
		return "needs " + n + ", short of it by " + job.FormatBytes(need-free) + tenants(held)
	}
	return "needs " + n + ", " + f + " free" + tenants(held)
}

// tightness says what is missing while memory is tight. The caller holds mu.
func (g *Gate) tightness(need, free int64) string {
	n, s := job.FormatBytes(need), job.FormatBytes(spare(need))
	if need+spare(need) > free {
		return "needs " + n + " and " + s + " to spare, " + job.FormatBytes(free) + " free" + tenants(g.held())
	}
	return "needs " + n + " and " + strconv.Itoa(sparePercent) + " % of memory free, " +
		strconv.Itoa(g.memory.percent()) + " % is" + tenants(g.held())
}

// refuses says why a need is beyond the bound; "" = it is not. When rounding
// would make both the same it says how far beyond.
func (b bound) refuses(need int64) string {
	if b.bytes == 0 || need <= b.bytes {
		return ""
	}
	n, most := job.FormatBytes(need), job.FormatBytes(b.bytes)
	if n == most {
		return "needs " + n + ", " + job.FormatBytes(need-b.bytes) + " more than " + b.by
	}
	return "needs " + n + ", " + b.by + " " + most
}

// tenants is the end of a sentence: who holds what is missing.
func tenants(held int64) string {
	if held == 0 {
		return ""
	}
	return "; Ollama holds " + job.FormatBytes(held)
}

// remaining is a time for people, rounded up so coarsely that the words do not
// change all the time: each change is written down.
func remaining(d time.Duration) string {
	seconds := int((d + time.Second - 1) / time.Second)
	if seconds > 60 {
		return strconv.Itoa((seconds+59)/60) + " min"
	}
	return strconv.Itoa(max(1, (seconds+9)/10)*10) + " s"
}

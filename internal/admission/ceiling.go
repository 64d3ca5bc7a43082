package admission

import "sluice/internal/job"

// bound is the most that one stage may ever take, and what decides that.
type bound struct {
	bytes int64  // 0 = not known
	by    string // goes on with how much
}

const (
	byMachine = "this machine can give"
	byLimit   = "the memory limit set for Sluice leaves"
	bySetting = "the setting memory.ceiling allows"
)

// ceiling is the larger one of the last two samples, however old: what can
// never fit fails for good, so one odd sample must not say so. The caller holds
// mu.
func (g *Gate) ceiling() bound {
	last, before := g.ceilingBy(g.memory.last.Reading), g.ceilingBy(g.memory.before.Reading)
	switch {
	case last.bytes == 0 && before.bytes == 0: // nothing known about the machine
		return bound{max(0, g.cfg.CeilingBytes), bySetting}
	case before.bytes > last.bytes:
		return before
	default:
		return last
	}
}

// ceilingBy is the configured one within the memory of a reading, or the
// machine's own; 0 when the reading does not tell.
func (g *Gate) ceilingBy(r job.Reading) bound {
	most := bound{machineCeiling(r), byMachine}
	if r.Confined {
		most.by = byLimit
	}
	switch set := g.cfg.CeilingBytes; {
	case r.Total <= 0:
		return bound{}
	case set > 0 && set < r.Total:
		return bound{set, bySetting}
	case set > 0:
		most.bytes = r.Total
	}
	return most
}

// machineCeiling is what Sluice may plan for on a machine.
//
// In a cgroup the limit is what somebody gave us on purpose: all of it less
// the 5 % that stay spare, and as much again for the app itself and its ffmpeg,
// or a need could fit the ceiling and yet never what is free. Elsewhere people work on the machine too. Metal gets
// two thirds of the RAM, or what iogpu.wired_limit_mb says; macOS and the
// programs keep 6 GiB, but never more than a third, so that an 8 GB Mac can
// still do something; and 15 % stay spare, because the kernel starts to
// compress well before the end. Linux gets the same for the same reason.
func machineCeiling(r job.Reading) int64 {
	if r.Confined {
		return r.Total / 100 * 90
	}
	share := r.Total / 3 * 2
	if r.WiredLimit > 0 {
		share = r.WiredLimit
	}
	rest := r.Total - min(6*gib, r.Total/3)
	return min(share, rest) / 100 * 85
}

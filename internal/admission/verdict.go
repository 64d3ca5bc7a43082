package admission

import "sluice/internal/job"

const gib = int64(1) << 30

// verdict decides by what is known. The caller holds mu.
//
// A probe that cannot be read must neither stop the line for good nor let in
// what can never fit, so the ceiling alone decides then: the kernel will take
// care of a wrong guess, and a death for memory is told and counted apart.
func (g *Gate) verdict(need job.Need) job.Verdict {
	ceiling := g.ceiling()
	if ceiling > 0 && need.Bytes > ceiling {
		v := closed(impossible(need.Bytes, ceiling))
		v.Never = true
		return v
	}
	if g.readAt.IsZero() || g.stale() {
		return job.Verdict{Open: true}
	}
	free := max(0, g.last.Available)
	if ceiling > 0 {
		free = min(free, ceiling)
	}
	switch {
	case g.last.Level == job.Critical:
		return closed("memory is critically short, " + job.FormatBytes(free) + " free")
	case need.Bytes > free:
		return closed(shortage(need.Bytes, free))
	default:
		return job.Verdict{Open: true}
	}
}

func closed(text string) job.Verdict { return job.Verdict{Reason: job.Memory, Text: text} }

// shortage says what is needed and what is free. When rounding would make
// both the same it says what is missing instead.
func shortage(need, free int64) string {
	n, f := job.FormatBytes(need), job.FormatBytes(free)
	if n == f {
		return "needs " + n + ", short of it by " + job.FormatBytes(need-free)
	}
	return "needs " + n + ", " + f + " free"
}

// impossible says the same of what can never fit.
func impossible(need, ceiling int64) string {
	n, c := job.FormatBytes(need), job.FormatBytes(ceiling)
	if n == c {
		return "needs " + n + ", " + job.FormatBytes(need-ceiling) + " more than this machine can give"
	}
	return "needs " + n + ", this machine can give " + c
}

// ceiling is the configured one within the machine's memory, or the machine's
// own. The caller holds mu.
func (g *Gate) ceiling() int64 {
	switch {
	case g.last.Total <= 0: // nothing known about the machine
		return max(0, g.cfg.CeilingBytes)
	case g.cfg.CeilingBytes > 0:
		return min(g.cfg.CeilingBytes, g.last.Total)
	default:
		return machineCeiling(g.last)
	}
}

// machineCeiling is what Sluice may plan for on a machine.
//
// In a cgroup the limit is what somebody gave us on purpose: all of it less
// 5 % for the app itself. Elsewhere people work on the machine too. Metal gets
// two thirds of the RAM, or what iogpu.wired_limit_mb says; macOS and the
// programs keep 6 GiB, but never more than a third, so that an 8 GB Mac can
// still do something; and 15 % stay spare, because the kernel starts to
// compress well before the end. Linux gets the same for the same reason.
func machineCeiling(r job.Reading) int64 {
	if r.Confined {
		return r.Total / 100 * 95
	}
	share := r.Total / 3 * 2
	if r.WiredLimit > 0 {
		share = r.WiredLimit
	}
	rest := r.Total - min(6*gib, r.Total/3)
	return min(share, rest) / 100 * 85
}

package memory

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sluice/internal/job"
)

// Thresholds of the level, in percent. PSI's avg10 is the share of the last
// ten seconds in which some task, or all of them, stood still for memory.
//
//   - Some at 10: one second in ten is lost somewhere. Reclaim is at work and
//     a person can feel it, but things move on: warn.
//   - Full at 5: for half a second in ten nothing moves at all. That is the
//     early part of thrashing, well before the out-of-memory killer: critical.
//   - Under 10 % available is warn and under 5 % critical even without stalls:
//     the first allocation of an engine would bring them. This also decides
//     alone where the kernel has no PSI.
//   - With half of the memory available, stalls come from a neighbour that
//     thrashes inside a limit of its own. They are no reason to stop: warn.
const (
	someWarn         = 10.0
	fullCritical     = 5.0
	freeWarn         = 10
	freeCritical     = 5
	freeNotOurStalls = 50
)

// read puts /proc/meminfo, the cgroup and PSI together.
func (p *Probe) read() (job.Reading, error) {
	info, err := p.meminfo()
	if err != nil {
		return job.Reading{}, err
	}
	r := job.Reading{
		Total:     info["MemTotal"],
		Available: info["MemAvailable"],
		SwapUsed:  info["SwapTotal"] - info["SwapFree"],
	}
	if _, ok := info["MemAvailable"]; !ok { // kernels before 3.14
		r.Available = info["MemFree"] + info["Buffers"] + info["Cached"]
	}
	pressure := p.path("proc/pressure/memory")
	if g, ok := p.cgroup(); ok {
		if b, ok := g.bounds(r.Total); ok {
			r.Confined = true
			r.Total = b.limit
			r.Available = min(r.Available, b.available)
			// The machine's stalls include those of neighbours inside their
			// own limits; the group's own are the ones that concern us.
			if own := filepath.Join(b.dir, "memory.pressure"); g.v2 && exists(own) {
				pressure = own
			}
		}
	}
	r.Available = max(0, min(r.Available, r.Total))
	r.FreePercent = percent(r.Available, r.Total)
	r.Level = level(readPSI(pressure), r.FreePercent)
	return r, nil
}

// outOfMemoryCount prefers the cgroup: there it counts only what was killed in
// our own group, where the engine lives too.
func (p *Probe) outOfMemoryCount() (int64, error) {
	if g, ok := p.cgroup(); ok {
		if n, ok := g.outOfMemory(); ok {
			return n, nil
		}
	}
	b, err := os.ReadFile(p.path("proc/vmstat"))
	if err != nil {
		return 0, fmt.Errorf("count kills for memory: %w", err)
	}
	if n, ok := field(b, "oom_kill"); ok {
		return n, nil
	}
	return 0, fmt.Errorf("count kills for memory: %w", errNoCounter)
}

func (p *Probe) path(name string) string { return filepath.Join(p.root, name) }

// meminfo gives the sizes of /proc/meminfo in bytes.
func (p *Probe) meminfo() (map[string]int64, error) {
	b, err := os.ReadFile(p.path("proc/meminfo"))
	if err != nil {
		return nil, fmt.Errorf("read memory: %w", err)
	}
	sizes := map[string]int64{}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		name, rest, ok := strings.Cut(lines.Text(), ":")
		words := strings.Fields(rest)
		if !ok || len(words) != 2 || words[1] != "kB" {
			continue
		}
		if n, err := strconv.ParseInt(words[0], 10, 64); err == nil {
			sizes[name] = n << 10
		}
	}
	if sizes["MemTotal"] <= 0 {
		return nil, fmt.Errorf("read memory: no MemTotal in /proc/meminfo")
	}
	return sizes, nil
}

// stalls are the ten-second averages of PSI; known is false without PSI.
type stalls struct {
	known      bool
	some, full float64
}

func readPSI(path string) stalls {
	b, err := os.ReadFile(path)
	if err != nil {
		return stalls{} // not built in, or switched off: reading it is then an error
	}
	var s stalls
	for line := range strings.Lines(string(b)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		share, err := strconv.ParseFloat(strings.TrimPrefix(words[1], "avg10="), 64)
		if err != nil {
			continue
		}
		switch words[0] {
		case "some":
			s.some, s.known = share, true
		case "full":
			s.full, s.known = share, true
		}
	}
	return s
}

func level(s stalls, free int) job.Pressure {
	switch {
	case free < freeCritical, s.known && s.full >= fullCritical && free < freeNotOurStalls:
		return job.Critical
	case free < freeWarn, s.known && (s.some >= someWarn || s.full >= fullCritical):
		return job.Warn
	default:
		return job.Normal
	}
}

// field finds "name number" among lines of that form.
func field(b []byte, name string) (int64, bool) {
	for line := range strings.Lines(string(b)) {
		words := strings.Fields(line)
		if len(words) == 2 && words[0] == name {
			n, err := strconv.ParseInt(words[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

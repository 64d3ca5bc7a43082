package memory

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"sync"

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
//     alone where the kernel has no PSI. What our own engine holds counts as
//     available here: it fills memory because we told it to, and a small
//     machine must not stop its line for being at work.
//   - With half of the memory available, stalls come from a neighbour that
//     thrashes inside a limit of its own. They are no reason to stop: warn.
//     Here our engine's share counts as taken: those stalls would be ours.
const (
	someWarn         = 10.0
	fullCritical     = 5.0
	freeWarn         = 10
	freeCritical     = 5
	freeNotOurStalls = 50
)

// kernel is what a Probe keeps between two looks.
type kernel struct {
	mu   sync.Mutex // one look at a time
	root string
	procFile

	member  []byte // /proc/self/cgroup when group was found
	group   group
	grouped bool // there is one
}

func (k *kernel) path(name string) string { return filepath.Join(k.root, name) }

// read puts /proc/meminfo, the cgroup and PSI together.
func (p *Probe) read() (job.Reading, error) {
	k := &p.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	info, err := k.meminfo()
	if err != nil {
		return job.Reading{}, err
	}
	r := job.Reading{Total: info.total, Available: info.available, SwapUsed: info.swapTotal - info.swapFree}
	var own string
	if g, ok := k.cgroup(); ok {
		if b, ok := k.bounds(g, r.Total); ok {
			r.Confined = true
			r.Total = b.limit
			r.Available = min(r.Available, b.available)
			own = b.pressure
		}
	}
	r.Available = max(0, min(r.Available, r.Total))
	r.FreePercent = percent(r.Available, r.Total)
	others := min(r.Total, r.Available+max(0, p.engine()))
	r.Level = level(k.stalls(own), r.FreePercent, percent(others, r.Total))
	return r, nil
}

// outOfMemoryCount prefers the cgroup: there it counts only what was killed in
// our own group, where the engine lives too.
func (p *Probe) outOfMemoryCount() (int64, error) {
	k := &p.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	if g, ok := k.cgroup(); ok {
		if n, ok := k.outOfMemory(g); ok {
			return n, nil
		}
	}
	b, err := k.read(k.path("proc/vmstat"))
	if err != nil {
		return 0, fmt.Errorf("count kills for memory: %w", err)
	}
	if n, ok := field(b, "oom_kill"); ok {
		return n, nil
	}
	return 0, fmt.Errorf("count kills for memory: %w", errNoCounter)
}

// meminfo is /proc/meminfo in bytes, as far as it is used here.
type meminfo struct{ total, available, swapTotal, swapFree int64 }

func (k *kernel) meminfo() (meminfo, error) {
	b, err := k.read(k.path("proc/meminfo"))
	if err != nil {
		return meminfo{}, fmt.Errorf("read memory: %w", err)
	}
	var (
		m     meminfo
		older int64 // what kernels before 3.14 leave to add up
		known bool  // MemAvailable is there
	)
	for line := range bytes.Lines(b) {
		name, rest, _ := bytes.Cut(line, []byte(":"))
		size, inKB := bytes.CutSuffix(bytes.TrimSpace(rest), []byte(" kB"))
		n, ok := decimal(bytes.TrimSpace(size))
		if !inKB || !ok {
			continue
		}
		switch n <<= 10; string(name) {
		case "MemTotal":
			m.total = n
		case "MemAvailable":
			m.available, known = n, true
		case "MemFree", "Buffers", "Cached":
			older += n
		case "SwapTotal":
			m.swapTotal = n
		case "SwapFree":
			m.swapFree = n
		}
	}
	if m.total <= 0 {
		return meminfo{}, errors.New("read memory: no MemTotal in /proc/meminfo")
	}
	if !known {
		m.available = older
	}
	return m, nil
}

// stalls are the ten-second averages of PSI; known is false without PSI.
type stalls struct {
	known      bool
	some, full float64
}

// stalls reads those of the cgroup that bounds us where it tells them: the
// machine's include those of neighbours inside their own limits.
func (k *kernel) stalls(own string) stalls {
	b, err := []byte(nil), fs.ErrNotExist
	if own != "" {
		b, err = k.read(own)
	}
	if errors.Is(err, fs.ErrNotExist) {
		b, err = k.read(k.path("proc/pressure/memory"))
	}
	if err != nil {
		return stalls{} // not built in, or switched off: reading it is then an error
	}
	var s stalls
	for line := range bytes.Lines(b) {
		kind, rest, _ := bytes.Cut(line, []byte(" avg10="))
		value, _, _ := bytes.Cut(rest, []byte(" "))
		share, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			continue
		}
		switch string(kind) {
		case "some":
			s.some, s.known = share, true
		case "full":
			s.full, s.known = share, true
		}
	}
	return s
}

// level judges stalls and what is free, in percent: as it is, and as it would
// be without our own engine.
func level(s stalls, free, without int) job.Pressure {
	switch {
	case without < freeCritical, s.known && s.full >= fullCritical && free < freeNotOurStalls:
		return job.Critical
	case without < freeWarn, s.known && (s.some >= someWarn || s.full >= fullCritical):
		return job.Warn
	default:
		return job.Normal
	}
}

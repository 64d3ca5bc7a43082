package memory

import (
	"sluice/internal/job"
)

// macSample is what a Mac's kernel says, in its own units. Turning it into a
// reading is kept apart from asking for it, so that it is tested anywhere.
type macSample struct {
	ram         uint64
	level       uint32 // kern.memorystatus_vm_pressure_level: 1, 2 or 4
	freePercent uint32 // kern.memorystatus_level
	free        uint64 // pages
	fileBacked  uint64 // pages
	purgeable   uint64 // pages
	page        uint64 // bytes
	compressed  uint64
	swapUsed    uint64
	wiredMB     uint32 // iogpu.wired_limit_mb; 0 = the system's own share
}

// reading fills in a Reading.
//
// Available is free pages, cached files and purgeable memory: what the kernel
// can hand out without compressing or swapping anybody. Free pages alone are
// near zero by design. Speculative pages are file-backed and so already among
// the cached files. The kernel's own percentage is kept as it is: it also
// counts anonymous memory that could be compressed, so it runs higher.
func (s macSample) reading() job.Reading {
	available := (s.free + s.fileBacked + s.purgeable) * s.page
	r := job.Reading{
		Level:       macLevel(s.level),
		Total:       int64(s.ram),
		Available:   int64(min(available, s.ram)),
		FreePercent: int(min(s.freePercent, 100)),
		SwapUsed:    int64(s.swapUsed),
		Compressed:  int64(s.compressed),
		WiredLimit:  int64(s.wiredMB) << 20,
	}
	if s.freePercent == 0 {
		r.FreePercent = percent(r.Available, r.Total)
	}
	return r
}

// macLevel names the kernel's level, which is a bit: the colours green, yellow
// and red of Activity Monitor are 1, 2 and 4.
func macLevel(level uint32) job.Pressure {
	switch {
	case level >= 4:
		return job.Critical
	case level >= 2:
		return job.Warn
	default:
		return job.Normal
	}
}

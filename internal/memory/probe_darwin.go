package memory

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"sluice/internal/job"
)

// kernel is what a Probe keeps between two looks: nothing is needed here.
type kernel struct{ root string }

// read asks sysctl. The four figures without which a reading would lie are
// required; the others are left at zero on a system that does not have them.
func (p *Probe) read() (job.Reading, error) {
	s := macSample{page: uint64(unix.Getpagesize())}
	var err error
	if s.ram, err = unix.SysctlUint64("hw.memsize"); err != nil {
		return job.Reading{}, fmt.Errorf("read hw.memsize: %w", err)
	}
	if s.level, err = unix.SysctlUint32("kern.memorystatus_vm_pressure_level"); err != nil {
		return job.Reading{}, fmt.Errorf("read the pressure level: %w", err)
	}
	if s.free, err = pages("vm.page_free_count"); err != nil {
		return job.Reading{}, err
	}
	if s.fileBacked, err = pages("vm.page_pageable_external_count"); err != nil {
		return job.Reading{}, err
	}
	if n, err := pages("vm.page_purgeable_count"); err == nil {
		s.purgeable = n
	}
	if n, err := unix.SysctlUint32("kern.memorystatus_level"); err == nil {
		s.freePercent = n
	}
	if n, err := unix.SysctlUint64("vm.compressor_bytes_used"); err == nil {
		s.compressed = n
	}
	if n, err := unix.SysctlUint32("iogpu.wired_limit_mb"); err == nil {
		s.wiredMB = n
	}
	// struct xsw_usage starts with three uint64: total, available, used.
	if b, err := unix.SysctlRaw("vm.swapusage"); err == nil && len(b) >= 24 {
		s.swapUsed = binary.LittleEndian.Uint64(b[16:])
	}
	return s.reading(), nil
}

func pages(name string) (uint64, error) {
	n, err := unix.SysctlUint32(name)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", name, err)
	}
	return uint64(n), nil
}

// outOfMemoryCount: macOS keeps no counter of its own kills that a program may
// read; a death there is judged by the level at that time.
func (p *Probe) outOfMemoryCount() (int64, error) { return 0, errors.ErrUnsupported }

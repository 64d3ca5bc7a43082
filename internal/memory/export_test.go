package memory

import "sluice/internal/job"

// MacReading is the arithmetic of the darwin probe for tests on any system.
func MacReading(ram uint64, level, freePercent uint32, free, fileBacked, purgeable uint64, wiredMB uint32) job.Reading {
	return macSample{
		ram: ram, level: level, freePercent: freePercent, wiredMB: wiredMB,
		free: free, fileBacked: fileBacked, purgeable: purgeable, page: 16 << 10,
		compressed: 3 << 30, swapUsed: 2 << 30,
	}.reading()
}

package engine

import "runtime"

// DefaultThreads is what computes fastest without hindering the person at the
// machine: the performance cores of a Mac, elsewhere up to four physical cores.
func DefaultThreads() int {
	if n := performanceCores(); n > 0 {
		return n
	}
	return min(4, max(1, physicalCores(runtime.NumCPU())))
}

package engine

import "golang.org/x/sys/unix"

func performanceCores() int {
	n, err := unix.SysctlUint32("hw.perflevel0.physicalcpu")
	if err != nil {
		return 0
	}
	return int(n)
}

func physicalCores(logical int) int {
	n, err := unix.SysctlUint32("hw.physicalcpu")
	if err != nil {
		return logical
	}
	return int(n)
}

//go:build !darwin

package engine

import (
	"os"
	"strings"
)

func performanceCores() int { return 0 }

// physicalCores counts distinct pairs of package and core; a container that
// shows none of it has as many as it has processors.
func physicalCores(logical int) int {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return logical
	}
	cores := map[string]bool{}
	var socket string
	for line := range strings.Lines(string(info)) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(key) {
		case "physical id":
			socket = strings.TrimSpace(value)
		case "core id":
			cores[socket+"/"+strings.TrimSpace(value)] = true
		}
	}
	if len(cores) == 0 {
		return logical
	}
	return min(len(cores), logical)
}

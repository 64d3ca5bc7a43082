package engine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// footprint gives the largest resident memory of this process so far.
func footprint() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("read own status: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, nil
}

// dieFirst makes the kernel prefer this process when memory runs out: it loses
// one span, and the app that watches it must live to tell. ffmpeg stays as it
// is: what it takes is small.
func dieFirst() {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("800"), 0)
}

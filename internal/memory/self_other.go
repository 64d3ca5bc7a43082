//go:build !linux

package memory

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// resident asks ps, in kilobytes.
func resident(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, psLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/ps", "-o", "rss=", "-p", strconv.Itoa(os.Getpid()))
	cmd.Env = []string{"LC_ALL=C"}
	cmd.WaitDelay = psLimit
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	return n << 10, err
}

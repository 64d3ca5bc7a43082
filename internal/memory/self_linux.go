package memory

import (
	"bytes"
	"context"
	"os"

	"golang.org/x/sys/unix"
)

// resident reads /proc: size resident shared ..., in pages.
func resident(context.Context) (int64, error) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	sizes := bytes.Fields(statm)
	if len(sizes) < 2 {
		return 0, errNoProcess
	}
	pages, _ := decimal(sizes[1])
	return pages * int64(unix.Getpagesize()), nil
}

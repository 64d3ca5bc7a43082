package memory

import (
	"context"
	"time"

	"golang.org/x/sys/unix"
)

// Self is what this process takes, without its children.
type Self struct {
	Resident int64         // bytes; 0 = the system does not tell
	CPU      time.Duration // of the processor, since the start; 0 = the system does not tell
}

// ReadSelf takes milliseconds; on a Mac at most the two seconds that ps may take.
func ReadSelf(ctx context.Context) Self {
	var s Self
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err == nil {
		s.CPU = time.Duration(use.Utime.Nano() + use.Stime.Nano())
	}
	if n, err := resident(ctx); err == nil {
		s.Resident = n
	}
	return s
}

package engine

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// claimStdout keeps the protocol's stream to ourselves: whatever else writes
// to file descriptor 1 ends up on stderr.
func claimStdout(stdout io.Writer) (io.Writer, error) {
	if f, ok := stdout.(*os.File); !ok || f.Fd() != 1 {
		return stdout, nil
	}
	fd, err := unix.Dup(1)
	if err != nil {
		return nil, fmt.Errorf("claim stdout: %w", err)
	}
	unix.CloseOnExec(fd)
	if err := unix.Dup2(2, 1); err != nil {
		return nil, fmt.Errorf("claim stdout: %w", err)
	}
	return os.NewFile(uintptr(fd), "protocol"), nil
}

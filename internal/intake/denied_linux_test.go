package intake_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/intake"
)

func TestAFileThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	path := put(t, filepath.Join(folder(t), "private", "talk.mp4"), []byte("a"))
	in := intake.New(intake.Config{})
	src, err := in.FromPath(t.Context(), path)
	wantCode(t, err, "")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	submitted, opened := make(chan error, 1), make(chan error, 1)
	go func() {
		// Root may read everything, so this thread alone gives that up. It is
		// never unlocked: it dies with the goroutine.
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				submitted <- err
				opened <- err
				return
			}
		}
		_, err := in.FromPath(t.Context(), path)
		submitted <- err
		_, err = in.Open(t.Context(), src)
		opened <- err
	}()
	wantCode(t, <-submitted, fault.SourceDenied)
	wantCode(t, <-opened, fault.SourceDenied)
}

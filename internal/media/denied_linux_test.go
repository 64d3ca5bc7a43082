package media_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"sluice/internal/fault"
)

func TestAFileOfSomebodyElseIsDenied(t *testing.T) {
	t.Parallel()
	f := newFFmpeg(t)
	path := filepath.Join(t.TempDir(), "secret.mp3")
	if err := os.WriteFile(path, []byte("ID3"), 0o000); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		// Root may read everything, so this thread alone gives that up. It is
		// never unlocked: it dies with the goroutine.
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				done <- err
				return
			}
		}
		_, err := f.Probe(t.Context(), path)
		done <- err
	}()
	wantCode(t, <-done, fault.SourceDenied)
}

package intake_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/intake"
	"sluice/internal/job"
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

func TestADropOfWhatMayNotBeRead(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	open := put(t, filepath.Join(dir, "d", "open.mp4"), []byte(mp4))
	closed := put(t, filepath.Join(dir, "d", "closed.mp4"), []byte(mp4))
	put(t, filepath.Join(dir, "d", "private", "talk.mp4"), []byte(mp4))
	put(t, filepath.Join(dir, "shut", "talk.mp4"), []byte(mp4))
	for _, path := range []string{closed, filepath.Join(dir, "d", "private"), filepath.Join(dir, "shut")} {
		must(t, os.Chmod(path, 0))
	}
	t.Cleanup(func() {
		for _, path := range []string{filepath.Join(dir, "d", "private"), filepath.Join(dir, "shut")} {
			must(t, os.Chmod(path, 0o700)) // so that it can be removed
		}
	})
	// Root that has given up its rights may come this far.
	for path, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, dir: 0o755, filepath.Join(dir, "d"): 0o755, open: 0o644} {
		must(t, os.Chmod(path, mode))
	}

	type result struct {
		found   []string
		refused []job.Refused
		err     error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // as above
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				done <- result{err: err}
				return
			}
		}
		found, refused := intake.Gather(t.Context(), []string{filepath.Join(dir, "d"), filepath.Join(dir, "shut"), filepath.Join(dir, "shut", "talk.mp4")})
		done <- result{found: found, refused: refused}
	}()
	got := <-done
	must(t, got.err)
	found, refused := shown(dir, got.found, got.refused)
	if diff := cmp.Diff([]string{"d/open.mp4"}, found); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	want := []string{
		"d/closed.mp4: source_denied", "d/private: source_denied", "shut: source_denied", "shut/talk.mp4: source_denied",
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

func TestAWatchedFolderIsFirstSeenWhenAllOfItCanBe(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, func(c *intake.WatchConfig) { c.Recursive = true })
	p.put("in/shut/old.mp4", "old")
	for path, mode := range map[string]os.FileMode{filepath.Dir(p.dir): 0o755, p.dir: 0o755, p.path("in"): 0o755, p.path("in/shut"): 0} {
		must(t, os.Chmod(path, mode))
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // as above
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				done <- err
				return
			}
		}
		p.Look(t.Context(), p.now)
		done <- nil
	}()
	must(t, <-done)
	must(t, os.Chmod(p.path("in/shut"), 0o700))
	if n := strings.Count(p.log.String(), "cannot be watched now"); n != 1 {
		t.Errorf("said %d times:\n%s", n, p.log)
	}
	p.pass()
	p.took()
	p.put("in/shut/new.mp4", "new")
	p.pass()
	p.took("in/shut/new.mp4")
}

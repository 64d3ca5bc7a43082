package app_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// volume is a disk that can be ejected: a folder that is shown in another place
// and taken away from there.
type volume struct {
	t         testing.TB
	dir, disk string // where it is seen, and where it really lies
}

func newVolume(t testing.TB) volume {
	t.Helper()
	v := volume{t, t.TempDir(), t.TempDir()}
	v.connect()
	t.Cleanup(func() { _ = unix.Unmount(v.dir, unix.MNT_DETACH) })
	return v
}

func (v volume) connect() {
	v.t.Helper()
	if err := unix.Mount(v.disk, v.dir, "", unix.MS_BIND, ""); err != nil {
		v.t.Skipf("SKIPPED: a disk to eject needs the right to mount one: %v", err)
	}
}

// eject takes it away also from those who read on it.
func (v volume) eject() {
	v.t.Helper()
	check(v.t, unix.Unmount(v.dir, unix.MNT_DETACH))
}

// protect makes it read-only.
func (v volume) protect() {
	v.t.Helper()
	check(v.t, unix.Mount("", v.dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""))
}

func TestADiskThatIsEjectedIsWaitedFor(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	tests := map[string]struct {
		paused bool
		until  func(s *server, id string) // the disk goes
		waits  bool                       // for the disk to come back
	}{
		"while its job waits":        {true, func(*server, string) {}, true},
		"while its sound is read":    {false, (*server).awaitReading, true},
		"when its sound is all read": {false, (*server).awaitAllRead, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := newVolume(t)
			check(t, os.Rename(longTalk(t), filepath.Join(disk.disk, "talk.wav")))
			h := newHome(t)
			h.slowFFmpeg(15)
			s := h.serve()
			if tt.paused {
				s.post("/api/v1/queue/pause")
			}
			j := s.submit(map[string]any{"source": filepath.Join(disk.dir, "talk.wav")}, nil)
			tt.until(s, j.ID)
			back := disk.pullOut("talk.wav")
			s.post("/api/v1/queue/resume")
			if tt.waits {
				eventually(t, "the job waits for its file", func() bool {
					v := s.job(j.ID)
					if v.State == "failed" || v.State == "done" {
						t.Fatalf("it is %s, error %+v, warnings %+v", v.State, v.Error, v.Quality.Warnings)
					}
					return v.State == "queued" && v.Reason == "source" && v.ReasonText != ""
				})
				back()
			}
			done := s.await(j.ID, "done")
			if done.Attempts+done.Crashes != 0 || done.Error != nil || len(done.warnings("partial_audio")) != 0 {
				t.Errorf("it is %+v, error %+v", done, done.Error)
			}
			want := references(t, "seventy-five-seconds.flac").words()
			if n := wordErrors(want, words(text(s.transcript(j.ID)))); n > 4 {
				t.Errorf("%d of %d words are wrong", n, len(want))
			}
		})
	}
}

// pullOut ejects the disk under the hands of whoever reads one of its files:
// from then on there is no more of it. Back undoes that.
func (v volume) pullOut(name string) (back func()) {
	v.t.Helper()
	file := filepath.Join(v.disk, name)
	kept := copyWithTime(v.t, file)
	v.eject()
	check(v.t, os.Truncate(file, 1_000_000))
	return func() {
		v.t.Helper()
		check(v.t, os.Rename(kept, file))
		v.connect()
	}
}

func TestAFileOnADiskThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	disk := newVolume(t)
	placeClip(t, "demo.mp4", filepath.Join(disk.disk, "talk.mp4"))
	disk.protect()
	s := newHome(t).serve()
	j := s.submit(map[string]any{"source": filepath.Join(disk.dir, "talk.mp4")}, nil)
	s.await(j.ID, "done")
	if n := wordErrors(references(t, "demo.mp4").words(), words(text(s.transcript(j.ID)))); n != 0 {
		t.Errorf("%d words are wrong", n)
	}
	if got := listing(t, disk.disk); !slices.Equal(got, []string{"talk.mp4"}) {
		t.Errorf("on the disk there are %q now", got)
	}
}

func TestAFileThatMayNotBeReadIsSaidAndGoesOnWhenItMay(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	s := newHome(t).serveUnprivileged()
	dir := t.TempDir()
	open := placeClip(t, "seen-004.wav", filepath.Join(dir, "open.wav"))
	shut := placeClip(t, "seen-004.wav", filepath.Join(dir, "shut.wav"))
	inside := filepath.Join(dir, "private", "talk.wav")
	check(t, os.Mkdir(filepath.Dir(inside), 0o700))
	placeClip(t, "seen-004.wav", inside)
	check(t, os.Chmod(shut, 0))
	check(t, os.Chmod(filepath.Dir(inside), 0))
	t.Cleanup(func() { check(t, os.Chmod(filepath.Dir(inside), 0o700)) }) //nolint:gosec // so that it can be removed
	for _, file := range []string{shut, inside} {
		s.want(http.StatusUnprocessableEntity, "source_denied", http.MethodPost, "/api/v1/jobs", map[string]any{"source": file})
	}
	s.post("/api/v1/queue/pause")
	j := s.submit(map[string]any{"source": open}, nil)
	check(t, os.Chmod(open, 0))
	s.post("/api/v1/queue/resume")
	s.expectEnding(j.ID, ending{failed: "source_denied"}, "")
	check(t, os.Chmod(open, 0o600))
	s.post("/api/v1/jobs/" + j.ID + "/retry")
	s.await(j.ID, "done")
}

// serveUnprivileged is serve as somebody who may not read everything. Root
// gives up just that.
func (h home) serveUnprivileged() *server {
	h.t.Helper()
	cmd := h.command(context.WithoutCancel(h.t.Context()), "serve", "--listen", "127.0.0.1:0")
	if os.Geteuid() == 0 {
		setpriv, err := exec.LookPath("setpriv")
		if err != nil {
			h.t.Skip("setpriv is not installed: root may read everything")
		}
		cmd.Args = append([]string{"setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--", cmd.Path}, cmd.Args[1:]...)
		cmd.Path = setpriv
	}
	s := h.tend(cmd)
	s.url = h.discover(cmd.Process.Pid)
	return s
}

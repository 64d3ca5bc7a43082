package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk is large enough for the store's own floor of 32 MiB, the 40 MB that
// are to stay free, and what jobs leave.
const smallDisk = 96 << 20

func TestAFullDiskStopsNothingForGood(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	h := homeOnSmallDisk(t)
	s := h.serve()
	running := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil)
	waiting := s.submit(map[string]any{"source": clip(t, "seen-000.wav")}, nil)
	eventually(t, "some spans are finished", func() bool { return len(s.transcript(running.ID).Segments) > 2 })
	free := h.fill()

	s.refuses(http.MethodPost, "/api/v1/jobs", []byte(fmt.Sprintf(`{"source": %q}`, clip(t, "seen-001.wav"))))
	before := h.uploads()
	sound, err := os.ReadFile(clip(t, "seen-000.wav"))
	if err != nil {
		t.Fatal(err)
	}
	// No more than goes out at once: the refusal comes before the body is read,
	// and a client that is still writing may find the connection closed.
	s.refuses(http.MethodPut, "/api/v1/uploads/talk.wav", sound[:4<<10])
	if after := h.uploads(); !slices.Equal(before, after) {
		t.Errorf("of a refused upload is left: %v", after)
	}
	for _, path := range []string{"/api/v1/board", "/api/v1/jobs", "/api/v1/jobs/" + waiting.ID, "/api/v1/jobs/" + running.ID + "/transcript", "/healthz"} {
		if status, text := s.call(http.MethodGet, path, nil, nil, nil); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	s.still(running.ID)
	for _, id := range []string{running.ID, waiting.ID} {
		if j := s.job(id); j.State == "failed" || j.Attempts+j.Crashes != 0 {
			t.Errorf("on the full disk the job is %+v", j)
		}
	}

	free()
	for _, id := range []string{running.ID, waiting.ID} {
		done := s.await(id, "done")
		if done.Attempts+done.Crashes != 0 || done.Error != nil || len(done.runs("extract")) > 1 {
			t.Errorf("job %+v, error %+v", done, done.Error)
		}
		if n := happened(s.history(id), event{To: "failed"}); n != 0 {
			t.Errorf("it had failed %d times", n)
		}
	}
	s.submit(map[string]any{"source": clip(t, "seen-001.wav")}, nil)
	s.stop()
	checkDatabase(t, h.dir)
}

func TestOnADiskThatIsNearlyFullJobsWaitAndSayWhy(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	h := homeOnSmallDisk(t)
	s := h.serve()
	running := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil)
	eventually(t, "a span is finished", func() bool { return len(s.transcript(running.ID).Segments) > 0 })
	// More is free than the store wants, less than is to stay free: what runs
	// goes on, what comes is accepted, and nothing starts.
	free := h.leave(36 << 20)
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav")}, nil)
	s.await(running.ID, "done")
	eventually(t, "the job waits for the disk", func() bool {
		v := s.job(j.ID)
		return v.State == "queued" && v.Reason == "disk" && strings.Contains(v.ReasonText, "40 MB")
	})
	free()
	if done := s.await(j.ID, "done"); done.Attempts != 0 {
		t.Errorf("job %+v", done)
	}
}

// still waits until a job gets no further: it is over, or its writes fail.
func (s *server) still(id string) {
	s.t.Helper()
	segments, looks := -1, 0
	eventually(s.t, "the job stands still", func() bool {
		if now := len(s.transcript(id).Segments); now != segments {
			segments, looks = now, 0
		}
		looks++
		return looks > 100
	})
}

// refuses expects that a request needs more room than there is.
func (s *server) refuses(method, path string, body []byte) {
	s.t.Helper()
	status, text := s.call(method, path, bytes.NewReader(body), nil, nil)
	if status != http.StatusInsufficientStorage || !strings.Contains(text, "disk_full") || !strings.Contains(text, `"hint"`) {
		s.t.Errorf("%s %s on a full disk: %d %s", method, path, status, text)
	}
}

// homeOnSmallDisk is a data folder on a disk of its own, of which 40 MB are to
// stay free.
func homeOnSmallDisk(t *testing.T) home {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", smallDisk)); err != nil {
		t.Skipf("SKIPPED: a full disk needs the right to mount a small one: %v", err)
	}
	t.Cleanup(func() {
		// Detached: a process that another test forks holds our files for a moment.
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "settings.toml"), []byte("[disk]\nmin_free = \"40MB\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return homeIn(t, dir)
}

// fill takes every free byte of the home's disk until free is called.
func (h home) fill() (free func()) { return h.leave(0) }

// leave takes what is free on the home's disk but for so many bytes.
func (h home) leave(bytes int64) (free func()) {
	h.t.Helper()
	path := filepath.Join(h.dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		h.t.Fatal(err)
	}
	var fs unix.Statfs_t
	for err == nil {
		if err = unix.Statfs(h.dir, &fs); err == nil {
			left := int64(fs.Bavail)*fs.Bsize - bytes
			if left <= 0 {
				break
			}
			_, err = f.Write(make([]byte, min(left, 1<<20)))
		}
	}
	if err != nil && !errors.Is(err, unix.ENOSPC) {
		h.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		h.t.Fatal(err)
	}
	return func() {
		h.t.Helper()
		if err := os.Remove(path); err != nil {
			h.t.Fatal(err)
		}
	}
}

// uploads lists all there is in the folder of uploads.
func (h home) uploads() []string {
	files, _ := filepath.Glob(filepath.Join(h.dir, "uploads", "*"))
	return files
}

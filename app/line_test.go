package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// boardView is what the tests look at on the board.
type boardView struct {
	Depth      int
	Paused     bool
	ETASeconds int `json:"eta_seconds"`
	Gate       struct{ State, Text string }
	Running    []view
	Next       []view
	Last       []view
	Memory     struct{ Level string }
}

func (s *server) board() boardView {
	s.t.Helper()
	var b boardView
	if status, text := s.call(http.MethodGet, "/api/v1/board", nil, nil, &b); status != http.StatusOK {
		s.t.Fatalf("board: %d %s", status, text)
	}
	return b
}

func (s *server) post(path string) {
	s.t.Helper()
	if status, text := s.call(http.MethodPost, path, nil, nil, nil); status >= 300 {
		s.t.Fatalf("%s: %d %s", path, status, text)
	}
}

// stop ends the server as a logout would.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	s.wait()
}

func TestAPausedLineTakesNothingAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	s.post("/api/v1/queue/pause")
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav")}, nil)
	if got := s.job(j.ID); got.State != "queued" || got.Reason != "paused" {
		t.Errorf("job is %s for %q", got.State, got.Reason)
	}
	s.stop()
	s = h.serve()
	if b := s.board(); !b.Paused || b.Depth != 1 || b.Next[0].Reason != "paused" || b.ETASeconds != 0 {
		t.Errorf("after a restart the board is %+v", b)
	}
	s.post("/api/v1/queue/resume")
	s.await(j.ID, "done")
	if b := s.board(); b.Paused || b.Depth != 0 || len(b.Last) != 1 {
		t.Errorf("after the resume the board is %+v", b)
	}
}

func TestADropOpensFoldersAndNamesWhatIsNoMedia(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	dir := filepath.Join(t.TempDir(), "자막 '없는' \"영상\"")
	if err := os.MkdirAll(filepath.Join(dir, "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	for to, from := range map[string]string{"b.wav": "seen-000.wav", "deep/-a.wav": "seen-001.wav"} {
		body, err := os.ReadFile(clip(t, from))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), body, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("no media"), 0o600); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"paths": []string{dir, filepath.Join(dir, "b.wav"), dir + "/none.mp4"}})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Jobs    []view
		Refused []struct{ Name, Code string }
	}
	if status, text := s.call(http.MethodPost, "/api/v1/drop", bytes.NewReader(body), nil, &got); status != http.StatusOK {
		t.Fatalf("drop: %d %s", status, text)
	}
	refused := []string{}
	for _, r := range got.Refused {
		refused = append(refused, r.Name+" "+r.Code)
	}
	slices.Sort(refused)
	if want := []string{"none.mp4 source_missing", "notes.txt not_media"}; !slices.Equal(refused, want) || len(got.Jobs) != 2 {
		t.Errorf("%d jobs, refused %q, want 2 and %q", len(got.Jobs), refused, want)
	}
	for _, j := range got.Jobs {
		s.await(j.ID, "done")
	}
}

// script plays a memory reading of an 18 GB Mac to a server. There the kernel
// counts more as free than can be had at once.
func (h home) script(level string, available int64, freePercent int) {
	h.t.Helper()
	line := fmt.Sprintf(`{"level":%q,"total_bytes":19327352832,"available_bytes":%d,"free_percent":%d}`+"\n", level, available, freePercent)
	file := filepath.Join(h.dir, "memory.ndjson")
	if err := os.WriteFile(file+".new", []byte(line), 0o600); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "settings.toml"), fmt.Appendf(nil, "[memory]\nscript = %q\n", file), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func TestTheBoardSaysHowTheGateStands(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.script("warn", 50e6, 40)
	s := h.serve()
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav")}, nil)
	eventually(t, "the first of the line waits for memory", func() bool {
		b := s.board()
		return b.Gate.State == "waiting" && strings.Contains(b.Gate.Text, "50 MB free") && b.Next[0].Reason == "memory"
	})
	if b := s.board(); b.ETASeconds != 0 {
		t.Errorf("nobody knows when memory comes, yet the line says %d s", b.ETASeconds)
	}
	h.script("normal", 9e9, 60)
	s.await(j.ID, "done")
	if b := s.board(); b.Gate.State != "open" || b.Gate.Text != "" || b.Memory.Level != "normal" {
		t.Errorf("in the end the gate is %+v", b.Gate)
	}
	h.script("critical", 300e6, 12)
	eventually(t, "the gate is shut", func() bool { return s.board().Gate.State == "shut" })
}

func TestTheLineTellsWhenItWillBeDone(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	eta := func(id string) int {
		var v struct {
			ETASeconds int `json:"eta_seconds"`
		}
		s.call(http.MethodGet, "/api/v1/jobs/"+id, nil, nil, &v)
		return v.ETASeconds
	}
	first := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil)
	if n := eta(first.ID); n != 0 {
		t.Errorf("before anything was measured the line promises %d s", n)
	}
	s.await(first.ID, "done")
	again := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4"), "reuse": false}, nil)
	short := s.submit(map[string]any{"source": clip(t, "seen-000.wav")}, nil)
	eventually(t, "the line knows how long it will take", func() bool {
		now, later, all := eta(again.ID), eta(short.ID), s.board().ETASeconds
		if s.job(again.ID).State == "done" {
			t.Fatalf("it was never known: %d, %d, %d", now, later, all)
		}
		return now > 0 && later >= now && all >= later
	})
}

func TestTheMachinesHistorySurvivesARestart(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	h := newHome(t)
	h.script("warn", 2e9, 30)
	s := h.serve()
	points := func() (out []struct{ Level string }) {
		var v struct{ Points []struct{ Level string } }
		if status, text := s.call(http.MethodGet, "/api/v1/history?minutes=5", nil, nil, &v); status != http.StatusOK {
			t.Fatalf("history: %d %s", status, text)
		}
		return v.Points
	}
	eventually(t, "there is a point", func() bool { return len(points()) > 0 })
	before := len(points())
	s.stop()
	s = h.serve()
	if now := points(); len(now) < before || now[0].Level != "warn" {
		t.Errorf("%d points before the restart, after it %+v", before, now)
	}
}

func TestWhatHoldsMemoryIsNamed(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	j := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil)
	kinds := map[string]string{}
	eventually(t, "the engine is among what holds memory", func() bool {
		var m struct {
			CeilingBytes int64 `json:"ceiling_bytes"`
			Holders      []struct {
				Kind, Name string
				Bytes      int64
			}
		}
		if status, text := s.call(http.MethodGet, "/api/v1/machine", nil, nil, &m); status != http.StatusOK || m.CeilingBytes <= 0 {
			t.Fatalf("machine: %d %s", status, text)
		}
		for _, h := range m.Holders {
			if h.Bytes > 1<<20 {
				kinds[h.Kind] = h.Name
			}
		}
		if s.job(j.ID).State == "done" {
			t.Fatalf("it never was: %v", kinds)
		}
		return kinds["engine"] == "sluice-tiny" && kinds["sluice"] != ""
	})
}

func TestADropOfManyFilesGoesInPieces(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	s.post("/api/v1/queue/pause")
	body, err := os.ReadFile(clip(t, "seen-000.wav"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	const many = 250 // more than two pieces
	for i := range many {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.wav", i)), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	request, err := json.Marshal(map[string]any{"paths": []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Jobs, Refused []view }
	if status, text := s.call(http.MethodPost, "/api/v1/drop", bytes.NewReader(request), nil, &got); status != http.StatusOK {
		t.Fatalf("drop: %d %s", status, text)
	}
	if len(got.Jobs) != many || len(got.Refused) != 0 || s.board().Depth != many {
		t.Errorf("%d jobs, %d refused, %d in line", len(got.Jobs), len(got.Refused), s.board().Depth)
	}
}

func TestTheFirstServersAddressIsForgottenWhenItWasKilled(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	s.kill()
	old, err := os.ReadFile(filepath.Join(h.dir, "server.json"))
	if err != nil {
		t.Fatal(err)
	}
	// A start that fails after it has the folder must not leave the old address.
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	if _, errs, code := h.run("serve", "--listen", taken.Addr().String()); code != 1 {
		t.Fatalf("it listens where somebody else does: code %d, %s", code, errs)
	}
	if now, err := os.ReadFile(filepath.Join(h.dir, "server.json")); err == nil {
		t.Errorf("the address %s of a dead server is still told: %s", old, now)
	}
}

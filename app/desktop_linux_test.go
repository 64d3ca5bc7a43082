package app_test

import (
	"context"
	"fmt"
	"image"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/traytest"
)

// What the window is called, and what the tray can do.
const (
	theWindow  = "Sluice"
	pauseEntry = "Pause"
	goOnEntry  = "Resume"
	openEntry  = "Open Sluice"
	quitEntry  = "Quit Sluice"
)

// desktopBinary is the program with the window. The tests do not build it, but
// 'make test' does where that can be done.
func desktopBinary(t testing.TB) string {
	t.Helper()
	notAllDay(t)
	file := filepath.Join(root(t), "build", "bin", "sluice-desktop")
	if _, err := os.Stat(file); err != nil {
		t.Skip("the program with the window is not built ('make window' does it)")
	}
	return file
}

// desktop is a running app with its window.
type desktop struct {
	*server
	screen  *display
	program *program
}

// start starts the app.
func (h home) start(d *display, args ...string) *program {
	h.t.Helper()
	cmd := d.command(desktopBinary(h.t), args...)
	cmd.Env = append(slices.Clip(d.env), "SLUICE_HOME="+h.dir, "SLUICE_SERVER_LISTEN=127.0.0.1:0",
		"SLUICE_SPEECH_MODEL=sluice-tiny", "SLUICE_SPEECH_LANGUAGE=en", "SLUICE_SPEECH_BEAM_SIZE=1")
	return d.start("sluice-desktop", cmd)
}

// launch starts the app and waits until it answers.
func (h home) launch(d *display, args ...string) *desktop {
	h.t.Helper()
	p := h.start(d, args...)
	a := &desktop{&server{home: h, cmd: p.cmd, ended: p.ended}, d, p}
	eventually(h.t, "the app has written down where it is", func() bool {
		select {
		case <-p.ended:
			h.t.Fatal("the app has ended at its start")
		default:
		}
		_, err := os.Stat(filepath.Join(h.dir, "server.json"))
		return err == nil
	})
	a.url = h.discover(p.cmd.Process.Pid)
	return a
}

// open starts the app and waits until it answers and stands in the tray.
func (h home) open(d *display, args ...string) *desktop {
	h.t.Helper()
	a := h.launch(d, args...)
	a.seen("its words", func(s traytest.State) bool { _, there := s.Entry(quitEntry); return there })
	return a
}

// seen waits until the tray looks as wanted.
func (a *desktop) seen(what string, wanted func(traytest.State) bool) traytest.State {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	defer cancel()
	s, err := a.screen.tray.Until(ctx, wanted)
	if err != nil {
		a.t.Fatalf("%s: %v", what, err)
	}
	return s
}

// click clicks an entry of the tray's menu.
func (a *desktop) click(entry string) {
	a.t.Helper()
	a.seen("entry "+entry, func(s traytest.State) bool { _, there := s.Entry(entry); return there })
	if err := a.screen.tray.Click(a.t.Context(), entry); err != nil {
		a.t.Fatal(err)
	}
}

// painted waits until the page has said that it stands.
func (a *desktop) painted() {
	a.t.Helper()
	eventually(a.t, "the page is painted", func() bool { return strings.Contains(a.logged(), "window painted") })
}

// logged is what the app has written to its log, wherever that is.
func (a *desktop) logged() string {
	kept, _ := os.ReadFile(filepath.Join(a.dir, "logs", "sluice.log")) // none yet, then
	return a.program.said() + string(kept)
}

// close closes the window as people do.
func (a *desktop) close() {
	a.t.Helper()
	a.screen.do("windowactivate", "--sync", a.screen.window(theWindow))
	a.screen.do("key", "alt+F4")
	a.screen.noWindow(theWindow)
}

// copyClip lays a clip of the small model somewhere under a name.
func copyClip(t testing.TB, name, to string) string {
	t.Helper()
	body, err := os.ReadFile(clip(t, name))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o700)
	}
	if err == nil {
		err = os.WriteFile(to, body, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestTheWindowShowsThePageWhileTheServerAnswers(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	before := colours(d.screen(), image.Rect(0, 0, 1280, 800))
	a := newHome(t).open(d)
	middle := d.middle(d.window(theWindow))
	a.painted()
	part := image.Rectangle{middle.Sub(image.Pt(300, 200)), middle.Add(image.Pt(300, 200))}
	eventually(t, "there is text in the window", func() bool { return colours(d.screen(), part) > before+8 })
	if status, text := a.call(http.MethodGet, "/healthz", nil, nil, nil); status != http.StatusOK {
		t.Errorf("healthz: %d %s", status, text)
	}
	if status, text := a.call(http.MethodGet, "/", nil, nil, nil); status != http.StatusOK || !strings.Contains(text, "<html") {
		t.Errorf("page: %d %s", status, text)
	}
}

func TestFilesAndFoldersAreDroppedOnTheWindow(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	a := newHome(t).open(d)
	dir := filepath.Join(t.TempDir(), "my 영상 100%")
	notes := filepath.Join(dir, "notes.txt")
	want := map[string]string{ // file to state in the end
		copyClip(t, "seen-000.wav", filepath.Join(dir, "첫째 é.wav")):              "done",
		copyClip(t, "seen-001.wav", filepath.Join(dir, "second #2.wav")):         "done",
		copyClip(t, "seen-002.wav", filepath.Join(dir, "folder/deep/third.wav")): "done",
	}
	if err := os.WriteFile(notes, []byte("no media"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.painted()
	source := d.newDragSource(filepath.Join(dir, "첫째 é.wav"), filepath.Join(dir, "second #2.wav"), notes, filepath.Join(dir, "folder"))
	if end := source.drop(d.middle(d.window(theWindow))); end != "dropped" {
		t.Fatalf("the drag ended as %q", end)
	}
	type row struct {
		State  string
		Source struct{ Kind, Path string }
	}
	var jobs struct{ Jobs []row }
	eventually(t, "all that was dropped is done", func() bool {
		a.call(http.MethodGet, "/api/v1/jobs", nil, nil, &jobs)
		return len(jobs.Jobs) >= len(want) && !slices.ContainsFunc(jobs.Jobs, func(j row) bool { return j.State == "queued" || j.State == "running" })
	})
	got := map[string]string{}
	for _, j := range jobs.Jobs {
		if j.Source.Kind != "path" {
			t.Errorf("%s is of kind %s", j.Source.Path, j.Source.Kind)
		}
		got[j.Source.Path] = j.State
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("jobs of the drop (-want +got):\n%s", diff)
	}
	if copies, _ := filepath.Glob(filepath.Join(a.dir, "uploads", "*")); len(copies) > 0 {
		t.Errorf("copies were made: %q", copies)
	}
}

func TestTheTrayTellsOfTheLineAndPausesIt(t *testing.T) {
	t.Parallel()
	a := newHome(t).open(newDisplay(t), "desktop", "--hidden")
	empty := a.seen("the line is empty", func(s traytest.State) bool {
		return s.Title == "" && slices.Contains(s.Labels(), "Line is empty") && strings.HasPrefix(s.ToolTip, "Sluice: line is empty")
	})
	if empty.Icon.Width == 0 {
		t.Error("the tray has no icon")
	}
	a.click(pauseEntry)
	eventually(t, "the line is paused", func() bool { return a.board().Paused })
	for _, name := range []string{"seventy-five-seconds.flac", "seen-000.wav"} {
		a.submit(map[string]any{"source": clip(t, name)}, nil)
	}
	two := a.seen("two jobs wait", func(s traytest.State) bool {
		_, goOn := s.Entry(goOnEntry)
		return s.Title == "2" && goOn && slices.Contains(s.Labels(), "2 in line") && strings.HasPrefix(s.ToolTip, "Sluice: 2 in line, paused")
	})
	if cmp.Equal(empty.Icon, two.Icon) {
		t.Error("the icon does not show that the line is paused")
	}
	a.click(goOnEntry)
	eventually(t, "the line goes on", func() bool { return !a.board().Paused })
	a.seen("the running job is named", func(s traytest.State) bool {
		return slices.ContainsFunc(s.Labels(), func(l string) bool { return strings.HasPrefix(l, "seventy-five-seconds") })
	})
	a.seen("the line is empty again", func(s traytest.State) bool {
		_, pause := s.Entry(pauseEntry)
		return s.Title == "" && pause && slices.Contains(s.Labels(), "Line is empty")
	})
	a.click(quitEntry)
	if code := a.program.wait(t); code != 0 {
		t.Errorf("quitting gave code %d", code)
	}
	if _, err := os.Stat(filepath.Join(a.dir, "server.json")); err == nil {
		t.Error("the discovery file is still there")
	}
}

func TestAClosedWindowComesBack(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	a := newHome(t).open(d)
	a.post("/api/v1/queue/pause")
	a.close()
	a.seen("the tray is still there", func(s traytest.State) bool { return s.Title == "" })
	a.click(openEntry)
	d.window(theWindow)

	a.close()
	again := a.start(d, "desktop", clip(t, "seen-000.wav"))
	if code := again.wait(t); code != 0 {
		t.Errorf("the second start gave code %d: %s", code, again.said())
	}
	d.window(theWindow)
	if b := a.board(); b.Depth != 1 || b.Next[0].State != "queued" {
		t.Errorf("with the second start's file the board is %+v", b)
	}
	if gone(a.cmd.Process.Pid) {
		t.Error("the first has ended")
	}
}

func TestBesideAServerWithoutAWindowTheBrowserOpens(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	binary := desktopBinary(t)
	s := h.serve()
	s.post("/api/v1/queue/pause")
	bin := t.TempDir()
	record := filepath.Join(bin, "asked")
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), fmt.Appendf(nil, "#!/bin/sh\necho \"$@\" >'%s'\n", record), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "desktop", clip(t, "seen-000.wav"))
	cmd.Env = append(without(os.Environ(), "DISPLAY", "WAYLAND_DISPLAY"), "SLUICE_HOME="+h.dir, "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "runs already, without a window") {
		t.Errorf("%v: %s", err, out)
	}
	if asked, _ := os.ReadFile(record); strings.TrimSpace(string(asked)) != s.url {
		t.Errorf("the browser was asked for %q, not %s", asked, s.url)
	}
	if b := s.board(); b.Depth != 1 {
		t.Errorf("with the file of the second start the board is %+v", b)
	}
}

func TestQuittingGivesTheRunningJobBack(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	h := newHome(t)
	var id string
	// interrupt ends the app in the middle of the job. The line is paused, so
	// that the job still waits at the next start.
	interrupt := func(a *desktop, end func()) {
		before := len(a.transcript(id).Segments)
		a.post("/api/v1/queue/resume")
		eventually(t, "the engine is at work", func() bool { return len(a.transcript(id).Segments) > before })
		a.post("/api/v1/queue/pause")
		if got := a.job(id); got.State != "running" {
			t.Fatalf("the job is %s already", got.State)
		}
		end()
		if code := a.program.wait(t); code != 0 {
			t.Errorf("the app ended with code %d", code)
		}
		for _, word := range []string{"sluice-desktop", "engine", "ffmpeg"} {
			if left := d.processes(word); len(left) > 0 {
				t.Errorf("still there: %v %s", left, word)
			}
		}
	}
	// kept checks that the job is back in the line, and that it counts for nothing.
	kept := func(s *server) {
		if j := s.job(id); j.State != "queued" || j.Attempts != 0 || j.Crashes != 0 {
			t.Errorf("after the next start the job is %+v", j)
		}
	}

	a := h.open(d, "desktop", "--hidden")
	a.post("/api/v1/queue/pause")
	id = a.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil).ID
	interrupt(a, func() { a.click(quitEntry) })
	a = h.open(d, "desktop", "--hidden")
	kept(a.server)
	interrupt(a, func() {
		if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	})
	s := h.serve() // the same line without a window
	kept(s)
	s.post("/api/v1/queue/resume")
	s.await(id, "done")
}

func TestStartedHiddenThereIsOnlyTheIcon(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	a := newHome(t).open(d, "desktop", "--hidden")
	eventually(t, "the page is loaded", func() bool { return len(d.processes("WebKitWebProcess")) > 0 })
	for began := time.Now(); time.Since(began) < 500*time.Millisecond; { // a shown one takes less than half of it
		if ids := d.windows(theWindow); len(ids) > 0 {
			t.Fatalf("windows are shown: %v", ids)
		}
	}
	a.click(openEntry)
	d.window(theWindow)
}

// BenchmarkWindow is a start of the app, and what it holds while nothing is to
// be done: all its processes, each shared page counted once.
func BenchmarkWindow(b *testing.B) {
	d := newDisplay(b)
	held := func() (mb float64) {
		for _, word := range []string{"sluice-desktop", "WebKit"} {
			for _, pid := range d.processes(word) {
				mb += proportional(b, pid)
			}
		}
		return mb
	}
	var listening, painted time.Duration
	var shown, hidden float64
	n := 0.0
	for b.Loop() {
		h := newHome(b)
		began := time.Now()
		a := h.launch(d)
		listening += time.Since(began)
		a.painted()
		painted += time.Since(began)
		settle()
		shown += held()
		a.close()
		settle()
		hidden += held()
		a.click(quitEntry)
		a.wait()
		n++
	}
	b.ReportMetric(float64(listening.Milliseconds())/n, "ms-to-listening")
	b.ReportMetric(float64(painted.Milliseconds())/n, "ms-to-painted")
	b.ReportMetric(shown/n, "MB-shown")
	b.ReportMetric(hidden/n, "MB-hidden")
}

// settle waits until what a start or a click has stirred up lies still.
func settle() { <-time.After(3 * time.Second) }

// proportional is the memory of a process in MB: its own, and its share of
// what it has together with others.
func proportional(b *testing.B, pid int) float64 {
	b.Helper()
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(rollup)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "Pss: %f kB", &kb); err == nil {
			return kb * 1024 / 1e6
		}
	}
	return 0
}

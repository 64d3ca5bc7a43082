package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"sluice/internal/traytest"
)

// add submits a clip under a title.
func (s *server) add(name, title string) view {
	s.t.Helper()
	return s.submit(map[string]any{"source": clip(s.t, name), "title": title}, nil)
}

// told waits until that many notifications were sent, and gives the last one.
func (a *desktop) told(n int) traytest.Notification {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	defer cancel()
	all, err := a.screen.notifications.Until(ctx, func(all []traytest.Notification) bool { return len(all) >= n })
	if err != nil {
		a.t.Fatal(err)
	}
	if len(all) > n {
		a.t.Fatalf("there are %d notifications, not %d: %+v", len(all), n, all)
	}
	return all[n-1]
}

// leads waits until the window is there and shows a job.
func (a *desktop) leads(page *reader, title string) {
	a.t.Helper()
	a.screen.window(theWindow)
	page.find("the job "+title, func(p traytest.Part) bool { return p.Role == "heading" && p.Name == title })
}

func TestWhatIsDoneIsToldWhileNobodyLooksAndAClickLeadsThere(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	d.env = append(d.env, "SLUICE_DEBUG=1") // the log says whether the page is looked at
	page := d.read()
	a := newHome(t).open(d, "desktop", "--hidden")
	a.add("seen-000.wav", "First & <b>foremost</b>")
	first := a.told(1)
	if !strings.HasPrefix(first.Title, "Done: First") || first.Text() != first.Body || strings.ContainsAny(first.Title, "<>&") {
		t.Errorf("told of the first: %+v", first)
	}
	if err := d.notifications.Dismiss(first.ID); err != nil {
		t.Fatal(err)
	}
	a.add("seen-001.wav", "The second")
	second := a.told(2)
	if ids := d.windows(theWindow); len(ids) > 0 {
		t.Errorf("windows are shown after a notification was put away: %v", ids)
	}
	if err := d.notifications.Click(second.ID); err != nil {
		t.Fatal(err)
	}
	a.leads(page, "The second")

	// Whoever has the window in front needs no more.
	d.do("windowactivate", "--sync", d.window(theWindow))
	a.lookedAt(true)
	a.await(a.add("seen-002.wav", "The third").ID, "done")
	settle() // only then the line counts as done
	a.close()
	a.lookedAt(false)
	a.add("seen-004.wav", "The fourth")
	if fourth := a.told(3); fourth.Title != "Done: The fourth" {
		t.Errorf("told of the fourth: %+v", fourth)
	}
}

func TestTheTaskbarShowsHowFarThingsAre(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	a := newHome(t).open(d, "desktop", "--hidden")
	shows := func(what string, wanted func(traytest.Launcher) bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if _, err := d.taskbar.Until(ctx, wanted); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	a.post("/api/v1/queue/pause")
	long := a.add("three-minutes.mp4", "Long")
	a.add("seen-000.wav", "Short")
	shows("two wait", func(l traytest.Launcher) bool {
		return l.URI == "application://sluice.desktop" && l.Count == 2 && l.Progress < 0
	})
	a.post("/api/v1/queue/resume")
	shows("the first is at work", func(l traytest.Launcher) bool { return l.Count == 2 && l.Progress > 0 && l.Progress < 1 })
	a.await(long.ID, "done")
	shows("all is done", func(l traytest.Launcher) bool { return l.Count < 0 && l.Progress < 0 })
	a.click(quitEntry)
	a.program.wait(t)
	shows("the app is gone", func(l traytest.Launcher) bool { return l.URI == "" })
}

func TestTheTraysEntriesLeadToTheirJobs(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	page := d.read()
	a := newHome(t).open(d, "desktop", "--hidden")
	a.post("/api/v1/queue/pause")
	a.add("seen-000.wav", "The first")
	a.add("seen-001.wav", "The second")
	a.click("Next: The second") // before the window was ever shown
	a.leads(page, "The second")
	a.close()
	a.click("Next: The first")
	a.leads(page, "The first")
	a.post("/api/v1/queue/resume")
	a.click("✓ Done: The second")
	a.leads(page, "The second")
}

func TestAHiddenPageIsToldNothingAndKnowsAllWhenItIsSeen(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	d.env = append(d.env, "SLUICE_DEBUG=1") // the log says whether the page is hidden
	page := d.read()
	a := newHome(t).open(d)
	a.painted()
	a.post("/api/v1/queue/pause")
	a.add("seen-000.wav", "The first")
	a.waiting(page, "The first")
	a.close()
	eventually(t, "the page is known to be hidden", func() bool {
		all := a.logged()
		return strings.Contains(all[max(0, strings.LastIndex(all, "the page is looked at")):], `"hidden":true`)
	})
	spent := func() (ticks int) {
		for _, pid := range d.processes("WebKitWebProcess") {
			ticks += processorTime(t, pid)
		}
		return ticks
	}
	before := spent()
	for n := range 100 {
		a.add("seen-000.wav", fmt.Sprintf("Number %d", n))
	}
	t.Logf("the hidden page spent %d ms of the processor on 100 jobs", 10*(spent()-before))
	a.click(openEntry)
	d.window(theWindow)
	a.waiting(page, "Number 3")
	a.post("/api/v1/queue/resume") // and it goes on hearing
	page.find("the line goes on", func(p traytest.Part) bool { return p.Role == "button" && p.Name == "Pause" })
}

// processorTime is what a process has spent, in hundredths of a second.
func processorTime(t *testing.T, pid int) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return user + system
}

// A crash of WebKit, or the system that takes its memory.
func TestAPageWhoseProcessEndedIsFetchedAgain(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	page := d.read()
	a := newHome(t).open(d)
	a.painted()
	a.post("/api/v1/queue/pause")
	a.add("seen-000.wav", "The first")
	a.waiting(page, "The first")
	for _, title := range []string{"The second", "The third"} { // the second time it takes a while
		pids := d.processes("WebKitWebProcess")
		if len(pids) != 1 {
			t.Fatalf("processes that draw the page: %v", pids)
		}
		if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "that process is gone", func() bool { return gone(pids[0]) })
		a.add("seen-001.wav", title)
		a.waiting(page, title)
	}
	a.post("/api/v1/queue/resume")
	page.press("link", "The first")
	a.leads(page, "The first")
}

// lookedAt waits until the page was last heard to be looked at, or not.
func (a *desktop) lookedAt(looking bool) {
	a.t.Helper()
	eventually(a.t, fmt.Sprintf("looking = %v", looking), func() bool {
		all := a.logged()
		i := strings.LastIndex(all, "the page is looked at")
		return i >= 0 && strings.Contains(all[i:], fmt.Sprintf(`"looking":%v`, looking))
	})
}

// waiting waits until the page has the row of a job.
func (a *desktop) waiting(page *reader, title string) {
	a.t.Helper()
	page.find("the row of "+title, func(p traytest.Part) bool { return p.Role == "link" && p.Name == title })
}

func TestSettingsOfTheAppReachTheSystem(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	page := d.read()
	bin := filepath.Join(d.dir, "home", ".local", "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	// No folder that the system has may be taken.
	d.env = append(without(d.env, "PATH"), "PATH="+bin+":"+onlyThese(t, "ffmpeg", "ffprobe"))
	a := newHome(t).open(d)
	a.painted()
	page.press("link", "Settings")
	const login = "Open at login"
	isSwitch := func(p traytest.Part) bool { return p.Name == login && p.Role != "label" }
	toggle := func() {
		t.Helper()
		if err := page.Press(t.Context(), page.find(login, isSwitch)); err != nil {
			t.Fatal(err)
		}
	}
	entry := filepath.Join(d.dir, "home", ".config", "autostart", "sluice.desktop")
	toggle()
	var text string
	eventually(t, "a login opens it", func() bool {
		body, err := os.ReadFile(entry)
		text = string(body)
		return err == nil
	})
	if want := "Exec=" + desktopBinary(t) + " desktop --hidden\n"; !strings.Contains(text, want) {
		t.Errorf("the entry has no %q:\n%s", want, text)
	}
	page.find("the switch is on", func(p traytest.Part) bool { return isSwitch(p) && p.Checked })
	toggle()
	eventually(t, "a login opens it no more", func() bool { _, err := os.Lstat(entry); return os.IsNotExist(err) })

	page.press("button", "Install")
	tool := filepath.Join(bin, "sluice")
	page.find("where the tool is", func(p traytest.Part) bool { return strings.Contains(p.Text+p.Name, tool) })
	cmd := d.command(tool, "status")
	cmd.Env = append(cmd.Env, "SLUICE_HOME="+a.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("sluice status: %v\n%s", err, out)
	}
}

// onlyThese makes a folder that has only these programs.
func onlyThese(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		program, err := exec.LookPath(name)
		if err == nil {
			err = os.Symlink(program, filepath.Join(dir, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAfterARestartTheWindowHasItsSizeBack(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	h := newHome(t)
	a := h.open(d)
	a.painted()
	d.do("windowsize", "--sync", d.window(theWindow), "813", "571")
	var kept struct{ Width, Height int }
	eventually(t, "the size is kept", func() bool {
		body, err := os.ReadFile(filepath.Join(a.dir, "window.json"))
		return err == nil && json.Unmarshal(body, &kept) == nil && kept.Width == 813
	})
	left := d.frame(d.window(theWindow)).Size()
	for range 3 { // nor does it grow from start to start
		a.click(quitEntry)
		a.program.wait(t)
		a = h.open(d)
		a.painted()
		eventually(t, fmt.Sprintf("the window has %v", left), func() bool { return d.frame(d.window(theWindow)).Size() == left })
	}
}

func TestAfterARestartAMaximisedWindowIsSoAgain(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	h := newHome(t)
	a := h.open(d)
	a.painted()
	before := d.frame(d.window(theWindow)).Size()
	toggle := func() { // as people do, on the title bar
		t.Helper()
		now := d.frame(d.window(theWindow))
		const bar = 20 // its height, which xdotool adds to the place of a window once too often
		d.do("mousemove", "--sync", strconv.Itoa(centre(now).X), strconv.Itoa(now.Min.Y-bar-bar/2))
		d.do("click", "--repeat", "2", "--delay", "50", "1")
	}
	wide := func() bool { return d.frame(d.window(theWindow)).Dx() == 1280 }
	toggle()
	eventually(t, "the window fills the screen", wide)
	eventually(t, "that is kept", func() bool {
		body, err := os.ReadFile(filepath.Join(a.dir, "window.json"))
		return err == nil && strings.Contains(string(body), `"maximised":true`)
	})
	a.click(quitEntry)
	a.program.wait(t)
	a = h.open(d)
	a.painted()
	eventually(t, "the window fills the screen again", wide)
	toggle()
	eventually(t, fmt.Sprintf("the window has %v", before), func() bool { return d.frame(d.window(theWindow)).Size() == before })
}

func TestFilesOfAColdStartAreTakenOnce(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	h := newHome(t)
	files := []string{clip(t, "seen-000.wav"), clip(t, "seen-001.wav")}
	jobs := func(a *desktop) (sources []string) {
		t.Helper()
		var all struct {
			Jobs []struct {
				State  string
				Source struct{ Path string }
			}
		}
		a.call(http.MethodGet, "/api/v1/jobs", nil, nil, &all)
		for _, j := range all.Jobs {
			if j.State == "done" {
				sources = append(sources, j.Source.Path)
			}
		}
		slices.Sort(sources)
		return sources
	}
	a := h.open(d, append([]string{"desktop"}, files...)...)
	eventually(t, "both are done", func() bool { return slices.Equal(jobs(a), files) })
	a.painted()
	a.click(quitEntry)
	a.program.wait(t)
	a = h.open(d)
	a.painted()
	a.await(a.add("seen-002.wav", "").ID, "done") // what comes later shows that nothing else came before
	if got, want := jobs(a), append(slices.Clone(files), clip(t, "seen-002.wav")); !slices.Equal(got, want) {
		t.Errorf("done are %q, not %q", got, want)
	}
}

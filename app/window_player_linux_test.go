package app_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sluice/internal/traytest"
)

// What the player in the window is called.
const (
	playButton  = "Play"
	pauseButton = "Pause"
	placeSlider = "Place in the recording"
	playFrom    = "Play from "
)

// listening is the app with the window at a job that is done.
type listening struct {
	*desktop
	page *reader
}

// opened transcribes a file and opens its job in the window.
func opened(t *testing.T, d *display, file string) listening {
	t.Helper()
	page := d.read()
	a := newHome(t).open(d)
	a.painted()
	const title = "Harbour master"
	a.await(a.submit(map[string]any{"source": file, "title": title}, nil).ID, "done")
	page.press("link", title)
	page.find("the job's text", func(p traytest.Part) bool { return strings.HasPrefix(p.Name, playFrom) })
	return listening{a, page}
}

// at is the second that is heard.
func (l listening) at() float64 {
	l.t.Helper()
	return l.page.find("the place in the recording", func(p traytest.Part) bool { return p.Name == placeSlider }).Value
}

// fetched counts how often media was sent, by the status of the answer.
func (l listening) fetched() map[string]int {
	l.t.Helper()
	_, all := l.call(http.MethodGet, "/metrics", nil, nil, nil)
	out := map[string]int{}
	for line := range strings.Lines(all) {
		var n int
		var status string
		if _, err := fmt.Sscanf(line, `sluice_http_requests_total{method="GET",route="/api/v1/jobs/{id}/media",status=%q} %d`, &status, &n); err == nil {
			out[status] = n
		}
	}
	return out
}

// needPlugin skips a test where GStreamer, by which the window plays, lacks a
// plugin. It gives the files that have that name.
func needPlugin(t *testing.T, name string) []string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib*/gstreamer-1.0/libgst", "/usr/lib/*/gstreamer-1.0/libgst"} {
		if found, _ := filepath.Glob(pattern + name + ".so"); len(found) > 0 {
			return found
		}
	}
	t.Skipf("GStreamer has no %s ('build/setup.sh e2e' installs it)", name)
	return nil
}

func TestARecordingIsHeardInTheWindowFromWhereATextIsClicked(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		plugin string
		file   func(*testing.T) string
		parts  bool // too large to be fetched at once
	}{
		"a film": {"libav", func(t *testing.T) string { t.Helper(); return clip(t, "three-minutes.mp4") }, false},
		"a large sound": {"wavparse", func(t *testing.T) string {
			t.Helper()
			file := filepath.Join(t.TempDir(), "large.wav")
			cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", clip(t, "seventy-five-seconds.flac"), "-ar", "192000", "-ac", "2", "-c:a", "pcm_s32le", file)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			return file
		}, true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			needPlugin(t, "autodetect")
			needPlugin(t, c.plugin)
			d := newDisplay(t)
			l := opened(t, d, c.file(t))
			if n := l.fetched(); len(n) > 0 {
				t.Errorf("media was fetched before anybody wanted to hear it: %v", n)
			}
			l.page.press("button", playButton)
			eventually(t, "something is heard", func() bool { return l.at() >= 1 })

			// The last time in the text that can be seen, with the mouse.
			window := d.frame(d.window(theWindow))
			var place traytest.Part
			for _, p := range l.page.all() {
				if !strings.HasPrefix(p.Name, playFrom) {
					continue
				}
				if box, err := l.page.Box(t.Context(), p); err == nil && box.In(window) {
					place = p
				}
			}
			to := seconds(t, strings.TrimPrefix(place.Name, playFrom))
			if to < 20 {
				t.Fatalf("the last time to be seen is %q", place.Name)
			}
			d.clickAt(l.page.box(place))
			eventually(t, "that place is heard", func() bool { at := l.at(); return at >= to && at < to+60 })
			if c.parts {
				eventually(t, "a part of it was sent", func() bool { return l.fetched()["206"] > 0 })
			}

			// Keys: still, and ten seconds on.
			d.do("key", "k")
			l.page.find("it is still", func(p traytest.Part) bool { return p.Role == "button" && p.Name == playButton })
			before := l.at()
			d.do("key", "j")
			eventually(t, "it is ten seconds back", func() bool { return l.at() == before-10 })
			d.do("key", "k")
			eventually(t, "it goes on from there", func() bool { return l.at() > before-10 })
		})
	}
}

func TestWhatTheWindowCannotPlayIsSaid(t *testing.T) {
	t.Parallel()
	d := newDisplay(t)
	// As where gstreamer1.0-libav is not installed, which knows what most films are in.
	plugins := filepath.Join(d.dir, "plugins")
	if err := os.Mkdir(plugins, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range needPlugin(t, "*") {
		if name := filepath.Base(file); !strings.Contains(name, "libav") && !strings.Contains(name, "fdkaac") {
			if err := os.Symlink(file, filepath.Join(plugins, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	d.env = append(d.env, "GST_PLUGIN_SYSTEM_PATH_1_0="+plugins, "GST_REGISTRY_1_0="+filepath.Join(d.dir, "registry"))
	l := opened(t, d, clip(t, "demo.mp4"))
	l.page.press("button", playButton)
	// WebKit tells no reader on Linux what stands in an alert, only that there is one.
	l.page.find("the reason", func(p traytest.Part) bool { return p.Role == "alert" })
	l.page.find("another try", func(p traytest.Part) bool { return p.Role == "button" && p.Name == "Try again" })
	for _, p := range l.page.all() {
		if p.Name == playButton || p.Name == placeSlider {
			t.Errorf("what cannot be played has %s %q", p.Role, p.Name)
		}
	}
	l.page.find("the text", func(p traytest.Part) bool { return strings.HasPrefix(p.Name, playFrom) })
}

// seconds reads a time such as 1:05.
func seconds(t *testing.T, clock string) (n float64) {
	t.Helper()
	for part := range strings.SplitSeq(clock, ":") {
		v, err := strconv.Atoi(part)
		if err != nil {
			t.Fatalf("%q is no time", clock)
		}
		n = n*60 + float64(v)
	}
	return n
}

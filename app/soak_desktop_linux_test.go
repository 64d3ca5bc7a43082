package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What an hour in the tray is: so many jobs, spread over it, and so many looks at
// what the app holds.
const (
	trayJobs  = 200
	trayLooks = 60
)

// figure is one that must not grow.
type figure struct {
	name string
	unit string
	// From the middle of the second quarter to that of the last it may come to
	// this share of what it was, and that much more: what a hundred finished jobs
	// leave in lists, and what a garbage collector leaves until it is due.
	share, more float64
	read        func() float64

	values []float64 // by look
}

// growth gives the medians of the second and of the last quarter, and whether the
// one is too much more than the other.
func (f *figure) growth() (was, is float64, grown bool) {
	quarter := len(f.values) / 4
	was, is = median(slices.Clone(f.values[quarter:2*quarter])), median(slices.Clone(f.values[3*quarter:]))
	return was, is, is > was*f.share+f.more
}

func TestWhatGrowsIsToldFromWhatWavers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		at    func(look float64) float64
		grown bool
	}{
		"as it was at first":      {func(float64) float64 { return 100 }, false},
		"more at first":           {func(look float64) float64 { return 100 + min(look, 10) }, false},
		"now more, now less":      {func(look float64) float64 { return 100 + 30*float64(int(look)%2) }, false},
		"once very much more":     {func(look float64) float64 { return 100 + 900*max(0, look-58) }, false},
		"a little with every job": {func(look float64) float64 { return 100 + 0.5*look }, true},
		"from some job on":        {func(look float64) float64 { return 100 + 20*max(0, min(1, look-40)) }, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := figure{share: 1.05, more: 4}
			for look := range trayLooks {
				f.values = append(f.values, tt.at(float64(look)))
			}
			if was, is, grown := f.growth(); grown != tt.grown {
				t.Errorf("from %.1f to %.1f: grown is %v", was, is, grown)
			}
		})
	}
}

// TestAnHourInTheTrayLeavesNothingBehind has the app do jobs for an hour, or for
// SLUICE_SOAK_MINUTES, while nobody opens its window.
func TestAnHourInTheTrayLeavesNothingBehind(t *testing.T) {
	soaking(t)
	length := soakLength(t)
	if end, ok := t.Deadline(); ok && time.Until(end) < length+patience {
		t.Fatalf("it takes %v, and go test ends before: give it a -timeout", length)
	}
	d := newDisplay(t)
	a := newHome(t).open(d, "desktop", "--hidden")
	eventually(t, "the page is loaded", func() bool { return len(d.processes("WebKitWebProcess")) > 0 })
	figures := []*figure{
		{name: "the app", unit: "MB", share: 1.05, more: 4, read: func() float64 { return held(t, a.cmd.Process.Pid) }},
		{name: "the page", unit: "MB", share: 1.1, more: 8, read: func() float64 { return held(t, d.processes("WebKit")...) }},
		{name: "goroutines", share: 1, more: 4, read: func() float64 { return a.least("sluice_goroutines") }},
		{name: "open files", share: 1, more: 4, read: func() float64 { return openFiles(t, a.cmd.Process.Pid) }},
	}

	clips := []string{"seen-004.wav", "seen-006.wav", "seen-000.wav"}
	dir := t.TempDir()
	began, looked := time.Now(), time.Time{}
	for n := range trayJobs {
		// After a job and a pause: what the engine takes while it hears is no growth.
		pauseUntil(t, began.Add(time.Duration(n)*length/trayJobs))
		if time.Since(looked) >= length/trayLooks {
			looked = time.Now()
			for _, f := range figures {
				f.values = append(f.values, f.read())
			}
			t.Logf("%5.1f min, %3d jobs: %s", time.Since(began).Minutes(), n, latest(figures))
		}
		file := placeClip(t, clips[n%len(clips)], filepath.Join(dir, fmt.Sprintf("talk %d.wav", n)))
		j := a.submit(map[string]any{"source": file, "reuse": false}, nil) // else the second of a clip is no work
		a.await(j.ID, "done")
		check(t, os.Remove(file))
	}

	if ids := d.windows(theWindow); len(ids) != 0 {
		t.Errorf("windows are shown: %v", ids)
	}
	for _, f := range figures {
		was, is, grown := f.growth()
		said := fmt.Sprintf("%s: %.1f %s in the second quarter, %.1f in the last of %d looks", f.name, was, f.unit, is, len(f.values))
		if was == 0 {
			t.Errorf("%s: it was not read", said)
		}
		if grown {
			t.Errorf("%s: it may be %.1f", said, was*f.share+f.more)
			continue
		}
		t.Log(said)
	}
}

// soakLength is how long an hour is for somebody who has less time.
func soakLength(t *testing.T) time.Duration {
	t.Helper()
	given := os.Getenv("SLUICE_SOAK_MINUTES")
	if given == "" {
		return time.Hour
	}
	minutes, err := strconv.ParseFloat(given, 64)
	if err != nil || minutes <= 0 {
		t.Fatalf("SLUICE_SOAK_MINUTES is %q, and no number of minutes", given)
	}
	return time.Duration(minutes * float64(time.Minute))
}

// pauseUntil waits for a time. The machine is real, so its clock is too.
func pauseUntil(t *testing.T, at time.Time) {
	t.Helper()
	select {
	case <-time.After(time.Until(at)):
	case <-t.Context().Done():
		t.Fatal("the test is ended")
	}
}

// held is the memory of processes in MB that is theirs: all of it but what they
// have of files, which is less the more others have of the same ones.
func held(t *testing.T, pids ...int) (mb float64) {
	t.Helper()
	for _, pid := range pids {
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			t.Fatalf("process %d is gone: %v", pid, err)
		}
		for line := range bytes.Lines(rollup) {
			var kb float64
			for format, sign := range map[string]float64{"Pss: %f kB": 1, "Pss_File: %f kB": -1} {
				if _, err := fmt.Sscanf(string(line), format, &kb); err == nil {
					mb += sign * kb * 1024 / 1e6
				}
			}
		}
	}
	return mb
}

// metric reads one figure of the server's.
func (s *server) metric(name string) float64 {
	s.t.Helper()
	status, all := s.call(http.MethodGet, "/metrics", nil, nil, nil)
	for line := range strings.Lines(all) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			check(s.t, err)
			return value
		}
	}
	s.t.Fatalf("/metrics (%d) does not tell %s", status, name)
	return 0
}

// least is the least of a figure in a moment: to tell it takes goroutines, too.
func (s *server) least(name string) float64 {
	s.t.Helper()
	least := s.metric(name)
	for range 19 {
		least = min(least, s.metric(name))
	}
	return least
}

// openFiles counts the file descriptors of a process.
func openFiles(t *testing.T, pid int) float64 {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	check(t, err)
	return float64(len(entries))
}

// latest is what the last look has seen.
func latest(figures []*figure) string {
	var said []string
	for _, f := range figures {
		said = append(said, strings.TrimSpace(fmt.Sprintf("%s %.1f %s", f.name, f.values[len(f.values)-1], f.unit)))
	}
	return strings.Join(said, ", ")
}

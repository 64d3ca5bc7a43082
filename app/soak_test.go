package app_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// soaking leaves out what takes minutes, unless 'make soak' asks for it.
func soaking(t *testing.T) {
	t.Helper()
	notAllDay(t)
	if os.Getenv("SLUICE_TEST_SOAK") == "" {
		t.Skip("SKIPPED: too slow for every change: 'make soak' runs it")
	}
}

// TestTwoHoursTakeTheMemoryOfTenMinutes has the same three minutes said again
// and again, each time after a pause that ends a span: what is heard is the same
// every time, and the engine does not grow.
func TestTwoHoursTakeTheMemoryOfTenMinutes(t *testing.T) {
	soaking(t)
	const pause, every = 12 * time.Second, 202 * time.Second
	talk := filepath.Join(t.TempDir(), "talk.wav")
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", clip(t, "three-minutes.mp4"), "-ar", strconv.Itoa(soundRate), "-ac", "1", "-bitexact", talk).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var peaks []float64
	for name, times := range map[string]int{"ten minutes": 3, "two hours": 36} {
		var sounds []heard
		for n := range times {
			sounds = append(sounds, heard{time.Duration(n)*every + pause, samples(t, talk)})
		}
		file := filepath.Join(t.TempDir(), "long.wav")
		writeSound(t, file, time.Duration(times)*every, sounds...)
		s := newHome(t).serve()
		id := s.submit(map[string]any{"source": file}, nil).ID
		peak := 0.0
		s.awaitLong(id, func() {
			for _, pid := range children(t, s.cmd.Process.Pid, "engine") {
				peak = max(peak, memoryLine(pid, "VmHWM:"))
			}
		})
		s.expectEnding(id, ending{}, "")
		said := make([]string, times)
		for _, seg := range s.transcript(id).Segments {
			n := time.Duration(seg.StartMS) * time.Millisecond / every
			said[n] += seg.Text + " "
		}
		for n, got := range said {
			if got != said[times-1] {
				t.Errorf("%s: the %d. time it says %q, the last time %q", name, n+1, got, said[times-1])
			}
		}
		want := references(t, "three-minutes.mp4").words()
		t.Logf("%s: engine peak %.1f MB, %d of %d words wrong each time", name, peak, wordErrors(want, words(said[0])), len(want))
		peaks = append(peaks, peak)
		s.stop()
	}
	if lo, hi := slices.Min(peaks), slices.Max(peaks); lo == 0 || hi > 1.1*lo {
		t.Errorf("the engine's peaks are %.1f and %.1f MB", lo, hi)
	}
}

// TestTwelveHoursAreHeardToTheirEnd has a sentence at the beginning of a very
// long silence, one in its middle and one at its end.
func TestTwelveHoursAreHeardToTheirEnd(t *testing.T) {
	soaking(t)
	const length = 12 * time.Hour
	sentence := samples(t, clip(t, "seen-004.wav"))
	sounds := []heard{{time.Minute, sentence}, {6 * time.Hour, sentence}, {length - time.Minute, sentence}}
	file := filepath.Join(t.TempDir(), "day.wav")
	writeSound(t, file, length, sounds...)
	s := newHome(t).serve()
	id := s.submit(map[string]any{"source": file}, nil).ID
	s.awaitLong(id, func() {})
	said := strings.Join(references(t, "seen-004.wav").words(), " ") + " "
	s.expectEnding(id, ending{}, strings.Repeat(said, len(sounds)))
	segments := s.transcript(id).Segments
	if len(segments) != len(sounds) {
		t.Fatalf("it has %d segments", len(segments))
	}
	for i, seg := range segments {
		if start := time.Duration(seg.StartMS) * time.Millisecond; (start - sounds[i].at).Abs() > time.Second {
			t.Errorf("sentence %d begins at %v, not at %v", i+1, start, sounds[i].at)
		}
	}
}

// awaitLong waits for the end of a job for as long as it gets further, and
// looks at something meanwhile.
func (s *server) awaitLong(id string, look func()) {
	s.t.Helper()
	for state, further := "", ""; state != "done" && state != "failed" && state != "canceled"; {
		within(s.t, 3*patience, "the job gets further", func() bool { // a summary of an hour is one question
			look()
			v := s.job(id)
			now := v.reach()
			moved := now != further
			state, further = v.State, now
			return moved
		})
	}
}

// memoryLine is a figure of a process in MB, as Linux tells it; 0 = none.
func memoryLine(pid int, name string) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if f := bytes.Fields(line); len(f) > 1 && string(f[0]) == name {
			kb, _ := strconv.ParseFloat(string(f[1]), 64)
			return kb / 1000
		}
	}
	return 0
}

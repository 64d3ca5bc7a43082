package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sluice/internal/media"
	"sluice/internal/modeltest"
	"sluice/internal/pipeline"
)

// BenchmarkSpeech is ten minutes of speech by 'sluice transcribe', and the same
// by hand: ffmpeg, and whisper.cpp's own program built from the same source,
// with the same model and flags. The two take turns, so that a busy moment of
// the machine meets both; the median of the rounds counts.
func BenchmarkSpeech(b *testing.B) {
	const length = 10 * time.Minute
	lecture, said := lectureOf(b, length, length)
	// A model that hears nothing takes every window whole, whatever is cut off
	// at its end. Here both sides have the same twenty windows to fill.
	turns, _ := lectureOf(b, length, 30*time.Second)
	tiny := filepath.Join(b.TempDir(), "tiny-shape.bin")
	check(b, modeltest.Tiny().Write(tiny))
	for name, s := range map[string]speechBench{
		"sluice-tiny": {lecture, filepath.Join(root(b), "build", "models", "sluice-tiny", "sluice-tiny.bin"), said},
		"tiny-shape":  {turns, tiny, nil},
	} {
		b.Run("model="+name, s.compare)
		b.Run("model="+name+"/first", s.first)
	}
	b.Run("extract", func(b *testing.B) { benchmarkExtract(b, lecture, length) })
}

// speechBench is a file and a model.
type speechBench struct {
	file, model string
	said        []string // what the model should make of it; nil = nobody knows
}

// spent is what one way took.
type spent struct {
	cpu, wall time.Duration
	mb        float64 // the most memory, of all its programs together
	text      string
}

func (s speechBench) compare(b *testing.B) {
	const rounds = 5
	var ours, theirs []spent
	for range rounds {
		theirs = append(theirs, s.byHand(b))
		ours = append(ours, s.sluice(b))
		o, t := ours[len(ours)-1], theirs[len(theirs)-1]
		b.Logf("round: %.1f CPU s in %.1f s by hand, %.1f in %.1f with Sluice", t.cpu.Seconds(), t.wall.Seconds(), o.cpu.Seconds(), o.wall.Seconds())
	}
	cpu, wall := func(s spent) float64 { return s.cpu.Seconds() }, func(s spent) float64 { return s.wall.Seconds() }
	memory := func(s spent) float64 { return s.mb }
	b.ReportMetric(0, "ns/op") // the rest says it
	for unit, figure := range map[string]func(spent) float64{"CPU-s": cpu, "s": wall, "MB-peak": memory} {
		b.ReportMetric(median(each(ours, figure)), unit)
		b.ReportMetric(median(each(theirs, figure)), unit+"-by-hand")
	}
	b.ReportMetric(median(ratios(ours, theirs, wall)), "ratio")
	b.ReportMetric(median(ratios(ours, theirs, cpu)), "CPU-ratio")
	for suffix, way := range map[string]spent{"": ours[0], "-by-hand": theirs[0]} {
		got := words(way.text)
		b.ReportMetric(float64(len(got)), "words"+suffix)
		if s.said != nil {
			b.ReportMetric(float64(wordErrors(s.said, got)), "words-wrong"+suffix)
		}
	}
}

func each(all []spent, figure func(spent) float64) (out []float64) {
	for _, s := range all {
		out = append(out, figure(s))
	}
	return out
}

func ratios(ours, theirs []spent, figure func(spent) float64) (out []float64) {
	for i := range ours {
		out = append(out, figure(ours[i])/figure(theirs[i]))
	}
	return out
}

// byHand is what somebody without Sluice does, with the flags that its engine
// works with: greedy, no text of earlier windows, falling back to a higher
// temperature where it fails. It is as nice to others and lets its threads
// sleep like the engine, else whoever shares the machine would decide.
func (s speechBench) byHand(b *testing.B) spent {
	b.Helper()
	began := time.Now()
	var total spent
	for _, cmd := range s.hands(b) {
		var out bytes.Buffer
		cmd.Stdout = &out
		used := run(b, cmd)
		total.cpu += used.cpu
		total.mb = max(total.mb, used.mb)
		total.text = out.String()
	}
	total.wall = time.Since(began)
	// Each line begins with its times.
	total.text = regexp.MustCompile(`(?m)^\[[^\]]*\]`).ReplaceAllString(total.text, "")
	return total
}

func (s speechBench) hands(b *testing.B) []*exec.Cmd {
	b.Helper()
	sound := filepath.Join(b.TempDir(), "sound.wav")
	var cmds []*exec.Cmd
	for _, args := range [][]string{
		{"ffmpeg", "-nostdin", "-y", "-v", "error", "-i", s.file, "-vn", "-ac", "1", "-ar", strconv.Itoa(soundRate), "-c:a", "pcm_s16le", sound},
		{
			"nice", "-n", "5", builtOrSkip(b, "cache", "whisper-cli", "whisper-cli"), "-m", s.model, "-f", sound,
			"-l", "en", "-bs", "1", "-mc", "0", "-t", threads, "-np",
		},
	} {
		cmd := exec.CommandContext(b.Context(), args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "OMP_WAIT_POLICY=passive")
		cmds = append(cmds, cmd)
	}
	return cmds
}

// sluice is the same by the program that was built.
func (s speechBench) sluice(b *testing.B) spent {
	b.Helper()
	cmd := s.program(b)
	var out bytes.Buffer
	cmd.Stdout = &out
	began := time.Now()
	used := run(b, cmd)
	return spent{cpu: used.cpu, wall: time.Since(began), mb: used.mb, text: out.String()}
}

func (s speechBench) program(b *testing.B) *exec.Cmd {
	b.Helper()
	cmd := newHome(b).command(b.Context(), "transcribe", "--model", s.model, "--language", "en", s.file)
	cmd.Path = builtOrSkip(b, "bin", "sluice")
	cmd.Env = append(cmd.Env, "SLUICE_SPEECH_THREADS="+threads)
	return cmd
}

// first is how long somebody in front of a terminal waits for the first line.
func (s speechBench) first(b *testing.B) {
	const rounds = 3
	var ours, theirs []float64
	for range rounds {
		began := time.Now()
		hands := s.hands(b)
		run(b, hands[0])
		untilFirst(b, hands[1])
		theirs = append(theirs, time.Since(began).Seconds())
		began = time.Now()
		untilFirst(b, s.program(b))
		ours = append(ours, time.Since(began).Seconds())
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ours), "s")
	b.ReportMetric(median(theirs), "s-by-hand")
}

// untilFirst runs a program on a terminal until it has printed a line.
func untilFirst(b *testing.B, cmd *exec.Cmd) {
	b.Helper()
	terminal, screen := openTerminal(b)
	defer func() { _ = terminal.Close() }()
	cmd.Stdout = screen
	check(b, cmd.Start())
	check(b, screen.Close())
	lines, line := bufio.NewReader(terminal), ""
	var err error
	for err == nil && len(words(line)) == 0 {
		line, err = lines.ReadString('\n')
	}
	if err != nil {
		b.Errorf("%s prints nothing: %v", cmd.Args, err)
	}
	_ = cmd.Process.Signal(unix.SIGTERM)
	_, _ = io.Copy(io.Discard, lines) // so that it can end
	_ = cmd.Wait()
}

// openTerminal makes a terminal and gives both its sides.
func openTerminal(b *testing.B) (terminal, screen *os.File) {
	b.Helper()
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	check(b, err)
	check(b, unix.IoctlSetPointerInt(int(terminal.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPTN)
	check(b, err)
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	check(b, err)
	return terminal, screen
}

// run runs a program to its end. It counts the processor time of all its
// children, and the most memory that they held together.
func run(b *testing.B, cmd *exec.Cmd) (used spent) {
	b.Helper()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	check(b, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				b.Fatalf("%v: %v, %s", cmd.Args, err, &errs)
			}
			used.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			return used
		case <-tick.C:
			now := 0.0
			for _, pid := range offspring(cmd.Process.Pid) {
				now += memoryLine(pid, "VmRSS:")
			}
			used.mb = max(used.mb, now)
		}
	}
}

// offspring is a process and those it has begotten.
func offspring(pid int) []int {
	all := []int{pid}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		body, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(body)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(all, offspring(child)...)
			}
		}
	}
	return all
}

// builtOrSkip is a program that 'make bench' builds first.
func builtOrSkip(b *testing.B, parts ...string) string {
	b.Helper()
	path := filepath.Join(append([]string{root(b), "build"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		b.Skipf("'make bench' builds it first: %v", err)
	}
	return path
}

// lectureOf is a video in which sentences follow one another with short
// pauses, in turns of a length that begin with a sentence each, and its words.
func lectureOf(b *testing.B, length, turn time.Duration) (file string, said []string) {
	b.Helper()
	const pause, room = 400 * time.Millisecond, 2 * time.Second // Sluice ends a window before it is full
	var sounds []heard
	names := []string{"seen-000.wav", "seen-001.wav", "seen-002.wav", "seen-004.wav", "seen-005.wav", "seen-006.wav", "seen-007.wav", "seen-008.wav"}
	var refs map[string]reference
	body, err := os.ReadFile(clip(b, "refs.json"))
	check(b, err)
	check(b, json.Unmarshal(body, &refs))
	for at, n := pause, 0; ; n++ {
		name := names[n%len(names)]
		sound := samples(b, clip(b, name))
		if end := at + lengthOf(sound) + room; end > at.Truncate(turn)+turn {
			at = at.Truncate(turn) + turn + pause
		}
		if at+lengthOf(sound) > length {
			break
		}
		sounds = append(sounds, heard{at, sound})
		said = append(said, refs[name].words()...)
		at += lengthOf(sound) + pause
	}
	dir := b.TempDir()
	wav, file := filepath.Join(dir, "lecture.wav"), filepath.Join(dir, "lecture.mp4")
	writeSound(b, wav, length, sounds...)
	run(b, exec.CommandContext(b.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=10", "-i", wav,
		"-shortest", "-c:v", "mpeg4", "-c:a", "aac", "-b:a", "96k", file))
	return file, said
}

// benchmarkExtract is how much faster than it is played a sound is extracted.
func benchmarkExtract(b *testing.B, file string, length time.Duration) {
	f := media.New(media.Config{}, slog.New(slog.DiscardHandler))
	out := filepath.Join(b.TempDir(), "audio.pcm")
	for b.Loop() {
		if _, err := f.Extract(context.WithoutCancel(b.Context()), pipeline.ExtractRequest{Source: file, Out: out}, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(length.Seconds()*float64(b.N)/b.Elapsed().Seconds(), "x-real-time")
}

//go:build linux

package tray_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/color"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/tray"
	"sluice/internal/traytest"
)

// A process has one tray and one session bus, so each of these tests starts
// this program again as a child that shows a tray. The child does one thing
// for every word on its standard input.
const childKey = "SLUICE_TRAY_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childKey) != "" {
		if err := child(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child shows a tray until its input ends. It tells every click.
func child(in io.Reader, out io.Writer) error {
	l := &line{reading: calm()}
	b := board.New("boot", l, l)
	tell := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	var aloud atomic.Bool
	change := func(change func(*line)) {
		l.set(change)
		b.Publish(board.Event{Kind: board.LineChanged})
	}
	t := tray.New(b, tray.Actions{
		Pause:    func() { tell("pause"); change(func(l *line) { l.now.Paused = true }) },
		Resume:   func() { tell("resume"); change(func(l *line) { l.now.Paused = false }) },
		AddFiles: func() { tell("add"); select {} }, // a dialog that stays open
		Open:     func() { tell("open") },
		Quit:     func() { tell("quit") },
		Show:     func(id string) { tell("show %s", id) },
		Update:   func() { tell("update") },
	}, tray.Config{Language: "en", Outside: func(o tray.Outline) {
		if aloud.Load() && o.Depth == 3 { // once, and not what was told before
			tell("%s", o.Spoken)
		}
	}}, complaints(out))
	t.Start()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- t.Run(ctx) }()

	words := bufio.NewScanner(in)
	for words.Scan() {
		switch words.Text() {
		case "work":
			j := busy(43, 110)
			j.Title = "my_talk \u202e" + strings.Repeat("x", 100) + ".mp4"
			change(jobs([]job.Job{j}, []job.Job{inLine("first_one.mp4", job.Turn), inLine("held.mp4", job.Held)}))
		case "wait":
			j := queued(job.Memory, "needs 6.9 GB, 4.2 GB free")
			j.Need.Bytes = 6_900_000_000
			change(func(l *line) {
				jobs(nil, []job.Job{j})(l)
				l.reading = job.Reading{Level: job.Warn, FreePercent: 22, Available: 4_200_000_000}
			})
		case "empty":
			change(jobs(nil, nil))
		case "results":
			change(func(l *line) {
				jobs(nil, nil)(l)
				l.now.Last = []job.Job{result("a_b.mp4", job.Done), result("broken.mp4", job.Failed)}
			})
		case "newer":
			t.SetUpdate("1.3.0")
		case "aloud":
			aloud.Store(true)
		case "ko", "en":
			t.SetLanguage(words.Text())
		case "stop":
			t.Stop()
			t.Stop()
			tell("stopped")
		}
	}
	cancel()
	err := <-ended
	t.Stop()
	return err
}

// complaints tells what a log would warn of.
func complaints(out io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{
		Level: slog.LevelWarn,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.MessageKey {
				return a
			}
			return slog.Attr{}
		},
	}))
}

// process is a child under the eyes of a test.
type process struct {
	in  io.WriteCloser
	out *bufio.Scanner
	err strings.Builder
	cmd *exec.Cmd
}

// launch starts a child with these lines in its environment.
func launch(t *testing.T, env ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	p := &process{cmd: exec.CommandContext(ctx, os.Args[0])}
	p.cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "DBUS_") || strings.HasPrefix(s, "DISPLAY=")
	}), append(env, childKey+"=1", "GORACE=exitcode=0")...) // races are judged by end
	p.cmd.Stderr = &p.err
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.in, p.out = in, bufio.NewScanner(out)
	return p
}

func (p *process) say(t *testing.T, word string) {
	t.Helper()
	if _, err := fmt.Fprintln(p.in, word); err != nil {
		t.Fatalf("say %q: %v\n%s", word, err, p.err.String())
	}
}

// hear reads the next line the child says.
func (p *process) hear(t *testing.T, want string) {
	t.Helper()
	if !p.out.Scan() || p.out.Text() != want {
		t.Fatalf("the child said %q, want %q; %v\n%s", p.out.Text(), want, p.out.Err(), p.err.String())
	}
}

// end lets the child end and wants that to be in peace.
func (p *process) end(t *testing.T) {
	t.Helper()
	_ = p.in.Close()
	for p.out.Scan() {
		continue
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the child ended badly: %v\n%s", err, p.err.String())
	}
	for report := range strings.SplitSeq(p.err.String(), "==================") {
		if ours(report) {
			t.Error(report)
		}
	}
}

// ours says whether a report of the race detector is about what our code
// reads or writes. The library has two races of its own, both harmless: the
// version of the menu counts up while a panel reads it, and a
// picture gives way to another of the same size.
func ours(report string) bool {
	lines := strings.Split(report, "\n")
	for i, line := range lines {
		if !strings.Contains(line, " at 0x") || !strings.Contains(line, " by goroutine ") {
			continue
		}
		// Frames follow, two lines each, the innermost first.
		for f := i + 1; f < len(lines) && strings.TrimSpace(lines[f]) != ""; f += 2 {
			if frame := strings.TrimSpace(lines[f]); !strings.HasPrefix(frame, "runtime.") {
				if strings.HasPrefix(frame, "sluice/") {
					return true
				}
				break
			}
		}
	}
	return false
}

// scene is all that a person sees of a tray.
type scene struct {
	icon    tray.Icon
	title   string
	tooltip string
	menu    []string
}

// shows waits until the tray shows a scene.
func shows(t *testing.T, host *traytest.Host, p *process, want scene) traytest.State {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	picture := pixels(want.icon)
	s, err := host.Until(ctx, func(s traytest.State) bool {
		return s.Title == want.title && s.ToolTip == want.tooltip && slices.Equal(s.Labels(), want.menu) &&
			s.Icon.Width == 36 && s.Icon.Height == 36 && bytes.Equal(s.Icon.Pixels, picture)
	})
	if err != nil {
		t.Fatalf("%v\nthe picture is right: %v\n%s\n%s",
			err, bytes.Equal(s.Icon.Pixels, picture), cmp.Diff(want.menu, s.Labels()), p.err.String())
	}
	return s
}

// pixels is an icon as it goes over the bus.
func pixels(i tray.Icon) []byte {
	img := i.Draw(36, color.NRGBA{R: 0x55, G: 0x88, B: 0x88, A: 0xff})
	var out []byte
	for n := range 36 * 36 {
		r, g, b, a := img.At(n%36, n/36).RGBA()
		out = append(out, byte(a>>8), byte(r>>8), byte(g>>8), byte(b>>8))
	}
	return out
}

func TestATrayOnARealBus(t *testing.T) {
	t.Parallel()
	bus := traytest.NewBus(t)
	host := traytest.Watch(t, bus.Address)
	p := launch(t, "DBUS_SESSION_BUS_ADDRESS="+bus.Address)
	click := func(label, does string) {
		t.Helper()
		if err := host.Click(t.Context(), label); err != nil {
			t.Fatal(err)
		}
		p.hear(t, does)
	}

	empty := shows(t, host, p, scene{
		tray.Icon{Level: job.Normal},
		"", "Sluice: line is empty, memory fine",
		[]string{
			"Line is empty", "Memory: fine, 62% free", traytest.Separator,
			"Pause", "Add files…", "Open Sluice", traytest.Separator, "Quit Sluice",
		},
	})
	if empty.ID != "sluice" {
		t.Errorf("panels remember it as %q", empty.ID)
	}
	for _, e := range empty.Menu {
		tells := strings.HasPrefix(e.Label, "Line") || strings.HasPrefix(e.Label, "Memory") || !e.Visible
		if !e.Separator && e.Enabled == tells {
			t.Errorf("%q enabled: %v", e.Label, e.Enabled)
		}
	}

	p.say(t, "aloud")
	p.say(t, "work")
	shows(t, host, p, scene{
		tray.Icon{Level: job.Normal, Running: true, Ring: 6},
		"3", "Sluice: 3 in line, working, memory fine",
		[]string{
			"3 in line", "Memory: fine, 62% free",
			"my_talk xxxxxxxxxxxx…xxxxxxxxxxxxxxx.mp4 - transcribing 43%, 2 min left",
			"Next: first_one.mp4", "Waiting: held.mp4", traytest.Separator,
			"Pause", "Add files…", "Open Sluice", traytest.Separator, "Quit Sluice",
		},
	})
	p.hear(t, "Sluice: 3 jobs in line. Transcribing my_talk xxxxxxxxxxxx…xxxxxxxxxxxxxxx.mp4, 43 percent done. Memory is fine.")
	click("Next: first_one.mp4", "show id of first_one.mp4")
	click("Waiting: held.mp4", "show id of held.mp4")
	click("my_talk xxxxxxxxxxxx…xxxxxxxxxxxxxxx.mp4 - transcribing 43%, 2 min left", "show A")

	p.say(t, "wait")
	shows(t, host, p, scene{
		tray.Icon{Level: job.Warn, Shut: true},
		"1", "Sluice: 1 in line, waiting for memory, memory tight",
		[]string{
			"1 in line", "Waiting for memory: needs 6.9 GB, 4.2 GB free", "Memory: tight, 22% free", "Next: Talk.mov", traytest.Separator,
			"Pause", "Add files…", "Open Sluice", traytest.Separator, "Quit Sluice",
		},
	})

	click("Add files…", "add") // and that dialog stays open
	click("Pause", "pause")
	p.say(t, "ko")
	shows(t, host, p, scene{
		tray.Icon{Level: job.Warn, Shut: true, Paused: true},
		"1", "Sluice: 대기 1건, 일시 정지됨, 메모리 빠듯함",
		[]string{
			"대기 1건", "일시 정지됨", "메모리 빠듯함, 22% 사용 가능", "다음 차례: Talk.mov", traytest.Separator,
			"계속하기", "파일 추가…", "Sluice 열기", traytest.Separator, "Sluice 종료",
		},
	})
	click("계속하기", "resume")
	shows(t, host, p, scene{
		tray.Icon{Level: job.Warn, Shut: true},
		"1", "Sluice: 대기 1건, 메모리 여유를 기다리는 중, 메모리 빠듯함",
		[]string{
			"대기 1건", "메모리 여유를 기다리는 중: 6.9 GB 필요, 4.2 GB 사용 가능", "메모리 빠듯함, 22% 사용 가능", "다음 차례: Talk.mov", traytest.Separator,
			"일시 정지", "파일 추가…", "Sluice 열기", traytest.Separator, "Sluice 종료",
		},
	})
	click("Sluice 열기", "open")
	click("Sluice 종료", "quit")

	for _, label := range []string{"대기 1건", "no such line"} {
		if err := host.Click(t.Context(), label); err == nil {
			t.Errorf("%q was clicked", label)
		}
	}

	p.say(t, "stop")
	p.hear(t, "stopped")
	p.end(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := host.Gone(ctx); err != nil {
		t.Error(err)
	}
	if _, err := host.Read(ctx); !errors.Is(err, traytest.ErrNoItem) {
		t.Errorf("an item that has gone was read: %v", err)
	}
}

func TestResultsANewerVersionAndAMenuThatKeepsStill(t *testing.T) {
	t.Parallel()
	bus := traytest.NewBus(t)
	host := traytest.Watch(t, bus.Address)
	p := launch(t, "DBUS_SESSION_BUS_ADDRESS="+bus.Address)
	empty := tray.Icon{Level: job.Normal}
	p.say(t, "newer")
	p.say(t, "results")
	results := []string{
		"Line is empty", "Memory: fine, 62% free", "✓ Done: a_b.mp4", "✗ Failed: broken.mp4", traytest.Separator,
		"Pause", "Add files…", "Open Sluice", "Sluice 1.3.0 is available", traytest.Separator, "Quit Sluice",
	}
	shows(t, host, p, scene{empty, "", "Sluice: line is empty, memory fine", results})
	click := func(label, does string) {
		t.Helper()
		if err := host.Click(t.Context(), label); err != nil {
			t.Fatal(err)
		}
		p.hear(t, does)
	}
	click("✓ Done: a_b.mp4", "show id of a_b.mp4")
	click("✗ Failed: broken.mp4", "show id of broken.mp4")
	click("Sluice 1.3.0 is available", "update")

	open(t, bus, p)
	p.say(t, "wait")
	kept := slices.Clone(results)
	kept[0], kept[1] = "1 in line", "Memory: tight, 22% free"
	waits := tray.Icon{Level: job.Warn, Shut: true}
	tip := "Sluice: 1 in line, waiting for memory, memory tight"
	shows(t, host, p, scene{waits, "1", tip, kept})
	click("✓ Done: a_b.mp4", "show id of a_b.mp4") // which closes the menu
	shows(t, host, p, scene{waits, "1", tip, []string{
		"1 in line", "Waiting for memory: needs 6.9 GB, 4.2 GB free", "Memory: tight, 22% free", "Next: Talk.mov", traytest.Separator,
		"Pause", "Add files…", "Open Sluice", "Sluice 1.3.0 is available", traytest.Separator, "Quit Sluice",
	}})
	p.end(t)
}

// open tells the child what a panel tells when somebody opens the menu.
func open(t *testing.T, bus *traytest.Bus, p *process) {
	t.Helper()
	conn, err := dbus.Connect(bus.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	child := conn.Object(fmt.Sprintf("org.kde.StatusNotifierItem-%d-1", p.cmd.Process.Pid), "/StatusNotifierItem/menu")
	if call := child.Call("com.canonical.dbusmenu.Event", 0, int32(0), "opened", dbus.MakeVariant(""), uint32(0)); call.Err != nil {
		t.Fatal(call.Err)
	}
}

func TestATrayComesBackWithTheDesktop(t *testing.T) {
	t.Parallel()
	bus := traytest.NewBus(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p := launch(t, "DBUS_SESSION_BUS_ADDRESS="+bus.Address)
	for range 2 { // no panel at first, then one, then another one
		host, err := traytest.Start(ctx, bus.Address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := host.Until(ctx, func(s traytest.State) bool { return len(s.Menu) > 0 }); err != nil {
			t.Errorf("%v\n%s", err, p.err.String())
		}
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	}
	p.end(t)
}

func TestWithoutABusThereIsNoTrayAndNoHarm(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"nobody answers": {"DBUS_SESSION_BUS_ADDRESS=unix:path=" + t.TempDir() + "/none"},
		"none is known":  {"PATH=" + t.TempDir()}, // so that none is started either
	}
	for name, env := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := launch(t, env...)
			p.say(t, "work")
			p.say(t, "stop")
			p.hear(t, "stopped")
			p.say(t, "empty")
			p.end(t)
		})
	}
}

func TestABusThatEndsTakesNobodyWithIt(t *testing.T) {
	t.Parallel()
	bus := traytest.NewBus(t)
	host := traytest.Watch(t, bus.Address)
	p := launch(t, "DBUS_SESSION_BUS_ADDRESS="+bus.Address)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := host.Until(ctx, func(s traytest.State) bool { return len(s.Menu) > 0 && s.Labels()[0] == "Line is empty" }); err != nil {
		t.Fatal(err)
	}
	bus.Stop()
	p.say(t, "work") // needs another icon
	p.hear(t, `msg="the tray is gone"`)
	p.say(t, "empty")
	p.say(t, "stop")
	p.hear(t, "stopped")
	p.end(t)
}

package ollama_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/ollama"
	"sluice/internal/ollamatest"
)

// server makes a Server that runs until the test ends. Its child gets a home of
// its own.
func server(t *testing.T, cfg ollama.ServerConfig) *ollama.Server {
	t.Helper()
	cfg.Grace = 5 * time.Second
	s, err := ollama.NewServer(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// running runs it and gives what ends it.
func running(t *testing.T, s *ollama.Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// address is one at which nobody listens.
func address(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return "http://" + l.Addr().String()
}

// program writes a script that stands for Ollama, or calls it.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ollama")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// realProgram is a script that calls the real Ollama with a home of its own and tells
// what it was told.
func realProgram(t *testing.T) (path, told string) {
	t.Helper()
	home := t.TempDir()
	told = filepath.Join(home, "told")
	return program(t, fmt.Sprintf("env | grep ^OLLAMA_ | sort >%q; HOME=%q OLLAMA_MODELS=%q exec %q \"$@\"",
		told, home, home, ollamatest.Program(t))), told
}

// members counts the processes of a group.
func members(t *testing.T, group int) (n int) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-A", "-o", "pgid=,stat=").Output()
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(out)) {
		if f := strings.Fields(l); f[0] == strconv.Itoa(group) && !strings.HasPrefix(f[1], "Z") {
			n++
		}
	}
	return n
}

func recorded(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(text), &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestAServerIsStartedWhereNobodyListens(t *testing.T) {
	t.Parallel()
	path, told := realProgram(t)
	host, record := address(t), filepath.Join(t.TempDir(), "pid")
	s := server(t, ollama.ServerConfig{Host: host, Program: path, Record: record})
	stop := running(t, s)
	c := client(t, ollama.Config{Host: host, Wake: s.Ensure})

	if _, err := c.Model(t.Context(), "nobody", 4096); !fault.Is(err, fault.ModelMissing) {
		t.Fatalf("Model(): %v", err)
	}
	settings, _ := os.ReadFile(told)
	for _, want := range []string{"OLLAMA_MAX_LOADED_MODELS=1", "OLLAMA_NUM_PARALLEL=1", "OLLAMA_HOST=" + strings.TrimPrefix(host, "http://")} {
		if !strings.Contains(string(settings), want+"\n") {
			t.Errorf("it was not told %s:\n%s", want, settings)
		}
	}
	group := recorded(t, record)
	if err := s.Ensure(t.Context()); err != nil || recorded(t, record) != group {
		t.Errorf("it is started twice: %v", err)
	}

	_ = syscall.Kill(group, syscall.SIGKILL) // a crash: the next who wants it gets a new one
	until(t, "it is gone", func() bool { return members(t, group) == 0 })
	if err := s.Ensure(t.Context()); err != nil || recorded(t, record) == group {
		t.Errorf("after a crash: %v", err)
	}
	group = recorded(t, record)

	stop()
	until(t, "no process is left", func() bool { return members(t, group) == 0 })
	if _, err := os.Stat(record); err == nil {
		t.Error("the record stays")
	}
	if err := s.Ensure(t.Context()); !fault.Is(err, fault.OllamaUnreachable) {
		t.Errorf("after the end: %v", err)
	}
}

func TestASomebodysServerIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	never := program(t, "touch \"$0.started\"")
	for name, host := range map[string]string{
		"one that answers":            fake(t, says(200, `{"version":"0.32.15"}`)),
		"one that answers with pages": fake(t, says(200, `<html>`)),
		"another machine":             "http://nobody.invalid:11434",
		"an encrypted one":            strings.Replace(address(t), "http:", "https:", 1),
	} {
		s := server(t, ollama.ServerConfig{Host: host, Program: never})
		if err := s.Ensure(t.Context()); (err == nil) != (name == "one that answers") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(never + ".started"); err == nil {
		t.Error("Ollama was started")
	}
}

func TestAServerThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		path string
		want fault.Code
		hint string
	}{
		"a path where nothing is": {filepath.Join(t.TempDir(), "ollama"), fault.OllamaMissing, "settings"},
		"it ends at once":         {program(t, "echo Error: no room >&2; exit 1"), fault.OllamaUnreachable, "ollama serve"},
		"it never answers":        {program(t, "trap '' TERM; exec sleep 60"), fault.OllamaUnreachable, "ollama serve"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record := filepath.Join(t.TempDir(), "pid")
			s, err := ollama.NewServer(ollama.ServerConfig{
				Host: address(t), Program: tt.path, Record: record, Patience: 300 * time.Millisecond, Grace: 100 * time.Millisecond,
			}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			err = s.Ensure(t.Context())
			if f := fault.From(err); f.Code != tt.want || !strings.Contains(f.Hint, tt.hint) {
				t.Errorf("Ensure(): %v, hint %q", err, f.Hint)
			}
			if name == "it ends at once" && !strings.Contains(err.Error(), "no room") {
				t.Errorf("the log does not say why: %v", err)
			}
			if _, err := os.Stat(record); err == nil {
				t.Error("the record stays")
			}
			if again := s.Ensure(t.Context()); again == nil {
				t.Error("it is there after all")
			}
		})
	}
}

// Two programs of one user share the record: one that only looks at the line
// must not end the Ollama that another's job is at work with.
func TestTheServerOfAnotherSluiceIsLeftAlone(t *testing.T) {
	t.Parallel()
	path, _ := realProgram(t)
	host, record := address(t), filepath.Join(t.TempDir(), "pid")
	stop := running(t, server(t, ollama.ServerConfig{Host: host, Program: path, Record: record}))
	defer stop()
	first := server(t, ollama.ServerConfig{Host: host, Program: path, Record: record})
	if err := first.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	group := recorded(t, record)
	text := fmt.Appendln(nil, group, os.Getppid()) // as if another had started it
	if err := os.WriteFile(record, text, 0o600); err != nil {
		t.Fatal(err)
	}
	second := running(t, server(t, ollama.ServerConfig{Host: host, Program: path, Record: record}))
	second()
	if members(t, group) == 0 || recorded(t, record) != group {
		t.Error("it was ended, or is forgotten")
	}
	running(t, first)()
	if n := members(t, group); n > 0 {
		t.Errorf("%d processes are left", n)
	}
}

// What a crash of ours leaves is ended at the next start, whether the server
// still lives or only the process of its model does.
func TestWhatACrashHasLeftIsEnded(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		leader string // the process that the record names
		stays  bool
	}{
		"the server lives":            {"exec \"$(dirname \"$0\")/ollama-sleep\" 60", false},
		"only its model's lives":      {"\"$(dirname \"$0\")/ollama-sleep\" 60 &", false},
		"the number is somebody's":    {"exec sleep 60", true},
		"only somebody else's remain": {"sleep 60 &", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := program(t, tt.leader)
			sleep, err := exec.LookPath("sleep")
			if err != nil {
				t.Skip("no sleep")
			}
			copied, err := os.ReadFile(sleep)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(filepath.Dir(script), "ollama-sleep"), copied, 0o700); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), script)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			group := cmd.Process.Pid
			waited := make(chan struct{})
			go func() { _ = cmd.Wait(); close(waited) }()
			t.Cleanup(func() { _ = syscall.Kill(-group, syscall.SIGKILL); <-waited })
			name := map[bool]string{false: "ollama-sleep", true: "sleep"}[tt.stays]
			until(t, "it sleeps", func() bool {
				out, _ := exec.CommandContext(t.Context(), "ps", "-A", "-o", "pgid=,comm=").Output()
				return strings.Contains(string(out), fmt.Sprintf("%d %s\n", group, name))
			})

			record := filepath.Join(t.TempDir(), "pid")
			if err := os.WriteFile(record, fmt.Appendln(nil, group), 0o600); err != nil {
				t.Fatal(err)
			}
			running(t, server(t, ollama.ServerConfig{Host: address(t), Record: record}))
			until(t, "the record is gone", func() bool { _, err := os.Stat(record); return err != nil })
			if n := members(t, group); (n > 0) != tt.stays {
				t.Errorf("%d processes are left", n)
			}
		})
	}
}

// Package ollamatest runs a real Ollama for tests, with a tiny model that
// nobody trained: it is loaded, held and unloaded like any other. It downloads
// nothing, and knows of the server only what is said over HTTP.
package ollamatest

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	startLimit = 20 * time.Second
	stopLimit  = 5 * time.Second
)

// Server is a real Ollama with a home of its own.
type Server struct {
	Host string // http://127.0.0.1 and a port

	t    testing.TB
	http *http.Client
	path string // of the program
	dir  string
	cmd  *exec.Cmd
	line io.Closer // it ends when this is closed
	gone chan struct{}
}

// Start starts one and ends it with the test. A shell stands between: it ends
// the server when its own input is closed, which the system does for us should
// the tests themselves be killed. The test is skipped where there is no Ollama.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{
		Host: "http://" + free(t),
		t:    t, path: Program(t), dir: t.TempDir(),
		http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}
	s.start()
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			text, _ := os.ReadFile(s.log())
			t.Logf("Ollama's log ends with:\n%s", text[max(0, len(text)-4000):])
		}
	})
	s.awaken()
	return s
}

// Again starts a server that was killed, at its address and with its models.
func (s *Server) Again() {
	s.t.Helper()
	s.start()
	s.awaken()
}

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

func (s *Server) start() {
	s.t.Helper()
	// Not the test's context: its end would kill the shell and not the server.
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), "sh", "-c", `"$0" serve & read -r _; kill $!; wait`, s.path)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "OLLAMA_MODELS=" + filepath.Join(s.dir, "models"),
		"OLLAMA_HOST=" + strings.TrimPrefix(s.Host, "http://"),
		"OLLAMA_NO_CLOUD=1", "OLLAMA_MAX_LOADED_MODELS=1", "OLLAMA_NUM_PARALLEL=1",
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd.Stdout, cmd.Stderr = log, log
	line, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	gone := make(chan struct{})
	s.cmd, s.line, s.gone = cmd, line, gone
	go func() { _ = cmd.Wait(); close(gone) }()
}

// awaken waits until the server answers.
func (s *Server) awaken() {
	s.t.Helper()
	limit, tick := time.After(startLimit), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for s.ask(s.t.Context(), http.MethodGet, "/api/version", nil, ignore) != nil {
		select {
		case <-tick.C:
		case <-s.gone:
			s.t.Fatal("Ollama has ended instead of answering")
		case <-limit:
			s.t.Fatalf("Ollama did not answer for %v", startLimit)
		}
	}
}

// Stop ends the server and whatever it started. It may be called again.
func (s *Server) Stop() {
	_ = s.line.Close()
	select {
	case <-s.gone:
	case <-time.After(stopLimit):
		s.t.Error("Ollama does not end when it is told to")
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	<-s.gone
}

// Kill ends the server and whatever it started at once, as a system does that
// has no memory left.
func (s *Server) Kill() {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	<-s.gone
}

// Processes counts those of the server: the shell, itself, one for each model.
func (s *Server) Processes() int {
	s.t.Helper()
	out, err := exec.CommandContext(s.t.Context(), "ps", "-A", "-o", "pgid=").Output()
	if err != nil {
		s.t.Fatal(err)
	}
	count := 0
	for group := range strings.FieldsSeq(string(out)) {
		if group == strconv.Itoa(s.cmd.Process.Pid) {
			count++
		}
	}
	return count
}

// free is an address at which nobody listens.
func free(t testing.TB) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return l.Addr().String()
}

// Program finds Ollama: on the PATH, or beside the project. The test is
// skipped where there is none.
func Program(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("ollama"); err == nil {
		return path
	}
	path := filepath.Join(shared(t), "tools", "ollama")
	if _, err := os.Stat(path); err != nil {
		t.Skip("no shared test data: ollama is not on the PATH, nor tools/ollama where SLUICE_SHARED says or beside the project")
	}
	return path
}

// shared is the folder of the shared test data.
func shared(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("SLUICE_SHARED"); dir != "" {
		return dir
	}
	return filepath.Join(root(t), "..", "shared")
}

// root is the project's folder. Tests run in the one of their package.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

package ollama

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"sluice/internal/fault"
)

// Server starts an Ollama of our own where nobody listens, and ends it with
// Sluice. It is set up for one model and one request at a time. A server that
// somebody else runs is left as it is.
type Server struct {
	cfg    ServerConfig
	client *Client
	log    *slog.Logger

	mu     sync.Mutex
	child  *serving // nil = none was started, or it has ended
	failed error    // why the last start came to nothing
	until  time.Time
	ended  bool
}

// ServerConfig of a Server.
type ServerConfig struct {
	Host     string        // as Config.Host; only on this machine a server is started
	Program  string        // path; "" = looked for where Ollama is usually installed, and on PATH
	Record   string        // file that names the process, so that one left by a crash is found; "" = none
	Patience time.Duration // 20s: until a server that was started answers
	Grace    time.Duration // 10s: between asking it to end and killing it
}

// again is how soon after a start that came to nothing the next is tried.
const again = 30 * time.Second

// NewServer makes one; it starts nothing. Fault: setting_invalid.
func NewServer(cfg ServerConfig, log *slog.Logger) (*Server, error) {
	if cfg.Patience <= 0 {
		cfg.Patience = 20 * time.Second
	}
	if cfg.Grace <= 0 {
		cfg.Grace = 10 * time.Second
	}
	client, err := New(Config{Host: cfg.Host}, log)
	if err != nil {
		return nil, err
	}
	return &Server{cfg: cfg, client: client, log: log}, nil
}

// Run ends what a crash has left, waits until ctx ends, and then ends the
// server that was started meanwhile. It returns nil.
func (s *Server) Run(ctx context.Context) error {
	s.mu.Lock()
	s.sweep(ctx)
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.child != nil {
		s.child.stop(s.cfg.Grace)
		s.forget()
	}
	return nil
}

// Startable says whether a server could be started: fault ollama_missing when
// not.
func (s *Server) Startable() error {
	_, err := findProgram(s.cfg.Program)
	return err
}

// Ensure returns when a server answers, and starts one where nobody listens. On
// another machine it starts nothing. Faults: ollama_missing, ollama_unreachable.
func (s *Server) Ensure(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.look(ctx)
	switch {
	case err == nil, !errors.Is(err, syscall.ECONNREFUSED), !s.client.local, s.client.host.Scheme != "http", s.ended:
		return err
	case time.Now().Before(s.until):
		return s.failed
	}
	s.sweep(ctx)
	if err := s.start(ctx); err != nil {
		if ctx.Err() == nil {
			s.failed, s.until = err, time.Now().Add(again)
		}
		return err
	}
	return nil
}

// look asks whether somebody answers, and asks again of one that is just going.
func (s *Server) look(ctx context.Context) (err error) {
	for range 3 {
		_, err = s.client.Version(ctx)
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
	return err
}

// start starts the server and waits until it answers.
func (s *Server) start(ctx context.Context) error {
	path, err := findProgram(s.cfg.Program)
	if err != nil {
		return err
	}
	child, err := serve(path, s.client.host.Host)
	if err != nil {
		return fault.New(fault.OllamaMissing, "Ollama cannot be started.", err)
	}
	s.child = child
	s.record(child.pid)
	patience, cancel := context.WithTimeoutCause(ctx, s.cfg.Patience, errSilent)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := s.client.Version(patience); err == nil {
			s.log.Info("ollama started", "pid", child.pid)
			return nil
		}
		select {
		case <-tick.C:
			continue
		case <-child.gone:
			err = fmt.Errorf("%s: %s", child.state, child.said)
		case <-patience.Done():
			err = fmt.Errorf("%w: %s", context.Cause(patience), child.said)
		}
		child.stop(s.cfg.Grace)
		s.forget()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fault.New(fault.OllamaUnreachable, "Ollama was started and did not come to answer.", brief{"start ollama", err}).
			WithHint("Start it yourself with 'ollama serve' to see what it says.")
	}
}

// record and forget keep the file that names the process and whose it is. What goes wrong with
// it costs only that a server is not found after a crash of ours.
func (s *Server) record(pid int) {
	if s.cfg.Record == "" {
		return
	}
	if err := os.WriteFile(s.cfg.Record, fmt.Appendln(nil, pid, os.Getpid()), 0o600); err != nil {
		s.log.Warn("ollama's process not written down", "err", err)
	}
}

func (s *Server) forget() {
	s.child = nil
	if s.cfg.Record != "" {
		_ = os.Remove(s.cfg.Record)
	}
}

// serving is a server as a child, in a process group with those it starts
// itself: one for each model that is loaded.
type serving struct {
	pid   int
	gone  chan struct{} // closed when it is waited for
	state *os.ProcessState
	said  *tail
}

// serve starts it. It outlives the request that it was started for.
func serve(path, address string) (*serving, error) {
	cmd := exec.Command(path, "serve") //nolint:noctx // it ends with Sluice, not with a request
	cmd.Env = append(withoutSettings(os.Environ()),
		"OLLAMA_HOST="+address,
		"OLLAMA_MAX_LOADED_MODELS=1", "OLLAMA_NUM_PARALLEL=1",
	)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // those it has started hold the same pipe
	c := &serving{gone: make(chan struct{}), said: &tail{}}
	cmd.Stdout, cmd.Stderr = c.said, c.said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.pid = cmd.Process.Pid
	go func() {
		defer close(c.gone)
		_ = cmd.Wait()
		c.state = cmd.ProcessState
		_ = syscall.Kill(-c.pid, syscall.SIGKILL) // the processes of models outlive a server that is killed
	}()
	return c, nil
}

// stop ends the server with all it has started, and waits for it.
func (c *serving) stop(grace time.Duration) {
	if !alive(c) { // its number may be another's by now
		return
	}
	_ = syscall.Kill(-c.pid, syscall.SIGTERM)
	select {
	case <-c.gone:
	case <-time.After(grace):
		_ = syscall.Kill(-c.pid, syscall.SIGKILL)
		<-c.gone
	}
}

// withoutSettings is an environment without what a server of ours is told
// itself.
func withoutSettings(env []string) []string {
	var kept []string
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		switch name {
		case "OLLAMA_HOST", "OLLAMA_MAX_LOADED_MODELS", "OLLAMA_NUM_PARALLEL":
		default:
			kept = append(kept, e)
		}
	}
	return kept
}

// tail keeps the last of what a child says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(b []byte) (int, error) {
	const most = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(b), nil
}

// String gives the last line, which mostly says why.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return lines[len(lines)-1]
}

package whisper

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// tail keeps the last lines of what the engine logs, and the line that says
// what it died of, which a stack trace may push far up.
type tail struct {
	mu    sync.Mutex
	part  string
	lines []string
	cause string
	none  bool // some line said that memory was refused
}

const (
	tailLines = 20
	tailWidth = 400
)

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := t.part + string(p)
	for {
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			break
		}
		t.add(line)
		text = rest
	}
	if len(text) > 2*tailWidth {
		t.add(text)
		text = ""
	}
	t.part = text
	return len(p), nil
}

func (t *tail) add(line string) {
	line = strings.ToValidUTF8(strings.TrimRight(line, "\r "), "\uFFFD")
	if line == "" {
		return
	}
	if len(line) > tailWidth {
		line = strings.ToValidUTF8(line[:tailWidth], "")
	}
	refused := tellsOfNone(line)
	t.none = t.none || refused
	if t.cause == "" && (refused || tellsCause(line)) {
		t.cause = line
	}
	if t.lines = append(t.lines, line); len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
}

func tellsCause(line string) bool {
	for _, mark := range []string{"fatal error:", "panic:", "SIG", "terminate called", "GGML_ASSERT", "ggml_abort"} {
		if strings.Contains(line, mark) {
			return true
		}
	}
	return false
}

// gotNone says whether the engine was refused memory at any time.
func (t *tail) gotNone() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.none || tellsOfNone(t.part)
}

// text gives the cause, if it is known, and the last lines.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.lines
	if t.part != "" {
		lines = append(lines[:len(lines):len(lines)], t.part)
	}
	all := strings.Join(lines, "\n")
	if t.cause != "" && !strings.Contains(all, t.cause) {
		return t.cause + "\n...\n" + all
	}
	return all
}

// watchMemory gives a function that says whether memory has run out: it is
// critical now, or the system has killed something since the engine started.
func watchMemory(cfg Config) func() bool {
	kills := cfg.OutOfMemoryKills
	if kills == nil {
		kills = func() int64 { return -1 }
	}
	before := kills()
	return func() bool {
		if cfg.MemoryCritical != nil && cfg.MemoryCritical() {
			return true
		}
		return before >= 0 && kills() > before
	}
}

// deathFault says truthfully why an engine is gone that nobody here ended.
func deathFault(c *child, memoryShort bool) error {
	how, log := "ended", c.stderr.text()
	var signal syscall.Signal
	if c.state != nil {
		how = c.state.String()
		if ws, ok := c.state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			signal = ws.Signal()
		}
	}
	cause := fmt.Errorf("engine: %s", how)
	if log != "" {
		cause = fmt.Errorf("engine: %s\n%s", how, log)
	}
	switch {
	case signal == syscall.SIGTERM, signal == syscall.SIGINT, signal == syscall.SIGHUP:
		return stoppedFault(cause)
	case c.stderr.gotNone(), signal == syscall.SIGKILL && memoryShort:
		say := "The speech engine was stopped because memory ran out."
		if c.footprint.Load() > 0 {
			say = fmt.Sprintf("The speech engine was stopped because memory ran out: %s held %s.", modelName(c.model), job.FormatBytes(c.footprint.Load()))
		}
		return fault.New(fault.EngineOutOfMemory, say, cause)
	case signal == syscall.SIGKILL:
		return stoppedFault(cause)
	}
	return fault.New(fault.EngineCrashed, "The speech engine crashed.", cause)
}

func stoppedFault(cause error) error {
	return fault.New(fault.EngineStopped, "The speech engine was stopped, by somebody or by another program.", cause)
}

// tellsOfNone says whether a line of the log tells that memory was refused: by
// the C++ library, ggml, Metal, the system, or the runtime of Go.
func tellsOfNone(line string) bool {
	line = strings.ToLower(line)
	for _, mark := range []string{
		"bad_alloc", "failed to allocate", "attempted to allocate", "insufficient memory",
		"erroroutofmemory", "cannot allocate memory", "out of memory", "failed to reserve page summary memory",
	} {
		if strings.Contains(line, mark) {
			return true
		}
	}
	return false
}

// modelName is what people call the model in this file.
func modelName(path string) string {
	return strings.TrimPrefix(strings.TrimSuffix(filepath.Base(path), ".bin"), "ggml-")
}

// noSound is for sound that was there and was taken away. A new try makes it
// again from the source and goes on after the last finished span.
func noSound(err error) error {
	return fault.New(fault.Internal, "The sound that was taken from the file is gone.", err).
		WithHint("It is made again when the job is tried again; what was recognised so far is kept.")
}

// toldFault turns an error the engine has told of itself into a fault. What
// could not be loaded or computed for want of memory is neither damaged nor a
// crash: the log knows, the libraries say no more than that it failed.
func toldFault(m Message, stderr *tail) error {
	cause := fmt.Errorf("engine: %s", m.Text)
	if log := stderr.text(); log != "" {
		cause = fmt.Errorf("engine: %s\n%s", m.Text, log)
	}
	code := fault.Code(m.Code)
	if (code == fault.ModelDamaged || code == fault.EngineCrashed) && stderr.gotNone() {
		code = fault.EngineOutOfMemory
	}
	says := map[fault.Code]string{
		fault.ModelMissing:      "The speech model is not there.",
		fault.ModelDamaged:      "The speech model is damaged or not one that whisper.cpp reads.",
		fault.LanguageUnknown:   "The speech model does not know this language.",
		fault.EngineUnbuilt:     "This build of Sluice has no speech engine.",
		fault.EngineOutOfMemory: "The speech engine got no memory.",
		fault.EngineCrashed:     "The speech engine could not go on.",
	}
	say, ok := says[code]
	if code == fault.LanguageUnknown {
		return fault.New(code, m.Text, cause).WithHint("Choose a model that is not for English alone, or the language en.")
	}
	if !ok {
		return fault.New(fault.Internal, "The speech engine refused the work.", cause)
	}
	return fault.New(code, say, cause)
}

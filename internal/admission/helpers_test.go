package admission_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sluice/internal/admission"
	"sluice/internal/job"
	"sluice/internal/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	gib = int64(1) << 30
	gb  = int64(1_000_000_000)
	mb  = int64(1_000_000)
)

// mac is the 18 GB Mac that Sluice was made for. Its kernel counts as free also
// what it could compress, so that its percentage is high.
func mac(available int64, level job.Pressure) job.Reading { return macAt(available, level, 60) }

func macAt(available int64, level job.Pressure, percent int) job.Reading {
	return job.Reading{Level: level, Total: 18 * gib, Available: available, FreePercent: percent}
}

// studio has room for engine and Ollama side by side.
func studio(available int64, level job.Pressure) job.Reading {
	return job.Reading{Level: level, Total: 32 * gib, Available: available, FreePercent: 60}
}

func need(bytes int64) job.Need {
	return job.Need{Stage: job.Transcribe, Model: "large-v3", Bytes: bytes}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// start runs a gate until the test ends.
func start(t *testing.T, deps admission.Deps, cfg admission.Config) *admission.Gate {
	t.Helper()
	if deps.Log == nil {
		deps.Log = quiet()
	}
	g := admission.New(deps, cfg)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	synctest.Wait()
	return g
}

// watched is a gate that only looks at memory, as a script says.
func watched(t *testing.T, first job.Reading) (*admission.Gate, *memory.Scripted) {
	t.Helper()
	script := memory.Script([]job.Reading{first})
	return start(t, admission.Deps{Probe: script}, admission.Config{}), script
}

// pass lets time go by and everything that it makes due be done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// signals counts what Changed says within a time.
func signals(g *admission.Gate, d time.Duration) int {
	n, end := 0, time.After(d)
	for {
		select {
		case <-g.Changed():
			n++
		case <-end:
			return n
		}
	}
}

// expect asks the gate and compares its words; "" is a yes.
func expect(t *testing.T, g *admission.Gate, n job.Need, want string) {
	t.Helper()
	v := g.Admit(t.Context(), n)
	if v.Open != (want == "") || v.Text != want {
		t.Errorf("at %s: open %t, %q; want %q", time.Now().Format(time.TimeOnly), v.Open, v.Text, want)
	}
	if !v.Open && v.Reason == "" {
		t.Errorf("no reason with %q", v.Text)
	}
}

// ollama is a server that does as it is told, unless it is told not to.
type ollama struct {
	mu       sync.Mutex
	held     int64
	takes    time.Duration // to give everything back
	deaf     bool          // it answers and keeps what it has
	fails    bool          // unloading is an error
	away     bool          // there is none
	slow     bool          // it does not say what it holds
	looks    int
	unloads  int
	unloaded []time.Time
}

func (o *ollama) Held(ctx context.Context) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looks++
	switch {
	case o.away:
		return 0, nil
	case o.slow:
		return 0, errors.New("no answer in time")
	default:
		return o.held, ctx.Err()
	}
}

func (o *ollama) become(away, slow bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.away, o.slow = away, slow
}

func (o *ollama) Unload(ctx context.Context) error {
	o.mu.Lock()
	o.unloads++
	o.unloaded = append(o.unloaded, time.Now())
	takes, deaf, fails := o.takes, o.deaf, o.fails
	o.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	switch {
	case fails:
		return errors.New("it says no")
	case !deaf:
		o.load(0)
	}
	return nil
}

func (o *ollama) load(bytes int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = bytes
}

func (o *ollama) holds() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.held
}

func (o *ollama) counts() (looks, unloads int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.looks, o.unloads
}

var errNoSysctl = errors.New("sysctl: no such thing")

// plug is where the electricity comes from.
type plug struct {
	mu   sync.Mutex
	out  bool
	err  error
	slow bool // only the end of a context ends a look
}

func (p *plug) OnBattery(ctx context.Context) (bool, error) {
	p.mu.Lock()
	out, err, slow := p.out, p.err, p.slow
	p.mu.Unlock()
	if slow {
		<-ctx.Done()
		return false, fmt.Errorf("run pmset: %w", ctx.Err())
	}
	return out, err
}

func (p *plug) hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slow = true
}

func (p *plug) set(out bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out, p.err = out, err
}

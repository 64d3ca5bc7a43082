// Package power knows what the machine is fed by, and keeps it from falling
// asleep over work. It decides nothing: whether a battery is a reason to wait
// is admission's business.
package power

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

const (
	fresh    = 5 * time.Second // how long an answer is good for
	askLimit = 2 * time.Second // how long a program may take to tell; it needs some 20 ms
)

// Source says what the machine is fed by.
type Source struct {
	log *slog.Logger
	cfg config

	mu      sync.Mutex // one look at a time
	asked   time.Time  // when the answer below was given; zero = never
	battery bool
	err     error
}

// config is what tests put in the place of this machine.
type config struct {
	os   string // as runtime.GOOS
	root string // the folder that holds sys
	run  func(ctx context.Context, name string, args ...string) ([]byte, error)
}

// New makes a Source for this machine. It looks at nothing yet.
func New(log *slog.Logger) *Source {
	return &Source{log: log, cfg: config{os: runtime.GOOS, root: "/", run: run}}
}

// OnBattery says whether the machine runs on its battery, or on a UPS while
// the mains are away. A machine without a battery never does. The answer may
// be five seconds old; a new one takes two seconds at the very most.
func (s *Source) OnBattery(ctx context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.asked.IsZero() && time.Since(s.asked) < fresh {
		return s.battery, s.err
	}
	before := s.battery
	battery, err := s.look(ctx)
	if errors.Is(ctx.Err(), context.Canceled) {
		return false, context.Cause(ctx) // the caller went away; that says nothing about the machine
	}
	s.asked, s.err = time.Now(), err
	if err != nil {
		return false, err
	}
	if s.battery = battery; battery != before {
		s.log.Info("power source changed", "battery", battery)
	}
	return battery, nil
}

func (s *Source) look(ctx context.Context) (bool, error) {
	switch s.cfg.os {
	case "darwin":
		return s.askMac(ctx)
	case "linux":
		return onBattery(s.cfg.root)
	}
	return false, nil
}

// run gives what a program prints, in the language that is parsed here.
func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = []string{"LC_ALL=C"}
	cmd.WaitDelay = askLimit
	return cmd.Output()
}

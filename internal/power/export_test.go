package power

import (
	"context"
	"log/slog"
)

// Runner is what a Source runs programs with.
type Runner = func(ctx context.Context, name string, args ...string) ([]byte, error)

// NewOn makes the Source of another machine.
func NewOn(system, root string, run Runner, log *slog.Logger) *Source {
	return &Source{log: log, cfg: config{os: system, root: root, run: run}}
}

// NewAwakeBy makes an Awake that uses a tool of the test's own.
func NewAwakeBy(log *slog.Logger, command func() ([]string, error)) *Awake {
	return &Awake{log: log, command: command}
}

// StayAwake is the command for a system.
func StayAwake(system string, look func(string) (string, error)) ([]string, error) {
	return stayAwake(system, look)
}

// Run is what runs programs on this machine.
func Run(ctx context.Context, name string, args ...string) ([]byte, error) {
	return run(ctx, name, args...)
}

package app

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"sluice/internal/board"
)

// Screen is what a test plays.
type Screen = screen

// Dropper is what a test plays.
type Dropper = dropper

// Shell is the window without anything that draws.
type Shell struct{ *shell }

// NewShell makes a shell.
func NewShell(s Screen, d Dropper, b *board.Board, log *slog.Logger) Shell {
	return Shell{newShell(s, d, b, log)}
}

// Run runs all parts of the shell until ctx ends.
func (s Shell) Run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	for _, part := range []func(context.Context) error{s.follow, s.take, s.answer} {
		group.Go(func() { _ = part(ctx) }) // nil when ctx ends, and nothing else ends them
	}
}

// Veil hides the page, or shows it.
func (s Shell) Veil(hidden bool) { s.veil(hidden) }

// Routes are what the page in the window may ask for, until ending is closed.
func (s Shell) Routes(api http.Handler, language func(string), ending <-chan struct{}, log *slog.Logger) http.Handler {
	return &shellRoutes{
		shell: s.shell, api: api, language: language, resized: func(frame) error { return nil },
		began: time.Now(), ending: ending, log: log,
	}
}

// Second is a start beside another Sluice.
type Second struct{ second }

// NewSecond makes one that looks for the first in a discovery file.
func NewSecond(found string, files []string, hidden bool, open func(context.Context, string) error, note func(string)) *Second {
	return &Second{second{found: found, open: open, note: note, files: files, hidden: hidden}}
}

// Hand gives everything to the first.
func (s *Second) Hand(ctx context.Context) error { return s.hand(ctx) }

// ErrAway says that the first does not answer.
var ErrAway = errAway

// StartOrJoin says whether a start was made, and what became of it otherwise.
func StartOrJoin(ctx context.Context, start func() error, hand func(context.Context) error) (started bool, err error) {
	r, err := startOrJoin(ctx, func() (*running, error) {
		if err := start(); err != nil {
			return nil, err
		}
		return &running{}, nil
	}, hand)
	return r != nil, err
}

// Revealing gives the commands that show a file.
func Revealing(system, path string) [][]string { return revealing(system, path) }

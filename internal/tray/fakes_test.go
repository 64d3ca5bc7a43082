package tray_test

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/tray"
)

// line is a line and a machine that a test sets.
type line struct {
	mu      sync.Mutex
	now     board.Standing
	reading job.Reading
	err     error
	asked   int
}

func (l *line) Standing(context.Context, int, int) (board.Standing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	return l.now, l.err
}

func (l *line) Reading() job.Reading {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reading
}

func (l *line) Shut() string {
	if l.Reading().Level == job.Critical {
		return "memory is critically short"
	}
	return ""
}

// set changes what the board will read.
func (l *line) set(change func(*line)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

func (l *line) questions() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

// jobs sets who stands in the line.
func jobs(running, next []job.Job) func(*line) {
	s := snapshot(job.Reading{}, running, next).Standing
	return func(l *line) { l.now = s }
}

// screen is a bar that remembers what was drawn.
type screen struct {
	open chan struct{} // closed: it can be drawn on
	hang chan struct{} // not nil: a drawing takes until this is closed

	mu      sync.Mutex
	first   tray.Look
	click   func(place int, shown tray.Look)
	opened  func()
	looks   []tray.Look
	at      []time.Time
	started int
	stopped int
}

func newScreen() *screen {
	s := &screen{open: make(chan struct{})}
	close(s.open)
	return s
}

func (s *screen) Start(first tray.Look, click func(int, tray.Look), opened func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first, s.click, s.opened, s.started = first, click, opened, s.started+1
}

func (s *screen) Ready() <-chan struct{} { return s.open }

func (s *screen) Draw(l tray.Look) {
	if s.hang != nil {
		<-s.hang
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks, s.at = append(s.looks, l), append(s.at, time.Now())
}

func (s *screen) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped++
}

// last is what can be seen now.
func (s *screen) last() tray.Look {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.looks) == 0 {
		return s.first
	}
	return s.looks[len(s.looks)-1]
}

func (s *screen) drawings() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time{}, s.at...)
}

// diary keeps what was done, in order.
type diary struct {
	mu   sync.Mutex
	done []string
}

func (d *diary) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = append(d.done, what)
}

func (d *diary) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.done...)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// Package memory looks at how short memory is and who holds it: sysctl and ps
// on a Mac, /proc, PSI and the process's memory cgroup on Linux, or a script in
// tests and demos. It only reads; what a reading means for the line is
// admission's business.
package memory

import (
	"context"
	"errors"
	"sync"
	"time"

	"sluice/internal/job"
)

// Config of a Probe; the zero value reads this machine.
type Config struct {
	Root string           // "/": the folder that holds proc and sys; Linux only
	Now  func() time.Time // time.Now

	// Engine gives the bytes that our own speech engine holds; nil = none. On
	// Linux the level leaves them out: they are free again whenever we want.
	// It is called once for each reading, and must not wait.
	Engine func() int64
}

// Probe reads the memory of this machine.
type Probe struct {
	now    func() time.Time
	engine func() int64
	kernel kernel // what is kept between two looks; differs by system
}

// New makes a probe. It opens nothing.
func New(cfg Config) *Probe {
	if cfg.Root == "" {
		cfg.Root = "/"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Engine == nil {
		cfg.Engine = func() int64 { return 0 }
	}
	return &Probe{now: cfg.Now, engine: cfg.Engine, kernel: kernel{root: cfg.Root}}
}

// Read takes one reading. It returns within milliseconds: nothing it asks has
// to wait for a device.
func (p *Probe) Read(ctx context.Context) (job.Reading, error) {
	if err := ctx.Err(); err != nil {
		return job.Reading{}, err
	}
	r, err := p.read()
	if err != nil {
		return job.Reading{}, err
	}
	r.At = p.now()
	return r, nil
}

// OutOfMemoryCount counts the processes that the kernel has killed for lack of
// memory, in our cgroup where it keeps count, else on the whole machine. Only
// the difference of two counts means something. Where the kernel has no such
// counter the error is errors.ErrUnsupported.
func (p *Probe) OutOfMemoryCount(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return p.outOfMemoryCount()
}

// Scripted is a probe that says what it was told to.
type Scripted struct {
	mu   sync.Mutex
	rest []job.Reading
	err  error
}

// Script makes a probe that gives these readings one after another and then
// the last one forever. A reading without a time gets the time it is read at.
func Script(readings []job.Reading) *Scripted {
	return &Scripted{rest: append([]job.Reading(nil), readings...)}
}

// Set drops what is left of the script: from now on the probe gives r.
func (s *Scripted) Set(r job.Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest, s.err = []job.Reading{r}, nil
}

// Fail makes every Read return err, until the next Set; nil ends it too.
func (s *Scripted) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Read gives the next reading of the script.
func (s *Scripted) Read(ctx context.Context) (job.Reading, error) {
	if err := ctx.Err(); err != nil {
		return job.Reading{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return job.Reading{}, s.err
	}
	if len(s.rest) == 0 {
		return job.Reading{}, errors.New("the script has no readings")
	}
	r := s.rest[0]
	if len(s.rest) > 1 {
		s.rest = s.rest[1:]
	}
	if r.At.IsZero() {
		r.At = time.Now()
	}
	return r, nil
}

// percent is part of whole in percent, rounded down; 0 of nothing.
func percent(part, whole int64) int {
	if whole <= 0 {
		return 0
	}
	return int(float64(part) / float64(whole) * 100)
}

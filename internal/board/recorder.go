package board

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"sluice/internal/job"
)

// History keeps samples across restarts. How long is its own business, but a
// day at least.
type History interface {
	// AppendSamples stores samples, oldest first, all or none. One of a time
	// that is there already changes nothing: an append that seemed to fail is
	// made again.
	AppendSamples(ctx context.Context, samples []job.Sample) error
	// Samples gives those that are not older than since, oldest first.
	Samples(ctx context.Context, since time.Time) ([]job.Sample, error)
}

// Recorder keeps the machine's history: what memory and the line were like.
type Recorder struct {
	d RecorderDeps

	// These belong to Run.
	current slot
	counts  map[job.State]int // as they were known last
	failing bool              // the history could not be stored the last time

	mu   sync.Mutex
	kept []job.Sample // not stored yet, oldest first
}

// RecorderDeps is what a Recorder reads and where it writes.
type RecorderDeps struct {
	Machine Machine
	Counts  func(ctx context.Context) (map[job.State]int, error)
	Engine  func() int64 // what the engine holds, 0 = none runs; nil = there is no engine
	History History
	Log     *slog.Logger
}

// The recorder's clock.
const (
	lookEvery      = 2 * time.Second
	looksPerSample = 5  // ten seconds
	looksPerFlush  = 30 // a minute
	slept          = 3 * lookEvery
	tooOld         = looksPerSample * lookEvery
	keepUnstored   = int(time.Hour / (looksPerSample * lookEvery))
	storeLimit     = 5 * time.Second
)

// slot is the sample that is being made.
type slot struct {
	looks  int       // all, with or without something to see
	lastAt time.Time // of the last of them
	seen   bool      // worst holds something
	worst  job.Sample
}

// NewRecorder makes a recorder. It looks at nothing before Run.
func NewRecorder(d RecorderDeps) *Recorder {
	if d.Engine == nil {
		d.Engine = func() int64 { return 0 }
	}
	return &Recorder{d: d}
}

// Run records until ctx ends, and then stores what is left.
func (r *Recorder) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			r.finish()
			r.flush(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
		}
		r.look(ctx)
		if n%looksPerFlush == 0 {
			r.flush(ctx)
		}
	}
}

// look takes one look, and makes a sample of it and those before when it is
// time. The wall clock counts: a Mac's other one stands still while it sleeps.
func (r *Recorder) look(ctx context.Context) {
	now := time.Now().Round(0)
	if since := now.Sub(r.current.lastAt); r.current.looks > 0 && (since > slept || since < 0) {
		r.finish() // the machine slept, or its clock was set: what was before is a sample of its own
	}
	r.current.looks++
	r.current.lastAt = now
	reading := r.d.Machine.Reading()
	if now.Sub(reading.At.Round(0)) < tooOld { // what was never read is as old as can be
		r.current.add(r.sample(ctx, now, reading))
	}
	if r.current.looks >= looksPerSample {
		r.finish()
	}
}

func (r *Recorder) sample(ctx context.Context, now time.Time, m job.Reading) job.Sample {
	// A store that cannot count is in trouble that others tell of; the line
	// is then as it was.
	if counts, err := r.d.Counts(ctx); err == nil {
		r.counts = counts
	}
	return job.Sample{
		At:          now.UTC().Truncate(time.Second), // exact in any store
		Level:       m.Level,
		FreePercent: m.FreePercent,
		Available:   m.Available,
		Depth:       Standing{Counts: r.counts}.Depth(),
		Running:     r.counts[job.Running],
		Engine:      r.d.Engine(),
	}
}

func (s *slot) add(x job.Sample) {
	if s.seen {
		x = worst(s.worst, x)
	}
	s.worst, s.seen = x, true
}

// finish ends the sample that is being made. Without anything to see there is
// none: a gap is the truth.
func (r *Recorder) finish() {
	done := r.current
	r.current = slot{}
	if !done.seen {
		return
	}
	done.worst.At = done.lastAt.UTC().Truncate(time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, done.worst)
	if over := len(r.kept) - keepUnstored; over > 0 {
		r.kept = slices.Delete(r.kept, 0, over)
	}
}

// flush stores what is kept. What cannot be stored is tried again next time.
func (r *Recorder) flush(ctx context.Context) {
	batch := r.unstored()
	if len(batch) == 0 {
		return
	}
	store, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	err := r.d.History.AppendSamples(store, batch)
	switch {
	case err == nil:
		r.mu.Lock()
		r.kept = slices.Delete(r.kept, 0, len(batch))
		r.mu.Unlock()
		if r.failing {
			r.d.Log.Info("machine history is stored again")
		}
		r.failing = false
	case ctx.Err() != nil: // it is tried once more at the end
	case !r.failing:
		r.failing = true
		r.d.Log.Warn("machine history cannot be stored; an hour of it is kept in memory", "err", err)
	}
}

func (r *Recorder) unstored() []job.Sample {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.kept)
}

// Points gives the history since a time, oldest first, in at most so many
// points; with most = 0 all of them. Where there are more, neighbours are put
// together to the worst of them. What lies after now is left out: the clock was
// wrong when it was made.
func (r *Recorder) Points(ctx context.Context, since time.Time, most int) ([]job.Sample, error) {
	kept := r.unstored() // before the store is read: what moves there meanwhile is seen twice, not missed
	points, err := r.d.History.Samples(ctx, since)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	now := time.Now()
	points = append(points, kept...)
	points = slices.DeleteFunc(points, func(s job.Sample) bool { return s.At.Before(since) || s.At.After(now) })
	slices.SortStableFunc(points, func(a, b job.Sample) int { return a.At.Compare(b.At) })
	points = slices.CompactFunc(points, func(a, b job.Sample) bool { return a.At.Equal(b.At) })
	if since.IsZero() && len(points) > 0 { // all there is, then, and not two thousand years
		since = points[0].At
	}
	return thin(points, most, now.Sub(since)), nil
}

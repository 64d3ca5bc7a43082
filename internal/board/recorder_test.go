package board_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/job"
)

// shelf is a history in memory.
type shelf struct {
	mu      sync.Mutex
	samples []job.Sample
	appends int
	err     error
}

func (s *shelf) AppendSamples(ctx context.Context, samples []job.Sample) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appends++
	if s.err != nil || ctx.Err() != nil {
		return errors.Join(s.err, ctx.Err())
	}
	s.samples = append(s.samples, samples...)
	return nil
}

func (s *shelf) Samples(_ context.Context, since time.Time) ([]job.Sample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []job.Sample
	for _, x := range s.samples {
		if !x.At.Before(since) {
			out = append(out, x)
		}
	}
	return out, s.err
}

func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *shelf) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.samples)
}

// scene is a machine, a line and an engine as a test sets them.
type scene struct {
	mu      sync.Mutex
	reading job.Reading
	stale   bool // the reading keeps its time
	counts  map[job.State]int
	asleep  time.Duration // the next count takes so long
	err     error         // of counts
	engine  int64
}

func (s *scene) set(change func(s *scene)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *scene) Reading() job.Reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.reading
	if r.Level != "" && !s.stale {
		r.At = time.Now()
	}
	return r
}

func (s *scene) Counts(context.Context) (map[job.State]int, error) {
	s.mu.Lock()
	asleep := s.asleep
	s.asleep = 0
	s.mu.Unlock()
	time.Sleep(asleep)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts, s.err
}

func (s *scene) Engine() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.engine
}

func calm() *scene {
	return &scene{reading: job.Reading{Level: job.Normal, FreePercent: 60, Available: 6 << 30}}
}

// recording is a recorder that runs until stop.
type recording struct {
	*board.Recorder
	begin time.Time
	log   *bytes.Buffer
	stop  func()
}

func record(t *testing.T, s *scene, h board.History) recording {
	t.Helper()
	log := &bytes.Buffer{}
	r := board.NewRecorder(board.RecorderDeps{
		Machine: s, Counts: s.Counts, Engine: s.Engine, History: h, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	return recording{Recorder: r, begin: time.Now().UTC(), log: log, stop: func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}}
}

func (r recording) points(t *testing.T) []job.Sample {
	t.Helper()
	points, err := r.Points(t.Context(), r.begin, 0)
	if err != nil {
		t.Fatal(err)
	}
	return points
}

// offsets are the times of samples in seconds after the start.
func (r recording) offsets(samples []job.Sample) []int {
	var out []int
	for _, s := range samples {
		out = append(out, int(s.At.Sub(r.begin)/time.Second))
	}
	return out
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestASampleHoldsTheWorstOfItsTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := calm()
		r := record(t, s, &shelf{})
		pass(3 * time.Second)
		s.set(func(s *scene) {
			s.reading = job.Reading{Level: job.Critical, FreePercent: 4, Available: 1 << 30}
			s.counts = map[job.State]int{job.Queued: 2, job.Running: 1, job.Done: 40}
		})
		pass(2 * time.Second)
		s.set(func(s *scene) {
			s.reading = job.Reading{Level: job.Warn, FreePercent: 30, Available: 3 << 30}
			s.counts = map[job.State]int{job.Queued: 9}
			s.engine = 700 << 20
		})
		pass(2 * time.Second)
		s.set(func(s *scene) { s.reading, s.counts, s.engine = calm().reading, nil, 0 })
		pass(13 * time.Second)
		want := []job.Sample{
			{
				At: r.begin.Add(10 * time.Second), Level: job.Critical, FreePercent: 4, Available: 1 << 30,
				Depth: 9, Running: 1, Engine: 700 << 20,
			},
			{At: r.begin.Add(20 * time.Second), Level: job.Normal, FreePercent: 60, Available: 6 << 30},
		}
		if diff := cmp.Diff(want, r.points(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		r.stop()
	})
}

func TestSamplesAreStoredEveryMinuteAndOnceMoreAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &shelf{}
		r := record(t, calm(), h)
		pass(59 * time.Second)
		if n := h.len(); n != 0 {
			t.Errorf("%d stored before the minute is over", n)
		}
		pass(2 * time.Second)
		if n := h.len(); n != 6 {
			t.Errorf("%d stored after a minute, want 6", n)
		}
		pass(time.Minute + 24*time.Second) // 145 s: two samples and a half are not stored
		if n := h.len(); n != 12 {
			t.Errorf("%d stored after two minutes, want 12", n)
		}
		r.stop()
		if got := r.offsets(h.samples[12:]); !cmp.Equal(got, []int{130, 140, 144}) {
			t.Errorf("stored at the end: %v", got)
		}
	})
}

func TestTheHistorySurvivesARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &shelf{}
		first := record(t, calm(), h)
		pass(25 * time.Second)
		first.stop()
		pass(time.Minute)
		second := record(t, calm(), h)
		pass(21 * time.Second)
		points, err := second.Points(t.Context(), first.begin, 0)
		if err != nil {
			t.Fatal(err)
		}
		// What was not there has no points.
		if got := first.offsets(points); !cmp.Equal(got, []int{10, 20, 24, 95, 105}) {
			t.Errorf("points at %v", got)
		}
		second.stop()
	})
}

func TestAHistoryThatCannotBeWrittenLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &shelf{err: errors.New("disk full")}
		r := record(t, calm(), h)
		pass(5*time.Minute + time.Second)
		if h.appends != 5 {
			t.Errorf("tried %d times in five minutes", h.appends)
		}
		h.fail(nil)
		if n := len(r.points(t)); n != 30 {
			t.Errorf("%d points before anything is stored, want 30", n)
		}
		pass(time.Minute)
		h.fail(errors.New("disk full again"))
		pass(2 * time.Minute)
		h.fail(nil)
		r.stop()
		if got := h.len(); got != 48 {
			t.Errorf("%d samples stored of 481 s, want 48", got)
		}
		for what, want := range map[string]int{"cannot be stored": 2, "stored again": 2, "level=": 4} {
			if got := strings.Count(r.log.String(), what); got != want {
				t.Errorf("%q is logged %d times, want %d:\n%s", what, got, want, r.log)
			}
		}
	})
}

func TestNoMoreThanAnHourIsKeptInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &shelf{err: errors.New("disk full")}
		r := record(t, calm(), h)
		pass(90*time.Minute + time.Second)
		h.fail(nil)
		got := r.offsets(r.points(t))
		if len(got) != 360 || got[0] != 30*60+10 || got[359] != 90*60 {
			t.Errorf("%d points from %d to %d s", len(got), got[0], got[len(got)-1])
		}
		r.stop()
	})
}

func TestWhatIsNotSeenIsNotRecorded(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	tests := map[string]struct {
		during func(s *scene) // from second 25 to 55
		want   []int
	}{
		"all is well":              {func(*scene) {}, []int{10, 20, 30, 40, 50, 60, 70}},
		"no reading was ever made": {func(s *scene) { s.reading = job.Reading{} }, []int{10, 20, 30, 60, 70}},
		// A reading may be ten seconds old.
		"the reading has stopped":         {func(s *scene) { s.reading.At, s.stale = time.Now(), true }, []int{10, 20, 30, 40, 60, 70}},
		"the line cannot tell its length": {func(s *scene) { s.err = broken }, []int{10, 20, 30, 40, 50, 60, 70}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := calm()
				s.counts = map[job.State]int{job.Queued: 3}
				r := record(t, s, &shelf{})
				pass(25 * time.Second)
				s.set(tt.during)
				pass(30 * time.Second)
				s.set(func(s *scene) {
					s.reading, s.stale, s.err = calm().reading, false, nil
				})
				pass(20 * time.Second)
				got := r.points(t)
				if diff := cmp.Diff(tt.want, r.offsets(got)); diff != "" {
					t.Errorf("points (-want +got):\n%s", diff)
				}
				for _, p := range got {
					if p.Depth != 3 {
						t.Errorf("a depth of %d at %s", p.Depth, p.At)
					}
				}
				r.stop()
			})
		})
	}
}

func TestASleepIsAGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := calm()
		r := record(t, s, &shelf{})
		pass(25 * time.Second)
		// The machine falls asleep under the look of second 26. The next one
		// comes as soon as it wakes.
		s.set(func(s *scene) { s.asleep = 15 * time.Minute })
		pass(15*time.Minute + 20*time.Second)
		if got := r.offsets(r.points(t)); !cmp.Equal(got, []int{10, 20, 26, 934, 944}) {
			t.Errorf("points at %v", got)
		}
		r.stop()
	})
}

func TestPointsAreWhatIsStoredAndWhatIsNotYet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &shelf{}
		r := record(t, calm(), h)
		pass(95 * time.Second)
		var points []job.Sample
		since := r.begin
		for after, want := range map[time.Duration][]int{
			40 * time.Second: {40, 50, 60, 70, 80, 90},
			75 * time.Second: {80, 90},
			90 * time.Second: {90},
			91 * time.Second: nil,
		} {
			got, err := r.Points(t.Context(), since.Add(after), 0)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, r.offsets(got)); diff != "" {
				t.Errorf("points after %s (-want +got):\n%s", after, diff)
			}
			points = append(points, got...)
		}
		// One was stored between the two looks.
		h.samples = append(h.samples, points[len(points)-1])
		if got := r.offsets(r.points(t)); !cmp.Equal(got, []int{10, 20, 30, 40, 50, 60, 70, 80, 90}) {
			t.Errorf("points at %v", got)
		}
		h.fail(errors.New("locked"))
		if _, err := r.Points(t.Context(), since, 0); err == nil {
			t.Error("no error from a history that cannot be read")
		}
		h.fail(nil)
		r.stop()
	})
}

func TestNobodyNeedsAnEngine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, h := calm(), &shelf{}
		r := board.NewRecorder(board.RecorderDeps{Machine: s, Counts: s.Counts, History: h, Log: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithTimeout(t.Context(), 11*time.Second)
		defer cancel()
		if err := r.Run(ctx); err != nil || h.len() != 1 || h.samples[0].Engine != 0 {
			t.Errorf("%+v, %v", h.samples, err)
		}
	})
}

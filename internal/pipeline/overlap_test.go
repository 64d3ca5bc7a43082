package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/pipeline"
)

// Warm implements pipeline.Transcriber.
func (b *bench) Warm(context.Context, string) error { return nil }

// stream is a bench whose sound comes a second of it per second, and whose
// engine says a span as soon as its sound is there.
type stream struct {
	*bench
	seconds int           // of sound
	fails   error         // of the extraction, after a third of it
	chokes  error         // of the engine, after its first span
	changes int           // the second in which another file is written over the source; 0 = none
	warming time.Duration // how long a model loads
	probing time.Duration // before the sound begins
	reading time.Duration // of the spans that are there
	stated  int           // seconds of sound that the file says it has; 0 = it does not say

	mu      sync.Mutex
	needs   []int64
	reports []job.Progress
	log     []string
	whole   bool
	ended   time.Time // of the extraction
	spoken  time.Time // the first span
}

func newStream(t *testing.T) *stream {
	t.Helper()
	b := newBench(t)
	b.free = 8_000_000_000
	return &stream{bench: b, seconds: 40, stated: 40}
}

func (s *stream) run(ctx context.Context, j job.Job) error {
	p := pipeline.New(pipeline.Deps{
		Sources: s, Extractor: s, Models: s, Transcriber: s, Checkpoints: s, Gate: s, Room: s, Listener: s,
		LanguageModels: s.llm, Translator: s.llm, Summarizer: s.llm,
	}, s.config)
	return p.Run(context.WithValue(ctx, pipelineKey{}, p), job.Lease{ID: j.ID, Token: 1, Owner: "me"}, j, func(p job.Progress) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reports = append(s.reports, p)
	})
}

// pipelineKey lets the played engine find the growing sound, as app has it.
type pipelineKey struct{}

func (s *stream) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, what)
}

func (s *stream) Admit(_ context.Context, n job.Need) job.Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.needs = append(s.needs, n.Bytes)
	return s.verdict
}

func (s *stream) Begin(_ context.Context, _ job.Lease, stage job.Stage) error {
	s.note("begin " + string(stage))
	return nil
}

func (s *stream) Finish(ctx context.Context, l job.Lease, stage job.Stage, key string, body []byte, reused bool, took time.Duration) error {
	s.note("finish " + string(stage))
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bench.Finish(ctx, l, stage, key, body, reused, took)
}

func (s *stream) SetDuration(_ context.Context, _ string, ms int64) error {
	s.note(fmt.Sprintf("%d s long", ms/1000))
	return nil
}

func (s *stream) Spans(ctx context.Context, l job.Lease, key string) ([]pipeline.Span, error) {
	if err := rest(ctx, s.reading); err != nil {
		return nil, err
	}
	return s.bench.Spans(ctx, l, key)
}

func (s *stream) Warm(ctx context.Context, model string) error {
	s.note("warm " + model)
	return rest(ctx, s.warming)
}

func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *stream) Extract(ctx context.Context, req pipeline.ExtractRequest, report func(float64)) (pipeline.Audio, error) {
	s.note("extract")
	defer func() { s.ended = time.Now() }()
	if err := rest(ctx, s.probing); err != nil {
		return pipeline.Audio{}, err
	}
	if req.Sound != nil {
		req.Sound.Begin(int64(s.stated) * 1000)
	}
	for n := range s.seconds {
		if err := rest(ctx, time.Second); err != nil {
			return pipeline.Audio{}, err
		}
		if s.changes > 0 && n == s.changes {
			s.replace()
		}
		if s.fails != nil && 3*n >= s.seconds {
			return pipeline.Audio{}, s.fails
		}
		if req.Sound != nil {
			req.Sound.Grow(int64(n+1) * 32_000)
		}
		if s.stated > 0 {
			report(min(float64(n+1)/float64(s.stated), 0.99))
		}
	}
	report(1)
	a := pipeline.Audio{Path: req.Out, Bytes: 4, DurationMS: int64(s.seconds) * 1000, Warnings: []job.Warning{{Code: "partial_audio"}}}
	return a, os.WriteFile(req.Out, []byte("pcm!"), 0o600)
}

func (s *stream) replace() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.source = fault.New(fault.SourceChanged, "another file", nil)
}

func (s *stream) Look(context.Context, job.Source) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source
}

func (s *stream) Transcribe(ctx context.Context, req pipeline.TranscribeRequest, w pipeline.Watch) error {
	s.note("transcribe")
	sound := ctx.Value(pipelineKey{}).(*pipeline.Pipeline).Growing(req.Audio.Path)
	said := 0
	for _, span := range s.spans {
		if span.FromMS < req.FromMS {
			continue
		}
		if sound != nil {
			if _, _, err := sound.Await(ctx, span.ToMS*32); err != nil {
				return err
			}
		}
		if said == 0 {
			s.spoken = time.Now()
		}
		if said++; said > 1 && s.chokes != nil {
			return s.chokes
		}
		w.Progress(float64(span.ToMS) / float64(s.seconds*1000))
		if err := w.Span(span); err != nil {
			return err
		}
	}
	if sound != nil {
		_, whole, err := sound.Await(ctx, 1<<40)
		s.whole = whole
		return err
	}
	return nil
}

func TestTheFirstWordsComeBeforeTheSoundIsWhole(t *testing.T) {
	t.Parallel()
	sequential := newBench(t)
	if err := sequential.run(aJob("a")); err != nil {
		t.Fatal(err)
	}
	s := newStream(t)
	synctest.Test(t, func(t *testing.T) {
		if err := s.run(t.Context(), aJob("a")); err != nil {
			t.Fatal(err)
		}
	})
	if early := s.ended.Sub(s.spoken); early != 30*time.Second {
		t.Errorf("the first span came %v before the end of the extraction, want 30 s", early)
	}
	if d := cmp.Diff(sequential.transcripts, s.transcripts); d != "" {
		t.Errorf("the transcript is another one than that of one after the other: -want +got\n%s", d)
	}
	if d := cmp.Diff(keys(sequential.finished), keys(s.finished)); d != "" {
		t.Errorf("what was found out is kept under other keys: -want +got\n%s", d)
	}
	if len(s.warnings) != 1 || s.warnings[0].Code != "partial_audio" {
		t.Errorf("what was wrong with the sound is lost: %+v", s.warnings)
	}
	want := []string{"begin extract", "extract", "warm /tiny.bin", "transcribe", "40 s long", "begin transcribe", "40 s long", "finish extract", "finish transcribe"}
	if d := cmp.Diff(want, s.log); d != "" {
		t.Errorf("order -want +got\n%s", d)
	}
	if d := cmp.Diff([]int64{1_000_000_000 + 160<<20}, s.needs); d != "" {
		t.Errorf("the gate was asked for -want +got\n%s", d)
	}
	if d := cmp.Diff([]time.Duration{40 * time.Second, 0}, s.took); d != "" {
		t.Errorf("waiting for sound is taken for work: -want +got\n%s", d)
	}
	s.wantProgress()
}

// wantProgress wants one stage to be reported after the other, and each to rise.
func (s *stream) wantProgress() {
	s.t.Helper()
	var stages []job.Stage
	last := -1.0
	for _, p := range s.reports {
		if len(stages) == 0 || stages[len(stages)-1] != p.Stage {
			stages, last = append(stages, p.Stage), -1
		}
		if p.Fraction < last {
			s.t.Errorf("progress of %s falls from %v to %v", p.Stage, last, p.Fraction)
		}
		last = p.Fraction
	}
	if d := cmp.Diff([]job.Stage{job.Extract, job.Transcribe}, stages); d != "" {
		s.t.Errorf("stages that were reported: -want +got\n%s", d)
	}
}

func TestTheSearchForTheSoundIsNoPartOfTheWaitForIt(t *testing.T) {
	t.Parallel()
	s := newStream(t)
	s.probing, s.warming = 30*time.Second, 50*time.Second // the sound is whole before the model is there
	synctest.Test(t, func(t *testing.T) {
		if err := s.run(t.Context(), aJob("a")); err != nil {
			t.Fatal(err)
		}
	})
	if d := cmp.Diff([]time.Duration{70 * time.Second, 50 * time.Second}, s.took); d != "" {
		t.Errorf("the stages took -want +got\n%s", d)
	}
}

func TestTheTrueLengthIsTheLastThatIsStored(t *testing.T) {
	t.Parallel()
	for name, reading := range map[string]time.Duration{"who listens is quick": 0, "who listens comes late": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStream(t)
			s.stated, s.reading = 50, reading
			synctest.Test(t, func(t *testing.T) {
				if err := s.run(t.Context(), aJob("a")); err != nil {
					t.Fatal(err)
				}
			})
			s.wantLengths("50 s long", "40 s long")
		})
	}
}

func (s *stream) wantLengths(want ...string) {
	s.t.Helper()
	var stored []string
	for _, what := range s.log {
		if strings.HasSuffix(what, " s long") {
			stored = append(stored, what)
		}
	}
	if d := cmp.Diff(want, stored); d != "" {
		s.t.Errorf("lengths -want +got\n%s", d)
	}
}

func TestWordsComeEarlyAlsoWhenNobodyKnowsTheLength(t *testing.T) {
	t.Parallel()
	sequential := newBench(t)
	if err := sequential.run(aJob("a")); err != nil {
		t.Fatal(err)
	}
	s := newStream(t)
	s.stated = 0
	synctest.Test(t, func(t *testing.T) {
		if err := s.run(t.Context(), aJob("a")); err != nil {
			t.Fatal(err)
		}
	})
	if early := s.ended.Sub(s.spoken); early != 30*time.Second {
		t.Errorf("the first span came %v before the end of the extraction, want 30 s", early)
	}
	if d := cmp.Diff(sequential.transcripts, s.transcripts); d != "" {
		t.Errorf("the transcript is another one than that of one after the other: -want +got\n%s", d)
	}
	s.wantLengths("40 s long")
	s.wantProgress()
}

func TestAfterAFailureEachHasItsTurn(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*job.Job){
		"a crash":            func(j *job.Job) { j.Crashes = 1 },
		"an error":           func(j *job.Job) { j.Attempts = 1 },
		"a death of the app": func(j *job.Job) { j.Deaths = 1 },
	}
	for name, count := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStream(t)
			s.fails = fault.New(fault.FFmpegCrashed, "crashed", nil)
			j := aJob("a")
			synctest.Test(t, func(t *testing.T) {
				if err := s.run(t.Context(), j); !fault.Is(err, fault.FFmpegCrashed) {
					t.Errorf("err = %v", err)
				}
				if !slices.Contains(s.log, "begin transcribe") {
					t.Errorf("it did not crash in an overlap: %v", s.log)
				}
				count(&j)
				s.log = nil
				if err := s.run(t.Context(), j); !fault.Is(err, fault.FFmpegCrashed) {
					t.Errorf("err = %v", err)
				}
			})
			// Its stage is that of the failure, and no new span forgives it.
			if d := cmp.Diff([]string{"begin extract", "extract"}, s.log); d != "" {
				t.Errorf("the second try: -want +got\n%s", d)
			}
			s.fails, s.log = nil, nil
			synctest.Test(t, func(t *testing.T) {
				if err := s.run(t.Context(), j); err != nil {
					t.Fatal(err)
				}
			})
			for _, stored := range s.stored {
				if d := cmp.Diff(s.spans, stored); d != "" {
					t.Errorf("the first span is not gone on from: -want +got\n%s", d)
				}
			}
		})
	}
}

func keys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func TestWithoutRoomForBothEachHasItsTurn(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*stream){
		"the sum does not fit":     func(s *stream) { s.free = 1_100_000_000 },
		"what is free is not told": func(s *stream) { s.free = -1 },
	}
	for name, set := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStream(t)
			set(s)
			synctest.Test(t, func(t *testing.T) {
				if err := s.run(t.Context(), aJob("a")); err != nil {
					t.Fatal(err)
				}
			})
			want := []string{"begin extract", "extract", "40 s long", "finish extract", "begin transcribe", "transcribe", "finish transcribe"}
			if d := cmp.Diff(want, s.log); d != "" {
				t.Errorf("order -want +got\n%s", d)
			}
			if d := cmp.Diff([]int64{160 << 20, 1_000_000_000}, s.needs); d != "" {
				t.Errorf("the gate was asked for -want +got\n%s", d)
			}
		})
	}
}

func TestWhatGoesWrongInAnOverlap(t *testing.T) {
	t.Parallel()
	damaged := fault.New(fault.FileDamaged, "damaged", nil)
	tests := map[string]struct {
		set    func(*stream)
		want   func(error) bool
		spans  int
		sound  bool // its checkpoint is there
		within time.Duration
	}{
		"the extraction fails: its fault, and the spans are kept": {
			func(s *stream) { s.fails = damaged }, func(err error) bool { return fault.Is(err, fault.FileDamaged) }, 1, false, 21 * time.Second,
		},
		"ffmpeg crashes after the first words": {
			func(s *stream) { s.fails = fault.New(fault.FFmpegCrashed, "crashed", nil) }, func(err error) bool { return fault.Is(err, fault.FFmpegCrashed) }, 1, false, 21 * time.Second,
		},
		"another file is written over the source: what was heard before it is kept": {
			func(s *stream) { s.changes = 15 }, func(err error) bool { return fault.Is(err, fault.SourceChanged) }, 1, false, 41 * time.Second,
		},
		"it fails while the model loads": {
			func(s *stream) { s.fails, s.warming = damaged, time.Hour }, func(err error) bool { return fault.Is(err, fault.FileDamaged) }, 0, false, 21 * time.Second,
		},
		"the engine dies: the sound is finished for the next attempt": {
			func(s *stream) { s.chokes = fault.New(fault.EngineCrashed, "died", nil) }, func(err error) bool { return fault.Is(err, fault.EngineCrashed) }, 1, true, 40 * time.Second,
		},
		"it dies for want of memory": {
			func(s *stream) { s.chokes = fault.New(fault.EngineOutOfMemory, "died", nil) },
			func(err error) bool { var dead *job.Starved; return errors.As(err, &dead) }, 1, true, 40 * time.Second,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStream(t)
			tt.set(s)
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				err := s.run(t.Context(), aJob("a"))
				if !tt.want(err) {
					t.Errorf("err = %v", err)
				}
				if took := time.Since(began); took > tt.within {
					t.Errorf("took %v, want at most %v", took, tt.within)
				}
			})
			spans := 0
			for _, stored := range s.stored {
				spans += len(stored)
			}
			if spans != tt.spans || (len(s.finished) == 1) != tt.sound {
				t.Errorf("%d spans and %d checkpoints are stored", spans, len(s.finished))
			}
		})
	}
}

func TestACancelStopsBothSides(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"while the model loads": time.Second, "between two spans": 15 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStream(t)
			s.warming = 2 * time.Second
			why := errors.New("somebody wants the machine")
			synctest.Test(t, func(t *testing.T) { // it fails when a goroutine stays behind
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(after, func() { cancel(why) })
				began := time.Now()
				if err := s.run(ctx, aJob("a")); !errors.Is(err, why) {
					t.Errorf("err = %v", err)
				}
				if time.Since(began) != after {
					t.Errorf("stopped after %v, want at once after %v", time.Since(began), after)
				}
			})
		})
	}
}

func TestAfterAStopTheSoundIsMadeAgainAndTheSpansGoOn(t *testing.T) {
	t.Parallel()
	s := newStream(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, kill := context.WithCancel(t.Context())
		time.AfterFunc(15*time.Second, kill)
		if err := s.run(ctx, aJob("a")); err == nil {
			t.Fatal("it came to its end")
		}
		s.log, s.reports = nil, nil
		if err := s.run(t.Context(), aJob("a")); err != nil {
			t.Fatal(err)
		}
	})
	s.wantProgress()
	for _, stored := range s.stored {
		if d := cmp.Diff(s.spans, stored); d != "" {
			t.Errorf("spans -want +got\n%s", d)
		}
	}
	if slices.Index(s.log, "extract") < 0 || !s.whole {
		t.Errorf("the second run did %v", s.log)
	}
}

func TestAPanicBesideTheExtractionIsThatOfTheJob(t *testing.T) {
	t.Parallel()
	s := newStream(t)
	s.spans = append([]pipeline.Span{{ToMS: 1}}, s.spans...)
	s.bench.stored = nil // the first span writes into it
	synctest.Test(t, func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("it got lost")
			}
		}()
		_ = s.run(t.Context(), aJob("a"))
	})
}

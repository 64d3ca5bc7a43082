package pipeline_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
)

func TestARetryDoesAnewWhatItWasAskedFor(t *testing.T) {
	t.Parallel()
	fresh := func(stages ...job.Stage) map[job.Stage]int {
		asked := map[job.Stage]int{}
		for _, s := range stages {
			asked[s]++
		}
		return asked
	}
	tests := map[string]struct {
		change         func(*job.Job)
		extracts, runs int
	}{
		"nothing, and finds it all":              {func(*job.Job) {}, 1, 1},
		"the words, from the sound there is":     {func(j *job.Job) { j.Fresh = fresh(job.Transcribe) }, 1, 2},
		"the sound, and the words it makes":      {func(j *job.Job) { j.Fresh = fresh(job.Extract) }, 2, 2},
		"both":                                   {func(j *job.Job) { j.Fresh = fresh(job.Extract, job.Transcribe) }, 2, 2},
		"another model, from the sound there is": {func(j *job.Job) { j.Options.Model = "large" }, 1, 2},
	}
	for name, tt := range tests {
		for _, reuse := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, reuse %v", name, reuse), func(t *testing.T) {
				t.Parallel()
				b := newBench(t)
				j := aJob("a")
				j.Options.Reuse = reuse
				if err := b.run(j); err != nil {
					t.Fatal(err)
				}
				tt.change(&j)
				for range 2 { // the second time it finds what the first has done anew
					if err := b.run(j); err != nil {
						t.Fatal(err)
					}
					if b.extracted != tt.extracts || len(b.transcribed) != tt.runs {
						t.Errorf("extracted %d, transcribed %d times; want %d, %d", b.extracted, len(b.transcribed), tt.extracts, tt.runs)
					}
				}
			})
		}
	}
}

func TestEachRequestToDoAStageAnewCounts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := aJob("a")
	for n := range 3 {
		j.Fresh = map[job.Stage]int{job.Transcribe: n}
		if err := b.run(j); err != nil {
			t.Fatal(err)
		}
	}
	if b.extracted != 1 || len(b.transcribed) != 3 {
		t.Errorf("extracted %d, transcribed %d times", b.extracted, len(b.transcribed))
	}
	if from := b.transcribed[2].FromMS; from != 0 {
		t.Errorf("the last began at %d ms: with the spans of the one before", from)
	}
}

func TestWhatOneJobDoesAnewIsNotDoneAnewForOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	again := aJob("a")
	again.Fresh = map[job.Stage]int{job.Extract: 1}
	if err := errors.Join(b.run(aJob("a")), b.run(again), b.run(aJob("b"))); err != nil {
		t.Fatal(err)
	}
	if b.extracted != 2 || len(b.transcribed) != 2 {
		t.Errorf("extracted %d, transcribed %d times", b.extracted, len(b.transcribed))
	}
}

func TestARetryAfterAFailedTranscriptionDoesNotExtractAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.breakAfter = 0
	for range 3 {
		if err := b.run(aJob("a")); !fault.Is(err, fault.EngineCrashed) {
			t.Fatalf("err = %v", err)
		}
	}
	b.breakAfter = -1
	if err := b.run(aJob("a")); err != nil {
		t.Fatal(err)
	}
	if b.extracted != 1 || len(b.transcribed) != 4 {
		t.Errorf("extracted %d, transcribed %d times", b.extracted, len(b.transcribed))
	}
}

func TestACrashResumesAfterTheLastSpan(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.breakAfter = 1
	if err := b.run(aJob("a")); !fault.Is(err, fault.EngineCrashed) {
		t.Fatalf("err = %v", err)
	}
	b.breakAfter = -1
	if err := b.run(aJob("a")); err != nil {
		t.Fatal(err)
	}
	again := b.transcribed[1]
	if again.FromMS != 10_000 || again.Language != "auto" || again.Spoken != "ko" || b.extracted != 1 {
		t.Errorf("resumed from %d ms in %q after %q, with %d extractions", again.FromMS, again.Language, again.Spoken, b.extracted)
	}
	if n := len(b.transcripts["a"].Segments); n != 3 {
		t.Errorf("%d segments", n)
	}
}

func TestAStopSaysWhereTheNextTryGoesOn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spans int // that were finished before
		hint  string
	}{
		"in the middle":             {1, "The next try goes on at 50 %."},
		"before the first span end": {0, "The next try begins at the start."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.breakAfter, b.breakWith = tt.spans, fault.EngineStopped
			err := b.run(aJob("a"))
			if !fault.Is(err, fault.EngineStopped) || fault.From(err).Hint != tt.hint {
				t.Errorf("ended with %v, hint %q", err, fault.From(err).Hint)
			}
		})
	}
}

func TestAResumedTranscriptionShowsAtOnceHowFarItIs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.breakAfter = 1
	if err := b.run(aJob("a")); !fault.Is(err, fault.EngineCrashed) {
		t.Fatalf("err = %v", err)
	}
	b.breakAfter = 0 // the engine says nothing
	var said []job.Progress
	_ = b.pipeline().Run(t.Context(), job.Lease{ID: "a", Token: 1, Owner: "me"}, aJob("a"), func(p job.Progress) { said = append(said, p) })
	want := []job.Progress{{Stage: job.Transcribe}, {Stage: job.Transcribe, Fraction: 0.5}}
	if d := cmp.Diff(want, said); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestSoundThatWasSweptAwayIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.breakAfter = 0
	if err := b.run(aJob("a")); err == nil {
		t.Fatal("no error")
	}
	if err := os.RemoveAll(b.work); err != nil {
		t.Fatal(err)
	}
	b.breakAfter = -1
	if err := b.run(aJob("a")); err != nil || b.extracted != 2 {
		t.Errorf("err %v after %d extractions", err, b.extracted)
	}
}

func TestSoundThatWasCutShortIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.breakAfter = 0
	if err := b.run(aJob("a")); err == nil {
		t.Fatal("no error")
	}
	if err := os.Truncate(filepath.Join(b.work, "a", "audio.pcm"), 1); err != nil {
		t.Fatal(err)
	}
	b.breakAfter = -1
	if err := b.run(aJob("a")); err != nil || b.extracted != 2 {
		t.Errorf("err %v after %d extractions", err, b.extracted)
	}
}

func TestAFinishedTranscriptNeedsNoSound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.run(aJob("a")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(b.work); err != nil {
		t.Fatal(err)
	}
	if err := b.run(aJob("a")); err != nil || b.extracted != 1 {
		t.Errorf("err %v after %d extractions", err, b.extracted)
	}
}

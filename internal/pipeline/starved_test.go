package pipeline_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
)

func TestADeathForWantOfMemoryIsLearntFromAndSaidWithFigures(t *testing.T) {
	t.Parallel()
	const mb = 1_000_000
	const told = "The speech engine crashed."
	tests := map[string]struct {
		footprint, free, ceiling int64
		say                      string
		need                     int64
	}{
		"others took it": {
			footprint: 600 * mb, free: 700 * mb,
			say:  "The speech engine was stopped because memory ran out: tiny needed 1.0 GB, 700 MB was free.",
			need: 1250 * mb,
		},
		"it took more than was thought": {
			footprint: 1600 * mb, free: 1200 * mb,
			say:  "The speech engine was stopped because memory ran out: tiny needed 1.6 GB, 1.2 GB was free.",
			need: 2000 * mb,
		},
		"what was free is not known":       {footprint: 600 * mb, free: -1, say: told, need: 1250 * mb},
		"what was free contradicts":        {footprint: 600 * mb, free: 5000 * mb, say: told, need: 1250 * mb},
		"figures that read the same":       {footprint: 600 * mb, free: 999_900_000, say: told, need: 1250 * mb},
		"it dies before it says a figure":  {free: -1, say: told, need: 1250 * mb},
		"no more is asked than can be had": {footprint: 600 * mb, free: -1, ceiling: 1300 * mb, say: told, need: 1170 * mb},
		"what let it in lets it in again":  {footprint: 600 * mb, free: -1, ceiling: 1050 * mb, say: told, need: 1000 * mb},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.breakAfter, b.breakWith = 1, fault.EngineOutOfMemory
			b.footprint, b.free, b.ceiling = tt.footprint, tt.free, tt.ceiling
			err := b.run(aJob("a"))
			var s *job.Starved
			if !errors.As(err, &s) || !fault.Is(err, fault.EngineOutOfMemory) {
				t.Fatalf("ended with %v", err)
			}
			if got := fault.From(err).Say; got != tt.say {
				t.Errorf("says %q, want %q", got, tt.say)
			}
			want := job.Need{Stage: job.Transcribe, Model: "tiny", Bytes: tt.need}
			if d := cmp.Diff(want, s.Need); d != "" || s.Smaller != "tinier" {
				t.Errorf("smaller is %q, need -want +got\n%s", s.Smaller, d)
			}
			if len(b.learnt) != 1 {
				t.Errorf("learnt %q", b.learnt)
			}
		})
	}
}

func TestOnlyAFinishedRunIsMeasured(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.footprint, b.breakAfter = 7, 1
	if err := b.run(aJob("a")); !fault.Is(err, fault.EngineCrashed) {
		t.Fatal(err)
	}
	if len(b.learnt) != 0 {
		t.Errorf("learnt %q from a crash", b.learnt)
	}
	b.breakAfter = -1
	for _, id := range []string{"a", "b"} { // the second finds all that the first has made
		if err := b.run(aJob(id)); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]string{"tiny 1 took 7"}, b.learnt); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestWhatCanNeverFitFailsAndNamesWhatDoesForItsLanguage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.verdict = job.Verdict{Never: true, Reason: job.Memory, Text: "needs 9.0 GB, this machine can give 4.0 GB"}
	j := aJob("a")
	j.Options.Language = "ko"
	err := b.run(j)
	if !fault.Is(err, fault.ModelTooLarge) || fault.From(err).Hint != "Take another for ko." {
		t.Errorf("ended with %v, hint %q", err, fault.From(err).Hint)
	}
}

package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/pipeline"
)

// Fetch is that of a web on which every address leads to the content "f", which
// is also that of aJob.
func (b *bench) Fetch(_ context.Context, s job.Source, dir string, began func() error, report func(done, total int64)) (job.Source, error) {
	b.fetched = append(b.fetched, s.Fingerprint)
	if b.away != nil && !b.broken {
		return s, b.away
	}
	if s.Path == "" {
		if err := began(); err != nil {
			return s, err
		}
		report(1, 2)
	}
	if b.away != nil {
		return s, b.away
	}
	s.Path, s.Name, s.Fingerprint, s.Size = dir+"/source.mp4", "Monday.mp4", "f", 7
	return s, nil
}

func (b *bench) SetSource(_ context.Context, l job.Lease, s job.Source, title string) error {
	b.settled[l.ID] = title + " of " + s.Fingerprint
	return nil
}

func webJob(id string) job.Job {
	j := aJob(id)
	j.Title = "a.mp4"
	j.Source = job.Source{Kind: job.FromURL, URL: "https://media.example.com/a.mp4", Name: "a.mp4", Fingerprint: "url"}
	return j
}

func TestASourceOnTheWebIsFetchedAsAPartOfExtract(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var told []float64
	err := b.pipeline().Run(t.Context(), job.Lease{ID: "a", Token: 1}, webJob("a"), func(p job.Progress) {
		if p.Stage == job.Extract {
			told = append(told, p.Fraction)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"begin extract", "finish extract", "begin transcribe", "finish transcribe"}, b.history); diff != "" {
		t.Error(diff)
	}
	if !slices.IsSorted(told) || !slices.Contains(told, 0.45) || told[len(told)-1] != 1 {
		t.Errorf("progress of extract: %v", told)
	}
	if b.settled["a"] != "Monday.mp4 of f" || b.opened != 0 {
		t.Errorf("stored %q, opened %d times", b.settled["a"], b.opened)
	}
}

func TestATitleThatWasGivenStays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := webJob("a")
	j.Title = "My talk"
	if err := b.run(j); err != nil {
		t.Fatal(err)
	}
	if b.settled["a"] != "My talk of f" {
		t.Errorf("stored %q", b.settled["a"])
	}
}

func TestContentThatIsKnownIsNotHeardAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.run(aJob("local")); err != nil {
		t.Fatal(err)
	}
	if err := b.run(webJob("web")); err != nil {
		t.Fatal(err)
	}
	if len(b.transcribed) != 1 || b.extracted != 1 || len(b.transcripts["web"].Segments) == 0 {
		t.Errorf("heard %d times, extracted %d times, %d segments", len(b.transcribed), b.extracted, len(b.transcripts["web"].Segments))
	}
	again := webJob("again")
	again.Source.Fingerprint = "f" // as it was stored when it was fetched
	if err := b.run(again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"url"}, b.fetched); diff != "" {
		t.Errorf("what is done needs no source:\n%s", diff)
	}
}

func TestAServerThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	away := fault.New(fault.URLUnreachable, "media.example.com does not answer.", nil)
	patient := *away
	patient.RetryAfterSeconds = 3600
	tests := map[string]struct {
		away        *fault.Fault
		broken      bool
		history     []string
		least, most time.Duration
	}{
		"before anything came":    {away, false, nil, 14 * time.Second, 16 * time.Second},
		"in the middle":           {away, true, []string{"begin extract"}, 14 * time.Second, 16 * time.Second},
		"as long as it has asked": {&patient, false, nil, 59 * time.Minute, 61 * time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.away, b.broken = tt.away, tt.broken
			var w *job.Wait
			if err := b.run(webJob("a")); !errors.As(err, &w) || w.Reason != job.NoSource || w.Text != away.Say {
				t.Fatalf("got %v", err)
			}
			if d := time.Until(w.Until); d < tt.least || d > tt.most {
				t.Errorf("asked again in %v", d)
			}
			if diff := cmp.Diff(tt.history, b.history); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAServerThatFailsEndsTheStage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.away = fault.New(fault.URLFailed, "There is no such file.", nil)
	if err := b.run(webJob("a")); !fault.Is(err, fault.URLFailed) {
		t.Errorf("got %v", err)
	}
}

func TestNothingIsFetchedWhileTheGateIsShut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.verdict = job.Verdict{Reason: job.Memory, Text: "needs more"}
	var w *job.Wait
	if err := b.run(webJob("a")); !errors.As(err, &w) || w.Reason != job.Memory || b.settled["a"] != "" {
		t.Errorf("got %v", err)
	}
}

func TestNothingIsFetchedForAJobThatMustWaitAnyway(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.model = fault.New(fault.ModelMissing, "not installed", nil)
	var w *job.Wait
	if err := b.run(webJob("a")); !errors.As(err, &w) || w.Reason != job.NoModel || len(b.fetched) != 0 {
		t.Errorf("got %v, fetched %v", err, b.fetched)
	}
	if w := b.pipeline().Ready(t.Context(), webJob("a")); w == nil || w.Reason != job.NoModel {
		t.Errorf("ready: %v", w)
	}
}

func TestAFileThatWasInTheCloudIsPinnedWhenItIsHere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := aJob("a")
	j.Title, j.Source.Fingerprint = "Monday", "promise"
	b.away = fault.New(fault.SourceMissing, "It is in the cloud.", nil)
	var w *job.Wait
	if err := b.run(j); !errors.As(err, &w) || w.Reason != job.NoSource || w.Text != b.away.Say || b.settled["a"] != "" {
		t.Fatalf("got %v, settled %q", err, b.settled["a"])
	}
	b.away = nil
	if err := b.run(j); err != nil {
		t.Fatal(err)
	}
	if b.settled["a"] != "Monday of f" || b.opened == 0 {
		t.Errorf("settled %q, opened %d times", b.settled["a"], b.opened)
	}
	// Another job of the same file finds what was made of it.
	if err := b.run(aJob("b")); err != nil || len(b.transcribed) != 1 || len(b.fetched) != 2 {
		t.Errorf("%v: heard %d times, fetched %v", err, len(b.transcribed), b.fetched)
	}
}

var _ pipeline.Sources = (*bench)(nil)

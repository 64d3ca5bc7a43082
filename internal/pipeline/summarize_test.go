package pipeline_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

func TestASummaryIsMadeOfTheOriginal(t *testing.T) {
	t.Parallel()
	original := []pipeline.Line{{ID: 1, Text: "하나"}, {ID: 2, Text: "둘", StartMS: 1000}, {ID: 3, Text: "셋", StartMS: 11_000}}
	tests := map[string]struct {
		set      func(*bench, *job.Job)
		language string
		template pipeline.Template
	}{
		"as it comes":           {func(*bench, *job.Job) {}, "ko", pipeline.General},
		"in another language":   {func(_ *bench, j *job.Job) { j.Options.Summary.Language = "en" }, "en", pipeline.General},
		"of a meeting":          {func(_ *bench, j *job.Job) { j.Options.Summary.Template = "meeting" }, "ko", pipeline.Meeting},
		"of a language unknown": {func(b *bench, _ *job.Job) { b.spans[0].Language, b.spans[1].Language = "", "" }, "en", pipeline.General},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			j := summed(aJobInto("a", "ja"))
			tt.set(b, &j)
			if err := b.run(j); err != nil {
				t.Fatal(err)
			}
			want := pipeline.SummarizeRequest{Language: tt.language, Template: tt.template, Lines: original, Done: []pipeline.SummaryPart{}, Model: "gemma3:4b", Context: 4096}
			if d := cmp.Diff([]pipeline.SummarizeRequest{want}, b.llm.summed); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			made := &transcript.Summary{Language: tt.language, Text: "3 lines", CoveragePercent: 99}
			if d := cmp.Diff(made, b.summaries["a"]); d != "" || b.coverage["a"] != 99 || len(b.said()) != 0 {
				t.Errorf("coverage %d, warnings %q, -want +got\n%s", b.coverage["a"], b.said(), d)
			}
		})
	}
}

func TestASummaryGoesOnAtTheNextPart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.llm.breaks, b.llm.fails = 2, fault.New(fault.OllamaCrashed, "It ended.", nil)
	if err := b.run(summed(aJob("a"))); !fault.Is(err, fault.OllamaCrashed) {
		t.Fatal(err)
	}
	b.llm.breaks = -1
	if err := b.run(summed(aJob("a"))); err != nil {
		t.Fatal(err)
	}
	want := []pipeline.SummaryPart{{From: 0, To: 1, Read: 1}, {From: 1, To: 2, Read: 1}}
	if d := cmp.Diff(want, b.llm.summed[1].Done); d != "" || len(b.parts) != 0 {
		t.Errorf("parts of %d are left, done -want +got\n%s", len(b.parts), d)
	}
}

func TestNoUsableSummaryIsAnOutcomeThatARetryTriesAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.llm.nothing = &pipeline.NoSummary{Why: "gemma3:4b gave no answer that can be used", CoveragePercent: 42, Err: errors.New("empty")}
	for n := range 2 {
		if err := b.run(summed(aJob("a"))); err != nil {
			t.Fatal(err)
		}
		if s, ok := b.summaries["a"]; !ok || s != nil || b.coverage["a"] != 42 {
			t.Errorf("saved: %v, %v of %d %%", ok, s, b.coverage["a"])
		}
		if d := cmp.Diff([]string{"no_summary: There is no summary: gemma3:4b gave no answer that can be used."}, b.said()); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
		if b.history[len(b.history)-1] != "finish summarize" || len(b.llm.summed) != n+1 || len(b.llm.released) != n+1 {
			t.Errorf("asked %d times, unloaded %d times: %q", len(b.llm.summed), len(b.llm.released), b.history)
		}
	}
	b.llm.nothing = nil
	if err := b.run(summed(aJob("a"))); err != nil || b.summaries["a"] == nil || len(b.said()) != 0 {
		t.Errorf("err = %v, warnings %q", err, b.said())
	}
}

func TestSilenceIsSummedUpByNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.spans = []pipeline.Span{{ToMS: 20_000}}
	b.llm.away = fault.New(fault.OllamaUnreachable, "x", nil)
	if err := b.run(summed(aJob("a"))); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(b.said(), "no_summary: There is no summary: nothing was said.") || b.llm.looked != 0 {
		t.Errorf("looked %d times, warnings %q", b.llm.looked, b.said())
	}
}

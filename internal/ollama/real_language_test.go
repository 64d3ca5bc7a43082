package ollama_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/ollama"
	"sluice/internal/ollamatest"
	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// amount is how many lines a real server gets: all that was asked for takes a
// minute on a busy machine.
func amount(few, all int) int {
	if os.Getenv("SLUICE_TEST_ALL") != "" {
		return all
	}
	return few
}

// accounted checks that every line is there once, in order, with a text, and
// that those the model made nothing of are as they were and say why.
func accounted(t *testing.T, lines []pipeline.Line, got []pipeline.TranslatedLine) (untranslated int) {
	t.Helper()
	if len(got) != len(lines) {
		t.Fatalf("%d lines of %d", len(got), len(lines))
	}
	for i, l := range got {
		switch {
		case l.ID != lines[i].ID, l.Text == "":
			t.Errorf("line %d: %+v", lines[i].ID, l)
		case l.Untranslated:
			untranslated++
			if l.Text != lines[i].Text || l.Warning == "" {
				t.Errorf("line %d: %+v", l.ID, l)
			}
		}
	}
	return untranslated
}

// A model that nobody trained says nonsense in every way there is.
func TestARealModelThatKnowsNothingLosesNoLine(t *testing.T) {
	t.Parallel()
	s := ollamatest.Start(t)
	s.Create("tiny")
	c := client(t, ollama.Config{Host: s.Host, Threads: 1})
	m, err := c.Model(t.Context(), "tiny", 1024)
	if err != nil || m.Name != "tiny:latest" || m.Context != 1024 || m.Digest == "" || m.NeedBytes < 400_000 {
		t.Errorf("Model() = %+v, %v", m, err)
	}
	req := pipeline.TranslateRequest{From: "en", Model: "tiny", Context: amount(1024, 2048), Lines: talkOf(amount(4, 80))}
	for _, to := range []string{"ko", "de"} {
		began := time.Now()
		var used pipeline.Usage
		req.To = to
		got := translate(t, c, req, func(u pipeline.Usage) { used = u })
		t.Logf("into %s: %d of %d lines stay as they were; %+v in %v", to, accounted(t, req.Lines, got), len(got), used, time.Since(began))
	}
	// All questions had the same context: the model was loaded once.
	if loaded, err := c.Running(t.Context()); err != nil || len(loaded) != 1 || loaded[0].Context != req.Context {
		t.Errorf("Running() = %+v, %v", loaded, err)
	}
}

func TestARealServerThatIsKilledCostsOneBatch(t *testing.T) {
	t.Parallel()
	first := ollamatest.Start(t)
	first.Create("tiny")
	req := pipeline.TranslateRequest{From: "en", To: "ko", Model: "tiny", Context: 640, Lines: talkOf(7)}
	var once sync.Once
	err := client(t, ollama.Config{Host: first.Host, Threads: 1}).Translate(t.Context(), req, pipeline.TranslateWatch{
		Batch: func(lines []pipeline.TranslatedLine) error { req.Done = append(req.Done, lines...); return nil },
		Usage: func(pipeline.Usage) {
			if len(req.Done) > 0 {
				once.Do(func() { go first.Kill() }) // while it answers the next question
			}
		},
	})
	if err == nil {
		t.Fatal("the death of the server was not noticed")
	}
	f := fault.From(err)
	if f.Code != fault.OllamaCrashed && f.Code != fault.OllamaUnreachable || len(req.Done) == 0 || len(req.Done) == len(req.Lines) {
		t.Fatalf("Translate(): %v with %d lines done", err, len(req.Done))
	}
	if f.Code == fault.OllamaCrashed && !f.Crash() {
		t.Error("the death of a process is not counted as one")
	}

	second := ollamatest.Start(t)
	second.Create("tiny")
	rest := translate(t, client(t, ollama.Config{Host: second.Host, Threads: 1}), req, nil)
	accounted(t, req.Lines, append(slices.Clone(req.Done), rest...))
}

// sound says whether a summary is one, or the error is the outcome without one.
func honest(t *testing.T, o outcome) {
	t.Helper()
	var none *pipeline.NoSummary
	switch {
	case errors.As(o.err, &none):
		if diff := cmp.Diff(transcript.Summary{}, o.made); diff != "" || none.CoveragePercent < 0 || none.CoveragePercent > 100 {
			t.Errorf("without a summary there is %s, coverage %d", diff, none.CoveragePercent)
		}
	case o.err != nil:
		t.Errorf("Summarize(): %v", o.err)
	case o.made.Title == "" || o.made.Text == "" || o.made.CoveragePercent < 50 || o.made.CoveragePercent > 100:
		t.Errorf("Summarize() = %+v", o.made)
	}
}

func TestARealModelThatKnowsNothingMakesNothingUp(t *testing.T) {
	t.Parallel()
	if amount(0, 1) == 0 {
		t.Skip("SLUICE_TEST_ALL is not set: this takes some seconds")
	}
	s := ollamatest.Start(t)
	s.Create("tiny")
	c := client(t, ollama.Config{Host: s.Host, Threads: 1})
	for _, lines := range []int{5, 200} {
		began := time.Now()
		o := summarize(t, c, pipeline.SummarizeRequest{Language: "ko", Model: "tiny", Context: 3072, Lines: talkOf(lines)})
		honest(t, o)
		t.Logf("%d lines: %v, %d parts, %+v in %v", lines, o.err, len(o.parts), o.used, time.Since(began))
	}
}

// This one has learned to tell stories, in English.
func TestARealModelWithASmallContext(t *testing.T) {
	t.Parallel()
	s := ollamatest.Start(t)
	s.Copy("stories", "models/stories260K.gguf")
	c := client(t, ollama.Config{Host: s.Host, Threads: 1})
	if m, err := c.Model(t.Context(), "stories", 8192); err != nil || m.Context != 2048 { // what it says of itself
		t.Errorf("Model() = %+v, %v", m, err)
	}
	lines := make([]pipeline.Line, amount(5, 200))
	for i := range lines {
		lines[i] = pipeline.Line{ID: i + 1, StartMS: int64(i) * 2000, Text: fmt.Sprintf("Lily went to the park %d times with her mom.", i)}
	}
	var used pipeline.Usage
	began := time.Now()
	got := translate(t, c, pipeline.TranslateRequest{From: "en", To: "de", Model: "stories", Context: 512, Lines: lines}, func(u pipeline.Usage) { used = u })
	t.Logf("%q", got[0].Text)
	t.Logf("%d of %d lines stay as they were; %+v in %v", accounted(t, lines, got), len(got), used, time.Since(began))
	o := summarize(t, c, pipeline.SummarizeRequest{Language: "en", Model: "stories", Context: 512, Lines: lines})
	honest(t, o)
	t.Logf("%+v, %v; %+v", o.made, o.err, o.used)
}

// The server is asked the way that shows what it does by itself.
func TestARealServerDoesWhatItIsTold(t *testing.T) {
	t.Parallel()
	s := ollamatest.Start(t)
	s.Create("tiny")
	c := client(t, ollama.Config{Host: s.Host, Threads: 1})
	var used pipeline.Usage
	line := pipeline.Line{ID: 1, Text: "It is one long line of many words that no model can read with so small a context, and so it has to stay as it is, whatever anybody may say or do about it; and it goes on, and on, and on, until it really has become far too long for that."}
	got := translate(t, c, pipeline.TranslateRequest{To: "ko", Model: "tiny", Context: 256, Lines: []pipeline.Line{line}}, func(u pipeline.Usage) { used = u })
	if !got[0].Untranslated || got[0].Text != line.Text {
		t.Errorf("%+v after %+v", got, used)
	}
	if err := c.Pull(t.Context(), "no/such model", nil); !fault.Is(err, fault.ModelUnknown) {
		t.Errorf("Pull() of a name that is none: %v", err)
	}
	if err := c.Translate(t.Context(), pipeline.TranslateRequest{To: "ko", Model: "nobody", Lines: talkOf(1)}, pipeline.TranslateWatch{}); !fault.Is(err, fault.ModelMissing) {
		t.Errorf("a model that is not there: %v", err)
	}
}

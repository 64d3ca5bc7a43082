package pipeline_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

func TestATranslationHasTheTimesOfTheTranscript(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.spans[0].Segments[0].Words = []transcript.Word{{EndMS: 900, Text: "하나"}}
	b.spans[0].Segments = slices.Insert(b.spans[0].Segments, 1, transcript.Segment{StartMS: 900, EndMS: 1000, Text: " "})
	b.llm.spoilt = []int{3}
	if err := b.run(aJobInto("a", "en")); err != nil {
		t.Fatal(err)
	}
	want := transcript.Transcript{Language: "en", Complete: true, Segments: []transcript.Segment{
		{ID: 1, StartMS: 0, EndMS: 900, Text: "en 하나"},
		{ID: 2, StartMS: 900, EndMS: 1000},
		{ID: 3, StartMS: 1000, EndMS: 2000, Text: "둘", Untranslated: true},
		{ID: 4, StartMS: 11_000, EndMS: 12_000, Text: "en 셋"},
	}}
	if d := cmp.Diff(want, b.languages["a en"]); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if got, want := b.lines["a en"], (job.Lines{Done: 2, Total: 3}); got != want || len(b.llm.made) != 3 {
		t.Errorf("lines are %+v, translated %q", got, b.llm.made)
	}
	if d := cmp.Diff([]string{"untranslated: 1 of 3 lines could not be translated to en and stays as it was."}, b.said()); d != "" {
		t.Errorf("warnings -want +got\n%s", d)
	}
	b.llm.spoilt = []int{1, 3}
	if err := b.run(aJobInto("a", "ja")); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"untranslated: 2 of 3 lines could not be translated to ja and stay as they were."}, b.said()); d != "" {
		t.Errorf("warnings -want +got\n%s", d)
	}
}

func TestATranslatorIsToldAllThatHelps(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := aJobInto("a", "en")
	j.Title = "Counting"
	j.Options.Register = "polite"
	j.Options.Glossary = []job.Term{
		{From: "ko", To: "en", Term: "하나", Translation: "One"},
		{To: "EN", Term: "둘", Translation: "Two"},
		{From: "ja", To: "en", Term: "二", Translation: "Two"},
		{To: "ja", Term: "셋", Translation: "三"},
	}
	if err := b.run(j); err != nil {
		t.Fatal(err)
	}
	want := pipeline.TranslateRequest{
		From: "ko", To: "en", Title: "Counting", Register: pipeline.Polite, Model: "gemma3:4b", Context: 4096,
		Lines:    []pipeline.Line{{ID: 1, Text: "하나"}, {ID: 2, Text: "둘", StartMS: 1000}, {ID: 3, Text: "셋", StartMS: 11_000}},
		Done:     []pipeline.TranslatedLine{},
		Glossary: []pipeline.Term{{From: "하나", To: "One"}, {From: "둘", To: "Two"}},
	}
	if d := cmp.Diff([]pipeline.TranslateRequest{want}, b.llm.asked); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestTheNameOfAFileIsNoTitle(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{"v.mp4": "", "v": "", "": "", "My v": "My v"} {
		b := newBench(t)
		j := summed(aJobInto("a", "en"))
		j.Source.Name, j.Title = "v.mp4", title
		if err := b.run(j); err != nil {
			t.Fatal(err)
		}
		if b.llm.asked[0].Title != want || b.llm.summed[0].Title != want {
			t.Errorf("of %q they are told %q and %q", title, b.llm.asked[0].Title, b.llm.summed[0].Title)
		}
	}
}

func TestWhatIsInTheLanguageAlreadyIsNotTranslated(t *testing.T) {
	t.Parallel()
	mixed := func(b *bench) { b.spans[1].Language = "en" } // its one line; the others are Korean
	tests := map[string]struct {
		set    func(*bench)
		to     string
		looked bool
		from   string
		lines  []string
		want   []string
	}{
		"all of it":            {func(*bench) {}, "KO", false, "", nil, []string{"하나", "둘", "셋"}},
		"a part of it":         {mixed, "en", true, "ko", []string{"하나", "둘"}, []string{"en 하나", "en 둘", "셋"}},
		"all but a part of it": {mixed, "ko", true, "", []string{"셋"}, []string{"하나", "둘", "ko 셋"}},
		"nothing":              {mixed, "ja", true, "ko", []string{"하나", "둘", "셋"}, []string{"ja 하나", "ja 둘", "ja 셋"}},
		"nothing was said":     {func(b *bench) { b.spans = []pipeline.Span{{ToMS: 20_000}} }, "en", false, "", nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			tt.set(b)
			if err := b.run(aJobInto("a", tt.to)); err != nil {
				t.Fatal(err)
			}
			var asked []string
			for _, req := range b.llm.asked {
				if req.From != tt.from {
					t.Errorf("translated from %q", req.From)
				}
				for _, l := range req.Lines {
					asked = append(asked, l.Text)
				}
			}
			if d := cmp.Diff(tt.lines, asked); d != "" || (b.llm.looked > 0) != tt.looked {
				t.Errorf("looked %d times, asked for -want +got\n%s", b.llm.looked, d)
			}
			made := b.languages["a "+tt.to]
			var got []string
			for _, s := range made.Segments {
				got = append(got, s.Text)
			}
			if d := cmp.Diff(tt.want, got); d != "" || !made.Complete || b.lines["a "+tt.to].Done != len(tt.want) {
				t.Errorf("complete: %v, %+v, -want +got\n%s", made.Complete, b.lines["a "+tt.to], d)
			}
			if !slices.Contains(b.history, "begin translate") || slices.ContainsFunc(b.said(), func(s string) bool { return strings.HasPrefix(s, "untranslated") }) {
				t.Errorf("%q, %q", b.history, b.said())
			}
		})
	}
}

func TestATranslationCanBeReadWhileItIsMade(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.llm.breaks, b.llm.fails = 2, fault.New(fault.OllamaCrashed, "It ended.", nil)
	if err := b.run(aJobInto("a", "en")); !fault.Is(err, fault.OllamaCrashed) {
		t.Fatal(err)
	}
	want := transcript.Transcript{Language: "en", Segments: []transcript.Segment{
		{ID: 1, StartMS: 0, EndMS: 900, Text: "en 하나"}, {ID: 2, StartMS: 1000, EndMS: 2000, Text: "en 둘"},
	}}
	if d := cmp.Diff(want, b.languages["a en"]); d != "" || b.lines["a en"] != (job.Lines{Done: 2, Total: 3}) {
		t.Errorf("%+v, -want +got\n%s", b.lines["a en"], d)
	}
	if len(b.said()) != 0 {
		t.Errorf("what is not done yet is no trouble: %q", b.said())
	}
}

func TestATranslationGoesOnAtTheNextBatch(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.llm.fails = fault.New(fault.OllamaCrashed, "It ended.", nil)
	for _, after := range []int{1, 0, 1, 2} { // the third goes over into the second language
		b.llm.breaks = after
		if err := b.run(aJobInto("a", "en", "ja")); !fault.Is(err, fault.OllamaCrashed) {
			t.Fatal(err)
		}
	}
	b.llm.breaks = -1
	if err := b.run(aJobInto("a", "en", "ja")); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"en 하나", "en 둘", "en 셋", "ja 하나", "ja 둘", "ja 셋"}, b.llm.made); d != "" {
		t.Errorf("translated -want +got\n%s", d)
	}
	if len(b.transcribed) != 1 || len(b.parts) != 0 {
		t.Errorf("heard %d times, parts of %d are left", len(b.transcribed), len(b.parts))
	}
}

func TestALanguageThatIsDoneStaysWhenTheNextOneFails(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.llm.spoilt = []int{1}
	b.llm.breaks, b.llm.fails = 4, fault.New(fault.OllamaCrashed, "It ended.", nil)
	if err := b.run(aJobInto("a", "en", "ja")); !fault.Is(err, fault.OllamaCrashed) {
		t.Fatal(err)
	}
	if !b.languages["a en"].Complete || b.languages["a ja"].Complete {
		t.Errorf("complete: en %v, ja %v", b.languages["a en"].Complete, b.languages["a ja"].Complete)
	}
	// Everything that was known is said again, though the model is not even let in.
	b.refuses, b.verdict = job.Translate, job.Verdict{Reason: job.Memory, Text: "needs more"}
	clear(b.languages)
	if err := b.run(aJobInto("a", "en", "ja")); err == nil {
		t.Fatal("no error")
	}
	if d := cmp.Diff([]string{"untranslated: 1 of 3 lines could not be translated to en and stays as it was."}, b.said()); d != "" || !b.languages["a en"].Complete {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestATranslationThatIsThereIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	fresh := func(stage job.Stage) func(*bench, *job.Job) {
		return func(_ *bench, j *job.Job) { j.Fresh = map[job.Stage]int{stage: 1} }
	}
	tests := map[string]struct {
		change     func(*bench, *job.Job)
		made, sums int // in all
	}{
		"the same job":      {func(*bench, *job.Job) {}, 3, 1},
		"another job":       {func(_ *bench, j *job.Job) { j.ID = "b" }, 3, 1},
		"one more language": {func(_ *bench, j *job.Job) { j.Options.TranslateTo = []string{"ja", "en"} }, 6, 1},
		"another model":     {func(b *bench, _ *job.Job) { b.llm.digest = "d2" }, 6, 2},
		"another context":   {func(b *bench, _ *job.Job) { b.config.Context = 2048 }, 3, 2},
		"another register":  {func(_ *bench, j *job.Job) { j.Options.Register = "formal" }, 6, 1},
		"another title":     {func(_ *bench, j *job.Job) { j.Title = "Counting" }, 6, 2},
		"a term": {func(_ *bench, j *job.Job) {
			j.Options.Glossary = []job.Term{{To: "en", Term: "하나", Translation: "One"}}
		}, 6, 1},
		"a term of others": {func(_ *bench, j *job.Job) {
			j.Options.Glossary = []job.Term{{To: "ja", Term: "하나", Translation: "一"}}
		}, 3, 1},
		"another template":   {func(_ *bench, j *job.Job) { j.Options.Summary.Template = "meeting" }, 3, 2},
		"summed up in Greek": {func(_ *bench, j *job.Job) { j.Options.Summary.Language = "el" }, 3, 2},
		"other words": {func(b *bench, j *job.Job) {
			j.Options.Model, b.spans[0].Segments[0].Text = "large", "한"
		}, 6, 2},
		"other words of the same text": {func(_ *bench, j *job.Job) { j.Options.BeamSize = 5 }, 3, 1},
		"one that reuses nothing":      {func(_ *bench, j *job.Job) { j.ID, j.Options.Reuse = "b", false }, 6, 2},
		"anew from the sound":          {fresh(job.Extract), 6, 2},
		"anew from the words":          {fresh(job.Transcribe), 6, 2},
		"anew from the translation":    {fresh(job.Translate), 6, 2},
		"anew from the summary":        {fresh(job.Summarize), 3, 2},
		"anew from the delivery":       {fresh(job.Deliver), 3, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			j := summed(aJobInto("a", "en"))
			if err := b.run(j); err != nil {
				t.Fatal(err)
			}
			tt.change(b, &j)
			for range 2 { // the second time it finds what the first has made anew
				clear(b.languages)
				clear(b.summaries)
				if err := b.run(j); err != nil {
					t.Fatal(err)
				}
				if len(b.llm.made) != tt.made || len(b.llm.summed) != tt.sums {
					t.Errorf("translated %d lines, summed up %d times; want %d, %d", len(b.llm.made), len(b.llm.summed), tt.made, tt.sums)
				}
				for _, to := range j.Options.TranslateTo {
					if !b.languages[j.ID+" "+to].Complete {
						t.Errorf("the job has no translation to %s", to)
					}
				}
				if b.summaries[j.ID] == nil || b.coverage[j.ID] != 99 {
					t.Errorf("the job's summary is %v of %d %%", b.summaries[j.ID], b.coverage[j.ID])
				}
			}
			if n := len(b.history); !slices.Contains(b.history[n-4:], "reuse translate") || b.history[n-1] != "reuse summarize" {
				t.Errorf("the last run is not told as one that found all: %q", b.history[n-4:])
			}
		})
	}
}

func TestWhatIsThereLetsNoModelIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := summed(aJobInto("a", "en"))
	if err := b.run(j); err != nil {
		t.Fatal(err)
	}
	b.order = nil
	b.verdict = job.Verdict{Reason: job.Memory, Text: "short"}
	if err := b.run(j); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"begin transcribe", "begin translate", "begin summarize"}, b.order); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestTheProgressOfATranslationIsThatOfAllLanguages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.llm.breaks, b.llm.fails = 1, fault.New(fault.OllamaCrashed, "It ended.", nil)
	if err := b.run(aJobInto("a", "en", "ja")); err == nil {
		t.Fatal("no error")
	}
	b.llm.breaks = -1
	lines := func(languages ...string) (told []float64) {
		j := aJobInto("a", languages...)
		err := b.pipeline().Run(t.Context(), job.Lease{ID: "a", Token: 1, Owner: "me"}, j, func(p job.Progress) {
			if p.Stage == job.Translate {
				told = append(told, p.Fraction*3*float64(len(languages)))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return told
	}
	near := cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })
	if d := cmp.Diff([]float64{0, 1, 2, 3, 3, 4, 5, 6}, lines("en", "ja"), near); d != "" {
		t.Errorf("lines -want +got\n%s", d)
	}
	if d := cmp.Diff([]float64{0, 6, 7, 8, 9}, lines("en", "fr", "ja"), near); d != "" {
		t.Errorf("with two that are there -want +got\n%s", d)
	}
}

func TestTheTimeOfATranslationIsThatOfAllOfIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	synctest.Test(t, func(t *testing.T) {
		b.t = t
		b.others = time.Hour
		b.llm.works = time.Minute
		for _, j := range []job.Job{aJobInto("a", "en"), aJobInto("b", "en", "ja"), summed(aJobInto("c", "en"))} {
			if err := b.run(j); err != nil {
				t.Fatal(err)
			}
		}
		want := []time.Duration{
			0, 0, time.Minute, // a: its sound, its words, its translation
			0, 0, // b: a part of the translation was there
			0, 0, time.Minute, // c: all was there but the summary
		}
		if d := cmp.Diff(want, b.took); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	})
}

package pipeline_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

func said(start, end int64, text, language string) transcript.Segment {
	return transcript.Segment{StartMS: start, EndMS: end, Text: text, Language: language}
}

func TestTheLanguageIsTheOneWithMostSpeech(t *testing.T) {
	t.Parallel()
	span := func(language string, segments ...transcript.Segment) pipeline.Span {
		return pipeline.Span{Language: language, Segments: segments}
	}
	tests := map[string]struct {
		spans    []pipeline.Span
		want     string
		segments []string // their own languages
	}{
		"nothing at all":                    {nil, "", nil},
		"nothing is said":                   {[]pipeline.Span{span("")}, "", nil},
		"one language needs no mark":        {[]pipeline.Span{span("ko", said(0, 10, "a", "")), span("ko", said(10, 20, "b", ""))}, "ko", []string{"", ""}},
		"the second is spoken longer":       {[]pipeline.Span{span("en", said(0, 10, "a", "")), span("ko", said(10, 30, "b", ""))}, "ko", []string{"en", ""}},
		"even, the first one counts":        {[]pipeline.Span{span("en", said(0, 10, "a", "")), span("ko", said(10, 20, "b", ""))}, "en", []string{"", "ko"}},
		"spans without text do not count":   {[]pipeline.Span{span("en"), span("en"), span("ko", said(10, 20, "b", ""))}, "ko", []string{""}},
		"an early version wrote auto there": {[]pipeline.Span{span("auto"), span("de", said(1, 2, "a", ""))}, "de", []string{""}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := pipeline.Join(tt.spans, true)
			var languages []string
			for i, s := range got.Segments {
				languages = append(languages, s.Language)
				if s.ID != i+1 {
					t.Errorf("segment %d has id %d", i, s.ID)
				}
			}
			if got.Language != tt.want || !got.Complete || got.Segments == nil {
				t.Errorf("transcript is %+v, want language %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.segments, languages); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRemarksAreFewAndSayEnough(t *testing.T) {
	t.Parallel()
	text := []transcript.Segment{said(0, 1, "a", "")}
	loop := func(at int64) job.Warning {
		return job.Warning{Code: "text_removed", AtMS: at, Text: fmt.Sprintf("left out at %d", at)}
	}
	silent := func(at int64) job.Warning {
		return job.Warning{Code: "speech_without_text", AtMS: at, Text: "no words"}
	}
	empty := job.Warning{Code: "no_speech", Text: "There is no text at all."}
	many := pipeline.Span{Segments: text}
	for i := range int64(500) {
		many.Warnings = append(many.Warnings, loop(i), silent(i))
	}
	tests := map[string]struct {
		spans []pipeline.Span
		want  []job.Warning
	}{
		"all is well":                          {[]pipeline.Span{{Segments: text}}, nil},
		"nobody speaks":                        {[]pipeline.Span{{}}, []job.Warning{{Code: "no_speech", Text: "No speech was found."}}},
		"speech without a word is no silence":  {[]pipeline.Span{{Warnings: []job.Warning{silent(7)}}}, []job.Warning{silent(7), empty}},
		"the same again is said once":          {[]pipeline.Span{{Warnings: []job.Warning{silent(7)}}, {Warnings: []job.Warning{silent(8), loop(9)}}, {Warnings: []job.Warning{silent(10)}}}, []job.Warning{silent(7), loop(9), silent(10), empty}},
		"what goes on and on is said once":     {[]pipeline.Span{{Warnings: []job.Warning{silent(0)}}, {Warnings: []job.Warning{silent(50_000)}}, {Warnings: []job.Warning{silent(100_000)}}}, []job.Warning{silent(0), empty}},
		"the same minutes later is said again": {[]pipeline.Span{{Segments: text, Warnings: []job.Warning{silent(7)}}, {Segments: text}, {Warnings: []job.Warning{silent(300_000)}}}, []job.Warning{silent(7), silent(300_000)}},
		"also in the span that follows, or the same one": {
			[]pipeline.Span{{Segments: text, Warnings: []job.Warning{silent(7), silent(120_000)}}, {Warnings: []job.Warning{silent(300_000)}}},
			[]job.Warning{silent(7), silent(120_000), silent(300_000)},
		},
		"what was heard again is counted": {
			[]pipeline.Span{{Segments: text, HeardAgain: true}, {HeardAgain: true, Warnings: []job.Warning{loop(3)}}},
			[]job.Warning{loop(3), {Code: "heard_again", Text: "Parts that looked wrong and were heard again: 2."}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, pipeline.Remarks(tt.spans)); diff != "" {
				t.Error(diff)
			}
		})
	}
	got := pipeline.Remarks([]pipeline.Span{many})
	if len(got) > 100 || got[0].AtMS != 0 || got[len(got)-1].Text != "The same was noted 455 times from here on." {
		t.Errorf("%d remarks, the last is %+v", len(got), got[len(got)-1])
	}
}

func TestThePromptAndTheTranslationReachTheEngine(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := aJob("a")
	j.Options.Prompt, j.Options.ToEnglish = "Sluice", true
	if err := b.run(j); err != nil {
		t.Fatal(err)
	}
	if req := b.transcribed[0]; req.Prompt != "Sluice" || !req.ToEnglish || req.Spoken != "" {
		t.Errorf("the engine was asked %+v", req)
	}
}

package library_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/transcript"
)

// shelf holds an English transcript for every job, of which there may be a part
// only, and what is named here.
type shelf struct {
	complete     bool
	translations map[string]transcript.Transcript
	summary      *transcript.Summary
	silent       bool // nothing was heard yet
}

func (s shelf) Transcript(context.Context, string) (transcript.Transcript, error) {
	if s.silent {
		return transcript.Transcript{}, nil
	}
	return transcript.Transcript{Language: "en", Complete: s.complete, Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: "Hello."}}}, nil
}

func (s shelf) Translation(_ context.Context, _, language string) (transcript.Transcript, error) {
	return s.translations[language], nil
}

func (s shelf) Summary(context.Context, string) (*transcript.Summary, error) { return s.summary, nil }

// Search says back what it was asked for.
func (s shelf) Search(_ context.Context, q library.Query) (library.Found, error) {
	if q.Cursor == "bad" {
		return library.Found{}, fault.New(fault.RequestInvalid, "No such page.", nil)
	}
	return library.Found{Hits: []library.Hit{{Text: q.Text, Segment: q.Limit}}, Next: q.Cursor + "+"}, nil
}

// Get gives a job in the state of its name. All are to be translated to Korean,
// German and English.
func (s shelf) Get(_ context.Context, id string) (job.Job, error) {
	j := job.Job{ID: id, Title: "A talk", State: job.State(id), Options: job.Options{TranslateTo: []string{"ko", "de", "en"}}}
	switch {
	case id == "unknown":
		return job.Job{}, fault.New(fault.JobUnknown, "There is no such job.", nil)
	case j.State == job.Failed:
		j.Error = &job.Failure{Message: "The file is damaged."}
	}
	return j, nil
}

// filled has a whole Korean translation and a part of a German one.
func filled(complete bool) shelf {
	text := func(language, text string, complete bool) transcript.Transcript {
		return transcript.Transcript{Language: language, Complete: complete, Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: text}}}
	}
	return shelf{complete: complete, translations: map[string]transcript.Transcript{"ko": text("ko", "안녕하세요.", true), "de": text("de", "Hallo.", false)}}
}

func TestExport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		id, language string
		shelf        shelf
		format       transcript.Format
		want         string
		code         fault.Code
	}{
		"a whole transcript comes in any format":         {"done", "", filled(true), transcript.SRT, "00:00:00,000 --> ", ""},
		"markdown carries the job's title":               {"done", "", filled(true), transcript.Markdown, "# A talk", ""},
		"json may be partial":                            {"running", "", filled(false), transcript.JSON, `"complete":false`, ""},
		"half a subtitle file is not handed out":         {"running", "", filled(false), transcript.SRT, "", fault.NotReady},
		"a failed job never has one":                     {"failed", "", filled(false), transcript.SRT, "", fault.NotReady},
		"an unknown job is said to be unknown":           {"unknown", "", filled(true), transcript.SRT, "", fault.JobUnknown},
		"a translation is written by the same writers":   {"done", "ko", filled(true), transcript.SRT, "안녕하세요.", ""},
		"half a translation is not handed out":           {"running", "de", filled(true), transcript.SRT, "", fault.NotReady},
		"but as json":                                    {"running", "de", filled(true), transcript.JSON, "Hallo.", ""},
		"what was spoken need not be translated":         {"done", "en", filled(true), transcript.Text, "Hello.", ""},
		"a language nobody asked for is not known":       {"done", "fr", filled(true), transcript.JSON, "", fault.LanguageUnknown},
		"before anything is heard any may be spoken":     {"running", "fr", shelf{silent: true}, transcript.JSON, "", fault.NotReady},
		"a translation that has not begun is empty":      {"running", "ko", shelf{silent: true}, transcript.JSON, `"language":"ko"`, ""},
		"a job may be done without one of its languages": {"done", "de", filled(true), transcript.VTT, "", fault.NotReady},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := library.New(tt.shelf, tt.shelf).Export(t.Context(), &out, tt.id, tt.language, tt.format)
			if tt.code != "" {
				if !fault.Is(err, tt.code) || out.Len() != 0 {
					t.Errorf("err %v after %q", err, out.String())
				}
				return
			}
			if err != nil || !strings.Contains(strings.ReplaceAll(out.String(), ": ", ":"), tt.want) {
				t.Errorf("err %v, wrote %q", err, out.String())
			}
		})
	}
}

func TestATranslationIsGivenAsFarAsItIs(t *testing.T) {
	t.Parallel()
	s := filled(true)
	l := library.New(s, s)
	got, err := l.Translation(t.Context(), "running", "de")
	if err != nil || got.Complete || len(got.Segments) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	for id, want := range map[string]fault.Code{"running": fault.LanguageUnknown, "unknown": fault.JobUnknown} {
		if _, err := l.Translation(t.Context(), id, "fr"); !fault.Is(err, want) {
			t.Errorf("%s: err %v", id, err)
		}
	}
}

func TestASummaryIsThereOrWillBeOrNeverWas(t *testing.T) {
	t.Parallel()
	sum := &transcript.Summary{Title: "Gates"}
	tests := map[string]struct {
		id    string
		shelf shelf
		want  *transcript.Summary
		code  fault.Code
	}{
		"one that is there":                    {"done", shelf{summary: sum}, sum, ""},
		"one that is there before the end":     {"running", shelf{summary: sum}, sum, ""},
		"none while the job is live":           {"queued", shelf{}, nil, fault.NotReady},
		"none once it is over":                 {"done", shelf{}, nil, ""},
		"none of a job that failed":            {"failed", shelf{}, nil, ""},
		"an unknown job is said to be unknown": {"unknown", shelf{summary: sum}, nil, fault.JobUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := library.New(tt.shelf, tt.shelf).Summary(t.Context(), tt.id)
			if got != tt.want || (tt.code == "") != (err == nil) || (tt.code != "" && !fault.Is(err, tt.code)) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestASearchIsTheShelfs(t *testing.T) {
	t.Parallel()
	l := library.New(shelf{}, shelf{})
	got, err := l.Search(t.Context(), library.Query{Text: "ferry", Limit: 7, Cursor: "c"})
	if err != nil || len(got.Hits) != 1 || got.Hits[0].Text != "ferry" || got.Hits[0].Segment != 7 || got.Next != "c+" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := l.Search(t.Context(), library.Query{Text: "ferry", Cursor: "bad"}); !fault.Is(err, fault.RequestInvalid) {
		t.Errorf("err %v", err)
	}
}

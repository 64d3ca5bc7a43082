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

// shelf holds one transcript for every job, and none for "unknown".
type shelf struct{ complete bool }

func (s shelf) Transcript(_ context.Context, id string) (transcript.Transcript, error) {
	if id == "unknown" {
		return transcript.Transcript{}, fault.New(fault.JobUnknown, "There is no such job.", nil)
	}
	return transcript.Transcript{Language: "en", Complete: s.complete, Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: "Hello."}}}, nil
}

// Search says back what it was asked for.
func (s shelf) Search(_ context.Context, q library.Query) (library.Found, error) {
	if q.Cursor == "bad" {
		return library.Found{}, fault.New(fault.RequestInvalid, "No such page.", nil)
	}
	return library.Found{Hits: []library.Hit{{Text: q.Text, Segment: q.Limit}}, Next: q.Cursor + "+"}, nil
}

func (s shelf) Get(_ context.Context, id string) (job.Job, error) {
	if id == "failed" {
		return job.Job{ID: id, State: job.Failed, Error: &job.Failure{Message: "The file is damaged."}}, nil
	}
	return job.Job{ID: id, Title: "A talk"}, nil
}

func TestExport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		id       string
		complete bool
		format   transcript.Format
		want     string
		code     fault.Code
	}{
		"a whole transcript comes in any format": {"a", true, transcript.SRT, "00:00:00,000 --> ", ""},
		"markdown carries the job's title":       {"a", true, transcript.Markdown, "# A talk", ""},
		"json may be partial":                    {"a", false, transcript.JSON, `"complete":false`, ""},
		"half a subtitle file is not handed out": {"a", false, transcript.SRT, "", fault.NotReady},
		"a failed job never has one":             {"failed", false, transcript.SRT, "", fault.NotReady},
		"an unknown job is said to be unknown":   {"unknown", true, transcript.SRT, "", fault.JobUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shelf{tt.complete}
			var out bytes.Buffer
			err := library.New(s, s).Export(t.Context(), &out, tt.id, tt.format)
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

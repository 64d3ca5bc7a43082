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

package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/library"
)

// Found is one page of hits.
type Found struct {
	Hits []Hit  `json:"hits" nullable:"false"`
	Next string `json:"next,omitempty" doc:"Cursor of the next page; left out on the last one"`
}

// Hit is one place where all the words are.
type Hit struct {
	JobID     string `json:"job_id" example:"01KKNZ1M3T8Q2M4R7W9XYABCDE"`
	Title     string `json:"title" doc:"Of the job" example:"Interview with the harbour master"`
	SegmentID int    `json:"segment_id,omitempty" doc:"Of the segment in the transcript; left out when the words are in the title or the file's name" example:"17"`
	StartMS   int64  `json:"start_ms,omitempty" doc:"Of the segment; 0 is left out" example:"83500"`
	EndMS     int64  `json:"end_ms,omitempty" doc:"Of the segment" example:"86200"`
	Text      string `json:"text" doc:"Of the segment, or the title" example:"The last ferry leaves at nine."`
}

type searchInput struct {
	Query  string `query:"q" required:"true" minLength:"1" maxLength:"200" doc:"Words; each must be there, or begin a word that is"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Hits on one page"`
	Cursor string `query:"cursor" maxLength:"1000" doc:"From next of the page before"`
}

func (a *api) searchRoute() {
	register(a, huma.Operation{
		OperationID: "search", Method: http.MethodGet, Path: "/api/v1/search", Tags: []string{"transcripts"},
		Summary:     "Search titles and transcripts",
		Description: "The newest job first; in each its title, then its segments in order.",
		Errors:      []int{422}, Responses: example(Found{Hits: []Hit{exampleHit()}}),
	}, func(ctx context.Context, in *searchInput) (*output[Found], error) {
		if strings.TrimSpace(in.Query) == "" {
			return nil, invalidField("q", "expected a word to look for")
		}
		found, err := a.Library.Search(ctx, library.Query{Text: in.Query, Limit: in.Limit, Cursor: in.Cursor})
		if err != nil {
			return nil, err
		}
		out := Found{Hits: make([]Hit, 0, len(found.Hits)), Next: found.Next}
		for _, h := range found.Hits {
			out.Hits = append(out.Hits, Hit{JobID: h.JobID, Title: h.Title, SegmentID: h.Segment, StartMS: h.StartMS, EndMS: h.EndMS, Text: h.Text})
		}
		return &output[Found]{out}, nil
	})
}

func exampleHit() Hit {
	return Hit{
		JobID: "01KKNZ1M3T8Q2M4R7W9XYABCDE", Title: "Interview with the harbour master",
		SegmentID: 17, StartMS: 83_500, EndMS: 86_200, Text: "The last ferry leaves at nine.",
	}
}

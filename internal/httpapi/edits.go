package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/library"
	"sluice/internal/transcript"
)

// EditRequest corrects a text: all of it or nothing.
type EditRequest struct {
	Edits []SegmentEdit `json:"edits" minItems:"1" nullable:"false" doc:"Each segment at most once"`
}

// TransformSchema takes the bound from where it is defined.
func (EditRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	most := library.MaxEdits
	s.Properties["edits"].MaxItems = &most
	return s
}

// SegmentEdit corrects one segment.
type SegmentEdit struct {
	ID   int     `json:"id" minimum:"1" doc:"Of the segment" example:"17"`
	Text *string `json:"text" doc:"What it is to say, at most 10,000 bytes on one line: line breaks become spaces. Empty: it is left out of exports. null: what the recogniser or the translator said" example:"The last ferry leaves at ten."`
	Was  *string `json:"was,omitempty" doc:"What whoever edits saw there; when it says something else by now, the whole request is refused with edit_conflict" example:"The last ferry leaves at nine."`
}

type editInput struct {
	ID   string `path:"id" maxLength:"64" doc:"Id of the job" example:"01KKNZ1M3T8Q2M4R7W9XYABCDE"`
	Lang string `query:"lang" maxLength:"16" pattern:"^[a-zA-Z0-9-]*$" patternDescription:"the code of a language" doc:"Code of the language of the text: one that the job translates to; without it, what was spoken" example:"ko"`
	Body EditRequest
}

func (a *api) editRoute() {
	register(a, huma.Operation{
		OperationID: "edit-transcript", Method: http.MethodPatch, Path: "/api/v1/jobs/{id}/transcript", Tags: []string{"jobs"},
		Summary: "Correct the transcript, or a translation",
		Description: "Only the whole text of a job that has ended. Every format, the search, and webhook messages that are put together later carry the corrected text; " +
			"the summary and other translations stay as they are. Corrections stay through a retry, for the segments that it leaves saying the same.",
		Errors: []int{404, 409, 507}, Responses: example(exampleEdited()),
	}, a.edit)
}

func (a *api) edit(ctx context.Context, in *editInput) (*output[transcript.Transcript], error) {
	edits := make([]library.Edit, len(in.Body.Edits))
	for i, e := range in.Body.Edits {
		edits[i] = library.Edit{Segment: e.ID, Text: e.Text, Was: e.Was}
	}
	t, err := a.Library.Edit(ctx, in.ID, strings.ToLower(in.Lang), edits)
	if err != nil {
		return nil, err
	}
	return &output[transcript.Transcript]{t}, nil
}

func exampleEdited() transcript.Transcript {
	return transcript.Transcript{Language: "en", Complete: true, Segments: []transcript.Segment{
		{ID: 17, StartMS: 83_500, EndMS: 86_200, Text: "The last ferry leaves at ten.", Edited: true, Original: "The last ferry leaves at nine."},
	}}
}

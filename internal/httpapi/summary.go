package httpapi

import (
	"bytes"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// summaryFormats lists those that a summary can have: it has no times to make
// subtitles of.
func summaryFormats() []transcript.Format {
	return []transcript.Format{transcript.JSON, transcript.Markdown, transcript.Text}
}

func (a *api) summaryRoute() {
	format := textParam("query", "format", "json is null when the job has ended without a summary; the others are 409 then")
	files := map[string]*huma.MediaType{}
	for _, f := range summaryFormats() {
		format.Schema.Enum = append(format.Schema.Enum, string(f))
		s := &huma.Schema{Type: huma.TypeString}
		if f == transcript.JSON {
			s = &huma.Schema{OneOf: []*huma.Schema{schema[transcript.Summary](a), {Type: "null"}}}
		}
		files[f.ContentType()] = &huma.MediaType{Schema: s}
	}
	files[transcript.JSON.ContentType()].Example = exampleSummary()
	a.plain(huma.Operation{
		OperationID: "get-summary", Method: http.MethodGet, Path: "/api/v1/jobs/{id}/summary", Tags: []string{"jobs"},
		Summary:     "Get the summary",
		Description: "409 while the job may still get one.",
		Parameters:  []*huma.Param{textParam("path", "id", "Id of the job"), format},
		Responses: a.answers(map[string]*huma.Response{
			"200": {
				Description: "The summary, as a file",
				Headers:     map[string]*huma.Header{"Content-Disposition": {Description: "A file name", Schema: &huma.Schema{Type: huma.TypeString}}},
				Content:     files,
			},
		}, 404, 409, 422),
	}, a.summary)
}

func (a *api) summary(w http.ResponseWriter, r *http.Request) {
	f, err := formatOf(r, summaryFormats())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	j, err := a.Desk.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	s, err := a.Library.Summary(r.Context(), j.ID)
	switch {
	case err != nil:
		a.fail(w, r, err)
		return
	case s == nil && f == transcript.JSON:
		writeJSON(w, http.StatusOK, nil)
		return
	case s == nil:
		a.fail(w, r, noSummary(j))
		return
	}
	var body bytes.Buffer
	if err := transcript.WriteSummary(&body, *s, f, transcript.Options{Title: j.Title, SourceName: j.Source.Name}); err != nil {
		a.fail(w, r, err)
		return
	}
	sendFile(w, f, disposition(exportName(j), ".summary"+f.Ext()), body.Bytes())
}

// noSummary is a job that has ended without one.
func noSummary(j job.Job) error {
	f := fault.New(fault.NotReady, "This job has no summary.", nil)
	switch {
	case !j.Options.Summarize:
		return f.WithHint("Submit the file again with summarize: what is finished is not done again.")
	case j.State != job.Done:
		return f.WithHint("Retry the job.")
	}
	return f.WithHint("Its warnings say why. Retry it from the stage summarize, or submit the file again with another llm_model.")
}

func exampleSummary() transcript.Summary {
	return transcript.Summary{
		Language: "en", Title: "The last ferry",
		Text:        "The harbour master tells how the night of the storm went, and why the ferry sailed all the same.",
		KeyPoints:   []string{"The last ferry leaves at nine.", "Nobody was hurt."},
		Chapters:    []transcript.Chapter{{StartMS: 0, Title: "Before the storm"}, {StartMS: 83_500, Title: "The last ferry"}},
		ActionItems: []string{}, CoveragePercent: 96,
	}
}

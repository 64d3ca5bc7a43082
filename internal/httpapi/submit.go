package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// SubmittedJob is the answer to one order.
type SubmittedJob struct {
	Job
	Existing bool `json:"existing,omitempty" doc:"An identical job was there already, or one with this Idempotency-Key"`
}

// SubmittedJobs is the answer to many.
type SubmittedJobs struct {
	Jobs []SubmittedJob `json:"jobs" nullable:"false"`
}

// Bounds of a request's body without its file.
const (
	maxJSON   = 1 << 20
	maxSubmit = maxJSON + job.MaxOrders*4<<10 // a full batch of ordinary orders
	maxKey    = 255
)

func (a *api) submitRoute() {
	single, many := schema[JobRequest](a), schema[JobsRequest](a)
	form := *a.registry.SchemaFromRef(single.Ref)
	form.Required = nil
	form.Properties = map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary", Description: "The media file; then without source"}}
	for name, s := range a.registry.SchemaFromRef(single.Ref).Properties {
		form.Properties[name] = s
	}
	one := SubmittedJob{Job: exampleJob()}
	location := map[string]*huma.Header{"Location": {Description: "Where the job is; only when one was submitted", Schema: &huma.Schema{Type: huma.TypeString}}}
	answer := content("application/json", &huma.Schema{OneOf: []*huma.Schema{schema[SubmittedJob](a), schema[SubmittedJobs](a)}}, one)
	key := textParam("header", "Idempotency-Key", "Names this request: sent again with the same body it gives the same jobs, with another body 409. Without it, an identical live job is returned.")
	most := maxKey
	key.Schema.MaxLength = &most
	a.plain(huma.Operation{
		OperationID: "submit-jobs", Method: http.MethodPost, Path: "/api/v1/jobs", Tags: []string{"jobs"},
		Summary: "Submit jobs",
		Description: "One job, or many with all or none. As multipart/form-data: one file named file, and the same fields " +
			"in any order: metadata, summary and glossary as JSON, translate_to as codes with commas between them. A field that is empty is one that is left out.",
		Parameters: []*huma.Param{key},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {
				Schema: &huma.Schema{OneOf: []*huma.Schema{single, many}},
				Examples: map[string]*huma.Example{
					"one": {Summary: "One file", Value: map[string]any{"source": "/Users/mina/Movies/interview.mp4", "language": "ko"}},
					"languages": {Summary: "One file, translated and summed up", Value: map[string]any{
						"source": "/Users/mina/Movies/interview.mp4", "translate_to": []string{"en", "de"},
						"summarize": true, "summary": map[string]string{"template": "interview"},
						"glossary": []any{map[string]string{"term": "항만장", "translation": "harbour master", "to": "en"}},
					}},
					"many": {Summary: "Many files, all or none", Value: map[string]any{"jobs": []any{
						map[string]any{"source": "/Users/mina/Movies/a.mp4"},
						map[string]any{"source": "upload:01KKNZ1M3T8Q2M4R7W9XYABCDE", "title": "B"},
					}}},
				},
			},
			"multipart/form-data": {Schema: &form},
		}},
		Responses: a.answers(map[string]*huma.Response{
			"202": {Description: "Accepted", Headers: location, Content: answer},
			"200": {Description: "All of them were there already", Headers: location, Content: answer},
		}, 400, 409, 413, 415, 422, 503, 507),
	}, a.submit)
}

func (a *api) submit(w http.ResponseWriter, r *http.Request) {
	s, err := a.readOrders(w, r)
	if err != nil {
		a.discard(r, s.file)
		a.fail(w, r, err)
		return
	}
	accepted, err := a.order(r, s.orders, s.file)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	jobs := a.submitted(r.Context(), accepted)
	status := http.StatusOK
	if slices.ContainsFunc(jobs, func(v SubmittedJob) bool { return !v.Existing }) {
		status = http.StatusAccepted
	}
	if s.batch {
		writeJSON(w, status, SubmittedJobs{jobs})
		return
	}
	w.Header().Set("Location", "/api/v1/jobs/"+url.PathEscape(jobs[0].ID))
	writeJSON(w, status, jobs[0])
}

// submitted shows what came of orders: where each job stands, and of a single
// one also when its result is expected. The jobs are accepted whatever of that
// is not known.
func (a *api) submitted(ctx context.Context, accepted []queue.Accepted) []SubmittedJob {
	jobs := make([]SubmittedJob, 0, len(accepted))
	last := map[int]int{} // where the last new job of a priority stands: the next one is right behind it
	for _, got := range accepted {
		j := got.Job
		if len(accepted) == 1 && j.DurationMS > 0 { // else there is no forecast
			if now, err := a.Desk.Get(ctx, j.ID); err == nil {
				j = now
			}
		}
		v := SubmittedJob{Job: JobOf(j), Existing: got.Existing}
		switch before := last[j.Priority]; {
		case before > 0 && !got.Existing:
			v.Position = before + 1
		case got.Place > 0 && len(accepted) == 1: // others of a batch may have come before it
			v.Position = got.Place
		default:
			if err := a.place(ctx, &v.Job); err != nil {
				a.Log.WarnContext(ctx, "position not known", "job", v.ID, "err", err)
			}
		}
		if !got.Existing {
			last[j.Priority] = v.Position
		}
		jobs = append(jobs, v)
	}
	return jobs
}

// order hands orders to the desk, and removes the file of a form that no job
// is going to read. An answer for another number of jobs than were asked for
// would be a defect of the desk.
func (a *api) order(r *http.Request, orders []job.Order, file *savedFile) ([]queue.Accepted, error) {
	accepted, err := a.Desk.Submit(r.Context(), orders)
	if err == nil && len(accepted) != len(orders) {
		err = fmt.Errorf("desk answered %d orders of %d", len(accepted), len(orders))
	}
	switch {
	case err != nil && fault.From(err).Kind == fault.KindInternal: // a job may have been made before it failed
	case err != nil:
		a.discard(r, file)
	case file != nil && accepted[0].Existing && accepted[0].Job.Source.Upload != file.upload:
		a.discard(r, file)
	}
	return accepted, err
}

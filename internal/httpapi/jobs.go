package httpapi

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// Page is one page of jobs.
type Page struct {
	Jobs []Job  `json:"jobs" nullable:"false"`
	Next string `json:"next,omitempty" doc:"Cursor of the next page; left out on the last one"`

	First int  `json:"first,omitempty" minimum:"1" doc:"Place of the first job of the page in the whole list; left out when it is not known, as with q" example:"1"`
	Total *int `json:"total,omitempty" minimum:"0" doc:"Jobs in the whole list; left out with q" example:"1"`
}

type listInput struct {
	State  job.State       `query:"state" doc:"Only jobs in this state"`
	Order  queue.ListOrder `query:"order" doc:"line for queued jobs, as they will be taken; ended for those that have ended, the last one first; newest for all. Without it, line with state queued, else newest"`
	Query  string          `query:"q" maxLength:"200" doc:"Words in the title"`
	Limit  int             `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Jobs on one page"`
	Cursor string          `query:"cursor" maxLength:"1000" doc:"From next of the page before, for the same list"`
	From   int             `query:"from" minimum:"1" maximum:"100000000" doc:"Begin with the job at this place of the list instead; not with cursor or q"`
}

type idInput struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the job" example:"01KKNZ1M3T8Q2M4R7W9XYABCDE"`
}

type output[T any] struct{ Body T }

func (a *api) jobRoutes() {
	register(a, huma.Operation{
		OperationID: "list-jobs", Method: http.MethodGet, Path: "/api/v1/jobs", Tags: []string{"jobs"},
		Summary: "List jobs",
		Description: "Page by page: go on with cursor, or jump to any place with from. A page and the places of its jobs are one moment's truth. " +
			"The next page goes on where the last job of this one stood: jobs that stay where they are come exactly once, whatever comes and goes " +
			"meanwhile; one that is moved over that place may come twice, or not at all.",
		Errors: []int{422}, Responses: example(Page{Jobs: []Job{exampleJob()}, First: 1, Total: new(1)}),
	}, a.list)
	register(a, huma.Operation{
		OperationID: "get-job", Method: http.MethodGet, Path: "/api/v1/jobs/{id}", Tags: []string{"jobs"},
		Summary: "Show a job", Description: "With the webhook messages about it in deliveries.",
		Errors: []int{404}, Responses: example(exampleTranslated()),
	}, a.get)
	register(a, huma.Operation{
		OperationID: "cancel-job", Method: http.MethodPost, Path: "/api/v1/jobs/{id}/cancel", Tags: []string{"jobs"},
		Summary:     "Cancel a job",
		Description: "A queued job ends at once. A running one is stopped soon, and the answer may still show it running.",
		Errors:      []int{404, 409, 507},
	}, a.cancel)
}

// placesApart is how many jobs of a page that is no piece of the line are told
// their place: each is counted for itself, which takes long in a long line.
const placesApart = 20

func (a *api) list(ctx context.Context, in *listInput) (*output[Page], error) {
	f := queue.Filter{State: in.State, Order: in.Order, Query: in.Query, Limit: in.Limit, Cursor: in.Cursor, From: in.From}
	page, err := a.Desk.List(ctx, f)
	if err != nil {
		return nil, err
	}
	out := Page{Jobs: jobsOf(page.Jobs), Next: page.Next, First: page.First}
	if in.Query == "" {
		out.Total = &page.Total
	}
	line := page.First > 0 && (in.Order == queue.ByLine || (in.Order == "" && in.State == job.Queued))
	placed := 0
	for i := range out.Jobs {
		if line { // the page is a piece of the line itself
			out.Jobs[i].Position = page.First + i
			continue
		}
		if out.Jobs[i].State == job.Queued {
			if placed++; placed > placesApart {
				continue
			}
		}
		if err := a.place(ctx, &out.Jobs[i]); err != nil {
			return nil, err
		}
	}
	return &output[Page]{out}, nil
}

func (a *api) get(ctx context.Context, in *idInput) (*output[Job], error) {
	j, err := a.Desk.Get(ctx, in.ID)
	out, err := a.shown(ctx, j, err)
	if err != nil {
		return nil, err
	}
	sent, err := a.Deliveries.Deliveries(ctx, job.DeliveryFilter{JobID: j.ID})
	out.Body.Deliveries = deliveriesOf(sent)
	return out, err
}

func (a *api) cancel(ctx context.Context, in *idInput) (*output[Job], error) {
	j, err := a.Desk.Cancel(ctx, in.ID)
	return a.shown(ctx, j, err)
}

func (a *api) shown(ctx context.Context, j job.Job, err error) (*output[Job], error) {
	if err != nil {
		return nil, err
	}
	v := JobOf(j)
	if err := a.place(ctx, &v); err != nil {
		return nil, err
	}
	return &output[Job]{v}, nil
}

// place fills in where a queued job stands. One that has just been deleted
// stands nowhere.
func (a *api) place(ctx context.Context, v *Job) error {
	if v.State != job.Queued {
		return nil
	}
	n, err := a.Desk.Position(ctx, v.ID)
	if err != nil && !fault.Is(err, fault.JobUnknown) {
		return err
	}
	v.Position = n
	return nil
}

// register adds a route that huma carries; its errors become our problems.
func register[I, O any](a *api, op huma.Operation, do func(context.Context, *I) (*O, error)) {
	if body, ok := reflect.TypeFor[I]().FieldByName("Body"); ok {
		optional := body.Type.Kind() == reflect.Pointer
		op.Middlewares = huma.Middlewares{a.checked(a.registry.Schema(body.Type, true, ""), optional)}
		op.SkipValidateBody, op.BodyReadTimeout = true, -1
		op.Errors = append(op.Errors, 400, 413, 415, 422)
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

func example(v any) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Content: content("application/json", nil, v)}}
}

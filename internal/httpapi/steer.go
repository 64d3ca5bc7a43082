package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// RetryRequest says what a retry does otherwise than the first time.
type RetryRequest struct {
	FromStage job.Stage  `json:"from_stage,omitempty" doc:"Do this stage and those after it anew; without it, what is finished stays finished"`
	Model     string     `json:"model,omitempty" maxLength:"200" doc:"Another speech model; without it, the one it had" example:"small"`
	Hold      bool       `json:"hold,omitempty" doc:"It is not taken until it is released"`
	NotBefore *time.Time `json:"not_before,omitempty" doc:"Not taken earlier, with its zone after RFC 3339; one that has passed means now" example:"2027-01-31T22:00:00Z"`
}

// HoldRequest says how long a job waits.
type HoldRequest struct {
	Until *time.Time `json:"until,omitempty" doc:"Not taken earlier, with its zone after RFC 3339; without it, until it is released; one that has passed is refused, and one in more than ten years" example:"2027-01-31T22:00:00Z"`
}

// MoveRequest says where in the line a job goes. Exactly one member is given.
type MoveRequest struct {
	To     job.End `json:"to,omitempty" doc:"An end of the line, among the jobs of its priority; then without before"`
	Before string  `json:"before,omitempty" maxLength:"64" doc:"Id of a queued job, whose priority it takes; then without to" example:"01KKNZ1M3T8Q2M4R7W9XYABCDE"`
}

func (q MoveRequest) place() (job.Place, error) {
	switch {
	case q.To != "" && q.Before != "":
		return job.Place{}, invalidField("before", "expected to or before, got both")
	case q.To == "" && q.Before == "":
		return job.Place{}, invalidField("to", "expected front or back, or the id of a queued job in before")
	}
	return job.Place{To: q.To, Before: q.Before}, nil
}

// PriorityRequest is how urgent a job is.
type PriorityRequest struct {
	Priority int `json:"priority" doc:"Higher goes first" example:"10"`
}

// TransformSchema takes the bounds from where they are defined.
func (PriorityRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	boundPriority(s.Properties["priority"])
	return s
}

// ClearRequest names the jobs to clear.
type ClearRequest struct {
	State job.State `json:"state" doc:"queued: they are canceled. done, failed, canceled: they are deleted. running is refused"`
}

// Cleared is how many jobs were cleared.
type Cleared struct {
	Count int `json:"count" example:"12"`
}

// jobInput is a request about one job that has a body.
type jobInput[T any] struct {
	ID   string `path:"id" maxLength:"64" doc:"Id of the job" example:"01KKNZ1M3T8Q2M4R7W9XYABCDE"`
	Body T
}

type noticeInput struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the notice"`
}

func (a *api) steerRoutes() {
	steer := func(id, verb, summary, about string, errors ...int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodPost, Path: "/api/v1/jobs/{id}/" + verb, Tags: []string{"jobs"},
			Summary: summary, Description: about, Errors: append(errors, 404, 409, 507),
		}
	}
	register(a, steer("retry-job", "retry", "Retry a job",
		"A job that has ended goes to the back of the line, with nothing counted against it. What it has finished is not done again, unless "+
			"from_stage says so. The body may be left out.", 503), a.retry)
	register(a, steer("hold-job", "hold", "Hold a job, or start it later",
		"A queued job keeps its place and is not taken until it is released or, with until, until that time. One that waits already "+
			"then waits for this instead. The body may be left out."), a.hold)
	register(a, steer("release-job", "release", "Release a job",
		"A queued job is ready now: held, scheduled, or waiting to be tried again. What it really lacks it will wait for again."),
		func(ctx context.Context, in *idInput) (*output[Job], error) {
			j, err := a.Desk.Release(ctx, in.ID)
			return a.shown(ctx, j, err)
		})
	register(a, steer("move-job", "move", "Move a job in the line", "To an end of it, or before another job: exactly one of the two."), a.move)
	register(a, steer("set-priority", "priority", "Change how urgent a job is", "Among jobs of one priority it keeps its place by age."),
		func(ctx context.Context, in *jobInput[PriorityRequest]) (*output[Job], error) {
			j, err := a.Desk.SetPriority(ctx, in.ID, in.Body.Priority)
			return a.shown(ctx, j, err)
		})
	register(a, huma.Operation{
		OperationID: "delete-job", Method: http.MethodDelete, Path: "/api/v1/jobs/{id}", Tags: []string{"jobs"},
		Summary: "Delete a job", Description: "Only one that has ended: with its transcript and all else it has left.",
		Errors: []int{404, 409, 507}, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *idInput) (*struct{}, error) {
		return nil, a.Desk.Delete(ctx, in.ID)
	})
	register(a, huma.Operation{
		OperationID: "clear-jobs", Method: http.MethodPost, Path: "/api/v1/jobs/clear", Tags: []string{"jobs"},
		Summary: "Clear all jobs of one state",
		Description: "Queued ones are canceled, and can be retried. Those that have ended are deleted, with their transcripts. " +
			"Many are cleared piece by piece: an error says how many went before it, and the same request goes on with the rest.",
		Errors: []int{507}, Responses: example(Cleared{Count: 12}),
	}, a.clear)
	register(a, huma.Operation{
		OperationID: "dismiss-notice", Method: http.MethodDelete, Path: "/api/v1/notices/{id}", Tags: []string{"server"},
		Summary: "Dismiss a notice", Description: "It is not on the board any more; that a newer Sluice is there is told again with the next one. A notice that is not there is no error.",
		Errors: []int{507}, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *noticeInput) (*struct{}, error) {
		return nil, a.Desk.Dismiss(ctx, in.ID)
	})
}

func (a *api) retry(ctx context.Context, in *jobInput[*RetryRequest]) (*output[Job], error) {
	var q RetryRequest
	if in.Body != nil {
		q = *in.Body
	}
	if err := checkTime(q.NotBefore, "not_before"); err != nil {
		return nil, err
	}
	again := job.Again{From: q.FromStage, Model: q.Model, Hold: q.Hold}
	if q.NotBefore != nil {
		again.NotBefore = *q.NotBefore
	}
	j, err := a.Desk.Retry(ctx, in.ID, again)
	return a.shown(ctx, j, err)
}

func (a *api) hold(ctx context.Context, in *jobInput[*HoldRequest]) (*output[Job], error) {
	var until time.Time
	if in.Body != nil && in.Body.Until != nil {
		until = *in.Body.Until
		if err := checkTime(&until, "until"); err != nil {
			return nil, err
		}
		if !until.After(time.Now()) {
			return nil, invalidField("until", "expected a time to come").
				withHint("Give a later time, or release the job to let it start.")
		}
	}
	j, err := a.Desk.Hold(ctx, in.ID, until)
	return a.shown(ctx, j, err)
}

// move says when it is the job in before that is wrong, and not the one of the
// address.
func (a *api) move(ctx context.Context, in *jobInput[MoveRequest]) (*output[Job], error) {
	to, err := in.Body.place()
	if err != nil {
		return nil, err
	}
	j, err := a.Desk.Move(ctx, in.ID, to)
	wrong := to.Before != "" && fault.Is(err, fault.RequestInvalid)
	if to.Before != "" && fault.Is(err, fault.JobUnknown) {
		_, err := a.Desk.Get(ctx, in.ID)
		wrong = err == nil
	}
	if wrong {
		return nil, invalidField("before", "expected the id of a queued job").
			withHint("Name a job that waits in the line.")
	}
	return a.shown(ctx, j, err)
}

// clear answers an error also when some jobs were cleared: they are not all
// gone, which is what was asked for. The problem says how far it came.
func (a *api) clear(ctx context.Context, in *struct{ Body ClearRequest }) (*output[Cleared], error) {
	if s := in.Body.State; s != job.Queued && !s.Final() {
		return nil, invalidField("state", "expected one of queued, done, failed, canceled").
			withHint("Running jobs are canceled one by one.")
	}
	n, err := a.Desk.Clear(ctx, in.Body.State)
	if err != nil && n > 0 {
		p := a.problem(ctx, err)
		p.Detail += fmt.Sprintf(" %d jobs were cleared before that.", n)
		p.Hint += " Then clear again: it goes on with the rest."
		return nil, p
	}
	return &output[Cleared]{Cleared{n}}, err
}

// JobHistory is what happened to a job.
type JobHistory struct {
	Events []JobEvent `json:"events" nullable:"false" doc:"Oldest first"`
}

// JobEvent is one transition of a job.
type JobEvent struct {
	At     time.Time  `json:"at"`
	Verb   job.Verb   `json:"verb"`
	From   job.State  `json:"from,omitempty" doc:"State before; left out when it was submitted"`
	To     job.State  `json:"to" doc:"State after"`
	Reason job.Reason `json:"reason,omitempty" doc:"Why it waits, if it does"`
	Stage  job.Stage  `json:"stage,omitempty" doc:"The stage it was about"`
	Code   string     `json:"code,omitempty" doc:"Of the failure, if it was one" example:"engine_crashed"`
}

func (a *api) historyRoute() {
	register(a, huma.Operation{
		OperationID: "get-job-history", Method: http.MethodGet, Path: "/api/v1/jobs/{id}/history", Tags: []string{"jobs"},
		Summary: "Show what happened to a job", Errors: []int{404},
		Responses: example(JobHistory{Events: historyOf(exampleHistory())}),
	}, func(ctx context.Context, in *idInput) (*output[JobHistory], error) {
		events, err := a.Desk.History(ctx, in.ID)
		return &output[JobHistory]{JobHistory{historyOf(events)}}, err
	})
}

func historyOf(events []job.Event) []JobEvent {
	out := make([]JobEvent, 0, len(events))
	for _, e := range events {
		out = append(out, JobEvent{At: e.At.UTC(), Verb: e.Verb, From: e.From, To: e.To, Reason: e.Reason, Stage: e.Stage, Code: e.Code})
	}
	return out
}

func exampleHistory() []job.Event {
	at := exampleTime()
	return []job.Event{
		{At: at.Add(-time.Second), Verb: job.VerbSubmit, To: job.Queued, Reason: job.Turn},
		{At: at, Verb: job.VerbTake, From: job.Queued, To: job.Running},
	}
}

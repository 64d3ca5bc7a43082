package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// JobAttempts is what became of the tries at a job's stages.
type JobAttempts struct {
	Attempts []Attempt `json:"attempts" nullable:"false" doc:"Oldest first; the newest 50"`
}

// Attempt is one try at a stage that did not come to its end.
type Attempt struct {
	Stage      job.Stage       `json:"stage"`
	Number     int             `json:"number" doc:"Of the tries at this stage that ended so, from 1" example:"1"`
	StartedAt  time.Time       `json:"started_at"`
	FinishedAt time.Time       `json:"finished_at"`
	Kind       job.AttemptKind `json:"kind"`
	Code       string          `json:"code,omitempty" doc:"Of the failure, if it was one" example:"engine_crashed"`
	Message    string          `json:"message,omitempty" doc:"What happened, for people" example:"The speech engine crashed."`
	Hint       string          `json:"hint,omitempty" doc:"What to do about it" example:"It is tried again from the last finished span."`
	LogTail    string          `json:"log_tail,omitempty" doc:"The last lines that the process wrote to its log, at most 8 kB"`
}

func (a *api) attemptsRoute() {
	register(a, huma.Operation{
		OperationID: "get-job-attempts", Method: http.MethodGet, Path: "/api/v1/jobs/{id}/attempts", Tags: []string{"jobs"},
		Summary:     "Show what went wrong with a job",
		Description: "The tries at its stages that did not come to their end, and the log of what crashed.",
		Errors:      []int{404}, Responses: example(JobAttempts{Attempts: attemptsOf(exampleAttempts())}),
	}, func(ctx context.Context, in *idInput) (*output[JobAttempts], error) {
		attempts, err := a.Attempts.Attempts(ctx, in.ID)
		return &output[JobAttempts]{JobAttempts{attemptsOf(attempts)}}, err
	})
}

func attemptsOf(attempts []job.Attempt) []Attempt {
	out := make([]Attempt, 0, len(attempts))
	for _, t := range attempts {
		out = append(out, Attempt{
			Stage: t.Stage, Number: t.Number, StartedAt: t.StartedAt.UTC(), FinishedAt: t.FinishedAt.UTC(),
			Kind: t.Kind, Code: t.Code, Message: t.Message, Hint: t.Hint, LogTail: t.Log,
		})
	}
	return out
}

func exampleAttempts() []job.Attempt {
	f := fault.New(fault.EngineCrashed, "The speech engine crashed.", nil)
	at := exampleTime()
	return []job.Attempt{{
		Stage: job.Transcribe, Number: 1, StartedAt: at, FinishedAt: at.Add(41 * time.Second), Kind: job.AttemptCrash,
		Code: string(f.Code), Message: f.Say, Hint: f.Hint, Log: "engine: signal: segmentation fault",
	}}
}

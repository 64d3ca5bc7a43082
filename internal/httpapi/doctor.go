package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/job"
)

func (a *api) doctorRoute() {
	register(a, huma.Operation{
		OperationID: "get-doctor", Method: http.MethodGet, Path: "/api/v1/doctor", Tags: []string{"machine"},
		Summary: "Check that this machine has what jobs need",
		Description: "Looks anew each time, at all things at once, and answers within about three seconds: what does not " +
			"answer by then is a finding like the rest. Only `fail` keeps jobs from running. The budget goes stage by " +
			"stage, and has in each what is used when a job names no model first, and then the rest by need; a need " +
			"of 0 is not known, and neither is an `installed` that is left out.",
	}, func(ctx context.Context, _ *struct{}) (*output[job.Diagnosis], error) {
		d, err := a.Doctor.Diagnose(ctx)
		d.Findings, d.Budget = filled(d.Findings), filled(d.Budget)
		return &output[job.Diagnosis]{d}, err
	})
	a.stagesOfBudget()
}

// stagesOfBudget names the stages in a budget by themselves: a language model
// is planned for before any job has a stage that takes one.
func (a *api) stagesOfBudget() {
	a.registry.Map()["Budget"].Properties["stage"] = &huma.Schema{
		Type: huma.TypeString, Enum: []any{string(job.Transcribe), "translate"},
		Description: "What the model does: `transcribe` a speech model, `translate` a language model of Ollama",
	}
}

package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/job"
)

// ModelList is the speech models.
type ModelList struct {
	Models []job.Model `json:"models" nullable:"false" doc:"Those of the catalog in its order, then files of the user's own by name"`
}

func (a *api) modelsRoute() {
	register(a, huma.Operation{
		OperationID: "list-models", Method: http.MethodGet, Path: "/api/v1/models", Tags: []string{"machine"},
		Summary: "List the speech models",
		Description: "Every one that is installed or can be, as 'sluice models list' shows it. default: jobs that name none use it. " +
			"suits: the settings name it or, when they name none or one that can never fit, it is what suits this machine; it need not be installed. " +
			"fits: this machine can run it at all. size_bytes: of its file. need_bytes: memory that it is expected to take.",
		Responses: example(ModelList{exampleModels()}),
	}, func(ctx context.Context, _ *struct{}) (*output[ModelList], error) {
		models, err := a.Models.List(ctx)
		return &output[ModelList]{ModelList{filled(models)}}, err
	})
}

func exampleModels() []job.Model {
	return []job.Model{
		{
			Name: "large-v3-turbo", Installed: true, Default: true, Suits: true, Fits: true, Languages: job.Multilingual,
			SizeBytes: 1_624_555_275, NeedBytes: 2_295_643_915, Note: "Nearly the quality of large-v3, several times faster.",
		},
		{
			Name: "base.en", Fits: true, Languages: job.English, SizeBytes: 147_964_211, NeedBytes: 408_011_059, Note: "Rough text, fast.",
		},
	}
}

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

// ModelRequest names a model.
type ModelRequest struct {
	Name string `json:"name" minLength:"1" maxLength:"200" doc:"Name of a model of the catalog" example:"large-v3-turbo"`
}

type modelInput struct {
	Name string `path:"name" maxLength:"200" doc:"Name of the model" example:"large-v3-turbo"`
}

// modelOutput is 202 when bytes are still to come.
type modelOutput struct {
	Status int
	Body   job.Model
}

func (a *api) modelRoutes() {
	register(a, huma.Operation{
		OperationID: "list-models", Method: http.MethodGet, Path: "/api/v1/models", Tags: []string{"machine"},
		Summary: "List the speech models",
		Description: "Every one that is installed or can be, as 'sluice models list' shows it. default: jobs that name none use it. " +
			"suits: the settings name it or, when they name none or one that can never fit, it is what suits this machine; it need not be installed. " +
			"fits: this machine can run it at all. catalog: it can be downloaded; otherwise it is a file of the user's own. " +
			"damaged: its file is no good; a download replaces it. size_bytes: of its file. need_bytes: memory that it is expected " +
			"to take. jobs: how many live jobs need it. download: how far it is, when it is not installed and something of it is here " +
			"or somebody wants it; how it goes on is told by events of kind `model`.",
		Responses: example(ModelList{exampleModels()}),
	}, func(ctx context.Context, _ *struct{}) (*output[ModelList], error) {
		models, err := a.Models.List(ctx)
		return &output[ModelList]{ModelList{filled(models)}}, err
	})
	register(a, huma.Operation{
		OperationID: "download-model", Method: http.MethodPost, Path: "/api/v1/models", Tags: []string{"machine"},
		Summary: "Download a speech model",
		Description: "Puts it at the end of the line of downloads, which come one at a time, and answers at once. One that has stopped " +
			"goes on where it was; one that is in the line stays in its place.",
		DefaultStatus: http.StatusAccepted, Responses: installed[job.Model](a),
	}, func(ctx context.Context, in *struct{ Body ModelRequest }) (*modelOutput, error) {
		m, err := a.Models.Download(ctx, in.Body.Name)
		status := http.StatusAccepted
		if m.Installed {
			status = http.StatusOK
		}
		return &modelOutput{status, m}, err
	})
	register(a, huma.Operation{
		OperationID: "cancel-download", Method: http.MethodDelete, Path: "/api/v1/models/{name}/download", Tags: []string{"machine"},
		Summary:     "Cancel a download",
		Description: "What has arrived is kept, for a download later. A model that is not being downloaded is no error.",
		Errors:      []int{422}, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *modelInput) (*struct{}, error) {
		return nil, a.Models.Cancel(ctx, in.Name)
	})
	register(a, huma.Operation{
		OperationID: "delete-model", Method: http.MethodDelete, Path: "/api/v1/models/{name}", Tags: []string{"machine"},
		Summary: "Delete a speech model",
		Description: "Its file, or what has arrived of it. Refused while a live job needs it or while it is being downloaded. " +
			"A file of the user's own in the folder of models is deleted for good.",
		Errors: []int{404, 409, 422, 502, 507}, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *modelInput) (*struct{}, error) {
		return nil, a.Models.Remove(ctx, in.Name)
	})
}

// installed is the answer to the wish for a model that is there.
func installed[T any](a *api) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Description: "It is installed already", Content: content("application/json", schema[T](a), nil)}}
}

func exampleModels() []job.Model {
	return []job.Model{
		{
			Name: "large-v3-turbo", Installed: true, Catalog: true, Default: true, Suits: true, Fits: true, Languages: job.Multilingual,
			SizeBytes: 1_624_555_275, NeedBytes: 2_295_643_915, Note: "Nearly the quality of large-v3, several times faster.", Jobs: 2,
		},
		{
			Name: "base.en", Catalog: true, Fits: true, Languages: job.English, SizeBytes: 147_964_211, NeedBytes: 408_011_059, Note: "Rough text, fast.",
			Download: &job.Download{State: job.DownloadRunning, DoneBytes: 63_624_611, TotalBytes: 147_964_211, ETASeconds: 12},
		},
	}
}

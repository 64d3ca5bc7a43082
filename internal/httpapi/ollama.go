package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/job"
)

// LanguageModelList is the models of Ollama.
type LanguageModelList struct {
	Models []job.LanguageModel `json:"models" nullable:"false"`
}

// LanguageModelRequest names a model of Ollama.
type LanguageModelRequest struct {
	Name string `json:"name" minLength:"1" maxLength:"200" doc:"As Ollama names it, with its tag" example:"gemma3:4b"`
}

type languageModelInput struct {
	Name string `path:"name" maxLength:"200" doc:"Name of the model; a slash in it as %2F" example:"gemma3:4b"`
}

// languageModelOutput is 202 when bytes are still to come.
type languageModelOutput struct {
	Status int
	Body   job.LanguageModel
}

func (a *api) languageModelRoutes() {
	register(a, huma.Operation{
		OperationID: "list-language-models", Method: http.MethodGet, Path: "/api/v1/ollama/models", Tags: []string{"machine"},
		Summary: "List the language models",
		Description: "Those that Ollama has, and others that are worth having or that jobs need. default: jobs that name none use it. " +
			"suits: the one to install. fits: this machine can run it at all. remote: only a name here, another machine runs it. " +
			"size_bytes: on the disk of Ollama. need_bytes: memory that it is expected to take with context, the tokens it sees at once. " +
			"held_bytes: memory that it has now. jobs: how many live jobs need it. download: how far it is, when it is not installed and " +
			"somebody wants it; how it goes on is told by events of kind `model`.",
		Errors: []int{502, 503}, Responses: example(LanguageModelList{exampleLanguageModels()}),
	}, func(ctx context.Context, _ *struct{}) (*output[LanguageModelList], error) {
		models, err := a.LanguageModels.List(ctx)
		return &output[LanguageModelList]{LanguageModelList{filled(models)}}, err
	})
	register(a, huma.Operation{
		OperationID: "download-language-model", Method: http.MethodPost, Path: "/api/v1/ollama/models", Tags: []string{"machine"},
		Summary: "Download a language model",
		Description: "Lets Ollama fetch it and answers at once. One that has stopped goes on where it was; one that is on its way " +
			"is left to it.",
		Errors: []int{502, 503}, DefaultStatus: http.StatusAccepted, Responses: installed[job.LanguageModel](a),
	}, func(ctx context.Context, in *struct{ Body LanguageModelRequest }) (*languageModelOutput, error) {
		m, err := a.LanguageModels.Download(ctx, in.Body.Name)
		status := http.StatusAccepted
		if m.Installed {
			status = http.StatusOK
		}
		return &languageModelOutput{status, m}, err
	})
	register(a, huma.Operation{
		OperationID: "cancel-language-download", Method: http.MethodDelete, Path: "/api/v1/ollama/models/{name}/download", Tags: []string{"machine"},
		Summary:     "Cancel the download of a language model",
		Description: "Ollama keeps what has arrived for a while. A model that is not being downloaded is no error.",
		Errors:      []int{422, 502, 503}, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *languageModelInput) (*struct{}, error) {
		return nil, a.LanguageModels.Cancel(ctx, in.Name)
	})
}

func exampleLanguageModels() []job.LanguageModel {
	return []job.LanguageModel{
		{
			Name: "gemma3:4b", Installed: true, Default: true, Suits: true, Fits: true, Parameters: "4.3B",
			SizeBytes: 3_338_801_804, NeedBytes: 4_612_345_856, Context: 8192, Jobs: 1,
		},
		{
			Name: "qwen3:8b", Fits: true, NeedBytes: 7_301_444_403, Context: 8192,
			Download: &job.Download{State: job.DownloadRunning, DoneBytes: 1_620_313_088, TotalBytes: 5_225_388_164, ETASeconds: 190},
		},
	}
}

package httpapi_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/job"
)

// fakeLanguageModels is a model that is installed and one that is on its way;
// or why nothing can be done with them.
type fakeLanguageModels struct {
	err  error
	done []string
}

func (m *fakeLanguageModels) List(context.Context) ([]job.LanguageModel, error) {
	if m.err != nil {
		return nil, m.err
	}
	return []job.LanguageModel{
		{Name: "gemma3:4b", Installed: true, Default: true, Suits: true, Fits: true, Parameters: "4.3B", SizeBytes: 5, NeedBytes: 9, Context: 8192, HeldBytes: 3, Jobs: 2},
		{Name: "hf.co/a/b:q4", Download: &job.Download{State: job.DownloadRunning, DoneBytes: 1, TotalBytes: 2}},
	}, nil
}

func (m *fakeLanguageModels) Download(ctx context.Context, name string) (job.LanguageModel, error) {
	m.done = append(m.done, "download "+name)
	all, err := m.List(ctx)
	for _, one := range all {
		if one.Name == name {
			return one, nil
		}
	}
	if err == nil {
		err = fault.New(fault.ModelUnknown, "Ollama knows no such model.", nil)
	}
	return job.LanguageModel{}, err
}

func (m *fakeLanguageModels) Cancel(_ context.Context, name string) error {
	m.done = append(m.done, "cancel "+name)
	return m.err
}

func TestLanguageModels(t *testing.T) {
	t.Parallel()
	away := fault.New(fault.OllamaUnreachable, "Ollama does not answer.", nil)
	tests := map[string]struct {
		method, target, body string
		err                  error
		status               int
		want                 string
		done                 []string
	}{
		"they are listed": {
			method: "GET", target: "/api/v1/ollama/models", status: 200,
			want: `{"models":[{"name":"gemma3:4b","installed":true,"default":true,"suits":true,"fits":true,"parameters":"4.3B","size_bytes":5,"need_bytes":9,"context":8192,"held_bytes":3,"jobs":2},` +
				`{"name":"hf.co/a/b:q4","installed":false,"default":false,"suits":false,"fits":false,"download":{"state":"running","done_bytes":1,"total_bytes":2}}]}`,
		},
		"Ollama is away":                   {method: "GET", target: "/api/v1/ollama/models", err: away, status: 503, want: `"code":"ollama_unreachable"`},
		"a download is begun":              {method: "POST", target: "/api/v1/ollama/models", body: `{"name":"hf.co/a/b:q4"}`, status: 202, want: `"done_bytes":1`, done: []string{"download hf.co/a/b:q4"}},
		"what is installed needs none":     {method: "POST", target: "/api/v1/ollama/models", body: `{"name":"gemma3:4b"}`, status: 200, want: `"installed":true`, done: []string{"download gemma3:4b"}},
		"a model that Ollama has not":      {method: "POST", target: "/api/v1/ollama/models", body: `{"name":"huge:1t"}`, status: 422, want: `"code":"model_unknown"`, done: []string{"download huge:1t"}},
		"a download of nothing":            {method: "POST", target: "/api/v1/ollama/models", body: `{"name":""}`, status: 422, want: `"field":"name"`},
		"a download with more to say":      {method: "POST", target: "/api/v1/ollama/models", body: `{"name":"a:b","insecure":true}`, status: 422, want: `"field":"insecure"`},
		"a download is canceled":           {method: "DELETE", target: "/api/v1/ollama/models/gemma3:4b/download", status: 204, done: []string{"cancel gemma3:4b"}},
		"a name with slashes":              {method: "DELETE", target: "/api/v1/ollama/models/hf.co%2Fa%2Fb:q4/download", status: 204, done: []string{"cancel hf.co/a/b:q4"}},
		"they are removed in Ollama alone": {method: "DELETE", target: "/api/v1/ollama/models/gemma3:4b", status: 404, want: `route_unknown`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			models := &fakeLanguageModels{err: tt.err}
			routes := newWorld(t).with(func(d *httpapi.Deps) { d.LanguageModels = models })
			res := call(t, routes, tt.method, tt.target, tt.body)
			if res.Code != tt.status || !strings.Contains(res.Body.String(), tt.want) {
				t.Errorf("status %d: %s", res.Code, res.Body)
			}
			if res.Code >= 400 {
				checkProblem(t, res)
			}
			if diff := cmp.Diff(tt.done, models.done); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADownloadOfOllamaIsToldInEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := connect(t, w, "b1-0")
	w.board.Publish(board.Event{Kind: board.ModelChanged, Model: "gemma3:4b", Download: &job.Download{State: job.DownloadRunning, DoneBytes: 43, TotalBytes: 100}})
	want := `{"id":"b1-1","kind":"model","model":"gemma3:4b","download":{"state":"running","done_bytes":43,"total_bytes":100}}`
	if diff := cmp.Diff(want, res.block(t).data); diff != "" {
		t.Error(diff)
	}
}

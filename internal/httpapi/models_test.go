package httpapi_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/job"
)

// fakeModels is a model of the catalog that is installed, one that is not, and
// a file of the user's own; or why nothing can be done with them.
type fakeModels struct {
	err  error
	done []string
}

func (m *fakeModels) List(context.Context) ([]job.Model, error) {
	if m.err != nil {
		return nil, m.err
	}
	return []job.Model{
		{
			Name: "tiny", Installed: true, Catalog: true, Default: true, Suits: true, Fits: true, Languages: job.Multilingual,
			SizeBytes: 5, NeedBytes: 9, Note: "Rough.", Jobs: 2, Path: "/secret/ggml-tiny.bin",
		},
		{Name: "base", Catalog: true, Download: &job.Download{
			State: job.DownloadStopped, DoneBytes: 1, TotalBytes: 2,
			Error: &job.DownloadError{Code: "download_failed", Message: "It broke.", Hint: "Try again."},
		}},
		{Name: "mine", Damaged: true},
	}, nil
}

func (m *fakeModels) Download(ctx context.Context, name string) (job.Model, error) {
	m.done = append(m.done, "download "+name)
	all, err := m.List(ctx)
	if err != nil {
		return job.Model{}, err
	}
	for _, one := range all {
		if one.Name == name {
			return one, nil
		}
	}
	return job.Model{}, fault.New(fault.ModelUnknown, "No such model.", nil)
}

func (m *fakeModels) Cancel(_ context.Context, name string) error {
	m.done = append(m.done, "cancel "+name)
	return m.err
}

func (m *fakeModels) Remove(_ context.Context, name string) error {
	m.done = append(m.done, "remove "+name)
	return m.err
}

func TestModels(t *testing.T) {
	t.Parallel()
	inUse := fault.New(fault.ModelInUse, "2 live jobs need it.", nil)
	tests := map[string]struct {
		method, target, body string
		err                  error
		status               int
		want                 string
		done                 []string
	}{
		"they are listed, without their paths": {
			method: "GET", target: "/api/v1/models", status: 200,
			want: `{"models":[{"name":"tiny","installed":true,"catalog":true,"default":true,"suits":true,"fits":true,"languages":"multilingual","size_bytes":5,"need_bytes":9,"note":"Rough.","jobs":2},` +
				`{"name":"base","installed":false,"catalog":true,"default":false,"suits":false,"fits":false,"download":{"state":"stopped","done_bytes":1,"total_bytes":2,"error":{"code":"download_failed","message":"It broke.","hint":"Try again."}}},` +
				`{"name":"mine","installed":false,"damaged":true,"catalog":false,"default":false,"suits":false,"fits":false}]}`,
		},
		"a list that cannot be read hides why": {method: "GET", target: "/api/v1/models", err: errors.New("secret"), status: 500, want: `"code":"internal"`},
		"a download is begun": {
			method: "POST", target: "/api/v1/models", body: `{"name":"base"}`, status: 202, want: `"name":"base"`, done: []string{"download base"},
		},
		"what is installed needs none": {
			method: "POST", target: "/api/v1/models", body: `{"name":"tiny"}`, status: 200, want: `"installed":true`, done: []string{"download tiny"},
		},
		"a model that nobody knows": {
			method: "POST", target: "/api/v1/models", body: `{"name":"huge"}`, status: 422, want: `"code":"model_unknown"`, done: []string{"download huge"},
		},
		"a download of nothing": {method: "POST", target: "/api/v1/models", body: `{}`, status: 422, want: `"field":"name"`},
		"a download is canceled": {
			method: "DELETE", target: "/api/v1/models/base/download", status: 204, done: []string{"cancel base"},
		},
		"a model is deleted, whatever its letters": {
			method: "DELETE", target: "/api/v1/models/%ED%95%9C%20a.en", status: 204, done: []string{"remove 한 a.en"},
		},
		"a model that a job needs is not": {
			method: "DELETE", target: "/api/v1/models/tiny", err: inUse, status: 409, want: `"code":"model_in_use"`, done: []string{"remove tiny"},
		},
		"a name is no path": {method: "DELETE", target: "/api/v1/models/..%2Fx", status: 204, done: []string{"remove ../x"}}, // the store refuses it
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			models := &fakeModels{err: tt.err}
			routes := newWorld(t).with(func(d *httpapi.Deps) { d.Models = models })
			res := call(t, routes, tt.method, tt.target, tt.body)
			if res.Code != tt.status || !strings.Contains(res.Body.String(), tt.want) {
				t.Errorf("status %d: %s", res.Code, res.Body)
			}
			if res.Code >= 400 {
				checkProblem(t, res)
			}
			if strings.Contains(res.Body.String(), "secret") {
				t.Errorf("it tells %s", res.Body)
			}
			if diff := cmp.Diff(tt.done, models.done); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADownloadIsToldInEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := connect(t, w, "b1-0")
	w.board.Publish(board.Event{Kind: board.ModelChanged, Model: "base", Download: &job.Download{State: job.DownloadRunning, DoneBytes: 43, TotalBytes: 100, ETASeconds: 7}})
	w.board.Publish(board.Event{Kind: board.ModelChanged, Model: "base"})
	for _, want := range []string{
		`{"id":"b1-1","kind":"model","model":"base","download":{"state":"running","done_bytes":43,"total_bytes":100,"eta_seconds":7}}`,
		`{"id":"b1-2","kind":"model","model":"base"}`,
	} {
		if diff := cmp.Diff(want, res.block(t).data); diff != "" {
			t.Error(diff)
		}
	}
}

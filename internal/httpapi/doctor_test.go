package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/httpapi"
	"sluice/internal/job"
)

// fakeDoctor finds one of each.
type fakeDoctor struct {
	found *job.Diagnosis // nil = one of each
	err   error
}

func (d fakeDoctor) Diagnose(context.Context) (job.Diagnosis, error) {
	switch {
	case d.err != nil:
		return job.Diagnosis{}, d.err
	case d.found != nil:
		return *d.found, nil
	}
	return job.Diagnosis{
		Findings: []job.Finding{{Name: "ollama", Level: job.FindingWarn, Text: "away", Hint: "Start it."}},
		Budget: []job.Budget{
			{Stage: job.Transcribe, Model: "small", Need: 1 << 30, From: job.FromMeasured, Fits: true, Chosen: true, Here: new(true)},
			{Stage: "translate", Model: "llm:8b", Context: 8192, Need: 7e9, From: job.FromFile, Here: new(false), Text: "Too much."},
			{Stage: "translate", Model: "far:8b", From: job.FromCatalog, Fits: true, Chosen: true},
		},
	}, nil
}

func TestTheDoctor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		doctor fakeDoctor
		status int
		want   string
	}{
		"says what it found and what fits": {
			status: http.StatusOK,
			want: `{"findings":[{"name":"ollama","level":"warn","text":"away","hint":"Start it."}],` +
				`"budget":[{"stage":"transcribe","model":"small","need_bytes":1073741824,"from":"measured","fits":true,"chosen":true,"installed":true},` +
				`{"stage":"translate","model":"llm:8b","context":8192,"need_bytes":7000000000,"from":"file","fits":false,"chosen":false,"installed":false,"text":"Too much."},` +
				`{"stage":"translate","model":"far:8b","need_bytes":0,"from":"catalog","fits":true,"chosen":true}]}` + "\n",
		},
		"has lists that are never null": {
			doctor: fakeDoctor{found: &job.Diagnosis{}}, status: http.StatusOK,
			want: `{"findings":[],"budget":[]}` + "\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := askDoctor(t, tt.doctor)
			if diff := cmp.Diff(tt.want, w.Body.String()); w.Code != tt.status || diff != "" {
				t.Errorf("%d:\n%s", w.Code, diff)
			}
		})
	}
	t.Run("fails without telling why", func(t *testing.T) {
		t.Parallel()
		w := askDoctor(t, fakeDoctor{err: errors.New("secret")})
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
	})
}

func askDoctor(t *testing.T, d fakeDoctor) *httptest.ResponseRecorder {
	t.Helper()
	routes := newWorld(t).with(func(deps *httpapi.Deps) { deps.Doctor = d })
	w := httptest.NewRecorder()
	routes.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/doctor", http.NoBody))
	return w
}

func TestTheDocumentListsWhatTheDoctorMaySay(t *testing.T) {
	t.Parallel()
	d, _ := readDocument(t)
	want := map[string][]any{"FindingLevel": {"ok", "warn", "fail"}, "Known": {"catalog", "file", "measured"}}
	for name, values := range want {
		if diff := cmp.Diff(any(values), d.Components.Schemas[name]["enum"]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	budget, _ := d.Components.Schemas["Budget"]["properties"].(map[string]any)
	stage, _ := budget["stage"].(map[string]any)
	if diff := cmp.Diff([]any{"transcribe", "translate"}, stage["enum"]); diff != "" {
		t.Error(diff)
	}
}

package httpapi_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/job"
)

var update = flag.Bool("update", false, "write the golden files")

func TestTheDocumentIsTheGoldenOne(t *testing.T) {
	t.Parallel()
	got, err := httpapi.OpenAPI("dev")
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "openapi.json")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the API has changed; if that is meant, run 'go test ./internal/httpapi -update' (-golden +now):\n%s", diff)
	}
}

type document struct {
	OpenAPI string
	Info    struct{ Description string }
	Paths   map[string]map[string]struct {
		OperationID string
		Tags        []string
		Parameters  []struct{ Name, In string }
		RequestBody struct{ Content map[string]any }
		Responses   map[string]struct {
			Content map[string]struct{ Schema map[string]any }
		}
	}
	Tags       []struct{ Name string }
	Components struct{ Schemas map[string]map[string]any }
}

func readDocument(t *testing.T) (document, string) {
	t.Helper()
	text, err := httpapi.OpenAPI("dev")
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d, string(text)
}

func TestTheDocumentIsComplete(t *testing.T) {
	t.Parallel()
	d, text := readDocument(t)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q", d.OpenAPI)
	}
	want := []string{
		"delete /api/v1/jobs/{id}", "delete /api/v1/models/{name}", "delete /api/v1/models/{name}/download", "delete /api/v1/notices/{id}",
		"delete /api/v1/ollama/models/{name}/download", "get /api/v1/board", "get /api/v1/deliveries", "get /api/v1/doctor", "get /api/v1/events", "get /api/v1/history", "get /api/v1/jobs", "get /api/v1/jobs/{id}", "get /api/v1/jobs/{id}/attempts",
		"get /api/v1/jobs/{id}/history", "get /api/v1/jobs/{id}/media", "get /api/v1/jobs/{id}/summary", "get /api/v1/jobs/{id}/transcript", "get /api/v1/machine", "get /api/v1/models", "get /api/v1/ollama/models",
		"get /api/v1/search", "get /api/v1/settings", "get /api/v1/throughput",
		"get /healthz", "get /metrics", "get /openapi.json", "get /v1/models", "get /v1/models/{model}", "patch /api/v1/jobs/{id}/transcript", "post /api/v1/deliveries/{id}/redeliver", "post /api/v1/drop", "post /api/v1/jobs", "post /api/v1/jobs/clear",
		"post /api/v1/jobs/{id}/cancel", "post /api/v1/jobs/{id}/hold", "post /api/v1/jobs/{id}/media/ticket", "post /api/v1/jobs/{id}/move",
		"post /api/v1/jobs/{id}/priority", "post /api/v1/jobs/{id}/release", "post /api/v1/jobs/{id}/retry",
		"post /api/v1/models", "post /api/v1/ollama/models",
		"post /api/v1/queue/pause", "post /api/v1/queue/resume", "post /api/v1/window/show",
		"post /process", "post /v1/audio/transcriptions", "put /api/v1/settings", "put /api/v1/uploads/{name}",
	}
	var got []string
	for path, ops := range d.Paths {
		for method, op := range ops {
			got = append(got, method+" "+path)
			for status, r := range op.Responses {
				for mediaType := range r.Content {
					bad := status >= "400"
					if strings.HasPrefix(path, "/v1/") { // OpenAI's shapes
						if bad && mediaType != "application/json" {
							t.Errorf("%s: %s answers %s", op.OperationID, status, mediaType)
						}
						continue
					}
					if bad != (mediaType == "application/problem+json") {
						t.Errorf("%s: %s answers %s", op.OperationID, status, mediaType)
					}
				}
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	for _, e := range fault.Codes() {
		if !strings.Contains(d.Info.Description, "`"+string(e.Code)+"`") {
			t.Errorf("code %s is not in the description", e.Code)
		}
	}
	for word, most := range map[string]int{"$schema": 0, "ErrorModel": 0, `"null"`: 7} { // a summary, what is edited or set, and the param of OpenAI's errors may be
		if n := strings.Count(text, word); n > most {
			t.Errorf("the document holds %s %d times", word, n)
		}
	}
	for _, ref := range strings.Split(text, `"#/components/schemas/`)[1:] {
		if name, _, _ := strings.Cut(ref, `"`); d.Components.Schemas[name] == nil {
			t.Errorf("schema %s is missing", name)
		}
	}
}

func TestTheDocumentSaysWhatARouteTakesAndRefuses(t *testing.T) {
	t.Parallel()
	d, _ := readDocument(t)
	tags := map[string]bool{}
	for _, tag := range d.Tags {
		tags[tag.Name] = true
	}
	for path, ops := range d.Paths {
		for method, op := range ops {
			var want, got []string
			for _, piece := range strings.Split(path, "{")[1:] {
				name, _, _ := strings.Cut(piece, "}")
				want = append(want, name)
			}
			for _, p := range op.Parameters {
				if p.In == "path" {
					got = append(got, p.Name)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s: names in the path (-want +got):\n%s", method, path, diff)
			}
			if len(op.Tags) != 1 || !tags[op.Tags[0]] {
				t.Errorf("%s: tags %q", op.OperationID, op.Tags)
			}
			if op.RequestBody.Content["application/json"] == nil {
				continue
			}
			for _, status := range []string{"400", "413", "415", "422"} {
				if _, ok := op.Responses[status]; !ok {
					t.Errorf("%s takes JSON and never answers %s", op.OperationID, status)
				}
			}
		}
	}
}

func TestClosedListsAreNamedSchemas(t *testing.T) {
	t.Parallel()
	d, _ := readDocument(t)
	for name, first := range map[string]string{
		"State": "queued", "Reason": "turn", "Stage": "extract", "SourceKind": "path",
		"Pressure": "normal", "Format": "json", "EventKind": "job", "Code": "internal",
		"End": "front", "Verb": "submit", "NoticeCode": "backup_restored", "Languages": "multilingual", "DownloadState": "waiting",
	} {
		list, _ := d.Components.Schemas[name]["enum"].([]any)
		if len(list) < 2 || list[0] != first {
			t.Errorf("%s lists %v", name, list)
		}
	}
}

func TestBoundsOfARequestAreThoseOfAnOrder(t *testing.T) {
	t.Parallel()
	d, _ := readDocument(t)
	fields, _ := d.Components.Schemas["JobRequest"]["properties"].(map[string]any)
	alone, _ := d.Components.Schemas["PriorityRequest"]["properties"].(map[string]any)
	if diff := cmp.Diff(bounds(fields["priority"]), bounds(alone["priority"])); diff != "" {
		t.Errorf("the bounds of a priority differ:\n%s", diff)
	}
	for name, want := range map[string]struct {
		key   string
		bound float64
	}{
		"title": {"maxLength", job.MaxTitle}, "prompt": {"maxLength", job.MaxPrompt}, "beam_size": {"maximum", job.MaxBeamSize}, "threads": {"maximum", job.MaxThreads},
		"priority": {"minimum", job.MinPriority}, "translate_to": {"maxItems", job.MaxLanguages}, "glossary": {"maxItems", job.MaxTerms},
	} {
		field, _ := fields[name].(map[string]any)
		if field[want.key] != want.bound {
			t.Errorf("%s: %s is %v, want %v", name, want.key, field[want.key], want.bound)
		}
	}
}

func bounds(field any) [2]any {
	m, _ := field.(map[string]any)
	return [2]any{m["minimum"], m["maximum"]}
}

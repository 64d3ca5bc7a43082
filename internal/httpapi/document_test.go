package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/apitest"
	"sluice/internal/httpapi"
)

// theDocument is read once: it is held against every answer of the tests.
var theDocument = sync.OnceValues(func() (*apitest.Document, error) { //nolint:gochecknoglobals // nothing of it changes
	text, err := httpapi.OpenAPI("dev")
	if err != nil {
		return nil, err
	}
	return apitest.Parse(text)
})

// follow holds every answer of the routes against the document. Streams and
// what is no route of ours, as the page, the document has no say in.
func follow(t *testing.T, routes http.Handler) http.Handler {
	t.Helper()
	d, err := theDocument()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := &keeping{ResponseWriter: w}
		routes.ServeHTTP(kept, r)
		header := w.Header()
		if !d.Knows(r.Method, r.URL.EscapedPath()) || kept.status == 499 || header.Get("Content-Type") == "text/event-stream" {
			return
		}
		if err := d.Answer(r.Method, r.URL.EscapedPath(), kept.status, header.Get("Content-Type"), kept.body.Bytes()); err != nil {
			t.Errorf("%s %s: an answer does not follow the document: %v\n%.300s", r.Method, r.URL.Path, err, kept.body.Bytes())
		}
	})
}

// keeping remembers an answer that goes through it.
type keeping struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *keeping) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *keeping) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	_, _ = w.body.Write(p)
	return w.ResponseWriter.Write(p)
}

func (w *keeping) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestEveryBodyHasAnExample(t *testing.T) {
	t.Parallel()
	for _, lacks := range httpapi.Unshown() {
		t.Error(lacks)
	}
	d, err := theDocument()
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range d.Examples() {
		t.Error(err)
	}
}

func TestTheDocumentHasTheRoutesThatAreThere(t *testing.T) {
	t.Parallel()
	d, err := theDocument()
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for _, op := range d.Operations() {
		written = append(written, op.Method+" "+op.Path)
	}
	there := httpapi.Patterns()
	slices.Sort(written)
	slices.Sort(there)
	if diff := cmp.Diff(there, written); diff != "" {
		t.Errorf("routes (-of the server +of the document); a route of plain is in both:\n%s", diff)
	}
}

func TestEveryOperationSaysWhatItIs(t *testing.T) {
	t.Parallel()
	text, err := httpapi.OpenAPI("dev")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Paths map[string]map[string]struct {
			OperationID, Summary string
			Parameters           []struct{ Name, Description string }
			RequestBody          *struct{}
			Responses            map[string]struct {
				Description string
				Ref         string `json:"$ref"`
			}
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for path, ops := range d.Paths {
		for method, op := range ops {
			where := method + " " + path
			if op.OperationID == "" || ids[op.OperationID] != "" {
				t.Errorf("%s: operationId %q is of %q", where, op.OperationID, ids[op.OperationID])
			}
			ids[op.OperationID] = where
			if op.Summary == "" || strings.HasSuffix(op.Summary, ".") || len(op.Summary) > 80 {
				t.Errorf("%s: the summary %q is no short sentence without its end", where, op.Summary)
			}
			for _, p := range op.Parameters {
				if p.Description == "" {
					t.Errorf("%s: parameter %s says nothing", where, p.Name)
				}
			}
			for _, status := range []string{"401", "403", "421", "500"} {
				if _, ok := op.Responses[status]; !ok {
					t.Errorf("%s: %s is not among its answers", where, status)
				}
			}
			good := 0
			for status, r := range op.Responses {
				if status < "400" {
					good++
				}
				if r.Description == "" && r.Ref == "" {
					t.Errorf("%s: its answer %s says nothing", where, status)
				}
			}
			if good == 0 || op.Responses["default"].Description != "" {
				t.Errorf("%s: its answers are not listed", where)
			}
		}
	}
}

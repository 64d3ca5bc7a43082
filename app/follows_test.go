package app_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"sluice/internal/apitest"
	"sluice/internal/httpapi"
)

// theDocument is what the server says that it follows.
var theDocument = sync.OnceValues(func() (*apitest.Document, error) { //nolint:gochecknoglobals // nothing of it changes
	text, err := httpapi.OpenAPI("dev")
	if err != nil {
		return nil, err
	}
	return apitest.Parse(text)
})

// followed is the sums of what was held against the document.
var followed sync.Map //nolint:gochecknoglobals // of all servers of a run

// follows holds an answer of a real server against the document. The routes
// of the window alone are not in it.
func follows(t testing.TB, req *http.Request, res *http.Response, body []byte) {
	t.Helper()
	if _, bench := t.(*testing.B); bench {
		return
	}
	d, err := theDocument()
	if err != nil {
		t.Error(err)
		return
	}
	path := req.URL.EscapedPath()
	if !d.Knows(req.Method, path) {
		return
	}
	// Most answers are those of a moment ago.
	if _, seen := followed.LoadOrStore(sha256.Sum256(fmt.Appendf(nil, "%s %s %d %s\n%s", req.Method, path, res.StatusCode, res.Header.Get("Content-Type"), body)), true); seen {
		return
	}
	if err := d.Answer(req.Method, path, res.StatusCode, res.Header.Get("Content-Type"), body); err != nil {
		t.Errorf("%s %s: an answer does not follow the document: %v\n%.300s", req.Method, path, err, body)
	}
}

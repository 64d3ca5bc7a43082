// Package httpapi is the HTTP door: routes, OpenAPI, the event stream, the
// guard of the TCP listener and the static page. It turns requests into orders
// and answers into JSON, and decides nothing about jobs: that is the desk's.
package httpapi

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sluice/internal/board"
	"sluice/internal/fault"
)

// Deps is what the routes need. Everything but Page, Window and Address is required.
type Deps struct {
	Desk    Desk
	Uploads Uploads
	Library Library
	Board   *board.Board
	Machine Machine
	Doctor  Doctor
	Models  Models

	Settings Settings

	LanguageModels LanguageModels
	Deliveries     Deliveries

	Media    Media
	Attempts Attempts
	Tickets  *Tickets      // the guard's too
	Address  func() string // of the listener, http://HOST:PORT, as this machine's programs find it; nil or "" = there is none

	Window Window // nil = there is none
	Page   fs.FS  // the built frontend; nil = no page
	Log    *slog.Logger

	Metrics     *Metrics             // nil = nobody counts, and there is no /metrics
	Tallies     Tallies              // for the metrics; nil = they do without
	SyncTimeout func() time.Duration // how long a request waits for the result of its job; nil = 10m

	Version string
	Boot    string // names this start of the program, as in event ids
	PID     int
}

// New builds the routes without any guard: what the window uses in process. A
// listener must wrap it in Guard.
func New(deps Deps) http.Handler { return newAPI(deps).handler() }

// api is the routes and what they need.
type api struct {
	Deps
	mux      *routes
	huma     huma.API
	registry huma.Registry

	readers, waits, arrivals places

	owed owed

	unshown []string // bodies that the document has no example of
}

func newAPI(deps Deps) *api {
	mux := &routes{ServeMux: http.NewServeMux()}
	registry := newRegistry()
	a := &api{
		Deps:     deps,
		mux:      mux,
		registry: registry,
		readers:  places{most: mostReaders},
		waits:    places{most: mostWaits},
		arrivals: places{most: mostUploads},
		huma:     humago.New(mux, humaConfig(deps.Version, registry)),
	}
	a.jobRoutes()
	a.steerRoutes()
	a.historyRoute()
	a.searchRoute()
	a.submitRoute()
	a.processRoute()
	a.openAIRoutes()
	a.metricsRoute()
	a.uploadRoute()
	a.transcriptRoute()
	a.editRoute()
	a.mediaRoutes()
	a.attemptsRoute()
	a.summaryRoute()
	a.deliveryRoutes()
	a.dropRoute()
	a.queueRoutes()
	a.machineRoutes()
	a.doctorRoute()
	a.modelRoutes()
	a.languageModelRoutes()
	a.settingRoutes()
	a.windowRoute()
	a.boardRoute()
	a.eventsRoute()
	a.healthRoute()
	a.openAPIRoute()
	for _, s := range registry.Map() { // lists of the core too are left out or there, never null
		for _, property := range s.Properties {
			property.Nullable = property.Nullable && property.Type != huma.TypeArray
		}
	}
	a.unshown = a.complete()
	return a
}

// routes is a mux that knows what it was given.
type routes struct {
	*http.ServeMux
	patterns []string
}

// HandleFunc adds a route.
func (m *routes) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	m.patterns = append(m.patterns, pattern)
	m.ServeMux.HandleFunc(pattern, h)
}

// handler is the outermost layer: it sets the headers that every answer has,
// remembers the call for the log, and turns panics into problems.
func (a *api) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, call{r.Method, r.URL.Path}))
		if r.Body == nil { // only a server promises one; the window's requests come from elsewhere
			r.Body = http.NoBody
		}
		out := &response{ResponseWriter: w}
		defer a.count(out, r)
		defer a.rescue(out, r)
		a.route(out, r)
	})
}

// route asks the mux, and answers by itself where the mux would in plain text.
func (a *api) route(w *response, r *http.Request) {
	refusal, pattern := a.mux.Handler(r)
	if pattern != "" {
		w.pattern = pattern
		a.mux.ServeHTTP(w, r)
		return
	}
	verdict := &verdict{header: http.Header{}}
	refusal.ServeHTTP(verdict, r)
	switch {
	case verdict.status == http.StatusMethodNotAllowed:
		w.Header()["Allow"] = verdict.header["Allow"]
		a.fail(w, r, fault.New(fault.MethodRefused, "This route does not take the method "+clip(r.Method, 20)+".", nil))
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		a.page(w, r)
	default:
		a.fail(w, r, errNoRoute())
	}
}

func errNoRoute() error {
	return fault.New(fault.RouteUnknown, "There is nothing at this address.", nil)
}

// rescue answers a panic with a problem, or breaks the connection off when the
// answer has begun: the client must not take half of it for the whole.
func (a *api) rescue(w *response, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // net/http panics with this very value
		panic(p)
	}
	a.logPanic(r, p)
	if w.begun {
		panic(http.ErrAbortHandler)
	}
	refuse(w, r, problemOf(fault.From(errPanic)))
}

// count tells the metrics of a request that was answered. What no route has
// answered was asked for a file of the page, or for nothing that is there.
func (a *api) count(w *response, r *http.Request) {
	method, route, ok := strings.Cut(w.pattern, " ")
	if !ok {
		method, route = http.MethodGet, "page"
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			method, route = "other", "none"
		}
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	a.Metrics.request(method, route, w.status)
}

// closedPolicy is for what is no page.
const closedPolicy = "default-src 'none'; frame-ancestors 'none'"

// secure sets the headers of every answer. The page widens the content policy
// for itself.
func secure(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", closedPolicy)
	h.Set("Cache-Control", "no-store")
}

// response knows whether the answer has begun, and with what.
type response struct {
	http.ResponseWriter
	begun   bool
	status  int
	pattern string // of the route that answers; "" = none does
}

func (w *response) WriteHeader(status int) {
	if status >= 200 && !w.begun {
		w.begun, w.status = true, status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// verdict catches what the mux would say about a request it has no route for.
type verdict struct {
	header http.Header
	status int
}

func (v *verdict) Header() http.Header         { return v.header }
func (v *verdict) Write(p []byte) (int, error) { return len(p), nil }
func (v *verdict) WriteHeader(status int)      { v.status = status }

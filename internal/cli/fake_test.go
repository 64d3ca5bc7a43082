package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"sluice/internal/cli"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// object is a piece of JSON.
type object map[string]any

// api plays a server. Its members are set before it is asked anything.
type api struct {
	url string

	pageSize int               // jobs on a page of the list; 0 = all
	texts    map[string]string // transcript by format; "ko/json" = a translation
	summary  map[string]string // by format
	llms     []object          // models of Ollama; nil = it is away
	models   []object          // of speech
	messages []object          // deliveries, the newest first
	refuse   map[string]string // "METHOD /path" -> problem
	existing bool
	due      bool   // the time of a hold has come when it is answered
	accepted object // what an answer to a submission says else
	board    object // what the board says else
	hits     []object
	past     []object // history of every job
	onSubmit func()
	// streams are the connections of the event stream, one after the other.
	// The last one stays open when it returns.
	streams []func(s *sse)

	synced chan bool // a job or the board was asked for

	mu       sync.Mutex
	jobs     []object
	requests []request
	streamed int
}

type request struct {
	method, path string
	query        url.Values
	header       http.Header
	body         object
}

// sse is one connection of the event stream.
type sse struct {
	w    http.ResponseWriter
	ctx  context.Context //nolint:containedctx // of the request, for scripts
	last string          // Last-Event-ID
}

func (s *sse) raw(text string) {
	_, _ = io.WriteString(s.w, text)
	_ = http.NewResponseController(s.w).Flush()
}

func (s *sse) event(id, kind string, data any) {
	b, _ := json.Marshal(data)
	s.raw(fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", id, kind, b))
}

// job sends a change of a job.
func (s *sse) job(id string, j object) { s.event(id, "job", object{"job_id": j["id"], "job": j}) }

func newAPI(t *testing.T, a *api) *api {
	t.Helper()
	a.synced = make(chan bool, 100)
	own := make([]object, len(a.jobs)) // what it changes must not be another's
	for i, j := range a.jobs {
		own[i] = maps.Clone(j)
	}
	a.jobs = own
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, object{"status": "ok"}) })
	mux.HandleFunc("GET /api/v1/jobs", a.list)
	mux.HandleFunc("POST /api/v1/jobs", a.submit)
	mux.HandleFunc("GET /api/v1/jobs/{id}", func(w http.ResponseWriter, r *http.Request) {
		a.one(w, r, nil)
		a.synced <- true
	})
	for verb, change := range map[string]object{
		"cancel": {"state": "canceled"}, "retry": {"state": "queued", "position": 7}, "hold": {"reason": "held"},
		"release": {"reason": "turn"}, "move": {"position": 2}, "priority": {"position": 5},
	} {
		mux.HandleFunc("POST /api/v1/jobs/{id}/"+verb, func(w http.ResponseWriter, r *http.Request) {
			var body object
			_ = json.NewDecoder(r.Body).Decode(&body)
			a.one(w, r, func(j object) {
				switch {
				case a.due:
					return
				case body["until"] != nil:
					maps.Copy(j, object{"reason": "scheduled"})
				default:
					maps.Copy(j, change)
				}
				maps.Copy(j, body)
			})
		})
	}
	mux.HandleFunc("POST /api/v1/jobs/clear", a.clear)
	mux.HandleFunc("DELETE /api/v1/jobs/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	mux.HandleFunc("DELETE /api/v1/notices/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	mux.HandleFunc("GET /api/v1/jobs/{id}/history", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, object{"events": a.past}) })
	mux.HandleFunc("GET /api/v1/search", func(w http.ResponseWriter, r *http.Request) {
		page, next := a.page(r, a.hits)
		answer(w, 200, object{"hits": page, "next": next})
	})
	for verb, paused := range map[string]bool{"pause": true, "resume": false} {
		mux.HandleFunc("POST /api/v1/queue/"+verb, func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, object{"paused": paused}) })
	}
	mux.HandleFunc("GET /api/v1/jobs/{id}/transcript", func(w http.ResponseWriter, r *http.Request) {
		kind := r.URL.Query().Get("format")
		if lang := r.URL.Query().Get("lang"); lang != "" {
			kind = lang + "/" + kind
		}
		_, _ = io.WriteString(w, a.texts[kind])
	})
	mux.HandleFunc("GET /api/v1/jobs/{id}/summary", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, a.summary[r.URL.Query().Get("format")])
	})
	mux.HandleFunc("GET /api/v1/models", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, object{"models": a.models}) })
	mux.HandleFunc("GET /api/v1/ollama/models", func(w http.ResponseWriter, _ *http.Request) {
		if a.llms == nil {
			problemOf(w, 503, `{"code":"ollama_unreachable","detail":"Ollama does not answer.","hint":"Start it."}`)
			return
		}
		answer(w, 200, object{"models": a.llms})
	})
	mux.HandleFunc("GET /api/v1/deliveries", func(w http.ResponseWriter, r *http.Request) {
		var found []object
		for _, d := range a.messages {
			q := r.URL.Query()
			if (q.Get("state") == "" || q.Get("state") == d["state"]) && (q.Get("job") == "" || q.Get("job") == d["job_id"]) {
				found = append(found, d)
			}
		}
		page, next := a.page(r, found)
		p := object{"deliveries": page}
		if next != "" {
			p["next_cursor"] = next
		}
		answer(w, 200, p)
	})
	mux.HandleFunc("POST /api/v1/deliveries/{id}/redeliver", func(w http.ResponseWriter, r *http.Request) {
		for _, d := range a.messages {
			if d["id"] == r.PathValue("id") {
				answer(w, 200, d)
				return
			}
		}
		problemOf(w, 404, `{"code":"delivery_unknown","detail":"There is no such delivery."}`)
	})
	mux.HandleFunc("GET /api/v1/board", func(w http.ResponseWriter, _ *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		b := object{"id": "b1-0", "memory": object{"level": "normal"}, "notices": []object{}, "running": []object{}, "next": []object{}, "last": []object{}}
		for _, j := range a.jobs {
			place := map[any]string{"running": "running", "queued": "next"}[j["state"]]
			if place == "" {
				place = "last"
			}
			b[place] = append(b[place].([]object), j)
		}
		for k, v := range a.board {
			b[k] = v
		}
		answer(w, 200, b)
		a.synced <- true
	})
	mux.HandleFunc("GET /api/v1/events", a.events)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		seen := request{method: r.Method, path: r.URL.Path, query: r.URL.Query(), header: r.Header.Clone()}
		_ = json.Unmarshal(body, &seen.body)
		a.mu.Lock()
		a.requests = append(a.requests, seen)
		a.mu.Unlock()
		if p, ok := a.refuse[r.Method+" "+r.URL.Path]; ok {
			problemOf(w, http.StatusConflict, p)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	a.url = srv.URL
	return a
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (a *api) list(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []object
	for _, j := range a.jobs {
		if s := r.URL.Query().Get("state"); s == "" || s == j["state"] {
			found = append(found, j)
		}
	}
	page, next := a.page(r, found)
	p := object{"jobs": page}
	if next != "" {
		p["next"] = next
	}
	answer(w, 200, p)
}

// page cuts out what a request asks for.
func (a *api) page(r *http.Request, all []object) (page []object, next string) {
	q := r.URL.Query()
	from, _ := strconv.Atoi(q.Get("cursor"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	if a.pageSize > 0 {
		limit = min(limit, a.pageSize)
	}
	to := min(from+limit, len(all))
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return append([]object{}, all[from:to]...), next
}

func (a *api) clear(w http.ResponseWriter, r *http.Request) {
	var body object
	_ = json.NewDecoder(r.Body).Decode(&body)
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, j := range a.jobs {
		if j["state"] == body["state"] {
			n++
		}
	}
	answer(w, 200, object{"count": n})
}

func (a *api) submit(w http.ResponseWriter, r *http.Request) {
	var body object
	_ = json.NewDecoder(r.Body).Decode(&body)
	a.mu.Lock()
	defer a.mu.Unlock()
	accept := func(order map[string]any) object {
		j := queued(fmt.Sprintf("01K6ZV5N3T8Q2M4R7W9XY%05d", len(a.jobs)+1), fmt.Sprint(order["source"]))
		a.jobs = append(a.jobs, j)
		shown := object{"existing": a.existing}
		for k, v := range j {
			shown[k] = v
		}
		for k, v := range a.accepted {
			shown[k] = v
		}
		return shown
	}
	if a.onSubmit != nil {
		defer a.onSubmit()
	}
	many, ok := body["jobs"].([]any)
	if !ok {
		answer(w, 202, accept(body))
		return
	}
	var jobs []object
	for _, o := range many {
		jobs = append(jobs, accept(o.(map[string]any)))
	}
	answer(w, 202, object{"jobs": jobs})
}

func (a *api) one(w http.ResponseWriter, r *http.Request, change func(object)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, j := range a.jobs {
		if j["id"] == r.PathValue("id") {
			if change != nil {
				change(j)
			}
			answer(w, 200, j)
			return
		}
	}
	problemOf(w, 404, `{"code":"job_unknown","detail":"No job has this id.","hint":"List the jobs."}`)
}

func problemOf(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func (a *api) events(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	n := a.streamed
	a.streamed++
	a.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	s := &sse{w: w, ctx: r.Context(), last: r.Header.Get("Last-Event-ID")}
	s.raw("retry: 1\n\n")
	if s.last == "" { // it asks how things stand first: the script begins after that
		select {
		case <-a.synced:
		case <-r.Context().Done():
		}
	}
	if n < len(a.streams) {
		a.streams[n](s)
	}
	if n >= len(a.streams)-1 {
		<-r.Context().Done()
	}
}

// set changes a job as the server sees it.
func (a *api) set(id string, change object) object {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, j := range a.jobs {
		if j["id"] == id {
			changed := object{}
			for k, v := range j {
				changed[k] = v
			}
			for k, v := range change {
				j[k], changed[k] = v, v
			}
			return changed
		}
	}
	return nil
}

// asked lists the requests of a method and path.
func (a *api) asked(method, path string) []request {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []request
	for _, r := range a.requests {
		if r.method == method && r.path == path {
			found = append(found, r)
		}
	}
	return found
}

func queued(id, title string) object {
	return object{"id": id, "state": "queued", "reason": "turn", "position": 1, "title": title, "created_at": "2026-01-02T03:04:05Z"}
}

// result is what a run left.
type result struct {
	code     int
	out, err string
}

// session is one run of the program.
type session struct {
	cmds cli.Commands
	tty  bool
	in   io.Reader // nil = nothing is there
	stop string    // text on stdout or stderr that is answered with Ctrl-C

	width int // of the terminal; 0 = the usual
}

func (s session) run(t *testing.T, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, errs := &tape{stop: s.stop, cancel: cancel}, &tape{stop: s.stop, cancel: cancel}
	if s.in == nil {
		s.in = strings.NewReader("")
	}
	code := cli.Run(ctx, args, cli.Streams{
		In: s.in, Out: out, Err: errs, InTerminal: s.tty, OutTerminal: s.tty, ErrTerminal: s.tty,
		Width: s.width,
	}, s.cmds)
	return result{code, out.String(), errs.String()}
}

// run asks a played server.
func (a *api) run(t *testing.T, args ...string) result {
	t.Helper()
	return session{cmds: a.commands()}.run(t, args...)
}

func (a *api) commands() cli.Commands {
	return cli.Commands{Server: func(address string) (cli.Endpoint, error) {
		if address != "" {
			return cli.Endpoint{URL: address, Named: true}, nil
		}
		return cli.Endpoint{URL: a.url, Token: "s3cret"}, nil
	}}
}

// tape records what is written.
type tape struct {
	mu     sync.Mutex
	b      bytes.Buffer
	stop   string
	cancel func()
}

func (w *tape) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.b.Write(p)
	if w.stop != "" && strings.Contains(w.b.String(), w.stop) {
		w.cancel()
	}
	return len(p), nil
}

func (w *tape) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

func (r result) want(t *testing.T, code int, parts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d", r.code, code)
	}
	for _, part := range parts {
		if !strings.Contains(r.out+r.err, part) {
			t.Errorf("nothing says %q", part)
		}
	}
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s", r.out, r.err)
	}
}

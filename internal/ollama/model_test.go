package ollama_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/ollama"
	"sluice/internal/pipeline"
)

// stock is a server with some models on its disk, and some loaded.
func stock(loaded string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/tags":
			says(200, `{"models":[
				{"name":"some:latest","digest":"d1","size":1000,"details":{"parameter_size":"4.3B"}},
				{"name":"other:latest","digest":"d2","size":1000},
				{"name":"far:cloud","digest":"d3","size":384,"remote_host":"https://ollama.com:443"},
				{"name":"nomic-embed-text:latest","digest":"d4","size":1000},
				{"name":"slow:8b","digest":"d5","size":2000}]}`)(w, r)
		case "/api/ps":
			says(200, `{"models":[`+loaded+`]}`)(w, r)
		case "/api/show":
			var ask struct{ Model string }
			_ = json.NewDecoder(r.Body).Decode(&ask)
			able := `["completion","tools"]`
			switch ask.Model {
			case "slow:8b":
				silent(w, r)
				return
			case "nomic-embed-text:latest":
				able = `["embedding"]`
			case "other:latest": // an old server
				able = `[]`
			}
			says(200, fmt.Sprintf(`{"model_info":{"general.architecture":"llama","llama.context_length":8192},"capabilities":%s}`, able))(w, r)
		}
	}
}

// unshaped is what is reckoned for a model of a thousand bytes of which nothing
// else is known.
const unshaped = 1000 + 200 + 512<<20

func TestAModelSaysWhatItHasAlready(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		loaded string
		name   string
		tokens int
		away   bool
		want   pipeline.Model
	}{
		"nothing is loaded": {"", "some", 4096, false, pipeline.Model{Name: "some:latest", Digest: "d1", Context: 4096, NeedBytes: unshaped}},
		"it is loaded for this context": {
			`{"name":"other:latest","size":7,"context_length":4096},{"name":"some:latest","size":5000,"context_length":4096}`, "some", 4096, false,
			pipeline.Model{Name: "some:latest", Digest: "d1", Context: 4096, NeedBytes: unshaped, Held: 5000},
		},
		"it is loaded for the longest that it can have": {
			`{"name":"some:latest","size":5000,"context_length":8192}`, "Some", 1 << 20, false,
			pipeline.Model{Name: "some:latest", Digest: "d1", Context: 8192, NeedBytes: unshaped, Held: 5000},
		},
		"it is loaded for another context": {
			`{"name":"some:latest","size":5000,"context_length":2048}`, "some", 4096, false,
			pipeline.Model{Name: "some:latest", Digest: "d1", Context: 4096, NeedBytes: unshaped},
		},
		"a server that does not tell the context": {
			`{"name":"some:latest","size":5000}`, "some", 4096, false,
			pipeline.Model{Name: "some:latest", Digest: "d1", Context: 4096, NeedBytes: unshaped},
		},
		"a model that runs elsewhere": {
			`{"name":"far:cloud","size":5000,"context_length":4096}`, "far:cloud", 4096, false,
			pipeline.Model{Name: "far:cloud", Digest: "d3", Context: 4096},
		},
		"a server on another machine": {
			`{"name":"some:latest","size":5000,"context_length":4096}`, "some", 4096, true,
			pipeline.Model{Name: "some:latest", Digest: "d1", Context: 4096},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client(t, ollama.Config{Host: fake(t, stock(tt.loaded))})
			if tt.away {
				c.MoveAway()
			}
			got, err := c.Model(t.Context(), tt.name, tt.tokens)
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("Model(): %v\n%s", err, diff)
			}
		})
	}
}

func TestTheListOfModels(t *testing.T) {
	t.Parallel()
	c := client(t, ollama.Config{Host: fake(t, stock(`{"name":"some:latest","size":5000,"context_length":2048}`)), Timeout: 200 * time.Millisecond})
	want := []job.LanguageModel{
		{Name: "some:latest", Installed: true, Parameters: "4.3B", SizeBytes: 1000, NeedBytes: unshaped, Context: 4096, HeldBytes: 5000},
		{Name: "other:latest", Installed: true, SizeBytes: 1000, NeedBytes: unshaped, Context: 4096},
		{Name: "far:cloud", Installed: true, Remote: true, SizeBytes: 384, Context: 4096},
		{Name: "slow:8b", Installed: true, SizeBytes: 2000}, // what it needs did not come in time
	}
	got, err := c.List(t.Context(), 4096)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("List(): %v\n%s", err, diff)
	}
	c.MoveAway()
	for i := range want {
		want[i].NeedBytes, want[i].HeldBytes = 0, 0
	}
	got, err = c.List(t.Context(), 4096)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("List() of another machine: %v\n%s", err, diff)
	}
}

func TestTheListAsksForAModelOnce(t *testing.T) {
	t.Parallel()
	var shown atomic.Int32
	server := stock("")
	c := client(t, ollama.Config{Timeout: 200 * time.Millisecond, Host: fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/show" {
			shown.Add(1)
		}
		server(w, r)
	})})
	for range 3 {
		if _, err := c.List(t.Context(), 4096); err != nil {
			t.Fatal(err)
		}
	}
	if n := shown.Load(); n != 4+3 { // that of the slow one is asked for each time
		t.Errorf("%d models were shown", n)
	}
}

// A look at Ollama must not bring it to life: the doctor only looks.
func TestOnlyWorkStartsAServer(t *testing.T) {
	t.Parallel()
	asleep := errors.New("asleep")
	var woken atomic.Int32
	c := client(t, ollama.Config{Host: address(t), Wake: func(context.Context) error { woken.Add(1); return asleep }})
	for call, ask := range calls() {
		if err := ask(t.Context(), c); woken.Load() > 0 || errors.Is(err, asleep) {
			t.Fatalf("%s starts a server: %v", call, err)
		}
	}
	lines := []pipeline.Line{{ID: 1, Text: "one"}}
	for work, do := range map[string]func() error{
		"Model": func() error { _, err := c.Model(t.Context(), "some", 4096); return err },
		"Pull":  func() error { return c.Pull(t.Context(), "some", nil) },
		"Translate": func() error {
			return c.Translate(t.Context(), pipeline.TranslateRequest{To: "ko", Model: "some", Lines: lines}, pipeline.TranslateWatch{})
		},
		"Summarize": func() error {
			_, err := c.Summarize(t.Context(), pipeline.SummarizeRequest{Language: "ko", Model: "some", Lines: lines}, pipeline.SummarizeWatch{})
			return err
		},
	} {
		before := woken.Load()
		if err := do(); !errors.Is(err, asleep) || woken.Load() != before+1 {
			t.Errorf("%s: %v after %d calls", work, err, woken.Load()-before)
		}
	}
}

// A server that has gone between two questions costs nothing where it can be
// started again.
func TestAServerThatHasGoneIsStartedForTheNextQuestion(t *testing.T) {
	t.Parallel()
	m := newModel(t, korean)
	var config net.ListenConfig
	listen := func(address string) net.Listener {
		l, err := config.Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Error(err)
		}
		return l
	}
	first := listen("127.0.0.1:0")
	address := first.Addr().String()
	serve := func(l net.Listener, after func()) {
		s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			m.ServeHTTP(w, r)
			if r.URL.Path == "/api/chat" {
				after()
			}
		})}
		ended := make(chan struct{})
		go func() { defer close(ended); _ = s.Serve(l) }()
		t.Cleanup(func() { _ = s.Close(); <-ended })
	}
	serve(first, func() { _ = first.Close() })
	starts := 0
	c := client(t, ollama.Config{Host: "http://" + address, Wake: func(context.Context) error {
		if starts++; starts == 2 { // the first time it was there
			serve(listen(address), func() {})
		}
		return nil
	}})
	req := request(30)
	got := translate(t, c, req, nil)
	if untranslated := accounted(t, req.Lines, got); untranslated > 0 || starts != 2 {
		t.Errorf("%d lines stay as they were after %d calls", untranslated, starts)
	}
	if asked := len(m.questions()); asked != 3 {
		t.Errorf("%d questions", asked)
	}
}

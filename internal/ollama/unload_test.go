package ollama_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/ollama"
)

// holder is a server that holds models and gives them back when it likes.
type holder struct {
	mu     sync.Mutex
	models []string
	asked  []string
	status int                          // of the answer to the request to unload
	mute   bool                         // after that request it does not say what it holds
	unload func(h *holder, name string) // what that request does
	enough func()                       // called after the second round of requests
}

func (h *holder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.mute && r.URL.Path == "/api/ps" && len(h.requests()) > 0 {
		h.enough()
		<-r.Context().Done()
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "GET /api/ps":
		list := []map[string]any{}
		for _, m := range h.models {
			list = append(list, map[string]any{"name": m, "size": 5_000_000_000})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"models": list})
	case "POST /api/generate":
		var body map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body)
		h.asked = append(h.asked, fmt.Sprint(body["model"], " ", body["keep_alive"], " ", body["prompt"]))
		if h.enough != nil && len(h.asked) == 4 {
			h.enough()
		}
		if h.status != 0 {
			w.WriteHeader(h.status)
			return
		}
		h.unload(h, fmt.Sprint(body["model"]))
		_, _ = fmt.Fprintln(w, `{"done":true,"done_reason":"unload"}`)
	default:
		w.WriteHeader(http.StatusTeapot)
	}
}

func (h *holder) drop(name string) {
	var rest []string
	for _, m := range h.models {
		if m != name {
			rest = append(rest, m)
		}
	}
	h.models = rest
}

func (h *holder) requests() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

func TestUnloadAsksForEveryModel(t *testing.T) {
	t.Parallel()
	h := &holder{models: []string{"gemma3:4b", "qwen3:8b"}, unload: (*holder).drop}
	c := client(t, ollama.Config{Host: fake(t, h.ServeHTTP)})
	if err := c.Unload(t.Context()); err != nil {
		t.Errorf("Unload() = %v", err)
	}
	if diff := cmp.Diff([]string{"gemma3:4b 0s ", "qwen3:8b 0s "}, h.requests()); diff != "" {
		t.Errorf("the requests (model, keep_alive, prompt):\n%s", diff)
	}
}

func TestUnloadAsksForNothingWhenNothingIsLoaded(t *testing.T) {
	t.Parallel()
	h := &holder{}
	c := client(t, ollama.Config{Host: fake(t, h.ServeHTTP)})
	if err := c.Unload(t.Context()); err != nil || len(h.requests()) > 0 {
		t.Errorf("Unload() = %v; asked %q", err, h.requests())
	}
}

func TestReleaseAsksForOneModelOnly(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"qwen3", "Qwen3:latest"} {
		h := &holder{models: []string{"gemma3:4b", "qwen3:latest", "qwen3:8b"}, unload: (*holder).drop}
		c := client(t, ollama.Config{Host: fake(t, h.ServeHTTP)})
		if err := c.Release(t.Context(), name); err != nil {
			t.Errorf("Release(%s) = %v", name, err)
		}
		if diff := cmp.Diff([]string{"qwen3:latest 0s "}, h.requests()); diff != "" {
			t.Errorf("Release(%s): the requests (model, keep_alive, prompt):\n%s", name, diff)
		}
	}
}

func TestAnotherMachineIsAskedToReleaseAndNotWaitedFor(t *testing.T) {
	t.Parallel()
	h := &holder{models: []string{"gemma3:4b", "qwen3:8b"}, unload: func(*holder, string) {}}
	c := client(t, ollama.Config{Host: fake(t, h.ServeHTTP)})
	c.MoveAway()
	if err := c.Release(t.Context(), "qwen3:8b"); err != nil {
		t.Errorf("Release() = %v", err)
	}
	if diff := cmp.Diff([]string{"qwen3:8b 0s "}, h.requests()); diff != "" {
		t.Error(diff)
	}
}

func TestUnloadFollowsWhatIsLoadedMeanwhile(t *testing.T) {
	t.Parallel()
	h := &holder{models: []string{"a"}, unload: func(h *holder, name string) {
		h.drop(name)
		if name == "a" {
			h.models = append(h.models, "b")
		}
	}}
	c := client(t, ollama.Config{Host: fake(t, h.ServeHTTP)})
	if err := c.Unload(t.Context()); err != nil {
		t.Errorf("Unload() = %v", err)
	}
	if diff := cmp.Diff([]string{"a 0s ", "b 0s "}, h.requests()); diff != "" {
		t.Error(diff)
	}
}

func TestUnloadNamesTheModelThatStays(t *testing.T) {
	t.Parallel()
	tests := map[string]*holder{
		"it is at work":             {unload: func(*holder, string) {}},
		"the server falls silent":   {unload: (*holder).drop, mute: true},
		"the request is refused":    {status: 500},
		"the model's file has gone": {status: 404},
	}
	for name, h := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h.models = []string{"gemma3:4b", "qwen3:8b"}
			ctx, cancel := context.WithCancel(t.Context())
			h.enough = cancel
			c := client(t, ollama.Config{Host: fake(t, h.ServeHTTP)})
			err := c.Unload(ctx)
			f := fault.From(err)
			if f.Code != fault.OllamaBusy || f.Say != "Ollama still holds gemma3:4b (5.0 GB), qwen3:8b (5.0 GB)." || !errors.Is(err, context.Canceled) {
				t.Errorf("Unload() = %v", err)
			}
			if h.status != 0 && !strings.Contains(err.Error(), fmt.Sprint(h.status)) {
				t.Errorf("the log does not say why: %v", err)
			}
		})
	}
}

func TestAServerThatGoesHasGivenBackWhatItHeld(t *testing.T) {
	t.Parallel()
	for call, ask := range map[string]func(*ollama.Client) error{
		"Unload":  func(c *ollama.Client) error { return c.Unload(t.Context()) },
		"Release": func(c *ollama.Client) error { return c.Release(t.Context(), "a") },
	} {
		h := &holder{models: []string{"a:latest"}}
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		h.unload = func(*holder, string) { _ = s.Listener.Close() }
		if err := ask(client(t, ollama.Config{Host: s.URL})); err != nil || len(h.requests()) != 1 {
			t.Errorf("%s: %v after %q", call, err, h.requests())
		}
	}
}

func TestAnotherMachineIsLeftAlone(t *testing.T) {
	t.Parallel()
	// A call would end with an error: nobody has this name.
	c := client(t, ollama.Config{Host: "http://nobody.invalid:11434", Timeout: 50 * time.Millisecond})
	if held, err := c.Held(t.Context()); held != 0 || err != nil {
		t.Errorf("Held() = %d, %v", held, err)
	}
	if err := c.Unload(t.Context()); err != nil {
		t.Errorf("Unload() = %v", err)
	}
	if err := c.Release(t.Context(), "some"); err != nil {
		t.Errorf("Release() = %v", err)
	}
	_, err := c.Version(t.Context())
	if f := fault.From(err); f.Code != fault.OllamaUnreachable || !strings.Contains(f.Hint, "other machine") {
		t.Errorf("Version(): %v, hint %q", err, f.Hint)
	}
}

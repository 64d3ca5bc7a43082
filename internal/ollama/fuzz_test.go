package ollama_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sluice/internal/fault"
	"sluice/internal/ollama"
)

// What listens at Ollama's address may be anything: each of its answers is read
// or refused with a fault, and no number that comes out of it is below nothing.
func FuzzWhateverAnswersForOllamaIsReadOrRefused(f *testing.F) {
	f.Add([]byte(`{"models":[{"name":"gemma3:4b","model":"gemma3:4b","size":3338801804,"size_vram":0,"context_length":4096,"expires_at":"2026-11-23T12:00:00Z","digest":"a2af6cc3eb7f","details":{"parameter_size":"4.3B"}}]}`), 200)
	f.Add([]byte(`{"details":{"family":"gemma3"},"capabilities":["completion"],"model_info":{"general.architecture":"gemma3","gemma3.context_length":8192,"gemma3.block_count":2,"gemma3.embedding_length":64,"gemma3.attention.head_count":4}}`), 200)
	f.Add([]byte(`{"models":[{"name":"x","size":-1,"size_vram":9223372036854775807}],"model_info":{"general.architecture":1,"x.block_count":1e99}}`), 200)
	f.Add([]byte(`{"error":"model 'x' not found"}`), 404)
	f.Add([]byte(`<html><script>alert(1)</script>`), 200)
	f.Add([]byte(`{"models":null,"version":"0.32.15"}`), 200)
	f.Add([]byte(strings.Repeat("[", 10_000)), 500)
	var answer []byte
	var status int
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	}))
	f.Cleanup(srv.Close)
	f.Fuzz(func(t *testing.T, body []byte, code int) {
		answer, status = body, 200+max(code, -code)%400
		if status == http.StatusNoContent || status == http.StatusNotModified {
			status = http.StatusOK
		}
		c, err := ollama.New(ollama.Config{Host: srv.URL, Timeout: 5 * time.Second, PullIdle: 5 * time.Second, AnswerBytes: 1 << 20, Poll: time.Millisecond}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		calls := map[string]func() (int64, error){
			"version": func() (int64, error) { _, err := c.Version(t.Context()); return 0, err },
			"held":    func() (int64, error) { return c.Held(t.Context()) },
			"need":    func() (int64, error) { return c.Need(t.Context(), "gemma3:4b", 4096) },
			"pull":    func() (int64, error) { return 0, c.Pull(t.Context(), "gemma3:4b", func(ollama.Pulled) {}) },
			"list":    func() (int64, error) { _, err := c.List(t.Context(), 4096); return 0, err },
		}
		for name, call := range calls {
			n, err := call()
			if n < 0 {
				t.Errorf("%s: %d", name, n)
			}
			if err == nil {
				continue
			}
			if f := fault.From(err); f.Code == fault.Internal || f.Say == "" || !utf8.ValidString(f.Say) {
				t.Errorf("%s: %v says %q", name, err, f.Say)
			}
		}
	})
}

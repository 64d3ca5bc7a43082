package ollama_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"sluice/internal/fault"
	"sluice/internal/ollama"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t *testing.T, cfg ollama.Config) *ollama.Client {
	t.Helper()
	cfg.Poll = 10 * time.Millisecond
	c, err := ollama.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fake starts a server that answers as the handler says.
func fake(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s.URL
}

// says is a handler with one answer for everything.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// until waits for what comes about in another process.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	limit, tick := time.After(20*time.Second), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-limit:
			t.Fatalf("waited 20 s until %s", what)
		case <-tick.C:
		}
	}
}

// calls are all that the client can ask, with nothing but the error kept.
func calls() map[string]func(context.Context, *ollama.Client) error {
	return map[string]func(context.Context, *ollama.Client) error{
		"Version": func(ctx context.Context, c *ollama.Client) error { _, err := c.Version(ctx); return err },
		"Models":  func(ctx context.Context, c *ollama.Client) error { _, err := c.Models(ctx); return err },
		"Running": func(ctx context.Context, c *ollama.Client) error { _, err := c.Running(ctx); return err },
		"Held":    func(ctx context.Context, c *ollama.Client) error { _, err := c.Held(ctx); return err },
		"Unload":  func(ctx context.Context, c *ollama.Client) error { return c.Unload(ctx) },
		"Release": func(ctx context.Context, c *ollama.Client) error { return c.Release(ctx, "tiny") },
		"Look":    func(ctx context.Context, c *ollama.Client) error { _, err := c.Look(ctx, "tiny", 512); return err },
		"List":    func(ctx context.Context, c *ollama.Client) error { _, err := c.List(ctx, 512); return err },
		"Need":    func(ctx context.Context, c *ollama.Client) error { _, err := c.Need(ctx, "tiny", 512); return err },
	}
}

// A wrong answer must never be taken for an empty one: nothing loaded would be
// free memory.
func TestAnAnswerThatIsNoneIsAFault(t *testing.T) {
	t.Parallel()
	long := `{"version":"` + strings.Repeat("x", 1<<20) + `","models":[]}`
	tests := map[string]struct {
		answer http.HandlerFunc
		want   fault.Code
	}{
		"an error without a word":        {says(500, ""), fault.OllamaFailed},
		"an error in its own words":      {says(500, `{"error":"out of luck"}`), fault.OllamaFailed},
		"an error that goes on and on":   {says(500, `{"error":"`+strings.Repeat("x", 20_000)+`"}`), fault.OllamaFailed},
		"a gateway's page":               {says(502, "<html><h1>Bad Gateway</h1></html>"), fault.OllamaFailed},
		"an error that never ends":       {endless(500), fault.OllamaFailed},
		"too busy":                       {says(503, `{"error":"server busy"}`), fault.OllamaBusy},
		"somebody who wants a password":  {says(401, ""), fault.OllamaFailed},
		"nothing":                        {says(200, ""), fault.OllamaFailed},
		"no content":                     {says(204, ""), fault.OllamaFailed},
		"an object without anything":     {says(200, "{}"), fault.OllamaFailed},
		"null":                           {says(200, "null"), fault.OllamaFailed},
		"a list":                         {says(200, "[]"), fault.OllamaFailed},
		"half of the JSON":               {says(200, `{"version":"0.`), fault.OllamaFailed},
		"a web page":                     {says(200, "<html>Welcome to nginx</html>"), fault.OllamaFailed},
		"words for numbers":              {says(200, `{"version":7,"models":[{"name":"a","size":"big"}]}`), fault.OllamaFailed},
		"more than anybody would answer": {says(200, long), fault.OllamaFailed},
		"an answer that never ends":      {endless(200), fault.OllamaFailed},
		"a redirect to nowhere":          {says(302, ""), fault.OllamaFailed},
		"a connection that is cut":       {cut, fault.OllamaUnreachable},
		"silence":                        {silent, fault.OllamaUnreachable},
		"silence after the first words":  {stalled, fault.OllamaUnreachable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := ollama.Config{Host: fake(t, tt.answer), AnswerBytes: 64 << 10}
			if tt.want == fault.OllamaUnreachable {
				cfg.Timeout = 100 * time.Millisecond
			}
			c := client(t, cfg)
			for call, ask := range calls() {
				err := ask(t.Context(), c)
				if !fault.Is(err, tt.want) {
					t.Errorf("%s: %v, want %s", call, err, tt.want)
					continue
				}
				if f := fault.From(err); f.Say == "" || f.Hint == "" || len(f.Error()) > 600 {
					t.Errorf("%s: words %q, hint %q, %d bytes for the log", call, f.Say, f.Hint, len(f.Error()))
				}
			}
		})
	}
}

// endless writes until the client has gone.
func endless(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		for piece := []byte(`{"version":"` + strings.Repeat("x", 4096)); ; {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}
}

func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"models":[]}`)
}

func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func stalled(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"models":`)
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func TestWhatIsNoWebServerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.9\r\n")
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	c := client(t, ollama.Config{Host: "http://" + l.Addr().String()})
	for call, ask := range calls() {
		if err := ask(t.Context(), c); !fault.Is(err, fault.OllamaUnreachable) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	other := fake(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		says(200, `{"version":"1","models":[]}`)(w, r)
	})
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := client(t, ollama.Config{Host: fake(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other+r.URL.Path, status)
		})})
		for call, ask := range calls() {
			if err := ask(t.Context(), c); !fault.Is(err, fault.OllamaFailed) || !strings.Contains(fault.From(err).Hint, "ollama.host") {
				t.Errorf("%d, %s: %v", status, call, err)
			}
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("the other host was asked %d times", n)
	}
}

func TestSizesThatCannotBeAreFaults(t *testing.T) {
	t.Parallel()
	for _, size := range []string{"-1", "9007199254740993", "9223372036854775807", "1e30"} {
		c := client(t, ollama.Config{Host: fake(t, says(200, fmt.Sprintf(`{"models":[{"name":"a","size":%s}]}`, size)))})
		for _, call := range []string{"Models", "Running", "Held", "Unload", "Release", "List"} {
			if err := calls()[call](t.Context(), c); !fault.Is(err, fault.OllamaFailed) {
				t.Errorf("%s with size %s: %v", call, size, err)
			}
		}
	}
}

func TestACallerWhoLeavesBlamesNobody(t *testing.T) {
	t.Parallel()
	c := client(t, ollama.Config{Host: fake(t, silent)})
	for call, ask := range calls() {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		err := ask(ctx, c)
		cancel()
		var f *fault.Fault
		if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &f) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(says(200, ""))
	s.Close()
	c := client(t, ollama.Config{Host: s.URL})
	for call, ask := range calls() {
		switch err := ask(t.Context(), c); call {
		case "Held", "Unload", "Release": // who is not there holds nothing
			if err != nil {
				t.Errorf("%s: %v", call, err)
			}
		default:
			f := fault.From(err)
			want := fmt.Sprintf("Ollama does not answer at %s.", s.URL)
			if f.Code != fault.OllamaUnreachable || f.Say != want || !strings.Contains(f.Hint, "ollama serve") {
				t.Errorf("%s: %v, hint %q", call, err, f.Hint)
			}
		}
	}
}

func TestWhatTheServerTells(t *testing.T) {
	t.Parallel()
	c := client(t, ollama.Config{Host: fake(t, func(w http.ResponseWriter, r *http.Request) {
		says(200, map[string]string{
			"/api/version": `{"version":"0.32.15"}`,
			"/api/tags": `{"models":[
				{"name":"gemma3:4b","digest":"a2af6cc3eb7f","size":3338801804,"details":{"parameter_size":"4.3B","quantization_level":"Q4_K_M"}},
				{"name":"gpt-oss:120b-cloud","digest":"569662207105","size":384,"remote_host":"https://ollama.com:443","remote_model":"gpt-oss:120b"}]}`,
			"/api/ps": `{"models":[
				{"name":"gemma3:4b","size":5000,"size_vram":4000,"context_length":8192,"expires_at":"2026-11-22T10:00:00Z"},
				{"name":"qwen3:8b","size":70}]}`,
		}[r.URL.Path])(w, r)
	})})
	version, err := c.Version(t.Context())
	if err != nil || version != "0.32.15" {
		t.Errorf("Version() = %q, %v", version, err)
	}
	models, err := c.Models(t.Context())
	if diff := cmp.Diff([]ollama.Model{
		{Name: "gemma3:4b", Digest: "a2af6cc3eb7f", Bytes: 3338801804, Parameters: "4.3B", Quantization: "Q4_K_M"},
		{Name: "gpt-oss:120b-cloud", Digest: "569662207105", Bytes: 384, Remote: true},
	}, models); err != nil || diff != "" {
		t.Errorf("Models(): %v\n%s", err, diff)
	}
	loaded, err := c.Running(t.Context())
	if diff := cmp.Diff([]ollama.Loaded{
		{Name: "gemma3:4b", Bytes: 5000, VRAMBytes: 4000, Context: 8192, Expires: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)},
		{Name: "qwen3:8b", Bytes: 70},
	}, loaded); err != nil || diff != "" {
		t.Errorf("Running(): %v\n%s", err, diff)
	}
	if held, err := c.Held(t.Context()); err != nil || held != 5070 {
		t.Errorf("Held() = %d, %v", held, err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		host      string
		ok, local bool
	}{
		"none is the usual one":           {"", true, true},
		"this machine by number":          {"http://127.0.0.1:11434", true, true},
		"this machine by another number":  {"http://127.8.9.1:1", true, true},
		"this machine by name":            {"http://LocalHost:11434/", true, true},
		"this machine in IPv6":            {"http://[::1]:11434", true, true},
		"what a server listens on":        {"http://0.0.0.0:11434", true, true},
		"what a server listens on, too":   {"https://[::]:11434", true, true},
		"another machine":                 {"http://192.168.1.4:11434", true, false},
		"another machine by name":         {"https://studio.local:443", true, false},
		"a name that only starts like us": {"http://localhost.example.com:80", true, false},
		"no port":                         {"http://127.0.0.1", false, false},
		"no scheme":                       {"127.0.0.1:11434", false, false},
		"another scheme":                  {"ftp://127.0.0.1:11434", false, false},
		"no host":                         {"http://:11434", false, false},
		"a path":                          {"http://127.0.0.1:11434/v1", false, false},
		"a password":                      {"http://ann:secret@127.0.0.1:11434", false, false},
		"nonsense":                        {"http://%zz", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := ollama.New(ollama.Config{Host: tt.host}, slog.New(slog.DiscardHandler))
			switch {
			case !tt.ok && !fault.Is(err, fault.SettingInvalid):
				t.Errorf("New() = %v", err)
			case tt.ok && err != nil:
				t.Errorf("New() = %v", err)
			case tt.ok && c.Local() != tt.local:
				t.Errorf("Local() = %v", c.Local())
			}
		})
	}
}

package ollama_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"sluice/internal/ollama"
)

// asked is a question as the server gets it.
type asked struct {
	Model     string
	Messages  []struct{ Role, Content string }
	Format    json.RawMessage
	Think     any
	Truncate  *bool
	Shift     *bool
	KeepAlive string `json:"keep_alive"`
	Options   map[string]any
}

func (a asked) user() string { return a.Messages[len(a.Messages)-1].Content }

// lines are the texts that a question has by id; nil when it is no batch.
func (a asked) lines() map[string]string {
	var body struct{ Lines map[string]string }
	if json.Unmarshal([]byte(a.user()), &body) != nil {
		return nil
	}
	return body.Lines
}

// reply is what a made-up model says.
type reply struct {
	text   string
	in     int    // tokens it has read; 0 = as many as there are, -1 = it does not tell
	reason string // "" = stop
	raw    http.HandlerFunc
}

// fakeModel is a server with one model, "some", that answers as a test likes.
type fakeModel struct {
	url     string
	context int
	show    string // more of what is shown of it
	answer  func(a asked) reply

	mu     sync.Mutex
	asked  []asked
	forget bool // what it was asked
}

// tokens counts as the made-up model does: three letters each.
func tokens(a asked) int {
	n := 10
	for _, m := range a.Messages {
		n += utf8.RuneCountInString(m.Content) / 3
	}
	return n
}

func newModel(t *testing.T, answer func(a asked) reply) *fakeModel {
	t.Helper()
	m := &fakeModel{context: 8192, answer: answer}
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	m.url = s.URL
	return m
}

// timedModel is a model that does its work well, and says how long it took.
func timedModel(b *testing.B) (m *fakeModel, took func() time.Duration) {
	b.Helper()
	m = &fakeModel{context: 8192, answer: korean, forget: true}
	var spent atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		m.ServeHTTP(w, r)
		spent.Add(int64(time.Since(began)))
	}))
	b.Cleanup(s.Close)
	m.url = s.URL
	return m, func() time.Duration { return time.Duration(spent.Load()) }
}

func (m *fakeModel) client(t *testing.T) *ollama.Client {
	t.Helper()
	return client(t, ollama.Config{Host: m.url})
}

func (m *fakeModel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/api/version":
		says(200, `{"version":"0.32.15"}`)(w, r)
	case "/api/tags":
		says(200, `{"models":[{"name":"some:latest","digest":"d1","size":1000},{"name":"translategemma:4b","digest":"d2","size":1000}]}`)(w, r)
	case "/api/show":
		says(200, fmt.Sprintf(`{"model_info":{"general.architecture":"llama","llama.context_length":%d}%s}`, m.context, m.show))(w, r)
	case "/api/ps":
		says(200, `{"models":[]}`)(w, r)
	case "/api/chat":
		var a asked
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		m.mu.Lock()
		if !m.forget {
			m.asked = append(m.asked, a)
		}
		m.mu.Unlock()
		m.answer(a).write(w, r, a)
	default:
		w.WriteHeader(http.StatusTeapot)
	}
}

func (m *fakeModel) questions() []asked {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]asked(nil), m.asked...)
}

func (p reply) write(w http.ResponseWriter, r *http.Request, a asked) {
	if p.raw != nil {
		p.raw(w, r)
		return
	}
	if p.in == 0 {
		p.in = tokens(a)
	}
	if p.reason == "" {
		p.reason = "stop"
	}
	text := []rune(p.text)
	for _, piece := range []string{string(text[:len(text)/2]), string(text[len(text)/2:])} {
		line(w, map[string]any{"message": map[string]string{"role": "assistant", "content": piece}, "done": false})
	}
	line(w, map[string]any{"done": true, "done_reason": p.reason, "prompt_eval_count": max(p.in, 0), "eval_count": len(p.text) / 3})
}

func line(w http.ResponseWriter, v any) {
	_ = json.NewEncoder(w).Encode(v)
	w.(http.Flusher).Flush()
}

// object writes texts by id, in any order.
func object(texts map[string]string) string {
	b, _ := json.Marshal(texts)
	return string(b)
}

// inKorean "translates" a text: something Korean about as long, that differs
// with it, and with its numbers.
func inKorean(text string) string {
	var b strings.Builder
	for i, w := range strings.Fields(text) {
		if i > 0 {
			b.WriteByte(' ')
		}
		if strings.ContainsAny(w, "0123456789") {
			b.WriteString(w)
			continue
		}
		for _, r := range w[:(len(w)+2)/3] {
			b.WriteRune('가' + (r*29)%11_000)
		}
	}
	return b.String()
}

// korean answers every question as it should be answered.
func korean(a asked) reply {
	lines := a.lines()
	if lines == nil {
		return reply{text: inKorean(a.user())}
	}
	for id, text := range lines {
		lines[id] = inKorean(text)
	}
	return reply{text: object(lines)}
}

func mustJSON(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// moment is when an Ollama dies: in the middle of the answer to the first
// question for nothing before this line.
type moment struct {
	language string
	line     int
}

// wire stands between Sluice and an Ollama: it writes down what a model is
// asked, and is cut when the Ollama dies.
type wire struct {
	t       *testing.T
	behind  http.Handler
	kill    func()
	address string
	died    chan moment

	mu     sync.Mutex
	server *http.Server // nil = it is cut
	fatal  []moment
	paths  map[string]int
	asked  map[string]map[int]bool // lines, by language
	stored map[string]map[int]bool // those that are never to be asked for again
}

// newWire is one that is cut until it is mended.
func newWire(t *testing.T, behind http.Handler, kill func()) *wire {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	check(t, l.Close())
	w := &wire{
		t: t, behind: behind, kill: kill, address: l.Addr().String(), died: make(chan moment, 1),
		paths: map[string]int{}, asked: map[string]map[int]bool{}, stored: map[string]map[int]bool{},
	}
	for language := range tongues() {
		w.asked[language], w.stored[language] = map[int]bool{}, map[int]bool{}
	}
	t.Cleanup(w.cut)
	return w
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", address)
	check(t, err)
	return l
}

func (w *wire) url() string { return "http://" + w.address }

// mend has it lead somewhere again, at the same address.
func (w *wire) mend() {
	w.t.Helper()
	server := &http.Server{Handler: w, ReadHeaderTimeout: patience, ErrorLog: log.New(io.Discard, "", 0)}
	l := listen(w.t, w.address)
	w.mu.Lock()
	w.server = server
	w.mu.Unlock()
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(l) }()
	w.t.Cleanup(func() { w.cut(); <-ended })
}

// cut ends all that is under way, and refuses what comes.
func (w *wire) cut() {
	w.mu.Lock()
	server := w.server
	w.server = nil
	w.mu.Unlock()
	if server != nil {
		_ = server.Close()
	}
}

func (w *wire) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if m, deadly := w.note(r.URL.Path, body); deadly {
		out = &lastWords{out, func() {
			w.cut()
			w.kill()
			w.died <- m
			panic(http.ErrAbortHandler)
		}}
	}
	w.behind.ServeHTTP(out, r)
}

// lastWords is an answer that ends with its beginning.
type lastWords struct {
	http.ResponseWriter
	die func()
}

func (l *lastWords) Write([]byte) (int, error) {
	l.die()
	return 0, io.ErrClosedPipe
}

// note writes a question down, and says whether its answer is a deadly one.
func (w *wire) note(path string, body []byte) (m moment, deadly bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paths[path]++
	var q question
	if path != "/api/chat" || json.Unmarshal(body, &q) != nil {
		return moment{}, false
	}
	language := q.into()
	first := 0
	for id := range q.lines() {
		w.asked[language][id] = true
		if first == 0 || id < first {
			first = id
		}
		if w.stored[language][id] {
			w.t.Errorf("line %d is to be translated into %s again", id, language)
		}
	}
	if len(w.fatal) == 0 || w.fatal[0].language != language || first < w.fatal[0].line {
		return moment{}, false
	}
	m, w.fatal = w.fatal[0], w.fatal[1:]
	return m, true
}

// requests counts what was asked, by path.
func (w *wire) requests() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	got := map[string]int{}
	for path, n := range w.paths {
		got[path] = n
	}
	return got
}

// dies waits until the Ollama is dead, for as long as its job gets further, and
// until the job waits for it, notes what is stored by then, and has it start again.
func (w *wire) dies(s *server, id string, again func()) {
	w.t.Helper()
	var m moment
	for dead, reach := false, ""; !dead; {
		within(w.t, 3*patience, "Ollama dies, or its job gets further", func() bool {
			select {
			case m = <-w.died:
				dead = true
			default:
			}
			v, before := s.job(id), reach
			if reach = v.reach(); !dead && v.State == "done" {
				w.t.Fatalf("Ollama did not die; the job is %+v", v)
			}
			return dead || reach != before
		})
	}
	eventually(w.t, "the job waits for Ollama", func() bool {
		v := s.job(id)
		if v.State != "running" && v.State != "queued" {
			w.t.Fatalf("it is %+v, error %+v", v, v.Error)
		}
		return v.State == "queued" && v.Reason == "ollama"
	})
	stored := 0
	for language := range tongues() {
		lines := s.translation(id, language).Segments
		if language == m.language {
			stored = len(lines)
		}
		w.mu.Lock()
		for _, line := range lines {
			w.stored[language][line.ID] = true
		}
		w.mu.Unlock()
	}
	if stored == 0 || stored >= len(s.transcript(id).Segments) {
		w.t.Errorf("when Ollama died %d lines were there in %s", stored, m.language)
	}
	again()
	w.mend()
}

// accounted checks the lines, and that each of them was asked for.
func (w *wire) accounted(s *server, id string, least int) quality {
	w.t.Helper()
	q, original := s.quality(id), s.transcript(id)
	var languages []string
	w.mu.Lock()
	for language := range q.Lines {
		languages = append(languages, language)
		for _, line := range original.Segments {
			if !w.asked[language][line.ID] {
				w.t.Errorf("nobody asked for line %d in %s", line.ID, language)
			}
		}
	}
	w.mu.Unlock()
	if len(languages) == 0 {
		w.t.Error("it is in no other language")
	}
	w.t.Logf("asked were %v", w.requests())
	return s.accounted(id, least, languages...)
}

// question is what a model is asked, as far as it matters here.
type question struct {
	Messages []struct{ Role, Content string }
	Format   json.RawMessage
	Options  struct {
		Context int `json:"num_ctx"`
	}
}

// into is the code of the language that lines are wanted in; "" = none are.
func (q question) into() string {
	for code, name := range tongues() {
		if strings.Contains(q.Messages[0].Content, "into "+name) {
			return code
		}
	}
	return ""
}

// lines are those of a question for many, by id.
func (q question) lines() map[int]string {
	var body struct{ Lines map[string]string }
	if json.Unmarshal([]byte(q.Messages[len(q.Messages)-1].Content), &body) != nil {
		return nil
	}
	lines := map[int]string{}
	for key, line := range body.Lines {
		if id, err := strconv.Atoi(key); err == nil {
			lines[id] = line
		}
	}
	return lines
}

// summaryTitle is what the interpreter calls every talk.
const summaryTitle = "Animals and trains"

// interpreter is an Ollama that is made up. Its model knows its work, and is
// loaded until somebody unloads it.
type interpreter struct {
	mu   sync.Mutex
	held int // context; 0 = it is not loaded
}

func (i *interpreter) hold(tokens int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.held = tokens
}

func (i *interpreter) die() { i.hold(0) }

func (i *interpreter) loaded() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.held > 0
}

func (i *interpreter) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	say := func(v any) { _ = json.NewEncoder(out).Encode(v) }
	models := func(list ...map[string]any) { say(map[string]any{"models": append([]map[string]any{}, list...)}) }
	switch r.URL.Path {
	case "/api/version":
		say(map[string]string{"version": "0.32.15"})
	case "/api/tags":
		models(map[string]any{"name": llm + ":latest", "digest": "d1", "size": 400_000})
	case "/api/ps":
		i.mu.Lock()
		held := i.held
		i.mu.Unlock()
		if held == 0 {
			models()
			return
		}
		models(map[string]any{"name": llm + ":latest", "size": 500_000, "context_length": held})
	case "/api/show":
		say(map[string]any{"model_info": map[string]any{"general.architecture": "llama", "llama.context_length": 32768}})
	case "/api/generate":
		i.hold(0)
		say(map[string]any{"done": true, "done_reason": "unload"})
	case "/api/chat":
		var q question
		if json.NewDecoder(r.Body).Decode(&q) != nil || len(q.Messages) == 0 {
			out.WriteHeader(http.StatusTeapot)
			return
		}
		i.hold(q.Options.Context)
		read := 10
		for _, m := range q.Messages {
			read += utf8.RuneCountInString(m.Content) / 3
		}
		say(map[string]any{
			"message": map[string]string{"role": "assistant", "content": answer(q)},
			"done":    true, "done_reason": "stop", "prompt_eval_count": read, "eval_count": 100,
		})
	default:
		out.WriteHeader(http.StatusTeapot)
	}
}

// answer is what the interpreter makes of a question.
func answer(q question) string {
	if lines := q.lines(); lines != nil {
		texts := map[string]string{}
		for id, line := range lines {
			texts[fmt.Sprint(id)] = foreign(line, q.into())
		}
		body, _ := json.Marshal(texts)
		return string(body)
	}
	if strings.Contains(string(q.Format), "key_points") {
		return `{"title": "` + summaryTitle + `", "summary": "It is said what the animals do, and where the trains go.",
			"key_points": ["The captain waits."], "chapters": [{"id": 1, "title": "The beginning"}], "action_items": []}`
	}
	return foreign(q.Messages[len(q.Messages)-1].Content, q.into())
}

// foreign writes something in another script, about as long as a line, that
// differs with it.
func foreign(line, language string) string {
	first, letters := '가', rune(11_000)
	if language == "ja" {
		first, letters = 'ぁ', 80
	}
	var b strings.Builder
	for _, word := range strings.Fields(line) {
		for _, r := range word[:(len(word)+2)/3] {
			b.WriteRune(first + (r*29)%letters)
		}
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/ollamatest"
	"sluice/internal/transcript"
)

// tongues are the languages of these tests, as a job and as a model are told
// them. Neither is written in Latin letters: a model that nobody trained has
// none of its lines taken, and each batch of lines is asked for as one.
func tongues() map[string]string { return map[string]string{"ko": "Korean", "ja": "Japanese"} }

func TestEveryLineIsAccountedForThoughOllamaIsKilledTwice(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	o := ollamatest.Start(t)
	o.Create(llm)
	there, err := url.Parse(o.Host)
	check(t, err)
	proxy := httputil.NewSingleHostReverseProxy(there)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	w := newWire(t, proxy, o.Kill)
	w.fatal = []moment{{"ko", 60}, {"ja", 120}}
	w.mend()

	h := newHome(t)
	h.configure("ollama.start = false\nollama.context = 16384\n") // the whole talk fits
	s := h.beside(w.url(), smallMachine)
	j := s.submit(map[string]any{"source": sentences(t, 210), "translate_to": []string{"ko", "ja"}, "summarize": true, "llm_model": llm}, nil)
	w.dies(s, j.ID, o.Again)
	w.dies(s, j.ID, o.Again)
	s.awaitLong(j.ID, func() {})
	s.await(j.ID, "done")
	if left := o.Loaded(); len(left) > 0 {
		t.Errorf("in the end Ollama holds %q", left)
	}
	q := w.accounted(s, j.ID, 200)
	if q.Coverage == nil || *q.Coverage != 100 {
		t.Errorf("the summary covers %v", q.Coverage)
	}
}

// The model tells stories in English, and reads 512 tokens at once.
func TestEveryLineIsAccountedForWithTheSmallestOfContexts(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	o := ollamatest.Start(t)
	o.Copy("stories", "models/stories260K.gguf")
	h := newHome(t)
	h.configure("ollama.start = false\nollama.context = 512\n")
	s := h.beside(o.Host, smallMachine)
	j := s.submit(map[string]any{"source": sentences(t, 210), "translate_to": []string{"ko", "de"}, "summarize": true, "llm_model": "stories"}, nil)
	s.awaitLong(j.ID, func() {})
	s.await(j.ID, "done")
	if left := o.Loaded(); len(left) > 0 {
		t.Errorf("in the end Ollama holds %q", left)
	}
	q := s.accounted(j.ID, 200, "ko", "de")
	if q.Coverage == nil || *q.Coverage < 0 || *q.Coverage > 100 {
		t.Errorf("the summary covers %v", q.Coverage)
	}
}

// The same by day, with a model that knows its work, and a talk that is short.
func TestATranslationGoesOnWhereItWasWhenOllamaDied(t *testing.T) {
	t.Parallel()
	i := &interpreter{}
	w := newWire(t, i, i.die)
	w.fatal = []moment{{"ko", 10}, {"ja", 10}}
	w.mend()
	h := newHome(t)
	h.configure("ollama.start = false\n")
	s := h.beside(w.url(), smallMachine)
	j := s.submit(map[string]any{"source": clip(t, "seventy-five-seconds.flac"), "translate_to": []string{"ko", "ja"}, "summarize": true, "llm_model": llm}, nil)
	w.dies(s, j.ID, func() {})
	w.dies(s, j.ID, func() {})
	done := s.await(j.ID, "done")
	if i.loaded() {
		t.Error("in the end the model is still loaded")
	}
	q := w.accounted(s, j.ID, 12)
	for language, lines := range q.Lines {
		if lines.Done != lines.Total {
			t.Errorf("%s: %+v", language, lines)
		}
	}
	if q.Coverage == nil || *q.Coverage != 100 || len(q.Warnings) > 0 || done.Attempts+done.Crashes > 0 {
		t.Errorf("the job is %+v, its quality %+v", done, q)
	}
	var sum transcript.Summary
	s.do(http.MethodGet, "/api/v1/jobs/"+j.ID+"/summary", nil, &sum)
	if sum.Title != summaryTitle || sum.Language != "en" || sum.CoveragePercent != 100 || len(sum.Chapters) != 1 {
		t.Errorf("the summary is %+v", sum)
	}
}

func TestAJobThatWantsNoLanguageModelLeavesOllamaAlone(t *testing.T) {
	t.Parallel()
	for name, machine := range map[string]int64{"a small machine": smallMachine, "a large machine": largeMachine} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, &interpreter{}, func() {})
			w.mend()
			s := newHome(t).beside(w.url(), machine)
			asked := func() map[string]int {
				all := w.requests()
				delete(all, "/api/ps") // who holds memory is looked at all the time
				return all
			}
			eventually(t, "the server has looked around", func() bool { return asked()["/api/show"] > 0 })
			before := asked()
			j := s.submit(map[string]any{"source": clip(t, "seen-000.wav")}, nil)
			s.await(j.ID, "done")
			if diff := cmp.Diff(before, asked()); diff != "" {
				t.Errorf("for a job Ollama was asked (-before +after):\n%s", diff)
			}
		})
	}
}

func TestOllamaIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWire(t, &interpreter{}, func() {})
	h := newHome(t)
	h.configure("ollama.start = false\n")
	s := h.beside(w.url(), smallMachine)
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "translate_to": []string{"ko"}, "summarize": true, "llm_model": llm}, nil)
	behind := s.submit(map[string]any{"source": clip(t, "seen-001.wav")}, nil)
	eventually(t, "the job waits for Ollama", func() bool { return s.job(j.ID).Reason == "ollama" })
	if v := s.job(j.ID); !strings.Contains(v.ReasonText, "Ollama does not answer") || v.Attempts+v.Crashes > 0 {
		t.Errorf("it is %+v", v)
	}
	if got := s.transcript(j.ID); !got.Complete || len(got.Segments) == 0 {
		t.Errorf("meanwhile its transcript is %+v", got)
	}
	if status, body := s.call(http.MethodGet, "/api/v1/jobs/"+j.ID+"/transcript?format=srt", nil, nil, nil); status != http.StatusOK || !strings.Contains(body, "-->") {
		t.Errorf("as a file it is %d %s", status, body)
	}
	s.await(behind.ID, "done") // it wants nothing of Ollama, and is not held up
	w.mend()
	if v := s.await(j.ID, "done"); v.Attempts+v.Crashes > 0 || !slices.Equal(v.runs("transcribe"), []string{"ok", "reused"}) {
		t.Errorf("it is %+v", v)
	}
	if q := w.accounted(s, j.ID, 1); len(q.Warnings) > 0 {
		t.Errorf("its quality is %+v", q)
	}
}

func TestAJobCanEndWithoutOllama(t *testing.T) {
	t.Parallel()
	w := newWire(t, &interpreter{}, func() {})
	h := newHome(t)
	h.configure("ollama.start = false\nollama.when_away = \"finish\"\n")
	s := h.beside(w.url(), smallMachine)
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "translate_to": []string{"ko"}, "summarize": true, "llm_model": llm}, nil)
	s.await(j.ID, "done")
	var codes []string
	for _, warning := range s.quality(j.ID).Warnings {
		codes = append(codes, warning.Code)
	}
	if diff := cmp.Diff([]string{"not_translated", "not_summarized"}, codes); diff != "" {
		t.Errorf("its warnings (-want +got):\n%s", diff)
	}
	if got := s.transcript(j.ID); !got.Complete || len(got.Segments) == 0 {
		t.Errorf("its transcript is %+v", got)
	}
	if status, body := s.call(http.MethodGet, "/api/v1/jobs/"+j.ID+"/summary", nil, nil, nil); status != http.StatusOK || strings.TrimSpace(body) != "null" {
		t.Errorf("its summary is %d %s", status, body)
	}
}

// sentences is a talk of so many sentences, each after a pause.
func sentences(t testing.TB, count int) string {
	t.Helper()
	clips := []string{
		"seen-000.wav", "seen-001.wav", "unseen-000.wav", "seen-002.wav", "seen-004.wav", "unseen-001.wav",
		"seen-005.wav", "seen-006.wav", "unseen-002.wav", "seen-007.wav", "seen-008.wav",
	}
	var sounds []heard
	at := time.Second
	for n := range count {
		s := heard{at, samples(t, clip(t, clips[n%len(clips)]))}
		sounds = append(sounds, s)
		at += lengthOf(s.samples) + 800*time.Millisecond
	}
	file := filepath.Join(t.TempDir(), "talk.wav")
	writeSound(t, file, at, sounds...)
	return file
}

// quality is how complete a result is.
type quality struct {
	Lines    map[string]struct{ Done, Total int }
	Coverage *int `json:"coverage_percent"`
	Warnings []struct{ Code, Text string }
}

func (s *server) quality(id string) quality {
	s.t.Helper()
	var v struct{ Quality quality }
	s.do(http.MethodGet, "/api/v1/jobs/"+id, nil, &v)
	return v.Quality
}

func (s *server) translation(id, language string) transcript.Transcript {
	s.t.Helper()
	var t transcript.Transcript
	s.do(http.MethodGet, "/api/v1/jobs/"+id+"/transcript?lang="+language, nil, &t)
	return t
}

// accounted checks that each line of a transcript is in each translation, with a
// text, and counted for what it is.
func (s *server) accounted(id string, least int, languages ...string) quality {
	s.t.Helper()
	original, q := s.transcript(id), s.quality(id)
	if len(original.Segments) < least {
		s.t.Fatalf("there are only %d lines", len(original.Segments))
	}
	for _, language := range languages {
		got := s.translation(id, language)
		if got.Language != language || !got.Complete || len(got.Segments) != len(original.Segments) {
			s.t.Fatalf("%s: %d of %d lines, complete %v, in %s", language, len(got.Segments), len(original.Segments), got.Complete, got.Language)
		}
		untranslated := 0
		for i, line := range got.Segments {
			was := original.Segments[i]
			if line.ID != was.ID || line.StartMS != was.StartMS || line.EndMS != was.EndMS || line.Text == "" || line.Untranslated && line.Text != was.Text {
				s.t.Errorf("%s: line %+v of %+v", language, line, was)
			}
			if line.Untranslated {
				untranslated++
			}
		}
		total := len(original.Segments)
		if lines := q.Lines[language]; lines.Total != total || lines.Done != total-untranslated {
			s.t.Errorf("%s: counted are %+v, and %d of %d lines are as they were", language, lines, untranslated, total)
		}
		s.t.Logf("%s: %d of %d lines translated", language, total-untranslated, total)
	}
	return q
}

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

// dies waits until the Ollama is dead and its job waits for it, notes what is
// stored by then, and has it start again.
func (w *wire) dies(s *server, id string, again func()) {
	w.t.Helper()
	var m moment
	select {
	case m = <-w.died:
	case <-time.After(2 * patience):
		w.t.Fatalf("Ollama did not die; the job is %+v", s.job(id))
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

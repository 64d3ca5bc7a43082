package app_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
	w.fatal = []moment{{"ko", 20}, {"ja", 40}}
	w.mend()

	h := newHome(t)
	h.configure("ollama.start = false\nollama.context = 32768\n")
	s := h.beside(w.url(), smallMachine)
	j := s.submit(map[string]any{"source": sentences(t, 70), "translate_to": []string{"ko", "ja"}, "summarize": true, "llm_model": llm}, nil)
	w.dies(s, j.ID, o.Again)
	w.dies(s, j.ID, o.Again)
	s.awaitLong(j.ID, func() {})
	s.await(j.ID, "done")
	if left := o.Loaded(); len(left) > 0 {
		t.Errorf("in the end Ollama holds %q", left)
	}
	q := w.accounted(s, j.ID, 60)
	s.summedUp(j.ID, q)
	if q.Coverage == nil || *q.Coverage != 100 { // whatever it makes of it, it reads all of it at once
		t.Errorf("the quality is %+v", q)
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
	s.summedUp(j.ID, s.accounted(j.ID, 200, "ko", "de"))
}

// summedUp checks that there is a summary, and how much was read for it, or a
// warning instead.
func (s *server) summedUp(id string, q quality) {
	s.t.Helper()
	none := slices.ContainsFunc(q.Warnings, func(w struct{ Code, Text string }) bool { return w.Code == "no_summary" })
	_, body := s.call(http.MethodGet, "/api/v1/jobs/"+id+"/summary", nil, nil, nil)
	if missing := strings.TrimSpace(body) == "null"; missing != none || !missing && (q.Coverage == nil || *q.Coverage < 50 || *q.Coverage > 100) {
		s.t.Errorf("the quality is %+v, the summary %s", q, body)
	}
}

// The model knows its work here, and by day the talk is short.
func TestATranslationGoesOnWhereItWasWhenOllamaDied(t *testing.T) {
	t.Parallel()
	goesOn(t, clip(t, "seventy-five-seconds.flac"), 12, moment{"ko", 10}, moment{"ja", 10})
}

func TestALongTranslationGoesOnWhereItWasWhenOllamaDied(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	goesOn(t, sentences(t, 210), 200, moment{"ko", 60}, moment{"ja", 120})
}

// goesOn has an Ollama die twice in a job.
func goesOn(t *testing.T, source string, least int, fatal ...moment) {
	t.Helper()
	i := &interpreter{}
	w := newWire(t, i, i.die)
	w.fatal = fatal
	w.mend()
	h := newHome(t)
	h.configure("ollama.start = false\n")
	s := h.beside(w.url(), smallMachine)
	j := s.submit(map[string]any{"source": source, "translate_to": []string{"ko", "ja"}, "summarize": true, "llm_model": llm}, nil)
	w.dies(s, j.ID, func() {})
	w.dies(s, j.ID, func() {})
	done := s.await(j.ID, "done")
	if i.loaded() {
		t.Error("in the end the model is still loaded")
	}
	q := w.accounted(s, j.ID, least)
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

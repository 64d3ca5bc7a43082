package ollama_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/ollama"
	"sluice/internal/pipeline"
)

// half begins an answer and goes on as it is told.
func half(then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		line(w, map[string]any{"message": map[string]string{"role": "assistant", "content": `{"1":"절`}})
		then(w, r)
	}
}

func adds(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func abort(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// one asks for the translation of one line.
func one() pipeline.TranslateRequest {
	return pipeline.TranslateRequest{
		From: "en", To: "ko", Model: "some", Context: 4096,
		Lines: []pipeline.Line{{ID: 1, Text: "Good morning to all of you."}},
	}
}

func TestEveryFailureOfTheServerIsNamed(t *testing.T) {
	t.Parallel()
	stopped := `{"error":"model runner has unexpectedly stopped, this may be due to resource limitations"}`
	tests := map[string]struct {
		answer http.HandlerFunc
		want   fault.Code
	}{
		"the connection is cut":              {half(abort), fault.OllamaCrashed},
		"the connection is cut at once":      {abort, fault.OllamaCrashed},
		"the answer has no end":              {half(func(http.ResponseWriter, *http.Request) {}), fault.OllamaCrashed},
		"no answer at all":                   {says(200, ""), fault.OllamaCrashed},
		"an error without a word":            {says(500, ""), fault.OllamaFailed},
		"an error in its own words":          {says(500, `{"error":"invalid JSON schema in format"}`), fault.OllamaFailed},
		"an error that goes on and on":       {says(500, `{"error":"`+strings.Repeat("x", 20_000)+`"}`), fault.OllamaFailed},
		"an error that goes on in a stream":  {half(adds(`{"error":"` + strings.Repeat("x", 20_000) + `"}`)), fault.OllamaFailed},
		"a gateway's page":                   {says(502, "<html><h1>Bad Gateway</h1></html>"), fault.OllamaFailed},
		"a web page":                         {says(200, "<html>Welcome to nginx</html>"), fault.OllamaFailed},
		"words for numbers":                  {says(200, `{"done":"yes"}`), fault.OllamaFailed},
		"a line without end":                 {endless(200), fault.OllamaFailed},
		"the model is gone":                  {says(404, `{"error":"model 'some' not found"}`), fault.ModelMissing},
		"too busy":                           {says(503, `{"error":"server busy, please try again"}`), fault.OllamaBusy},
		"the runner died":                    {says(500, stopped), fault.OllamaCrashed},
		"the runner died in the middle":      {half(adds(`{"error":"an error was encountered while running the model: unexpected EOF"}`)), fault.OllamaCrashed},
		"the runner never came up":           {says(500, `{"error":"llama runner process has terminated: exit status 2"}`), fault.OllamaCrashed},
		"too little memory":                  {says(500, `{"error":"model requires more system memory (9.6 GiB) than is available (3.1 GiB)"}`), fault.OllamaOutOfMemory},
		"memory ran out in the middle":       {half(adds(`{"error":"cudaMalloc failed: out of memory"}`)), fault.OllamaOutOfMemory},
		"an error in the middle":             {half(adds(`{"error":"out of luck"}`)), fault.OllamaFailed},
		"a redirect":                         {says(302, ""), fault.OllamaFailed},
		"nothing before the first token":     {silent, fault.OllamaStuck},
		"nothing more after the first token": {half(silent), fault.OllamaStuck},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, func(asked) reply { return reply{raw: tt.answer} })
			cfg := ollama.Config{Host: m.url, AnswerBytes: 64 << 10}
			switch name {
			case "nothing before the first token":
				cfg.FirstToken = 300 * time.Millisecond
			case "nothing more after the first token":
				cfg.Idle = 50 * time.Millisecond
			}
			err := client(t, cfg).Translate(t.Context(), one(), pipeline.TranslateWatch{
				Batch: func([]pipeline.TranslatedLine) error { t.Error("a batch came of it"); return nil },
			})
			if !fault.Is(err, tt.want) {
				t.Fatalf("Translate(): %v, want %s", err, tt.want)
			}
			if f := fault.From(err); f.Say == "" || f.Hint == "" || len(f.Error()) > 700 {
				t.Errorf("words %q, hint %q, %d bytes for the log", f.Say, f.Hint, len(f.Error()))
			}
			if n := len(m.questions()); n != 1 {
				t.Errorf("it was asked %d times: trying again is the line's", n)
			}
		})
	}
}

// What is wrong with an answer and not with the server ends no job.
func TestAnAnswerThatIsNoneLeavesTheLineAsItWas(t *testing.T) {
	t.Parallel()
	text := func(s string) func(asked) reply { return func(asked) reply { return reply{text: s} } }
	tests := map[string]struct {
		answer func(asked) reply
		why    string
	}{
		"it did not end": {func(asked) reply { return reply{text: `{"1":"안녕하`, reason: "length"} }, "went round in circles"},
		"it goes on for ever": {func(asked) reply {
			return reply{raw: func(w http.ResponseWriter, _ *http.Request) {
				for i := 0; ; i++ {
					if _, err := io.WriteString(w, `{"message":{"role":"assistant","content":"`+strings.Repeat(string(rune('a'+i*7%26)), 1+i%9)+`"}}`+"\n"); err != nil {
						return
					}
				}
			}}
		}, "went round in circles"},
		"it goes round in circles": {func(asked) reply {
			return reply{raw: func(w http.ResponseWriter, r *http.Request) {
				for range 400 {
					line(w, map[string]any{"message": map[string]string{"content": "다시 "}})
				}
				<-r.Context().Done()
			}}
		}, "went round in circles"},
		"the question was too long": {func(asked) reply {
			return reply{raw: says(400, `{"error":"the input length exceeds the context length"}`)}
		}, "cannot take in a line as long as this"},
		"the question was too long in newer words": {func(asked) reply {
			return reply{raw: says(400, `{"error":"request (9000 tokens) exceeds the available context size (4096 tokens)"}`)}
		}, "cannot take in a line as long as this"},
		"it was cut without a word":   {func(asked) reply { return reply{text: `{"1":"안녕하세요 여러분"}`, in: 4096} }, "cannot take in a line as long as this"},
		"nothing":                     {text(""), "left the line out"},
		"an empty text":               {text(`{"1":" "}`), "left the line out"},
		"another language":            {text(`{"1":"Guten Morgen Ihnen allen."}`), "answered in another language"},
		"the original":                {text(`{"1":"Good morning to all of you."}`), "repeated the original"},
		"a loop":                      {text(`{"1":"` + strings.Repeat("안녕 ", 13) + `"}`), "went round in circles"},
		"a whole story":               {text(`{"1":"` + strings.Repeat("옛날 옛적에 호랑이가 담배를 피우던 시절에 ", 12) + `"}`), "said more than the line says"},
		"nothing but signs":           {text(`{"1":"…!"}`), "said less than the line says"},
		"thoughts without an end":     {text(`<think>The user wants Korean`), "left the line out"},
		"letters that cannot be read": {text("\x00\x01\x02"), "left the line out"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, tt.answer)
			got := translate(t, m.client(t), one(), nil)
			want := pipeline.TranslatedLine{ID: 1, Text: "Good morning to all of you.", Untranslated: true, Warning: "Not translated: the model " + tt.why + "."}
			if len(got) != 1 || got[0] != want {
				t.Errorf("Translate() = %+v, want %+v", got, want)
			}
			if n := len(m.questions()); n != 2 {
				t.Errorf("it was asked %d times, not in JSON and in plain words", n)
			}
		})
	}
}

func TestWhoLeavesBlamesNobody(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{"before the answer": silent, "during the answer": half(silent)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			reason := errors.New("somebody canceled the job")
			m := newModel(t, func(asked) reply {
				time.AfterFunc(20*time.Millisecond, func() { cancel(reason) })
				return reply{raw: answer}
			})
			err := m.client(t).Translate(ctx, one(), pipeline.TranslateWatch{})
			var f *fault.Fault
			if !errors.Is(err, reason) || errors.As(err, &f) {
				t.Errorf("Translate(): %v", err)
			}
		})
	}
}

func TestASilentServerThatHasGoneIsNotStuck(t *testing.T) {
	t.Parallel()
	var s *httptest.Server
	m := newModel(t, func(asked) reply {
		return reply{raw: func(w http.ResponseWriter, r *http.Request) {
			_ = s.Listener.Close()
			silent(w, r)
		}}
	})
	s = httptest.NewServer(m)
	t.Cleanup(s.Close)
	err := client(t, ollama.Config{Host: s.URL, FirstToken: 300 * time.Millisecond}).Translate(t.Context(), one(), pipeline.TranslateWatch{})
	if !fault.Is(err, fault.OllamaUnreachable) {
		t.Errorf("Translate(): %v", err)
	}
}

func TestAQuestionSaysAllThatKeepsAServerFromItsWays(t *testing.T) {
	t.Parallel()
	m := newModel(t, korean)
	m.context, m.show = 2048, `,"capabilities":["completion","thinking"]`
	c := client(t, ollama.Config{Host: m.url, Threads: 3})
	translate(t, c, one(), nil)
	if _, err := c.Summarize(t.Context(), pipeline.SummarizeRequest{Language: "ko", Model: "some", Context: 4096, Lines: one().Lines}, pipeline.SummarizeWatch{}); err == nil {
		t.Error("a summary came of nonsense")
	}
	questions := m.questions()
	if len(questions) < 2 {
		t.Fatalf("%d questions", len(questions))
	}
	for _, q := range questions {
		room, _ := q.Options["num_predict"].(float64)
		switch {
		case q.Truncate == nil || *q.Truncate, q.Shift == nil || *q.Shift:
			t.Error("the server may cut what it likes")
		case q.Options["num_ctx"] != 2048.0, q.Options["num_thread"] != 3.0:
			t.Errorf("the model is loaded anew for %v", q.Options)
		case room <= 0 || room > 2048:
			t.Errorf("the answer may have %v tokens", room)
		case q.Options["seed"] == nil, q.Options["temperature"] == nil:
			t.Errorf("chance decides: %v", q.Options)
		case q.KeepAlive != "3m0s":
			t.Errorf("the model stays for %s", q.KeepAlive)
		case q.Think != false:
			t.Errorf("it may think: %v", q.Think)
		case q.Model != "some:latest":
			t.Errorf("model %q", q.Model)
		}
	}
}

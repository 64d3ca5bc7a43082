package app_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
)

// An English model would be downloaded, loaded and fed before it says no.
func TestNoDoorTakesAnotherLanguageForAnEnglishModel(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	cmd := h.command(context.WithoutCancel(t.Context()), "serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, "SLUICE_SPEECH_MODEL=tiny.en", "SLUICE_SPEECH_LANGUAGE=ko")
	s := h.tend(cmd)
	s.url = h.discover(cmd.Process.Pid)
	media := clip(t, "seen-000.wav")
	file, err := os.ReadFile(media)
	if err != nil {
		t.Fatal(err)
	}
	send := func(method, path, kind string, body []byte, into any) string {
		_, text := s.call(method, path, bytes.NewReader(body), map[string]string{"Content-Type": kind}, into)
		return text
	}
	const asJSON = "application/json"
	doors := map[string]func() string{
		"JSON": func() string {
			return send(http.MethodPost, "/api/v1/jobs", asJSON, []byte(`{"source":"`+media+`"}`), nil)
		},
		"process": func() string { return send(http.MethodPost, "/process", asJSON, []byte(`{"path":"`+media+`"}`), nil) },
		"an upload": func() string {
			var up struct{ ID string }
			send(http.MethodPut, "/api/v1/uploads/talk.wav", "audio/wav", file, &up)
			return send(http.MethodPost, "/api/v1/jobs", asJSON, []byte(`{"source":"upload:`+up.ID+`"}`), nil)
		},
		"a form": func() string {
			body, kind := form(t, nil, file)
			_, text := s.call(http.MethodPost, "/api/v1/jobs", body, map[string]string{"Content-Type": kind}, nil)
			return text
		},
		"a retry": func() string {
			var j view
			send(http.MethodPost, "/api/v1/jobs", asJSON, []byte(`{"source":"`+media+`","model":"base","title":"retried"}`), &j)
			s.post("/api/v1/jobs/" + j.ID + "/cancel")
			return send(http.MethodPost, "/api/v1/jobs/"+j.ID+"/retry", asJSON, []byte(`{"model":"tiny.en"}`), nil)
		},
		"add": func() string {
			_, errs, _ := h.run("add", media)
			return errs + "language_unknown"
		},
		"transcribe": func() string {
			_, errs, _ := newHome(t).run("transcribe", media, "--model", "tiny.en", "--language", "ko") // no server
			return errs + "language_unknown"
		},
	}
	for name, enter := range doors {
		for _, want := range []string{"language_unknown", "tiny.en knows only English", "Use the model tiny, which knows all languages"} {
			if got := enter(); !strings.Contains(got, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, got)
				break
			}
		}
	}
	for _, language := range []string{"en", "auto"} {
		if j := s.submit(map[string]any{"source": media, "language": language, "title": language}, nil); j.Reason != "model" {
			t.Errorf("%s: %+v", language, j)
		}
	}
}

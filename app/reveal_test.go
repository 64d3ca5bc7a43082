package app_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/app"
)

func TestRevealing(t *testing.T) {
	t.Parallel()
	const path = `/home/mina/a, "b" $(c)/일 -R.mp4`
	want := map[string][][]string{
		"darwin": {{"open", "-R", path}},
		"linux": {
			{
				"dbus-send", "--session", "--print-reply", "--reply-timeout=5000", "--dest=org.freedesktop.FileManager1",
				"/org/freedesktop/FileManager1", "org.freedesktop.FileManager1.ShowItems",
				"array:string:file:///home/mina/a%2C%20%22b%22%20$%28c%29/%EC%9D%BC%20-R.mp4", "string:",
			},
			{"xdg-open", `/home/mina/a, "b" $(c)`},
		},
	}
	for system, commands := range want {
		if diff := cmp.Diff(commands, app.Revealing(system, path)); diff != "" {
			t.Errorf("%s: %s", system, diff)
		}
	}
}

func TestRevealRoute(t *testing.T) {
	t.Parallel()
	there := filepath.Join(t.TempDir(), "일, a.mp4")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// jobs plays the API: the id of a job says what its source is.
	jobs := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch filepath.Base(r.URL.Path) {
		case "there":
			_, _ = fmt.Fprintf(w, `{"source":{"kind":"path","path":%q}}`, there)
		case "gone":
			_, _ = fmt.Fprintf(w, `{"source":{"kind":"path","path":%q}}`, there+".gone")
		case "sent":
			_, _ = io.WriteString(w, `{"source":{"kind":"upload","name":"a.mp4"}}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"code":"job_unknown"}`)
		}
	})
	tests := map[string]struct {
		body   string
		err    error // of the system
		status int
		answer string // a part of it
		seen   string
	}{
		"the file of a job is shown":             {`{"job":"there"}`, nil, 200, "{}", there},
		"a file that is gone is said":            {`{"job":"gone"}`, nil, 422, `"code":"source_missing"`, ""},
		"a file that was sent lies nowhere":      {`{"job":"sent"}`, nil, 422, `"code":"request_invalid"`, ""},
		"a job that is not there is said":        {`{"job":"../x"}`, nil, 404, `"code":"job_unknown"`, ""},
		"nobody names another file":              {`{"job":"there","path":"/etc/passwd"}`, nil, 422, `"code":"request_invalid"`, ""},
		"a system that cannot show it is no end": {`{"job":"there"}`, errors.New("no file manager"), 500, `"code":"internal"`, there},
	}
	for sentence, tt := range tests {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			log := slog.New(slog.DiscardHandler)
			s := &stage{err: tt.err}
			routes := app.NewShell(s, &line{}, newBoard(), log).Routes(jobs, func(string) {}, nil, log)
			w := httptest.NewRecorder()
			routes.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/window/reveal", strings.NewReader(tt.body)))
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.answer) || s.seen != tt.seen {
				t.Errorf("%d %s, shown %q", w.Code, w.Body, s.seen)
			}
		})
	}
}

package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/app"
	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// stage plays the window.
type stage struct {
	picked []string // what the user chooses
	target string   // where the user saves
	err    error

	mu      sync.Mutex
	events  []string // as the page gets them: name and JSON
	shown   int
	offered string // name of a file to save
	seen    string // the file that was shown
}

func (s *stage) Show() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown++
}

func (s *stage) Emit(name string, data any) {
	body, _ := json.Marshal(data)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, name+" "+string(body))
}

func (s *stage) PickFiles(context.Context) ([]string, error) { return s.picked, s.err }

func (s *stage) PickTarget(_ context.Context, name string) (string, error) {
	s.offered = name
	return s.target, s.err
}

func (s *stage) Reveal(_ context.Context, path string) error {
	s.seen = path
	return s.err
}

// line plays the desk: it takes what ends in mp4.
type line struct {
	err   error
	mu    sync.Mutex
	drops [][]string
	like  job.Order // of the last drop
}

func (l *line) DropAs(_ context.Context, paths []string, like job.Order) (in []queue.Accepted, out []job.Refused, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drops, l.like = append(l.drops, paths), like
	for _, p := range paths {
		if filepath.Ext(p) == ".mp4" {
			in = append(in, queue.Accepted{Job: job.Job{ID: "j-" + filepath.Base(p)}})
			continue
		}
		out = append(out, job.Refused{Path: p, Name: filepath.Base(p), Code: "not_media", Message: "No."})
	}
	return in, out, l.err
}

// empty plays the line and the memory of a board.
type empty struct{}

func (empty) Standing(context.Context, int, int) (board.Standing, error) {
	return board.Standing{}, nil
}
func (empty) Reading() job.Reading { return job.Reading{} }

func (empty) Shut() string { return "" }

func newBoard() *board.Board { return board.New("b", empty{}, empty{}) }

// play runs a shell while act acts, and ends it.
func play(t *testing.T, s *stage, l *line, act func(app.Shell, *board.Board)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		b := newBoard()
		shell := app.NewShell(s, l, b, slog.New(slog.DiscardHandler))
		done := make(chan struct{})
		go func() {
			defer close(done)
			shell.Run(ctx)
		}()
		synctest.Wait()
		act(shell, b)
		time.Sleep(time.Second)
		synctest.Wait()
		end()
		<-done
	})
}

func TestShell(t *testing.T) {
	t.Parallel()
	t.Run("the page gets the board's events as the stream sends them", func(t *testing.T) {
		t.Parallel()
		s := &stage{}
		play(t, s, &line{}, func(_ app.Shell, b *board.Board) {
			b.Publish(board.Event{Kind: board.LineChanged})
			b.Publish(board.Event{Kind: board.Progress, JobID: "j", Progress: job.Progress{Stage: job.Transcribe, Fraction: 0.5}})
		})
		want := []string{
			`live {"id":"b-1","kind":"line"}`,
			`live {"id":"b-2","kind":"progress","job_id":"j","progress":{"stage":"transcribe","fraction":0.5}}`,
		}
		if diff := cmp.Diff(want, s.events); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a hidden page gets what it has missed when it is seen", func(t *testing.T) {
		t.Parallel()
		s := &stage{}
		play(t, s, &line{}, func(shell app.Shell, b *board.Board) {
			shell.Veil(true)
			for range 3 {
				b.Publish(board.Event{Kind: board.LineChanged})
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if len(s.events) > 0 {
				t.Errorf("hidden it got %q", s.events)
			}
			shell.Veil(false)
			synctest.Wait()
			if n := len(s.events); n != 3 {
				t.Errorf("seen it got %q", s.events)
			}
			shell.Veil(true)
			for range 5000 {
				b.Publish(board.Event{Kind: board.LineChanged})
			}
			shell.Veil(false)
		})
		if last := s.events[len(s.events)-1]; len(s.events) > 10 || !strings.Contains(last, "reset") {
			t.Errorf("after very many it got %d events, %s at last", len(s.events), last)
		}
	})
	t.Run("files that come one by one are dropped together", func(t *testing.T) {
		t.Parallel()
		s, l := &stage{}, &line{}
		play(t, s, l, func(shell app.Shell, _ *board.Board) {
			shell.Add("/a.mp4")
			time.Sleep(100 * time.Millisecond)
			shell.Add("/b.txt")
		})
		if diff := cmp.Diff([][]string{{"/a.mp4", "/b.txt"}}, l.drops); diff != "" {
			t.Error(diff)
		}
		if len(s.events) != 1 || !strings.HasPrefix(s.events[0], "dropped ") ||
			!strings.Contains(s.events[0], `"id":"j-a.mp4"`) || !strings.Contains(s.events[0], `"code":"not_media"`) {
			t.Errorf("the page got %q", s.events)
		}
	})
	t.Run("what is no path is not dropped", func(t *testing.T) {
		t.Parallel()
		l := &line{}
		play(t, &stage{}, l, func(shell app.Shell, _ *board.Board) { shell.Add("", "a.mp4") })
		if l.drops != nil {
			t.Errorf("dropped %q", l.drops)
		}
	})
	t.Run("a drop that fails says why", func(t *testing.T) {
		t.Parallel()
		s := &stage{}
		l := &line{err: fault.New(fault.DiskFull, "The disk is full.", errors.New("write /home: no space")).WithHint("Free some.")}
		play(t, s, l, func(shell app.Shell, _ *board.Board) { shell.Add("/a.mp4") })
		want := `failed {"code":"disk_full","detail":"The disk is full.","hint":"Free some."}`
		if len(s.events) != 2 || s.events[1] != want { // the file before it is in the line
			t.Errorf("the page got %q", s.events)
		}
	})
	t.Run("asking for files shows the window and takes what is picked", func(t *testing.T) {
		t.Parallel()
		s, l := &stage{picked: []string{"/a.mp4"}}, &line{}
		play(t, s, l, func(shell app.Shell, _ *board.Board) { shell.Ask() })
		if diff := cmp.Diff([][]string{{"/a.mp4"}}, l.drops); diff != "" || s.shown != 1 {
			t.Errorf("shown %d times; %s", s.shown, diff)
		}
	})
	t.Run("what comes by itself is wanted as the page says", func(t *testing.T) {
		t.Parallel()
		s, l := &stage{}, &line{}
		play(t, s, l, func(shell app.Shell, _ *board.Board) {
			routes := shell.Routes(http.NotFoundHandler(), func(string) {}, nil, slog.New(slog.DiscardHandler))
			body := strings.NewReader(`{"translate_to":["ko"],"summarize":true,"summary":{"template":"lecture"}}`)
			routes.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/window/options", body))
			shell.Add("/a.mp4")
		})
		want := job.Order{TranslateTo: &[]string{"ko"}, Summarize: new(true), Summary: job.Summary{Template: "lecture"}}
		if diff := cmp.Diff(want, l.like); diff != "" || len(l.drops) != 1 {
			t.Errorf("%d drops; %s", len(l.drops), diff)
		}
	})
	t.Run("who is led to a job gets there when the page stands", func(t *testing.T) {
		t.Parallel()
		s := &stage{}
		play(t, s, &line{}, func(shell app.Shell, _ *board.Board) {
			routes := shell.Routes(http.NotFoundHandler(), func(string) {}, nil, slog.New(slog.DiscardHandler))
			paint := func() {
				routes.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/window/painted", strings.NewReader("")))
			}
			shell.Lead("01J") // a click on a notification has started the app
			shell.Lead("02J") // the newest counts
			if len(s.events) != 0 || s.shown != 2 {
				t.Errorf("before the page stands: shown %d times, %q", s.shown, s.events)
			}
			paint()
			paint() // it was loaded again
			shell.Lead("")
		})
		want := []string{`show {"job":"02J"}`, `show {"job":""}`}
		if diff := cmp.Diff(want, s.events); diff != "" || s.shown != 3 {
			t.Errorf("shown %d times; %s", s.shown, diff)
		}
	})
	t.Run("a dialog that fails says so", func(t *testing.T) {
		t.Parallel()
		s, l := &stage{err: errors.New("no portal")}, &line{}
		play(t, s, l, func(shell app.Shell, _ *board.Board) { shell.Ask() })
		if len(s.events) != 1 || !strings.HasPrefix(s.events[0], `failed {"code":"internal"`) || strings.Contains(s.events[0], "portal") {
			t.Errorf("the page got %q", s.events)
		}
	})
}

// bare plays the API behind the window's own routes.
func bare(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path + "?" + r.URL.RawQuery {
	case "/api/v1/jobs/01J/transcript?format=srt":
		w.Header().Set("Content-Disposition", `attachment; filename="_.srt"; filename*=UTF-8''%EC%9D%BC%20a.srt`)
		_, _ = io.WriteString(w, "1\n00:00:00,000 --> 00:00:01,000\nHello.\n")
	case "/api/v1/jobs/01J/transcript?format=srt&lang=ko", "/api/v1/jobs/01J/summary?format=md":
		w.Header().Set("Content-Disposition", `attachment; filename="_.srt"; filename*=UTF-8''%EC%9D%BC%20a.srt`)
		_, _ = io.WriteString(w, map[bool]string{true: "summary", false: "ko 1\n00:00:00,000 --> 00:00:01,000\nHello.\n"}[r.URL.Query().Get("lang") == ""])
	case "/api/v1/jobs/01J/transcript?format=vtt":
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"code":"not_ready"}`)
	default:
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path)
	}
}

func TestShellRoutes(t *testing.T) {
	t.Parallel()
	const name = "out.srt" // in a folder of the test
	srt := "1\n00:00:00,000 --> 00:00:01,000\nHello.\n"
	tests := map[string]struct {
		stage  *stage
		method string // "" = POST
		path   string
		body   string
		status int
		answer string // a part of it
		file   string // what was saved
	}{
		"picked files are enqueued":               {&stage{picked: []string{"/a.mp4"}}, "", "/window/pick", "", 200, `"id":"j-a.mp4"`, ""},
		"no file picked is null":                  {&stage{}, "", "/window/pick", "", 200, "null\n", ""},
		"a transcript is saved":                   {&stage{target: name}, "", "/window/save", `{"job":"01J","format":"srt"}`, 200, `/out.srt"}`, srt},
		"a save thought better of writes nothing": {&stage{}, "", "/window/save", `{"job":"01J","format":"srt"}`, 200, `{"saved":""}`, ""},
		"the API says why there is no transcript": {&stage{target: name}, "", "/window/save", `{"job":"01J","format":"vtt"}`, 409, `{"code":"not_ready"}`, ""},
		"a job cannot leave its path":             {&stage{target: name}, "", "/window/save", `{"job":"../queue/pause?","format":"srt"}`, 418, "", ""},
		"a folder that is not there is said":      {&stage{target: "no/" + name}, "", "/window/save", `{"job":"01J","format":"srt"}`, 500, `"code":"internal"`, ""},
		"a translation is saved":                  {&stage{target: name}, "", "/window/save", `{"job":"01J","format":"srt","lang":"ko"}`, 200, `/out.srt"}`, "ko " + srt},
		"a summary is saved":                      {&stage{target: name}, "", "/window/save", `{"job":"01J","format":"md","part":"summary"}`, 200, `/out.srt"}`, "summary"},
		"no other part of a job is saved":         {&stage{target: name}, "", "/window/save", `{"job":"01J","format":"md","part":"media"}`, 422, `"code":"request_invalid"`, ""},
		"what is wanted of files is heard":        {&stage{}, "", "/window/options", `{"translate_to":["ko"],"summarize":false}`, 200, "{}", ""},
		"what is unknown is refused":              {&stage{}, "", "/window/save", `{"job":"01J","shell":"rm"}`, 422, `"code":"request_invalid"`, ""},
		"a body that is none is refused":          {&stage{}, "", "/window/language", ``, 422, `"code":"request_invalid"`, ""},
		"the language is passed on":               {&stage{}, "", "/window/language", `{"language":"ko"}`, 200, `{"language":"ko"}`, ""},
		"what is no language is refused":          {&stage{}, "", "/window/language", `{"language":"k o"}`, 422, `"code":"request_invalid"`, ""},
		"a paint is heard":                        {&stage{}, "", "/window/painted", "", 200, "{}", ""},
		"all else is the API's":                   {&stage{}, "", "/api/v1/queue/pause", "", 418, "POST /api/v1/queue/pause", ""},
		"these routes take only POST":             {&stage{}, "GET", "/window/pick", "", 418, "GET /window/pick", ""},
	}
	for sentence, tt := range tests {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if tt.stage.target != "" {
				tt.stage.target = filepath.Join(dir, tt.stage.target)
			}
			var spoken string
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, nil))
			shell := app.NewShell(tt.stage, &line{}, newBoard(), logger)
			routes := shell.Routes(http.HandlerFunc(bare), func(code string) { spoken = code }, nil, logger)
			method := tt.method
			if method == "" {
				method = http.MethodPost
			}
			for range 2 { // the page may be loaded again
				w := httptest.NewRecorder()
				routes.ServeHTTP(w, httptest.NewRequest(method, tt.path, strings.NewReader(tt.body)))
				if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.answer) {
					t.Errorf("%d: %s", w.Code, w.Body)
				}
			}
			switch tt.path {
			case "/window/language":
				if (tt.status == 200) != (spoken == "ko") {
					t.Errorf("language %q", spoken)
				}
			case "/window/painted":
				if n := strings.Count(log.String(), `msg="window painted" dur=`); n != 1 {
					t.Errorf("logged %d times:\n%s", n, log.String())
				}
			case "/window/save":
				checkSaved(t, filepath.Join(dir, name), tt.file)
				if tt.status == 200 && tt.stage.offered != "일 a.srt" {
					t.Errorf("offered %q", tt.stage.offered)
				}
			}
		})
	}
}

func TestShellRoutesOfAnAppThatEnds(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	ending := make(chan struct{})
	close(ending)
	shell := app.NewShell(&stage{picked: []string{"/a.mp4"}}, &line{}, newBoard(), log)
	routes := shell.Routes(http.HandlerFunc(bare), func(string) {}, ending, log)
	for _, path := range []string{"/window/pick", "/api/v1/board"} {
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"code":"server_away"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// checkSaved looks for a file as users expect it, and for nothing beside it.
func checkSaved(t *testing.T, path, want string) {
	t.Helper()
	body, err := os.ReadFile(path)
	if string(body) != want || (err == nil) != (want != "") {
		t.Errorf("the file holds %q, %v", body, err)
	}
	all, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		info, err := e.Info()
		if err != nil || e.Name() != filepath.Base(path) || info.Mode().Perm() != 0o644 {
			t.Errorf("%s, %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

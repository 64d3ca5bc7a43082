package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/app"
	"sluice/internal/fault"
)

// elder plays the Sluice that runs already.
type elder struct {
	show  int    // the status of /window/show
	full  bool   // it takes no files
	dies  bool   // it takes the files and breaks off
	name  string // of a file it refuses
	mu    sync.Mutex
	asked []string
	token string // as it was asked with
}

func (e *elder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Paths []string `json:"paths"`
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.token = r.Header.Get("Authorization")
	asked := r.Method + " " + r.URL.Path
	if len(in.Paths) > 0 {
		asked += fmt.Sprintf(" %d from %s", len(in.Paths), in.Paths[0])
	}
	e.asked = append(e.asked, asked)
	switch {
	case r.URL.Path == "/api/v1/window/show":
		w.WriteHeader(e.show)
		_, _ = io.WriteString(w, `{"code":"no_window","detail":"No window.","hint":"None."}`)
	case e.dies:
		panic(http.ErrAbortHandler)
	case e.full:
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"code":"disk_full","detail":"The disk is full.","hint":"Free some."}`)
	case e.name != "":
		_, _ = fmt.Fprintf(w, `{"jobs":[],"refused":[{"name":%q,"message":"This is no media."}]}`, e.name)
	default:
		_, _ = fmt.Fprintf(w, `{"jobs":[{"id":"1"}%s],"refused":[]}`, strings.Repeat(`,{"id":"2"}`, len(in.Paths)-1))
	}
}

func TestASecondStart(t *testing.T) {
	t.Parallel()
	many := make([]string, 1001)
	for i := range many {
		many[i] = fmt.Sprintf("/f%d", i)
	}
	const drop, show = "POST /api/v1/drop", "POST /api/v1/window/show"
	const has = "Sluice runs already and has "
	tests := map[string]struct {
		first  *elder
		token  string
		files  []string
		hidden bool
		asked  []string
		opened bool
		notes  []string
		code   fault.Code
	}{
		"shows the first window":                 {first: &elder{show: 204}, asked: []string{show}},
		"knows the token":                        {first: &elder{show: 204}, asked: []string{show}, token: "s3cret"},
		"shows nothing when it was to be hidden": {first: &elder{show: 204}, hidden: true},
		"gives its files first": {
			first: &elder{show: 204}, files: []string{"/a", "/b"}, asked: []string{drop + " 2 from /a", show},
			notes: []string{has + "the 2 files."},
		},
		"gives its files even when hidden": {
			first: &elder{}, files: []string{"/a"}, hidden: true, asked: []string{drop + " 1 from /a"}, notes: []string{has + "the file."},
		},
		"gives many files in parts": {
			first: &elder{show: 204}, files: many, asked: []string{drop + " 1000 from /f0", drop + " 1 from /f1000", show},
			notes: []string{has + "the 1000 files.", has + "the file."},
		},
		"names what is refused": {
			first: &elder{show: 204, name: "a.txt"}, files: []string{"/a.txt"}, asked: []string{drop + " 1 from /a.txt", show},
			notes: []string{"a.txt: This is no media."},
		},
		"says why no file is taken": {
			first: &elder{full: true}, files: []string{"/a"}, asked: []string{drop + " 1 from /a"}, code: fault.DiskFull,
		},
		"does not give its files twice to one that has ended over them": {
			first: &elder{dies: true}, files: []string{"/a"}, asked: []string{drop + " 1 from /a"}, code: fault.ServerAway,
		},
		"opens the page of one without a window": {
			first: &elder{show: 409}, asked: []string{show}, opened: true,
			notes: []string{"Sluice runs already, without a window: its page URL opens in the browser."},
		},
		"shows no token to other users": {
			first: &elder{show: 409}, asked: []string{show}, token: "s3cret",
			notes: []string{"Sluice runs already, without a window and with a token. Its page is URL/?token=TOKEN, with the token of its settings."},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(tt.first)
			defer srv.Close()
			var notes, opened []string
			s := app.NewSecond(discoveryAt(t, srv.URL, tt.token), slices.Clone(tt.files), tt.hidden,
				func(_ context.Context, address string) error { opened = append(opened, address); return nil },
				func(text string) { notes = append(notes, strings.ReplaceAll(text, srv.URL, "URL")) })
			err := s.Hand(t.Context())
			tt.first.mu.Lock()
			defer tt.first.mu.Unlock()
			if (tt.code != "") != (err != nil) || err != nil && !fault.Is(err, tt.code) {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(tt.asked, tt.first.asked); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.notes, notes); diff != "" {
				t.Error(diff)
			}
			if tt.opened != (len(opened) == 1 && opened[0] == srv.URL) {
				t.Errorf("opened %q", opened)
			}
			if want := strings.TrimSuffix("Bearer "+tt.token, "Bearer "); tt.asked != nil && tt.first.token != want {
				t.Errorf("token %q", tt.first.token)
			}
		})
	}
}

func TestASecondStartFindsNobody(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	broken := filepath.Join(t.TempDir(), "server.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"while the first is still starting":         filepath.Join(t.TempDir(), "server.json"),
		"while the file is half written":            broken,
		"when the first left its address behind":    discoveryAt(t, closed.URL, ""),
		"when somebody else has the address by now": discoveryAt(t, other.URL, ""),
	}
	for name, found := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := app.NewSecond(found, []string{"/a"}, false, nil, func(text string) { t.Error(text) })
			if err := s.Hand(t.Context()); !errors.Is(err, app.ErrAway) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A browser that cannot be opened is no reason to fail: the address is said.
func TestASecondStartWithoutABrowser(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(&elder{show: 409})
	defer srv.Close()
	var notes []string
	s := app.NewSecond(discoveryAt(t, srv.URL, ""), nil, false,
		func(context.Context, string) error { return errors.New("no xdg-open") },
		func(text string) { notes = append(notes, text) })
	if err := s.Hand(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"Sluice runs already, without a window. Its page is " + srv.URL + "."}, notes); diff != "" {
		t.Error(diff)
	}
}

func TestStartOrJoin(t *testing.T) {
	t.Parallel()
	locked := fault.New(fault.StoreLocked, "Sluice already runs on this data folder.", nil)
	boom := errors.New("boom")
	tests := map[string]struct {
		free    time.Duration // when the folder is free; 0 = at once
		answers time.Duration // when the first answers
		fails   error         // what starting says when the folder is free
		hands   error         // what the first says
		started bool
		took    time.Duration
		want    error
		code    fault.Code
	}{
		"the first start starts":                    {answers: time.Hour, started: true},
		"what is wrong with a start is said":        {answers: time.Hour, fails: boom, want: boom},
		"a second start joins":                      {free: time.Hour},
		"it waits for one that is still starting":   {free: time.Hour, answers: 2 * time.Second, took: 2 * time.Second},
		"it takes the place of one that just ends":  {free: time.Second, answers: time.Hour, started: true, took: time.Second},
		"what the first says about files is said":   {free: time.Hour, hands: boom, want: boom},
		"it does not wait for ever for a stuck one": {free: time.Hour, answers: time.Hour, took: 15250 * time.Millisecond, code: fault.StoreLocked},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				started, err := app.StartOrJoin(t.Context(), func() error {
					if time.Since(began) < tt.free {
						return locked
					}
					return tt.fails
				}, func(context.Context) error {
					if time.Since(began) < tt.answers {
						return app.ErrAway
					}
					return tt.hands
				})
				if started != tt.started || !errors.Is(err, tt.want) && tt.code == "" || tt.code != "" && !fault.Is(err, tt.code) {
					t.Errorf("started %v, %v", started, err)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

// discoveryAt writes what a server leaves for its clients.
func discoveryAt(t *testing.T, url, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "server.json")
	body, err := json.Marshal(map[string]any{"url": url, "token": token, "pid": 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

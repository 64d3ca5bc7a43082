package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"sluice/internal/cli"
)

// news is what the board says of a newer Sluice: its version and page, or "".
func (s *server) news() string {
	s.t.Helper()
	var b struct {
		Notices []struct{ ID, Code, Version, URL string }
	}
	s.do(http.MethodGet, "/api/v1/board", nil, &b)
	for _, n := range b.Notices {
		if n.Code == "update_available" {
			return n.ID + " " + n.Version + " " + n.URL
		}
	}
	return ""
}

// whenItChanges does something and looks each time that views are told to, until
// what is there is right.
func (s *server) whenItChanges(do func(), right func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/events", nil)
	check(s.t, err)
	res, err := http.DefaultClient.Do(req)
	check(s.t, err)
	defer func() { _ = res.Body.Close() }()
	do()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), `"kind":"line"`) && right() {
			return
		}
	}
	s.t.Fatalf("no change came that makes it right: %v", ctx.Err())
}

func TestANewerVersionIsToldUntilSomebodyHasReadIt(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	var agent atomic.Value
	feed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		agent.Store(r.UserAgent())
		_ = json.NewEncoder(w).Encode(map[string]string{"tag_name": "v9.3.0", "html_url": "http://" + r.Host + "/9.3.0"})
	}))
	t.Cleanup(feed.Close)
	h := newHome(t)
	h.configure("updates.feed = \"" + feed.URL + "/latest\"\n")
	serve := func() *server {
		t.Helper()
		cmd := h.command(context.WithoutCancel(t.Context()), "serve", "--listen", "127.0.0.1:0")
		cmd.Env = append(cmd.Env, asVersion+"=v9.2.0")
		s := h.tend(cmd)
		s.url = h.discover(s.cmd.Process.Pid)
		return s
	}
	want := "update-9.3.0 9.3.0 " + feed.URL + "/9.3.0"

	s := serve()
	if got := s.news(); got != "" || asked.Load() != 0 {
		t.Fatalf("unasked for, it tells %q after %d questions", got, asked.Load())
	}
	s.whenItChanges(func() { s.set(map[string]any{"updates.check": true}) }, func() bool { return s.news() == want })
	if got := agent.Load(); got != "Sluice/v9.2.0" {
		t.Errorf("%q has asked", got)
	}
	s.set(map[string]any{"updates.check": false})
	if got := s.news(); got != "" {
		t.Errorf("switched off, it tells %q", got)
	}
	s.set(map[string]any{"updates.check": true})
	if got := s.news(); got != want {
		t.Errorf("switched on again, it tells %q", got)
	}
	if out, stderr, _ := h.run("status"); !strings.Contains(out, "\nNotice update-9.3.0: Sluice 9.3.0 is available; this is 9.2.0.\n  "+feed.URL+"/9.3.0\n") {
		t.Errorf("status says %q, %q", out, stderr)
	}

	s.kill()
	s.wait()
	s = serve()
	if got := s.news(); got != want {
		t.Errorf("after a crash it tells %q", got)
	}
	if _, stderr, code := h.run("dismiss", "update-9.3.0"); code != cli.ExitOK {
		t.Errorf("dismiss: %s", stderr)
	}
	if got := s.news(); got != "" {
		t.Errorf("read, it tells %q", got)
	}
	s.kill()
	s.wait()
	if got := serve().news(); got != "" {
		t.Errorf("read before a crash, it tells %q", got)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the feed was asked %d times", n)
	}
}

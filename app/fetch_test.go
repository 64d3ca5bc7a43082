package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// shelf is a web server with one file, which can be told to stop in the middle.
type shelf struct {
	t   *testing.T
	srv *httptest.Server

	mu     sync.Mutex
	body   []byte
	stopAt int // bytes after which nothing more comes; 0 = all of it comes
	gone   bool
	ranges []string
}

func newShelf(t *testing.T, name string) *shelf {
	t.Helper()
	body, err := os.ReadFile(clip(t, name))
	if err != nil {
		t.Fatal(err)
	}
	w := &shelf{t: t, body: body}
	w.srv = httptest.NewServer(w)
	t.Cleanup(w.srv.Close)
	t.Cleanup(w.srv.CloseClientConnections)
	return w
}

func (w *shelf) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.ranges = append(w.ranges, r.Header.Get("Range"))
	stopAt, gone := w.stopAt, w.gone
	w.mu.Unlock()
	if gone {
		panic(http.ErrAbortHandler)
	}
	out.Header().Set("ETag", `"one"`)
	if stopAt > 0 && r.Header.Get("Range") == "" {
		out.Header().Set("Content-Length", fmt.Sprint(len(w.body)))
		_, _ = out.Write(w.body[:stopAt])
		_ = http.NewResponseController(out).Flush()
		<-r.Context().Done()
		return
	}
	http.ServeContent(out, r, "", time.Time{}, bytes.NewReader(w.body))
}

func (w *shelf) set(change func(*shelf)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

func (w *shelf) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.ranges...)
}

// allowing is a home that may fetch from this machine.
func allowing(t *testing.T) home {
	t.Helper()
	h := newHome(t)
	h.configure("fetch.allow = [\"127.0.0.1\"]\n")
	return h
}

func TestAnAddressOnTheWebBecomesATranscript(t *testing.T) {
	t.Parallel()
	h, w := allowing(t), newShelf(t, "seventy-five-seconds.flac")
	s := h.serve()
	texts := t.TempDir()
	out, errs, code := h.run("add", w.srv.URL+"/talks/harbour.flac?token=secret", "-o", texts)
	if code != 0 {
		t.Fatalf("add: %d %s", code, errs)
	}
	id := strings.TrimSpace(out)
	done := s.await(id, "done")
	if done.Title != "harbour.flac" || done.Attempts != 0 {
		t.Errorf("title %q after %d attempts", done.Title, done.Attempts)
	}
	if want := references(t, "seventy-five-seconds.flac").words(); wordErrors(want, words(text(s.transcript(id)))) > len(want)/5 {
		t.Errorf("heard %q", text(s.transcript(id)))
	}
	if _, err := os.Stat(filepath.Join(texts, "harbour.txt")); err != nil {
		t.Error(err)
	}
	again := s.submit(map[string]any{"source": w.srv.URL + "/elsewhere/copy.flac", "title": "Another"}, nil)
	if runs := s.await(again.ID, "done").runs("transcribe"); len(runs) != 1 || runs[0] != "reused" {
		t.Errorf("the same content from elsewhere: transcribe ran %v", runs)
	}
	s.do(http.MethodPost, "/api/v1/jobs/"+again.ID+"/retry", nil, nil)
	s.await(again.ID, "done")
	if n := len(w.asked()); n != 2 {
		t.Errorf("asked %d times for two files", n)
	}
	s.stop()
	if strings.Contains(s.log.String(), "secret") {
		t.Error("the log tells what is secret")
	}
}

func TestAnAddressOfOurOwnNetworkIsRefused(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	w := newShelf(t, "seen-000.wav")
	port := w.srv.URL[strings.LastIndex(w.srv.URL, ":"):]
	for _, address := range []string{w.srv.URL + "/a.flac", "http://[::1]" + port + "/a.flac", "http://169.254.169.254/latest"} {
		if status, text := s.ask(http.MethodPost, "/api/v1/jobs", map[string]any{"source": address}, nil); status != http.StatusUnprocessableEntity || !strings.Contains(text, "url_refused") {
			t.Errorf("%s: %d %s", address, status, text)
		}
	}
	// What looks like a name out there is found out when its turn comes.
	v := s.submit(map[string]any{"source": "http://localhost" + port + "/a.flac"}, nil)
	if failed := s.await(v.ID, "failed"); failed.Error == nil || failed.Error.Code != "url_refused" {
		t.Errorf("a name of this machine: %+v", failed.Error)
	}
	if n := len(w.asked()); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

func TestADownloadOutlivesTheDeathOfTheApp(t *testing.T) {
	t.Parallel()
	h, w := allowing(t), newShelf(t, "seventy-five-seconds.flac")
	half := len(w.body) / 2
	w.set(func(w *shelf) { w.stopAt = half })
	s := h.serve()
	v := s.submit(map[string]any{"source": w.srv.URL + "/harbour.flac"}, nil)
	part := filepath.Join(h.dir, "work", v.ID, "fetch.part")
	var have int64
	eventually(t, "half of the file is there", func() bool {
		info, err := os.Stat(part)
		if err == nil {
			have = info.Size()
		}
		return have > int64(half)-16<<10
	})
	if now := s.job(v.ID); now.Stage != "extract" || now.Progress.Fraction <= 0 {
		t.Errorf("while it is downloaded: stage %s, progress %v", now.Stage, now.Progress)
	}
	s.kill()
	w.set(func(w *shelf) { w.stopAt = 0 })
	s = h.serve()
	s.await(v.ID, "done")
	asked := w.asked()
	if len(asked) != 2 || !strings.HasPrefix(asked[1], "bytes=") || asked[1] == "bytes=0-" {
		t.Errorf("asked for %q", asked)
	}
	if _, err := os.Stat(part); err == nil {
		t.Error("the part is still there")
	}
}

func TestAServerThatDiesInTheMiddleIsWaitedFor(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	h, w := allowing(t), newShelf(t, "seventy-five-seconds.flac")
	w.set(func(w *shelf) { w.stopAt = len(w.body) / 2 })
	s := h.serve()
	v := s.submit(map[string]any{"source": w.srv.URL + "/harbour.flac"}, nil)
	eventually(t, "some of the file is there", func() bool { return s.job(v.ID).Progress.Fraction > 0 })
	w.set(func(w *shelf) { w.gone = true })
	w.srv.CloseClientConnections()
	eventually(t, "it is waited for", func() bool { return s.job(v.ID).Reason == "source" })
	if now := s.job(v.ID); now.Attempts != 0 || !strings.Contains(now.ReasonText, "lost") {
		t.Errorf("%d attempts, %q", now.Attempts, now.ReasonText)
	}
	w.set(func(w *shelf) { w.gone, w.stopAt = false, 0 })
	s.await(v.ID, "done")
	if asked := w.asked(); asked[len(asked)-1] == "" {
		t.Errorf("asked for %q", asked)
	}
}

func TestACancelStopsADownloadAtOnce(t *testing.T) {
	t.Parallel()
	h, w := allowing(t), newShelf(t, "seventy-five-seconds.flac")
	w.set(func(w *shelf) { w.stopAt = len(w.body) / 2 })
	s := h.serve()
	v := s.submit(map[string]any{"source": w.srv.URL + "/harbour.flac"}, nil)
	eventually(t, "some of the file is there", func() bool { return s.job(v.ID).Progress.Fraction > 0 })
	began := time.Now()
	s.do(http.MethodPost, "/api/v1/jobs/"+v.ID+"/cancel", nil, nil)
	s.await(v.ID, "canceled")
	// Two seconds are the promise; the rest is for a machine that has other things to do.
	if took := time.Since(began); took > 2*time.Second+3*time.Second {
		t.Errorf("it took %v", took)
	}
}

package httpapi_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"sluice/internal/httpapi"
)

// arriving is a request to a guarded listener, from somewhere.
func arriving(t *testing.T, from string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/healthz", http.NoBody)
	r.Host, r.RemoteAddr = "127.0.0.1:7584", net.JoinHostPort(from, "50000")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func TestWrongTokensTakeLongerAndLonger(t *testing.T) {
	t.Parallel()
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	const ms = time.Millisecond
	type try struct {
		from   string
		header []string
		wait   time.Duration // after
		took   time.Duration
		status int
	}
	wrong, right := bearer("wrong"), bearer("right")
	tests := map[string][]try{
		"the first few cost nothing, and then each twice": {
			{header: wrong, status: 401},
			{header: wrong, status: 401},
			{header: wrong, status: 401},
			{header: wrong, took: 250 * ms, status: 401},
			{header: wrong, took: 500 * ms, status: 401},
			{header: wrong, took: 1000 * ms, status: 401},
			{header: wrong, took: 2000 * ms, status: 401},
			{header: wrong, took: 4000 * ms, status: 401},
			{header: wrong, took: 5000 * ms, status: 401},
			{header: wrong, took: 5000 * ms, status: 401},
		},
		"a right one is never kept waiting": {
			{header: wrong, status: 401},
			{header: wrong, status: 401},
			{header: wrong, status: 401},
			{header: wrong, took: 250 * ms, status: 401},
			{header: right, status: 200},
			{header: wrong, took: 500 * ms, status: 401},
			{header: right, status: 200},
		},
		"who sends none is not guessing": {{status: 401}, {status: 401}, {status: 401}, {status: 401}, {status: 401}},
		"cookies count too": {
			{header: []string{"Cookie", "sluice_page=x"}, status: 401},
			{header: []string{"Cookie", "sluice_page=y"}, status: 401},
			{header: wrong, status: 401},
			{header: []string{"Cookie", "sluice_page=z"}, took: 250 * ms, status: 401},
		},
		"each address for itself": {
			{header: wrong, status: 401},
			{header: wrong, status: 401},
			{header: wrong, status: 401},
			{from: "10.0.0.2", header: wrong, status: 401},
			{header: wrong, took: 250 * ms, status: 401},
		},
		"a network of IPv6 is one": {
			{from: "2001:db8::1", header: wrong, status: 401},
			{from: "2001:db8::2", header: wrong, status: 401},
			{from: "2001:db8::3", header: wrong, status: 401},
			{from: "2001:db8::4", header: wrong, took: 250 * ms, status: 401},
			{from: "2001:db8:1::4", header: wrong, status: 401},
		},
		"it is forgotten after a while": {
			{header: wrong, status: 401}, {header: wrong, status: 401}, {header: wrong, wait: 11 * time.Minute, status: 401}, {header: wrong, status: 401},
		},
	}
	for name, tries := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := guarded(t, newWorld(t), httpapi.GuardConfig{Listen: "127.0.0.1:7584", Token: "right"})
				for i, try := range tries {
					began := time.Now()
					res := serve(h, arriving(t, or(try.from, "10.0.0.1"), try.header...))
					if took := time.Since(began); res.Code != try.status || took != try.took {
						t.Errorf("try %d: %d after %v, want %d after %v", i, res.Code, took, try.status, try.took)
					}
					time.Sleep(try.wait) // fake time
				}
			})
		})
	}
}

func TestManyGuessersAreNotRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := guarded(t, newWorld(t), httpapi.GuardConfig{Listen: "127.0.0.1:7584", Token: "right"})
		wrong := func(from string) time.Duration {
			began := time.Now()
			serve(h, arriving(t, from, "Authorization", "Bearer wrong"))
			time.Sleep(time.Millisecond) // fake time: one is the oldest
			return time.Since(began)
		}
		for range 3 {
			wrong("10.0.0.1")
		}
		for i := range 1024 {
			wrong("10.1." + strconv.Itoa(i/256) + "." + strconv.Itoa(i%256))
		}
		if took := wrong("10.0.0.1"); took != time.Millisecond {
			t.Errorf("the oldest of a thousand is still known: %v", took)
		}
		// A client that goes need not wait for its refusal.
		ctx, leave := context.WithCancel(t.Context())
		for range 9 {
			wrong("10.0.0.9")
		}
		began := time.Now()
		time.AfterFunc(time.Second, leave)
		serve(h, arriving(t, "10.0.0.9", "Authorization", "Bearer wrong").WithContext(ctx))
		if took := time.Since(began); took != time.Second {
			t.Errorf("it was kept for %v", took)
		}
	})
}

func TestReadersOfEventsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, stop := context.WithCancel(t.Context())
		const most = 256
		done := make(chan struct{})
		follow := func(ctx context.Context) *httptest.ResponseRecorder {
			res := httptest.NewRecorder()
			w.routes.ServeHTTP(res, httptest.NewRequestWithContext(ctx, "GET", "/api/v1/events", http.NoBody))
			return res
		}
		for range most {
			go func() { follow(ctx); done <- struct{}{} }()
		}
		synctest.Wait()
		res := follow(t.Context())
		checkProblem(t, res)
		if res.Code != 503 || res.Header().Get("Retry-After") != "5" || !strings.Contains(res.Body.String(), "server_busy") {
			t.Errorf("one too many got %d %s", res.Code, res.Body)
		}
		stop()
		for range most {
			<-done
		}
		again, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if res := follow(again); res.Code != 200 {
			t.Errorf("when they had gone: %d %s", res.Code, res.Body)
		}
	})
}

func TestUploadsAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		free := make(chan struct{})
		w.uploads.hook = func(io.Reader) error { <-free; return nil }
		put := func() *httptest.ResponseRecorder {
			res := httptest.NewRecorder()
			w.routes.ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), "PUT", "/api/v1/uploads/a.mp4", strings.NewReader("x")))
			return res
		}
		const most = 16
		statuses := make(chan int, most)
		for range most {
			go func() { statuses <- put().Code }()
		}
		synctest.Wait()
		body, contentType := openAIForm(t, "model", "whisper-1")
		form := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/jobs", strings.NewReader(body.String()))
		form.Header.Set("Content-Type", contentType)
		theirs := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/audio/transcriptions", body)
		theirs.Header.Set("Content-Type", contentType)
		for name, res := range map[string]*httptest.ResponseRecorder{"a body": put(), "a form": serve(w.routes, form), "OpenAI's": serve(w.routes, theirs)} {
			if res.Code != 503 || res.Header().Get("Retry-After") != "5" || !strings.Contains(res.Body.String(), "server_busy") {
				t.Errorf("%s: one too many got %d %s", name, res.Code, res.Body)
			}
		}
		close(free)
		for range most {
			if status := <-statuses; status != 201 {
				t.Errorf("one of those before got %d", status)
			}
		}
		if res := put(); res.Code != 201 {
			t.Errorf("when they had gone: %d", res.Code)
		}
	})
}

// A form that announces more than there is room for is refused before a byte of
// it is read.
func TestAFormThatIsTooLargeIsNotRead(t *testing.T) {
	t.Parallel()
	for target, shape := range map[string]string{"/api/v1/jobs": `"code":"request_too_large"`, "/process": `"code":"request_too_large"`, "/v1/audio/transcriptions": `{"error":{`} {
		w := newWorld(t)
		r := httptest.NewRequestWithContext(t.Context(), "POST", target, iotest.ErrReader(io.ErrClosedPipe))
		r.ContentLength = 3 << 30
		r.Header.Set("Content-Type", "multipart/form-data; boundary=B")
		if res := serve(w.routes, r); res.Code != 413 || !strings.Contains(res.Body.String(), shape) {
			t.Errorf("%s: %d %s", target, res.Code, res.Body)
		}
	}
}

func TestHugeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	at := listening(t, "127.0.0.1:0", func(string) http.Handler { return newWorld(t).routes })
	for size, want := range map[int]int{10 << 10: 200, 200 << 10: 431} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+at+"/healthz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Huge", strings.Repeat("x", size))
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%d bytes of headers: %d, want %d", size, res.StatusCode, want)
		}
	}
}

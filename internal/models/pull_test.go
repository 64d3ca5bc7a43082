package models_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/models"
)

const etag = `"v1"`

// shop serves one file, and fails as its script says: one step per request,
// the last one for all that follow.
type shop struct {
	url    string
	body   []byte
	script []func(s *shop, w http.ResponseWriter, r *http.Request)

	mu   sync.Mutex
	seen []string // the Range header of each request
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	step := s.script[min(len(s.seen), len(s.script)-1)]
	s.seen = append(s.seen, r.Header.Get("Range"))
	s.mu.Unlock()
	step(s, w, r)
}

func (s *shop) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// whole is a good server: ranges, If-Range, all of it.
func whole(s *shop, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", etag)
	http.ServeContent(w, r, "model.bin", time.Time{}, bytes.NewReader(s.body))
}

// dropAfter sends n more bytes and then cuts the connection.
func dropAfter(n int) func(*shop, http.ResponseWriter, *http.Request) {
	return func(s *shop, w http.ResponseWriter, r *http.Request) {
		from := 0
		if h := r.Header.Get("Range"); h != "" && r.Header.Get("If-Range") == etag {
			from, _ = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(h, "bytes="), "-"))
		}
		w.Header().Set("ETag", etag)
		w.Header().Set("Content-Length", strconv.Itoa(len(s.body)-from))
		if from > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(s.body)-1, len(s.body)))
			w.WriteHeader(http.StatusPartialContent)
		}
		_, _ = w.Write(s.body[from:min(from+n, len(s.body))])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// stallAfter sends n bytes and then nothing until the client goes away.
func stallAfter(n int) func(*shop, http.ResponseWriter, *http.Request) {
	return func(s *shop, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag)
		w.Header().Set("Content-Length", strconv.Itoa(len(s.body)))
		_, _ = w.Write(s.body[:n])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

func status(code int) func(*shop, http.ResponseWriter, *http.Request) {
	return func(_ *shop, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// send answers 200 with these bytes, whatever was asked.
func send(body []byte, header ...string) func(*shop, http.ResponseWriter, *http.Request) {
	return func(_ *shop, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", etag)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		_, _ = w.Write(body)
	}
}

// wrongRange gives bytes from the start and says that they are what was asked for.
func wrongRange(s *shop, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(s.body)-1, len(s.body)))
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(s.body)
}

// chunked sends the whole body without saying how long it is.
func chunked(body []byte) func(*shop, http.ResponseWriter, *http.Request) {
	return func(_ *shop, w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write(body)
	}
}

func open(t *testing.T, s *shop, change func(*models.Config)) (*models.Store, string) {
	t.Helper()
	server := httptest.NewServer(s)
	s.url = server.URL
	t.Cleanup(server.Close)
	dir := t.TempDir()
	cfg := models.Config{
		Dir: dir, BaseURL: server.URL, Catalog: small(s.body), Backoff: time.Millisecond, Poll: time.Millisecond,
		FreeBytes: func(string) (int64, error) { return 1 << 40, nil },
	}
	if change != nil {
		change(&cfg)
	}
	return models.New(cfg), dir
}

func TestPull(t *testing.T) {
	t.Parallel()
	body := weights(600_000, 1)
	other := weights(600_000, 2)
	page := []byte("<!DOCTYPE html><html><body>Please log in to the hotel</body></html>")
	type steps = []func(*shop, http.ResponseWriter, *http.Request)
	tests := map[string]struct {
		script steps
		part   []byte // left by an earlier pull
		origin string // of the part
		change func(*models.Config)
		code   fault.Code
		asked  []string // Range headers; nil = not looked at
		left   int      // bytes of a part afterwards; -1 = none
	}{
		"a good server gives it in one go": {script: steps{whole}, asked: []string{""}, left: -1},
		"a dropped connection goes on where it stopped": {
			script: steps{dropAfter(200_000), dropAfter(200_000), whole},
			asked:  []string{"", "bytes=200000-", "bytes=400000-"}, left: -1,
		},
		"a pull goes on with what an earlier one left": {
			script: steps{whole}, part: body[:250_000], origin: etag, asked: []string{"bytes=250000-"}, left: -1,
		},
		"a finished part is only proved": {
			script: steps{status(500)}, part: body, origin: etag, asked: []string{}, left: -1,
		},
		"a part of nobody knows what is thrown away": {script: steps{whole}, part: other[:250_000], asked: []string{""}, left: -1},
		"a part under a weak tag is thrown away": {
			script: steps{whole}, part: body[:250_000], origin: `W/"v1"`, asked: []string{""}, left: -1,
		},
		"a part that is too long is thrown away": {
			script: steps{whole}, part: append(bytes.Clone(body), 1), origin: etag, asked: []string{""}, left: -1,
		},
		"the file changed at the source: it starts over": {
			script: steps{whole}, part: other[:250_000], origin: `"v0"`, asked: []string{"bytes=250000-"}, left: -1,
		},
		"a server that ignores ranges is read from the start": {
			script: steps{send(body)}, part: body[:250_000], origin: etag, asked: []string{"bytes=250000-"}, left: -1,
		},
		"a range that the server does not have starts over": {
			script: steps{status(416), whole}, part: body[:250_000], origin: etag, asked: []string{"bytes=250000-", ""}, left: -1,
		},
		"pieces of two versions fail the proof and are fetched again": {
			script: steps{whole}, part: other[:250_000], origin: etag, asked: []string{"bytes=250000-", ""}, left: -1,
		},
		"a server that is busy for a moment":      {script: steps{status(503), status(429), whole}, left: -1},
		"a server that does not say the length":   {script: steps{chunked(body)}, left: -1},
		"a stalled connection is dropped":         {script: steps{stallAfter(100_000), whole}, change: impatient, asked: []string{"", "bytes=100000-"}, left: -1},
		"a server that never answers is given up": {script: steps{stallAfter(0)}, change: impatient, code: fault.DownloadFailed, left: 0},
		"a connection that only ever drops is given up, and the part stays": {
			script: steps{dropAfter(100_000), dropAfter(0)}, code: fault.DownloadFailed, left: 100_000,
		},
		"a file that is gone from the source":   {script: steps{status(404)}, code: fault.DownloadFailed, asked: []string{""}, left: 0},
		"a login page is refused at once":       {script: steps{send(page, "Content-Length", strconv.Itoa(len(page)))}, code: fault.DownloadFailed, asked: []string{""}, left: -1},
		"a login page in pieces is refused too": {script: steps{chunked(page)}, code: fault.DownloadFailed, asked: []string{""}, left: -1},
		"a login page in place of the rest costs nothing of what is there": {
			script: steps{send(page, "Content-Length", strconv.Itoa(len(page)))}, part: body[:250_000], origin: etag, code: fault.DownloadFailed, left: 250_000,
		},
		"a login page without a length does neither": {
			script: steps{chunked(page)}, part: body[:250_000], origin: etag, code: fault.DownloadFailed, left: 250_000,
		},
		"a server that lies about where its bytes belong is asked from the start": {
			script: steps{wrongRange, whole}, part: body[:250_000], origin: etag, asked: []string{"bytes=250000-", ""}, left: -1,
		},
		"a server that announces more than it sends is asked for the rest": {
			script: steps{dropAfter(250_000), dropAfter(100_000), whole}, asked: []string{"", "bytes=250000-", "bytes=350000-"}, left: -1,
		},
		"a model comes from its own address": {
			script: steps{whole}, left: -1,
			change: func(c *models.Config) { c.Catalog[0].URL, c.BaseURL = c.BaseURL+"/elsewhere", "http://127.0.0.1:1" },
		},
		"garbage of the right length is refused": {script: steps{send(bytes.Repeat([]byte("x"), len(body)))}, code: fault.DownloadFailed, left: -1},
		"damage in the middle is removed":        {script: steps{send(other)}, code: fault.ModelDamaged, asked: []string{""}, left: -1},
		"more than was announced is refused":     {script: steps{chunked(append(bytes.Clone(body), 1))}, code: fault.DownloadFailed, left: -1},
		"a file of another size is refused":      {script: steps{send(body[:500_000], "Content-Length", "500000")}, code: fault.DownloadFailed, asked: []string{""}, left: -1},
		"a full disk is seen before the start": {
			script: steps{whole}, code: fault.DiskFull, asked: []string{}, left: 0,
			change: func(c *models.Config) { c.FreeBytes = func(string) (int64, error) { return 1 << 30, nil } },
		},
		"a disk that may be filled": {
			script: steps{whole}, left: -1,
			change: func(c *models.Config) {
				c.MinFree, c.FreeBytes = -1, func(string) (int64, error) { return 600_000, nil }
			},
		},
		"a disk that may be filled and is too full": {
			script: steps{whole}, code: fault.DiskFull, asked: []string{}, left: 0,
			change: func(c *models.Config) {
				c.MinFree, c.FreeBytes = -1<<40, func(string) (int64, error) { return 599_999, nil }
			},
		},
		"what is there already needs no room twice": {
			script: steps{whole}, part: body[:250_000], origin: etag, left: -1,
			change: func(c *models.Config) { c.FreeBytes = func(string) (int64, error) { return 1<<30 + 350_000, nil } },
		},
		"a disk that does not tell is tried": {
			script: steps{whole}, left: -1,
			change: func(c *models.Config) { c.FreeBytes = func(string) (int64, error) { return 0, errors.New("no idea") } },
		},
		"without a published digest the size and the header are the proof": {
			script: steps{send(other)}, left: -1,
			change: func(c *models.Config) { c.Catalog[0].SHA256 = "" },
		},
		"a file that is not like a model inside is removed": {
			script: steps{whole}, code: fault.ModelDamaged, left: -1,
			change: func(c *models.Config) {
				c.Check = func(string) error { return errors.New("no tensors") }
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := &shop{body: body, script: tc.script}
			s, dir := open(t, shop, tc.change)
			partPath := filepath.Join(dir, "ggml-small.bin.part")
			if tc.part != nil {
				put(t, dir, "ggml-small.bin.part", tc.part)
			}
			if tc.origin != "" {
				put(t, dir, "ggml-small.bin.part.json", fmt.Appendf(nil, `{"url":%q,"etag":%q}`, shop.url+"/ggml-small.bin", tc.origin))
			}
			var last, total int64
			err := s.Pull(t.Context(), "small", func(d, n int64) { last, total = d, n })
			wantCode(t, err, tc.code)
			if tc.asked != nil {
				if diff := cmp.Diff(tc.asked, append([]string{}, shop.requests()...)); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
			}
			info, statErr := os.Stat(partPath)
			switch {
			case tc.left < 0 && statErr == nil:
				t.Errorf("a part of %d bytes is left", info.Size())
			case tc.left >= 0 && (statErr != nil || info.Size() != int64(tc.left)):
				t.Errorf("the part should have %d bytes: %v, %v", tc.left, info, statErr)
			}
			file, readErr := os.ReadFile(filepath.Join(dir, "ggml-small.bin"))
			if tc.code != "" {
				if readErr == nil {
					t.Error("a model was installed")
				}
				return
			}
			if readErr != nil || len(file) != len(body) || last != int64(len(body)) || total != last {
				t.Errorf("installed %d bytes (%v), reported %d of %d", len(file), readErr, last, total)
			}
			if _, err := os.Stat(partPath + ".json"); err == nil {
				t.Error("the note beside the part is left")
			}
			if m, err := s.Model(t.Context(), "small"); err != nil || m.Digest != sum(file) {
				t.Errorf("the model cannot be used: %v", err)
			}
		})
	}
}

func impatient(c *models.Config) { c.Stall, c.Tries = 400*time.Millisecond, 2 }

func TestAnInstalledModelIsNotPulledAgain(t *testing.T) {
	t.Parallel()
	body := weights(5000, 1)
	shop := &shop{body: body, script: []func(*shop, http.ResponseWriter, *http.Request){whole}}
	s, dir := open(t, shop, nil)
	for range 2 {
		if err := s.Pull(t.Context(), "small", nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(shop.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
	// But one that was damaged since is replaced.
	put(t, dir, "ggml-small.bin", weights(5000, 7))
	if err := s.Pull(t.Context(), "small", nil); err != nil {
		t.Fatal(err)
	}
	if m, err := s.Model(t.Context(), "small"); err != nil || m.Digest != sum(body) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestCancelKeepsThePart(t *testing.T) {
	t.Parallel()
	body := weights(600_000, 1)
	shop := &shop{body: body, script: []func(*shop, http.ResponseWriter, *http.Request){stallAfter(300_000), whole}}
	s, dir := open(t, shop, nil)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Pull(ctx, "small", func(done, _ int64) {
		if done == 300_000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "ggml-small.bin.part")); err != nil || info.Size() != 300_000 {
		t.Fatalf("part: %v, %v", info, err)
	}
	if err := s.Pull(t.Context(), "small", nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"", "bytes=300000-"}, shop.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestPullsOfOneModelDoNotMeet(t *testing.T) {
	t.Parallel()
	body := weights(600_000, 1)
	var now, most atomic.Int32
	one := func(s *shop, w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		whole(s, w, r)
	}
	shop := &shop{body: body, script: []func(*shop, http.ResponseWriter, *http.Request){one}}
	s, dir := open(t, shop, nil)
	second := models.New(models.Config{Dir: dir, BaseURL: shop.url, Catalog: small(body), Poll: time.Millisecond})
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			store := s
			if i%2 == 1 {
				store = second
			}
			if err := store.Pull(t.Context(), "small", nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(shop.requests()); n != 1 || most.Load() != 1 {
		t.Errorf("%d requests, %d at once", n, most.Load())
	}
}

func TestWhileAnotherProcessPulls(t *testing.T) {
	t.Parallel()
	body := weights(5000, 1)
	shop := &shop{body: body, script: []func(*shop, http.ResponseWriter, *http.Request){whole}}
	s, dir := open(t, shop, nil)
	put(t, dir, "ggml-small.bin.part", body[:2000])
	other := flock.New(filepath.Join(dir, ".ggml-small.bin.lock"))
	if ok, err := other.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	t.Cleanup(func() { _ = other.Unlock() })

	wantCode(t, s.Remove(t.Context(), "small"), fault.ModelInUse)

	ctx, cancel := context.WithCancel(t.Context())
	err := s.Pull(ctx, "small", func(done, total int64) {
		if done != 2000 || total != 5000 {
			t.Errorf("reported %d of %d", done, total)
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) || len(shop.requests()) != 0 {
		t.Errorf("%v, %d requests", err, len(shop.requests()))
	}
}

func TestRedirectsAreFollowedWithTheRange(t *testing.T) {
	t.Parallel()
	body := weights(600_000, 1)
	target := &shop{body: body, script: []func(*shop, http.ResponseWriter, *http.Request){dropAfter(200_000), whole}}
	cdn := httptest.NewServer(target)
	t.Cleanup(cdn.Close)
	front := &shop{body: body, script: []func(*shop, http.ResponseWriter, *http.Request){
		func(_ *shop, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, cdn.URL+"/signed", http.StatusFound)
		},
	}}
	s, _ := open(t, front, nil)
	if err := s.Pull(t.Context(), "small", nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"", "bytes=200000-"}, target.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestOfflineSaysWhatToDo(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	s := models.New(models.Config{Dir: t.TempDir(), BaseURL: server.URL, Catalog: small(weights(5000, 1)), Backoff: time.Millisecond, Tries: 2})
	err := s.Pull(t.Context(), "small", nil)
	wantCode(t, err, fault.DownloadFailed)
	if f := fault.From(err); f.Hint == "" || f.Say == "" || strings.Contains(f.Say+f.Hint, server.URL) {
		t.Errorf("%q, %q", f.Say, f.Hint)
	}
}

func TestABusyServerIsNamed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		after, hint string
		asked, wish int
	}{
		"it is asked as often as any other":      {"", "goes on where it stopped", 5, 0},
		"who wants to be left alone for long is": {"120", "in 2 min", 1, 120},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			busy := func(_ *shop, w http.ResponseWriter, _ *http.Request) {
				if tc.after != "" {
					w.Header().Set("Retry-After", tc.after)
				}
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			shop := &shop{body: weights(5000, 1), script: []func(*shop, http.ResponseWriter, *http.Request){busy}}
			s, _ := open(t, shop, nil)
			err := s.Pull(t.Context(), "small", nil)
			wantCode(t, err, fault.DownloadFailed)
			f := fault.From(err)
			if !strings.Contains(f.Say, "503") || !strings.Contains(f.Hint, tc.hint) || f.RetryAfterSeconds != tc.wish {
				t.Errorf("%q, %q, %d s", f.Say, f.Hint, f.RetryAfterSeconds)
			}
			if n := len(shop.requests()); n != tc.asked {
				t.Errorf("asked %d times, want %d", n, tc.asked)
			}
		})
	}
}

func TestPullRefusesNamesOutsideTheCatalog(t *testing.T) {
	t.Parallel()
	s := models.New(models.Config{Dir: t.TempDir()})
	for _, name := range []string{"", "huge", "../small", "small/../../x", "sluice-tiny"} {
		wantCode(t, s.Pull(t.Context(), name, nil), fault.ModelUnknown)
	}
}

func TestAFolderThatCannotBeWrittenIsSaid(t *testing.T) {
	t.Parallel()
	file := put(t, t.TempDir(), "file", nil)
	s := models.New(models.Config{Dir: filepath.Join(file, "models")})
	wantCode(t, s.Pull(t.Context(), "tiny", nil), fault.DownloadFailed)
}

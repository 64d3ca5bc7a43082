package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/intake"
	"sluice/internal/job"
	"sluice/internal/netguard"
)

// film is the beginning of an mp4 and then so many bytes.
func film(size int) []byte {
	return append([]byte("\x00\x00\x00\x18ftypmp42"), bytes.Repeat([]byte{0, 1, 2, 3}, size/4)...)
}

// reaching is an intake that may fetch from this machine.
func reaching(t *testing.T, change func(*intake.Config)) *intake.Intake {
	t.Helper()
	g, err := netguard.New(netguard.Config{Allow: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := intake.Config{MinFree: -1, Web: intake.Web{Guard: g, Tries: 2, Backoff: time.Millisecond, Stall: 5 * time.Second}}
	if change != nil {
		change(&cfg)
	}
	return intake.New(cfg)
}

func site(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func fromURL(t *testing.T, in *intake.Intake, address string) job.Source {
	t.Helper()
	s, err := in.FromURL(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnAddressIsASourceBeforeAnythingIsFetched(t *testing.T) {
	t.Parallel()
	in := intake.New(intake.Config{})
	got := fromURL(t, in, " https://Media.Example.com/talks/%EA%B0%95%EC%9D%98.mp4?token=s#t=10 ")
	if got.Kind != job.FromURL || got.Name != "강의.mp4" || got.Path != "" || got.URL != "https://media.example.com/talks/%EA%B0%95%EC%9D%98.mp4?token=s" {
		t.Errorf("got %+v", got)
	}
	if again := fromURL(t, in, "https://media.example.com/talks/%EA%B0%95%EC%9D%98.mp4?token=s"); again.Fingerprint != got.Fingerprint || got.Fingerprint == "" {
		t.Error("the same address is not known again")
	}
	if other := fromURL(t, in, "https://media.example.com/talks/%EA%B0%95%EC%9D%98.mp4?token=other"); other.Fingerprint == got.Fingerprint {
		t.Error("another address is taken for the same")
	}
	if host := fromURL(t, in, "https://media.example.com/"); host.Name != "media.example.com" {
		t.Errorf("an address without a file is called %q", host.Name)
	}
	if err := in.Look(t.Context(), got); err != nil {
		t.Errorf("what can be fetched is missed: %v", err)
	}
	if _, err := in.Open(t.Context(), got); !fault.Is(err, fault.SourceMissing) {
		t.Errorf("what is not fetched yet is opened: %v", err)
	}
}

func TestAnAddressThatCannotBeASourceIsRefused(t *testing.T) {
	t.Parallel()
	in := intake.New(intake.Config{})
	tests := map[string]struct {
		address string
		code    fault.Code
	}{
		"no address":              {"https://exa mple.com:x/", fault.RequestInvalid},
		"a very long one":         {"https://example.com/" + strings.Repeat("a", 5000), fault.RequestInvalid},
		"another scheme":          {"ftp://example.com/a.mp4", fault.URLRefused},
		"this machine":            {"http://127.0.0.1:7584/api/v1/jobs?secret", fault.URLRefused},
		"with a password":         {"http://ann:secret@example.com/a.mp4", fault.URLRefused},
		"without a server":        {"https:///a.mp4", fault.URLRefused},
		"a port of another trade": {"http://example.com:6379/", ""},
		"a port of mail":          {"http://example.com:25/", fault.URLRefused},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := in.FromURL(t.Context(), tt.address)
			if tt.code == "" && err == nil {
				return
			}
			if !fault.Is(err, tt.code) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %s", err, tt.code)
			}
		})
	}
}

func TestAFetchedSourceIsKnownByItsContent(t *testing.T) {
	t.Parallel()
	asked := 0
	body := film(100_000)
	address := site(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Query().Has("named") {
			w.Header().Set("Content-Disposition", `attachment; filename="../../Talk of Monday.MP4"`)
		}
		_, _ = w.Write(body)
	})
	in, dir := reaching(t, nil), t.TempDir()
	src := fromURL(t, in, address+"/a/b.mp4?named")
	began, last := 0, int64(0)
	got, err := in.Fetch(t.Context(), src, filepath.Join(dir, "one"), func() error { began++; return nil }, func(done, _ int64) { last = done })
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "Talk of Monday.MP4" || got.Path != filepath.Join(dir, "one", "source.mp4") || got.Size != int64(len(body)) || got.Fingerprint == src.Fingerprint {
		t.Errorf("got %+v", got)
	}
	if began != 1 || last != got.Size {
		t.Errorf("began %d times, progress ended at %d", began, last)
	}
	if text, err := os.ReadFile(got.Path); err != nil || !bytes.Equal(text, body) {
		t.Errorf("the file is another: %v", err)
	}
	if path, err := in.Open(t.Context(), got); err != nil || path != got.Path {
		t.Errorf("it cannot be opened: %q, %v", path, err)
	}
	if again, err := in.Fetch(t.Context(), src, filepath.Join(dir, "one"), nil, nil); err != nil || again != got || asked != 1 {
		t.Errorf("fetched anew: asked %d times, %v, %+v", asked, err, again)
	}
	other, err := in.Fetch(t.Context(), fromURL(t, in, address+"/c.mov"), filepath.Join(dir, "two"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if other.Fingerprint != got.Fingerprint || other.Name != "c.mov" {
		t.Errorf("the same content from elsewhere: %+v, was %+v", other, got)
	}
	body[50_000]++ // deep in the middle
	changed, err := in.Fetch(t.Context(), fromURL(t, in, address+"/d.mov"), filepath.Join(dir, "three"), nil, nil)
	if err != nil || changed.Fingerprint == got.Fingerprint {
		t.Errorf("other content is taken for the same: %v", err)
	}
	if err := os.Remove(got.Path); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Fetch(t.Context(), got, filepath.Join(dir, "one"), nil, nil); err != nil || asked != 4 {
		t.Errorf("what was swept is not fetched again: asked %d times, %v", asked, err)
	}
}

func TestABrokenOffFetchGoesOn(t *testing.T) {
	t.Parallel()
	var ranges []string
	body := film(200_000)
	address := site(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		w.Header().Set("ETag", `"v1"`)
		if len(ranges) == 1 {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			_, _ = w.Write(body[:100_000])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
	in, dir := reaching(t, nil), t.TempDir()
	src := fromURL(t, in, address+"/a.mp4")
	ctx, stop := context.WithCancelCause(t.Context())
	enough := errors.New("stopped")
	_, err := in.Fetch(ctx, src, dir, nil, func(done, _ int64) {
		if done > 50_000 {
			stop(enough)
		}
	})
	if !errors.Is(err, enough) {
		t.Fatalf("got %v, want the cause of the context", err)
	}
	got, err := in.Fetch(t.Context(), src, dir, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(got.Path); err != nil || !bytes.Equal(text, body) {
		t.Errorf("the file is another: %v", err)
	}
	if len(ranges) != 2 || !strings.HasPrefix(ranges[1], "bytes=") || ranges[1] == "bytes=0-" {
		t.Errorf("asked for %q", ranges)
	}
}

func TestWhatCannotBeFetchedSaysWhy(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler http.HandlerFunc
		change  func(*intake.Config)
		code    fault.Code
		say     string
	}{
		"a web page": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte("<!doctype html><video src=a.mp4>"))
			},
			code: fault.NotMedia, say: "a web page",
		},
		"a web page that claims to be a film": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "video/mp4")
				_, _ = w.Write([]byte("<html>"))
			},
			code: fault.NotMedia, say: "a web page",
		},
		"an empty file": {
			handler: func(http.ResponseWriter, *http.Request) {},
			code:    fault.FileEmpty,
		},
		"nothing there": {handler: http.NotFound, code: fault.URLFailed, say: "no such file (404)"},
		"a login":       {handler: status(403), code: fault.URLFailed, say: "everybody"},
		"an error":      {handler: status(500), code: fault.URLBroken, say: "(500)"},
		"a redirect into the own network": {
			handler: func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://10.0.0.1/secret", http.StatusFound)
			},
			code: fault.URLRefused, say: "10.0.0.1",
		},
		"a redirect to another program of this machine": {
			handler: func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://localhost:6379/secret", http.StatusFound)
			},
			code: fault.URLRefused, say: "Localhost",
		},
		"a body without an end": {
			handler: func(w http.ResponseWriter, r *http.Request) {
				for chunk := film(64 << 10); r.Context().Err() == nil; {
					if _, err := w.Write(chunk); err != nil {
						return
					}
				}
			},
			change: func(c *intake.Config) { c.Web.Max = 1e6 },
			code:   fault.SourceTooLarge, say: "larger than 1",
		},
		"a full disk": {
			handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(film(1000)) },
			change: func(c *intake.Config) {
				c.MinFree, c.FreeBytes = 1000, func(string) (int64, error) { return 1000, nil }
			},
			code: fault.DiskFull,
		},
		"a redirect to nowhere": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://[::secret")
				w.WriteHeader(http.StatusFound)
			},
			code: fault.URLBroken,
		},
		"an answer that is none": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err == nil {
					_, _ = conn.Write([]byte("220 mail\r\n"))
					_ = conn.Close()
				}
			},
			code: fault.URLBroken, say: "not as a web server",
		},
		"a server that is silent": {
			handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			change:  func(c *intake.Config) { c.Web.Stall = 50 * time.Millisecond },
			code:    fault.URLUnreachable, say: "does not answer",
		},
		"a server that breaks off each time": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100000")
				_, _ = w.Write(film(20_000))
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			},
			code: fault.URLBroken, say: "to its end",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := reaching(t, tt.change)
			dir := t.TempDir()
			_, err := in.Fetch(t.Context(), fromURL(t, in, site(t, tt.handler)+"/a.mp4?token=secret"), dir, nil, nil)
			f := fault.From(err)
			if f == nil || f.Code != tt.code || !strings.Contains(f.Say, tt.say) || f.Hint == "" {
				t.Errorf("got %v, want %s with %q", err, tt.code, tt.say)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells what is secret: %v", err)
			}
		})
	}
}

func TestAServerThatIsAwayMayComeBack(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	address := srv.URL
	srv.Close()
	in := reaching(t, nil)
	_, err := in.Fetch(t.Context(), fromURL(t, in, address+"/a.mp4?token=secret"), t.TempDir(), nil, nil)
	if !fault.Is(err, fault.URLUnreachable) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestTheRoomThatAFetchMissesIsTold(t *testing.T) {
	t.Parallel()
	var missing int64
	in := reaching(t, func(c *intake.Config) {
		c.MinFree, c.FreeBytes = 1000, func(string) (int64, error) { return 1500, nil }
		c.Web.Short = func(n int64) { missing = n }
	})
	body := film(1000)
	address := site(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	if _, err := in.Fetch(t.Context(), fromURL(t, in, address+"/a.mp4"), t.TempDir(), nil, nil); !fault.Is(err, fault.DiskFull) {
		t.Errorf("got %v", err)
	}
	if want := int64(len(body)) - 500; missing != want {
		t.Errorf("%d bytes are missing, want %d", missing, want)
	}
}

func TestAServerThatIsAwayIsAskedOnceForAllJobs(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	now := time.Now()
	in := reaching(t, func(c *intake.Config) { c.Now = func() time.Time { return now } })
	one, two, other := fromURL(t, in, srv.URL+"/a.mp4"), fromURL(t, in, srv.URL+"/b.mp4"), fromURL(t, in, "http://example.com/c.mp4")
	held := func(src job.Source) time.Duration {
		f := fault.From(in.Look(t.Context(), src))
		if f == nil {
			return 0
		}
		if f.Code != fault.URLUnreachable || f.Say == "" {
			t.Errorf("it says %v", f)
		}
		return time.Duration(f.RetryAfterSeconds) * time.Second
	}
	for _, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
		if held(one) != 0 || held(two) != 0 {
			t.Fatal("it is not asked again")
		}
		_, _ = in.Fetch(t.Context(), one, t.TempDir(), nil, nil)
		if got := held(two); got < want || got > want+time.Second || held(other) != 0 {
			t.Errorf("left alone for %v, want %v; another for %v", got, want, held(other))
		}
		now = now.Add(want)
	}
	now = now.Add(2 * time.Hour)
	_, _ = in.Fetch(t.Context(), one, t.TempDir(), nil, nil)
	if got := held(one); got > 31*time.Second {
		t.Errorf("hours later it is left alone for %v", got)
	}
}

func TestAServerMustProveItself(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	in := reaching(t, nil)
	_, err := in.Fetch(t.Context(), fromURL(t, in, srv.URL+"/a.mp4"), t.TempDir(), nil, nil)
	if !fault.Is(err, fault.URLBroken) || !strings.Contains(err.Error(), "prove") {
		t.Errorf("got %v", err)
	}
}

func TestSoundWithoutASignIsBelievedItsServer(t *testing.T) {
	t.Parallel()
	noise := bytes.Repeat([]byte{0xff, 0xfb, 0x90, 0x64, 0x00, 0x81}, 5000) // a frame of mp3
	for kind, code := range map[string]fault.Code{"audio/mpeg": "", "application/octet-stream": fault.NotMedia} {
		address := site(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(noise)
		})
		in := reaching(t, nil)
		_, err := in.Fetch(t.Context(), fromURL(t, in, address+"/listen?id=7"), t.TempDir(), nil, nil)
		if code == "" && err != nil || code != "" && !fault.Is(err, code) {
			t.Errorf("%s: got %v", kind, err)
		}
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

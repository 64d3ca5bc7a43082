package download_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
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

	"sluice/internal/download"
)

// site gives one file and notes what it was asked.
type site struct {
	t   *testing.T
	url string

	mu     sync.Mutex
	body   []byte
	tag    string
	ranges []string // the Range header of each request
	answer func(n int, w http.ResponseWriter, r *http.Request) (done bool)
}

func newSite(t *testing.T, size int) *site {
	t.Helper()
	s := &site{t: t, body: content(1, size), tag: `"v1"`}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url = srv.URL + "/talk.mp4"
	return s
}

func content(seed uint64, size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = r.Read(b)
	return b
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	n, answer, body, tag := len(s.ranges), s.answer, s.body, s.tag
	s.mu.Unlock()
	if tag != "" {
		w.Header().Set("ETag", tag)
	}
	if answer != nil && answer(n, w, r) {
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func (s *site) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.ranges...)
}

// part gives some of the body and breaks the connection.
func (s *site) part(w http.ResponseWriter, from, n int) {
	w.Header().Set("Content-Length", fmt.Sprint(len(s.body)-from))
	if from > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(s.body)-1, len(s.body)))
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = w.Write(s.body[from : from+n])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func (s *site) request() download.Request {
	return download.Request{
		Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, URL: s.url,
		Part: filepath.Join(s.t.TempDir(), "file.part"), Tries: 3, Backoff: time.Millisecond, Stall: 5 * time.Second,
	}
}

func (s *site) wantWhole(r download.Request, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := os.ReadFile(r.Part)
	if err != nil {
		s.t.Fatal(err)
	}
	if !bytes.Equal(got, s.body) {
		s.t.Errorf("%d bytes arrived and are not the %d of the file", len(got), len(s.body))
	}
}

const size = 300_000

func TestAFileArrivesWithItsNameAndItsProgress(t *testing.T) {
	t.Parallel()
	s := newSite(t, size)
	s.answer = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "video/mp4; codecs=x")
		w.Header().Set("Content-Disposition", `attachment; filename*=UTF-8''%EA%B0%95%EC%9D%98.mp4`)
		return false
	}
	r := s.request()
	var last, total int64
	r.Report = func(done, all int64) {
		if done < last {
			t.Errorf("progress goes from %d to %d", last, done)
		}
		last, total = done, all
	}
	began := 0
	r.Began = func() error { began++; return nil }
	done, err := download.Get(t.Context(), r)
	s.wantWhole(r, err)
	if diff := cmp.Diff(download.Done{Bytes: size, About: download.About{Name: "강의.mp4", Type: "video/mp4"}}, done); diff != "" {
		t.Error(diff)
	}
	if last != size || total != size || began != 1 {
		t.Errorf("progress ended at %d of %d, began %d times", last, total, began)
	}
}

func TestALostConnectionGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	s := newSite(t, size)
	s.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		switch n {
		case 1:
			s.part(w, 0, 100_000)
		case 2:
			s.part(w, 100_000, 50_000)
		}
		return false
	}
	r := s.request()
	done, err := download.Get(t.Context(), r)
	s.wantWhole(r, err)
	if diff := cmp.Diff([]string{"", "bytes=100000-", "bytes=150000-"}, s.asked()); diff != "" {
		t.Error(diff)
	}
	if !done.Resumed {
		t.Error("it does not say that it was resumed")
	}
}

func TestAnotherStartGoesOnWhereTheLastWas(t *testing.T) {
	t.Parallel()
	s := newSite(t, size)
	s.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n == 1 {
			s.part(w, 0, 100_000)
		}
		return false
	}
	r := s.request()
	r.Tries = 1
	ctx, stop := context.WithCancelCause(t.Context())
	enough := errors.New("stopped")
	r.Report = func(done, _ int64) {
		if done >= 100_000 {
			stop(enough)
		}
	}
	if _, err := download.Get(ctx, r); !errors.Is(err, enough) {
		t.Fatalf("got %v, want the cause of the context", err)
	}
	r.Report = nil
	_, err := download.Get(t.Context(), r)
	s.wantWhole(r, err)
	if _, err := download.Get(t.Context(), r); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"", "bytes=100000-"}, s.asked()); diff != "" {
		t.Errorf("what is whole is not asked for again:\n%s", diff)
	}
}

func TestAFileThatChangesIsBroughtFromItsStart(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		heeds bool // If-Range
		asked []string
	}{
		"the server heeds If-Range": {true, []string{"", "bytes=100000-"}},
		"it does not":               {false, []string{"", "bytes=100000-", ""}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, size)
			s.answer = func(n int, w http.ResponseWriter, r *http.Request) bool {
				switch n {
				case 1:
					s.mu.Lock()
					old := &site{body: s.body}
					s.body, s.tag = content(2, size), `"v2"`
					s.mu.Unlock()
					old.part(w, 0, 100_000)
				case 2:
					if !tt.heeds {
						r.Header.Del("If-Range")
					}
				}
				return false
			}
			r := s.request()
			_, err := download.Get(t.Context(), r)
			s.wantWhole(r, err)
			if diff := cmp.Diff(tt.asked, s.asked()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWithoutAVersionTheFileIsBroughtFromItsStart(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"", `W/"weak"`} {
		s := newSite(t, size)
		s.tag = tag
		s.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n == 1 {
				s.part(w, 0, 100_000)
			}
			return false
		}
		r := s.request()
		_, err := download.Get(t.Context(), r)
		s.wantWhole(r, err)
		if diff := cmp.Diff([]string{"", ""}, s.asked()); diff != "" {
			t.Errorf("tag %q: %s", tag, diff)
		}
	}
}

func TestATimeLongAgoIsAVersion(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ago    time.Duration
		second string
	}{
		"changed an hour ago": {time.Hour, "bytes=100000-"},
		"changed just now":    {time.Second, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, size)
			s.tag = ""
			changed := time.Now().Add(-tt.ago)
			s.answer = func(n int, w http.ResponseWriter, r *http.Request) bool {
				w.Header().Set("Last-Modified", changed.UTC().Format(http.TimeFormat))
				if n == 1 {
					s.part(w, 0, 100_000)
				}
				http.ServeContent(w, r, "", changed, bytes.NewReader(s.body))
				return true
			}
			r := s.request()
			_, err := download.Get(t.Context(), r)
			s.wantWhole(r, err)
			if diff := cmp.Diff([]string{"", tt.second}, s.asked()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAServerThatIsNoUseIsGivenUp(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	tests := map[string]struct {
		answer func(s *site, n int, w http.ResponseWriter, r *http.Request)
		change func(r *download.Request)
		asked  int
		want   func(err error) bool
	}{
		"it says nothing": {
			answer: func(_ *site, _ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			change: func(r *download.Request) { r.Stall = 30 * time.Millisecond },
			asked:  2, want: lost(false),
		},
		"it stalls in the middle, each time at the same place": {
			answer: func(s *site, _ int, w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") == "" {
					w.Header().Set("Content-Length", fmt.Sprint(size))
					_, _ = w.Write(s.body[:100_000])
					_ = http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			},
			change: func(r *download.Request) { r.Stall = 50 * time.Millisecond },
			asked:  4, want: lost(true),
		},
		"it gives a byte at a time": {
			answer: func(s *site, _ int, w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", fmt.Sprint(size))
				w.WriteHeader(http.StatusOK)
				for i := 0; r.Context().Err() == nil; i++ {
					_, _ = w.Write(s.body[i : i+1])
					_ = http.NewResponseController(w).Flush()
					select {
					case <-r.Context().Done():
					case <-time.After(5 * time.Millisecond):
					}
				}
			},
			change: func(r *download.Request) { r.Stall, r.Tries = 60*time.Millisecond, 2 },
			want:   func(err error) bool { var l *download.Lost; return errors.As(err, &l) },
		},
		"it has less than it says": {
			answer: func(s *site, _ int, w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") != "" {
					w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
					return
				}
				w.Header().Set("Content-Length", fmt.Sprint(size+5))
				_, _ = w.Write(s.body)
			},
			asked: 4, want: lost(false),
		},
		"it has more than was expected": {
			answer: func(s *site, _ int, w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusOK)
				_ = http.NewResponseController(w).Flush() // chunks: no length
				_, _ = w.Write(s.body)
			},
			change: func(r *download.Request) { r.Size = size - 1 },
			asked:  1, want: answered(200),
		},
		"it sends without an end": {
			answer: func(s *site, _ int, w http.ResponseWriter, r *http.Request) {
				for r.Context().Err() == nil {
					if _, err := w.Write(s.body); err != nil {
						return
					}
				}
			},
			change: func(r *download.Request) { r.Most = 1 << 20 },
			asked:  1, want: is(download.ErrTooLarge),
		},
		"it announces too much": {
			answer: func(_ *site, _ int, w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", fmt.Sprint(1<<40))
				w.WriteHeader(http.StatusOK)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			},
			change: func(r *download.Request) { r.Most = 1 << 20 },
			asked:  1, want: is(download.ErrTooLarge),
		},
		"it breaks off a body without a length": {
			answer: func(s *site, _ int, w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusOK)
				_, _ = w.Write(s.body[:10_000])
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			},
			asked: 4, want: lost(false),
		},
		"it does not have the file": {
			answer: func(_ *site, _ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
			asked:  1, want: answered(404),
		},
		"it is broken": {
			answer: func(_ *site, _ int, w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusInternalServerError)
			},
			asked: 3, want: answered(500),
		},
		"it wants to be left alone for long": {
			answer: func(_ *site, _ int, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "120")
				w.WriteHeader(http.StatusServiceUnavailable)
			},
			asked: 1, want: func(err error) bool {
				var a *download.Answer
				return errors.As(err, &a) && a.Status == 503 && a.After == 2*time.Minute
			},
		},
		"the first bytes are not what is wanted": {
			answer: func(_ *site, _ int, w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte("<html>" + strings.Repeat("x", 10_000)))
			},
			change: func(r *download.Request) {
				r.Began = func() error { return errors.New("began") }
				r.Head = func(head []byte, _ download.About) error {
					if bytes.HasPrefix(head, []byte("<html>")) && len(head) == 4096 {
						return refused
					}
					return nil
				}
			},
			asked: 1, want: is(refused),
		},
		"there is no room": {
			change: func(r *download.Request) {
				r.Room = func(more int64) error {
					if more == size {
						return refused
					}
					return nil
				}
			},
			asked: 1, want: is(refused),
		},
		"the way there is barred": {
			change: func(r *download.Request) {
				r.Client = &http.Client{Transport: barred{refused}}
				r.Hard = func(err error) bool { return errors.Is(err, refused) }
			},
			want: is(refused),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, size)
			if tt.answer != nil {
				s.answer = func(n int, w http.ResponseWriter, r *http.Request) bool { tt.answer(s, n, w, r); return true }
			}
			r := s.request()
			if tt.change != nil {
				tt.change(&r)
			}
			_, err := download.Get(t.Context(), r)
			if err == nil || !tt.want(err) {
				t.Errorf("got %v", err)
			}
			if n := len(s.asked()); tt.asked > 0 && n != tt.asked {
				t.Errorf("asked %d times, want %d", n, tt.asked)
			}
			if info, err := os.Stat(r.Part); err == nil && r.Most > 0 && info.Size() > r.Most {
				t.Errorf("%d bytes are on the disk", info.Size())
			}
		})
	}
}

func TestWhatCannotBeTheFileCostsNothingOfWhatIsThere(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	page := []byte("<html>please log in</html>")
	tests := map[string]struct {
		second func(w http.ResponseWriter)
		change func(r *download.Request)
		want   func(err error) bool
	}{
		"a page in place of the rest": {
			second: func(w http.ResponseWriter) { _, _ = w.Write(page) },
			change: func(r *download.Request) {
				r.Head = func(head []byte, _ download.About) error {
					if bytes.HasPrefix(head, []byte("<")) {
						return refused
					}
					return nil
				}
			},
			want: is(refused),
		},
		"a file of another size": {
			second: func(w http.ResponseWriter) { _, _ = w.Write(page) },
			change: func(r *download.Request) { r.Size = size },
			want:   answered(200),
		},
		"nothing at all": {
			second: func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
			change: func(r *download.Request) { r.Size = size },
			want:   answered(200),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, size)
			s.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				switch n {
				case 1:
					s.part(w, 0, 100_000)
				case 2:
					tt.second(w)
				}
				return n == 2
			}
			r := s.request()
			tt.change(&r)
			if _, err := download.Get(t.Context(), r); err == nil || !tt.want(err) {
				t.Fatalf("got %v", err)
			}
			_, err := download.Get(t.Context(), r)
			s.wantWhole(r, err)
			if diff := cmp.Diff([]string{"", "bytes=100000-", "bytes=100000-"}, s.asked()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRoomForWhatIsMissingIsAskedForBeforeTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, size)
	s.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n == 1 {
			s.part(w, 0, 100_000)
		}
		return false
	}
	full := errors.New("no room")
	r := s.request()
	r.Room = func(more int64) error {
		if more < size {
			return full
		}
		return nil
	}
	if _, err := download.Get(t.Context(), r); !errors.Is(err, full) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff([]string{""}, s.asked()); diff != "" {
		t.Error(diff)
	}
	r.Room = nil
	_, err := download.Get(t.Context(), r)
	s.wantWhole(r, err)
}

func TestWhoWantsToKnocksMoreOften(t *testing.T) {
	t.Parallel()
	for knocks, want := range map[int]int{0: 2, 3: 3, 9: 4} {
		asked := 0
		_, err := download.Get(t.Context(), download.Request{
			Client: &http.Client{Transport: barred{errors.New("nobody is there")}}, URL: "http://127.0.0.1:1/", Part: filepath.Join(t.TempDir(), "file.part"),
			Hard:  func(error) bool { asked++; return false },
			Tries: 4, Knocks: knocks, Backoff: time.Millisecond,
		})
		if !lost(false)(err) || asked != want {
			t.Errorf("%d knocks: asked %d times: %v", knocks, asked, err)
		}
	}
}

// drip gives a few bytes every second, in fake time.
type drip struct{ left int }

func (d *drip) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: int64(d.left), Body: d, Request: r}, nil
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(time.Second)
	n := min(d.left, len(p), 2000)
	d.left -= n
	return n, nil
}

func (d *drip) Close() error { return nil }

func TestASlowServerIsBorneAndWhatItGivesIsToldAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := 0
		_, err := download.Get(t.Context(), download.Request{
			Client: &http.Client{Transport: &drip{left: 100_000}}, URL: "http://media.example.com/", Part: filepath.Join(t.TempDir(), "file.part"),
			Stall: 10 * time.Second, Report: func(int64, int64) { told++ },
		})
		if err != nil || told < 48 {
			t.Errorf("told %d times: %v", told, err)
		}
	})
}

func TestAServerThatComesBackIsAskedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, size)
	s.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n == 1 {
			w.WriteHeader(http.StatusBadGateway)
		}
		return n == 1
	}
	r := s.request()
	_, err := download.Get(t.Context(), r)
	s.wantWhole(r, err)
}

type barred struct{ err error }

func (b barred) RoundTrip(*http.Request) (*http.Response, error) { return nil, b.err }

func lost(grew bool) func(error) bool {
	return func(err error) bool {
		var l *download.Lost
		return errors.As(err, &l) && l.Grew == grew
	}
}

func answered(status int) func(error) bool {
	return func(err error) bool {
		var a *download.Answer
		return errors.As(err, &a) && a.Status == status
	}
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

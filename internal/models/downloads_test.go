package models_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/models"
)

// told is what a line of downloads has said, and a way to wait for it.
type told struct {
	mu   sync.Mutex
	all  []string
	more chan struct{}
}

func (o *told) changed(name string, now *job.Download) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now == nil {
		o.all = append(o.all, name+" left")
	} else {
		o.all = append(o.all, name+" "+string(now.State))
	}
	close(o.more)
	o.more = make(chan struct{})
}

// await waits until something was said so often.
func (o *told) await(t *testing.T, what string, times int) {
	t.Helper()
	for {
		o.mu.Lock()
		n := strings.Count(strings.Join(o.all, "\n")+"\n", what+"\n")
		all, more := strings.Join(o.all, ", "), o.more
		o.mu.Unlock()
		if n >= times {
			return
		}
		select {
		case <-more:
		case <-time.After(10 * time.Second):
			t.Fatalf("no %q for the time %d: %s", what, times, all)
		}
	}
}

// counter is a shop with a line of downloads that runs.
func counter(t *testing.T, s *shop, names ...string) (*models.Downloads, *told, string) {
	t.Helper()
	var catalog []models.Entry
	for _, name := range names {
		e := small(s.body)[0]
		e.Name = name
		catalog = append(catalog, e)
	}
	store, dir := open(t, s, func(c *models.Config) { c.Catalog = catalog })
	o := &told{more: make(chan struct{})}
	d := models.NewDownloads(models.DownloadsDeps{Store: store, Changed: o.changed, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return d, o, dir
}

func start(t *testing.T, d *models.Downloads, name string) {
	t.Helper()
	if err := d.Start(name); err != nil {
		t.Fatal(err)
	}
}

func size(dir, name string) int64 {
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		return -1
	}
	return info.Size()
}

func TestDownloadsComeOneAtATimeAndInOrder(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	first := func(s *shop, w http.ResponseWriter, r *http.Request) { <-hold; whole(s, w, r) }
	s := &shop{body: weights(600_000, 1), script: []func(*shop, http.ResponseWriter, *http.Request){first, whole}}
	d, o, dir := counter(t, s, "a", "b", "c")
	for _, name := range []string{"a", "b", "ggml-c.bin", "a", "b"} { // who asks twice has asked once
		start(t, d, name)
	}
	wantCode(t, d.Start("nobody"), fault.ModelUnknown)
	o.await(t, "a running", 1)
	if got := d.Of("b"); got == nil || *got != (job.Download{State: job.DownloadWaiting, TotalBytes: 600_000}) {
		t.Errorf("b is %+v", got)
	}
	if err := d.Cancel(t.Context(), "b"); err != nil || d.Of("b") != nil {
		t.Errorf("b was not canceled: %v, %+v", err, d.Of("b"))
	}
	close(hold)
	o.await(t, "c left", 1)
	want := []string{"a waiting", "b waiting", "c waiting", "a running", "b left", "a left", "c running", "c left"}
	o.mu.Lock()
	defer o.mu.Unlock()
	got := slicesWithout(o.all, "a running", "c running")
	if diff := cmp.Diff(slicesWithout(want, "a running", "c running"), got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if size(dir, "ggml-a.bin") != 600_000 || size(dir, "ggml-b.bin") >= 0 || size(dir, "ggml-c.bin") != 600_000 || len(s.requests()) != 2 {
		t.Errorf("%d requests", len(s.requests()))
	}
}

// slicesWithout leaves out what comes at a moment of its own, or more than once.
func slicesWithout(all []string, not ...string) []string {
	var out []string
	for _, s := range all {
		if s != not[0] && s != not[1] {
			out = append(out, s)
		}
	}
	return out
}

func TestACanceledDownloadKeepsWhatHasArrivedAndGoesOnFromThere(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	stall := func(s *shop, w http.ResponseWriter, r *http.Request) {
		close(arrived)
		stallAfter(300_000)(s, w, r)
	}
	s := &shop{body: weights(600_000, 1), script: []func(*shop, http.ResponseWriter, *http.Request){stall, whole}}
	d, o, dir := counter(t, s, "a")
	start(t, d, "a")
	<-arrived
	for size(dir, "ggml-a.bin.part") < 300_000 { // bounded by the test's own time
		if t.Context().Err() != nil {
			t.Fatal("nothing arrives")
		}
	}
	if err := d.Cancel(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if n := size(dir, "ggml-a.bin.part"); n != 300_000 || d.Of("a") != nil {
		t.Errorf("%d bytes are kept, it is %+v", n, d.Of("a"))
	}
	if err := d.Cancel(t.Context(), "a"); err != nil { // nothing to cancel is no error
		t.Error(err)
	}
	wantCode(t, d.Cancel(t.Context(), "nobody"), fault.ModelUnknown)
	start(t, d, "a")
	o.await(t, "a left", 2)
	if diff := cmp.Diff([]string{"", "bytes=300000-"}, s.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if size(dir, "ggml-a.bin") != 600_000 {
		t.Error("it is not installed")
	}
}

func TestADownloadThatFailsSaysWhyUntilItIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := &shop{body: weights(600_000, 1), script: []func(*shop, http.ResponseWriter, *http.Request){status(404), send(weights(600_000, 2)), status(404), whole}}
	d, o, dir := counter(t, s, "a")
	start(t, d, "a")
	o.await(t, "a left", 1)
	why := func() string {
		if now := d.Of("a"); now != nil && now.State == job.DownloadStopped && now.Error != nil && now.Error.Message != "" && now.Error.Hint != "" {
			return now.Error.Code
		}
		return ""
	}
	if got := why(); got != string(fault.DownloadFailed) {
		t.Errorf("a missing file is %q: %+v", got, d.Of("a"))
	}
	start(t, d, "a")
	o.await(t, "a left", 2)
	if got := why(); got != string(fault.ModelDamaged) || size(dir, "ggml-a.bin") >= 0 || size(dir, "ggml-a.bin.part") >= 0 {
		t.Errorf("a corrupt file is %q: %+v", got, d.Of("a"))
	}
	start(t, d, "a")
	o.await(t, "a left", 3)
	if err := d.Cancel(t.Context(), "a"); err != nil || d.Of("a") != nil {
		t.Errorf("a failure is not forgotten: %v, %+v", err, d.Of("a"))
	}
	start(t, d, "a")
	o.await(t, "a left", 5)
	if d.Of("a") != nil || size(dir, "ggml-a.bin") != 600_000 {
		t.Errorf("in the end it is %+v", d.Of("a"))
	}
}

// slow is a network in fake time: so many bytes every second, from where they
// are asked for, and then it does what it does.
type slow struct {
	body  []byte
	rate  int
	stops int // after so many bytes nothing comes any more; 0 = never
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	body := &drip{slow: s, ctx: r.Context()}
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Etag": {etag}}, ContentLength: int64(len(s.body)), Body: body, Request: r,
	}, nil
}

type drip struct {
	slow
	ctx context.Context //nolint:containedctx // that of the request
	at  int
}

func (d *drip) Close() error { return nil }

func (d *drip) Read(p []byte) (int, error) {
	if d.stops > 0 && d.at >= d.stops {
		<-d.ctx.Done()
		return 0, d.ctx.Err()
	}
	select {
	case <-time.After(time.Second / 10): // so that it matters little what comes first in a second
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
	n := copy(p, d.body[d.at:min(d.at+d.rate/10, len(d.body))])
	d.at += n
	if n == 0 {
		return 0, http.ErrBodyReadAfterClose
	}
	return n, nil
}

func TestProgressIsToldOnceASecondWithWhatIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		body := weights(100_000, 1)
		var shown atomic.Int32
		store := models.New(models.Config{
			Dir: t.TempDir(), Catalog: small(body), MinFree: -1,
			HTTPClient: &http.Client{Transport: slow{body: body, rate: 1000, stops: 40_000}},
		})
		d := models.NewDownloads(models.DownloadsDeps{Store: store, Log: slog.New(slog.DiscardHandler), Changed: func(_ string, now *job.Download) {
			if now != nil {
				shown.Add(1)
			}
		}})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		start(t, d, "small")
		time.Sleep(30*time.Second + 500*time.Millisecond) // fake time
		now := d.Of("small")
		if now.State != job.DownloadRunning || now.DoneBytes < 28_000 || now.DoneBytes > 31_000 || now.ETASeconds < 65 || now.ETASeconds > 75 {
			t.Errorf("after half a minute it is %+v", now)
		}
		if n := shown.Load(); n < 28 || n > 33 {
			t.Errorf("it was told %d times", n)
		}
		time.Sleep(20 * time.Second)
		if now := d.Of("small"); now.State != job.DownloadStalled || now.ETASeconds != 0 {
			t.Errorf("without bytes for ten seconds it is %+v", now)
		}
		told := shown.Load()
		time.Sleep(10 * time.Second)
		if n := shown.Load(); n != told {
			t.Errorf("that nothing comes was told %d times more", n-told)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestWhatIsAskedForWhileItsCanceledDownloadEndsComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		body := weights(100_000, 1)
		store := models.New(models.Config{
			Dir: t.TempDir(), Catalog: small(body), MinFree: -1,
			HTTPClient: &http.Client{Transport: deaf{slow{body: body, rate: 50_000}}},
		})
		d := models.NewDownloads(models.DownloadsDeps{Store: store, Log: slog.New(slog.DiscardHandler), Changed: func(string, *job.Download) {}})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		start(t, d, "small")
		synctest.Wait()
		canceled := make(chan error, 1)
		go func() { canceled <- d.Cancel(t.Context(), "small") }()
		synctest.Wait() // it waits for the answer, which takes a second
		start(t, d, "small")
		if now := d.Of("small"); now == nil || now.State != job.DownloadWaiting {
			t.Errorf("asked for anew it is %+v", now)
		}
		if err := <-canceled; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if now := d.Of("small"); now != nil {
			t.Errorf("a minute later it is %+v", now)
		}
		if found, err := store.List(t.Context()); err != nil || !found[0].Installed {
			t.Errorf("it is not installed: %v", err)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// deaf answers after a second, also when nobody wants to know any more.
type deaf struct{ slow }

func (d deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(time.Second)
	return d.slow.RoundTrip(r)
}

func TestADownloadGoesOnByItselfAfterWhatPasses(t *testing.T) {
	t.Parallel()
	lost := func(*shop, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	busy := func(_ *shop, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	tests := map[string]struct {
		fail  func(*shop, http.ResponseWriter, *http.Request)
		again bool
	}{
		"the connection is lost": {lost, true},
		"the server is busy":     {busy, true},
		"there is no such file":  {status(404), false},
		"it arrives damaged":     {send(weights(600_000, 2)), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ok atomic.Bool
			answer := func(s *shop, w http.ResponseWriter, r *http.Request) {
				if ok.Load() {
					whole(s, w, r)
					return
				}
				tt.fail(s, w, r)
			}
			s := &shop{body: weights(600_000, 1)}
			for range 20 {
				s.script = append(s.script, answer)
			}
			d, o, dir := counter(t, s, "a")
			if err := d.Resume("a"); err != nil || d.Of("a") != nil {
				t.Errorf("what nobody has asked for is resumed: %v", err)
			}
			start(t, d, "a")
			o.await(t, "a left", 1)
			ok.Store(true)
			if err := d.Resume("a"); err != nil {
				t.Error(err)
			}
			if !tt.again {
				if now := d.Of("a"); now == nil || now.Error == nil {
					t.Errorf("it is tried again: %+v", now)
				}
				return
			}
			o.await(t, "a left", 2)
			if size(dir, "ggml-a.bin") != 600_000 {
				t.Errorf("it has not come: %+v", d.Of("a"))
			}
		})
	}
}

func TestTheEndOfTheServerKeepsWhatHasArrived(t *testing.T) {
	t.Parallel()
	body := weights(600_000, 1)
	s := &shop{body: body, script: []func(*shop, http.ResponseWriter, *http.Request){stallAfter(300_000)}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	store := models.New(models.Config{Dir: dir, BaseURL: server.URL, Catalog: small(body), MinFree: -1})
	var log bytes.Buffer
	d := models.NewDownloads(models.DownloadsDeps{Store: store, Changed: func(string, *job.Download) {}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	start(t, d, "small")
	for size(dir, "ggml-small.bin.part") < 300_000 {
		if t.Context().Err() != nil {
			t.Fatal("nothing arrives")
		}
	}
	stop()
	if err := <-done; err != nil || log.Len() > 0 {
		t.Errorf("%v: %s", err, &log)
	}
	found, err := store.List(t.Context())
	if err != nil || found[0].PartBytes != 300_000 || found[0].Installed {
		t.Errorf("%+v, %v", found[0], err)
	}
}

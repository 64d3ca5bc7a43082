package app_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
)

// BenchmarkServer is what clients of a server feel, with nothing in its line
// and with a hundred thousand jobs in it. The line is paused, so that nothing
// runs beside.
func BenchmarkServer(b *testing.B) {
	for _, depth := range []int{0, 100_000} {
		b.Run(fmt.Sprint("line=", depth), func(b *testing.B) {
			h := newHome(b)
			h.stuff(depth)
			b.Run("start", func(b *testing.B) { benchmarkStart(b, h) })
			s := h.serve()
			b.Run("board", func(b *testing.B) {
				c := newClient(b, s)
				var took times
				for b.Loop() {
					took.measure(func() { c.do(http.MethodGet, "/api/v1/board", nil, http.StatusOK) })
				}
				took.report(b)
			})
			b.Run("page", func(b *testing.B) { benchmarkPage(b, s, false) })
			b.Run("pages", func(b *testing.B) { benchmarkPage(b, s, true) })
			for _, connections := range []int{1, 8} {
				b.Run(fmt.Sprint("submit/connections=", connections), func(b *testing.B) { benchmarkSubmit(b, s, connections) })
			}
		})
	}
}

// benchmarkStart is from the start of the process until it listens, and says
// where.
func benchmarkStart(b *testing.B, h home) {
	b.Helper()
	h.t = b
	const starts = 10
	var took times
	for b.Loop() {
		for range starts {
			var s *server
			took.measure(func() {
				s = h.begin()
				for s.url == "" {
					s.url = h.told(s.cmd.Process.Pid)
				}
			})
			s.stop()
		}
	}
	took.report(b)
}

// told is the address in the discovery file once it is that of this process.
func (h home) told(pid int) string {
	<-time.After(time.Millisecond)
	var d struct {
		URL string
		PID int
	}
	body, err := os.ReadFile(filepath.Join(h.dir, "server.json"))
	if err != nil || json.Unmarshal(body, &d) != nil || d.PID != pid {
		return ""
	}
	return d.URL
}

// benchmarkSubmit is POST /api/v1/jobs with jobs like no other: a fingerprint,
// a durable row and an answer.
func benchmarkSubmit(b *testing.B, s *server, connections int) {
	b.Helper()
	clients := make([]*client, connections)
	for i := range clients {
		clients[i] = newClient(b, s)
	}
	source, run := clip(b, "seen-000.wav"), time.Now().UnixNano()
	took := make([]times, connections)
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	b.ResetTimer()
	for i := range connections {
		all.Go(func() {
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				body := fmt.Appendf(nil, `{"source": %q, "metadata": {"video_id": "%d-%d"}}`, source, run, n)
				took[i].measure(func() { clients[i].do(http.MethodPost, "/api/v1/jobs", body, http.StatusAccepted) })
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	b.ReportMetric(resident(b, s.cmd.Process.Pid), "MB-resident")
	slices.Concat(took...).report(b)
}

// benchmarkPage reads the first page of the line, or walks through it page by
// page and begins again at its end.
func benchmarkPage(b *testing.B, s *server, walk bool) {
	b.Helper()
	c := newClient(b, s)
	var took times
	const path = "/api/v1/jobs?state=queued"
	for next := ""; b.Loop(); {
		at := path
		if next != "" {
			at += "&cursor=" + url.QueryEscape(next)
		}
		var answer []byte
		took.measure(func() { answer = c.do(http.MethodGet, at, nil, http.StatusOK) })
		var page struct{ Next string }
		if err := json.Unmarshal(answer, &page); err != nil {
			b.Fatal(err)
		}
		if walk {
			next = page.Next
		}
	}
	took.report(b)
}

// stuff fills the store of a home that nobody uses with jobs, and pauses its
// line.
func (h home) stuff(jobs int) {
	h.t.Helper()
	file := filepath.Join(h.dir, "sluice.db")
	store, err := sqlitestore.Open(h.t.Context(), sqlitestore.Config{Path: file}, slog.New(slog.DiscardHandler))
	if err != nil {
		h.t.Fatal(err)
	}
	const batch = 1000
	for n := 0; n < jobs; n += batch {
		drafts := make([]job.Draft, batch)
		for i := range drafts {
			drafts[i] = draft(h.t, n+i)
		}
		if _, err := store.Submit(h.t.Context(), drafts); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := store.SetPaused(h.t.Context(), true); err != nil {
		h.t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		h.t.Fatal(err)
	}
	// Else the server would look at every file in the background.
	db, err := sql.Open("sqlite", file)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(h.t.Context(), "UPDATE jobs SET duration_ms = 60000"); err != nil {
		h.t.Fatal(err)
	}
}

func draft(t testing.TB, n int) job.Draft {
	t.Helper()
	path := clip(t, "seen-000.wav")
	return job.Draft{
		Source:   job.Source{Kind: job.FromPath, Path: path, Name: filepath.Base(path), Size: 94232, ModTime: time.Unix(1e9, 0), Fingerprint: fmt.Sprintf("%064x", n)},
		Title:    fmt.Sprintf("Lecture no. %d, and what was said after it", n),
		Options:  job.Options{Language: "en", Model: "sluice-tiny", BeamSize: 1, Reuse: true},
		Metadata: map[string]string{"video_id": strconv.Itoa(n)},
		Identity: fmt.Sprintf("%064x", n),
	}
}

// client is one connection to a server that stays open.
type client struct {
	b    *testing.B
	url  string
	http *http.Client
}

func newClient(b *testing.B, s *server) *client {
	b.Helper()
	c := &client{b, s.url, &http.Client{Transport: &http.Transport{}, Timeout: patience}}
	b.Cleanup(c.http.CloseIdleConnections)
	return c
}

// do makes one request and reads its answer.
func (c *client) do(method, path string, body []byte, want int) []byte {
	req, err := http.NewRequestWithContext(c.b.Context(), method, c.url+path, bytes.NewReader(body))
	if err != nil {
		c.b.Error(err)
		return nil
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		c.b.Error(err)
		return nil
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		c.b.Errorf("%s %s: %d %s, %v", method, path, res.StatusCode, answer, err)
	}
	return answer
}

// times is how long each of many things took.
type times []time.Duration

func (t *times) measure(what func()) {
	began := time.Now()
	what()
	*t = append(*t, time.Since(began))
}

// report gives the median and what one in a hundred exceeds.
func (t times) report(b *testing.B) {
	b.Helper()
	if len(t) == 0 {
		return
	}
	slices.Sort(t)
	for percent, unit := range map[int]string{50: "p50-ms", 99: "p99-ms"} {
		b.ReportMetric(t[(len(t)-1)*percent/100].Seconds()*1000, unit)
	}
	b.ReportMetric(0, "ns/op") // the mean says less
}

// BenchmarkPickup is from the moment when a client knows that its job is
// accepted until the job runs, when the line was idle.
func BenchmarkPickup(b *testing.B) {
	store, err := sqlitestore.Open(b.Context(), sqlitestore.Config{Path: filepath.Join(b.TempDir(), "sluice.db")}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	p := picker{began: make(chan time.Time, 1), idle: make(chan struct{}, 1)}
	q := queue.New(queue.Deps{
		Store: store, Runner: p, Gate: p, Check: p, Idle: p.rest,
		Log: slog.New(slog.DiscardHandler),
	}, queue.Config{Owner: "bench"})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() { ended <- q.Run(ctx) }()
	var took times
	for n := 0; b.Loop(); n++ {
		<-p.idle
		<-time.After(2 * time.Millisecond) // and asleep
		if _, err := q.Submit(b.Context(), []job.Draft{draft(b, n)}); err != nil {
			b.Fatal(err)
		}
		known := time.Now()
		took = append(took, (<-p.began).Sub(known))
	}
	took.report(b)
	stop()
	if err := <-ended; err != nil {
		b.Error(err)
	}
	if err := store.Close(); err != nil {
		b.Error(err)
	}
}

// picker is all that a line needs, and notes when a job runs.
type picker struct {
	began chan time.Time
	idle  chan struct{}
}

func (p picker) Ready(context.Context, job.Job) *job.Wait { return nil }

func (p picker) Run(context.Context, job.Lease, job.Job, func(job.Progress)) error {
	select {
	case <-p.idle: // it was told before the job came
	default:
	}
	p.began <- time.Now()
	return nil
}

func (p picker) Admit(context.Context, job.Need) job.Verdict { return job.Verdict{Open: true} }

func (p picker) Changed() <-chan struct{} { return nil }

func (p picker) Yield() <-chan job.Wait { return nil }

func (p picker) Check(context.Context, *job.Draft) error { return nil }

func (p picker) rest() {
	select {
	case p.idle <- struct{}{}:
	default:
	}
}

// BenchmarkTranscribe is a three-minute video through the whole line with the
// small model, greedy: from submit to done.
func BenchmarkTranscribe(b *testing.B) {
	s := newHome(b).serve()
	b.ReportMetric(resident(b, s.cmd.Process.Pid), "MB-idle")
	var spent time.Duration
	for b.Loop() {
		began := time.Now()
		j := s.submit(map[string]any{"source": clip(b, "three-minutes.mp4"), "reuse": false}, nil)
		s.await(j.ID, "done")
		spent += time.Since(began)
	}
	const seconds = 190.0 // of sound in the clip
	b.ReportMetric(seconds*float64(b.N)/spent.Seconds(), "x-real-time")
}

// resident is the memory of a process in MB, as Linux tells it.
func resident(b testing.TB, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if f := bytes.Fields(line); len(f) > 1 && string(f[0]) == "VmRSS:" {
			kb, _ := strconv.ParseFloat(string(f[1]), 64)
			return kb * 1024 / 1e6
		}
	}
	return 0
}

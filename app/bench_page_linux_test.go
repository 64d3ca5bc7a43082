package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkFirstPaint is from the moment when somebody opens the page in
// Chromium until the line is on the screen, with one job in it and with a
// hundred thousand.
func BenchmarkFirstPaint(b *testing.B) {
	node, err := exec.LookPath("node")
	if err != nil {
		b.Skip("node is not installed")
	}
	for _, depth := range []int{1000, 100_000} {
		b.Run(fmt.Sprint("line=", depth), func(b *testing.B) {
			h := newHome(b)
			h.stuff(depth)
			cmd := h.command(context.WithoutCancel(b.Context()), "serve", "--listen", "127.0.0.1:0")
			cmd.Path = built(b, "bin", "sluice") // the program of the tests has no page
			s := h.tend(cmd)
			s.url = h.discover(cmd.Process.Pid)
			var took times
			for b.Loop() {
				cmd := exec.CommandContext(b.Context(), node, filepath.Join("scripts", "paint.mjs"), s.url+"/", "Lecture no. 0", "5")
				cmd.Dir = filepath.Join(root(b), "frontend")
				var errs bytes.Buffer
				cmd.Stderr = &errs
				out, err := cmd.Output()
				if err != nil {
					b.Fatalf("%v\n%s", err, &errs)
				}
				var painted []float64 // milliseconds
				if err := json.Unmarshal(out, &painted); err != nil {
					b.Fatal(err)
				}
				for _, ms := range painted {
					took = append(took, time.Duration(ms*float64(time.Millisecond)))
				}
			}
			took.report(b)
		})
	}
}

// eventReaders is how many follow the board at once.
const eventReaders = 100

// BenchmarkEvents has a hundred readers follow the board while jobs come: one
// after another as fast as they are accepted, and twenty a second. What counts
// is from the request until each of the readers has the job's event.
func BenchmarkEvents(b *testing.B) {
	for name, pause := range map[string]time.Duration{"pace=full": 0, "pace=20": time.Second / 20} {
		b.Run(name, func(b *testing.B) { benchmarkEvents(b, pause) })
	}
}

func benchmarkEvents(b *testing.B, pause time.Duration) {
	b.Helper()
	s := newHome(b).serve()
	c := newClient(b, s)
	c.do(http.MethodPost, "/api/v1/queue/pause", nil, http.StatusOK)
	var sent sync.Map // when, by number
	var events atomic.Int64
	took := make([]times, eventReaders)
	var opened, seen sync.WaitGroup
	for i := range eventReaders {
		opened.Add(1)
		go func() {
			follow(b, s.url, opened.Done, func(kind, data string) {
				events.Add(1)
				if kind != "job" {
					return
				}
				_, rest, ok := strings.Cut(data, `"event_number":"`)
				n, _, _ := strings.Cut(rest, `"`)
				if at, known := sent.Load(n); ok && known && strings.Contains(data, `"state":"queued"`) {
					if _, twice := sent.LoadOrStore(fmt.Sprint(i, "/", n), true); !twice {
						took[i] = append(took[i], time.Since(at.(time.Time))) //nolint:errcheck,forcetypeassert // it is one
						seen.Done()
					}
				}
			})
		}()
	}
	opened.Wait()
	source, jobs := clip(b, "seen-000.wav"), 0
	began := time.Now()
	for b.Loop() {
		for stop := time.Now().Add(4 * time.Second); time.Now().Before(stop); jobs++ {
			seen.Add(eventReaders)
			sent.Store(fmt.Sprint(jobs), time.Now())
			c.do(http.MethodPost, "/api/v1/jobs", fmt.Appendf(nil, `{"source": %q, "metadata": {"event_number": "%d"}}`, source, jobs), http.StatusAccepted)
			if pause > 0 {
				<-time.After(pause)
			}
		}
	}
	seen.Wait()
	b.ReportMetric(float64(events.Load())/time.Since(began).Seconds(), "events/s")
	b.ReportMetric(float64(jobs), "jobs")
	b.ReportMetric(resident(b, s.cmd.Process.Pid), "MB-resident")
	slices.Concat(took...).report(b)
}

// follow reads the event stream of a server until the benchmark ends.
func follow(b *testing.B, url string, opened func(), each func(kind, data string)) {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url+"/api/v1/events", nil)
	if err != nil {
		b.Error(err)
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	kind := ""
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "retry":
			opened()
		case "event":
			kind = value
		case "data":
			each(kind, value)
		}
	}
}

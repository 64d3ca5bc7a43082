package app_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"sluice/internal/job"
	"sluice/internal/modeltest"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
	"sluice/internal/transcript"
)

// jobsAtOnce is the number of jobs that 'make bench-memory' asks for. Without
// it these benchmarks are left out: they take minutes.
func jobsAtOnce(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(os.Getenv("SLUICE_BENCH_MEMORY"))
	if err != nil || n < 1 {
		b.Skip("'make bench-memory' runs it")
	}
	return n
}

// built is a program that was made before the tests.
func built(b *testing.B, parts ...string) string {
	b.Helper()
	path := filepath.Join(append([]string{root(b), "build"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		b.Fatalf("'make build' builds it first: %v", err)
	}
	return path
}

// BenchmarkMemory sends jobs at once to where one engine fits and three do
// not: with a whisper-cli for each, and to Sluice. What Sluice takes is held
// against the same jobs by hand, one after another.
func BenchmarkMemory(b *testing.B) {
	n := jobsAtOnce(b)
	m := memoryBench{engineWeight: weigh(b, modeltest.Model{})}
	for i := range n {
		m.files = append(m.files, speech(b, 20*i, 15))
	}
	b.Run(fmt.Sprintf("jobs=%d/naive", n), m.naive)
	b.Run(fmt.Sprintf("jobs=%d/sluice", n), m.sluice)
}

type memoryBench struct {
	engineWeight
	files []string
}

// threads is what both sides compute with.
const threads = "2"

// naive is all at once, each in a process of its own.
func (m memoryBench) naive(b *testing.B) {
	g := newGroup(b)
	g.limit(m.limit)
	began := time.Now()
	var all sync.WaitGroup
	died := make([]error, len(m.files))
	for i, file := range m.files {
		all.Go(func() { died[i] = m.byHand(b, g, file) })
	}
	all.Wait()
	b.ReportMetric(time.Since(began).Seconds(), "s")
	done := 0
	for _, err := range died {
		if err == nil {
			done++
		}
	}
	m.report(b, g, done)
}

// sluice is all at once to one server, which has nothing else to do. It takes
// turns with the hand, so that a busy moment of the machine meets both; the
// median of the rounds counts.
func (m memoryBench) sluice(b *testing.B) {
	const rounds = 5
	g := newGroup(b)
	g.limit(m.limit)
	var hand, line, ratio []float64
	done := 0
	for range rounds {
		began := time.Now()
		for _, file := range m.files {
			if err := m.byHand(b, g, file); err != nil {
				b.Fatal(err)
			}
		}
		byHand := time.Since(began).Seconds()
		took, finished := m.send(b, g)
		done = finished
		b.Logf("round: %.1f s by hand, %.1f s with Sluice", byHand, took.Seconds())
		hand, line, ratio = append(hand, byHand), append(line, took.Seconds()), append(ratio, took.Seconds()/byHand)
	}
	b.ReportMetric(median(line), "s")
	b.ReportMetric(median(hand), "s-by-hand")
	b.ReportMetric(median(ratio), "ratio")
	m.report(b, g, done)
}

func (m memoryBench) report(b *testing.B, g group, done int) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // the rest says it
	b.ReportMetric(float64(done), "done")
	b.ReportMetric(float64(g.kills()), "killed")
	b.ReportMetric(float64(g.peak())/(1<<20), "MiB-peak")
	b.ReportMetric(float64(m.limit)/(1<<20), "MiB-limit")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// byHand transcribes a file as somebody without Sluice does, with the model
// and the flags that Sluice works with, and as nice to others as its engine:
// else whoever shares the machine would decide the result.
func (m memoryBench) byHand(b *testing.B, g group, file string) error {
	b.Helper()
	sound := filepath.Join(b.TempDir(), filepath.Base(file)+".wav")
	for _, args := range [][]string{
		{"ffmpeg", "-nostdin", "-v", "error", "-i", file, "-vn", "-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le", sound},
		{"nice", "-n", "5", built(b, "cache", "whisper-cli", "whisper-cli"), "-m", m.model, "-f", sound, "-l", "en", "-bs", "1", "-t", threads, "-np", "-osrt", "-of", sound},
	} {
		cmd := exec.CommandContext(b.Context(), args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "OMP_WAIT_POLICY=passive")
		g.enter(cmd)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w, %s", args[0], err, out)
		}
	}
	text, err := os.ReadFile(sound + ".srt")
	if err == nil && !bytes.Contains(text, []byte(modeltest.Says)) {
		err = fmt.Errorf("whisper-cli says %q", text)
	}
	return err
}

// send gives all jobs to a new server, and says how long they took from the
// first request on and how many are done.
func (m memoryBench) send(b *testing.B, g group) (time.Duration, int) {
	b.Helper()
	s := m.home(b).serveBuilt(g)
	defer s.stop()
	began := time.Now()
	var jobs []map[string]any
	for _, file := range m.files {
		jobs = append(jobs, map[string]any{"source": file, "model": m.name()})
	}
	s.do(http.MethodPost, "/api/v1/jobs", map[string]any{"jobs": jobs}, nil)
	var now counts
	eventually(b, "the line is empty", func() bool {
		now = s.counts()
		return now.Queued+now.Running == 0
	})
	took := time.Since(began)
	for _, j := range s.list("done") {
		m.expectText(s, j.ID)
	}
	return took, now.Done
}

// serveBuilt starts the program that was built, not the tests' own, in a group
// unless it is the zero one.
func (h home) serveBuilt(g group) *server {
	h.t.Helper()
	b, ok := h.t.(*testing.B)
	if !ok {
		h.t.Fatal("only for benchmarks")
	}
	cmd := h.command(b.Context(), "serve", "--listen", "127.0.0.1:0")
	cmd.Path = built(b, "bin", "sluice")
	cmd.Env = append(cmd.Env, "SLUICE_SPEECH_THREADS="+threads)
	if g.dir != "" {
		g.enter(cmd)
	}
	s := h.tend(cmd)
	s.url = h.discover(cmd.Process.Pid)
	return s
}

// BenchmarkIdle is the memory of a server that has nothing to do, with nothing
// behind it and with ten thousand jobs.
func BenchmarkIdle(b *testing.B) {
	jobsAtOnce(b)
	for _, done := range []int{0, 10_000} {
		b.Run(fmt.Sprint("done=", done), func(b *testing.B) {
			h := newHome(b)
			h.finish(done)
			s := h.serveBuilt(group{})
			var board struct{ Counts counts }
			s.do(http.MethodGet, "/api/v1/board", nil, &board)
			if board.Counts != (counts{Done: done}) {
				b.Fatalf("it counts %+v", board.Counts)
			}
			pause(10 * time.Second)
			const mib = 1.048576 // MB
			b.ReportMetric(resident(b, s.cmd.Process.Pid)/mib, "MiB-resident")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// finish fills the store of a home that nobody uses with jobs that are done,
// each with a transcript of ten minutes.
func (h home) finish(jobs int) {
	h.t.Helper()
	ctx := h.t.Context()
	store, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: filepath.Join(h.dir, "sluice.db")}, slog.New(slog.DiscardHandler))
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	const batch = 500
	for n := 0; n < jobs; n += batch {
		drafts := make([]job.Draft, batch)
		for i := range drafts {
			drafts[i] = draft(h.t, n+i)
		}
		accepted, err := store.Submit(ctx, drafts)
		if err != nil {
			h.t.Fatal(err)
		}
		var all sync.WaitGroup
		for i, a := range accepted {
			all.Go(func() {
				_, lease, err := store.Take(ctx, a.Job.ID, "bench")
				if err == nil {
					err = store.SaveTranscript(ctx, lease, lecture(n+i), nil)
				}
				if err == nil {
					_, err = store.Settle(ctx, lease, queue.Outcome{State: job.Done})
				}
				if err != nil {
					h.t.Error(err)
				}
			})
		}
		all.Wait()
	}
}

// lecture is what might have been said in ten minutes.
func lecture(n int) transcript.Transcript {
	t := transcript.Transcript{Language: "en"}
	for i := range 100 {
		t.Segments = append(t.Segments, transcript.Segment{
			ID: i + 1, StartMS: int64(i) * 6000, EndMS: int64(i)*6000 + 5500,
			Text: fmt.Sprintf("This is sentence %d of lecture %d, and nobody listens to it.", i, n),
		})
	}
	return t
}

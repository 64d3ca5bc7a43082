package app_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkSubmit is POST /api/v1/jobs at one client: a fingerprint, a durable
// row and an answer. The jobs wait for a model, so that nothing runs beside.
func BenchmarkSubmit(b *testing.B) {
	s := newHome(b).serve()
	client := &http.Client{}
	for n := 0; b.Loop(); n++ {
		body := fmt.Sprintf(`{"source": %q, "model": "tiny.en", "metadata": {"n": "%d"}}`, clip(b, "seen-000.wav"), n)
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.url+"/api/v1/jobs", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body) // else the connection is not used again
		_ = res.Body.Close()
		if res.StatusCode != http.StatusAccepted {
			b.Fatalf("status %d", res.StatusCode)
		}
	}
	client.CloseIdleConnections()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	b.ReportMetric(resident(b, s.cmd.Process.Pid), "MB-resident")
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
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if f := bytes.Fields(line); len(f) > 1 && string(f[0]) == "VmRSS:" {
			kb, _ := strconv.ParseFloat(string(f[1]), 64)
			return kb / 1000
		}
	}
	return 0
}

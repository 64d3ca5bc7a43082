package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"sluice/internal/httpapi"
	"sluice/internal/job"
)

// fakeTallies counts how often it is asked.
type fakeTallies struct{ asked int }

func (f *fakeTallies) Reasons(context.Context) (map[job.Reason]int, error) {
	f.asked++
	return map[job.Reason]int{job.Memory: 1}, nil
}

func (f *fakeTallies) Messages(context.Context) (map[job.DeliveryState]int, error) {
	return map[job.DeliveryState]int{job.DeliveryPending: 2, job.DeliveryParked: 0}, nil
}

func scrape(t *testing.T, routes http.Handler) string {
	t.Helper()
	res := serve(routes, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", http.NoBody))
	if res.Code != 200 {
		t.Fatalf("%d %s", res.Code, res.Body)
	}
	return res.Body.String()
}

func measured(w *world, tallies httpapi.Tallies) (*httpapi.Metrics, http.Handler) {
	m := httpapi.NewMetrics("1.2.3")
	return m, w.with(func(d *httpapi.Deps) { d.Metrics, d.Tallies = m, tallies })
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, tallies := newWorld(t), &fakeTallies{}
		m, routes := measured(w, tallies)
		now := time.Now()
		run := func(stage job.Stage, from, to time.Duration, code string) job.StageRun {
			return job.StageRun{Stage: stage, StartedAt: now.Add(from), FinishedAt: now.Add(to), Error: code}
		}
		j := job.Job{ID: "j", DurationMS: 20_000, Stages: []job.StageRun{
			run(job.Extract, -time.Hour, -time.Minute, ""), // another start's
			run(job.Extract, 0, 2*time.Second, ""),
			{Stage: job.Translate, StartedAt: now, FinishedAt: now.Add(time.Second), Reused: true},
			{Stage: job.Summarize, StartedAt: now},
		}}
		m.JobChanged(j)
		j.Stages = append(j.Stages,
			run(job.Transcribe, 2*time.Second, 3*time.Second, "engine_crashed"), run(job.Transcribe, 3*time.Second, 13*time.Second, ""),
			run(job.Summarize, 0, time.Second, "file_damaged"), run(job.Summarize, 0, 2*time.Second, "interrupted"), run(job.Deliver, 13*time.Second, 14*time.Second, ""),
		)
		for range 3 { // jobs are told of again and again
			m.JobChanged(j)
		}
		m.JobChanged(job.Job{ID: "k", DurationMS: 20_000, Stages: []job.StageRun{run(job.Transcribe, 0, 5*time.Second, "")}})
		for _, r := range []*http.Request{
			httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/jobs/q1", http.NoBody),
			httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/jobs/zz", http.NoBody),
			httptest.NewRequestWithContext(t.Context(), "GET", "/assets/a-1.js", http.NoBody),
			httptest.NewRequestWithContext(t.Context(), "BREW", "/coffee", http.NoBody),
			httptest.NewRequestWithContext(t.Context(), "GET", "/../../x?token=secret", http.NoBody),
		} {
			routes.ServeHTTP(httptest.NewRecorder(), r)
		}
		text := scrape(t, routes)
		for _, want := range []string{
			"sluice_queue_depth 3", "sluice_queue_eta_seconds 90", "sluice_queue_paused 1", "sluice_gate_open 0",
			`sluice_jobs{reason="memory",state="queued"} 1`, `sluice_jobs{reason="turn",state="queued"} 1`, `sluice_jobs{reason="",state="running"} 1`, `sluice_jobs{reason="",state="failed"} 0`,
			`sluice_stage_seconds_sum{outcome="done",stage="extract"} 2`, `sluice_stage_seconds_count{outcome="done",stage="extract"} 1`,
			`sluice_stage_seconds_sum{outcome="done",stage="transcribe"} 15`, `sluice_stage_seconds_count{outcome="crashed",stage="transcribe"} 1`,
			`sluice_stage_seconds_count{outcome="failed",stage="summarize"} 1`, `sluice_stage_seconds_count{outcome="yielded",stage="summarize"} 1`,
			`sluice_real_time_factor_ratio{stage="transcribe"} 0.25`,
			`sluice_crashes_total{code="engine_crashed"} 1`, `sluice_crashes_total{code="engine_out_of_memory"} 0`,
			`sluice_memory_bytes{kind="ceiling"} 1.073741824e+10`, "sluice_memory_pressure_level 1",
			`sluice_deliveries{state="pending"} 2`, `sluice_deliveries{state="parked"} 0`,
			`sluice_http_requests_total{method="GET",route="/api/v1/jobs/{id}",status="200"} 1`, `sluice_http_requests_total{method="GET",route="/api/v1/jobs/{id}",status="404"} 1`,
			`sluice_http_requests_total{method="GET",route="page",status="200"} 1`, `sluice_http_requests_total{method="other",route="none",status="404"} 1`,
			`version="1.2.3"`, "sluice_start_time_seconds 9.466848e+08",
		} {
			if !strings.Contains(text, want+"\n") && !strings.HasSuffix(want, `"`) || !strings.Contains(text, want) {
				t.Errorf("no %s in\n%s", want, text)
			}
		}
		for _, never := range []string{`stage="translate"`, "secret", "coffee", "q1"} {
			if strings.Contains(text, never) {
				t.Errorf("%s in\n%s", never, text)
			}
		}
		if scrape(t, routes); tallies.asked != 1 {
			t.Errorf("the store was asked %d times for two scrapes", tallies.asked)
		}
		time.Sleep(16 * time.Second) // fake time
		if scrape(t, routes); tallies.asked != 2 {
			t.Errorf("the store was asked %d times", tallies.asked)
		}
	})
}

func TestMetricsAreAsPrometheusWantsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, routes := measured(w, &fakeTallies{})
	now := time.Now()
	m.JobChanged(job.Job{ID: "j", DurationMS: 1, Stages: []job.StageRun{{Stage: job.Transcribe, StartedAt: now, FinishedAt: now.Add(time.Second)}}})
	if _, err := httpapi.Guard(httpapi.GuardConfig{Listen: "127.0.0.1:1", Metrics: m}, routes); err != nil {
		t.Fatal(err)
	}
	scrape(t, routes)
	text := scrape(t, routes)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, line := range regexp.MustCompile(`(?m)^# HELP (\S+) (.*)$`).FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(line[1], "sluice_") || len(line[2]) < 10 || !strings.HasSuffix(line[2], ".") {
			t.Errorf("%s says %q of itself", line[1], line[2])
		}
	}
}

func TestWhoIsKeptOutIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m, routes := measured(w, nil)
	guarded, err := httpapi.Guard(httpapi.GuardConfig{Listen: "127.0.0.1:7584", Token: "T", Metrics: m}, routes)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"evil.example", "127.0.0.1:7584"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", http.NoBody)
		r.Host = host
		guarded.ServeHTTP(httptest.NewRecorder(), r)
	}
	text := scrape(t, routes)
	for _, code := range []string{"host_refused", "token_required"} {
		if want := `sluice_http_refused_total{code="` + code + `"} 1`; !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

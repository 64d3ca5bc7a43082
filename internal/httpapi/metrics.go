package httpapi

import (
	"context"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/job"
)

// Metrics is what Prometheus is told, in a registry of its own. What happens is
// counted as it does; what stands is read when it is asked for, from the board,
// so that an answer costs the same with ten jobs and with 100,000.
type Metrics struct {
	registry *prometheus.Registry
	since    time.Time

	requests *prometheus.CounterVec
	refused  *prometheus.CounterVec
	stages   *prometheus.HistogramVec
	factor   *prometheus.GaugeVec
	crashes  *prometheus.CounterVec

	mu   sync.Mutex
	runs ended
}

// NewMetrics makes metrics of a start of the program. They may be told of jobs
// before there are routes to ask for them.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		since:    time.Now(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_http_requests_total", Help: "HTTP requests that were answered, by route and status.",
		}, []string{"method", "route", "status"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_http_refused_total", Help: "HTTP requests that the guard kept out, by the code of the refusal.",
		}, []string{"code"}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sluice_stage_seconds", Help: "How long runs of stages took, by stage and by how they ended. What was reused took no run.",
			Buckets: []float64{0.1, 0.5, 1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400},
		}, []string{"stage", "outcome"}),
		factor: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sluice_real_time_factor_ratio", Help: "Seconds of work for a second of media in the last whole run of a stage: less than 1 is faster than it is played.",
		}, []string{"stage"}),
		crashes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_crashes_total", Help: "Deaths of processes that ran a stage, by the code that says why.",
		}, []string{"code"}),
	}
	m.runs.since = m.since
	m.registry.MustRegister(m.requests, m.refused, m.stages, m.factor, m.crashes)
	for _, e := range fault.Codes() {
		if e.Crash {
			m.crashes.WithLabelValues(string(e.Code)) // from 0 on: an alert must see the first
		}
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sluice_build_info", Help: "Always 1; which build this is.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	build.Set(1)
	start := prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_start_time_seconds", Help: "When this program began, in Unix time."})
	start.Set(float64(m.since.UnixMilli()) / 1000)
	goroutines := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sluice_goroutines", Help: "Goroutines of this program. Busy it has more; a number that only rises is a leak.",
	}, func() float64 { return float64(runtime.NumGoroutine()) })
	m.registry.MustRegister(build, start, goroutines)
	return m
}

// JobChanged counts the runs of stages that have ended since it was told of the
// job last. It returns at once.
func (m *Metrics) JobChanged(j job.Job) {
	for i, run := range j.Stages {
		if run.FinishedAt.IsZero() || run.Reused {
			continue
		}
		m.mu.Lock()
		isNew := m.runs.add(runKey{j.ID, run.Stage, run.StartedAt.UnixMilli(), run.FinishedAt.UnixMilli()})
		m.mu.Unlock()
		if !isNew {
			continue
		}
		took := max(run.FinishedAt.Sub(run.StartedAt), 0)
		m.stages.WithLabelValues(string(run.Stage), outcomeOf(run.Error)).Observe(took.Seconds())
		if code := fault.Code(run.Error); fault.New(code, "", nil).Crash() {
			m.crashes.WithLabelValues(run.Error).Inc()
		}
		if run.Error == "" && j.DurationMS > 0 && alone(j.Stages, i) {
			m.factor.WithLabelValues(string(run.Stage)).Set(took.Seconds() / (float64(j.DurationMS) / 1000))
		}
	}
}

// alone says whether one run did all of its stage's work.
func alone(runs []job.StageRun, i int) bool {
	for n, r := range runs {
		if n != i && r.Stage == runs[i].Stage {
			return false
		}
	}
	return true
}

// outcomeOf is how a run ended, by its code.
func outcomeOf(code string) string {
	f := fault.New(fault.Code(code), "", nil)
	switch {
	case code == "":
		return "done"
	case f.Crash():
		return "crashed"
	case f.Kind == fault.KindCanceled && f.Code != fault.Interrupted:
		return "canceled"
	case f.Kind == fault.KindCanceled, f.Kind == fault.KindBusy:
		return "yielded"
	}
	return "failed"
}

// refuse counts a request that the guard has kept out. The zero of metrics
// counts nothing.
func (m *Metrics) refuse(code fault.Code) {
	if m != nil {
		m.refused.WithLabelValues(string(code)).Inc()
	}
}

// request counts one that was answered.
func (m *Metrics) request(method, route string, status int) {
	if m != nil {
		m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	}
}

// runKey is one run of one stage.
type runKey struct {
	id         string
	stage      job.Stage
	start, end int64 // milliseconds
}

// ended remembers which runs were counted: jobs are told of again and again.
type ended struct {
	since time.Time // what ended before is another start's, or forgotten
	known map[runKey]bool
	order []runKey
}

const keepRuns = 4096

// add says whether a run is not known yet.
func (e *ended) add(k runKey) bool {
	if k.end < e.since.UnixMilli() || e.known[k] {
		return false
	}
	if e.known == nil {
		e.known = map[runKey]bool{}
	}
	e.known[k], e.order = true, append(e.order, k)
	if len(e.order) > keepRuns {
		if oldest := time.UnixMilli(e.order[0].end); oldest.After(e.since) {
			e.since = oldest
		}
		delete(e.known, e.order[0])
		e.order = e.order[1:]
	}
	return true
}

func (a *api) metricsRoute() {
	const example = "# HELP sluice_queue_depth Length of the line: jobs that are queued or running.\n# TYPE sluice_queue_depth gauge\nsluice_queue_depth 3\n"
	serve := http.NotFound
	if a.Metrics != nil {
		_ = a.Metrics.registry.Register(newStanding(a.Board, a.Machine, a.Tallies)) // once, however many handlers there are
		serve = promhttp.HandlerFor(a.Metrics.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP
	}
	a.plain(huma.Operation{
		OperationID: "get-metrics", Method: http.MethodGet, Path: "/metrics", Tags: []string{"server"},
		Summary: "Tell Prometheus how the line and the machine are", Description: "In its text format. Where there is a token, it is asked for here too: `authorization` of the scrape configuration.",
		Responses: a.answers(map[string]*huma.Response{"200": {Description: "Metrics", Content: content("text/plain", &huma.Schema{Type: huma.TypeString}, example)}}),
	}, serve)
}

// Tallies counts what the board does not show. It may read a store, but not
// all of it.
type Tallies interface {
	// Reasons gives the number of queued jobs by reason; those whose turn it is
	// not yet may be left out.
	Reasons(ctx context.Context) (map[job.Reason]int, error)
	// Messages gives the number of webhook messages by state.
	Messages(ctx context.Context) (map[job.DeliveryState]int, error)
}

// standing reads how things stand when Prometheus asks.
type standing struct {
	board   *board.Board
	machine Machine
	tallies Tallies

	depth, jobs, eta, paused, delivery *prometheus.Desc
	memory, pressure, gate, fresh      *prometheus.Desc

	mu       sync.Mutex
	at       time.Time // of what follows
	waiting  map[job.Reason]int
	messages map[job.DeliveryState]int
}

// tallyEvery is how often the tallies are read, at most.
const tallyEvery = 15 * time.Second

// scrapeLimit is how long reading may take.
const scrapeLimit = 5 * time.Second

func newStanding(b *board.Board, machine Machine, tallies Tallies) *standing {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("sluice_"+name, help, labels, nil)
	}
	return &standing{
		board: b, machine: machine, tallies: tallies,
		depth:    desc("queue_depth", "Length of the line: jobs that are queued or running."),
		jobs:     desc("jobs", "Jobs by state, and of queued ones by the reason why they are not next.", "state", "reason"),
		eta:      desc("queue_eta_seconds", "Until the line is empty; 0 when it is, or when that is not known."),
		paused:   desc("queue_paused", "1 while no job is taken because somebody has paused the line."),
		delivery: desc("deliveries", "Webhook messages by state.", "state"),
		memory: desc("memory_bytes", "Memory of this machine: total, available, swap in use, the ceiling of one stage, and what the engine holds.",
			"kind"),
		pressure: desc("memory_pressure_level", "How short memory is: 0 normal, 1 warn, 2 critical."),
		gate:     desc("gate_open", "1 while the first of the line may start, 0 while it waits for memory or power."),
		fresh:    desc("memory_read_timestamp_seconds", "When memory was read last, in Unix time."),
	}
}

// Describe lists what is told.
func (s *standing) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.depth, s.jobs, s.eta, s.paused, s.delivery, s.memory, s.pressure, s.gate, s.fresh} {
		out <- d
	}
}

// Collect tells it. What cannot be read is left out: a gap is the truth.
func (s *standing) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeLimit)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s.machineNow(ctx, gauge)
	now, err := s.board.Snapshot(ctx)
	if err != nil {
		return
	}
	gauge(s.depth, float64(now.Depth()))
	gauge(s.eta, float64(now.ETASeconds))
	gauge(s.paused, truth(now.Paused))
	gauge(s.gate, truth(now.Gate.State == job.GateOpen))
	waiting, messages := s.tally(ctx)
	for _, state := range job.States() {
		if state != job.Queued {
			gauge(s.jobs, float64(now.Counts[state]), string(state), "")
		}
	}
	turn := now.Counts[job.Queued]
	for reason, n := range waiting {
		if reason == job.Turn || reason == "" {
			continue
		}
		turn -= n
		gauge(s.jobs, float64(n), string(job.Queued), string(reason))
	}
	gauge(s.jobs, float64(max(turn, 0)), string(job.Queued), string(job.Turn))
	for state, n := range messages {
		gauge(s.delivery, float64(n), string(state))
	}
}

func (s *standing) machineNow(ctx context.Context, gauge func(d *prometheus.Desc, v float64, labels ...string)) {
	m := s.machine.Reading()
	if m.At.IsZero() { // never read
		return
	}
	gauge(s.fresh, float64(m.At.UnixMilli())/1000)
	gauge(s.memory, float64(m.Total), "total")
	gauge(s.memory, float64(m.Available), "available")
	gauge(s.memory, float64(m.SwapUsed), "swap_used")
	if ceiling := s.machine.Ceiling(); ceiling > 0 {
		gauge(s.memory, float64(ceiling), "ceiling")
	}
	if worker, err := s.machine.Worker(ctx); err == nil {
		var engine int64
		if worker.Engine != nil {
			engine = worker.Engine.Bytes
		}
		gauge(s.memory, float64(engine), "engine")
	}
	level := map[job.Pressure]float64{job.Warn: 1, job.Critical: 2}[m.Level]
	gauge(s.pressure, level)
}

// tally reads the tallies, or gives those of a moment ago.
func (s *standing) tally(ctx context.Context) (map[job.Reason]int, map[job.DeliveryState]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tallies == nil || !s.at.IsZero() && time.Since(s.at) < tallyEvery {
		return s.waiting, s.messages
	}
	waiting, err := s.tallies.Reasons(ctx)
	if err == nil {
		s.waiting = waiting
	}
	messages, messagesErr := s.tallies.Messages(ctx)
	if messagesErr == nil {
		s.messages = messages
	}
	if err == nil && messagesErr == nil {
		s.at = time.Now()
	}
	return s.waiting, s.messages
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

package app_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkRival is POST at its door, Sluice beside what it replaces: Flask in
// front of Celery and Redis, as Debian packages them, with one worker that is
// busy. The programs take turns in one run, since nothing else makes figures of
// a shared machine comparable; each figure is the median of the rounds.
//
// Redis writes its file once a second as it does by default (a crash loses what
// was acknowledged within it), or always, as Sluice does.
func BenchmarkRival(b *testing.B) {
	for _, sync := range []string{"everysec", "always"} {
		b.Run("appendfsync="+sync, func(b *testing.B) { benchmarkRival(b, sync) })
	}
}

const (
	rivalRounds = 5
	rivalTurn   = 2 * time.Second

	python = "/usr/bin/python3" // Debian's, whatever else is installed
)

func benchmarkRival(b *testing.B, sync string) {
	b.Helper()
	old := newRival(b, sync)
	s := newHome(b).serve()
	newClient(b, s).do(http.MethodPost, "/api/v1/queue/pause", nil, http.StatusOK)
	doors := []door{
		{"sluice", s.url + "/api/v1/jobs", `{"source": %q, "metadata": {"video_id": %q}}`},
		{"flask", old.flask + "/process", `{"path": %q, "video_id": %q}`},
		{"gunicorn", old.gunicorn + "/process", `{"path": %q, "video_id": %q}`},
	}
	b.Run("idle", func(b *testing.B) {
		for b.Loop() { // a figure, not a speed
		}
		ours, theirs := proportional(b, s.cmd.Process.Pid), 0.0
		for _, pid := range old.processes() {
			theirs += proportional(b, pid)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(ours, "MB-sluice")
		b.ReportMetric(theirs, "MB-rival")
		b.ReportMetric(theirs/ours, "x-less")
	})
	for _, connections := range []int{1, 8} {
		b.Run(fmt.Sprint("connections=", connections), func(b *testing.B) {
			rates, slow := map[string][]float64{}, map[string]times{}
			for b.Loop() {
				for range rivalRounds {
					for _, d := range doors {
						took := d.knock(b, connections)
						rates[d.name] = append(rates[d.name], float64(len(took))/rivalTurn.Seconds())
						slow[d.name] = append(slow[d.name], took...)
					}
				}
			}
			b.ReportMetric(0, "ns/op")
			for _, d := range doors {
				b.ReportMetric(median(rates[d.name]), d.name+"-jobs/s")
				all := slow[d.name]
				slices.Sort(all)
				b.ReportMetric(all[(len(all)-1)*99/100].Seconds()*1000, d.name+"-p99-ms")
			}
			b.ReportMetric(median(rates["sluice"])/median(rates["flask"]), "x-flask")
			b.ReportMetric(median(rates["sluice"])/median(rates["gunicorn"]), "x-gunicorn")
		})
	}
}

// door is where jobs are accepted.
type door struct{ name, url, body string }

// knock submits jobs over so many connections for one turn.
func (d door) knock(b *testing.B, connections int) times {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), rivalTurn)
	defer cancel()
	source, turn := clip(b, "seen-000.wav"), time.Now().UnixNano()
	took := make([]times, connections)
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			c := &http.Client{Transport: &http.Transport{}, Timeout: patience}
			defer c.CloseIdleConnections()
			for n := 0; ctx.Err() == nil; n++ {
				body := fmt.Sprintf(d.body, source, fmt.Sprintf("%d-%d-%d", turn, i, n))
				took[i].measure(func() { d.post(b, c, body) })
			}
		})
	}
	all.Wait()
	return slices.Concat(took...)
}

func (d door) post(b *testing.B, c *http.Client, body string) {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, d.url, strings.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.Do(req)
	if err != nil {
		b.Errorf("%s: %v", d.name, err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusAccepted {
		b.Errorf("%s: %s, %v", d.name, res.Status, err)
	}
}

// rival is the stack that Sluice replaces.
type rival struct {
	b               *testing.B
	env             []string
	flask, gunicorn string      // addresses
	idle            []*exec.Cmd // what stands there for one user: Redis, the worker, Flask
}

// newRival starts it, with a worker that is busy with its first task.
func newRival(b *testing.B, sync string) *rival {
	b.Helper()
	_, err := exec.LookPath("redis-server")
	if err != nil || exec.CommandContext(b.Context(), python, "-c", "import celery, flask, gunicorn, redis").Run() != nil {
		b.Skip("the rival is not installed: apt-get install redis-server python3-celery python3-redis python3-flask python3-gunicorn")
	}
	code, err := filepath.Abs(filepath.Join("testdata", "rival"))
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	redis := freePort(b)
	r := &rival{b: b, env: append(os.Environ(),
		"RIVAL_REDIS=redis://127.0.0.1:"+redis+"/0", "PYTHONPATH="+code, "PYTHONDONTWRITEBYTECODE=1", "C_FORCE_ROOT=1")}
	r.idle = append(r.idle, r.start(dir, "redis-server", "--port", redis, "--bind", "127.0.0.1",
		"--dir", dir, "--appendonly", "yes", "--appendfsync", sync, "--save", ""))
	r.answers(func(ctx context.Context) bool {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+redis)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	r.idle = append(r.idle, r.start(dir, python, "-m", "celery", "--app", "server.tasks", "worker", "--concurrency=1", "--loglevel=WARNING"))
	port := freePort(b)
	r.idle = append(r.idle, r.start(dir, python, "-m", "flask", "--app", "server", "run", "--port", port))
	r.flask = r.listening(port)
	port = freePort(b)
	r.start(dir, python, "-m", "gunicorn", "--workers=5", "--bind=127.0.0.1:"+port, "server:app") // 2 x cores + 1, as its manual has it
	r.gunicorn = r.listening(port)
	door{"flask", r.flask + "/process", ""}.post(b, http.DefaultClient, fmt.Sprintf(`{"path": %q, "video_id": "first"}`, clip(b, "seen-000.wav")))
	return r
}

// start starts a program in a group of its own that ends with the benchmark.
func (r *rival) start(dir, name string, args ...string) *exec.Cmd {
	r.b.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(r.b.Context()), name, args...)
	cmd.Dir, cmd.Env = dir, r.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		r.b.Fatal(err)
	}
	r.b.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	return cmd
}

func (r *rival) listening(port string) string {
	r.b.Helper()
	address := "http://127.0.0.1:" + port
	r.answers(func(ctx context.Context) bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/healthz", nil)
		if err != nil {
			return false
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		return res.Body.Close() == nil && res.StatusCode == http.StatusOK
	})
	return address
}

func (r *rival) answers(is func(ctx context.Context) bool) {
	r.b.Helper()
	eventually(r.b, "the rival answers", func() bool { return is(r.b.Context()) })
}

// processes are those that run for one user all day, and their children.
func (r *rival) processes() (pids []int) {
	for _, cmd := range r.idle {
		pids = append(pids, family(cmd.Process.Pid)...)
	}
	return pids
}

// family is a process and all below it.
func family(pid int) []int {
	pids := []int{pid}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return pids
	}
	for _, child := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(child); err == nil {
			pids = append(pids, family(n)...)
		}
	}
	return pids
}

func freePort(b *testing.B) string {
	b.Helper()
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	return port
}

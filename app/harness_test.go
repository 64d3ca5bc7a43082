package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/internal/transcript"
)

// patience bounds every wait of these tests. It is no measure of speed.
const patience = 2 * time.Minute

// root is the project's folder.
func root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// clip is a clip of the small model that lies in the project.
func clip(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(root(t), "build", "models", "sluice-tiny", "clips", name)
}

// shared is the corpus beside the project; tests that want it skip without.
func shared(t *testing.T, parts ...string) string {
	t.Helper()
	dir := os.Getenv("SLUICE_SHARED")
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared")
	}
	path := filepath.Join(append([]string{dir}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no shared test data: %s is not there", filepath.Join(parts...))
	}
	return path
}

// notAllDay leaves out what is too slow for every day, unless all is asked for.
// Benchmarks were asked for by name.
func notAllDay(t testing.TB) {
	t.Helper()
	if _, ok := t.(*testing.T); ok && os.Getenv("SLUICE_TEST_ALL") == "" {
		t.Skip("too slow for all day: 'make test' runs it")
	}
}

// home is a data folder with the small model installed.
type home struct {
	t   testing.TB
	dir string
}

func newHome(t testing.TB) home {
	t.Helper()
	return homeIn(t, t.TempDir())
}

func homeIn(t testing.TB, dir string) home {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	h := home{t, dir}
	h.install(filepath.Join(root(t), "build", "models", "sluice-tiny", "sluice-tiny.bin"))
	return h
}

// install puts a model file into the models folder.
func (h home) install(file string) {
	h.t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		h.t.Fatal(err)
	}
	dir := filepath.Join(h.dir, "models")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), body, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// command is the program with this home.
func (h home) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asSluice+"=1", "SLUICE_HOME="+h.dir,
		"SLUICE_SPEECH_MODEL=sluice-tiny", "SLUICE_SPEECH_LANGUAGE=en", "SLUICE_SPEECH_BEAM_SIZE=1")
	return cmd
}

// run runs a command to its end and gives its output, its errors and its code.
func (h home) run(args ...string) (stdout, stderr string, code int) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	cmd := h.command(ctx, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		h.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// server is a running 'sluice serve'.
type server struct {
	home
	cmd   *exec.Cmd
	log   *bytes.Buffer // whole once the process has ended
	ended chan struct{}
	url   string
}

// serve starts the server on a free port and waits until it answers.
func (h home) serve(args ...string) *server {
	h.t.Helper()
	s := h.begin(args...)
	s.url = h.discover(s.cmd.Process.Pid)
	return s
}

// begin starts the server on a free port and waits for nothing.
func (h home) begin(args ...string) *server {
	h.t.Helper()
	cmd := h.command(context.WithoutCancel(h.t.Context()), append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	return h.tend(cmd)
}

// tend starts a server and sees to its end.
func (h home) tend(cmd *exec.Cmd) *server {
	h.t.Helper()
	s := &server{home: h, cmd: cmd, log: &bytes.Buffer{}, ended: make(chan struct{})}
	cmd.Stderr = s.log
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	go func() { _ = cmd.Wait(); close(s.ended) }()
	h.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-s.ended
			h.t.Error("the server did not stop")
		}
		if h.t.Failed() {
			h.t.Logf("server log:\n%s", s.log)
		}
	})
	return s
}

// discover waits for the discovery file of this process.
func (h home) discover(pid int) string {
	h.t.Helper()
	var d struct {
		URL string
		PID int
	}
	eventually(h.t, "the server says where it is", func() bool {
		body, err := os.ReadFile(filepath.Join(h.dir, "server.json"))
		return err == nil && json.Unmarshal(body, &d) == nil && d.PID == pid
	})
	return d.URL
}

// wait waits until the process has ended, however it was told to.
func (s *server) wait() {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatal("the server did not end")
	}
}

// kill ends the server like the out-of-memory killer would.
func (s *server) kill() {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	s.wait()
}

// view is what the tests look at in a job.
type view struct {
	ID         string
	State      string
	Reason     string
	ReasonText string `json:"reason_text"`
	Existing   bool
	Stage      string
	Attempts   int
	Crashes    int
	Title      string
	Model      string
	Priority   int
	Position   int
	Until      time.Time
	StartedAt  time.Time `json:"started_at"`
	Stages     []stageRun
	Progress   struct{ Fraction float64 }
	Error      *struct {
		Code, Message, Hint string
	}
	Quality struct {
		Warnings []struct{ Code string }
	}
	Metadata map[string]string
}

// reach says how far a job has got.
func (v view) reach() string { return fmt.Sprint(v.State, v.Stage, v.Progress.Fraction) }

// stageRun is one run of one stage.
type stageRun struct {
	Stage      string
	Reused     bool
	Error      string
	FinishedAt time.Time `json:"finished_at"`
}

// runs lists how the runs of a stage ended: "ok", "reused", "running", or the
// code of what ended it.
func (v view) runs(stage string) (out []string) {
	for _, r := range v.Stages {
		switch {
		case r.Stage != stage:
		case r.Error != "":
			out = append(out, r.Error)
		case r.FinishedAt.IsZero():
			out = append(out, "running")
		case r.Reused:
			out = append(out, "reused")
		default:
			out = append(out, "ok")
		}
	}
	return out
}

// call makes one request and decodes a JSON answer into out when it is given.
func (s *server) call(method, path string, body io.Reader, headers map[string]string, out any) (status int, text string) {
	s.t.Helper()
	status, text, err := s.try(method, path, body, headers, out)
	if err != nil {
		s.t.Fatal(err)
	}
	return status, text
}

// try is call for a server that may be gone, and for goroutines, which must
// not end the test.
func (s *server) try(method, path string, body io.Reader, headers map[string]string, out any) (status int, text string, err error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		return 0, "", err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, "", err
	}
	follows(s.t, req, res, raw)
	if out != nil && res.StatusCode < 300 {
		if err := json.Unmarshal(raw, out); err != nil {
			return 0, "", fmt.Errorf("%s %s: %w in %s", method, path, err, raw)
		}
	}
	return res.StatusCode, string(raw), nil
}

// do makes one request with a JSON body and wants it to succeed.
func (s *server) do(method, path string, body any, out any) {
	s.t.Helper()
	if status, text := s.ask(method, path, body, out); status >= 300 {
		s.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
}

// ask makes one request with a JSON body; nil is none.
func (s *server) ask(method, path string, body any, out any) (status int, text string) {
	s.t.Helper()
	if body == nil {
		return s.call(method, path, nil, nil, out)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.call(method, path, bytes.NewReader(raw), nil, out)
}

// submit posts a job and wants it accepted.
func (s *server) submit(fields map[string]any, headers map[string]string) view {
	s.t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		s.t.Fatal(err)
	}
	var v view
	if status, text := s.call(http.MethodPost, "/api/v1/jobs", bytes.NewReader(body), headers, &v); status != http.StatusAccepted && status != http.StatusOK {
		s.t.Fatalf("submit %v: %d %s", fields, status, text)
	}
	return v
}

func (s *server) job(id string) view {
	s.t.Helper()
	var v view
	if status, text := s.call(http.MethodGet, "/api/v1/jobs/"+id, nil, nil, &v); status != http.StatusOK {
		s.t.Fatalf("job %s: %d %s", id, status, text)
	}
	return v
}

// await waits until the job is in a state.
func (s *server) await(id, state string) view {
	s.t.Helper()
	var v view
	eventually(s.t, "job is "+state, func() bool {
		v = s.job(id)
		if v.State != state && (v.State == "failed" || v.State == "canceled" || v.State == "done") {
			s.t.Fatalf("job is %s, not %s: %+v", v.State, state, v)
		}
		return v.State == state
	})
	return v
}

func (s *server) transcript(id string) transcript.Transcript {
	s.t.Helper()
	var t transcript.Transcript
	if status, text := s.call(http.MethodGet, "/api/v1/jobs/"+id+"/transcript", nil, nil, &t); status != http.StatusOK {
		s.t.Fatalf("transcript: %d %s", status, text)
	}
	return t
}

// eventually polls until cond holds. Polling a process from outside is the
// one place where a test has to look again and again.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	within(t, patience, what, cond)
}

// within is eventually with a patience of its own. What takes long is looked at
// less often, or the looking would be most of what the machine does.
func within(t testing.TB, bound time.Duration, what string, cond func() bool) {
	t.Helper()
	began := time.Now()
	for !cond() {
		waited := time.Since(began)
		if waited > bound {
			t.Fatalf("waited %v in vain: %s", bound, what)
		}
		time.Sleep(min(max(waited/50, 20*time.Millisecond), 250*time.Millisecond))
	}
}

// gone says whether a process has ended; a zombie has.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) != nil
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z")
}

// children lists the live processes whose parent is pid, by the word their
// command line must hold.
func children(t *testing.T, pid int, word string) []int {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc here: only on Linux, not only on macOS")
	}
	var out []int
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		_, rest, ok := strings.Cut(string(stat), ") ")
		if f := strings.Fields(rest); !ok || len(f) < 2 || f[0] == "Z" || f[1] != strconv.Itoa(pid) {
			continue
		}
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
		if bytes.Contains(line, []byte(word)) {
			out = append(out, child)
		}
	}
	return out
}

// words is a text as a list of lower-case words without punctuation.
func words(s string) []string {
	return regexp.MustCompile(`[\p{L}\p{N}']+`).FindAllString(strings.ToLower(s), -1)
}

// text joins a transcript's segments.
func text(t transcript.Transcript) string {
	var b strings.Builder
	for _, s := range t.Segments {
		b.WriteString(s.Text + " ")
	}
	return b.String()
}

// wordErrors is the edit distance between two lists of words.
func wordErrors(want, got []string) int {
	row := make([]int, len(got)+1)
	for j := range row {
		row[j] = j
	}
	for i, w := range want {
		diagonal := row[0]
		row[0] = i + 1
		for j, g := range got {
			cost := 1
			if w == g {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(got)]
}

// reference is the text of a clip of the small model, with times in seconds.
type reference struct {
	Duration  float64
	Sentences []struct {
		Start, End float64
		Text       string
	}
}

func references(t *testing.T, name string) reference {
	t.Helper()
	body, err := os.ReadFile(clip(t, "refs.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]reference
	if err := json.Unmarshal(body, &all); err != nil {
		t.Fatal(err)
	}
	return all[name]
}

func (r reference) words() []string {
	var b strings.Builder
	for _, s := range r.Sentences {
		b.WriteString(s.Text + " ")
	}
	return words(b.String())
}

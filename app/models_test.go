package app_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// mirror serves the small model under another name, and as its tests want.
type mirror struct {
	home
	body     []byte
	requests atomic.Int32
	answer   atomic.Pointer[http.HandlerFunc] // nil = as a good server does
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.requests.Add(1)
	if f := m.answer.Load(); f != nil {
		(*f)(w, r)
		return
	}
	w.Header().Set("ETag", `"1"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(m.body))
}

func (m *mirror) answers(f http.HandlerFunc) {
	if f == nil {
		m.answer.Store(nil)
		return
	}
	m.answer.Store(&f)
}

// newMirror is a home whose catalog has one model more, called harbour.
func newMirror(t *testing.T, settings ...string) *mirror {
	t.Helper()
	m := &mirror{home: newHome(t)}
	body, err := os.ReadFile(filepath.Join(m.dir, "models", "sluice-tiny.bin"))
	if err != nil {
		t.Fatal(err)
	}
	body[len(body)-4] ^= 1 // another model than the one that is installed
	m.body = body
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	sum := sha256.Sum256(body)
	catalog := filepath.Join(m.dir, "catalog.json")
	m.write(catalog, fmt.Sprintf(`[{"name":"harbour","bytes":%d,"sha256":%q,"languages":"multilingual"}]`, len(body), hex.EncodeToString(sum[:])))
	lines := append([]string{fmt.Sprintf("models.url = %q", server.URL), fmt.Sprintf("models.catalog = %q", catalog)}, settings...)
	m.write(filepath.Join(m.dir, "settings.toml"), strings.Join(lines, "\n")+"\n")
	return m
}

func (m *mirror) write(path, text string) {
	m.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// listed is what the tests look at in a model.
type listed struct {
	Name      string
	Installed bool
	Damaged   bool
	Catalog   bool
	Jobs      int
	Download  *struct {
		State      string
		DoneBytes  int64 `json:"done_bytes"`
		TotalBytes int64 `json:"total_bytes"`
		Error      *struct{ Code string }
	}
}

func (s *server) model(name string) listed {
	s.t.Helper()
	var all struct{ Models []listed }
	s.do(http.MethodGet, "/api/v1/models", nil, &all)
	for _, m := range all.Models {
		if m.Name == name {
			return m
		}
	}
	s.t.Fatalf("no model %s", name)
	return listed{}
}

func TestAWaitingJobGoesOnWhenItsModelHasBeenDownloaded(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	s := m.serve()
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "model": "harbour"}, nil)
	if j.Reason != "model" {
		t.Fatalf("it waits for %q", j.Reason)
	}
	if got := s.model("harbour"); got.Installed || !got.Catalog || got.Jobs != 1 || got.Download != nil {
		t.Errorf("before: %+v", got)
	}
	if m.requests.Load() != 0 {
		t.Error("it was downloaded unasked")
	}
	if status, text := s.ask(http.MethodPost, "/api/v1/models", map[string]any{"name": "harbour"}, nil); status != http.StatusAccepted {
		t.Fatalf("%d: %s", status, text)
	}
	s.await(j.ID, "done")
	if got := s.model("harbour"); !got.Installed || got.Jobs != 0 || got.Download != nil {
		t.Errorf("after: %+v", got)
	}
	if status, text := s.ask(http.MethodPost, "/api/v1/models", map[string]any{"name": "ggml-harbour.bin"}, nil); status != http.StatusOK {
		t.Errorf("again: %d %s", status, text)
	}
	if status, text := s.ask(http.MethodPost, "/api/v1/models", map[string]any{"name": "nobody"}, nil); status != http.StatusUnprocessableEntity {
		t.Errorf("one that nobody knows: %d %s", status, text)
	}
	for _, name := range []string{"harbour", "sluice-tiny"} {
		s.do(http.MethodDelete, "/api/v1/models/"+name, nil, nil)
	}
	if got := s.model("harbour"); got.Installed {
		t.Errorf("deleted: %+v", got)
	}
	if status, text := s.ask(http.MethodDelete, "/api/v1/models/harbour", nil, nil); status != http.StatusNotFound {
		t.Errorf("deleted twice: %d %s", status, text)
	}
}

func TestAModelThatALiveJobNeedsIsNotDeletedOverHTTP(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	s.do(http.MethodPost, "/api/v1/queue/pause", nil, nil)
	s.submit(map[string]any{"source": clip(t, "seen-000.wav")}, nil)
	status, text := s.ask(http.MethodDelete, "/api/v1/models/sluice-tiny", nil, nil)
	if status != http.StatusConflict || !strings.Contains(text, "model_in_use") || !strings.Contains(text, "A live job needs") {
		t.Errorf("%d: %s", status, text)
	}
	if got := s.model("sluice-tiny"); !got.Installed || got.Jobs != 1 || got.Catalog {
		t.Errorf("%+v", got)
	}
}

func TestACanceledDownloadGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(m.body)))
		_, _ = w.Write(m.body[:3_000_000])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	s := m.serve()
	s.do(http.MethodPost, "/api/v1/models", map[string]any{"name": "harbour"}, nil)
	eventually(t, "three megabytes are here", func() bool {
		d := s.model("harbour").Download
		return d != nil && d.State == "running" && d.DoneBytes == 3_000_000
	})
	if status, text := s.ask(http.MethodDelete, "/api/v1/models/harbour", nil, nil); status != http.StatusConflict || !strings.Contains(text, "being downloaded") {
		t.Errorf("deleting what comes: %d %s", status, text)
	}
	s.do(http.MethodDelete, "/api/v1/models/harbour/download", nil, nil)
	stopped := func() bool {
		d := s.model("harbour").Download
		return d != nil && d.State == "stopped" && d.DoneBytes == 3_000_000 && d.TotalBytes == int64(len(m.body)) && d.Error == nil
	}
	if !stopped() {
		t.Errorf("canceled: %+v", s.model("harbour").Download)
	}
	s.stop()
	m.answers(nil)
	s = m.serve()
	if !stopped() || m.requests.Load() != 1 {
		t.Errorf("after a restart: %+v, %d requests", s.model("harbour").Download, m.requests.Load())
	}
	// The command line goes on with it as well, beside the server.
	if _, errs, code := m.run("models", "pull", "harbour"); code != 0 {
		t.Fatal(errs)
	}
	if got := s.model("harbour"); !got.Installed || m.requests.Load() != 2 {
		t.Errorf("%+v, %d requests", got, m.requests.Load())
	}
}

func TestTheCommandLineAndTheServerDoNotDownloadTheSameTwice(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	hold := make(chan struct{})
	m.answers(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(m.body))
	})
	s := m.serve()
	s.do(http.MethodPost, "/api/v1/models", map[string]any{"name": "harbour"}, nil)
	eventually(t, "it was asked for", func() bool { return m.requests.Load() == 1 })
	cmd := m.command(t.Context(), "models", "pull", "harbour")
	says, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	text := bufio.NewReader(says)
	if line, err := text.ReadString('\n'); err != nil || !strings.Contains(line, "harbour  0 %") { // of the other's download
		t.Errorf("while it waits it says %q (%v)", line, err)
	}
	close(hold)
	_, _ = io.Copy(io.Discard, text)
	if err := cmd.Wait(); err != nil {
		t.Errorf("models pull: %v", err)
	}
	eventually(t, "the server has it", func() bool { return s.model("harbour").Installed })
	if n := m.requests.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestACorruptModelIsRefusedAndReplaced(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	bad := bytes.Clone(m.body)
	bad[len(bad)/2] ^= 1
	m.answers(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(bad))
	})
	s := m.serve()
	s.do(http.MethodPost, "/api/v1/models", map[string]any{"name": "harbour"}, nil)
	eventually(t, "it says why it stopped", func() bool {
		d := s.model("harbour").Download
		return d != nil && d.State == "stopped" && d.Error != nil && d.Error.Code == "model_damaged"
	})
	if left, err := filepath.Glob(filepath.Join(m.dir, "models", "ggml-harbour*")); err != nil || len(left) != 0 {
		t.Errorf("%q is left, %v", left, err)
	}
	// One that was damaged on the disk: a job finds out, and a download replaces it.
	m.answers(nil)
	if err := os.WriteFile(filepath.Join(m.dir, "models", "ggml-harbour.bin"), bad, 0o600); err != nil {
		t.Fatal(err)
	}
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "model": "harbour"}, nil)
	if failed := s.await(j.ID, "failed"); failed.Error.Code != "model_damaged" {
		t.Errorf("error %+v", failed.Error)
	}
	if got := s.model("harbour"); got.Installed || !got.Damaged {
		t.Errorf("%+v", got)
	}
	s.do(http.MethodPost, "/api/v1/models", map[string]any{"name": "harbour"}, nil)
	eventually(t, "it is replaced", func() bool { return s.model("harbour").Installed })
	s.do(http.MethodPost, "/api/v1/jobs/"+j.ID+"/retry", nil, nil)
	s.await(j.ID, "done")
}

func TestANewJobGetsItsModelUnaskedWhenTheSettingsSaySo(t *testing.T) {
	t.Parallel()
	m := newMirror(t, "models.auto_download = true")
	m.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	s := m.serve()
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "model": "harbour"}, nil)
	eventually(t, "it was asked for, and is not there", func() bool {
		d := s.model("harbour").Download
		return d != nil && d.Error != nil && d.Error.Code == "download_failed"
	})
	eventually(t, "the job waits for it", func() bool { return s.job(j.ID).Reason == "model" })
	s.stop()
	m.answers(nil)
	s = m.serve() // a start is as good as a new job
	s.await(j.ID, "done")
}

func TestACatalogThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.write(filepath.Join(m.dir, "catalog.json"), `[{"name":"small","bytes":5}]`)
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"models", "list"}} {
		_, errs, code := m.run(args...)
		if code != 1 || !strings.Contains(errs, "models.catalog") || !strings.Contains(errs, `a model "small" already`) {
			t.Errorf("%q: code %d: %s", args, code, errs)
		}
	}
	type finding struct{ Name, Level string }
	var d struct{ Findings []finding }
	out, _, _ := m.run("doctor", "--json")
	if err := json.Unmarshal([]byte(out), &d); err != nil || !slices.Contains(d.Findings, finding{"settings", "fail"}) {
		t.Errorf("the doctor finds %s (%v)", out, err)
	}
}

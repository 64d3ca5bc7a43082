package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nothing is a large body that is made as it is sent.
type nothing struct{}

func (nothing) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// upload sends so many bytes and wants them stored.
func (s *server) upload(size int64) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPut, s.url+"/api/v1/uploads/long.mov", io.LimitReader(nothing{}, size))
	if err != nil {
		s.t.Fatal(err)
	}
	req.ContentLength = size
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var got struct{ Size int64 }
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || res.StatusCode != http.StatusCreated || got.Size != size {
		s.t.Fatalf("%v: %d, %d bytes of %d", err, res.StatusCode, got.Size, size)
	}
}

// uploaded lists what lies in the folder of uploads.
func (h home) uploaded() (names []string) {
	entries, err := os.ReadDir(filepath.Join(h.dir, "uploads"))
	if err != nil && !os.IsNotExist(err) {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func flatUpload(t *testing.T, size int64) {
	t.Helper()
	s := newHome(t).serve()
	s.upload(1 << 20) // the first costs what every later one uses
	before := memoryLine(s.cmd.Process.Pid, "VmHWM:")
	s.upload(size)
	after := memoryLine(s.cmd.Process.Pid, "VmHWM:")
	t.Logf("%d MB: the server's peak went from %.1f to %.1f MB", size>>20, before, after)
	if grown := after - before; before == 0 || grown > 32 {
		t.Errorf("the server grew by %.1f MB", grown)
	}
}

func TestAnUploadTakesNoMemory(t *testing.T) {
	t.Parallel()
	flatUpload(t, 256<<20)
}

func TestHoursOfVideoAreUploadedInFlatMemory(t *testing.T) {
	soaking(t)
	flatUpload(t, 5<<30)
}

// halfSent begins an upload that does not end, and waits until something of it
// has arrived.
func (s *server) halfSent() *net.TCPConn {
	s.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(s.t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	_, _ = fmt.Fprintf(conn, "PUT /api/v1/uploads/a.mov HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", strings.TrimPrefix(s.url, "http://"), 64<<20)
	_, _ = io.Copy(conn, io.LimitReader(nothing{}, 4<<20))
	eventually(s.t, "the upload arrives", func() bool { return len(s.uploaded()) == 1 })
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		s.t.Fatalf("%T", conn)
	}
	return tcp
}

func TestADroppedUploadLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	conn := s.halfSent()
	if err := conn.CloseWrite(); err != nil { // nothing more comes, but the answer can
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(answer, []byte(" 400 ")) || !bytes.Contains(answer, []byte(`"code":"upload_broken"`)) {
		t.Errorf("%v: %s", err, answer)
	}
	if left := s.uploaded(); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
	if err := s.halfSent().Close(); err != nil { // and one who does not even wait
		t.Fatal(err)
	}
	eventually(t, "the folder is clean", func() bool { return len(s.uploaded()) == 0 })

	s.halfSent()
	s.kill()
	if left := s.uploaded(); len(left) != 1 {
		t.Fatalf("%q is left by the dead", left)
	}
	again := s.home.serve()
	eventually(t, "the next start cleans up", func() bool { return len(again.uploaded()) == 0 })
}

// asClient posts a file as OpenAI's clients do, with fields in pairs, and gives the
// answer and the id of the job.
func (s *server) asClient(token string, file []byte, fields ...string) (status int, jobID, text string, err error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		_ = form.WriteField(fields[i], fields[i+1])
	}
	part, err := form.CreateFormFile("file", "speech.mp4")
	if err == nil {
		_, err = part.Write(file)
	}
	if err != nil {
		return 0, "", "", err
	}
	_ = form.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/audio/transcriptions", &body)
	if err != nil {
		return 0, "", "", err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", "", err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header.Get("X-Request-Id"), string(raw), err
}

// TestTheDoorsOfAServerWithAToken goes through all of them with real work behind.
func TestTheDoorsOfAServerWithAToken(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	cmd := h.command(context.WithoutCancel(t.Context()), "serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, "HOME="+h.dir, "SLUICE_SERVER_TOKEN=auto")
	s := h.tend(cmd)
	s.url = h.discover(cmd.Process.Pid)
	var found struct{ Token string }
	path := filepath.Join(h.dir, "server.json")
	body, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(body, &found) != nil || len(found.Token) < 20 {
		t.Fatalf("%v: %s", err, body)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the discovery file: %v, %v", info.Mode(), err)
	}
	for _, door := range []string{"/healthz", "/metrics", "/v1/models", "/api/v1/board", "/openapi.json"} {
		if status, text := s.call(http.MethodGet, door, nil, nil, nil); status != http.StatusUnauthorized || !strings.Contains(text, "token_required") {
			t.Errorf("%s without a token: %d %s", door, status, text)
		}
	}
	own := map[string]string{"Authorization": "Bearer " + found.Token}

	file, err := os.ReadFile(clip(t, "demo.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	if status, _, text, err := s.asClient("wrong", file, "model", "whisper-1"); err == nil && status != http.StatusUnauthorized { // it may break off before all is sent
		t.Errorf("a wrong token: %d %s", status, text)
	}
	type answer struct {
		Status  int
		ID      string
		Text    string
		Verbose struct {
			Task, Language, Text string
			Duration             float64
			Segments             []struct {
				ID         int
				Start, End float64
				Text       string
			}
		}
	}
	answers := make(chan answer, 2)
	for range cap(answers) { // two that ask for the same at the same time
		go func() {
			var a answer
			var err error
			if a.Status, a.ID, a.Text, err = s.asClient(found.Token, file, "model", "whisper-1", "response_format", "verbose_json"); err != nil {
				a.Text = err.Error()
			}
			_ = json.Unmarshal([]byte(a.Text), &a.Verbose)
			answers <- a
		}()
	}
	one, other := <-answers, <-answers
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("two that ask for the same (-one +other):\n%s", diff)
	}
	v := one.Verbose
	want := references(t, "demo.mp4")
	if one.Status != http.StatusOK || v.Task != "transcribe" || v.Language != "english" || len(v.Segments) < 2 || v.Duration < want.Duration-1 || v.Duration > want.Duration+1 {
		t.Fatalf("%d %s", one.Status, one.Text)
	}
	if wrong := wordErrors(want.words(), words(v.Text)); wrong*10 > len(want.words()) {
		t.Errorf("%d words of %d are wrong in %s", wrong, len(want.words()), v.Text)
	}
	var list struct{ Jobs []view }
	if status, text := s.call(http.MethodGet, "/api/v1/jobs", nil, own, &list); status != http.StatusOK || len(list.Jobs) != 1 || list.Jobs[0].ID != one.ID || list.Jobs[0].State != "done" {
		t.Errorf("the line shows %s", text)
	}
	if status, _, text, err := s.asClient(found.Token, []byte("no sound at all"), "model", "whisper-1"); err != nil || status != http.StatusBadRequest || !strings.Contains(text, `"code":"not_media"`) {
		t.Errorf("a file that is none: %v, %d %s", err, status, text)
	}
	status, metrics := s.call(http.MethodGet, "/metrics", nil, own, nil)
	for _, want := range []string{
		`sluice_stage_seconds_count{outcome="done",stage="transcribe"} 1`, `sluice_real_time_factor_ratio{stage="transcribe"} `, "sluice_queue_depth 0", "sluice_gate_open 1",
		`sluice_jobs{reason="",state="done"} 1`, `sluice_jobs{reason="",state="failed"} 1`, `sluice_deliveries{state="pending"} 0`, `sluice_memory_bytes{kind="available"} `, `sluice_memory_pressure_level `,
		`sluice_http_requests_total{method="POST",route="/v1/audio/transcriptions",status="200"} 2`, `sluice_http_refused_total{code="token_required"} `,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("%d: no %s in\n%s", status, want, metrics)
		}
	}
	_ = cmd.Process.Signal(os.Interrupt)
	s.wait()
	log := s.log.String()
	if !strings.Contains(log, "job done") || !strings.Contains(log, "data=~") {
		t.Errorf("the log says\n%s", log)
	}
	for _, secret := range append([]string{found.Token, h.dir}, strings.Split(strings.TrimSuffix(v.Segments[0].Text, "."), ", ")...) {
		if strings.Contains(log, secret) {
			t.Errorf("the log tells of %q:\n%s", secret, log)
		}
	}
}

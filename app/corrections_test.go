package app_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sluice/internal/transcript"
)

// edits is the body of a correction of one segment; a nil text takes it back.
func edits(id int, text any) map[string]any {
	return map[string]any{"edits": []map[string]any{{"id": id, "text": text}}}
}

func TestACorrectionIsExportedFoundToldAndKept(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, nil)
	r.srv.Start()
	h, dir := telling(t), t.TempDir()
	settings, err := os.ReadFile(filepath.Join(h.dir, "settings.toml"))
	check(t, err)
	h.configure("export.dir = \"" + dir + "\"\n" + string(settings))
	s := h.serve()
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "title": "Talk", "webhook": r.url(), "words": true}, nil)
	s.await(j.ID, "done")
	d := s.delivery(j.ID, delivered)
	first := s.transcript(j.ID).Segments[0]

	var answer transcript.Transcript
	s.do(http.MethodPatch, "/api/v1/jobs/"+j.ID+"/transcript", edits(first.ID, "Quokkas\nare corrected."), &answer)
	now := answer.Segments[0]
	if now.Text != "Quokkas are corrected." || !now.Edited || now.Original != first.Text || len(now.Words) > 0 || now.StartMS != first.StartMS {
		t.Errorf("corrected, it is %+v, and was %+v", now, first)
	}
	s.want(http.StatusConflict, "edit_conflict", http.MethodPatch, "/api/v1/jobs/"+j.ID+"/transcript",
		map[string]any{"edits": []map[string]any{{"id": first.ID, "text": "late", "was": first.Text}}})
	s.kill() // what was acknowledged is kept

	s = h.serve()
	for _, format := range []string{"srt", "vtt", "txt", "md", "json"} {
		if out := s.cli("export", j.ID, "--format", format); !strings.Contains(out, "Quokkas are corrected.") {
			t.Errorf("exported as %s: %s", format, out)
		}
	}
	if out := s.cli("search", "quokkas"); !strings.Contains(out, "Quokkas are corrected.") {
		t.Errorf("found is %q", out)
	}
	r.set(func() { r.again = true })
	s.do(http.MethodPost, "/api/v1/deliveries/"+d.ID+"/redeliver", nil, nil)
	eventually(t, "it is told again", func() bool { return len(r.messages()) == 2 })
	if told := r.messages()[1].Transcript; told == nil || told.Segments[0].Text != now.Text {
		t.Errorf("told was %+v", told)
	}
	s.delivery(j.ID, delivered)

	file := filepath.Join(dir, "Talk.en.txt")
	says := func(text string) {
		t.Helper()
		eventually(t, "the file says "+text, func() bool {
			body, err := os.ReadFile(file) //nolint:gosec // a name of the test's own
			return err == nil && strings.Contains(string(body), text)
		})
	}
	says("Quokkas are corrected.") // though it was killed before it could write so
	s.do(http.MethodPatch, "/api/v1/jobs/"+j.ID+"/transcript", edits(first.ID, "Wombats are better."), nil)
	says("Wombats are better.")
	s.do(http.MethodPost, "/api/v1/jobs/"+j.ID+"/retry", map[string]string{"from_stage": "transcribe"}, nil)
	s.want(http.StatusConflict, "not_ready", http.MethodPatch, "/api/v1/jobs/"+j.ID+"/transcript", edits(first.ID, "early"))
	s.await(j.ID, "done")
	if got := s.transcript(j.ID).Segments[0].Text; got != "Wombats are better." {
		t.Errorf("made anew, it says %q", got)
	}
	says("Wombats are better.")
	s.do(http.MethodPatch, "/api/v1/jobs/"+j.ID+"/transcript", edits(first.ID, nil), nil)
	says(strings.Fields(first.Text)[0])
	if got := s.transcript(j.ID).Segments[0]; got.Text != first.Text || got.Edited || len(got.Words) == 0 {
		t.Errorf("taken back, it is %+v", got)
	}
	s.do(http.MethodDelete, "/api/v1/jobs/"+j.ID, nil, nil)
	s.want(http.StatusNotFound, "job_unknown", http.MethodPatch, "/api/v1/jobs/"+j.ID+"/transcript", edits(first.ID, "x"))
}

// fetch asks for media and gives the answer with its body.
func (s *server) fetch(method, address string, headers ...string) (reply, []byte) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, address, http.NoBody)
	check(s.t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	check(s.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	check(s.t, err)
	return reply{res.StatusCode, res.Header, res.ContentLength}, body
}

// reply is an answer without its body.
type reply struct {
	StatusCode    int
	Header        http.Header
	ContentLength int64
}

func TestTheVideoIsPlayedWhileItIsTheOneThatWasSubmitted(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "talk.mp4")
	whole, err := os.ReadFile(clip(t, "demo.mp4"))
	check(t, err)
	check(t, os.WriteFile(file, whole, 0o600))
	s := newHome(t).serve()
	j := s.submit(map[string]any{"source": file}, nil)
	s.await(j.ID, "done")
	media := s.url + "/api/v1/jobs/" + j.ID + "/media"

	res, body := s.fetch(http.MethodGet, media)
	if res.StatusCode != http.StatusOK || !bytes.Equal(body, whole) || res.Header.Get("Content-Type") != "video/mp4" || !strings.HasPrefix(res.Header.Get("Content-Disposition"), "inline") {
		t.Errorf("status %d, %d bytes of %d, %v", res.StatusCode, len(body), len(whole), res.Header)
	}
	res, body = s.fetch(http.MethodGet, media, "Range", "bytes=1000-1999")
	if res.StatusCode != http.StatusPartialContent || !bytes.Equal(body, whole[1000:2000]) {
		t.Errorf("status %d, %d bytes", res.StatusCode, len(body))
	}
	if res, body = s.fetch(http.MethodHead, media); res.StatusCode != http.StatusOK || len(body) > 0 || res.ContentLength != int64(len(whole)) {
		t.Errorf("head: status %d, %d bytes, length %d", res.StatusCode, len(body), res.ContentLength)
	}

	foreign := []string{"Origin", "wails://wails.localhost", "Sec-Fetch-Site", "cross-site", "Range", "bytes=-10"}
	if res, _ = s.fetch(http.MethodGet, media, foreign...); res.StatusCode != http.StatusForbidden {
		t.Errorf("without a ticket: status %d", res.StatusCode)
	}
	var ticket struct{ URL string }
	s.do(http.MethodPost, "/api/v1/jobs/"+j.ID+"/media/ticket", nil, &ticket)
	if res, body = s.fetch(http.MethodGet, ticket.URL, foreign...); res.StatusCode != http.StatusPartialContent || !bytes.Equal(body, whole[len(whole)-10:]) {
		t.Errorf("with a ticket: status %d, %d bytes", res.StatusCode, len(body))
	}

	changed := bytes.Clone(whole)
	changed[len(changed)/2]++ // in the middle, which no mark is of
	check(t, os.WriteFile(file, changed, 0o600))
	s.want(http.StatusConflict, "source_changed", http.MethodGet, "/api/v1/jobs/"+j.ID+"/media", nil)
	check(t, os.Remove(file))
	s.want(http.StatusNotFound, "source_missing", http.MethodGet, "/api/v1/jobs/"+j.ID+"/media", nil)
	check(t, syscall.Mkfifo(file, 0o600))
	s.want(http.StatusUnprocessableEntity, "not_a_file", http.MethodGet, "/api/v1/jobs/"+j.ID+"/media", nil)
}

func TestWhatIsNoMediaOrWasUploadedIsPlayedOrNot(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	page := filepath.Join(t.TempDir(), "page.mp4")
	check(t, os.WriteFile(page, []byte("<!doctype html><script>alert(1)</script>"), 0o600))
	j := s.submit(map[string]any{"source": page}, nil)
	s.await(j.ID, "failed")
	s.want(http.StatusUnprocessableEntity, "not_media", http.MethodGet, "/api/v1/jobs/"+j.ID+"/media", nil)

	sound, err := os.ReadFile(clip(t, "seen-000.wav"))
	check(t, err)
	var upload struct{ Source string }
	if status, text := s.call(http.MethodPut, "/api/v1/uploads/talk.wav", bytes.NewReader(sound), map[string]string{"Content-Type": "application/octet-stream"}, &upload); status != http.StatusCreated {
		t.Fatalf("upload: %d %s", status, text)
	}
	j = s.submit(map[string]any{"source": upload.Source}, nil)
	s.await(j.ID, "done")
	if res, body := s.fetch(http.MethodGet, s.url+"/api/v1/jobs/"+j.ID+"/media"); res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "audio/wav" || !bytes.Equal(body, sound) {
		t.Errorf("status %d, %v, %d bytes", res.StatusCode, res.Header, len(body))
	}
}

// try is an attempt as the API shows it.
type try struct {
	Stage, Kind, Code, Message, Hint string
	Number                           int
	LogTail                          string `json:"log_tail"`
}

func (s *server) tries(id string) []try {
	s.t.Helper()
	var all struct{ Attempts []try }
	s.do(http.MethodGet, "/api/v1/jobs/"+id+"/attempts", nil, &all)
	return all.Attempts
}

func TestTheLogOfAnEngineThatCrashedIsShown(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	j := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil)
	eventually(t, "the engine has crashed", func() bool {
		for _, pid := range children(t, s.cmd.Process.Pid, "engine") {
			_ = syscall.Kill(pid, syscall.SIGSEGV)
		}
		return len(s.tries(j.ID)) > 0
	})
	got := s.tries(j.ID)[0]
	if got.Stage != "transcribe" || got.Kind != "crash" || got.Code != "engine_crashed" || got.Number != 1 || got.Message == "" || got.Hint == "" {
		t.Errorf("attempt %+v", got)
	}
	// One that was just born dies without a word of its own.
	if !strings.Contains(got.LogTail, "segmentation") || len(got.LogTail) > 8<<10 || strings.Contains(got.LogTail, s.dir) || strings.Contains(got.LogTail, "/src/") {
		t.Errorf("its log: %s", got.LogTail)
	}
	_, _ = s.ask(http.MethodPost, "/api/v1/jobs/"+j.ID+"/cancel", nil, nil)

	damaged := filepath.Join(t.TempDir(), "damaged.mp4")
	check(t, os.WriteFile(damaged, []byte("\x00\x00\x00\x18ftypmp42 and nothing more than that"), 0o600))
	j = s.submit(map[string]any{"source": damaged}, nil)
	s.await(j.ID, "failed")
	if tries := s.tries(j.ID); len(tries) != 1 || tries[0].Kind != "error" || tries[0].Stage != "extract" || tries[0].Code != "file_damaged" || strings.Contains(tries[0].LogTail, filepath.Dir(damaged)) {
		t.Errorf("attempts %+v", tries)
	}
}

package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/transcript"
)

func TestTheSampleVideoBecomesItsReference(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	j := s.submit(map[string]any{"source": clip(t, "demo.mp4"), "metadata": map[string]string{"video_id": "v1"}}, nil)
	if j.State != "queued" && j.State != "running" {
		t.Errorf("accepted as %s", j.State)
	}
	done := s.await(j.ID, "done")
	if done.Metadata["video_id"] != "v1" || len(done.Stages) != 2 || done.Attempts != 0 {
		t.Errorf("job %+v", done)
	}
	got, want := s.transcript(j.ID), references(t, "demo.mp4")
	if n := wordErrors(want.words(), words(text(got))); n != 0 || !got.Complete || got.Language != "en" {
		t.Errorf("%d word errors, language %q in %q", n, got.Language, text(got))
	}
	for i, seg := range got.Segments {
		if i >= len(want.Sentences) {
			break
		}
		if off := float64(seg.StartMS)/1000 - want.Sentences[i].Start; off > 0.1 || off < -0.1 {
			t.Errorf("segment %d starts %.2f s off", i, off)
		}
	}
	for _, format := range []string{"srt", "vtt", "txt", "md", "json"} {
		status, body := s.call(http.MethodGet, "/api/v1/jobs/"+j.ID+"/transcript?format="+format, nil, nil, nil)
		if status != http.StatusOK || !strings.Contains(body, "gate seven") {
			t.Errorf("%s: %d %s", format, status, body)
		}
		out, errs, code := s.run("export", j.ID, "--format", format)
		if code != 0 || out != body {
			t.Errorf("export %s: code %d, %s differs from HTTP's\n%s", format, code, errs, out)
		}
	}
}

func TestTheSameOverTheCommandLine(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	want := references(t, "demo.mp4").words()
	out, errs, code := h.run("transcribe", clip(t, "demo.mp4")) // no server: in the foreground
	if n := wordErrors(want, words(out)); code != 0 || n != 0 {
		t.Errorf("foreground: code %d, %d word errors\n%s%s", code, n, out, errs)
	}
	s := h.serve()
	out, errs, code = h.run("transcribe", clip(t, "demo.mp4")) // handed to the server
	if n := wordErrors(want, words(out)); code != 0 || n != 0 {
		t.Errorf("by the server: code %d, %d word errors\n%s%s", code, n, out, errs)
	}
	out, errs, code = h.run("list", "--all", "--json")
	if code != 0 || !strings.Contains(out, `"state":"done"`) && !strings.Contains(out, `"state": "done"`) {
		t.Errorf("list: code %d\n%s%s", code, out, errs)
	}
	_ = s
}

func TestEveryDoorLeadsToTheSameLine(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	file, err := os.ReadFile(clip(t, "seen-000.wav"))
	if err != nil {
		t.Fatal(err)
	}
	want := references(t, "seen-000.wav").words()
	doors := map[string]func() string{
		"an upload": func() string {
			var up struct{ ID string }
			if status, body := s.call(http.MethodPut, "/api/v1/uploads/talk.wav", bytes.NewReader(file), map[string]string{"Content-Type": "audio/wav"}, &up); status >= 300 {
				t.Fatalf("upload: %d %s", status, body)
			}
			return s.submit(map[string]any{"source": "upload:" + up.ID, "title": "an upload"}, nil).ID
		},
		"a multipart form": func() string {
			body, kind := form(t, map[string]string{"title": "a form"}, file)
			var v view
			if status, text := s.call(http.MethodPost, "/api/v1/jobs", body, map[string]string{"Content-Type": kind}, &v); status != http.StatusAccepted {
				t.Fatalf("form: %d %s", status, text)
			}
			return v.ID
		},
		"the old server's route": func() string {
			body, kind := form(t, map[string]string{"video_id": "42"}, file)
			var v struct {
				Message string
				TaskID  string `json:"task_id"`
			}
			if status, text := s.call(http.MethodPost, "/process", body, map[string]string{"Content-Type": kind}, &v); status != http.StatusAccepted || v.Message == "" {
				t.Fatalf("process: %d %s", status, text)
			}
			return v.TaskID
		},
		"the command line": func() string {
			out, errs, code := s.run("add", clip(t, "seen-000.wav"), "--json", "--no-reuse")
			var v view
			if code != 0 || json.Unmarshal([]byte(out), &v) != nil {
				t.Fatalf("add: %d %s%s", code, out, errs)
			}
			return v.ID
		},
	}
	for name, submit := range doors {
		id := submit()
		s.await(id, "done")
		if got := s.transcript(id); wordErrors(want, words(text(got))) != 0 {
			t.Errorf("%s: %q", name, text(got))
		}
	}
}

func form(t *testing.T, fields map[string]string, file []byte) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", "한글 이름.wav")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

func TestKilledInTheMiddleNothingIsLost(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	first := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, map[string]string{"Idempotency-Key": "k1"})
	behind := s.submit(map[string]any{"source": clip(t, "seen-001.wav")}, nil)
	var before int
	eventually(t, "some spans are finished", func() bool {
		before = len(s.transcript(first.ID).Segments)
		return before > 2
	})
	engines := children(t, s.cmd.Process.Pid, "engine")
	if len(engines) != 1 {
		t.Fatalf("engines: %v", engines)
	}
	s.kill()
	eventually(t, "the engine has gone with its parent", func() bool { return gone(engines[0]) && len(h.processes()) == 0 })

	s = h.serve()
	kept := len(s.transcript(first.ID).Segments)
	if kept < before {
		t.Errorf("%d segments before the kill, %d after it", before, kept)
	}
	killed.check(s, s.await(first.ID, "done"), "transcribe")
	s.await(behind.ID, "done")
	ref := references(t, "three-minutes.mp4")
	if n := wordErrors(ref.words(), words(text(s.transcript(first.ID)))); n > 6 {
		t.Errorf("%d of %d words wrong", n, len(ref.words()))
	}
	if again := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, map[string]string{"Idempotency-Key": "k1"}); again.ID != first.ID || !again.Existing {
		t.Errorf("the key made another job: %+v", again)
	}
	for _, file := range h.scratch() {
		if filepath.Base(file) != "audio.pcm" {
			t.Errorf("left over: %s", file)
		}
	}
}

func TestAKilledEngineIsStartedAgainAtItsLastSpan(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	j := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil)
	eventually(t, "some spans are finished", func() bool { return len(s.transcript(j.ID).Segments) > 2 })
	for _, pid := range children(t, s.cmd.Process.Pid, "engine") {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	done := s.await(j.ID, "done")
	if runs := done.runs("transcribe"); !slices.Equal(runs, []string{"engine_stopped", "ok"}) {
		t.Errorf("runs %v", runs)
	}
	ref := references(t, "three-minutes.mp4")
	if n := wordErrors(ref.words(), words(text(s.transcript(j.ID)))); n > 6 {
		t.Errorf("%d of %d words wrong", n, len(ref.words()))
	}
	eventually(t, "no process is left", func() bool { return len(children(t, s.cmd.Process.Pid, "")) == 0 })
}

func TestStoppedAndStartedAgainCostsNothing(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	j := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil)
	eventually(t, "the sound is there, and a span of words", func() bool {
		return slices.Equal(s.job(j.ID).runs("extract"), []string{"ok"}) && len(s.transcript(j.ID).Segments) > 0
	})
	s.stop()
	if _, err := os.Stat(filepath.Join(h.dir, "server.json")); err == nil {
		t.Error("the discovery file is left")
	}
	s = h.serve()
	terminated.check(s, s.await(j.ID, "done"), "transcribe")
}

func TestWhatIsBackInTheLineSaysHowFarItCame(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	j := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil)
	eventually(t, "a span is finished", func() bool { return len(s.transcript(j.ID).Segments) > 0 })
	s.post("/api/v1/queue/pause")
	s.stop()
	s = h.serve()
	if back := s.job(j.ID); back.State != "queued" || back.Progress.Fraction <= 0 || back.Progress.Fraction >= 1 {
		t.Errorf("it is %s, at %v", back.State, back.Progress.Fraction)
	}
	for _, args := range [][]string{{"list"}, {"show", j.ID}} {
		if out := s.cli(args...); !strings.Contains(out, " % done") {
			t.Errorf("%v\n%s", args, out)
		}
	}
}

func TestAnEndedTranscribeLeavesNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		signal syscall.Signal
		code   int
		again  bool // only the next run can tidy up
	}{
		"Ctrl-C":            {syscall.SIGINT, 1, false},
		"a closed terminal": {syscall.SIGHUP, 1, false},
		"kill -9":           {syscall.SIGKILL, -1, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			cmd := h.command(t.Context(), "transcribe", clip(t, "three-minutes.mp4"))
			// A child gets the default for what its parent listens to, also when
			// these tests run under nohup.
			heard := make(chan os.Signal, 1)
			signal.Notify(heard, syscall.SIGHUP)
			defer signal.Stop(heard)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var engines []int
			eventually(t, "the engine works", func() bool {
				engines = children(t, cmd.Process.Pid, "engine")
				return len(engines) == 1
			})
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("exit code %d", code)
			}
			eventually(t, "the engine is gone", func() bool { return gone(engines[0]) })
			if tt.again {
				if _, errs, code := h.run("transcribe", clip(t, "seen-000.wav")); code != 0 {
					t.Fatalf("the next run: %d %s", code, errs)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(h.dir, "scratch", "*")); len(left) != 0 {
				t.Errorf("left over: %v", left)
			}
		})
	}
}

func TestTwoProgramsTakeTurnsWithTheEngineAndSaySo(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	first := h.command(t.Context(), "transcribe", clip(t, "three-minutes.mp4"))
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first has the engine", func() bool { return len(children(t, first.Process.Pid, "engine")) == 1 })
	out, errs, code := h.run("transcribe", clip(t, "seen-000.wav"))
	if code != 0 || !strings.Contains(errs, "Another Sluice") || len(words(out)) == 0 {
		t.Errorf("the second: code %d, %q, %q", code, out, errs)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first: %v", err)
	}
}

func TestASecondServerOnTheSameFolderIsRefused(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	_, errs, code := h.run("serve", "--listen", "127.0.0.1:0")
	if code != 1 || !strings.Contains(errs, "already runs") {
		t.Errorf("code %d: %s", code, errs)
	}
	if status, _ := s.call(http.MethodGet, "/healthz", nil, nil, nil); status != http.StatusOK {
		t.Errorf("the first one answers %d", status)
	}
}

func TestAJobWaitsForItsModelAndGoesOnByItself(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "model": "tiny.en"}, nil)
	if j.Reason != "model" || !strings.Contains(j.ReasonText, "models pull tiny.en") {
		t.Errorf("waits for %q: %q", j.Reason, j.ReasonText)
	}
	other := s.submit(map[string]any{"source": clip(t, "seen-001.wav")}, nil)
	s.await(other.ID, "done") // it does not stand in the way
	if waiting := s.job(j.ID); waiting.State != "queued" || len(waiting.Stages) != 0 {
		t.Errorf("after that it is %s, %+v", waiting.State, waiting.Stages)
	}
	// What is installed now is not the real model, which cannot be had here:
	// the job notices by itself, and says so.
	if err := os.WriteFile(filepath.Join(h.dir, "models", "ggml-tiny.en.bin"), []byte("no model"), 0o600); err != nil {
		t.Fatal(err)
	}
	if failed := s.await(j.ID, "failed"); failed.Error.Code != "model_damaged" {
		t.Errorf("error %+v", failed.Error)
	}
	out, errs, code := h.run("models", "rm", "tiny.en")
	if code != 0 {
		t.Errorf("models rm: %d %s%s", code, out, errs)
	}
}

func TestModelsAreTheSameOverHTTPAndAtTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	var got struct{ Models []map[string]any }
	s.do(http.MethodGet, "/api/v1/models", nil, &got)
	var want []map[string]any
	if err := json.Unmarshal([]byte(s.cli("models", "list", "--json")), &want); err != nil {
		t.Fatal(err)
	}
	var ours map[string]any
	for _, m := range want {
		if m["name"] == "sluice-tiny" {
			ours = maps.Clone(m)
		}
		delete(m, "path") // it is for those who are at this machine
	}
	if diff := cmp.Diff(want, got.Models); diff != "" {
		t.Errorf("models (-command line +HTTP):\n%s", diff)
	}
	if ours["installed"] != true || ours["fits"] != true || ours["languages"] != "english" || ours["path"] == nil {
		t.Errorf("the model that is installed is %v", ours)
	}
}

// Who only asks what fits does not ask where the power comes from.
func TestModelsAreListedWithoutAServerWhateverTheSettings(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	if err := os.WriteFile(filepath.Join(h.dir, "settings.toml"), []byte("power.only_on_ac = true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := h.run("models", "list"); code != 0 || !strings.Contains(out, "sluice-tiny") {
		t.Errorf("code %d: %s%s", code, out, errs)
	}
}

func TestWithoutItsModelTranscribeSaysSoAtOnce(t *testing.T) {
	t.Parallel()
	_, errs, code := newHome(t).run("transcribe", clip(t, "seen-000.wav"), "--model", "tiny.en")
	if code != 1 || !strings.Contains(errs, "not installed") || !strings.Contains(errs, "models pull tiny.en") {
		t.Errorf("code %d: %s", code, errs)
	}
}

func TestAModelThatALiveJobNeedsIsNotRemoved(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil)
	for _, name := range []string{"sluice-tiny", "sluice-tiny.bin"} {
		if _, errs, code := h.run("models", "rm", name); code != 1 || !strings.Contains(errs, "need") {
			t.Errorf("%s: code %d: %s", name, code, errs)
		}
	}
}

func TestASourceThatVanishesIsWaitedFor(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	busy := s.submit(map[string]any{"source": clip(t, "three-minutes.mp4")}, nil)
	body, err := os.ReadFile(clip(t, "seen-000.wav"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "talk.wav")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	j := s.submit(map[string]any{"source": file}, nil)
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	s.call(http.MethodPost, "/api/v1/jobs/"+busy.ID+"/cancel", nil, nil, nil)
	eventually(t, "the job waits for its source", func() bool { return s.job(j.ID).Reason == "source" })
	if err := os.Rename(file+".away", file); err != nil { // keeps its time and so its fingerprint
		t.Fatal(err)
	}
	s.await(j.ID, "done")
}

func TestBadMediaFailsWithItsCode(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	dir := t.TempDir()
	notMedia := filepath.Join(dir, "notes.mp4")
	if err := os.WriteFile(notMedia, []byte(strings.Repeat("not a video\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	silent := filepath.Join(dir, "silent.mp4")
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=size=64x64:duration=1", silent).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for file, code := range map[string]string{notMedia: "not_media", silent: "no_audio_track"} {
		j := s.submit(map[string]any{"source": file}, nil)
		if failed := s.await(j.ID, "failed"); failed.Error == nil || failed.Error.Code != code || failed.Error.Hint == "" {
			t.Errorf("%s: %+v", filepath.Base(file), failed.Error)
		}
	}
	status, body := s.call(http.MethodPost, "/api/v1/jobs", strings.NewReader(`{"source": "/no/such/file.mp4"}`), nil, nil)
	if status != http.StatusUnprocessableEntity || !strings.Contains(body, "source_missing") {
		t.Errorf("a missing file: %d %s", status, body)
	}
}

func TestAnotherWebSiteIsRefused(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	for header, value := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"} {
		if status, body := s.call(http.MethodGet, "/api/v1/jobs", nil, map[string]string{header: value}, nil); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", header, status, body)
		}
	}
}

func TestTheFixtureModelFindsTwentySentencesInTenMinutes(t *testing.T) {
	t.Parallel()
	video := shared(t, "media", "containers", "jfk_every_30s_10min.mp4")
	model := shared(t, "models", "fixture-memo-d64-q5_0.bin")
	h := newHome(t)
	h.install(model)
	s := h.serve()
	j := s.submit(map[string]any{"source": video, "model": "fixture-memo-d64-q5_0", "language": "auto"}, nil)
	s.await(j.ID, "done")
	got := s.transcript(j.ID)
	if len(got.Segments) != 20 || got.Language != "en" {
		t.Fatalf("%d segments in %q", len(got.Segments), got.Language)
	}
	for k, seg := range got.Segments {
		start, end := seg.StartMS-int64(k)*30_000, seg.EndMS-int64(k)*30_000
		if start < -300 || start > 300 || end < 10_700 || end > 11_300 {
			t.Errorf("segment %d lies at %d..%d ms of its slot", k, start, end)
		}
		if !strings.Contains(seg.Text, "ask what you can do for your country") {
			t.Errorf("segment %d: %q", k, seg.Text)
		}
	}
	// The model lies outside the server's folder: this one runs in the foreground.
	out, errs, code := h.run("transcribe", video, "--model", model, "--language", "auto", "--format", "json")
	var again transcript.Transcript
	if err := json.Unmarshal([]byte(out), &again); code != 0 || err != nil {
		t.Fatalf("foreground: %d %v %s", code, err, errs)
	}
	if d := cmp.Diff(got, again); d != "" {
		t.Errorf("the command line hears something else: -http +cli\n%s", d)
	}
}

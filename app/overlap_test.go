package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// longVideo is so many times two minutes of the sparse clip, in stereo.
func longVideo(t *testing.T, times int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lecture.mka")
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-stream_loop", strconv.Itoa(times-1),
		"-i", clip(t, "sparse-two-minutes.opus"), "-ac", "2", "-ar", "16000", "-c:a", "flac", path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	return path
}

// slowly starts a server whose ffmpeg reads a source no faster than so many
// times its own pace, on a machine with so much memory free. All of the file
// is then not decoded before the engine can have heard its beginning.
func (h home) slowly(pace int, available int64) *server {
	h.t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		h.t.Fatal(err)
	}
	wrapper := filepath.Join(h.dir, "ffmpeg")
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = -nostdin ] && set -- -readrate %d \"$@\"\nexec %s \"$@\"\n", pace, ffmpeg)
	if err := os.WriteFile(wrapper, []byte(script), 0o700); err != nil {
		h.t.Fatal(err)
	}
	reading, err := json.Marshal(job.Reading{Level: job.Normal, Total: 2 * available, Available: available})
	if err != nil {
		h.t.Fatal(err)
	}
	memory := filepath.Join(h.dir, "memory.ndjson")
	if err := os.WriteFile(memory, reading, 0o600); err != nil {
		h.t.Fatal(err)
	}
	cmd := h.command(context.WithoutCancel(h.t.Context()), "serve", "--listen", "127.0.0.1:0")
	cmd.Env = append(cmd.Env, "SLUICE_MEDIA_FFMPEG="+wrapper, "SLUICE_MEMORY_SCRIPT="+memory)
	s := h.tend(cmd)
	s.url = h.discover(cmd.Process.Pid)
	return s
}

// Free memory: enough for both sides of an overlap, and for the engine alone.
const (
	roomForBoth = 8_000_000_000
	roomForOne  = 200_000_000
)

// growing says whether the sound of a job is still being made.
func (s *server) growing(id string) bool {
	_, err := os.Stat(filepath.Join(s.dir, "work", id, "audio.pcm.part"))
	return err == nil
}

func TestTheFirstWordsOfALongVideoComeBeforeItsExtractionEnds(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	video := longVideo(t, 16)
	want := inTurn(t, video)

	s := newHome(t).slowly(120, roomForBoth)
	id := s.submit(map[string]any{"source": video}, nil).ID
	early := s.firstWords(id)
	if v := s.job(id); v.Stage != "transcribe" || v.State != "running" {
		t.Errorf("while its sound is made the job is %+v", v)
	}
	done := s.await(id, "done")
	got := s.transcript(id)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("one after the other gives another transcript: -sequential +overlapped\n%s", d)
	}
	if d := cmp.Diff(early, got.Segments[:len(early)]); d != "" {
		t.Errorf("the first words: -early +in the end\n%s", d)
	}
	if !slices.Equal(done.runs("extract"), []string{"ok"}) || !slices.Equal(done.runs("transcribe"), []string{"ok"}) {
		t.Errorf("stages %+v", done.Stages)
	}
	var history struct {
		Stages []struct {
			StartedAt  time.Time `json:"started_at"`
			FinishedAt time.Time `json:"finished_at"`
		}
	}
	s.do(http.MethodGet, "/api/v1/jobs/"+id, nil, &history)
	if rows := history.Stages; len(rows) != 2 || !rows[1].StartedAt.Before(rows[0].FinishedAt) || rows[0].FinishedAt.Sub(rows[0].StartedAt) < 10*time.Second {
		t.Errorf("the history does not show that both worked at once: %+v", rows)
	}
}

// firstWords waits until there is text of a job, and wants its sound to be
// still growing then.
func (s *server) firstWords(id string) (said []transcript.Segment) {
	s.t.Helper()
	eventually(s.t, "there are words", func() bool {
		if v := s.job(id); v.State != "queued" && v.State != "running" {
			s.t.Fatalf("the job is %+v", v)
		}
		growing := s.growing(id)
		said = s.transcript(id).Segments
		if len(said) > 0 && !growing {
			s.t.Fatal("the first words came after the extraction")
		}
		return len(said) > 0
	})
	return said
}

// inTurn gives the transcript of a machine that has room for one side only.
func inTurn(t *testing.T, video string) transcript.Transcript {
	t.Helper()
	s := newHome(t).slowly(1000, roomForOne)
	id := s.submit(map[string]any{"source": video}, nil).ID
	eventually(t, "the sound is there", func() bool {
		v := s.job(id)
		if runs := v.runs("transcribe"); slices.Contains(v.runs("extract"), "running") && len(runs) > 0 {
			t.Fatalf("both sides work where there is room for one: %+v", v.Stages)
		}
		return slices.Equal(v.runs("extract"), []string{"ok"})
	})
	s.await(id, "done")
	return s.transcript(id)
}

func TestKilledWhileTheSoundStillGrowsAJobGoesOnFromItsLastSpan(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	video := longVideo(t, 5)
	want := inTurn(t, video)

	h := newHome(t)
	s := h.slowly(30, roomForBoth)
	id := s.submit(map[string]any{"source": video}, nil).ID
	s.firstWords(id)
	s.kill()
	eventually(t, "no process of it is left", func() bool { return len(h.processes()) == 0 })
	s = h.slowly(30, roomForBoth)
	done := s.await(id, "done")
	if d := cmp.Diff(want, s.transcript(id)); d != "" {
		t.Errorf("the transcript is another one: -undisturbed +killed\n%s", d)
	}
	if len(done.runs("transcribe")) != 2 {
		t.Errorf("stages %+v", done.Stages)
	}
	s.stop()
	if left := s.scratch(); len(left) > 1 {
		t.Errorf("left over: %v", left)
	}
}

func TestACancelWhileBothSidesWorkEndsBoth(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	h := newHome(t)
	s := h.slowly(20, roomForBoth)
	id := s.submit(map[string]any{"source": longVideo(t, 5)}, nil).ID
	s.firstWords(id)
	s.post("/api/v1/jobs/" + id + "/cancel")
	s.await(id, "canceled")
	eventually(t, "ffmpeg and the engine are gone", func() bool {
		return len(children(t, s.cmd.Process.Pid, "readrate")) == 0
	})
	if s.growing(id) {
		t.Error("half a sound is left over")
	}
}

func TestAnOverlapDoesNotHearTheSoundOfAnEarlierRun(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	s := newHome(t).slowly(60, roomForBoth)
	id := s.submit(map[string]any{"source": longVideo(t, 5)}, nil).ID
	s.await(id, "done")
	want := s.transcript(id)
	old := filepath.Join(s.dir, "work", id, "audio.pcm")
	info, err := os.Stat(old)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, make([]byte, info.Size()), 0o600); err != nil { // nobody speaks in it
		t.Fatal(err)
	}
	s.do(http.MethodPost, "/api/v1/jobs/"+id+"/retry", map[string]string{"from_stage": "extract"}, nil)
	eventually(t, "both sides work", func() bool { return s.growing(id) && s.job(id).Stage == "transcribe" })
	s.await(id, "done")
	if d := cmp.Diff(want, s.transcript(id)); d != "" {
		t.Errorf("the transcript is another one: -first +again\n%s", d)
	}
}

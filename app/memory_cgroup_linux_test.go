package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sluice/internal/job"
	"sluice/internal/models"
	"sluice/internal/modeltest"
)

// Where one engine fits and three do not.
func TestInAMemoryCgroup(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	e := weigh(t, modeltest.Model{Positions: 600})
	t.Logf("one job takes %s in all; the limit is %s", job.FormatBytes(e.alone), job.FormatBytes(e.limit))
	t.Run("three jobs sent at once are done one by one", func(t *testing.T) {
		t.Parallel()
		threeAtOnce(t, e)
	})
	t.Run("an engine that is killed for memory is named, and its job goes on when there is room", func(t *testing.T) {
		t.Parallel()
		killedForMemory(t, e)
	})
	t.Run("an engine that is killed for memory twice in one place ends its job, and a smaller model is named", func(t *testing.T) {
		t.Parallel()
		killedForMemoryTwice(t, e)
	})
	t.Run("nothing starts beside a hog until it ends", func(t *testing.T) {
		t.Parallel()
		besideAHog(t, e)
	})
	t.Run("the file of the model in the cache is no reason to wait", func(t *testing.T) {
		t.Parallel()
		fileInTheCache(t, e)
	})
}

func threeAtOnce(t *testing.T, e engineWeight) {
	t.Helper()
	g := newGroup(t)
	g.limit(e.limit)
	s := g.serve(e.home(t))
	var ids []string
	for i := range 3 {
		ids = append(ids, s.submit(map[string]any{"source": speech(t, 10*i, 10), "model": e.name()}, nil).ID)
	}
	eventually(t, "all three are done", func() bool {
		now := s.counts()
		if engines := children(t, s.cmd.Process.Pid, "engine"); now.Running > 1 || len(engines) > 1 {
			t.Fatalf("%d jobs run, in engines %v", now.Running, engines)
		}
		if now.Failed > 0 {
			t.Fatalf("a job failed: %+v", s.list("failed"))
		}
		return now.Done == len(ids)
	})
	for _, id := range ids {
		j := s.job(id)
		if !slices.Equal(j.runs("transcribe"), []string{"ok"}) || j.Attempts+j.Crashes != 0 {
			t.Errorf("job %+v", j)
		}
		e.expectText(s, id)
	}
	if g.kills() != 0 || g.peak() > e.limit {
		t.Errorf("%d processes were killed, and %s was the most that was held", g.kills(), job.FormatBytes(g.peak()))
	}
}

func killedForMemory(t *testing.T, e engineWeight) {
	t.Helper()
	video := speech(t, 100, 90)
	var g group
	var s *server
	var j view
	var before int
	besides(t, func() hog {
		g = newGroup(t)
		g.limit(e.limit)
		s = g.serve(e.home(t))
		j = s.submit(map[string]any{"source": video, "model": e.name()}, nil)
		eventually(t, "something of it is transcribed", func() bool { return len(s.transcript(j.ID).Segments) > 0 })
		before = len(s.transcript(j.ID).Segments)
		hog := g.hog()
		hog.grow(e.limit)
		return hog
	})

	waiting := s.awaitMemory(j.ID)
	if g.kills() == 0 {
		t.Fatal("nobody was killed")
	}
	if happened(s.history(j.ID), event{Code: "engine_out_of_memory"}) != 1 || happenedTo(waiting.runs("transcribe"), "engine_out_of_memory") != 1 {
		t.Errorf("history %+v, stages %+v", s.history(j.ID), waiting.Stages)
	}
	if said := waiting.told(); !death(e.name()).MatchString(said) {
		t.Errorf("of the death it says %q", said)
	}
	if got := len(s.transcript(j.ID).Segments); got < before {
		t.Errorf("%d segments were there, %d are left", before, got)
	}
	if status, text := s.call("GET", "/healthz", nil, nil, nil); status != 200 {
		t.Errorf("the server says %d %s", status, text)
	}

	kills := g.kills()
	g.limit(2 * e.limit)
	done := s.await(j.ID, "done")
	if runs := done.runs("extract"); !slices.Equal(runs, []string{"ok"}) || done.Crashes != 0 || done.Error != nil {
		t.Errorf("done, it is %+v, error %+v", done, done.Error)
	}
	e.expectText(s, j.ID)
	if g.kills() != kills {
		t.Errorf("%d more processes were killed", g.kills()-kills)
	}
}

// besides starves an engine until the hog has outlived it. While the memory of
// the one is still on its way back, the kernel may kill the other too: that is
// its choice, and no place to look at ours.
func besides(t *testing.T, starve func() hog) {
	t.Helper()
	for range 5 {
		hog := starve()
		pause(time.Second)
		if !gone(hog.cmd.Process.Pid) {
			return
		}
		t.Log("the kernel killed the hog too: once more")
	}
	t.Fatal("the kernel always killed the hog too")
}

// killedForMemoryTwice holds the engine in its first span, so that there is no
// progress between the two deaths. The limit is raised by just enough for a new start,
// so that memory is gone again before the gate can give way.
func killedForMemoryTwice(t *testing.T, e engineWeight) {
	t.Helper()
	video := speech(t, 700, 10)
	var g group
	var s *server
	var j view
	var eater hog
	starve := func() hog {
		t.Helper()
		var engine []int
		eventually(t, "the engine has its model", func() bool {
			engine = children(t, s.cmd.Process.Pid, "engine")
			return len(engine) == 1 && resident(t, engine[0])*1e6 > float64(e.alone)/2 && syscall.Kill(engine[0], syscall.SIGSTOP) == nil
		})
		eater.grow(4 * e.limit)
		return eater
	}

	besides(t, func() hog {
		g = newGroup(t)
		g.limit(e.limit)
		s = g.serve(e.home(t))
		j = s.submit(map[string]any{"source": video, "model": e.name()}, nil)
		eater = g.hog()
		return starve()
	})
	s.awaitMemory(j.ID)
	g.limit(e.limit / 4 * 7)
	starve()
	failed := s.await(j.ID, "failed")
	// There may be more: a probe of the app's that came at the wrong moment, or the hog.
	if g.kills() < 2 {
		t.Errorf("%d processes were killed", g.kills())
	}
	if failed.Error.Code != "engine_out_of_memory" || !regexp.MustCompile(`next smaller model: [a-z0-9._-]+[a-z0-9]\.`).MatchString(failed.Error.Hint) {
		t.Errorf("it failed with %+v", failed.Error)
	}
	if happenedTo(failed.runs("transcribe"), "engine_out_of_memory") != 2 {
		t.Errorf("its stages are %+v", failed.Stages)
	}

	eater.end()
	if status, text := s.call("POST", "/api/v1/jobs/"+j.ID+"/retry", nil, nil, nil); status != 200 {
		t.Fatalf("the retry says %d %s", status, text)
	}
	s.await(j.ID, "done")
	e.expectText(s, j.ID)
}

// awaitMemory waits until a job is back in the line for memory.
func (s *server) awaitMemory(id string) (waiting view) {
	s.t.Helper()
	eventually(s.t, "the job waits for memory", func() bool {
		waiting = s.job(id)
		if waiting.State == "failed" || waiting.State == "done" {
			s.t.Fatalf("it is %+v, error %+v", waiting, waiting.Error)
		}
		return waiting.State == "queued" && waiting.Reason == "memory"
	})
	return waiting
}

// told is all that a job says of why it waits.
func (v view) told() string {
	if v.Error == nil {
		return v.ReasonText
	}
	return v.ReasonText + " " + v.Error.Message + " " + v.Error.Hint
}

// death is how the end of an engine is told: what ran out, what was needed,
// and when it goes on.
func death(model string) *regexp.Regexp {
	const bytes = `[0-9.]+ [MG]B`
	return regexp.MustCompile(`memory ran out: ` + model + ` needed ` + bytes + `, ` + bytes + ` was free\..* starts again when ` + bytes + ` is free`)
}

// figures counts the amounts of memory that a text names.
func figures(text string) int {
	return len(regexp.MustCompile(`[0-9.]+ [MG]B`).FindAllString(text, -1))
}

func besideAHog(t *testing.T, e engineWeight) {
	t.Helper()
	g := newGroup(t)
	g.limit(e.limit)
	s := g.serve(e.home(t))
	hog := g.hog()
	hog.grow(e.limit - e.alone*3/4)
	j := s.submit(map[string]any{"source": speech(t, 400, 10), "model": e.name()}, nil)
	waiting := s.awaitMemory(j.ID)
	if said := waiting.ReasonText; !strings.Contains(said, "needs") || !strings.Contains(said, "free") || figures(said) < 2 {
		t.Errorf("it says %q", said)
	}
	pause(5 * time.Second) // more than two looks at the memory
	if still := s.job(j.ID); still.Reason != "memory" || len(still.runs("transcribe")) != 0 || len(children(t, s.cmd.Process.Pid, "engine")) != 0 {
		t.Errorf("beside the hog it is %+v", still)
	}
	hog.end()
	s.await(j.ID, "done")
	e.expectText(s, j.ID)
	if g.kills() != 0 {
		t.Errorf("%d processes were killed", g.kills())
	}
}

// fileInTheCache has the group pay for the cache of the model's file, which is
// read twice, by the digest and by the engine. All of it can be had back.
func fileInTheCache(t *testing.T, e engineWeight) {
	t.Helper()
	h := newHome(t)
	file := filepath.Join(h.dir, "models", "fresh.bin")
	if err := (modeltest.Model{Positions: 600, Seed: 1}).Write(file); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)); err != nil {
		t.Fatal(err)
	}
	g := newGroup(t)
	g.limit(e.limit + 100<<20) // less than the file
	s := g.serve(h)
	for i := range 2 {
		j := s.submit(map[string]any{"source": speech(t, 500+10*i, 10), "model": "fresh"}, nil)
		s.await(j.ID, "done")
		if n := happened(s.history(j.ID), event{Reason: "memory"}); n != 0 {
			t.Errorf("job %d was put back %d times", i+1, n)
		}
	}
	if g.kills() != 0 {
		t.Errorf("%d processes were killed", g.kills())
	}
}

// engineWeight is a model that nobody trained, and what an engine takes with it.
type engineWeight struct {
	model string // its file
	alone int64  // the most that one job takes, together with the app and ffmpeg
	limit int64  // of a group in which one fits and three do not
}

// weigh makes the model and measures one job in a group without a limit. The
// program's own guess for a model it has never run is above what this one
// takes, and has to fit too.
func weigh(t testing.TB, m modeltest.Model) engineWeight {
	t.Helper()
	g := newGroup(t)
	e := engineWeight{model: filepath.Join(t.TempDir(), "untrained.bin")}
	if err := m.Write(e.model); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(e.model)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := newHome(t).command(ctx, "transcribe", "--model", e.model, speech(t, 0, 10))
	g.enter(cmd)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), modeltest.Says) {
		t.Fatalf("one job alone: %v, %q, %s", err, out, &errs)
	}
	e.alone = g.peak()
	// The need has to fit the ceiling, and what is left beside the app itself.
	need := models.NeedBytes(info.Size())
	e.limit = max(e.alone/10*16, need/90*100+1<<20, need/95*100+idle(t)*5/2)
	if e.limit >= e.alone/2*5 {
		t.Fatalf("one job takes %s, and needs a limit of %s: three might fit", job.FormatBytes(e.alone), job.FormatBytes(e.limit))
	}
	return e
}

// idle is what a server takes before it does anything.
func idle(t testing.TB) int64 {
	t.Helper()
	g := newGroup(t)
	s := g.serve(newHome(t))
	s.stop()
	return g.peak()
}

// name is what jobs call the model.
func (e engineWeight) name() string { return strings.TrimSuffix(filepath.Base(e.model), ".bin") }

// home is a data folder with the model installed.
func (e engineWeight) home(t testing.TB) home {
	t.Helper()
	h := newHome(t)
	if err := os.Link(e.model, filepath.Join(h.dir, "models", filepath.Base(e.model))); err != nil {
		t.Fatal(err)
	}
	return h
}

func (e engineWeight) expectText(s *server, id string) {
	s.t.Helper()
	if t := s.transcript(id); !t.Complete || !strings.Contains(text(t), modeltest.Says) {
		s.t.Errorf("the transcript is %+v", t)
	}
}

// speech is a video file in which somebody counts: so many numbers, the first
// one says where from. No two of them have the same words.
func speech(t testing.TB, from, numbers int) string {
	t.Helper()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed: no voice to test with")
	}
	var words strings.Builder
	for n := range numbers {
		fmt.Fprintf(&words, "%d.\n\n", from+n)
	}
	dir := t.TempDir()
	sound, file := filepath.Join(dir, "counting.wav"), filepath.Join(dir, fmt.Sprintf("from-%d.mp4", from))
	for _, args := range [][]string{
		{"espeak-ng", "-w", sound, words.String()},
		{"ffmpeg", "-v", "error", "-i", sound, "-c:a", "aac", file},
	} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v, %s", args, err, out)
		}
	}
	return file
}

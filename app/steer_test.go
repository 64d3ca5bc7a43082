package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestARetryDoesOnlyWhatItIsAskedTo(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	h.installOther("sluice-other")
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav")}, nil)
	first := s.await(j.ID, "done")
	heard := text(s.transcript(j.ID))
	retries := []struct {
		about               string
		retry               func()
		extract, transcribe string // how the last run of each stage ended; "" = there was no new one
		model               string
	}{
		{"keeps what is finished", func() { s.post("/api/v1/jobs/" + j.ID + "/retry") }, "", "reused", "sluice-tiny"},
		{"from a stage on", func() { s.cli("retry", j.ID, "--from", "transcribe") }, "", "ok", "sluice-tiny"},
		{"from the first stage on", func() {
			s.do(http.MethodPost, "/api/v1/jobs/"+j.ID+"/retry", map[string]string{"from_stage": "extract"}, nil)
		}, "ok", "ok", "sluice-tiny"},
		{"with another model", func() { s.cli("retry", j.ID, "--model", "sluice-other") }, "", "ok", "sluice-other"},
		{"with the model it had", func() {
			s.do(http.MethodPost, "/api/v1/jobs/"+j.ID+"/retry", map[string]string{"model": "sluice-tiny"}, nil)
		}, "", "reused", "sluice-tiny"},
	}
	before := first
	for i, r := range retries {
		r.retry()
		done := s.await(j.ID, "done")
		for stage, last := range map[string]string{"extract": r.extract, "transcribe": r.transcribe} {
			want := before.runs(stage)
			if last != "" {
				want = append(want, last)
			}
			if got := done.runs(stage); !slices.Equal(got, want) {
				t.Errorf("%s: runs of %s: %v, want %v", r.about, stage, got, want)
			}
		}
		if got := text(s.transcript(j.ID)); got != heard || done.Model != r.model || done.Attempts+done.Crashes != 0 {
			t.Errorf("%s: %q by %s, job %+v", r.about, got, done.Model, done)
		}
		if n := happened(s.history(j.ID), event{Verb: "retry", From: "done", To: "queued"}); n != i+1 {
			t.Errorf("%s: %d retries are written down", r.about, n)
		}
		before = done
	}
	if out := s.cli("show", j.ID, "--history"); !strings.Contains(out, "retried") || !strings.Contains(out, "stage finished") {
		t.Errorf("show says\n%s", out)
	}
	s.want(http.StatusUnprocessableEntity, "model_unknown", http.MethodPost, "/api/v1/jobs/"+j.ID+"/retry", map[string]string{"model": "nobody-knows"})
	s.want(http.StatusUnprocessableEntity, "request_invalid", http.MethodPost, "/api/v1/jobs/"+j.ID+"/retry", map[string]string{"from_stage": "dream"})
	s.want(http.StatusNotFound, "job_unknown", http.MethodPost, "/api/v1/jobs/nobody/retry", nil)
}

// installOther installs the small model again, under another name and with
// one bit turned: the same words from other content.
func (h home) installOther(name string) {
	h.t.Helper()
	body, err := os.ReadFile(filepath.Join(h.dir, "models", "sluice-tiny.bin"))
	if err != nil {
		h.t.Fatal(err)
	}
	body[len(body)-4] ^= 1 // the least bit of the last weight
	if err := os.WriteFile(filepath.Join(h.dir, "models", name+".bin"), body, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// cli runs a command that must succeed and gives what it prints.
func (s *server) cli(args ...string) string {
	s.t.Helper()
	out, errs, code := s.run(args...)
	if code != 0 {
		s.t.Fatalf("%v: code %d\n%s%s", args, code, out, errs)
	}
	return out
}

// want makes a request that must be refused, in the API's words and with its code.
func (s *server) want(status int, code, method, path string, body any) {
	s.t.Helper()
	got, text := s.ask(method, path, body, nil)
	if got != status || !strings.Contains(text, `"`+code+`"`) {
		s.t.Errorf("%s %s: %d %s, want %d %s", method, path, got, text, status, code)
	}
}

// paused starts a server whose line is paused, with so many jobs in it.
func paused(t *testing.T, jobs int) (*server, []string) {
	t.Helper()
	s := newHome(t).serve()
	s.post("/api/v1/queue/pause")
	var ids []string
	for i := range jobs {
		ids = append(ids, s.submit(map[string]any{"source": clip(t, "seen-004.wav"), "title": fmt.Sprint("talk ", i)}, nil).ID)
	}
	return s, ids
}

// line is the order of the queued jobs, by their index in ids.
func (s *server) line(ids []string) (order []int) {
	s.t.Helper()
	for i, j := range s.list("queued") {
		order = append(order, slices.Index(ids, j.ID))
		if j.Position != i+1 || s.job(j.ID).Position != i+1 {
			s.t.Errorf("number %d in line says that it is number %d", i+1, j.Position)
		}
	}
	return order
}

func TestJobsRunInTheOrderThatTheyAreMovedTo(t *testing.T) {
	t.Parallel()
	s, ids := paused(t, 5)
	move := func(i int, to any) { s.do(http.MethodPost, "/api/v1/jobs/"+ids[i]+"/move", to, nil) }
	steps := []struct {
		about string
		do    func()
		want  []int
	}{
		{"as they came", func() {}, []int{0, 1, 2, 3, 4}},
		{"the last to the front", func() { s.cli("move", ids[4], "--front") }, []int{4, 0, 1, 2, 3}},
		{"one to the back", func() { move(1, map[string]string{"to": "back"}) }, []int{4, 0, 2, 3, 1}},
		{"one before another", func() { move(3, map[string]string{"before": ids[0]}) }, []int{4, 3, 0, 2, 1}},
		{"by the command line too", func() { s.cli("move", ids[1], "--before", ids[4]) }, []int{1, 4, 3, 0, 2}},
		{"more urgent", func() { s.cli("move", ids[2], "--priority", "10") }, []int{2, 1, 4, 3, 0}},
		{"less urgent", func() {
			s.do(http.MethodPost, "/api/v1/jobs/"+ids[1]+"/priority", map[string]int{"priority": -1}, nil)
		}, []int{2, 4, 3, 0, 1}},
		{"the front is that of its priority", func() { move(0, map[string]string{"to": "front"}) }, []int{2, 0, 4, 3, 1}},
		{"before one that is more urgent it is as urgent", func() { move(3, map[string]string{"before": ids[2]}) }, []int{3, 2, 0, 4, 1}},
	}
	for _, step := range steps {
		step.do()
		if got := s.line(ids); !slices.Equal(got, step.want) {
			t.Fatalf("%s: the line is %v, want %v", step.about, got, step.want)
		}
	}
	if j := s.job(ids[3]); j.Priority != 10 {
		t.Errorf("its priority is %d", j.Priority)
	}
	s.want(http.StatusUnprocessableEntity, "request_invalid", http.MethodPost, "/api/v1/jobs/"+ids[0]+"/move", map[string]string{"to": "moon"})
	s.want(http.StatusUnprocessableEntity, "request_invalid", http.MethodPost, "/api/v1/jobs/"+ids[0]+"/priority", map[string]int{"priority": 512})

	s.post("/api/v1/queue/resume")
	want := steps[len(steps)-1].want
	var began time.Time
	for _, i := range want {
		j := s.await(ids[i], "done")
		if j.StartedAt.Before(began) {
			t.Errorf("job %d began before the one that stood before it; the line was %v", i, want)
		}
		began = j.StartedAt
	}
	s.want(http.StatusConflict, "job_final", http.MethodPost, "/api/v1/jobs/"+ids[0]+"/move", map[string]string{"to": "front"})
}

func TestAHeldJobStandsAsideUntilItIsReleased(t *testing.T) {
	t.Parallel()
	s, ids := paused(t, 3)
	s.cli("hold", ids[0], ids[1])
	s.post("/api/v1/queue/resume")
	s.await(ids[2], "done")
	s.stop()
	s = s.serve() // it is still held after a restart
	for _, id := range ids[:2] {
		if j := s.job(id); j.State != "queued" || j.Reason != "held" {
			t.Errorf("held, it is %s for %q", j.State, j.Reason)
		}
	}
	s.cli("release", ids[1])
	s.await(ids[1], "done")
	if j := s.job(ids[0]); j.Reason != "held" {
		t.Errorf("the other is %s for %q", j.State, j.Reason)
	}
	s.post("/api/v1/jobs/" + ids[0] + "/release")
	s.await(ids[0], "done")
	events := s.history(ids[0])
	if happened(events, event{Verb: "hold", Reason: "held"}) != 1 || happened(events, event{Verb: "release"}) != 1 {
		t.Errorf("history %+v", events)
	}
	s.want(http.StatusConflict, "job_final", http.MethodPost, "/api/v1/jobs/"+ids[0]+"/hold", nil)
}

func TestAJobIsNotStartedBeforeItsTime(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	s := newHome(t).serve()
	at := time.Now().Add(4 * time.Second).Truncate(time.Millisecond)
	soon := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "not_before": at.Format(time.RFC3339Nano)}, nil)
	if soon.State != "queued" || soon.Reason != "scheduled" || !soon.Until.Equal(at) {
		t.Errorf("accepted as %s for %q until %v", soon.State, soon.Reason, soon.Until)
	}
	var later view
	if err := json.Unmarshal([]byte(s.cli("add", clip(t, "seen-001.wav"), "--not-before", "+1h", "--json")), &later); err != nil {
		t.Fatal(err)
	}
	s.await(s.submit(map[string]any{"source": clip(t, "seen-002.wav")}, nil).ID, "done") // they do not stand in the way
	if done := s.await(soon.ID, "done"); done.StartedAt.Before(at) {
		t.Errorf("began %v too early", at.Sub(done.StartedAt))
	}
	if j := s.job(later.ID); j.Reason != "scheduled" {
		t.Errorf("an hour early it is %s for %q", j.State, j.Reason)
	}
	s.cli("release", later.ID)
	s.await(later.ID, "done")
}

func TestAHeldJobStartsByItselfWhenItsTimeHasCome(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	s, ids := paused(t, 3)
	s.cli("hold", ids[0], ids[1])
	at := time.Now().Add(4 * time.Second).Truncate(time.Millisecond)
	var soon view
	s.do(http.MethodPost, "/api/v1/jobs/"+ids[0]+"/hold", map[string]any{"until": at.Format(time.RFC3339Nano)}, &soon)
	if soon.State != "queued" || soon.Reason != "scheduled" || !soon.Until.Equal(at) {
		t.Errorf("put off, it is %s for %q until %v", soon.State, soon.Reason, soon.Until)
	}
	if out := s.cli("hold", ids[1], "--until", "+1h"); !strings.Contains(out, "is not started before") {
		t.Error(out)
	}
	s.post("/api/v1/queue/resume")
	s.await(ids[2], "done") // they do not stand in the way
	if done := s.await(ids[0], "done"); done.StartedAt.Before(at) {
		t.Errorf("began %v too early", at.Sub(done.StartedAt))
	}
	if j := s.job(ids[1]); j.Reason != "scheduled" {
		t.Errorf("an hour early it is %s for %q", j.State, j.Reason)
	}
	s.want(422, "request_invalid", http.MethodPost, "/api/v1/jobs/"+ids[1]+"/hold", map[string]any{"until": time.Now().Add(-time.Hour)})
	s.cli("release", ids[1])
	s.await(ids[1], "done")
	events := s.history(ids[1])
	for like, want := range map[event]int{{Verb: "hold", Reason: "held"}: 1, {Verb: "hold", Reason: "scheduled"}: 1, {Verb: "release"}: 1} {
		if happened(events, like) != want {
			t.Errorf("%+v not %d times in %+v", like, want, events)
		}
	}
}

// stopsWithin is how long a canceled job may take here. Two seconds are
// promised; a machine that is busy with other tests gets more.
const stopsWithin = 10 * time.Second

func TestARunningJobIsCanceledSoonAndCanGoOnLater(t *testing.T) {
	t.Parallel()
	notAllDay(t)
	tests := map[string]struct {
		source func(t *testing.T) string
		stage  string
		runs   map[string][]string // after the retry
	}{
		"while it extracts":    {silence, "extract", map[string][]string{"extract": {"canceled_by_user", "ok"}, "transcribe": {"ok"}}},
		"while it transcribes": {longClip, "transcribe", map[string][]string{"extract": {"ok"}, "transcribe": {"canceled_by_user", "ok"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newHome(t).serve()
			j := s.submit(map[string]any{"source": tt.source(t)}, nil)
			behind := s.submit(map[string]any{"source": clip(t, "seen-004.wav")}, nil)
			s.cli("hold", behind.ID)
			eventually(t, "a child works", func() bool {
				now := s.job(j.ID)
				extracted := slices.Equal(now.runs("extract"), []string{"ok"}) // it may go on beside the engine
				return now.Stage == tt.stage && extracted == (tt.stage != "extract") && len(children(t, s.cmd.Process.Pid, "")) > 0
			})
			for path, body := range map[string]any{"hold": nil, "release": nil, "move": map[string]string{"to": "back"}} {
				s.want(http.StatusConflict, "job_running", http.MethodPost, "/api/v1/jobs/"+j.ID+"/"+path, body)
			}
			s.want(http.StatusConflict, "job_live", http.MethodDelete, "/api/v1/jobs/"+j.ID, nil)
			began := time.Now()
			s.cli("cancel", j.ID)
			s.await(j.ID, "canceled")
			eventually(t, "no process is left", func() bool { return len(children(t, s.cmd.Process.Pid, "")) == 0 })
			took := time.Since(began)
			t.Logf("stopped after %v", took)
			if took > stopsWithin {
				t.Errorf("it took %v to stop", took)
			}
			s.want(http.StatusConflict, "job_final", http.MethodPost, "/api/v1/jobs/"+j.ID+"/cancel", nil)
			s.cli("retry", j.ID)
			done := s.await(j.ID, "done")
			for stage, want := range tt.runs {
				if got := done.runs(stage); !slices.Equal(got, want) {
					t.Errorf("runs of %s: %v, want %v", stage, got, want)
				}
			}
		})
	}
}

func longClip(t *testing.T) string { t.Helper(); return clip(t, "three-minutes.mp4") }

func TestAJobThatWaitsIsCanceledAtOnceWhateverItWaitsFor(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	source := clip(t, "seen-000.wav")
	waits := map[string]string{
		"scheduled": s.submit(map[string]any{"source": source, "not_before": time.Now().Add(time.Hour)}, nil).ID,
		"model":     s.submit(map[string]any{"source": source, "model": "tiny.en"}, nil).ID,
	}
	s.post("/api/v1/queue/pause")
	waits["held"] = s.submit(map[string]any{"source": source, "title": "held"}, nil).ID
	s.cli("hold", waits["held"])
	waits["paused"] = s.submit(map[string]any{"source": source, "title": "paused"}, nil).ID
	for reason, id := range waits {
		if j := s.job(id); j.State != "queued" || j.Reason != reason && j.Reason != "paused" {
			t.Errorf("%s: it is %s for %q", reason, j.State, j.Reason)
		}
		var j view
		s.do(http.MethodPost, "/api/v1/jobs/"+id+"/cancel", nil, &j)
		if j.State != "canceled" || j.Position != 0 {
			t.Errorf("%s: canceled, it is %s at %d", reason, j.State, j.Position)
		}
	}
	s.post("/api/v1/queue/resume")
	s.await(s.submit(map[string]any{"source": clip(t, "seen-004.wav")}, nil).ID, "done")
	for reason, id := range waits {
		if j := s.job(id); j.State != "canceled" || len(j.Stages) != 0 {
			t.Errorf("%s: it ran: %+v", reason, j)
		}
	}
	s.want(http.StatusNotFound, "job_unknown", http.MethodPost, "/api/v1/jobs/nobody/cancel", nil)
}

func TestADeletedJobIsGoneWithAllItHasLeft(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	file := map[string]any{"source": clip(t, "seen-000.wav")}
	first := s.await(s.submit(file, nil).ID, "done")
	second := s.await(s.submit(file, nil).ID, "done") // takes over what the first has made
	heard := text(s.transcript(second.ID))
	if _, err := os.Stat(filepath.Join(h.dir, "work", first.ID)); err != nil {
		t.Fatal(err)
	}
	s.do(http.MethodDelete, "/api/v1/jobs/"+first.ID, nil, nil)
	for _, path := range []string{"", "/transcript", "/transcript?format=srt", "/history"} {
		s.want(http.StatusNotFound, "job_unknown", http.MethodGet, "/api/v1/jobs/"+first.ID+path, nil)
	}
	s.want(http.StatusNotFound, "job_unknown", http.MethodDelete, "/api/v1/jobs/"+first.ID, nil)
	eventually(t, "its workdir is gone", func() bool {
		_, err := os.Stat(filepath.Join(h.dir, "work", first.ID))
		return os.IsNotExist(err)
	})
	if jobs := s.list(""); len(jobs) != 1 || jobs[0].ID != second.ID {
		t.Errorf("listed are %+v", jobs)
	}
	if got := text(s.transcript(second.ID)); got != heard || got == "" {
		t.Errorf("the other's text is %q, was %q", got, heard)
	}
	s.cli("delete", second.ID)
	if b := s.counts(); b != (counts{}) {
		t.Errorf("counted are %+v", b)
	}
	// Nobody is left who has made it.
	if done := s.await(s.submit(file, nil).ID, "done"); !slices.Equal(done.runs("transcribe"), []string{"ok"}) {
		t.Errorf("stages %+v", done.Stages)
	}
}

func TestAWholeStateIsClearedAtOnce(t *testing.T) {
	t.Parallel()
	s, ids := paused(t, 4)
	s.cli("hold", ids[0])
	if out := s.cli("cancel", "--all"); !strings.Contains(out, "4") || s.counts() != (counts{Canceled: 4}) {
		t.Errorf("%q, and the board counts %+v", out, s.counts())
	}
	s.cli("retry", ids[3])
	s.post("/api/v1/queue/resume")
	s.await(ids[3], "done")
	if _, errs, code := s.run("delete", "--state", "canceled"); code != 2 || !strings.Contains(errs, "--yes") {
		t.Errorf("nobody was asked, and it ends with %d: %s", code, errs)
	}
	s.cli("delete", "--state", "canceled", "--yes")
	if got := s.counts(); got != (counts{Done: 1}) {
		t.Errorf("the board counts %+v", got)
	}
	var cleared struct{ Count int }
	s.do(http.MethodPost, "/api/v1/jobs/clear", map[string]string{"state": "done"}, &cleared)
	if got := s.counts(); cleared.Count != 1 || got != (counts{}) || len(s.list("")) != 0 {
		t.Errorf("cleared %d, and the board counts %+v", cleared.Count, got)
	}
	s.want(http.StatusUnprocessableEntity, "request_invalid", http.MethodPost, "/api/v1/jobs/clear", map[string]string{"state": "running"})
}

func TestFiftyAtOnceWithOneKeyMakeOneJob(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	s.post("/api/v1/queue/pause")
	requests := map[string]struct {
		body    string
		headers map[string]string
	}{
		"a key":            {fmt.Sprintf(`{"source": %q}`, clip(t, "seen-000.wav")), map[string]string{"Idempotency-Key": "one"}},
		"a key of a batch": {fmt.Sprintf(`{"jobs": [{"source": %q, "title": "in a batch"}]}`, clip(t, "seen-001.wav")), map[string]string{"Idempotency-Key": "two"}},
		"one identity":     {fmt.Sprintf(`{"source": %q}`, clip(t, "seen-002.wav")), nil},
	}
	for name, r := range requests {
		var mu sync.Mutex
		var all sync.WaitGroup
		ids, accepted := map[string]bool{}, 0
		for range 50 {
			all.Go(func() {
				var one struct {
					view

					Jobs []view
				}
				status, text, err := s.try(http.MethodPost, "/api/v1/jobs", strings.NewReader(r.body), r.headers, &one)
				if err != nil || status != http.StatusAccepted && status != http.StatusOK {
					t.Errorf("%s: %d %s, %v", name, status, text, err)
					return
				}
				j := append(one.Jobs, one.view)[0]
				mu.Lock()
				defer mu.Unlock()
				ids[j.ID] = true
				if status == http.StatusAccepted {
					accepted++
				}
				if j.Existing != (status == http.StatusOK) {
					t.Errorf("%s: existing %v comes with status %d", name, j.Existing, status)
				}
			})
		}
		all.Wait()
		if len(ids) != 1 || accepted != 1 {
			t.Errorf("%s: %d jobs, %d accepted", name, len(ids), accepted)
		}
	}
	if got := s.counts(); got.Queued != len(requests) {
		t.Errorf("the board counts %+v", got)
	}
	other := bytes.NewReader([]byte(fmt.Sprintf(`{"source": %q}`, clip(t, "seen-004.wav"))))
	if status, text := s.call(http.MethodPost, "/api/v1/jobs", other, map[string]string{"Idempotency-Key": "one"}, nil); status != http.StatusConflict || !strings.Contains(text, "idempotency_key_reused") {
		t.Errorf("the key with another body: %d %s", status, text)
	}
}

func TestTheSameFileTwiceIsOneJobAndThenOneTranscription(t *testing.T) {
	t.Parallel()
	s := newHome(t).serve()
	file := map[string]any{"source": clip(t, "window-0.wav")}
	first := s.submit(file, nil)
	if second := s.submit(file, nil); second.ID != first.ID || !second.Existing {
		t.Errorf("two live jobs for one file: %s, %s", first.ID, second.ID)
	}
	s.await(first.ID, "done")
	later := s.submit(file, nil)
	if later.ID == first.ID {
		t.Fatal("a final job was returned")
	}
	done := s.await(later.ID, "done")
	if len(done.Stages) != 1 || !done.Stages[0].Reused {
		t.Errorf("stages %+v", done.Stages)
	}
	if a, b := text(s.transcript(first.ID)), text(s.transcript(later.ID)); a != b || a == "" {
		t.Errorf("%q != %q", a, b)
	}
}

// event is one transition of a job.
type event struct{ Verb, From, To, Reason, Stage, Code string }

// history is what happened to a job, oldest first.
func (s *server) history(id string) []event {
	s.t.Helper()
	var h struct{ Events []event }
	if status, text := s.call(http.MethodGet, "/api/v1/jobs/"+id+"/history", nil, nil, &h); status != http.StatusOK {
		s.t.Fatalf("history of %s: %d %s", id, status, text)
	}
	return h.Events
}

// happened counts what is like one event in a history; empty members fit all.
func happened(events []event, like event) (n int) {
	fits := func(want, got string) bool { return want == "" || want == got }
	for _, e := range events {
		if fits(like.Verb, e.Verb) && fits(like.From, e.From) && fits(like.To, e.To) &&
			fits(like.Reason, e.Reason) && fits(like.Stage, e.Stage) && fits(like.Code, e.Code) {
			n++
		}
	}
	return n
}

// list gives all jobs of a state, page by page; "" is every state.
func (s *server) list(state string) (jobs []view) {
	s.t.Helper()
	for cursor := ""; ; {
		var page struct {
			Jobs []view
			Next string
		}
		q := url.Values{"limit": {"100"}, "cursor": {cursor}, "state": {state}}
		for name := range q {
			if q.Get(name) == "" {
				q.Del(name)
			}
		}
		if status, text := s.call(http.MethodGet, "/api/v1/jobs?"+q.Encode(), nil, nil, &page); status != http.StatusOK {
			s.t.Fatalf("list: %d %s", status, text)
		}
		jobs = append(jobs, page.Jobs...)
		if cursor = page.Next; cursor == "" {
			return jobs
		}
	}
}

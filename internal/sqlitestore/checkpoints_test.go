package sqlitestore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
	"sluice/internal/storetest"
	"sluice/internal/transcript"
)

// bench is a store with one running job.
type bench struct {
	*testing.T
	*sqlitestore.Store
	path  string
	clock *storetest.Clock
	lease job.Lease
}

func newBench(t *testing.T) *bench {
	t.Helper()
	clock := storetest.NewClock()
	path := filepath.Join(t.TempDir(), "sluice.db")
	s := open(t, sqlitestore.Config{Path: path, Now: clock.Now})
	return &bench{T: t, Store: s, path: path, clock: clock, lease: take(t, s, submit(t, s, draft("talk"))[0].ID)}
}

// another is the lease of one more running job.
func (b *bench) another() job.Lease {
	b.Helper()
	return take(b, b.Store, submit(b, b.Store, draft("another"))[0].ID)
}

func (b *bench) text(id string) transcript.Transcript {
	b.Helper()
	tr, err := b.Transcript(b.Context(), id)
	must(b, err)
	return tr
}

func (b *bench) same(what string, got, want any) {
	b.Helper()
	if d := cmp.Diff(want, got); d != "" {
		b.Errorf("%s differs (-want +got):\n%s", what, d)
	}
}

func span(from, to int64, language string, texts ...string) pipeline.Span {
	sp := pipeline.Span{FromMS: from, ToMS: to, Language: language}
	for i, text := range texts {
		at := from + int64(i)*100
		sp.Segments = append(sp.Segments, transcript.Segment{StartMS: at, EndMS: at + 100, Text: text, Words: []transcript.Word{{StartMS: at, EndMS: at + 50, Text: text}}})
	}
	return sp
}

func TestAStageThatIsFinishedIsFoundByItsInputs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, ok, err := b.Finished(t.Context(), job.Extract, "inputs")
	must(t, err)
	b.same("found before", ok, false)
	body := []byte("{\"path\":\"x\"}\x00\xff" + strings.Repeat("long", 1000))
	must(t, b.Begin(t.Context(), b.lease, job.Extract))
	must(t, b.Finish(t.Context(), b.lease, job.Extract, "inputs", body, false, time.Minute))
	b.another() // whoever asks
	got, ok, err := b.Finished(t.Context(), job.Extract, "inputs")
	must(t, err)
	b.same("found", ok, true)
	b.same("body", got, body)
	_, ok, err = b.Finished(t.Context(), job.Transcribe, "inputs")
	must(t, err)
	b.same("found under another stage", ok, false)
	must(t, b.Finish(t.Context(), b.lease, job.Extract, "inputs", nil, false, time.Minute))
	got, ok, err = b.Finished(t.Context(), job.Extract, "inputs")
	must(t, err)
	b.same("replaced by nothing", []any{len(got), ok}, []any{0, true})
}

func TestStagesLeaveTheirHistory(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, t0 := b.lease.ID, b.clock.Now()
	at := func(n int) time.Time { return t0.Add(time.Duration(n) * time.Minute) }
	tick := func() { b.clock.Advance(time.Minute) }

	must(t, b.Begin(t.Context(), b.lease, job.Extract))
	b.same("while it runs", get(t, b.Store, id).Stages, []job.StageRun{{Stage: job.Extract, StartedAt: at(0)}})
	tick()
	must(t, b.Finish(t.Context(), b.lease, job.Extract, "k", []byte("x"), false, time.Minute))
	b.same("what comes next", get(t, b.Store, id).Stage, job.Transcribe)
	must(t, b.Begin(t.Context(), b.lease, job.Transcribe))
	tick()
	_, err := b.Settle(t.Context(), b.lease, queue.Outcome{State: job.Queued, Crash: true, Error: &job.Failure{Code: "engine_crashed"}})
	must(t, err)
	b.lease = take(t, b.Store, id)
	must(t, b.Finish(t.Context(), b.lease, job.Extract, "k", []byte("x"), true, time.Minute)) // never begun
	must(t, b.Begin(t.Context(), b.lease, job.Transcribe))
	tick()
	must(t, b.Finish(t.Context(), b.lease, job.Transcribe, "k2", []byte("y"), false, time.Minute))
	j, err := b.Settle(t.Context(), b.lease, queue.Outcome{State: job.Done})
	must(t, err)
	want := []job.StageRun{
		{Stage: job.Extract, StartedAt: at(0), FinishedAt: at(1)},
		{Stage: job.Transcribe, StartedAt: at(1), FinishedAt: at(2), Error: "engine_crashed"},
		{Stage: job.Extract, StartedAt: at(2), FinishedAt: at(2), Reused: true},
		{Stage: job.Transcribe, StartedAt: at(2), FinishedAt: at(3)},
	}
	b.same("stages", j.Stages, want)
	page, err := b.List(t.Context(), queue.Filter{})
	must(t, err)
	b.same("stages in a list", page.Jobs[0].Stages, want)
}

func TestAStageMayBeginBeforeTheOneBeforeItEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, t0 := b.lease.ID, b.clock.Now()
	at := func(n int) time.Time { return t0.Add(time.Duration(n) * time.Minute) }
	must(t, b.Begin(t.Context(), b.lease, job.Extract))
	b.clock.Advance(time.Minute)
	must(t, b.Begin(t.Context(), b.lease, job.Transcribe))
	_, err := b.Renew(t.Context(), b.lease, job.Progress{Stage: job.Transcribe, Fraction: 0.25})
	must(t, err)
	b.clock.Advance(time.Minute)
	must(t, b.Finish(t.Context(), b.lease, job.Extract, "k", []byte("x"), false, time.Minute))
	j := get(t, b.Store, id)
	b.same("stage", j.Stage, job.Transcribe)
	b.same("progress", j.Progress, job.Progress{Stage: job.Transcribe, Fraction: 0.25})
	b.clock.Advance(time.Minute)
	must(t, b.Finish(t.Context(), b.lease, job.Transcribe, "k2", []byte("y"), false, time.Minute))
	b.same("stages", get(t, b.Store, id).Stages, []job.StageRun{
		{Stage: job.Extract, StartedAt: at(0), FinishedAt: at(2)},
		{Stage: job.Transcribe, StartedAt: at(1), FinishedAt: at(3)},
	})
}

func TestDeathsCloseTheStageTheyCameIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	must(t, b.Begin(t.Context(), b.lease, job.Extract))
	b.clock.Advance(time.Hour)
	got, err := b.Recover(t.Context(), "the next start", 5)
	must(t, err)
	b.same("stages", got[0].Stages, []job.StageRun{{Stage: job.Extract, StartedAt: got[0].StartedAt, FinishedAt: b.clock.Now(), Error: "worker_crashed"}})
}

func TestEveryNewCheckpointForgives(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before, save func(b *bench) error
		forgiven     bool
	}{
		"a finished stage": {nil, func(b *bench) error {
			return b.Finish(b.Context(), b.lease, job.Extract, "k", []byte("x"), false, time.Minute)
		}, true},
		"a new span": {nil, func(b *bench) error {
			return b.AddSpan(b.Context(), b.lease, "k", span(0, 1000, "en", "a"))
		}, true},
		"the same stage finished again": {func(b *bench) error {
			return b.Finish(b.Context(), b.lease, job.Extract, "k", []byte("x"), false, time.Minute)
		}, func(b *bench) error {
			return b.Finish(b.Context(), b.lease, job.Extract, "k", []byte("x"), false, time.Minute)
		}, false},
		"a stage that was found finished": {func(b *bench) error {
			return b.Finish(b.Context(), b.lease, job.Extract, "k", []byte("x"), false, time.Minute)
		}, func(b *bench) error {
			return b.Finish(b.Context(), b.lease, job.Extract, "k", []byte("x"), true, time.Minute)
		}, false},
		"the same span again": {func(b *bench) error {
			return b.AddSpan(b.Context(), b.lease, "k", span(0, 1000, "en", "a"))
		}, func(b *bench) error {
			return b.AddSpan(b.Context(), b.lease, "k", span(0, 1000, "en", "a"))
		}, false},
		"a stage that has only begun": {nil, func(b *bench) error {
			return b.Begin(b.Context(), b.lease, job.Extract)
		}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if test.before != nil {
				must(t, test.before(b))
			}
			_, err := b.Recover(t.Context(), "the next start", 5)
			must(t, err)
			b.lease = take(t, b.Store, b.lease.ID)
			_, err = b.Settle(t.Context(), b.lease, queue.Outcome{State: job.Queued, Attempt: true, Crash: true, Error: &job.Failure{Code: "engine_stuck"}})
			must(t, err)
			b.lease = take(t, b.Store, b.lease.ID)
			must(t, test.save(b))
			j := get(t, b.Store, b.lease.ID)
			want := []any{1, 1, 1, true}
			if test.forgiven {
				want = []any{0, 0, 0, false}
			}
			b.same("attempts, crashes, deaths, error", []any{j.Attempts, j.Crashes, j.Deaths, j.Error != nil}, want)
		})
	}
}

func TestCheckpointsAreFenced(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	dead := b.lease
	_, err := b.Settle(t.Context(), dead, queue.Outcome{State: job.Queued})
	must(t, err)
	b.lease = take(t, b.Store, dead.ID)
	before := get(t, b.Store, dead.ID)
	for name, call := range map[string]func(context.Context) error{
		"begin": func(ctx context.Context) error { return b.Begin(ctx, dead, job.Transcribe) },
		"finish": func(ctx context.Context) error {
			return b.Finish(ctx, dead, job.Extract, "k", []byte("x"), false, time.Minute)
		},
		"spans": func(ctx context.Context) error {
			_, err := b.Spans(ctx, dead, "k")
			return err
		},
		"add span": func(ctx context.Context) error { return b.AddSpan(ctx, dead, "k", span(0, 1, "en", "a")) },
		"save transcript": func(ctx context.Context) error {
			return b.SaveTranscript(ctx, dead, transcript.Transcript{Language: "en"}, []job.Warning{{Code: "x"}})
		},
	} {
		if err := call(t.Context()); !errors.Is(err, job.ErrLeaseLost) {
			t.Errorf("%s: got %v, want a lost lease", name, err)
		}
	}
	b.same("job", get(t, b.Store, dead.ID), before)
	_, ok, err := b.Finished(t.Context(), job.Extract, "k")
	must(t, err)
	b.same("checkpoint of the dead", ok, false)
	spans, err := b.Spans(t.Context(), b.lease, "k")
	must(t, err)
	b.same("spans of the dead", len(spans), 0)
}

func TestSpansAreAPartialTranscriptUntilTheWholeIsThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.lease.ID
	b.same("nothing yet", b.text(id), transcript.Transcript{Segments: []transcript.Segment{}})
	first, second := span(0, 1000, "", "um"), span(1000, 2000, "ko", "안녕", "하세요")
	second.Warnings = []job.Warning{{Code: "noise", AtMS: 1500, Text: "It is loud."}}
	for _, sp := range []pipeline.Span{first, second} {
		must(t, b.AddSpan(t.Context(), b.lease, "k", sp))
	}
	got := b.text(id)
	b.same("partial", []any{got.Language, got.Complete, len(got.Segments)}, []any{"ko", false, 3})
	for i, seg := range got.Segments {
		b.same("id", seg.ID, i+1)
	}
	whole := transcript.Transcript{Language: "ko", Complete: true, Segments: got.Segments[:2]}
	warnings := []job.Warning{{Code: "no_speech", Text: "Nothing was said."}}
	must(t, b.SaveTranscript(t.Context(), b.lease, whole, warnings))
	b.same("whole", b.text(id), whole)
	b.same("warnings", get(t, b.Store, id).Warnings, warnings)
	must(t, b.SaveTranscript(t.Context(), b.lease, transcript.Transcript{Language: "ko"}, nil))
	b.same("replaced", b.text(id), transcript.Transcript{Language: "ko", Complete: true, Segments: []transcript.Segment{}})
	b.same("warnings", get(t, b.Store, id).Warnings, []job.Warning(nil))
	_, err := b.Transcript(t.Context(), "nobody")
	if !fault.Is(err, fault.JobUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestAnotherJobGoesOnFromTheSpansOfTheFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	want := []pipeline.Span{span(0, 1000, "en", "one"), span(1000, 2000, "en", "two")}
	for _, sp := range want {
		must(t, b.AddSpan(t.Context(), b.lease, "k", sp))
	}
	must(t, b.AddSpan(t.Context(), b.lease, "another key", span(0, 5000, "de", "drei")))
	second := b.another()
	got, err := b.Spans(t.Context(), second, "k")
	must(t, err)
	b.same("spans", got, want)
	b.same("segments", len(b.text(second.ID).Segments), 2)
}

func TestAJobThatIsBackInTheLineKnowsHowFarItCame(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.lease.ID
	must(t, b.SetDuration(t.Context(), id, 4000))
	must(t, b.Begin(t.Context(), b.lease, job.Transcribe))
	for _, sp := range []pipeline.Span{span(0, 1000, "en", "a"), span(1000, 3000, "en", "b")} {
		must(t, b.AddSpan(t.Context(), b.lease, "k", sp))
	}
	_, err := b.Renew(t.Context(), b.lease, job.Progress{Stage: job.Transcribe, Fraction: 0.9})
	must(t, err)
	back, err := b.Settle(t.Context(), b.lease, queue.Outcome{State: job.Queued, Wait: job.Wait{Reason: job.Memory}})
	must(t, err)
	want := job.Progress{Stage: job.Transcribe, Fraction: 0.75}
	b.same("settled", back.Progress, want)
	next, err := b.Next(t.Context())
	must(t, err)
	b.same("next in line", next.Progress, want)
	taken, lease, err := b.Take(t.Context(), id, "me")
	must(t, err)
	b.same("taken", taken.Progress, job.Progress{})
	done, err := b.Settle(t.Context(), lease, queue.Outcome{State: job.Failed, Error: &job.Failure{Code: "internal"}})
	must(t, err)
	b.same("failed", done.Progress, job.Progress{})
	again, err := b.Retry(t.Context(), id, job.Retry{From: job.Transcribe})
	must(t, err)
	b.same("begun anew", again.Progress, job.Progress{})
}

func TestASpanDropsWhatLayBehindItsStart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, sp := range []pipeline.Span{span(0, 1000, "en", "a"), span(1000, 2000, "en", "b"), span(2000, 3000, "en", "c"), span(1000, 1500, "en", "B")} {
		must(t, b.AddSpan(t.Context(), b.lease, "k", sp))
	}
	got, err := b.Spans(t.Context(), b.lease, "k")
	must(t, err)
	b.same("spans", got, []pipeline.Span{span(0, 1000, "en", "a"), span(1000, 1500, "en", "B")})
}

func TestOtherInputsMakeAnOldTranscriptStale(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.Spans(t.Context(), b.lease, "k")
	must(t, err)
	must(t, b.SaveTranscript(t.Context(), b.lease, transcript.Transcript{Language: "en"}, nil))
	b.derive()
	_, err = b.Spans(t.Context(), b.lease, "k")
	must(t, err)
	b.same("complete with the same inputs", b.text(b.lease.ID).Complete, true)
	b.same("what was made of it", b.derived(), []bool{true, true, true})
	_, err = b.Spans(t.Context(), b.lease, "another model")
	must(t, err)
	b.same("complete with other inputs", b.text(b.lease.ID).Complete, false)
	b.same("what was made of it, with other inputs", b.derived(), []bool{false, false, false})
}

func TestEveryTransitionLeavesAnEvent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	must(t, b.Begin(t.Context(), b.lease, job.Extract))
	_, err := b.Settle(t.Context(), b.lease, queue.Outcome{State: job.Queued, Wait: job.Wait{Reason: job.Disk}, Error: &job.Failure{Code: "disk_full"}})
	must(t, err)
	_, err = b.ReleaseAll(t.Context(), job.Disk)
	must(t, err)
	for range 3 {
		_, err = b.Defer(t.Context(), b.lease.ID, job.Wait{Reason: job.Memory, Text: "words"})
		must(t, err)
	}
	_, err = b.Cancel(t.Context(), b.lease.ID)
	must(t, err)
	events, err := b.History(t.Context(), b.lease.ID)
	must(t, err)
	type row struct {
		Verb     job.Verb
		From, To job.State
		Reason   job.Reason
		Token    int64
		Code     string
	}
	var got []row
	for _, e := range events {
		got = append(got, row{e.Verb, e.From, e.To, e.Reason, e.Token, e.Code})
	}
	b.same("events", got, []row{
		{"submit", "", job.Queued, job.Turn, 0, ""},
		{"take", job.Queued, job.Running, "", 1, ""},
		{"begin", job.Running, job.Running, "", 1, ""},
		{"settle", job.Running, job.Queued, job.Disk, 1, "disk_full"},
		{"release", job.Queued, job.Queued, job.Turn, 1, ""},
		{"defer", job.Queued, job.Queued, job.Memory, 1, ""},
		{"cancel", job.Queued, job.Canceled, "", 1, ""},
	})
	if _, err := b.History(t.Context(), "nobody"); !fault.Is(err, fault.JobUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestTheJanitorFindsWhatIsOver(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	upload := draft("upload")
	upload.Source.Kind, upload.Source.Upload, upload.Options.Model = job.FromUpload, "u1", "large"
	live := submit(t, b.Store, upload)[0]
	upload.Source.Upload = "u2"
	ended := submit(t, b.Store, upload)[0]
	_, err := b.Settle(t.Context(), b.lease, queue.Outcome{State: job.Done})
	must(t, err)
	b.clock.Advance(time.Minute)
	_, err = b.Cancel(t.Context(), ended.ID)
	must(t, err)
	endedAt := b.clock.Now()
	b.clock.Advance(24 * time.Hour)

	models, err := sqlitestore.ModelsInUse(t.Context(), b.path)
	must(t, err)
	b.same("models", models, map[string]int{"large": 1})
	none, err := sqlitestore.ModelsInUse(t.Context(), b.path+".none")
	must(t, err)
	b.same("models of no file", none, map[string]int{})
	for since, want := range map[time.Time]map[string]bool{
		endedAt:                       {"u1": true, "u2": true},
		endedAt.Add(time.Millisecond): {"u1": true},
	} {
		used, err := b.UploadsInUse(t.Context(), since)
		must(t, err)
		b.same("uploads", used, want)
	}
	list := func(before time.Time, limit int) []string {
		ids, err := b.EndedBefore(t.Context(), before, limit)
		must(t, err)
		return ids
	}
	b.same("ended before", list(endedAt, 10), []string{b.lease.ID})
	b.same("ended by now", list(b.clock.Now(), 10), []string{b.lease.ID, ended.ID})
	b.same("the first of them", list(b.clock.Now(), 1), []string{b.lease.ID})
	must(t, b.MarkSwept(t.Context(), []string{b.lease.ID, live.ID, "nobody"}))
	must(t, b.MarkSwept(t.Context(), nil))
	b.same("left", list(b.clock.Now(), 10), []string{ended.ID})
	_, err = b.Cancel(t.Context(), live.ID)
	must(t, err)
	b.same("a live job is not swept ahead of its end", list(b.clock.Now().Add(time.Hour), 10), []string{ended.ID, live.ID})
}

func TestKeysAreForgottenOnceOldAndOver(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var ids []string
	for _, key := range []string{"over", "live"} {
		d := draft(key)
		d.Key = key
		ids = append(ids, submit(t, b.Store, d)[0].ID)
	}
	_, err := b.Cancel(t.Context(), ids[0])
	must(t, err)
	for _, want := range []int{0, 1, 0} {
		n, err := b.ForgetKeys(t.Context())
		must(t, err)
		b.same("forgotten", n, want)
		b.clock.Advance(49 * time.Hour)
	}
	d := draft("live")
	d.Key = "live"
	b.same("the key of a live job", submit(t, b.Store, d)[0].ID, ids[1])
}

func TestWhatAModelTakesIsKeptPerContext(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx := t.Context()
	steps := []struct {
		does        func() error
		peak, floor int64
	}{
		{func() error { return nil }, 0, 0},
		{func() error { return b.SetFloor(ctx, "digest", 5, 9) }, 0, 9},
		{func() error { return b.SetFloor(ctx, "digest", 5, 8) }, 0, 9},
		{func() error { return b.SetPeak(ctx, "digest", 5, 5) }, 5, 0}, // that was enough
		{func() error { return b.SetPeak(ctx, "digest", 5, 3) }, 5, 0},
		{func() error { return b.SetFloor(ctx, "digest", 5, 7) }, 5, 7},
		{func() error { return b.SetPeak(ctx, "digest", 1, 2) }, 5, 7},
		{func() error { return b.SetPeak(ctx, "other", 5, 6) }, 5, 7},
		{func() error { return b.SetPeak(ctx, "digest", 5, 8) }, 8, 0},
	}
	for i, s := range steps {
		must(t, s.does())
		peak, floor, err := b.Peak(ctx, "digest", 5)
		must(t, err)
		b.same(fmt.Sprintf("step %d", i), []int64{peak, floor}, []int64{s.peak, s.floor})
	}
	peak, _, err := b.Peak(ctx, "digest", 1)
	must(t, err)
	b.same("the peak of another context", peak, int64(2))

	peak, _, err = sqlitestore.PeaksIn(b.path).Peak(ctx, "digest", 5) // while it is open
	must(t, err)
	b.same("the peak that the file tells", peak, int64(8))
	_, _, err = sqlitestore.PeaksIn(filepath.Join(t.TempDir(), "none.db")).Peak(ctx, "digest", 5)
	must(t, err)
}

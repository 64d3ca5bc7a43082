package sqlitestore_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/transcript"
)

// What is looked up often is found in the order of an index, between two bounds
// or from its start, and nothing is sorted but what has just become due.
func TestNoQueryWalksTheLine(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	plans, err := b.Plans(t.Context())
	must(t, err)
	for name, plan := range plans {
		for line := range strings.Lines(plan) {
			line = strings.TrimSpace(line)
			walked := strings.HasPrefix(line, "SCAN jobs") || strings.HasPrefix(line, "SCAN q")
			switch {
			case !walked:
			case name == "next" && line == "SCAN jobs USING COVERING INDEX jobs_ready": // to its first row
			case line == "SCAN jobs USING INDEX jobs_running": // there are few
			default:
				t.Errorf("%s: %s", name, line)
			}
		}
		if name != "next" && strings.Contains(plan, "SEARCH jobs USING INDEX jobs_line") && strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") {
			t.Errorf("%s sorts the line:\n%s", name, plan)
		}
	}
	for name, want := range map[string]string{
		"next":              "SEARCH jobs USING INDEX jobs_due (ready_at>? AND ready_at<?)",
		"ready at":          "SEARCH jobs USING COVERING INDEX jobs_due (ready_at>? AND ready_at<?)",
		"position":          "SEARCH q USING COVERING INDEX jobs_line (priority=? AND rank<?)",
		"ready around":      "SEARCH q USING COVERING INDEX jobs_ready (priority=? AND rank>?)",
		"ahead from front":  "SEARCH jobs USING COVERING INDEX jobs_ready (priority=? AND rank<?)",
		"ahead from behind": "SEARCH jobs USING COVERING INDEX jobs_ready (priority=? AND rank>?)",
		"next page":         "SEARCH jobs USING INDEX jobs_line (priority=? AND rank>?)",
		"last before":       "SEARCH jobs USING COVERING INDEX jobs_line (priority=? AND rank<?)",
		"first behind":      "SEARCH jobs USING COVERING INDEX jobs_line (priority=? AND rank>?)",
		"those behind":      "SEARCH jobs USING COVERING INDEX jobs_line (priority=? AND rank>?)",
	} {
		if !strings.Contains(plans[name], want) {
			t.Errorf("%s has no %q:\n%s", name, want, plans[name])
		}
	}
}

// A line longer than what is looked at from its ends at first.
func TestAPlaceInALongLineIsFoundFromEitherEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const ready, held = 3000, 2000
	must(t, b.Fill(t.Context(), held, job.Held))
	must(t, b.Fill(t.Context(), ready, ""))
	var ids []string
	for cursor, more := "", true; more; more = cursor != "" {
		p, err := b.List(t.Context(), queue.Filter{State: job.Queued, Limit: 500, Cursor: cursor})
		must(t, err)
		for _, j := range p.Jobs {
			ids = append(ids, j.ID)
		}
		cursor = p.Next
	}
	b.same("jobs", len(ids), held+ready)
	for _, at := range []int{1, 2, 400, 600, held, held + 1, held + 1500, held + ready - 600, held + ready - 1, held + ready} {
		got, err := b.Position(t.Context(), ids[at-1])
		must(t, err)
		b.same("position", got, at)
		loads, err := b.Ahead(t.Context(), ids[at-1])
		must(t, err)
		var want []queue.Load
		if n := at - 1 - held; n > 0 {
			want = []queue.Load{{Model: "tiny", Jobs: n, MediaMS: int64(n) * 60_000}}
		}
		b.same("ahead", loads, want)
	}
	loads, err := b.Ahead(t.Context(), "")
	must(t, err)
	b.same("the whole line", loads, []queue.Load{{Model: "tiny", Jobs: ready, MediaMS: ready * 60_000}})
	next, err := b.Next(t.Context())
	must(t, err)
	b.same("next", next.Title, "talk 2002")
}

// The place that a submit tells is the one that the line knows, wherever in it
// the job's priority puts it; it is not told where that needs a walk.
func TestASubmitTellsWhereTheJobStands(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	told := 0
	for i, priority := range []int{0, 0, 5, -1, 0, 9, -1, 5, -512, 511, 0, 1, 0, 5, 0, -1, 0, 9, 0, 0, 0, 0, 0, 0, 9} {
		a, err := b.Submit(t.Context(), []job.Draft{{Title: fmt.Sprint("talk ", i), Priority: priority, Options: job.Options{Model: "tiny"}}})
		must(t, err)
		place, err := b.Position(t.Context(), a[0].Job.ID)
		must(t, err)
		if a[0].Place != 0 {
			told++
			b.same("place", a[0].Place, place)
		}
	}
	b.same("those that were told", told, 24) // 18 stand behind the last one
}

func TestADeletedJobLeavesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	must(t, b.Index(t.Context()))
	before := b.rows()
	d := draft("unwanted")
	d.Key = "k"
	lease := take(t, b.Store, submit(t, b.Store, d)[0].ID)
	must(t, b.Begin(t.Context(), lease, job.Extract))
	must(t, b.Finish(t.Context(), lease, job.Extract, "inputs", []byte("x"), false, time.Minute))
	must(t, b.AddSpan(t.Context(), lease, "key", span(0, 1000, "en", "um")))
	must(t, b.SaveTranscript(t.Context(), lease, transcript.Transcript{Language: "en", Segments: span(0, 1000, "en", "um").Segments}, nil))
	_, err := b.Settle(t.Context(), lease, queue.Outcome{State: job.Done})
	must(t, err)
	for _, table := range []string{"stage_runs", "checkpoints", "spans", "transcripts", "events", "idempotency", "words"} {
		if b.rows()[table] == before[table] {
			t.Errorf("the job left nothing in %s: this tests nothing", table)
		}
	}
	must(t, b.Delete(t.Context(), lease.ID))
	must(t, b.Index(t.Context()))
	b.same("rows", b.rows(), before)
}

// What two jobs rely on goes with the last of them, whoever made it.
func TestWhatAStageLeftStaysAsLongAsAnyJobReliesOnIt(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][2]int{"the one that made it goes first": {0, 1}, "the one that found it goes first": {1, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			leases := []job.Lease{b.lease, b.another()}
			for i, lease := range leases {
				must(t, b.Finish(t.Context(), lease, job.Extract, "sound", []byte("x"), i > 0, time.Minute))
				_, err := b.Spans(t.Context(), lease, "words")
				must(t, err)
				if i == 0 {
					must(t, b.AddSpan(t.Context(), lease, "words", span(0, 1000, "en", "um")))
				}
			}
			for _, lease := range leases {
				_, err := b.Settle(t.Context(), lease, queue.Outcome{State: job.Canceled})
				must(t, err)
			}
			first, second := leases[order[0]].ID, leases[order[1]].ID
			must(t, b.Delete(t.Context(), first))
			_, ok, err := b.Finished(t.Context(), job.Extract, "sound")
			must(t, err)
			b.same("found by the other", []any{ok, len(b.text(second).Segments)}, []any{true, 1})
			must(t, b.Delete(t.Context(), second))
			b.same("left by both", []int{b.rows()["checkpoints"], b.rows()["spans"]}, []int{0, 0})
		})
	}
}

// The worker's writes come between.
func TestVeryManyJobsAreClearedStepByStep(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const jobs, most = 2200, 2000
	must(t, b.Fill(t.Context(), jobs, ""))
	for _, state := range []job.State{job.Queued, job.Canceled} {
		before := b.Writes()
		for _, want := range []int{most, jobs - most, 0} {
			ids, err := b.Clear(t.Context(), state, most)
			must(t, err)
			b.same("cleared", len(ids), want)
			if !slices.IsSorted(ids) {
				t.Error("not first come first")
			}
		}
		if n := b.Writes() - before; n < 5 { // four, if each call were one step
			t.Errorf("%s: all was done in %d writes", state, n)
		}
	}
	counts, err := b.Counts(t.Context())
	must(t, err)
	b.same("counts", counts, queue.Counts{job.Queued: 0, job.Running: 1, job.Done: 0, job.Failed: 0, job.Canceled: 0})
}

func TestVeryManyJobsWaitNoLongerThanABound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const jobs = 4500
	must(t, b.Fill(t.Context(), jobs, job.Held))
	now := b.clock.Now()
	script(t, b.path, fmt.Sprintf(`UPDATE jobs SET reason = 'backoff', until = %[1]d, ready_at = %[1]d WHERE state = 'queued'`, now.Add(time.Hour).UnixMilli()))
	for _, want := range []int{jobs, 0} {
		n, err := b.Bound(t.Context(), job.Backoff, now.Add(time.Minute))
		must(t, err)
		b.same("shortened", n, want)
	}
	at, err := b.ReadyAt(t.Context())
	must(t, err)
	b.same("ready at", at, now.Add(time.Minute))
}

// A look at the line has to put those in order that have become due since the
// last take, and while the line is paused there is none.
func TestVeryManyJobsThatAreDueDoNotStayInTheWay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	must(t, b.SetPaused(t.Context(), true))
	must(t, b.Fill(t.Context(), 4500, job.Held))
	script(t, b.path, `UPDATE jobs SET reason = 'scheduled', until = 1000, ready_at = 1000 WHERE state = 'queued'`)
	must(t, b.Index(t.Context()))
	var due int
	query(t, b.path, `SELECT count(*) FROM jobs WHERE state = 'queued' AND ready_at > 0`, &due)
	if due >= 2000 {
		t.Errorf("%d are still there", due)
	}
	next, err := b.Next(t.Context())
	must(t, err)
	b.same("next", []any{next.Title, next.Reason}, []any{"talk 2", job.Turn})
	b.line([]queue.Load{{Model: "tiny", Jobs: 4500, MediaMS: 4500 * 60_000}})
}

// rows counts what depends on jobs.
func (b *bench) rows() map[string]int {
	b.Helper()
	db, err := sql.Open("sqlite", b.path)
	must(b, err)
	defer func() { must(b, db.Close()) }()
	rows := map[string]int{}
	for _, table := range []string{"jobs", "stage_runs", "checkpoints", "spans", "transcripts", "events", "idempotency", "words", "unsaid"} {
		var n int
		must(b, db.QueryRowContext(b.Context(), `SELECT count(*) FROM `+table).Scan(&n))
		rows[table] = n
	}
	return rows
}

// While a retry has not come to its new words, the old ones can be read.
func TestATranscriptStaysUntilTheWorkOnAnotherBegins(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.lease.ID
	_, err := b.Spans(t.Context(), b.lease, "key")
	must(t, err)
	must(t, b.SaveTranscript(t.Context(), b.lease, transcript.Transcript{Language: "en"}, nil))
	_, err = b.Settle(t.Context(), b.lease, queue.Outcome{State: job.Done})
	must(t, err)
	_, err = b.Retry(t.Context(), id, job.Retry{From: job.Transcribe})
	must(t, err)
	b.same("complete once queued", b.text(id).Complete, true)
	lease := take(t, b.Store, id)
	must(t, b.Begin(t.Context(), lease, job.Transcribe))
	b.same("complete once begun", b.text(id).Complete, true)
	_, err = b.Spans(t.Context(), lease, "key/1")
	must(t, err)
	b.same("complete once the work on another has begun", b.text(id).Complete, false)
}

package sqlitestore_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
	"sluice/internal/storetest"
	"sluice/internal/transcript"
)

func blank(t *testing.T) *wreckage {
	t.Helper()
	return &wreckage{T: t, path: filepath.Join(t.TempDir(), "sluice.db"), clock: storetest.NewClock()}
}

func (w *wreckage) fill(jobs int) {
	w.Helper()
	s := w.open()
	must(w, s.Fill(w.Context(), jobs, job.Turn))
	must(w, s.Close())
}

// restored opens the file and has it looked at.
func (w *wreckage) restored() *sqlitestore.Store {
	w.Helper()
	s := w.open()
	must(w, s.Verify(w.Context()))
	return s
}

// leaf is where a page of a table's rows lies.
func leaf(w *wreckage, table string, n int) int64 {
	w.Helper()
	var page, size int64
	query(w.T, w.path, fmt.Sprintf(`SELECT pageno, pgsize FROM dbstat WHERE name = '%s' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET %d`, table, n), &page, &size)
	return (page - 1) * size
}

var badPage = bytes.Repeat([]byte{0xa5}, 4096)

func TestWhatBelongsToAJobMayBeDamagedAndTheJobIsThere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"events", "events_job", "stage_runs", "stage_runs_job", "checkpoints", "checkpoints_job", "sqlite_autoindex_checkpoints_1",
		"spans", "spans_job", "sqlite_autoindex_spans_1", "idempotency", "idempotency_job", "sqlite_autoindex_jobs_1", "jobs_state", "transcripts_unindexed",
		"parts", "parts_job", "sqlite_autoindex_parts_1", "translations", "summaries", "loads", "edits", "edits_place", "attempts", "attempts_job",
	} {
		t.Run("a page of "+name, func(t *testing.T) {
			t.Parallel()
			w := blank(t)
			w.fill(60)
			s := w.open()
			id := submit(t, s, draft("half done"))[0].ID
			lease := take(t, s, id)
			must(t, s.Begin(t.Context(), lease, job.Extract))
			must(t, s.Finish(t.Context(), lease, job.Extract, "k", []byte("sound"), false, time.Second))
			must(t, s.AddSpan(t.Context(), lease, "k", span(0, 1000, "en", "a")))
			must(t, s.AddPart(t.Context(), lease, "p", []byte("a")))
			must(t, s.AddPart(t.Context(), lease, "p", []byte("b")))
			must(t, s.Close())
			overwrite(t, w.path, rootOf(w, name), badPage)
			s = w.restored()
			counts, err := s.Counts(t.Context())
			must(t, err)
			if counts[job.Queued] != 61 {
				t.Errorf("counts are %v, notice %q", counts, w.notice(s).Text)
			}
			lost := name == "checkpoints" || name == "spans" || name == "parts"
			if j := get(t, s, id); lost != (j.Stage == job.Extract) {
				t.Errorf("the job goes on with %s", j.Stage)
			}
			lease = take(t, s, id)
			if _, ok, err := s.Finished(t.Context(), job.Extract, "k"); err != nil || ok != (name != "checkpoints") {
				t.Errorf("checkpoint: %v, %v", ok, err)
			}
			if spans, err := s.Spans(t.Context(), lease, "k"); err != nil || (len(spans) == 1) != (name != "spans") {
				t.Errorf("spans: %v, %v", spans, err)
			}
			if parts, err := s.Parts(t.Context(), lease, job.Translate, "p"); err != nil || (len(parts) == 2) != (name != "parts") {
				t.Errorf("parts: %q, %v", parts, err)
			}
			if loads, err := s.Ahead(t.Context(), ""); err != nil || len(loads) != 1 || loads[0].Jobs != 60 {
				t.Errorf("loads: %+v, %v", loads, err)
			}
			checkFile(t, w.path)
		})
	}
}

func TestTheHistoryIsReadAroundADamagedPage(t *testing.T) {
	t.Parallel()
	w := blank(t)
	w.fill(300)
	overwrite(t, w.path, leaf(w, "events", 1), badPage)
	s := w.restored()
	page, err := s.List(t.Context(), queue.Filter{Limit: 500})
	must(t, err)
	whole := 0
	for _, j := range page.Jobs {
		events, err := s.History(t.Context(), j.ID)
		must(t, err)
		if len(events) == 2 && events[0].Verb == job.VerbSubmit && events[1].Verb == job.VerbRestore {
			whole++
		}
	}
	if len(page.Jobs) != 300 || whole < 150 || whole == 300 {
		t.Errorf("%d jobs, %d with a whole history", len(page.Jobs), whole)
	}
}

func TestAJobWhoseTranscriptIsLostSaysSo(t *testing.T) {
	t.Parallel()
	w := blank(t)
	s := w.open()
	id := submit(t, s, draft("talk"))[0].ID
	lease := take(t, s, id)
	must(t, s.SaveTranscript(t.Context(), lease, transcript.Transcript{Language: "en", Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: "the ferry"}}}, nil))
	_, err := s.Settle(t.Context(), lease, queue.Outcome{State: job.Done})
	must(t, err)
	must(t, s.Close())
	overwrite(t, w.path, rootOf(w, "transcripts"), badPage)
	s = w.restored()
	j := get(t, s, id)
	if j.State != job.Failed || j.Error == nil || j.Error.Code != string(fault.StoreDamaged) || j.Error.Hint == "" {
		t.Errorf("job is %s, %+v", j.State, j.Error)
	}
	if n := w.notice(s); !strings.Contains(n.Text, "result could not be read") {
		t.Errorf("notice is %q", n.Text)
	}
	_, err = s.Retry(t.Context(), id, job.Retry{})
	must(t, err)
	checkFile(t, w.path)
}

func TestWhatHappenedSinceTheBackupWins(t *testing.T) {
	t.Parallel()
	w := blank(t)
	s := w.open()
	var drafts []job.Draft
	for i := range 6 {
		d := draft(fmt.Sprint("talk ", i))
		d.Identity = fmt.Sprint("identity ", i)
		drafts = append(drafts, d)
	}
	jobs := submit(t, s, drafts...)
	take(t, s, jobs[4].ID)
	must(t, s.Backup(t.Context()))
	w.clock.Advance(time.Minute)
	_, err := s.Hold(t.Context(), jobs[0].ID, time.Time{})
	must(t, err)
	_, err = s.SetPriority(t.Context(), jobs[1].ID, 9)
	must(t, err)
	_, err = s.Move(t.Context(), jobs[2].ID, job.Place{To: job.Back})
	must(t, err)
	_, err = s.Settle(t.Context(), take(t, s, jobs[3].ID), queue.Outcome{State: job.Done})
	must(t, err)
	must(t, s.Delete(t.Context(), jobs[3].ID))
	_, err = s.Cancel(t.Context(), jobs[4].ID)
	must(t, err)
	again := submit(t, s, drafts[3])[0] // the same once more, now that it is gone
	last := submit(t, s, draft("nearly nothing"))[0]
	_, err = s.Cancel(t.Context(), last.ID)
	must(t, err)
	must(t, s.Delete(t.Context(), last.ID))
	must(t, s.Close())
	overwrite(t, w.path, rootOf(w, "peaks"), badPage)
	s = w.restored()
	if j := get(t, s, jobs[0].ID); j.Reason != job.Held {
		t.Errorf("the held job is %s, %s", j.State, j.Reason)
	}
	if j := get(t, s, jobs[1].ID); j.Priority != 9 {
		t.Errorf("the priority is %d", j.Priority)
	}
	if a, b := get(t, s, jobs[2].ID), get(t, s, jobs[5].ID); a.Rank <= b.Rank {
		t.Errorf("what was moved to the back is at %d before %d", a.Rank, b.Rank)
	}
	if _, err := s.Get(t.Context(), jobs[3].ID); !fault.Is(err, fault.JobUnknown) {
		t.Errorf("the deleted job: %v", err)
	}
	if j := get(t, s, jobs[4].ID); j.State != job.Canceled {
		t.Errorf("the job that was to be canceled is %s", j.State)
	}
	if j := get(t, s, again.ID); j.State != job.Queued || !strings.HasPrefix(j.Title, "talk 3") {
		t.Errorf("the job that was submitted again is %+v", j)
	}
	if j := submit(t, s, draft("next"))[0]; j.Seq <= last.Seq {
		t.Errorf("number %d is used twice", j.Seq)
	}
	checkFile(t, w.path)
}

// Jobs that cannot be read were not deleted.
func TestAJobOnADamagedPageComesFromTheBackup(t *testing.T) {
	t.Parallel()
	tests := map[string]func(w *wreckage) []byte{
		"that is noise":       func(*wreckage) []byte { return badPage },
		"that is another one": func(w *wreckage) []byte { return pageAt(w, leaf(w, "jobs", 1)) },
		"that seems to have one row only": func(w *wreckage) []byte {
			page := pageAt(w, leaf(w, "jobs", 5))
			binary.BigEndian.PutUint16(page[3:], 1)
			return page
		},
	}
	for name, page := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := blank(t)
			w.fill(120)
			s := w.open()
			must(t, s.Backup(t.Context()))
			must(t, s.Close())
			overwrite(t, w.path, leaf(w, "jobs", 5), page(w))
			overwrite(t, w.path, rootOf(w, "peaks"), badPage)
			s = w.restored()
			counts, err := s.Counts(t.Context())
			must(t, err)
			if counts[job.Queued] != 120 {
				t.Errorf("counts are %v", counts)
			}
			checkFile(t, w.path)
		})
	}
}

func pageAt(w *wreckage, at int64) []byte {
	w.Helper()
	b, err := os.ReadFile(w.path)
	must(w, err)
	return b[at : at+4096]
}

// A page in the place of a later one, and a bad one behind it, lead back again
// and again.
func TestASalvageThatIsLedBackEnds(t *testing.T) {
	t.Parallel()
	w := blank(t)
	w.fill(200)
	early := pageAt(w, leaf(w, "jobs", 2))
	later, behind := leaf(w, "jobs", 5), leaf(w, "jobs", 6)
	overwrite(t, w.path, later, early)
	overwrite(t, w.path, behind, badPage)
	s := w.restored()
	counts, err := s.Counts(t.Context())
	must(t, err)
	if counts[job.Queued] < 150 || counts[job.Queued] >= 200 {
		t.Errorf("counts are %v", counts)
	}
}

// Both restores are made of the same backup, whose jobs have the same tokens.
func TestNoRestoreGivesOutALeaseOfAnother(t *testing.T) {
	t.Parallel()
	w := blank(t)
	w.fill(100)
	s := w.open()
	must(t, s.Backup(t.Context()))
	page, err := s.List(t.Context(), queue.Filter{State: job.Queued, Limit: 1})
	must(t, err)
	id := page.Jobs[0].ID
	var leases []job.Lease
	for range 2 {
		script(t, w.path, `PRAGMA wal_checkpoint(TRUNCATE)`)
		overwrite(t, w.path, leaf(w, "jobs", 0), badPage)
		must(t, s.Verify(t.Context()))
		leases = append(leases, take(t, s, id))
	}
	if leases[1].Token <= leases[0].Token {
		t.Errorf("leases are %+v", leases)
	}
	if _, err := s.Settle(t.Context(), leases[0], queue.Outcome{State: job.Done}); err == nil {
		t.Error("the first lease settles the second run")
	}
}

package sqlitestore_test

import (
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
	"sluice/internal/transcript"
)

// derive has the running job translated and summed up.
func (b *bench) derive() {
	b.Helper()
	derive(b.T, b.Store, b.lease)
}

func derive(t *testing.T, s *sqlitestore.Store, lease job.Lease) {
	t.Helper()
	ko := transcript.Transcript{Language: "ko", Complete: true, Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: "나룻배"}}}
	must(t, s.SaveTranslation(t.Context(), lease, ko, job.Lines{Done: 1, Total: 1}, nil))
	must(t, s.SaveSummary(t.Context(), lease, &transcript.Summary{Language: "en", Title: "The ferry"}, 100, nil))
}

// derived says whether there are a translation, a summary and words about both.
func (b *bench) derived() []bool {
	b.Helper()
	return derived(b.T, b.Store, b.lease.ID)
}

func derived(t *testing.T, s *sqlitestore.Store, id string) []bool {
	t.Helper()
	ko, err := s.Translation(t.Context(), id, "ko")
	must(t, err)
	sum, err := s.Summary(t.Context(), id)
	must(t, err)
	q := get(t, s, id).Quality
	return []bool{ko.Complete && len(ko.Segments) == 1, sum != nil && sum.Title == "The ferry", q.Coverage != nil && q.Lines["ko"].Done == 1}
}

func TestATranslationWithoutALanguageIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.SaveTranslation(t.Context(), b.lease, transcript.Transcript{}, job.Lines{}, nil); err == nil {
		t.Error("it was stored")
	}
}

func TestResultsAndPartsGoWithTheirJob(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.derive()
	must(t, b.AddPart(t.Context(), b.lease, "k", []byte("a")))
	must(t, b.Keep(t.Context(), b.lease, job.Translate, "k2", []byte("b")))
	rows := func() (n int) {
		query(t, b.path, `SELECT (SELECT count(*) FROM parts) + (SELECT count(*) FROM translations) + (SELECT count(*) FROM summaries) + (SELECT count(*) FROM checkpoints)`, &n)
		return n
	}
	b.same("rows", rows(), 4)
	_, err := b.Settle(t.Context(), b.lease, queue.Outcome{State: job.Done})
	must(t, err)
	must(t, b.Delete(t.Context(), b.lease.ID))
	b.same("rows once it is deleted", rows(), 0)
}

func TestResultsSurviveARestart(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s.db"
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
	must(t, err)
	id := submit(t, s, draft("talk"))[0].ID
	derive(t, s, take(t, s, id))
	must(t, s.Close())
	s = open(t, sqlitestore.Config{Path: path})
	for i, there := range derived(t, s, id) {
		if !there {
			t.Errorf("%d is not there", i)
		}
	}
}

// withResults is a store with a job that ended with results, and one that has
// parts of its own, both after the backup.
func withResults(t *testing.T) (w *wreckage, done, live string) {
	t.Helper()
	w = blank(t)
	s := w.open()
	done, live = submit(t, s, draft("done"))[0].ID, submit(t, s, draft("live"))[0].ID
	lease := take(t, s, done)
	must(t, s.SaveTranscript(t.Context(), lease, transcript.Transcript{Language: "en", Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: "the ferry"}}}, nil))
	derive(t, s, lease)
	must(t, s.Backup(t.Context()))
	w.clock.Advance(time.Second)
	must(t, s.SaveTranslation(t.Context(), lease, transcript.Transcript{Language: "de", Complete: true, Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: "die Fähre"}}}, job.Lines{Done: 1, Total: 1}, nil))
	_, err := s.Settle(t.Context(), lease, queue.Outcome{State: job.Done})
	must(t, err)
	must(t, s.AddPart(t.Context(), take(t, s, live), "k", []byte("a")))
	must(t, s.SetExported(t.Context(), "/out/a.srt", done, "sum"))
	must(t, s.Close())
	return w, done, live
}

func TestResultsAreSavedFromADamagedFile(t *testing.T) {
	t.Parallel()
	w, done, live := withResults(t)
	overwrite(t, w.path, rootOf(w, "counters"), badPage)
	s := w.restored()
	if j := get(t, s, done); j.State != job.Done || len(j.Quality.Lines) != 2 {
		t.Errorf("the job is %s, its quality %+v", j.State, j.Quality)
	}
	for i, there := range derived(t, s, done) {
		if !there {
			t.Errorf("%d is not there", i)
		}
	}
	de, err := s.Translation(t.Context(), done, "de")
	must(t, err)
	parts, err := s.Parts(t.Context(), take(t, s, live), job.Translate, "k")
	must(t, err)
	owner, _, err := s.Exported(t.Context(), "/out/a.srt")
	must(t, err)
	if len(de.Segments) != 1 || len(parts) != 1 || owner != done {
		t.Errorf("translation %+v, parts %q, exported by %q", de, parts, owner)
	}
	checkFile(t, w.path)
}

// What the backup has of a result is taken, and where it has less the job says
// that something is missing.
func TestAJobThatHasLostAResultSaysSo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		page, script string
		state        job.State
	}{
		"a page of translations":     {"translations", "", job.Failed},
		"a page of summaries":        {"summaries", "", job.Done}, // the backup has it
		"a translation that is none": {"counters", `UPDATE translations SET body = x'00' WHERE language = 'de'`, job.Failed},
		"a summary that is none":     {"counters", `UPDATE summaries SET body = x'00'`, job.Failed},
		"a summary that never was":   {"counters", `UPDATE summaries SET body = NULL; UPDATE jobs SET quality = json_remove(quality, '$.coverage_percent')`, job.Done},
		"quality that is none":       {"counters", `UPDATE jobs SET quality = '{' WHERE title = 'done'`, job.Queued}, // as it was in the backup
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, done, _ := withResults(t)
			if test.script != "" {
				script(t, w.path, test.script)
			}
			overwrite(t, w.path, rootOf(w, test.page), badPage)
			s := w.restored()
			j := get(t, s, done)
			if j.State != test.state || (j.State == job.Failed) != (j.Error != nil && j.Error.Code == string(fault.StoreDamaged)) {
				t.Errorf("the job is %s, %+v; notice %q", j.State, j.Error, w.notice(s).Text)
			}
			checkFile(t, w.path)
		})
	}
}

// The backup's may have been made of another transcript.
func TestAResultOfAnEarlierRunDoesNotTakeThePlaceOfALostOne(t *testing.T) {
	t.Parallel()
	w, done, _ := withResults(t)
	s := w.open()
	must(t, s.Backup(t.Context()))
	w.clock.Advance(time.Second)
	_, err := s.Retry(t.Context(), done, job.Retry{})
	must(t, err)
	lease := take(t, s, done)
	must(t, s.SaveTranscript(t.Context(), lease, transcript.Transcript{Language: "en", Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: "the other ferry"}}}, nil))
	derive(t, s, lease)
	_, err = s.Settle(t.Context(), lease, queue.Outcome{State: job.Done})
	must(t, err)
	must(t, s.Close())
	overwrite(t, w.path, rootOf(w, "translations"), badPage)
	s = w.restored()
	if j, got := get(t, s, done), derived(t, s, done); j.State != job.Failed || got[0] || !got[1] {
		t.Errorf("the job is %s; there are %v", j.State, got)
	}
	checkFile(t, w.path)
}

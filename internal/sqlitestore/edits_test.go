package sqlitestore_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
	"sluice/internal/transcript"
)

// edit corrects one segment; "" as what it was stands for anything.
func edit(tb testing.TB, s *sqlitestore.Store, id, language string, segment int, text string) {
	tb.Helper()
	must(tb, s.Edit(tb.Context(), id, language, []library.Edit{{Segment: segment, Text: &text}}))
}

// lines is a job's text, each segment as "text", "text <- original", or with !
// before it when it has no words.
func lines(tb testing.TB, s *sqlitestore.Store, id string) (out []string) {
	tb.Helper()
	tr, err := s.Transcript(tb.Context(), id)
	must(tb, err)
	for _, seg := range tr.Segments {
		line := seg.Text
		if seg.Edited {
			line += " <- " + seg.Original
		}
		if len(seg.Words) == 0 {
			line = "!" + line
		}
		out = append(out, line)
	}
	return out
}

func sameLines(tb testing.TB, what string, got []string, want ...string) {
	tb.Helper()
	if strings.Join(got, "|") != strings.Join(want, "|") {
		tb.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestACorrectionIsReadFoundAndTakenBack(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	id := say(t, s, "talk", "The last fairy leaves.", "Nobody waits.", "Nobody at all.")
	edit(t, s, id, "", 1, "The last ferry leaves.")
	sameLines(t, "corrected", lines(t, s, id), "!The last ferry leaves. <- The last fairy leaves.", "Nobody waits.", "Nobody at all.")
	sameLines(t, "found by what it says", find(t, s, "ferry"), "talk/1")
	sameLines(t, "found by what it said", find(t, s, "fairy"))
	found, err := s.Search(t.Context(), library.Query{Text: "last"})
	must(t, err)
	if len(found.Hits) != 1 || found.Hits[0].Text != "The last ferry leaves." {
		t.Errorf("hit shows %v", found.Hits)
	}
	edit(t, s, id, "", 3, "")
	sameLines(t, "left out", lines(t, s, id)[2:], "! <- Nobody at all.")
	sameLines(t, "found when left out", find(t, s, "all"))
	must(t, s.Edit(t.Context(), id, "", []library.Edit{{Segment: 1}, {Segment: 3}}))
	sameLines(t, "taken back", lines(t, s, id), "The last fairy leaves.", "Nobody waits.", "Nobody at all.")
	sameLines(t, "found as before", find(t, s, "fairy"), "talk/1")
	sameLines(t, "not found any more", find(t, s, "ferry"))
	edit(t, s, id, "", 2, "Nobody waits.")
	all, err := s.Corrections(t.Context(), id, "")
	must(t, err)
	if len(all) != 0 {
		t.Errorf("corrections that correct nothing are kept: %v", all)
	}
}

func TestEditsAreAllDoneOrNone(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	id := say(t, s, "talk", "one", "two")
	live := submit(t, s, draft("live"))[0].ID
	must(t, s.SaveTranscript(t.Context(), take(t, s, live), spoken("one"), nil))
	none := submit(t, s, draft("none"))[0].ID
	_, err := s.Cancel(t.Context(), none)
	must(t, err)
	uno, was, other := "uno", "two", "three"
	good := library.Edit{Segment: 1, Text: &uno}
	tests := map[string]struct {
		id, language string
		more         library.Edit
		code         fault.Code
	}{
		"a segment that is not there":              {id, "", library.Edit{Segment: 9, Text: &uno}, fault.RequestInvalid},
		"a segment that says something else":       {id, "", library.Edit{Segment: 2, Text: &uno, Was: &other}, fault.EditConflict},
		"a take-back of what says something else":  {id, "", library.Edit{Segment: 2, Was: &other}, fault.EditConflict},
		"a translation that is not there":          {id, "ko", library.Edit{Segment: 2, Text: &uno, Was: &was}, fault.NotReady},
		"a job that is not there":                  {"nobody", "", library.Edit{Segment: 2}, fault.JobUnknown},
		"a job that runs":                          {live, "", library.Edit{Segment: 2}, fault.NotReady},
		"a job that ended without a whole text":    {none, "", library.Edit{Segment: 2}, fault.NotReady},
		"a translation of a job that is not there": {"nobody", "ko", library.Edit{Segment: 2}, fault.JobUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := s.Edit(t.Context(), tt.id, tt.language, []library.Edit{good, tt.more})
			if !fault.Is(err, tt.code) {
				t.Errorf("err %v, want %s", err, tt.code)
			}
			sameLines(t, "text", lines(t, s, id), "one", "two")
		})
	}
}

func TestAnEditorSawWhatIsShown(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	id := say(t, s, "talk", "one\tand\x01 only")
	text, raw, shown, edited := "uno", "one\tand\x01 only", "one and only", "uno"
	for _, was := range []*string{&raw, &edited, nil, &edited} {
		must(t, s.Edit(t.Context(), id, "", []library.Edit{{Segment: 1, Text: &text, Was: was}}))
	}
	must(t, s.Edit(t.Context(), id, "", []library.Edit{{Segment: 1, Was: &edited}}))
	must(t, s.Edit(t.Context(), id, "", []library.Edit{{Segment: 1, Text: &text, Was: &shown}}))
	sameLines(t, "text", lines(t, s, id), "!uno <- one\tand\x01 only")
}

func TestATranslationIsCorrectedByItself(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	must(t, b.SaveTranscript(t.Context(), b.lease, spoken("the ferry"), nil))
	b.derive()
	_, err := b.Settle(t.Context(), b.lease, queue.Outcome{State: job.Done})
	must(t, err)
	edit(t, b.Store, b.lease.ID, "ko", 1, "연락선")
	ko, err := b.Translation(t.Context(), b.lease.ID, "ko")
	must(t, err)
	b.same("translation", ko.Segments, []transcript.Segment{{ID: 1, EndMS: 900, Text: "연락선", Edited: true, Original: "나룻배"}})
	sameLines(t, "transcript", lines(t, b.Store, b.lease.ID), "the ferry")
}

// again runs a job anew and stores a transcript of it.
func again(t *testing.T, s *sqlitestore.Store, id string, texts ...string) {
	t.Helper()
	_, err := s.Retry(t.Context(), id, job.Retry{From: job.Transcribe})
	must(t, err)
	lease := take(t, s, id)
	_, err = s.Spans(t.Context(), lease, strings.Join(texts, "|")) // drops a transcript of other inputs
	must(t, err)
	must(t, s.SaveTranscript(t.Context(), lease, spoken(texts...), nil))
	_, err = s.Settle(t.Context(), lease, queue.Outcome{State: job.Done})
	must(t, err)
}

func TestCorrectionsHoldThroughARetryWhereTheTextIsTheSame(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	id := say(t, s, "talk", "the fairy", "leafs at nine")
	edit(t, s, id, "", 1, "the ferry")
	edit(t, s, id, "", 2, "leaves at nine")
	again(t, s, id, "the fairy", "leaves at ten")
	sameLines(t, "text", lines(t, s, id), "!the ferry <- the fairy", "leaves at ten")
	sameLines(t, "found", find(t, s, "ferry"), "talk/1")
	sameLines(t, "not found", find(t, s, "fairy"))
	sameLines(t, "found as it was heard", find(t, s, "ten"), "talk/2")
	edit(t, s, id, "", 2, "leaves at eleven")
	again(t, s, id, "the fairy", "leafs at nine") // as the first time
	sameLines(t, "text", lines(t, s, id), "!the ferry <- the fairy", "!leaves at nine <- leafs at nine")
	sameLines(t, "found again", find(t, s, "leaves nine"), "talk/2")
}

func TestCorrectionsGoWithTheirJobAndStayThroughARestart(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s.db"
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
	must(t, err)
	kept, gone := say(t, s, "kept", "one"), say(t, s, "gone", "one")
	edit(t, s, kept, "", 1, "uno")
	edit(t, s, gone, "", 1, "uno")
	must(t, s.Delete(t.Context(), gone))
	must(t, s.Close())
	s = open(t, sqlitestore.Config{Path: path})
	sameLines(t, "after a restart", lines(t, s, kept), "!uno <- one")
	var n int
	query(t, path, `SELECT count(*) FROM edits`, &n)
	if n != 1 {
		t.Errorf("%d corrections are kept", n)
	}
}

// A transcript of an older version is indexed some time after it was corrected.
func TestATextThatIsIndexedLateIsFoundAsItWasCorrected(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s.db"
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
	must(t, err)
	id := say(t, s, "talk", "one", "two")
	must(t, s.Close())
	script(t, path, `UPDATE transcripts SET indexed = 0; DELETE FROM words`)
	s = open(t, sqlitestore.Config{Path: path})
	edit(t, s, id, "", 2, "zwei")
	must(t, s.Index(t.Context()))
	sameLines(t, "found", append(find(t, s, "zwei"), find(t, s, "one")...), "talk/2", "talk/1")
	sameLines(t, "not found", find(t, s, "two"))
}

func TestCorrectionsSinceTheBackupAreSavedFromADamagedFile(t *testing.T) {
	t.Parallel()
	w := blank(t)
	s := w.open()
	id, other := say(t, s, "talk", "one", "two", "three"), say(t, s, "other", "one")
	edit(t, s, id, "", 1, "uno")
	edit(t, s, id, "", 2, "dos")
	edit(t, s, other, "", 1, "eins")
	must(t, s.Backup(t.Context()))
	edit(t, s, id, "", 2, "due")
	edit(t, s, id, "", 3, "tre")
	must(t, s.Edit(t.Context(), id, "", []library.Edit{{Segment: 1}}))
	must(t, s.Close())
	overwrite(t, w.path, rootOf(w, "counters"), badPage)
	s = w.restored()
	must(t, s.Index(t.Context()))
	sameLines(t, "text", lines(t, s, id), "one", "!due <- two", "!tre <- three")
	sameLines(t, "of a job that nobody touched", lines(t, s, other), "!eins <- one")
	sameLines(t, "found", find(t, s, "due"), "talk/2")
	sameLines(t, "not found", find(t, s, "uno"))
	checkFile(t, w.path)
}

func TestTheCorrectionsOfTheBackupStayWhereTheirPageIsDamaged(t *testing.T) {
	t.Parallel()
	w := blank(t)
	s := w.open()
	id := say(t, s, "talk", "one")
	edit(t, s, id, "", 1, "uno")
	must(t, s.Backup(t.Context()))
	must(t, s.Close())
	overwrite(t, w.path, rootOf(w, "edits"), badPage)
	s = w.restored()
	sameLines(t, "text", lines(t, s, id), "!uno <- one")
}

func TestManyCorrectionsOfALongTextAtOnce(t *testing.T) {
	t.Parallel()
	if os.Getenv("SLUICE_TEST_ALL") == "" {
		t.Skip("too slow for all day: 'make test' runs it")
	}
	s := open(t, sqlitestore.Config{})
	texts := make([]string, library.MaxEdits+1)
	edits := make([]library.Edit, library.MaxEdits)
	for i := range texts {
		texts[i] = fmt.Sprint("word", i)
	}
	for i := range edits {
		text := fmt.Sprint("other", i)
		edits[i] = library.Edit{Segment: i + 1, Text: &text, Was: &texts[i]}
	}
	id := say(t, s, "talk", texts...)
	must(t, s.Edit(t.Context(), id, "", edits))
	sameLines(t, "found", find(t, s, "other4999"), "talk/5000")
	sameLines(t, "the last", lines(t, s, id)[library.MaxEdits:], fmt.Sprint("word", library.MaxEdits))
}

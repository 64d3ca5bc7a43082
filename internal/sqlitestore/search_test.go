package sqlitestore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
	"sluice/internal/transcript"
)

// say stores a job with a whole transcript.
func say(tb testing.TB, s *sqlitestore.Store, title string, texts ...string) (id string) {
	tb.Helper()
	j := submit(tb, s, draft(title))[0]
	lease := take(tb, s, j.ID)
	must(tb, s.SaveTranscript(tb.Context(), lease, spoken(texts...), nil))
	_, err := s.Settle(tb.Context(), lease, queue.Outcome{State: job.Done})
	must(tb, err)
	return j.ID
}

func spoken(texts ...string) transcript.Transcript {
	tr := transcript.Transcript{Language: "en", Segments: []transcript.Segment{}}
	for i, text := range texts {
		at := int64(i) * 1000
		tr.Segments = append(tr.Segments, transcript.Segment{ID: i + 1, StartMS: at, EndMS: at + 900, Text: text, Words: []transcript.Word{{StartMS: at, EndMS: at + 1, Text: text}}})
	}
	return tr
}

// find lists the hits as "title" or "title/segment".
func find(tb testing.TB, s *sqlitestore.Store, text string) []string {
	tb.Helper()
	found, err := s.Search(tb.Context(), library.Query{Text: text})
	must(tb, err)
	return shown(found.Hits)
}

func shown(hits []library.Hit) []string {
	var out []string
	for _, h := range hits {
		if h.Segment == 0 {
			out = append(out, h.Title)
			continue
		}
		out = append(out, fmt.Sprint(h.Title, "/", h.Segment))
	}
	return out
}

func TestSearchFindsWordsInTitlesAndTranscripts(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	say(t, s, "Harbour talk", "The last ferry leaves at nine.", "Nobody waits.", `He said "don't {panic}", and \ left.`)
	say(t, s, "항구 이야기", "오늘은 항구에서 배를 탔습니다.", norm.NFD.String("다음 배는 아홉 시에 떠납니다."))
	say(t, s, "Ferry timetable", "Café olé, the ferry at 9:30!")
	tests := map[string]struct {
		text string
		want []string
	}{
		"the newest job first, title before segments": {"ferry", []string{"Ferry timetable", "Ferry timetable/1", "Harbour talk/1"}},
		"any case":                                      {"FERRY Leaves", []string{"Harbour talk/1"}},
		"beginnings of words":                           {"lea nin", []string{"Harbour talk/1"}},
		"not the middle of a word":                      {"erry", nil},
		"all words in one place":                        {"ferry nobody", nil},
		"a Korean word with its particle":               {"항구", []string{"항구 이야기", "항구 이야기/1"}},
		"a Korean word typed decomposed":                {norm.NFD.String("항구에서"), []string{"항구 이야기/1"}},
		"a Korean word that was stored decomposed":      {"아홉", []string{"항구 이야기/2"}},
		"one syllable":                                  {"배", []string{"항구 이야기/1", "항구 이야기/2"}},
		"letters without their accents":                 {"cafe", []string{"Ferry timetable/1"}},
		"numbers":                                       {"9:30", []string{"Ferry timetable/1"}},
		"an apostrophe":                                 {"don't", []string{"Harbour talk/3"}},
		"a quote that opens nothing":                    {`"panic`, []string{"Harbour talk/3"}},
		"the operators of the search engine are words":  {"ferry OR nobody", nil},
		"so are its columns":                            {"text:ferry", nil},
		"and its signs mean nothing":                    {`ferry* ^last -(+leaves) {the}`, []string{"Harbour talk/1"}},
		"a word that is nearly all signs of the engine": {`NEAR("last" "ferry", 2)`, nil},
		"nothing": {"zeppelin", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(test.want, find(t, s, test.text)); d != "" {
				t.Errorf("hits differ (-want +got):\n%s", d)
			}
		})
	}
}

func TestAHitSaysWhereItIs(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	id := say(t, s, "Talk", "one", "two", "three")
	found, err := s.Search(t.Context(), library.Query{Text: "three"})
	must(t, err)
	want := library.Found{Hits: []library.Hit{{JobID: id, Title: "Talk", Segment: 3, StartMS: 2000, EndMS: 2900, Text: "three"}}}
	if d := cmp.Diff(want, found); d != "" {
		t.Errorf("found differs (-want +got):\n%s", d)
	}
	found, err = s.Search(t.Context(), library.Query{Text: "talk"})
	must(t, err)
	want = library.Found{Hits: []library.Hit{{JobID: id, Title: "Talk", Text: "Talk"}}}
	if d := cmp.Diff(want, found); d != "" {
		t.Errorf("found differs (-want +got):\n%s", d)
	}
}

func TestTheNameOfTheFileIsFoundToo(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	d := draft("A talk")
	d.Source.Name = "IMG_2041.MOV"
	submit(t, s, d)
	if got := find(t, s, "img 2041 talk"); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func TestPagesOfHitsMissNothingWhileJobsArrive(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	var want []string
	for i := range 5 {
		title := fmt.Sprint("ferry ", i)
		say(t, s, title, "ferry", "no", "ferry")
		want = append([]string{title, title + "/1", title + "/3"}, want...)
	}
	var got []string
	q := library.Query{Text: "Ferry", Limit: 2}
	for {
		found, err := s.Search(t.Context(), q)
		must(t, err)
		got = append(got, shown(found.Hits)...)
		if found.Next == "" {
			break
		}
		q.Cursor = found.Next
		say(t, s, "a newer ferry")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("hits differ (-want +got):\n%s", d)
	}
}

func TestASearchThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, sqlitestore.Config{})
	say(t, s, "one", "ferry", "ferry")
	found, err := s.Search(t.Context(), library.Query{Text: "ferry", Limit: 1})
	must(t, err)
	tests := map[string]library.Query{
		"nothing":                       {},
		"signs alone":                   {Text: `"*" - ( ) : ^ …`},
		"marks alone":                   {Text: "\u0301"},
		"a limit below nothing":         {Text: "ferry", Limit: -1},
		"a limit above all":             {Text: "ferry", Limit: 501},
		"the cursor of another search":  {Text: "boat", Cursor: found.Next},
		"a cursor that is none":         {Text: "ferry", Cursor: "x"},
		"more words than anybody types": {Text: strings.Join(strings.Split(strings.Repeat("abcdefghijklmnopqrstuvwxyz0123456789äöüßøåéèêëíìîïóòôõúùûç", 1), ""), " ")},
	}
	for name, q := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := s.Search(t.Context(), q); !fault.Is(err, fault.RequestInvalid) {
				t.Errorf("got %v", err)
			}
		})
	}
	if again, err := s.Search(t.Context(), library.Query{Text: " FERRY ", Limit: 1, Cursor: found.Next}); err != nil || len(again.Hits) != 1 {
		t.Errorf("the same words: %+v, %v", again, err)
	}
}

func TestWhatIsGoneIsNotFound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	must(t, b.AddSpan(t.Context(), b.lease, "k", span(0, 1000, "en", "x")))
	must(t, b.SaveTranscript(t.Context(), b.lease, spoken("ferry", "harbour", "ferry"), nil))
	b.same("stored", find(t, b.Store, "ferry"), []string{"talk/1", "talk/3"})
	must(t, b.SaveTranscript(t.Context(), b.lease, spoken("harbour"), nil))
	b.same("stored anew", find(t, b.Store, "ferry"), []string(nil))
	b.same("stored anew", find(t, b.Store, "harbour"), []string{"talk/1"})
	must(t, b.AddSpan(t.Context(), b.lease, "other inputs", span(0, 1000, "en", "x")))
	b.same("made from other inputs", find(t, b.Store, "harbour"), []string(nil))
	must(t, b.SaveTranscript(t.Context(), b.lease, spoken("harbour"), nil))
	_, err := b.Settle(t.Context(), b.lease, queue.Outcome{State: job.Done})
	must(t, err)
	say(t, b.Store, "neighbour", "harbour")
	b.same("two", find(t, b.Store, "harbour"), []string{"neighbour/1", "talk/1"})
	must(t, b.Delete(t.Context(), b.lease.ID))
	b.same("deleted", find(t, b.Store, "harbour"), []string{"neighbour/1"})
	b.same("its title", find(t, b.Store, "talk"), []string(nil))
	checkFile(t, b.path)
}

// To take words out takes long, so it is not done while a job is deleted.
func TestTheWordsOfWhatIsGoneAreTakenOutLater(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	say(t, b.Store, "older ferry", "ferry")
	must(t, b.Index(t.Context()))
	before := b.rows()["words"]
	texts := make([]string, 703) // more than one step of the work
	for i := range texts {
		texts[i] = "ferry"
	}
	long := say(t, b.Store, "long ferry", texts...)
	say(t, b.Store, "newer ferry", "ferry")
	must(t, b.Index(t.Context()))
	all := b.rows()["words"]
	must(t, b.Delete(t.Context(), long))
	b.same("words, once deleted", b.rows()["words"], all)
	want := []string{"newer ferry", "newer ferry/1", "older ferry", "older ferry/1"}
	b.same("found, once deleted", find(t, b.Store, "ferry"), want)
	must(t, b.Index(t.Context()))
	b.same("words in the end", []int{b.rows()["words"], b.rows()["unsaid"]}, []int{before + 2, 0})
	b.same("found in the end", find(t, b.Store, "ferry"), want)
	checkFile(t, b.path)
}

func TestATranscriptThatTakesThePlaceOfOneIsFoundAtOnceAndForGood(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i, key := range []string{"one", "another", "a third"} {
		_, err := b.Spans(t.Context(), b.lease, key)
		must(t, err)
		found, err := b.Search(t.Context(), library.Query{Text: "old", Limit: 1})
		must(t, err)
		b.same("of the one that is gone", found, library.Found{Hits: []library.Hit{}})
		if i == 1 {
			must(t, b.Index(t.Context()))
		}
		must(t, b.SaveTranscript(t.Context(), b.lease, spoken(fmt.Sprint("new", i), "old", "old"), nil))
		must(t, b.Index(t.Context()))
		b.same("found", find(t, b.Store, fmt.Sprint("new", i)), []string{"talk/1"})
	}
	b.same("not found", find(t, b.Store, "new0"), []string(nil))
	b.same("the title", find(t, b.Store, "talk"), []string{"talk"})
	checkFile(t, b.path)
}

func TestTranscriptsOfAnOlderVersionAreFoundOnceTheyAreIndexed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	texts := make([]string, 1203) // more than one step of the work
	for i := range texts {
		texts[i] = fmt.Sprint("word", i)
	}
	must(t, b.SaveTranscript(t.Context(), b.lease, spoken(texts...), nil))
	script(t, b.path, `INSERT INTO words (words) VALUES ('delete-all'); UPDATE transcripts SET indexed = 0; UPDATE indexing SET titles = 0`)
	b.same("before", find(t, b.Store, "word1202"), []string(nil))
	must(t, b.Index(t.Context()))
	for _, i := range []int{0, 499, 500, 1202} {
		b.same("after", find(t, b.Store, texts[i])[0], fmt.Sprint("talk/", i+1))
	}
	b.same("the title", find(t, b.Store, "talk"), []string{"talk"})
	b.same("all", len(find(t, b.Store, "word1202")), 1)
	must(t, b.Index(t.Context())) // nothing is left
	checkFile(t, b.path)
}

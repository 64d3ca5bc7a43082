package sqlitestore

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

func FuzzOnlyOurOwnCursorsAreTaken(f *testing.F) {
	for _, text := range []string{`{}`, `{"v":1,"f":"e3b0c442","s":1}`, `{"v":99}`, `[]`, `null`, `{"v":1,"s":1e99}`, `{"s":-1}`, strings.Repeat("[", 500)} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(text)), "queued", "")
	}
	f.Add("%%%", "done", "talk")
	f.Fuzz(func(t *testing.T, text, state, words string) {
		filter := queue.Filter{State: job.State(state), Query: words, Cursor: text}
		c, err := parseCursor(filter)
		switch {
		case err != nil:
			if !fault.Is(err, fault.RequestInvalid) || c != nil {
				t.Errorf("%q is refused with %v", text, err)
			}
		case (c == nil) != (text == ""):
			t.Errorf("%q is the cursor %v", text, c)
		case c != nil && (c.Filter != filterMark(filter) || c.Seq <= 0):
			t.Errorf("%q is taken as %+v", text, c)
		}
		if below, err := parseSearchCursor(text, words); (err == nil && below <= 0) || (err != nil && !fault.Is(err, fault.RequestInvalid)) {
			t.Errorf("%q is a cursor of hits below %d, %v", text, below, err)
		}
	})
}

func FuzzWordsAreNoLanguageOfSearch(f *testing.F) {
	for _, text := range []string{"ferry", `a" OR "b`, "NEAR(a b)", "a*", "col:x", "-a", "^a", "\x00", "가나다", "ａＢ", "İ", "é e\u0301", strings.Repeat("a ", 100), "😀", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words, err := wordsOf(text)
		if err != nil {
			if !fault.Is(err, fault.RequestInvalid) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		for _, w := range words {
			if w == "" || strings.ContainsAny(w, `"*()^:+-{} `) || strings.ContainsFunc(w, unicode.IsControl) {
				t.Errorf("%q has the word %q", text, w)
			}
		}
		if m := matching(words); strings.Count(m, `"`) != 2*len(words) {
			t.Errorf("%q is looked for as %q", text, m)
		}
	})
}

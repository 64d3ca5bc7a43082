package transcript_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/transcript"
)

func TestCorrectionsHoldOnlyForWhatTheyCorrect(t *testing.T) {
	t.Parallel()
	words := []transcript.Word{{Text: "Hello"}}
	said := transcript.Transcript{Segments: []transcript.Segment{{ID: 1, Text: "Hello.", Words: words}, {ID: 2, Text: "Good by.", Words: words, Untranslated: true}}}
	all := []transcript.Correction{
		{Segment: 1, Original: "Hallo.", Text: "Hi."},
		{Segment: 2, Original: "Good by.", Text: "Good bye."},
		{Segment: 2, Original: "Good bye.", Text: "Bye."},
	}
	want := []transcript.Segment{{ID: 1, Text: "Hello.", Words: words}, {ID: 2, Text: "Good bye.", Edited: true, Original: "Good by."}}
	once := said.Corrected(all)
	for what, got := range map[string]transcript.Transcript{"corrected": once, "corrected twice": once.Corrected(all)} {
		if diff := cmp.Diff(want, got.Segments); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if said.Segments[1].Edited {
		t.Error("the transcript itself was changed")
	}
}

func TestASegmentWithoutTextIsInNoExport(t *testing.T) {
	t.Parallel()
	said := transcript.Transcript{Complete: true, Segments: []transcript.Segment{
		{ID: 1, EndMS: 900, Text: "one"}, {ID: 2, StartMS: 1000, EndMS: 1900, Text: "um"}, {ID: 3, StartMS: 2000, EndMS: 2900, Text: "three"},
	}}.Corrected([]transcript.Correction{{Segment: 2, Original: "um"}})
	for format, want := range map[transcript.Format]string{
		transcript.SRT:      "1\n00:00:00,000 --> 00:00:01,000\none\n\n2\n00:00:02,000 --> ",
		transcript.VTT:      "one\n\n00:00:02.000 --> ",
		transcript.Text:     "one three\n",
		transcript.Markdown: "[00:00:00] one three\n",
		transcript.JSON:     `"original": "um"`,
	} {
		var b bytes.Buffer
		if err := transcript.Write(&b, said, format, transcript.Options{}); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %v in %s", format, err, b.String())
		}
	}
}

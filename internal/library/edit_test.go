package library_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/library"
	"sluice/internal/transcript"
)

// desk is a shelf that remembers what was edited.
type desk struct {
	shelf
	language string
	got      []library.Edit
	err      error
}

func (d *desk) Edit(_ context.Context, _, language string, edits []library.Edit) error {
	if d.err == nil {
		d.language, d.got = language, edits
	}
	return d.err
}

// Edit of a shelf that nobody edits.
func (s shelf) Edit(context.Context, string, string, []library.Edit) error { return nil }

func text(s string) *string { return &s }

func TestEdit(t *testing.T) {
	t.Parallel()
	many := make([]library.Edit, library.MaxEdits+1)
	for i := range many {
		many[i] = library.Edit{Segment: i + 1}
	}
	tests := map[string]struct {
		id, language string
		shelf        shelf
		edits        []library.Edit
		lang         string // that it was stored under
		want         []library.Edit
		code         fault.Code
	}{
		"a correction goes on one line": {
			"done", "", filled(true),
			[]library.Edit{{Segment: 1, Text: text(" Hello,\r\nyou\tthere. "), Was: text("Hello.")}},
			"",
			[]library.Edit{{Segment: 1, Text: text("Hello, you there."), Was: text("Hello.")}},
			"",
		},
		"no text leaves a line out":                         {"failed", "", filled(true), []library.Edit{{Segment: 1, Text: text(" ")}}, "", []library.Edit{{Segment: 1, Text: text("")}}, ""},
		"what was said is taken back":                       {"canceled", "", filled(true), []library.Edit{{Segment: 1}}, "", []library.Edit{{Segment: 1}}, ""},
		"a translation is corrected by itself":              {"done", "ko", filled(true), []library.Edit{{Segment: 1, Text: text("안녕.")}}, "ko", []library.Edit{{Segment: 1, Text: text("안녕.")}}, ""},
		"what was spoken need not be a translation":         {"done", "en", filled(true), []library.Edit{{Segment: 1}}, "", []library.Edit{{Segment: 1}}, ""},
		"half a translation is not corrected":               {"done", "de", filled(true), []library.Edit{{Segment: 1}}, "", nil, fault.NotReady},
		"half a transcript is not corrected":                {"failed", "", filled(false), []library.Edit{{Segment: 1}}, "", nil, fault.NotReady},
		"the text of a running job is not corrected":        {"running", "", filled(true), []library.Edit{{Segment: 1}}, "", nil, fault.NotReady},
		"a language nobody asked for is not known":          {"done", "fr", filled(true), []library.Edit{{Segment: 1}}, "", nil, fault.LanguageUnknown},
		"an unknown job is said to be unknown":              {"unknown", "", filled(true), []library.Edit{{Segment: 1}}, "", nil, fault.JobUnknown},
		"no edits are none":                                 {"done", "", filled(true), nil, "", nil, fault.RequestInvalid},
		"there is an end to edits":                          {"done", "", filled(true), many, "", nil, fault.RequestInvalid},
		"no segment is edited twice at once":                {"done", "", filled(true), []library.Edit{{Segment: 1}, {Segment: 1}}, "", nil, fault.RequestInvalid},
		"there is an end to a text":                         {"done", "", filled(true), []library.Edit{{Segment: 1, Text: text(strings.Repeat("a", library.MaxEditText+1))}}, "", nil, fault.RequestInvalid},
		"a text is UTF-8":                                   {"done", "", filled(true), []library.Edit{{Segment: 1, Text: text("a\xff")}}, "", nil, fault.RequestInvalid},
		"a text has no NUL":                                 {"done", "", filled(true), []library.Edit{{Segment: 1, Text: text("a\x00b")}}, "", nil, fault.RequestInvalid},
		"a text has no escapes":                             {"done", "", filled(true), []library.Edit{{Segment: 1, Text: text("a\x1b[2J")}}, "", nil, fault.RequestInvalid},
		"a text of just the length that is allowed is fine": {"done", "", filled(true), []library.Edit{{Segment: 1, Text: text(strings.Repeat("a", library.MaxEditText))}}, "", []library.Edit{{Segment: 1, Text: text(strings.Repeat("a", library.MaxEditText))}}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &desk{shelf: tt.shelf}
			got, err := library.New(d, tt.shelf).Edit(t.Context(), tt.id, tt.language, tt.edits)
			if tt.code != "" {
				if !fault.Is(err, tt.code) || d.got != nil {
					t.Errorf("err %v after %v", err, d.got)
				}
				return
			}
			if err != nil || len(got.Segments) != 1 || !got.Complete {
				t.Errorf("%v, err %v", got, err)
			}
			if diff := cmp.Diff(tt.want, d.got); diff != "" || d.language != tt.lang {
				t.Errorf("under %q (-want +got):\n%s", d.language, diff)
			}
		})
	}
}

func TestAnEditThatIsRefusedIsSaidToBe(t *testing.T) {
	t.Parallel()
	d := &desk{shelf: filled(true), err: fault.New(fault.EditConflict, "It says something else.", nil)}
	_, err := library.New(d, d.shelf).Edit(t.Context(), "done", "", []library.Edit{{Segment: 1}})
	if !fault.Is(err, fault.EditConflict) {
		t.Errorf("err %v", err)
	}
}

func TestCorrectionsHoldOnlyForWhatTheyCorrect(t *testing.T) {
	t.Parallel()
	words := []transcript.Word{{Text: "Hello"}}
	t1 := transcript.Transcript{Segments: []transcript.Segment{{ID: 1, Text: "Hello.", Words: words}, {ID: 2, Text: "Good by.", Words: words}}}
	got := t1.Corrected([]transcript.Correction{{Segment: 1, Original: "Hallo.", Text: "Hi."}, {Segment: 2, Original: "Good by.", Text: "Good bye."}})
	want := []transcript.Segment{{ID: 1, Text: "Hello.", Words: words}, {ID: 2, Text: "Good bye.", Edited: true, Original: "Good by."}}
	if diff := cmp.Diff(want, got.Segments); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if t1.Segments[1].Edited {
		t.Error("the transcript itself was changed")
	}
}

package transcript_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sluice/internal/transcript"
)

func FuzzEveryFormatHoldsAnyText(f *testing.F) {
	f.Add("Good morning.", "The <b>ferry</b> leaves --> at nine.", int64(0), int64(900))
	f.Add("", "\xff\xfe\x00\x1b[31m", int64(-5), int64(1))
	f.Add("1\n00:00:01,000 --> 00:00:02,000\n", "WEBVTT\n\nNOTE x", int64(359_999_999), int64(0))
	f.Add("# head\n- [x](javascript:alert(1))", "<script>alert(1)</script>", int64(1), int64(1<<40))
	f.Add("\u2028\u2029\u0085", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A", int64(3), int64(3))
	f.Fuzz(func(t *testing.T, first, second string, start, length int64) {
		start, length = max(start%1e9, -1e9), max(length%1e7, -1e7)
		talk := transcript.Transcript{Language: "en", Complete: true, Segments: []transcript.Segment{
			{ID: 1, StartMS: start, EndMS: start + length, Text: first}, {ID: 2, StartMS: start + length, EndMS: start + 2*length, Text: second},
		}}
		for _, format := range transcript.Formats() {
			var b, again bytes.Buffer
			if err := transcript.Write(&b, talk, format, transcript.Options{Title: first}); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if err := transcript.Write(&again, talk, format, transcript.Options{Title: first}); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
				t.Errorf("%s is not the same twice", format)
			}
			text := b.String()
			control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' }
			if !utf8.ValidString(text) || strings.ContainsFunc(text, control) {
				t.Errorf("%s holds %q", format, text)
			}
			if format == transcript.JSON && !json.Valid(b.Bytes()) {
				t.Errorf("no JSON: %q", text)
			}
			if format == transcript.VTT && strings.Contains(text, "<script") {
				t.Errorf("markup in %q", text)
			}
		}
	})
}

func FuzzACorrectionHoldsOnlyForWhatItCorrects(f *testing.F) {
	f.Add("The last ferry leaves at nine.", "The last ferry leaves at nine.", "at ten", 1)
	f.Add("a", "b", "", 1)
	f.Add("", "", "x", -1)
	f.Fuzz(func(t *testing.T, said, original, text string, id int) {
		talk := transcript.Transcript{Segments: []transcript.Segment{{ID: 1, Text: said, Words: []transcript.Word{{Text: said}}}, {ID: 2, Text: said}}}
		got := talk.Corrected([]transcript.Correction{{Segment: id, Original: original, Text: text}})
		if talk.Segments[0].Text != said || talk.Segments[0].Edited || len(got.Segments) != 2 {
			t.Fatal("the original has changed")
		}
		for _, s := range got.Segments {
			holds := s.ID == id && said == original
			if s.Edited != holds || (holds && (s.Text != text || s.Original != said || s.Words != nil)) || (!holds && s.Text != said) {
				t.Errorf("segment %d is %+v", s.ID, s)
			}
		}
	})
}

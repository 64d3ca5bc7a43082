package engine_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/transcript"
	"sluice/internal/whisper"
	"sluice/internal/whisper/engine"
)

func TestTextIsJoinedBeforeItIsDecoded(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		segments [][]string
		want     []string
	}{
		"a syllable over two tokens":              {[][]string{{" \xea\xb7", "\xb8는"}}, []string{" 그는"}},
		"a syllable over two segments":            {[][]string{{" 길 \xed\x95"}, {"\x9c 옆"}}, []string{" 길 ", "한 옆"}},
		"a syllable over two tokens and segments": {[][]string{{"길", "\xed", "\x95"}, {"\x9c"}}, []string{"길", "한"}},
		"an emoji cut after three bytes":          {[][]string{{"a\xf0\x9f\x98"}, {"\x80b"}}, []string{"a", "😀b"}},
		"bytes that never were a character":       {[][]string{{"a\xffb"}}, []string{"a\uFFFDb"}},
		"a cut at the very end":                   {[][]string{{"a\xed\x95"}}, []string{"a\uFFFD"}},
		"nothing to join":                         {[][]string{{" one"}, {" two"}}, []string{" one", " two"}},
		"no tokens":                               {[][]string{{}, {}}, []string{"", ""}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, engine.JoinPieces(tt.segments)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTokensBecomeWords(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tokens []string
		want   []transcript.Word
	}{
		"a space begins a word, a mark does not": {
			[]string{" Hel", "lo", ",", " you"},
			[]transcript.Word{{StartMS: 0, EndMS: 300, Text: "Hello,"}, {StartMS: 300, EndMS: 400, Text: "you"}},
		},
		"a cut syllable stays in its word": {
			[]string{" \xea\xb7", "\xb8", "는", " 길"},
			[]transcript.Word{{StartMS: 0, EndMS: 300, Text: "그는"}, {StartMS: 300, EndMS: 400, Text: "길"}},
		},
		"Japanese has no spaces": {
			[]string{"客観", "的", "。"},
			[]transcript.Word{{StartMS: 0, EndMS: 100, Text: "客観"}, {StartMS: 100, EndMS: 300, Text: "的。"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, engine.SplitWords(tt.tokens)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatWasHeardIsPlacedInTheSource(t *testing.T) {
	t.Parallel()
	second := int64(whisper.SampleRate)
	pieces := []whisper.Piece{{From: 10 * second, To: 15 * second}, {From: 60 * second, To: 65 * second}}
	tests := map[string]struct {
		start, end         int64
		wantStart, wantEnd int64
	}{
		"in the first piece":           {1000, 2000, 11_000, 12_000},
		"in the second piece":          {6000, 7000, 61_000, 62_000},
		"an end on the seam stays":     {4000, 5000, 14_000, 15_000},
		"a start on the seam moves on": {5000, 6000, 60_000, 61_000},
		"beyond the end":               {9000, 30_000, 64_000, 65_000},
		"the end before the start":     {3000, 1000, 13_000, 13_000},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := transcript.Segment{StartMS: tt.wantStart, EndMS: tt.wantEnd, Text: "x"}
			if diff := cmp.Diff(want, engine.Place(pieces, tt.start, tt.end)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWordsNeitherOverlapNorLeaveTheirSegment(t *testing.T) {
	t.Parallel()
	got := engine.PlaceWords([]transcript.Word{
		{StartMS: 0, EndMS: 900, Text: "too"},
		{StartMS: 400, EndMS: 800, Text: "long"},
		{StartMS: 300, EndMS: 350, Text: "back"},
		{StartMS: 1900, EndMS: 9000, Text: "beyond"},
	}, 2000)
	want := []transcript.Word{
		{StartMS: 0, EndMS: 400, Text: "too"},
		{StartMS: 400, EndMS: 400, Text: "long"},
		{StartMS: 400, EndMS: 400, Text: "back"},
		{StartMS: 1900, EndMS: 2000, Text: "beyond"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzJoinedTextIsUTF8AndLosesNothing(f *testing.F) {
	f.Add("그는 길 한 옆", uint8(3), uint8(7))
	f.Add("a😀b", uint8(2), uint8(4))
	f.Fuzz(func(t *testing.T, text string, first, second uint8) {
		if !utf8.ValidString(text) {
			return // only text that was whole can come back whole
		}
		a := min(int(first), len(text))
		b := min(a+int(second), len(text))
		joined := strings.Join(engine.JoinPieces([][]string{{text[:a]}, {text[a:b]}, {text[b:]}}), "")
		if !utf8.ValidString(joined) {
			t.Errorf("%q is not UTF-8", joined)
		}
	})
}

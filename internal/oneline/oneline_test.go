package oneline_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"sluice/internal/oneline"
)

func TestTextsOfStrangersAreTidied(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"what is plain stays":            {"Interview 3.mp4", "Interview 3.mp4"},
		"lines become one":               {"a\nb\r\nc\u2028d\te", "a b c d e"},
		"control characters go":          {"a\x00\x1b[31mb\x7f\u009bc", "a[31mbc"},
		"the direction cannot be turned": {"song\u202e4pm.exe\u2066x\u2069\u200f", "song4pm.exex"},
		"hidden text goes":               {"a\u200b\ufeff\U000E0041b", "ab"},
		"emoji stay whole":               {"👩‍👩‍👧 family", "👩‍👩‍👧 family"},
		"what is no text is replaced":    {"a\xff\xfeb", "a\uFFFDb"},
		"nothing but space":              {" \u00a0\n", ""},
		"other directions are no harm":   {"שלום.mp4", "שלום.mp4"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := oneline.Tidy(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLongTextsLoseTheirMiddle(t *testing.T) {
	t.Parallel()
	marks := strings.Repeat("\u0301", 500)
	tests := map[string]struct {
		text string
		n    int
		want string
	}{
		"what fits stays":                        {"0123456789", 10, "0123456789"},
		"beginning and end stay":                 {"0123456789", 9, "0123…6789"},
		"no space before the cut":                {"one two three four.mp4", 9, "one….mp4"},
		"accents stay on their letter":           {"ae\u0301aae\u0301aae\u0301a", 5, "ae\u0301…e\u0301a"},
		"decomposed Korean syllables stay whole": {"\u1112\u1161\u11ab\u1100\u1173\u11af\u1112\u1161\u11ab\u1100\u1173\u11af", 3, "\u1112\u1161\u11ab…\u1100\u1173\u11af"},
		"joined emoji are one character":         {"👩‍👩‍👧👍🏽abcd", 5, "👩‍👩‍👧👍🏽…cd"},
		"a flag is one character":                {"🇰🇷🇰🇷🇰🇷🇰🇷🇰🇷🇰🇷", 3, "🇰🇷…🇰🇷"},
		"Korean is counted in syllables":         {"가나다라마바사", 5, "가나…바사"},
		"a heap of marks loses most of them":     {"a" + marks + "b", 9, "a" + marks[:62] + "b"},
		"nothing stays nothing":                  {"", 9, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := oneline.Shorten(tt.text, tt.n); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzNoTextBreaksTheLine(f *testing.F) {
	f.Add("Interview.mp4")
	f.Add("\u202e\xff\n\u1161")
	f.Add("a" + strings.Repeat("\u0301", 100))
	f.Add("\u200d\u200d👩\u200d \u200d")
	f.Fuzz(func(t *testing.T, text string) {
		const n = 40
		got := oneline.Shorten(oneline.Tidy(text), n)
		if !utf8.ValidString(got) {
			t.Errorf("%q is no UTF-8", got)
		}
		if again := oneline.Tidy(got); again != got {
			t.Errorf("%q is not tidy, %q is", got, again)
		}
		if long := len(got); long > n*64+len("…") {
			t.Errorf("%d bytes", long)
		}
		if uniseg.GraphemeClusterCount(got) > n {
			t.Errorf("%q is too long", got)
		}
	})
}

package tray_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"sluice/internal/tray"
)

func TestTitlesOfStrangersAreTidied(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ title, want string }{
		"what is plain stays":            {"Interview 3.mp4", "Interview 3.mp4"},
		"lines become one":               {"a\nb\r\nc\u2028d\te", "a b c d e"},
		"control characters go":          {"a\x00\x1b[31mb\x7f\u009bc", "a[31mbc"},
		"the direction cannot be turned": {"song\u202e4pm.exe\u2066x\u2069\u200f", "song4pm.exex"},
		"hidden text goes":               {"a\u200b\ufeff\U000E0041b", "ab"},
		"emoji stay whole":               {"👩‍👩‍👧 family", "👩‍👩‍👧 family"},
		"what is no text is replaced":    {"a\xff\xfeb", "a\uFFFDb"},
		"nothing but space":              {" \u00a0\n", ""},
		"underscores are the bar's":      {"my_clip_1", "my_clip_1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tray.Tidy(tt.title); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLongTitlesLoseTheirMiddle(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		title string
		n     int
		want  string
	}{
		"what fits stays":                        {"0123456789", 10, "0123456789"},
		"beginning and end stay":                 {"0123456789", 9, "0123…6789"},
		"no space before the cut":                {"one two three four.mp4", 9, "one….mp4"},
		"accents stay on their letter":           {"ae\u0301aae\u0301aae\u0301a", 5, "ae\u0301…e\u0301a"},
		"decomposed Korean syllables stay whole": {"\u1112\u1161\u11ab\u1100\u1173\u11af\u1112\u1161\u11ab\u1100\u1173\u11af", 3, "\u1112\u1161\u11ab…\u1100\u1173\u11af"},
		"joined emoji are one character":         {"👩‍👩‍👧👍🏽abcd", 5, "👩‍👩‍👧👍🏽…cd"},
		"Korean is counted in syllables":         {"가나다라마바사", 5, "가나…바사"},
		"towers of accents are cut":              {"a" + strings.Repeat("\u0301", 900) + "b", 5, "a" + strings.Repeat("\u0301", 11) + "b"},
		"a family with its tones stays whole":    {"👨🏽‍👩🏽‍👧🏽‍👦🏽", 1, "👨🏽‍👩🏽‍👧🏽‍👦🏽"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tray.Shorten(tt.title, tt.n); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzNoTitleBreaksTheMenu(f *testing.F) {
	f.Add("Interview.mp4")
	f.Add("\u202e\xff\n\u1161")
	f.Fuzz(func(t *testing.T, title string) {
		got := tray.Shorten(tray.Tidy(title), 40)
		if !utf8.ValidString(got) {
			t.Errorf("%q is no UTF-8", got)
		}
		if again := tray.Tidy(got); again != got {
			t.Errorf("%q is not tidy, %q is", got, again)
		}
	})
}

package transcript_test

import (
	"testing"

	"sluice/internal/transcript"
)

func TestTextOfAModelIsMadeSafe(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, line, paragraphs string }{
		"plain text stays":            {"물이 흐른다.", "물이 흐른다.", "물이 흐른다."},
		"spaces are single":           {"  a \t b  ", "a b", "a b"},
		"paragraphs stay apart":       {"one\n\n\n  two \r\nthree", "one two three", "one\n\ntwo\n\nthree"},
		"control characters go":       {"a\x00b\x1b[31mc\u0085d", "ab[31mc d", "ab[31mc\n\nd"},
		"broken UTF-8 is marked":      {"a\xffb", "a\uFFFDb", "a\uFFFDb"},
		"nothing comes of only space": {" \n\t\u2028 ", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := transcript.OneLine(tt.text); got != tt.line {
				t.Errorf("OneLine() = %q, want %q", got, tt.line)
			}
			if got := transcript.Paragraphs(tt.text); got != tt.paragraphs {
				t.Errorf("Paragraphs() = %q, want %q", got, tt.paragraphs)
			}
		})
	}
}

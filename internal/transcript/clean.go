package transcript

import (
	"strings"
	"unicode"
)

// Clean makes text fit to be shown, as every format has it. See clean.
func Clean(s string) string { return clean(s) }

// clean makes text from a recogniser, a language model or a person safe to
// write: valid UTF-8, no control characters, one kind of line end.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case IsLineBreak(r):
			return '\n'
		case r == '\t':
			return ' '
		case unicode.IsControl(r), r == '\uFEFF', r == '\uFFFE', r == '\uFFFF':
			return -1
		}
		return r
	}, s)
}

// IsLineBreak says whether a character ends a line, in one kind of text or
// another.
func IsLineBreak(r rune) bool {
	return r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

// oneLine is clean text on one line with single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// Cleaned is a copy of the transcript as JSON has it: with clean text, and never
// a nil list of segments.
func (t Transcript) Cleaned() Transcript {
	segments := make([]Segment, len(t.Segments))
	for i, s := range t.Segments {
		s.Text, s.Original = clean(s.Text), clean(s.Original)
		if len(s.Words) > 0 {
			words := make([]Word, len(s.Words))
			for k, w := range s.Words {
				w.Text = clean(w.Text)
				words[k] = w
			}
			s.Words = words
		}
		segments[i] = s
	}
	t.Segments = segments
	return t
}

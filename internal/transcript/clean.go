package transcript

import (
	"strings"
	"unicode"
)

// clean makes text from a recogniser, a language model or a person safe to
// write: valid UTF-8, no control characters, one kind of line end.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r == '\t':
			return ' '
		case unicode.IsControl(r), r == '\uFEFF', r == '\uFFFE', r == '\uFFFF':
			return -1
		}
		return r
	}, s)
}

// oneLine is clean text on one line with single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// cleaned is a copy of t with clean text and never a nil list of segments.
func cleaned(t Transcript) Transcript {
	segments := make([]Segment, len(t.Segments))
	for i, s := range t.Segments {
		s.Text = clean(s.Text)
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

package tray

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Titles come from file names and from programs we do not know. A menu shows
// one line of plain text: nothing in it may turn the direction of what follows,
// hide, or break the line. On a Mac a label that is no UTF-8 ends the program.

// tidy makes such a text one clean line.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && !joins(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

// joins says whether a character is there to bind others: those of emoji and
// of some scripts.
func joins(r rune) bool { return r == '\u200c' || r == '\u200d' }

// shorten takes out the middle of what is longer than n characters: the
// beginning tells what it is, the end which part and which kind of file.
func shorten(s string, n int) string {
	all := characters(s)
	if len(all) <= n {
		return strings.Join(all, "")
	}
	head := n / 2
	tail := n - 1 - head
	return strings.TrimRight(strings.Join(all[:head], ""), " ") + "…" +
		strings.TrimLeft(strings.Join(all[len(all)-tail:], ""), " ")
}

// characters splits into what a reader takes for one, near enough to cut
// between: accents, parts of a Korean syllable and joined emoji stay together.
// One that is made of more than any script needs loses the rest: accents by the
// hundred would stand all over the menu.
func characters(s string) []string {
	var out []string
	var last rune
	for _, r := range s {
		switch {
		case len(out) == 0 || !clings(last, r):
			out = append(out, string(r))
		case utf8.RuneCountInString(out[len(out)-1]) < mostParts:
			out[len(out)-1] += string(r)
		}
		last = r
	}
	return out
}

// mostParts has room for a family of four with their tones of skin.
const mostParts = 12

// clings says whether r belongs to the character before it.
func clings(last, r rune) bool {
	switch {
	case unicode.IsMark(r), joins(r), last == '\u200d':
		return true
	case r >= '\u1160' && r <= '\u11ff': // vowels and finals of decomposed Korean
		return true
	case r >= 0x1F3FB && r <= 0x1F3FF: // skin tones
		return true
	}
	return false
}

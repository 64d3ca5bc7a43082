// Package oneline makes a text of strangers - a title, the name of a file, what
// another program complains of - fit for one line of plain text, as a menu or a
// notification has it. It knows nothing of markup.
package oneline

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// Tidy makes s one clean line: nothing in it may turn the direction of what
// follows, hide, or break the line, and it is UTF-8.
func Tidy(s string) string {
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

// Shorten takes out the middle of what is longer than n characters: the
// beginning tells what it is, the end which part and which kind of file. What a
// reader takes for one character is never cut, but for one that is a heap of
// marks.
func Shorten(s string, n int) string {
	all := characters(s)
	if len(all) <= n {
		return strings.Join(all, "")
	}
	head := n / 2
	tail := n - 1 - head
	return strings.TrimRight(strings.Join(all[:head], ""), " ") + "…" +
		strings.TrimLeft(strings.Join(all[len(all)-tail:], ""), " ")
}

// largest is how many bytes one character may have: more than any that people
// use. The largest emoji are families, of which each member has its own skin.
const largest = 64

func characters(s string) []string {
	var out []string
	for state := -1; s != ""; {
		var c string
		c, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		if len(c) > largest {
			c = strings.ToValidUTF8(c[:largest], "")
		}
		out = append(out, c)
	}
	return out
}

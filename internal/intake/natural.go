package intake

import (
	"cmp"
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// natural is a name as people read it. It is made once for each name: a long
// folder compares every one of them many times.
type natural struct {
	name   string
	folded string
}

func naturalOf(name string) natural {
	return natural{name: name, folded: strings.ToLower(norm.NFC.String(name))}
}

// compare puts "clip 2" before "clip 10", "clip" before both, and capitals
// make no difference.
func (n natural) compare(m natural) int {
	x, y := n.folded, m.folded
	return cmp.Or(
		counting(strings.TrimSuffix(x, path.Ext(x)), strings.TrimSuffix(y, path.Ext(y))),
		counting(x, y),
		cmp.Compare(n.name, m.name),
	)
}

// counting compares character by character, but numbers by their size.
func counting(x, y string) int {
	for x != "" && y != "" {
		if digit(x[0]) && digit(y[0]) {
			var m, n string
			m, x = number(x)
			n, y = number(y)
			if c := cmp.Or(cmp.Compare(len(m), len(n)), cmp.Compare(m, n)); c != 0 {
				return c
			}
			continue
		}
		if x[0] != y[0] {
			return cmp.Compare(x[0], y[0]) // UTF-8 sorts as its characters do
		}
		x, y = x[1:], y[1:]
	}
	return cmp.Compare(len(x), len(y))
}

// number cuts the digits off the front of s, without zeros before them: of two
// numbers the longer is the larger, whatever their size.
func number(s string) (digits, rest string) {
	end := 0
	for end < len(s) && digit(s[end]) {
		end++
	}
	return strings.TrimLeft(s[:end], "0"), s[end:]
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

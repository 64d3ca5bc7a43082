package transcript

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// glyph is what a reader sees as one character, with its width in columns: 2
// for Han, kana and Hangul, 1 for Latin, 0 for what joins the one before it.
type glyph struct {
	text  string
	width int
}

func (g glyph) first() rune {
	r, _ := utf8.DecodeRuneInString(g.text)
	return r
}

func (g glyph) space() bool { return unicode.IsSpace(g.first()) }

// free says whether a line may break on either side of the glyph: Han and kana
// stand one by one, Hangul and Latin form words.
func (g glyph) free() bool { return g.width > 1 && !unicode.Is(unicode.Hangul, g.first()) }

func glyphs(s string) []glyph {
	out := make([]glyph, 0, len(s))
	state := -1
	for s != "" {
		var (
			cluster string
			width   int
		)
		cluster, s, width, state = uniseg.FirstGraphemeClusterInString(s, state)
		if strings.HasPrefix(cluster, " ") && len(cluster) > 1 { // a mark that has only a space to stand on
			out = append(out, glyph{" ", 1})
			cluster, width = cluster[1:], width-1
		}
		out = append(out, glyph{cluster, width})
	}
	return out
}

func columnsOf(s string) int { return uniseg.StringWidth(s) }

// wide says whether the text is written mostly in wide glyphs.
func wide(gs []glyph) bool {
	var narrow, broad int
	for _, g := range gs {
		switch {
		case g.space() || g.width == 0:
		case g.width > 1:
			broad++
		default:
			narrow++
		}
	}
	return broad*2 > narrow // a wide glyph says as much as two letters
}

// spaced says whether two pieces of text need a space between them.
func spaced(before, after string) bool {
	a, b := glyphs(lastRunes(before, 8)), glyphs(firstRunes(after, 8))
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	return !a[len(a)-1].free() && !b[0].free()
}

// mayBreak says whether a line may end after a and the next begin with b.
func mayBreak(a, b glyph, space bool) bool {
	switch {
	case neverFirst(b.first()):
		return false
	case space:
		return true
	case neverLast(a.first()):
		return false
	case a.text == b.text && strings.ContainsRune("…‥—―", a.first()):
		return false // a long dash or row of dots is one sign
	case unicode.Is(unicode.Hangul, a.first()), unicode.Is(unicode.Hangul, b.first()):
		return false
	}
	return a.free() || b.free()
}

// neverFirst and neverLast are the kinsoku rules: what may not begin a line,
// and what may not end one.
func neverFirst(r rune) bool {
	return unicode.In(r, unicode.Pe, unicode.Pf) ||
		strings.ContainsRune("!?,.:;%…‥、。，．：；！？％‰℃°・ー〜～々〻ゝゞヽヾ"+
			"ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ", r)
}

func neverLast(r rune) bool {
	return unicode.In(r, unicode.Ps, unicode.Pi) || strings.ContainsRune("¥￥$＄£￡€", r)
}

func endsSentence(s string) bool { return endsWith(s, ".!?…。！？．") }

func endsClause(s string) bool { return endsWith(s, ",;:、，；：—–") }

// endsWith looks at the last sign of s, behind closing quotes and brackets.
func endsWith(s, signs string) bool {
	s = strings.TrimRightFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.Pe, unicode.Pf) || r == '"' || r == '\''
	})
	r, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && strings.ContainsRune(signs, r)
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func lastRunes(s string, n int) string {
	i := len(s)
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return s[i:]
}

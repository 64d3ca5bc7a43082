package transcript

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// speech says when a rune of a segment was spoken: exactly to the word when
// the segment has words, else as if it was spoken evenly.
type speech []stretch

type stretch struct {
	first   int // the first of its runes among the visible ones of the segment
	runes   int
	startMS int64
	endMS   int64
}

func newSpeech(s Segment, text string) speech {
	even := speech{{0, max(utf8.RuneCountInString(visible(text)), 1), s.StartMS, s.EndMS}}
	if len(s.Words) == 0 {
		return even
	}
	var (
		sp    speech
		spelt strings.Builder
		at    = s.StartMS
		seen  int
	)
	for _, w := range s.Words {
		word := visible(oneLine(w.Text))
		n := utf8.RuneCountInString(word)
		if n == 0 {
			continue
		}
		start := min(max(w.StartMS, at), s.EndMS)
		end := min(max(w.EndMS, start), s.EndMS)
		sp = append(sp, stretch{seen, n, start, end})
		spelt.WriteString(word)
		at, seen = end, seen+n
	}
	if spelt.String() != visible(text) { // the text was edited: its words are of another text
		return even
	}
	return sp
}

func (sp speech) start(i int) int64 { return sp.at(i, 0) }
func (sp speech) end(i int) int64   { return sp.at(i, 1) }

func (sp speech) at(i, more int) int64 {
	k := sort.Search(len(sp), func(k int) bool { return sp[k].first > i }) - 1
	w := sp[max(k, 0)]
	part := int64(min(i-w.first+more, w.runes))
	return w.startMS + (w.endMS-w.startMS)*part/int64(w.runes)
}

func visible(s string) string {
	if !slices.ContainsFunc([]rune(s), unicode.IsSpace) {
		return s
	}
	return strings.Join(strings.Fields(s), "")
}

package whisper

import (
	"unicode"
	"unicode/utf8"

	"sluice/internal/transcript"
)

// A loop is some words that come again and again without anything between
// them: more often than people say anything, and long enough not to be a
// laugh or a "no, no, no, no".
const (
	loopWords   = 60 // the longest unit that is looked for
	loopTimes   = 4
	loopLetters = 40
	chantTimes  = 8 // so often may nothing come, however short

	onlyLoop = 8 // a segment of which less than this part stays was nothing else
)

// saidWord is one word of a segment. Its part of the text goes on to the next
// word, so that marks and spaces belong to the word before them.
type saidWord struct {
	segment  int
	from, to int
	text     string // folded, to be compared
	weight   float64
}

// cutLoops leaves the first of what comes again and again, and takes out the
// rest. Removed holds what was taken from each segment, "" = nothing; a segment
// that was hardly anything else is left without text.
func cutLoops(segments []Heard) (kept []Heard, removed []string) {
	var words []saidWord
	for i, s := range segments {
		words = append(words, wordsOf(i, s.Text)...)
	}
	again := loops(words)
	kept, removed = make([]Heard, len(segments)), make([]string, len(segments))
	next := 0
	for i, s := range segments {
		first := next
		for next < len(words) && words[next].segment == i {
			next++
		}
		kept[i], removed[i] = without(s, words[first:next], again[first:next])
	}
	return kept, removed
}

// loops marks the words that only say again what stands right before them.
func loops(words []saidWord) (again []bool) {
	again = make([]bool, len(words))
	for n := 1; n <= loopWords; n++ {
		for i := n; i < len(words); i++ {
			from := i
			for i < len(words) && words[i].text == words[i-n].text && !again[i] {
				i++
			}
			if isLoop(words[from-n:i], n) {
				for k := from; k < i; k++ {
					again[k] = true
				}
			}
		}
	}
	return again
}

func isLoop(run []saidWord, n int) bool {
	times, weight := len(run)/n, 0.0
	for _, w := range run {
		weight += w.weight
	}
	return times >= chantTimes || times >= loopTimes && weight >= loopLetters
}

// wordsOf splits text into words; scripts without spaces are taken by the
// character.
func wordsOf(segment int, text string) []saidWord {
	var words []saidWord
	open := false
	for at, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			open = false
			continue
		}
		if !open || unspaced(r) {
			words = append(words, saidWord{segment: segment, from: at})
			if n := len(words); n > 1 {
				words[n-2].to = at
			}
		}
		w := &words[len(words)-1]
		w.text += string(unicode.ToLower(r))
		w.weight += weight(r)
		open = !unspaced(r)
	}
	if n := len(words); n > 0 {
		words[0].from, words[n-1].to = 0, len(text)
	}
	return words
}

func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// weight says how many letters of an alphabet take as long to be said.
func weight(r rune) float64 {
	switch {
	case unicode.In(r, unicode.Han):
		return 3
	case unicode.In(r, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
		return 2.5
	}
	return 1
}

// without takes words out of a segment, with their times. What loses its end
// ends earlier.
func without(s Heard, words []saidWord, gone []bool) (kept Heard, removed string) {
	var text string
	stay := 0
	for i, w := range words {
		if gone[i] {
			removed += s.Text[w.from:w.to]
		} else {
			text += s.Text[w.from:w.to]
			stay++
		}
	}
	switch {
	case removed == "":
		return s, ""
	case stay*onlyLoop < len(words):
		removed, s.Text, s.Words = s.Text, "", nil
		return s, removed
	}
	s.Words = wordsLeft(s.Words, gone)
	if gone[len(gone)-1] {
		s.EndMS = s.StartMS + (s.EndMS-s.StartMS)*int64(len(text))/int64(len(s.Text))
		if n := len(s.Words); n > 0 {
			s.EndMS = s.Words[n-1].EndMS
		}
	}
	s.Text = text
	return s, removed
}

// wordsLeft keeps the timed words that hold a word which is not gone.
func wordsLeft(timed []transcript.Word, gone []bool) []transcript.Word {
	var left []transcript.Word
	next := 0
	for _, t := range timed {
		stays := false
		for range wordsOf(0, t.Text) {
			if next < len(gone) && !gone[next] {
				stays = true
			}
			next++
		}
		if stays {
			left = append(left, t)
		}
	}
	return left
}

// letters weighs all letters of a text.
func letters(text string) float64 {
	sum := 0.0
	for _, r := range text {
		if r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			sum += weight(r)
		}
	}
	return sum
}

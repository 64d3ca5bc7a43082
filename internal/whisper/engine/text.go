package engine

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"sluice/internal/transcript"
)

// rawSegment is a segment as the model gives it: bytes, which need not be
// whole characters, and milliseconds in what it heard.
type rawSegment struct {
	start, end int64
	tokens     []rawToken
	logProb    float64 // of a token, on average
	noSpeech   float64 // probability that nobody speaks in its window
}

type rawToken struct {
	start, end int64
	text       string
}

func (s rawSegment) text() string {
	var b strings.Builder
	for _, t := range s.tokens {
		b.WriteString(t.text)
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// joinPieces moves the bytes of a character that was cut by the end of a
// segment to the next one, where the rest of it is. A Korean syllable is three
// bytes and often two tokens.
func joinPieces(segments []rawSegment) []rawSegment {
	for i := 0; i+1 < len(segments); i++ {
		this, next := &segments[i], &segments[i+1]
		for len(this.tokens) > 0 && len(next.tokens) > 0 {
			last := &this.tokens[len(this.tokens)-1]
			cut := cutCharacter(last.text)
			if cut == 0 {
				break
			}
			head := len(last.text) - cut
			next.tokens[0].text = last.text[head:] + next.tokens[0].text
			last.text = last.text[:head]
			if head > 0 {
				break
			}
			this.tokens = this.tokens[:len(this.tokens)-1]
		}
	}
	return segments
}

// cutCharacter counts the bytes at the end of text that begin a character, or
// go on with one, without ending it.
func cutCharacter(text string) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(text)); n++ {
		b := text[len(text)-n]
		switch {
		case b < utf8.RuneSelf:
			return 0
		case utf8.RuneStart(b):
			if utf8.FullRuneInString(text[len(text)-n:]) {
				return 0
			}
			return n
		}
	}
	if onlyContinues(text) {
		return len(text)
	}
	return 0
}

// onlyContinues says that a token is nothing but the middle of a character.
func onlyContinues(text string) bool {
	for i := range len(text) {
		if utf8.RuneStart(text[i]) {
			return false
		}
	}
	return text != "" && len(text) < utf8.UTFMax-1
}

// splitWords joins tokens to words: a space begins one, and in scripts without
// spaces every token does. Marks stay with the word before them.
func splitWords(tokens []rawToken) []transcript.Word {
	var words []transcript.Word
	for _, t := range wholeTokens(tokens) {
		text := strings.TrimSpace(t.text)
		if text == "" {
			continue
		}
		if len(words) > 0 && !beginsWord(t.text) {
			w := &words[len(words)-1]
			w.Text += text
			w.EndMS = max(w.EndMS, t.end)
			continue
		}
		words = append(words, transcript.Word{StartMS: t.start, EndMS: t.end, Text: text})
	}
	return words
}

// wholeTokens merges tokens until each holds whole characters.
func wholeTokens(tokens []rawToken) []rawToken {
	var whole []rawToken
	open := false
	for _, t := range tokens {
		if open {
			last := &whole[len(whole)-1]
			last.text += t.text
			last.end = max(last.end, t.end)
		} else {
			whole = append(whole, t)
		}
		open = cutCharacter(whole[len(whole)-1].text) > 0
	}
	for i := range whole {
		whole[i].text = strings.ToValidUTF8(whole[i].text, "\uFFFD")
	}
	return whole
}

func beginsWord(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	if unicode.IsSpace(r) {
		return true
	}
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

package ollama

import (
	"strings"
	"unicode"
)

// reckon counts the tokens of a text as a usual model would: four letters of
// Latin make one, two of most other scripts, and every sign of Chinese,
// Japanese and Korean is one of its own.
func reckon(text string) float64 {
	var sum float64
	for _, r := range text {
		switch {
		case r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == ' '):
			sum += 0.25
		case r < 0x250:
			sum += 0.5 // digits, signs, letters with accents
		case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
			sum++
		default:
			sum += 0.5
		}
	}
	return sum
}

// kind is the writing of a text, roughly: models count each in another way.
type kind int

const (
	letters kind = iota
	both
	wide // every sign a syllable or a word
	kinds
)

func kindOf(text string) kind {
	var all, broad int
	for _, r := range text {
		if unicode.IsLetter(r) {
			all++
			if unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) {
				broad++
			}
		}
	}
	switch {
	case broad*5 < all:
		return letters
	case broad*2 < all:
		return both
	}
	return wide
}

// gauge knows how far a model's own count is from ours, and how much a server
// lets it read. It learns from what the server says was read.
type gauge struct {
	most  float64        // tokens of the model for one of ours, at the most lately; 0 = nothing was seen yet
	least [kinds]float64 // the same at the least
	limit int            // tokens that the server cuts every question to; 0 = none
}

const (
	usual    = 1.15 // tokens of a model for one of ours, before anything is known
	fewest   = 0.2  // none has fewer
	overhead = 16   // tokens that a template puts around the messages
	little   = 200  // tokens of ours: what is counted of less proves nothing
	plenty   = 600  // tokens of ours: what is counted of more is not believed the first time
	near     = 4    // tokens that a limit may be off
)

// tokens is what a text of so many tokens of ours will take, rather more than
// less.
func (g *gauge) tokens(reckoned float64) int {
	if g.most == 0 {
		return int(reckoned*usual) + overhead
	}
	return int(reckoned*g.most*1.05) + overhead
}

// left is how many tokens there are beside a question of so many of ours and
// its answer.
func (g *gauge) left(reckoned float64, room, context int) int {
	in := g.tokens(reckoned)
	if g.limit > 0 {
		return min(context-in-room, g.limit-2*near-in)
	}
	return context - in - room
}

// tooShort learns from a question that was longer than it seemed.
func (g *gauge) tooShort() { g.most = max(g.most, usual) * 1.3 }

// verdict is what a count says of a question.
type verdict int

const (
	whole    verdict = iota // all of it was read
	doubtful                // fewer tokens than there should be: it may have been cut
	cutShort                // it was cut
)

// judge says whether a question was read to its end when the server says so
// many tokens. One that cuts without a word counts what is left: the whole
// context, or half of it, or whatever its limit is.
func (g *gauge) judge(reckoned float64, k kind, counted, context int) verdict {
	ratio := float64(counted-overhead) / reckoned
	half := context / 2
	switch {
	case counted <= 0, counted >= context-1,
		counted >= half-near && counted <= half+near && counted < g.tokens(reckoned),
		g.limit > 0 && counted >= g.limit-near,
		reckoned >= little && ratio < fewest:
		return cutShort
	case g.least[k] == 0 && reckoned >= plenty, reckoned >= little && ratio < 0.85*g.least[k]:
		return doubtful
	}
	return whole
}

// saw learns from a question that was read to its end. More tokens than before
// are believed at once, fewer only slowly.
func (g *gauge) saw(reckoned float64, k kind, counted int) {
	if reckoned < 32 || counted <= overhead {
		return
	}
	ratio := float64(counted-overhead) / reckoned
	g.most = max(ratio, g.most*0.9+ratio*0.1)
	if g.least[k] == 0 {
		g.least[k] = ratio
	}
	g.least[k] = min(g.least[k], ratio)
}

// longestRound is the longest piece of text whose repetition is seen.
const longestRound = 60

// endsInCircles says whether a text ends with the same piece over and over, or
// with nothing but space.
func endsInCircles(text string) bool {
	const tail = 480
	text = text[max(0, len(text)-tail):]
	if len(text) == tail && strings.TrimSpace(text[tail/2:]) == "" {
		return true
	}
	b := []byte(text)
	for period := 1; period <= longestRound; period++ {
		length := 0
		for i := len(b) - 1; i >= period && b[i] == b[i-period]; i-- {
			length++
		}
		if length >= max(6*period, 96) {
			return true
		}
	}
	return false
}

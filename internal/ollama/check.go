package ollama

import (
	"strings"
	"unicode"

	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// flaw is what is wrong with the translation of a line: a phrase that follows
// "the model".
type flaw string

// The flaws.
const (
	sound     flaw = ""
	noAnswer  flaw = "gave no answer that can be used"
	leftOut   flaw = "left the line out"
	overdone  flaw = "said more than the line says"
	curt      flaw = "said less than the line says"
	wrongTalk flaw = "answered in another language"
	echo      flaw = "repeated the original"
	circles   flaw = "went round in circles"
	elsewhere flaw = "mixed it up with another line"
	tooWide   flaw = "cannot take in a line as long as this"
)

// judge looks at what a model made of some lines that follow one another, and
// says what is wrong with each. A line beside one that is wrong is not trusted
// either: it may hold the other's text.
func judge(to tongue, lines []pipeline.Line, got map[int]string) map[int]flaw {
	wrong := map[int]flaw{}
	for _, l := range lines {
		if f := to.check(l.Text, got[l.ID]); f != sound {
			wrong[l.ID] = f
		}
	}
	beside := map[int]flaw{}
	for i, l := range lines[:max(0, len(lines)-1)] {
		next := lines[i+1]
		a, b := got[l.ID], got[next.ID]
		moved := strays(l.Text, a, next.Text, b) || strays(next.Text, b, l.Text, a)
		same := weight(a) >= 16 && plain(a) == plain(b) && plain(l.Text) != plain(next.Text)
		for _, pair := range [][2]int{{l.ID, next.ID}, {next.ID, l.ID}} {
			if moved || same || wrong[pair[0]] != sound {
				beside[pair[1]] = elsewhere
			}
		}
	}
	for id, f := range beside {
		if wrong[id] == sound {
			wrong[id] = f
		}
	}
	return wrong
}

// check says what is wrong with a translation, going by it and its original.
func (l tongue) check(original, text string) flaw {
	from, into := weight(original), weight(text)
	switch {
	case text == "":
		return leftOut
	case into > 4*from+40:
		return overdone
	case from >= 4 && into == 0, from >= 24 && into*6 < from:
		return curt
	case circular(text) && !circular(original):
		return circles
	case copies(original, text):
		return echo
	case !l.writes(text):
		return wrongTalk
	}
	return sound
}

// copies says whether a translation has hardly a word of its own. A word or two
// may be a name.
func copies(original, text string) bool {
	theirs := map[string]bool{}
	for _, w := range strings.Fields(original) {
		theirs[plain(w)] = true
	}
	words, same := strings.Fields(text), 0
	for _, w := range words {
		if theirs[plain(w)] {
			same++
		}
	}
	return len(theirs) >= 3 && same*5 >= len(words)*4 && (len(words) >= 5 || same == len(words))
}

// wordy says whether a line has anything to translate: letters.
func wordy(text string) bool { return strings.ContainsFunc(text, unicode.IsLetter) }

// weight is how much a text says, in letters of Latin: signs of other scripts
// say more each.
func weight(text string) int {
	n := 0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			n += 3
		case unicode.In(r, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
			n += 2
		case unicode.IsLetter(r), unicode.IsDigit(r):
			n++
		}
	}
	return n
}

// plain is a text without case, signs and spaces.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// circular says whether the same few words come many times in a row.
func circular(text string) bool {
	words := strings.Fields(strings.ToLower(text))
	if len(words) < 12 { // scripts without spaces, and laughter
		words = strings.Split(strings.ToLower(text), "")
	}
	for period := 1; period <= min(12, len(words)/4); period++ {
		run := 0
		for i := period; i < len(words); i++ {
			if words[i] != words[i-period] {
				run = 0
				continue
			}
			if run++; run >= max(3*period, 11) {
				return true
			}
		}
	}
	return false
}

// strays says whether something of a line is missing in its translation and
// stands in that of its neighbour, which has nothing of the kind itself.
func strays(original, text, otherOriginal, otherText string) bool {
	for _, mark := range marks(original) {
		if !has(text, mark) && has(otherText, mark) && !has(otherOriginal, mark) {
			return true
		}
	}
	return false
}

func has(text, mark string) bool { return strings.Contains(plain(text), mark) }

// marks are the parts of a line that most translations keep as they are:
// numbers of two digits and more, and names in Latin letters.
func marks(text string) []string {
	var found []string
	for i, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		digits := strings.TrimFunc(word, func(r rune) bool { return !unicode.IsDigit(r) })
		switch first := rune(word[0]); {
		case len(digits) >= 2:
			found = append(found, plain(digits))
		case i > 0 && len(word) >= 4 && first >= 'A' && first <= 'Z':
			found = append(found, plain(word))
		}
	}
	return found
}

// unwrap takes the translation out of what a model put around it: thoughts,
// fences, quotes that the original does not have.
func unwrap(original, said string) string {
	text := transcript.OneLine(withoutThoughts(said))
	// Before a colon it may say what it is about to do.
	if before, after, ok := strings.Cut(text, ":"); ok && len(before) < 80 &&
		strings.Contains(strings.ToLower(before), "translat") && !strings.Contains(original, ":") {
		text = strings.TrimSpace(after)
	}
	for _, q := range []string{`""`, "“”", "''", "「」", "``"} {
		marks := []rune(q)
		first, last := string(marks[0]), string(marks[1])
		inner, opened := strings.CutPrefix(text, first)
		inner, closed := strings.CutSuffix(inner, last)
		if opened && closed && inner != "" && !strings.HasPrefix(strings.TrimSpace(original), first) && !strings.Contains(inner, first) {
			text = strings.TrimSpace(inner)
		}
	}
	return text
}

// withoutThoughts drops what a model has thought aloud before its answer.
func withoutThoughts(said string) string {
	if _, after, ok := strings.Cut(said, "</think>"); ok {
		return after
	}
	if before, _, ok := strings.Cut(said, "<think>"); ok {
		return before
	}
	return said
}

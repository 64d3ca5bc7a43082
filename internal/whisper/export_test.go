package whisper

import (
	"bytes"
	"io"
	"strings"

	"sluice/internal/transcript"
)

// CutLoops cuts loops out of the texts of segments; those without a text are left out.
func CutLoops(texts []string) []string {
	left := []string{}
	kept, _ := cutLoops(heardTexts(texts))
	for _, s := range kept {
		if text := strings.TrimSpace(s.Text); text != "" {
			left = append(left, text)
		}
	}
	return left
}

// CutWords counts the words that stay in texts, and those that go.
func CutWords(texts []string) (kept, gone int) {
	segments, removed := cutLoops(heardTexts(texts))
	for i, s := range segments {
		kept += CountWords(s.Text)
		gone += CountWords(removed[i])
	}
	return kept, gone
}

// Missing says at which times speech is found that has no text.
func Missing(segments []transcript.Segment, speech []Piece) []int64 {
	j := judged{}
	for _, s := range segments {
		j.segments = append(j.segments, Heard{Segment: s})
	}
	j.missing(speech)
	at := []int64{}
	for _, w := range j.warnings {
		at = append(at, w.AtMS)
	}
	return at
}

// CountWords counts as the search for loops does.
func CountWords(text string) int { return len(wordsOf(0, text)) }

func heardTexts(texts []string) []Heard {
	segments := make([]Heard, len(texts))
	for i, text := range texts {
		segments[i].Segment = transcript.Segment{StartMS: int64(i) * 3000, EndMS: int64(i)*3000 + 3000, Text: text}
	}
	return segments
}

// ReadMessages reads what an engine says; other counts the lines that are no messages.
func ReadMessages(out io.Reader) (messages []Message, other int) {
	readMessages(out, func(m Message) { messages = append(messages, m) }, func(int) { other++ })
	return messages, other
}

// WalkModel walks through a model file.
func WalkModel(body []byte) error { return walkModel(bytes.NewReader(body), int64(len(body))) }

package engine

import (
	"math"
	"strings"

	"sluice/internal/transcript"
	"sluice/internal/whisper"
)

const samplesPerMS = whisper.SampleRate / 1000

// clock turns times of what the model heard into times of the source: the
// model hears the pieces without what lies between them.
type clock struct {
	pieces []whisper.Piece
	heard  []int64 // where each piece starts in what was heard, in samples
	total  int64
}

func newClock(pieces []whisper.Piece) clock {
	c := clock{pieces: pieces}
	for _, p := range pieces {
		c.heard = append(c.heard, c.total)
		c.total += p.To - p.From
	}
	return c
}

// start gives the source time of something that begins ms into what was heard,
// end of something that ends there: on a seam they differ.
func (c clock) start(ms int64) int64 { return c.source(ms, 0) }
func (c clock) end(ms int64) int64   { return c.source(ms, 1) }

func (c clock) source(ms, side int64) int64 {
	if len(c.pieces) == 0 {
		return 0
	}
	at := min(max(ms*samplesPerMS, 0), c.total)
	i := 0
	for i+1 < len(c.pieces) && at >= c.heard[i+1]+side {
		i++
	}
	return (c.pieces[i].From + at - c.heard[i]) / samplesPerMS
}

// segment places a raw segment in the source: inside the pieces, ends after
// starts, words inside. It says false when nothing is left to say.
func (c clock) segment(r rawSegment, words bool) (whisper.Heard, bool) {
	text := strings.TrimSpace(r.text())
	if text == "" {
		return whisper.Heard{}, false
	}
	s := transcript.Segment{StartMS: c.start(r.start), Text: text}
	s.EndMS = max(c.end(r.end), s.StartMS)
	if words {
		s.Words = c.words(r.tokens, s.StartMS, s.EndMS)
	}
	return whisper.Heard{Segment: s, LogProb: told(r.logProb), NoSpeech: told(r.noSpeech)}, true
}

// words places the words of a segment inside it, one after the other: what the
// model says of single tokens goes back and forth.
func (c clock) words(tokens []rawToken, from, to int64) []transcript.Word {
	var words []transcript.Word
	for _, w := range splitWords(tokens) {
		start := min(max(c.start(w.StartMS), from), to)
		end := min(max(c.end(w.EndMS), start), to)
		if n := len(words); n > 0 {
			words[n-1].EndMS = min(words[n-1].EndMS, start)
		}
		words = append(words, transcript.Word{StartMS: start, EndMS: end, Text: w.Text})
		from = start
	}
	return words
}

// told is a number that JSON can hold: a model may reckon with infinities.
func told(x float64) float64 {
	if math.IsNaN(x) {
		return -99
	}
	return min(max(x, -99), 99)
}

// inOrder makes starts rise: a model now and then goes back a little.
func inOrder(segments []whisper.Heard) []whisper.Heard {
	for i := 1; i < len(segments); i++ {
		before, s := segments[i-1], &segments[i]
		if s.StartMS < before.StartMS {
			s.StartMS = before.StartMS
			s.EndMS = max(s.EndMS, s.StartMS)
			for k := range s.Words {
				s.Words[k].StartMS = max(s.Words[k].StartMS, s.StartMS)
				s.Words[k].EndMS = max(s.Words[k].EndMS, s.Words[k].StartMS)
			}
		}
	}
	return segments
}

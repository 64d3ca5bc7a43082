package engine

import (
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
func (c clock) segment(r rawSegment, words bool) (transcript.Segment, bool) {
	text := strings.TrimSpace(r.text())
	if text == "" {
		return transcript.Segment{}, false
	}
	s := transcript.Segment{StartMS: c.start(r.start), Text: text}
	s.EndMS = max(c.end(r.end), s.StartMS)
	if !words {
		return s, true
	}
	last := s.StartMS
	for _, w := range splitWords(r.tokens) {
		start := min(max(c.start(w.StartMS), last), s.EndMS)
		end := min(max(c.end(w.EndMS), start), s.EndMS)
		s.Words = append(s.Words, transcript.Word{StartMS: start, EndMS: end, Text: w.Text})
		last = start
	}
	return s, true
}

// inOrder makes starts rise: a model now and then goes back a little.
func inOrder(segments []transcript.Segment) []transcript.Segment {
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

package engine

import (
	"context"
	"encoding/json"
	"io"
	"sync/atomic"
	"time"

	"sluice/internal/transcript"
	"sluice/internal/whisper"
)

// JoinPieces joins segments that are given as the texts of their tokens.
func JoinPieces(segments [][]string) []string {
	raw := make([]rawSegment, len(segments))
	for i, tokens := range segments {
		raw[i].tokens = rawTokens(tokens)
	}
	texts := make([]string, len(raw))
	for i, s := range joinPieces(raw) {
		texts[i] = s.text()
	}
	return texts
}

// SplitWords splits tokens, which last 100 ms each.
func SplitWords(tokens []string) []transcript.Word { return splitWords(rawTokens(tokens)) }

func rawTokens(texts []string) []rawToken {
	tokens := make([]rawToken, len(texts))
	for i, text := range texts {
		tokens[i] = rawToken{start: int64(i) * 100, end: int64(i)*100 + 100, text: text}
	}
	return tokens
}

// Place puts a segment that was heard at start..end into the source.
func Place(pieces []whisper.Piece, start, end int64) transcript.Segment {
	s, _ := newClock(pieces).segment(rawSegment{start: start, end: end, tokens: rawTokens([]string{" x"})}, false)
	return s.Segment
}

// PlaceWords puts words that the model heard at these times into a segment of
// the source from 0 to end.
func PlaceWords(heard []transcript.Word, end int64) []transcript.Word {
	s := rawSegment{end: end}
	for _, w := range heard {
		s.tokens = append(s.tokens, rawToken{start: w.StartMS, end: w.EndMS, text: " " + w.Text})
	}
	placed, _ := newClock([]whisper.Piece{{To: 60 * whisper.SampleRate}}).segment(s, true)
	return placed.Words
}

// FakeModel computes for as long as Computes unless it is aborted.
type FakeModel struct {
	Computes time.Duration
	Sounds   string // the language that all sounds like; "" = it does not look
	OnAllow  func() // before the abort is lifted
	OnAbort  func() // before it takes effect

	Computed atomic.Int64 // spans, to their end
	Late     atomic.Int64 // aborts of a model that was closed

	aborted atomic.Bool
	closed  atomic.Bool
}

// Serve is Run with a model that is loaded.
func Serve(ctx context.Context, in io.Reader, out io.Writer, m *FakeModel) error {
	e := &engine{cfg: Config{Pulse: time.Hour}, out: json.NewEncoder(out)}
	return e.serve(ctx, in, m)
}

// Answer answers one request that has arrived.
func Answer(ctx context.Context, r whisper.Request, out io.Writer, m *FakeModel) {
	e := &engine{cfg: Config{Pulse: time.Hour}, out: json.NewEncoder(out), model: m}
	e.answer(ctx, r)
}

func (m *FakeModel) multilingual() bool { return true }
func (m *FakeModel) steps() int64       { return 0 }
func (m *FakeModel) close()             { m.closed.Store(true) }

func (m *FakeModel) hear(_ []float32, _ whisper.Request, each func(rawSegment), _ func(float64)) (hearing, error) {
	for end := time.Now().Add(m.Computes); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if m.aborted.Load() {
			return hearing{}, errAborted
		}
	}
	m.Computed.Add(1)
	each(rawSegment{end: 1000, tokens: rawTokens([]string{" x"})})
	return hearing{language: m.Sounds, probability: 1}, nil
}

func (m *FakeModel) detect([]float32, int) (string, float64, error) { return "en", 1, nil }

func (m *FakeModel) allow() {
	if m.OnAllow != nil {
		m.OnAllow()
	}
	m.aborted.Store(false)
}

func (m *FakeModel) abort() {
	if m.OnAbort != nil {
		m.OnAbort()
	}
	if m.closed.Load() {
		m.Late.Add(1)
	}
	m.aborted.Store(true)
}

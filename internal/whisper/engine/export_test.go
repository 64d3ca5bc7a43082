package engine

import (
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
	return s
}

package ollama

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// condense makes fewer points of many, piece by piece. Every piece that was done
// is handed over; what an earlier run has done is taken as it is.
func (s *digest) condense(ctx context.Context, level int, points []pipeline.Point) ([]pipeline.Point, error) {
	var out []pipeline.Point
	var all, read float64
	failures := 0
	for from := 0; from < len(points); {
		p, err := s.part(ctx, level, points, from)
		if err != nil {
			return nil, err
		}
		weight := weigh(points[p.From:p.To])
		all, read = all+weight, read+weight*p.Read
		s.begun = true
		failures++
		if p.Read >= leastRead {
			failures = 0
		}
		if failures == mostFailures {
			s.read *= read / weigh(points)
			return nil, s.none(s.talk.name+" gave no answers that can be used", nil)
		}
		out = append(out, p.Points...)
		from = p.To
		if level == 0 {
			s.progress(0.9 * float64(from) / float64(len(points)))
		}
	}
	s.read *= read / all
	if s.read < leastRead || len(out) == 0 {
		return nil, s.none(fmt.Sprintf("%s read only %d %% of the transcript", s.talk.name, s.percent()), nil)
	}
	return out, nil
}

// part condenses the next piece: as many points as the model can read at once,
// and fewer when it fails with them. One it fails with for good is left out,
// and counts as not read.
func (s *digest) part(ctx context.Context, level int, points []pipeline.Point, from int) (pipeline.SummaryPart, error) {
	for _, d := range s.req.Done {
		if d.Level == level && d.From == from && d.To > from && d.To <= len(points) {
			return d, nil
		}
	}
	p := pipeline.SummaryPart{Level: level, From: from, To: s.reach(points, from)}
	for try := range mostTries {
		q := s.piece(points[p.From:p.To])
		q.seed, q.again = fmt.Sprintf("points %d %d %d", level, from, try), try > 0
		a, read, err := s.talk.ask(ctx, q)
		if err == nil || read > 0 && p.To == from+1 { // of a single one, better a part than nothing
			var failed error
			if p.Points, failed = s.points(a.text, points[p.From:p.To]); failed == nil {
				p.Read = read
				if s.watch.Part != nil {
					return p, s.watch.Part(p)
				}
				return p, nil
			}
			err = errors.Join(err, failed)
		}
		if !unusable(err) {
			return p, err
		}
		if try > 0 || errors.Is(err, errTooLong) {
			p.To = max(from+1, (from+p.To)/2)
		}
	}
	p.Points, p.Read = nil, 0
	return p, nil
}

// reach says how far the model can read in one question: to the first point
// that does not fit, and one at least.
func (s *digest) reach(points []pipeline.Point, from int) int {
	q, more, to := s.piece(nil), 0.0, from
	for to < len(points) {
		more += reckon(entry(points[to]))
		if to > from && s.talk.left(q, more) < 0 {
			break
		}
		to++
	}
	return to
}

// Bounds of the points of a piece.
const (
	mostPoints = 8
	pointRunes = 300
	shrinks    = 0.6 // points weigh no more than this share of what they come from
)

// points reads the points from an answer. Those that say nothing, or are not of
// these lines, are dropped, and so are the last ones when they are too long.
func (s *digest) points(said string, of []pipeline.Point) ([]pipeline.Point, error) {
	raw, err := object(said)
	if err != nil {
		return nil, err
	}
	var told struct {
		Points []struct {
			ID   lineID `json:"id"`
			Text string `json:"text"`
		} `json:"points"`
	}
	if err := json.Unmarshal(raw, &told); err != nil {
		return nil, fmt.Errorf("%w: %w", errShape, err)
	}
	ours := map[int]bool{}
	for _, p := range of {
		ours[p.ID] = true
	}
	var kept []pipeline.Point
	for _, t := range told.Points {
		p := pipeline.Point{ID: int(t.ID), Text: short(transcript.OneLine(t.Text), pointRunes)}
		if !ours[p.ID] || weight(p.Text) < 4 || circular(p.Text) || !s.into.writes(p.Text) || len(kept) == mostPoints {
			continue
		}
		if len(kept) > 0 && weigh(kept)+reckon(entry(p)) > shrinks*weigh(of) {
			break
		}
		kept = append(kept, p)
	}
	if kept == nil {
		return nil, fmt.Errorf("%w: no points", errShape)
	}
	return kept, nil
}

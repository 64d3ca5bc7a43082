package ollama

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

var _ pipeline.Summarizer = (*Client)(nil)

// Bounds of a summary's making.
const (
	mostLevels   = 6   // how often what remains may be cut in pieces again
	mostTries    = 3   // of one question
	mostFailures = 3   // of pieces that follow one another
	leastRead    = 0.5 // of the transcript: a summary of less is none
	leastSpace   = 64  // tokens for what is to be read, beside the question and its answer
	sampleTokens = 300 // of ours, that are measured before anything else
)

// Summarize has a model sum up the lines. When they are more than it can read
// at once, pieces come down to points first, and these again, until they fit.
// How much was read is what the server has counted, not what was sent.
func (c *Client) Summarize(ctx context.Context, req pipeline.SummarizeRequest, watch pipeline.SummarizeWatch) (transcript.Summary, error) {
	into, err := inLanguage(req.Language)
	if err != nil {
		return transcript.Summary{}, err
	}
	s := &digest{into: into, req: req, watch: watch, starts: map[int]int64{}, read: 1}
	var points []pipeline.Point
	for _, l := range req.Lines {
		s.starts[l.ID] = l.StartMS
		for _, text := range pieces(transcript.OneLine(l.Text), max(req.Context/16, 32)) {
			points = append(points, pipeline.Point{ID: l.ID, Text: text})
		}
	}
	if len(points) == 0 {
		return transcript.Summary{}, s.none("nothing was said", nil)
	}
	if s.talk, err = c.begin(ctx, req.Model, req.Context, watch.Usage); err != nil {
		return transcript.Summary{}, err
	}
	if s.talk.manner.translates {
		return transcript.Summary{}, s.none("the model "+s.talk.name+" only translates", nil)
	}
	return s.make(ctx, points)
}

// digest is one summary in the making.
type digest struct {
	into   tongue
	req    pipeline.SummarizeRequest
	watch  pipeline.SummarizeWatch
	talk   *talk
	starts map[int]int64 // of every line, by id
	read   float64       // share of the transcript that has come through so far
	begun  bool          // some of it was read
}

// none is the outcome without a summary.
func (s *digest) none(why string, err error) error {
	n := &pipeline.NoSummary{Why: why, Err: err}
	if s.begun {
		n.CoveragePercent = s.percent()
	}
	return n
}

// percent is the coverage as it is shown. It is rounded down: only all is 100.
func (s *digest) percent() int { return int(100*s.read + 1e-9) }

func (s *digest) progress(fraction float64) {
	if s.watch.Progress != nil {
		s.watch.Progress(fraction)
	}
}

// make condenses until what remains fits one question, and asks that.
func (s *digest) make(ctx context.Context, points []pipeline.Point) (transcript.Summary, error) {
	if err := s.measure(ctx, points); err != nil {
		return transcript.Summary{}, err
	}
	for level := 0; ; level++ {
		if min(s.talk.left(s.last(nil), 0), s.talk.left(s.piece(nil), 0)) < leastSpace {
			return transcript.Summary{}, s.none("the context of "+s.talk.name+" is too small", nil)
		}
		if q := s.last(points); s.talk.fits(q) {
			made, err := s.conclude(ctx, q)
			if !errors.Is(err, errTooLong) { // then it only seemed to fit
				return made, err
			}
		}
		if level == mostLevels {
			return transcript.Summary{}, s.none("the recording is too long for the context of "+s.talk.name, nil)
		}
		var err error
		if points, err = s.condense(ctx, level, points); err != nil {
			return transcript.Summary{}, err
		}
	}
}

// measure asks with some of the lines, few enough for any context, only to see
// how the model counts them: that says how much it can read at once.
func (s *digest) measure(ctx context.Context, points []pipeline.Point) error {
	all := weigh(points)
	if all <= sampleTokens {
		return nil
	}
	most := min(sampleTokens, float64(s.talk.context)/8)
	var sample []pipeline.Point
	for i := 0; i < len(points) && weigh(sample) < most; i += 1 + int(all/most/2) {
		sample = append(sample, points[i])
	}
	_, _, err := s.talk.ask(ctx, query{user: listed(sample), room: 1, seed: "measure"})
	if unusable(err) {
		return nil
	}
	return err
}

// conclude asks for the summary itself.
func (s *digest) conclude(ctx context.Context, q query) (transcript.Summary, error) {
	for try := range mostTries {
		q.seed, q.again = fmt.Sprintf("summary %s %d", s.into.code, try), try > 0
		a, read, err := s.talk.ask(ctx, q)
		s.begun = s.begun || read == 1
		var made transcript.Summary
		if err == nil {
			made, err = s.parse(a.text)
		}
		switch {
		case err == nil:
			made.Language, made.CoveragePercent = s.req.Language, s.percent()
			s.progress(1)
			return made, nil
		case errors.Is(err, errTooLong), !unusable(err):
			return transcript.Summary{}, err
		case try == mostTries-1:
			return transcript.Summary{}, s.none(s.talk.name+" gave no answer that can be used", err)
		}
	}
	return transcript.Summary{}, nil
}

// weigh reckons the tokens of some points.
func weigh(points []pipeline.Point) (sum float64) {
	for _, p := range points {
		sum += reckon(entry(p))
	}
	return sum
}

// pieces divides a long text between two words, where there are any. Nothing
// without letters or digits comes of it.
func pieces(text string, tokens int) (parts []string) {
	for reckon(text) > float64(tokens) {
		cut, space, sum := len(text), 0, 0.0
		for i, r := range text {
			if sum += reckon(string(r)); sum > float64(tokens) && i > 0 {
				cut = i
				break
			}
			if r == ' ' {
				space = i
			}
		}
		if space > 0 {
			cut = space
		}
		parts, text = append(parts, text[:cut]), strings.TrimSpace(text[cut:])
	}
	return slices.DeleteFunc(append(parts, text), func(s string) bool { return plain(s) == "" })
}

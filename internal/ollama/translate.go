package ollama

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/pipeline"
)

var _ pipeline.Translator = (*Client)(nil)

// Translate has a model translate the lines batch by batch. A batch that comes
// back wrong is asked for in halves, then line by line, and what is left then
// stays as it was. Only what the server does wrong is an error.
func (c *Client) Translate(ctx context.Context, req pipeline.TranslateRequest, watch pipeline.TranslateWatch) error {
	to, err := inLanguage(req.To)
	if err != nil {
		return err
	}
	t := &translation{phrasing: newPhrasing(req, to), lines: req.Lines, place: map[int]int{}, done: map[int]pipeline.TranslatedLine{}}
	for i, l := range req.Lines {
		if _, twice := t.place[l.ID]; twice {
			return fmt.Errorf("translate: line %d comes twice", l.ID)
		}
		t.place[l.ID] = i
	}
	for _, d := range req.Done {
		if _, ours := t.place[d.ID]; ours {
			t.done[d.ID] = d
		}
	}
	if len(t.done) == len(t.lines) {
		return nil
	}
	if strings.EqualFold(req.From, req.To) {
		return t.store(watch, t.kept(t.pending()))
	}
	if t.talk, err = c.begin(ctx, req.Model, req.Context, watch.Usage); err != nil {
		return err
	}
	for len(t.done) < len(t.lines) {
		lines, err := t.batch(ctx, t.cut(t.pending()))
		if err != nil {
			return err
		}
		if err := t.store(watch, lines); err != nil {
			return err
		}
	}
	return nil
}

// translation is one run: what there is to do and what is done of it.
type translation struct {
	phrasing
	talk  *talk
	lines []pipeline.Line
	place map[int]int // of a line, by id
	done  map[int]pipeline.TranslatedLine

	wordless int // batches in a row that came to nothing but in plain words
}

func (t *translation) pending() []pipeline.Line {
	return slices.DeleteFunc(slices.Clone(t.lines), func(l pipeline.Line) bool { _, ok := t.done[l.ID]; return ok })
}

// store hands finished lines over and goes on from there.
func (t *translation) store(watch pipeline.TranslateWatch, lines []pipeline.TranslatedLine) error {
	if watch.Batch != nil {
		if err := watch.Batch(lines); err != nil {
			return err
		}
	}
	for _, l := range lines {
		t.done[l.ID] = l
	}
	if watch.Progress != nil {
		watch.Progress(float64(len(t.done)) / float64(len(t.lines)))
	}
	return nil
}

// kept gives lines that need no translation as they are.
func (t *translation) kept(lines []pipeline.Line) (same []pipeline.TranslatedLine) {
	for _, l := range lines {
		same = append(same, pipeline.TranslatedLine{ID: l.ID, Text: l.Text})
	}
	return same
}

// What a batch may hold.
const (
	batchLines  = 12
	batchTokens = 600
	bareLines   = 5 // of a model that only translates
	lookBack    = 3 // lines that a batch may be shorter, to end with a sentence
)

// cut takes the next batch from what is to be done. It looks at nothing but the
// lines, so that a run that goes on where another ended cuts as that one would
// have.
func (t *translation) cut(lines []pipeline.Line) []pipeline.Line {
	most := batchLines
	if t.talk.manner.translates {
		most = bareLines
	}
	tokens, n := 0.0, 0
	for n < min(most, len(lines)) {
		tokens += reckon(lines[n].Text)
		if n > 0 && tokens > float64(min(batchTokens, t.talk.context/8)) {
			break
		}
		n++
	}
	if n < len(lines) {
		for back := range min(lookBack+1, n-1) {
			if closes(lines[n-1-back].Text) {
				return lines[:n-back]
			}
		}
	}
	return lines[:n]
}

// closes says whether a sentence ends here.
func closes(text string) bool {
	text = strings.TrimRight(text, " \"'”’»)」』")
	for _, end := range []string{".", "?", "!", "…", "。", "？", "！"} {
		if strings.HasSuffix(text, end) {
			return true
		}
	}
	return false
}

// before gives the last lines that were translated in front of a line.
func (t *translation) before(l pipeline.Line, found map[int]string) (pairs []pair) {
	for i := t.place[l.ID] - 1; i >= 0 && len(pairs) < pairsBefore; i-- {
		line := t.lines[i]
		if text, ok := found[line.ID]; ok {
			pairs = append(pairs, pair{line.Text, text})
		} else if d := t.done[line.ID]; d.Text != "" && !d.Untranslated && wordy(line.Text) {
			pairs = append(pairs, pair{line.Text, d.Text})
		}
	}
	slices.Reverse(pairs)
	return pairs
}

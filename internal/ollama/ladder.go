package ollama

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/internal/pipeline"
)

// rung is one way to ask for lines: how many at once, and with what around
// them.
type rung struct {
	size  int
	alone bool // one line and nothing else, in plain words
	heat  float64
}

// rungs are the ways down from a batch of so many lines: all, halves, each
// alone, each with nothing around it.
func (t *translation) rungs(n int) []rung {
	bottom := rung{size: 1, alone: true, heat: 0.4}
	if t.wordless >= patienceBatches {
		return []rung{bottom}
	}
	ways := []rung{{size: n, heat: 0.2}}
	if t.hopeless() {
		return ways
	}
	if half := (n + 1) / 2; half > 1 {
		ways = append(ways, rung{size: half, heat: 0.3})
	}
	if n > 1 {
		ways = append(ways, rung{size: 1, heat: 0.3})
	}
	return append(ways, bottom)
}

// When a model cannot do it, asking on costs hours. After so many questions on
// one rung without any success in the batch, the next rung is tried; after so
// many lines no more than one question is asked for a batch, until one succeeds;
// and after so many batches that came to something in plain words only, the
// other ways are left out.
const (
	patienceAsks    = 4
	patienceLines   = 24
	patienceBatches = 2
)

func (t *translation) hopeless() bool {
	failed := 0
	for _, l := range slices.Backward(t.lines) {
		d, ok := t.done[l.ID]
		switch {
		case !ok, !wordy(l.Text):
			continue
		case !d.Untranslated:
			return false
		}
		if failed++; failed >= patienceLines {
			return true
		}
	}
	return false
}

// batch translates lines that follow one another, and gives all of them back.
func (t *translation) batch(ctx context.Context, lines []pipeline.Line) ([]pipeline.TranslatedLine, error) {
	rest := slices.DeleteFunc(slices.Clone(lines), func(l pipeline.Line) bool { return !wordy(l.Text) })
	good, wrong, helped := map[int]string{}, map[int]flaw{}, false
	before := t.talk.usage.Requests
	for i, way := range t.rungs(len(rest)) {
		asked := 0
		for group := range slices.Chunk(slices.Clone(rest), max(way.size, 1)) {
			if asked++; asked > patienceAsks && len(good) == 0 {
				break
			}
			q := t.question(group, way, i, good)
			q.again = t.talk.usage.Requests > before
			texts, flaws, err := t.try(ctx, q, group, way)
			if err != nil {
				return nil, err
			}
			for _, l := range group {
				if wrong[l.ID] = flaws[l.ID]; wrong[l.ID] == sound {
					good[l.ID] = texts[l.ID]
				}
			}
		}
		rest = slices.DeleteFunc(rest, func(l pipeline.Line) bool { _, ok := good[l.ID]; return ok })
		helped = helped || len(good) > 0 && !way.alone
	}
	switch {
	case helped:
		t.wordless = 0
	case len(good) > 0:
		t.wordless++
	}
	return t.result(lines, good, wrong), nil
}

// result gives all lines of a batch: translated, without anything to translate,
// or as they were and marked.
func (t *translation) result(lines []pipeline.Line, good map[int]string, wrong map[int]flaw) []pipeline.TranslatedLine {
	out := t.kept(lines)
	for i := range out {
		switch text, ok := good[out[i].ID]; {
		case ok:
			out[i].Text = text
		case wordy(out[i].Text):
			out[i].Untranslated = true
			out[i].Warning = fmt.Sprintf("Not translated: the model %s.", cmp.Or(wrong[out[i].ID], noAnswer))
		}
	}
	return out
}

// question puts a question together, with as much around the lines as there is
// room for.
func (t *translation) question(lines []pipeline.Line, way rung, step int, good map[int]string) query {
	q := t.query(lines, way, t.before(lines[0], good))
	if !t.talk.fits(q) {
		q = t.query(lines, way, nil)
	}
	q.seed = fmt.Sprintf("translate %s %d %d", t.to.code, lines[0].ID, step)
	return q
}

// try asks once for some lines, and says what is wrong with what came. An error
// is the server's.
func (t *translation) try(ctx context.Context, q query, lines []pipeline.Line, way rung) (map[int]string, map[int]flaw, error) {
	if !t.talk.fits(q) {
		return nil, all(lines, tooWide), nil
	}
	a, _, err := t.talk.ask(ctx, q)
	var texts map[int]string
	if err == nil {
		texts, err = t.read(a.text, lines, way)
	}
	switch {
	case errors.Is(err, errTooLong):
		return nil, all(lines, tooWide), nil
	case errors.Is(err, errLength), errors.Is(err, errLoop):
		return nil, all(lines, circles), nil
	case errors.Is(err, errShape):
		return nil, all(lines, noAnswer), nil
	case err != nil:
		return nil, nil, err
	}
	return texts, judge(t.to, lines, texts), nil
}

func all(lines []pipeline.Line, f flaw) map[int]flaw {
	flaws := map[int]flaw{}
	for _, l := range lines {
		flaws[l.ID] = f
	}
	return flaws
}

// query puts the question together. An answer that is longer than its room was
// not going to be a good one.
func (t *translation) query(lines []pipeline.Line, way rung, before []pair) query {
	q := query{heat: way.heat}
	var source float64
	for _, l := range lines {
		source += reckon(l.Text)
	}
	perLine := 24 // an id and what JSON puts around a text
	switch {
	case t.talk.manner.translates:
		q.user = t.bare(lines)
	case way.alone:
		q.system, q.user = t.single(lines[0])
	default:
		q.system, q.user = t.system(), t.phrasing.batch(lines, before)
		q.format = numbered(ids(lines))
		perLine = 64
	}
	q.room = min(3*t.talk.gauge.tokens(source)+perLine*len(lines), mostRoom, t.talk.context/2)
	return q
}

// mostRoom is the longest answer for a batch, in tokens.
const mostRoom = 2048

func ids(lines []pipeline.Line) (list []int) {
	for _, l := range lines {
		list = append(list, l.ID)
	}
	return list
}

// read takes the texts of the lines from an answer.
func (t *translation) read(said string, lines []pipeline.Line, way rung) (map[int]string, error) {
	texts := map[int]string{}
	switch {
	case t.talk.manner.translates:
		parts := words(strings.Split(strings.ReplaceAll(withoutThoughts(said), "\r", ""), "\n")...)
		if len(parts) != len(lines) {
			return nil, fmt.Errorf("%w: %d lines for %d", errShape, len(parts), len(lines))
		}
		for i, l := range lines {
			texts[l.ID] = parts[i]
		}
	case way.alone && !strings.HasPrefix(strings.TrimSpace(said), "{"): // some answer in JSON even now
		texts[lines[0].ID] = said
	default:
		var err error
		wanted := ids(lines)
		if texts, err = keyed(said, func(id int) bool { return slices.Contains(wanted, id) }); err != nil {
			return nil, err
		}
	}
	for _, l := range lines {
		texts[l.ID] = unwrap(l.Text, texts[l.ID])
	}
	return texts, nil
}

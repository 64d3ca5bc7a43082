package transcript

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Cue is one subtitle on screen.
type Cue struct {
	StartMS int64
	EndMS   int64
	Lines   []string // one or more, none empty
}

// Layout says how cues are cut; the zero value works.
type Layout struct {
	Columns   int     // 42: the longest line, in columns
	Wide      int     // 18: the longest line of Korean, Japanese or Chinese, in glyphs of two columns
	Lines     int     // 2: lines of one cue
	Speed     float64 // 20: characters a reader takes in a second
	WideSpeed float64 // 12: the same for wide glyphs
	MinMS     int64   // 1000: the shortest time on screen, where the next cue leaves room
	MaxMS     int64   // 7000: the longest
	GapMS     int64   // 80: darkness between two cues, where there is room
}

const (
	maxMS      = 100_000 * 3_600_000 // times beyond this are nonsense and would overflow sums
	flashMS    = 100                 // no cue is shorter, whatever the segments say
	pauseMS    = 1500                // silence between words that ends a cue
	priceCue   = 1000
	priceWord  = 400 // a cue that ends inside a clause
	priceComma = 150
	priceShort = 300
	priceEmpty = 300
)

func (l Layout) orDefault() Layout {
	l.Columns = cmp.Or(max(l.Columns, 0), 42)
	l.Wide = cmp.Or(max(l.Wide, 0), 18)
	l.Lines = cmp.Or(max(l.Lines, 0), 2)
	l.Speed = cmp.Or(max(l.Speed, 0), 20)
	l.WideSpeed = cmp.Or(max(l.WideSpeed, 0), 12)
	l.MinMS = cmp.Or(min(max(l.MinMS, 0), maxMS), 1000)
	l.MaxMS = max(cmp.Or(min(max(l.MaxMS, 0), maxMS), 7000), l.MinMS)
	l.GapMS = cmp.Or(min(max(l.GapMS, 0), maxMS), 80)
	return l
}

// Cues cuts a transcript into subtitles. Every cue fits the layout's lines;
// starts never go back, cues never overlap, none is empty or before zero.
// A long segment becomes several cues, timed by its words when they are there
// and spell its text, else by length. A cue that is too fast to read stays
// longer, as far as the next one lets it: text is never dropped or moved to a
// neighbour to win time.
func Cues(t Transcript, l Layout) []Cue {
	l = l.orDefault()
	var cues []timed
	for _, s := range inOrder(t.Segments) {
		cues = append(cues, cut(s, l)...)
	}
	return settle(cues, l)
}

// inOrder gives the segments by start, with times inside bounds.
func inOrder(segments []Segment) []Segment {
	out := slices.Clone(segments)
	for i := range out {
		out[i].StartMS = min(max(out[i].StartMS, 0), maxMS)
		out[i].EndMS = min(max(out[i].EndMS, out[i].StartMS), maxMS)
	}
	slices.SortStableFunc(out, func(a, b Segment) int { return cmp.Compare(a.StartMS, b.StartMS) })
	return out
}

// timed is a cue whose times are as spoken: they may still overlap.
type timed struct {
	Cue
	readMS int64
}

// atom is a piece of text that stays on one line.
type atom struct {
	text    string
	width   int
	space   bool // a space before it, unless it begins a line
	startMS int64
	endMS   int64
}

// cut makes the cues of one segment. Among all ways to do it, it takes the
// one with the fewest cues that end at full stops and commas and are filled
// evenly.
func cut(s Segment, l Layout) []timed {
	text := oneLine(s.Text)
	if text == "" {
		return nil
	}
	gs := glyphs(text)
	limit, speed := l.Columns, l.Speed
	if wide(gs) {
		limit, speed = 2*l.Wide, l.WideSpeed
	}
	atoms := atomise(gs, limit, newSpeech(s, text))
	if len(atoms) == 0 {
		return nil
	}

	best := make([]float64, len(atoms)+1) // the price of everything before an atom
	from := make([]int, len(atoms)+1)
	for i := range best[1:] {
		best[i+1] = math.Inf(1)
	}
	for i := range atoms {
		line, lines, total := 0, 1, 0
		for j := i; j < len(atoms); j++ {
			a := atoms[j]
			step := a.width + space(a, j > i)
			switch {
			case line+step <= limit || j == i:
				line += step
			case lines < l.Lines:
				line, lines = a.width, lines+1
			default:
				lines = l.Lines + 1
			}
			total += step
			// A few words over a long time stay together: only their time is cut.
			tooLong := total > limit && a.endMS-atoms[i].startMS > l.MaxMS
			if j > i && (lines > l.Lines || tooLong || a.startMS-atoms[j-1].endMS >= pauseMS) {
				break
			}
			price := best[i] + price(atoms, i, j, float64(total)/float64(limit*l.Lines), l)
			if price < best[j+1] {
				best[j+1], from[j+1] = price, i
			}
		}
	}

	var cues []timed
	for end := len(atoms); end > 0; end = from[end] {
		part := atoms[from[end]:end]
		lines := fill(part, limit, l.Lines)
		cues = append(cues, timed{
			Cue:    Cue{StartMS: part[0].startMS, EndMS: part[len(part)-1].endMS, Lines: lines},
			readMS: readMS(lines, speed),
		})
	}
	slices.Reverse(cues)
	return cues
}

func price(atoms []atom, i, j int, filled float64, l Layout) float64 {
	p := priceCue + priceEmpty*(1-filled)*(1-filled)
	if atoms[j].endMS-atoms[i].startMS < l.MinMS {
		p += priceShort
	}
	switch {
	case j == len(atoms)-1, endsSentence(atoms[j].text):
	case endsClause(atoms[j].text):
		p += priceComma
	default:
		p += priceWord
	}
	return p
}

// atomise cuts glyphs into atoms no wider than limit.
func atomise(gs []glyph, limit int, sp speech) []atom {
	var (
		out   []atom
		cur   strings.Builder
		width int
		lead  bool // a space before the current atom
		first int  // the current atom's first rune among the visible ones
		seen  int  // visible runes so far
		gap   bool // a space since the last glyph
		prev  glyph
	)
	flush := func() {
		if cur.Len() > 0 {
			out = append(out, atom{cur.String(), width, lead, sp.start(first), sp.end(seen - 1)})
		}
		cur.Reset()
		width, first = 0, seen
	}
	for _, g := range gs {
		if g.space() {
			gap = true
			continue
		}
		inner := 0
		if gap {
			inner = 1
		}
		switch {
		case cur.Len() == 0:
			lead = gap
		case mayBreak(prev, g, gap), width+inner+g.width > limit:
			flush()
			lead = gap
		case gap:
			cur.WriteByte(' ')
			width++
		}
		cur.WriteString(g.text)
		width += g.width
		seen += utf8.RuneCountInString(g.text)
		gap, prev = false, g
	}
	flush()
	return out
}

// fill sets atoms on as few lines as they need; two lines are made even, the
// lower one rather longer, broken after a comma when that costs little.
func fill(atoms []atom, limit, lines int) []string {
	total := widthOf(atoms)
	if total <= limit || lines == 1 {
		return []string{textOf(atoms)}
	}
	best, bestPrice := 0, math.MaxInt
	for k := 1; k < len(atoms); k++ {
		above, below := widthOf(atoms[:k]), widthOf(atoms[k:])
		if above > limit || below > limit {
			continue
		}
		price := below - above
		if price < 0 {
			price = 2 - price
		}
		if !endsSentence(atoms[k-1].text) && !endsClause(atoms[k-1].text) {
			price += limit / 4
		}
		if price < bestPrice {
			best, bestPrice = k, price
		}
	}
	if best > 0 {
		return []string{textOf(atoms[:best]), textOf(atoms[best:])}
	}
	k := 1
	for k < len(atoms) && widthOf(atoms[:k+1]) <= limit {
		k++
	}
	if k == len(atoms) {
		return []string{textOf(atoms)}
	}
	return append([]string{textOf(atoms[:k])}, fill(atoms[k:], limit, lines-1)...)
}

func space(a atom, inside bool) int {
	if a.space && inside {
		return 1
	}
	return 0
}

func widthOf(atoms []atom) int {
	w := 0
	for i, a := range atoms {
		w += a.width + space(a, i > 0)
	}
	return w
}

func textOf(atoms []atom) string {
	var b strings.Builder
	for i, a := range atoms {
		if space(a, i > 0) > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(a.text)
	}
	return b.String()
}

func readMS(lines []string, speed float64) int64 {
	n := 0
	for _, line := range lines {
		n += len(glyphs(line))
	}
	return int64(math.Ceil(float64(n) / speed * 1000))
}

// settle gives the cues their times on screen.
func settle(cues []timed, l Layout) []Cue {
	out := make([]Cue, len(cues))
	for i := range cues {
		c := cues[i]
		length := min(c.EndMS-c.StartMS, l.MaxMS)
		length = max(length, l.MinMS, min(c.readMS, l.MaxMS))
		if i+1 < len(cues) {
			next := &cues[i+1]
			next.StartMS = max(next.StartMS, c.StartMS+flashMS)
			next.EndMS = max(next.EndMS, next.StartMS)
			length = min(length, max(next.StartMS-c.StartMS-l.GapMS, flashMS))
		}
		out[i] = Cue{StartMS: c.StartMS, EndMS: c.StartMS + length, Lines: c.Lines}
	}
	return out
}

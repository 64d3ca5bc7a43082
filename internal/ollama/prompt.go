package ollama

import (
	"encoding/json"
	"fmt"
	"strings"

	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// Bounds of what stands around the lines of a batch.
const (
	pairsBefore  = 4   // lines that were translated just before
	pairRunes    = 200 // of each of them
	openingRunes = 240 // of how the recording begins
	titleRunes   = 120
	mostTerms    = 30
)

// pair is a line and its translation.
type pair struct{ from, to string }

// phrasing is all that the questions of one translation have in common.
type phrasing struct {
	from    tongue // zero = not known
	to      tongue
	title   string
	opening string // how the recording begins: what it is about
	terms   []pipeline.Term
	manners string // a sentence about how to address people; "" = none
}

func newPhrasing(req pipeline.TranslateRequest, to tongue) phrasing {
	p := phrasing{from: known()[strings.ToLower(req.From)], to: to, title: short(req.Title, titleRunes), terms: req.Glossary}
	var opening strings.Builder
	for _, l := range req.Lines {
		if opening.Len() > openingRunes {
			break
		}
		opening.WriteString(l.Text + " ")
	}
	p.opening = short(opening.String(), openingRunes)
	if to.code == "ko" {
		switch req.Register {
		case pipeline.Formal:
			p.manners = "Write in 합니다체 (formal polite style) from beginning to end."
		case pipeline.Polite:
			p.manners = "Write in 해요체 (informal polite style) from beginning to end."
		case pipeline.AnyRegister:
		}
	}
	return p
}

// languages says from what into what, in the words of a sentence.
func (p phrasing) languages() string {
	if p.from.name == "" {
		return "into " + p.to.name
	}
	return "from " + p.from.name + " into " + p.to.name
}

// system is the same for all batches, so that a server need not read it twice.
func (p phrasing) system() string {
	return strings.Join(words(
		"You translate the subtitles of a recording "+p.languages()+".",
		"Their text was recognised from speech: where a word was plainly misheard, translate what was meant. Keep names, numbers and units.",
		p.manners,
		`You get JSON. "lines" holds what to translate, by id. Answer with one JSON object that has the same ids and nothing else: {"id": "translation"}.`,
		"Every id gets the translation of its own line: never join, divide, move or leave out lines, also where a sentence goes on in the next one.",
		`Translate idioms by their meaning. Use the given "terms". Add no notes. "context" only helps you to understand: do not translate it.`,
	), "\n")
}

// batch is the question for some lines.
func (p phrasing) batch(lines []pipeline.Line, before []pair) string {
	var about []string
	add := func(key, value string) { about = append(about, quoted(key)+":"+value) }
	if p.title != "" {
		add("title", quoted(p.title))
	}
	if p.opening != "" {
		add("begins", quoted(p.opening))
	}
	if len(before) > 0 {
		var list []string
		for _, b := range before {
			list = append(list, "["+quoted(short(b.from, pairRunes))+","+quoted(short(b.to, pairRunes))+"]")
		}
		add("previous", "["+strings.Join(list, ",")+"]")
	}
	var terms, texts []string
	for _, t := range p.present(lines) {
		terms = append(terms, quoted(t.From)+":"+quoted(t.To))
	}
	for _, l := range lines {
		texts = append(texts, fmt.Sprintf(`"%d":%s`, l.ID, quoted(l.Text)))
	}
	return fmt.Sprintf(`{"context":{%s},"terms":{%s},"lines":{%s}}`,
		strings.Join(about, ","), strings.Join(terms, ","), strings.Join(texts, ","))
}

// single is the question for one line without anything around it, in words
// that need no JSON: the last try.
func (p phrasing) single(l pipeline.Line) (system, user string) {
	return strings.Join(words(
		"Translate this line of a subtitle "+p.languages()+". Answer with its translation and nothing else.",
		p.manners,
		p.given([]pipeline.Line{l}),
	), "\n"), l.Text
}

// bare is the question to a model that only translates. It knows no roles and
// no JSON, and gives back as many lines as it gets.
func (p phrasing) bare(lines []pipeline.Line) string {
	from := p.from
	if from.name == "" {
		from = tongue{code: "und", name: "original"}
	}
	var texts []string
	for _, l := range lines {
		texts = append(texts, transcript.OneLine(l.Text))
	}
	return strings.Join(words(
		fmt.Sprintf("You are a professional translator from %s (%s) to %s (%s).", from.name, from.code, p.to.name, p.to.code),
		"Say exactly what the text says, in natural "+p.to.name+", line by line.",
		p.manners,
		p.given(lines),
		fmt.Sprintf("Give only the %s translation, without explanations. Translate this %s text into %s:", p.to.name, from.name, p.to.name),
	), " ") + "\n\n\n" + strings.Join(texts, "\n")
}

// given names the terms that come in the lines, as a sentence.
func (p phrasing) given(lines []pipeline.Line) string {
	var list []string
	for _, t := range p.present(lines) {
		list = append(list, t.From+" = "+t.To)
	}
	if list == nil {
		return ""
	}
	return "Use these translations: " + strings.Join(list, "; ") + "."
}

// present gives the terms of the glossary that come in the lines.
func (p phrasing) present(lines []pipeline.Line) (terms []pipeline.Term) {
	for _, t := range p.terms {
		if t.From == "" || t.To == "" || len(terms) == mostTerms {
			continue
		}
		for _, l := range lines {
			if strings.Contains(strings.ToLower(l.Text), strings.ToLower(t.From)) {
				terms = append(terms, t)
				break
			}
		}
	}
	return terms
}

// words drops what is empty.
func words(sentences ...string) (kept []string) {
	for _, s := range sentences {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// quoted is a text as JSON has it, with the letters of every script as they are.
func quoted(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always can be
	return strings.TrimSuffix(b.String(), "\n")
}

// short cuts a text to so many letters.
func short(s string, most int) string {
	s = strings.TrimSpace(s)
	for i := range s {
		if most--; most < 0 {
			return strings.TrimSpace(s[:i]) + "…"
		}
	}
	return s
}

package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// translation is the job's text in one language, as far as it is.
type translation struct {
	from     string
	to       string
	lines    []Line // what a model has to translate: not what is in the language already
	glossary []Term
	key      string
	made     map[int]TranslatedLine // by the line's id
	there    bool                   // nothing has to be made
	found    bool                   // since it was made before

	text transcript.Transcript // once it is complete
}

// translate makes the job's translations, one language after the other. What is
// there already can be read before the model is let in.
func (l *llm) translate(ctx context.Context) error {
	all, m, err := l.wanted(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	var todo []*translation
	for _, t := range all {
		if !t.there {
			todo = append(todo, t)
		} else if err := l.show(ctx, t, true); err != nil {
			return err
		}
	}
	if len(todo) == 0 {
		return l.translated(ctx, all, true, 0)
	}
	if err := l.start(ctx, job.Translate, m); err != nil {
		return err
	}
	began := time.Now()
	if err := l.makeAll(ctx, all); err != nil {
		return l.broken(ctx, job.Translate, err)
	}
	took := time.Since(began) * time.Duration(len(all)) / time.Duration(len(todo)) // as if there had been something to do for each
	if slices.ContainsFunc(all, func(t *translation) bool { return t.found }) {    // of a part of the work it tells nothing
		took = 0
	}
	return l.translated(ctx, all, false, took)
}

// wanted gives the job's translations, with what is found of them, and the model
// for the rest. Without Ollama those that need it may be left out.
func (l *llm) wanted(ctx context.Context) (all []*translation, m Model, err error) {
	for _, to := range l.job.Options.TranslateTo {
		all = append(all, l.into(to))
	}
	if !slices.ContainsFunc(all, func(t *translation) bool { return !t.there }) {
		return all, Model{}, nil
	}
	m, away, err := l.languageModel(ctx)
	if err != nil {
		return nil, Model{}, err
	}
	if away != nil {
		all, err = l.leaveOut(ctx, all, away)
		return all, Model{}, err
	}
	for _, t := range all {
		if err := l.find(ctx, m, t); err != nil {
			return nil, Model{}, err
		}
	}
	return all, m, nil
}

// into is the translation into a language, of which nothing is made yet.
func (l *llm) into(to string) *translation {
	t := &translation{from: l.text.Language, to: to, made: map[int]TranslatedLine{}}
	t.lines = lines(l.text, func(s transcript.Segment) bool { return t.foreign(s, t.from) })
	t.there = len(t.lines) == 0
	for _, term := range l.job.Options.Glossary {
		if strings.EqualFold(term.To, to) && (term.From == "" || strings.EqualFold(term.From, t.from)) {
			t.glossary = append(t.glossary, Term{From: term.Term, To: term.Translation})
		}
	}
	if strings.EqualFold(t.from, to) { // the rest is in another language, or in several
		t.from = ""
	}
	return t
}

// foreign says that a segment is not in the language yet.
func (t *translation) foreign(s transcript.Segment, usual string) bool {
	language := usual
	if s.Language != "" {
		language = s.Language
	}
	return !strings.EqualFold(language, t.to)
}

// find looks for what this model has made of the same lines before.
func (l *llm) find(ctx context.Context, m Model, t *translation) error {
	if t.there {
		return nil
	}
	t.key = l.translateKey(m, t)
	made, ok, err := finished[[]TranslatedLine](ctx, l.work, job.Translate, t.key)
	if err != nil || !ok {
		return err
	}
	t.add(made)
	t.there, t.found = true, true
	return nil
}

// leaveOut gives up what needs Ollama, with a warning for each language.
func (l *llm) leaveOut(ctx context.Context, all []*translation, away *fault.Fault) (left []*translation, err error) {
	var warnings []job.Warning
	for _, t := range all {
		if t.there {
			left = append(left, t)
			continue
		}
		warnings = append(warnings, job.Warning{Code: "not_translated", Text: fmt.Sprintf("There is no translation to %s: %s", t.to, away.Say)})
	}
	return left, l.warn(ctx, warnings...)
}

// translateKey names the translation of these lines by this model. Its context
// is no part of it: a batch is far smaller than any.
func (w *work) translateKey(m Model, t *translation) string {
	parts := []string{translateVersion, hashed(t.lines), t.from, t.to, m.Digest, w.job.Options.Register, w.title()}
	for _, term := range t.glossary {
		parts = append(parts, term.From, term.To)
	}
	return w.key(job.Translate, parts...)
}

// makeAll makes what is not there. Its progress is that of all languages.
func (l *llm) makeAll(ctx context.Context, all []*translation) error {
	done, total := 0, 0
	for _, t := range all {
		total += len(t.lines)
		if t.there {
			done += len(t.lines)
		}
	}
	progress := l.progress(job.Translate)
	for _, t := range all {
		if t.there {
			continue
		}
		n := float64(len(t.lines))
		err := l.make(ctx, t, func(fraction float64) { progress((float64(done) + fraction*n) / float64(total)) })
		if err != nil {
			return err
		}
		done += len(t.lines)
	}
	return nil
}

// make has the model translate what is not done yet, and stores each batch.
func (l *llm) make(ctx context.Context, t *translation, progress func(fraction float64)) error {
	parts, err := parts[[]TranslatedLine](ctx, l.work, job.Translate, t.key)
	if err != nil {
		return err
	}
	for _, batch := range parts {
		t.add(batch)
	}
	progress(float64(len(t.made)) / float64(len(t.lines)))
	err = l.deps.Translator.Translate(ctx, TranslateRequest{
		From:     t.from,
		To:       t.to,
		Lines:    t.lines,
		Done:     t.done(),
		Title:    l.title(),
		Glossary: t.glossary,
		Register: Register(l.job.Options.Register),
		Model:    l.model.Name,
		Context:  l.model.Context,
	}, TranslateWatch{
		Progress: progress,
		Batch: func(lines []TranslatedLine) error {
			if err := l.addPart(ctx, job.Translate, t.key, lines); err != nil {
				return err
			}
			t.add(lines)
			return l.show(ctx, t, false)
		},
	})
	if err != nil {
		return err
	}
	if err := l.keepPiece(ctx, job.Translate, t.key, t.done()); err != nil {
		return err
	}
	return l.show(ctx, t, true)
}

func (t *translation) add(lines []TranslatedLine) {
	for _, line := range lines {
		t.made[line.ID] = line
	}
}

// done lists what is made, in the order of the lines.
func (t *translation) done() []TranslatedLine {
	made := make([]TranslatedLine, 0, len(t.made))
	for _, line := range t.lines {
		if m, ok := t.made[line.ID]; ok {
			made = append(made, m)
		}
	}
	return made
}

// show makes a translation that of the job, whole or as far as it is.
func (l *llm) show(ctx context.Context, t *translation, complete bool) error {
	text, lines := t.of(l.text, complete)
	var warnings []job.Warning
	if complete {
		t.text, warnings = text, remark(t.to, lines)
	}
	if err := l.deps.Checkpoints.SaveTranslation(ctx, l.lease, text, lines, warnings); err != nil {
		return fmt.Errorf("store translation: %w", err)
	}
	l.deps.Listener.Changed(l.job.ID)
	return nil
}

// of puts the translation of a transcript together: up to the first line that is
// not made yet or, complete, with such lines as they were.
func (t *translation) of(original transcript.Transcript, complete bool) (transcript.Transcript, job.Lines) {
	text := transcript.Transcript{Language: t.to, Complete: complete, Segments: []transcript.Segment{}}
	var lines job.Lines
	whole := true
	for _, s := range original.Segments {
		seg := transcript.Segment{ID: s.ID, StartMS: s.StartMS, EndMS: s.EndMS}
		if worth(s) {
			lines.Total++
			seg.Text = s.Text
			if t.foreign(s, original.Language) {
				made, ok := t.made[s.ID]
				whole = whole && (ok || complete)
				seg.Untranslated = !ok || made.Untranslated
				if ok {
					seg.Text = made.Text
				}
			}
			if !seg.Untranslated {
				lines.Done++
			}
		}
		if whole {
			text.Segments = append(text.Segments, seg)
		}
	}
	return text, lines
}

// remark says how many lines the model made nothing of.
func remark(to string, lines job.Lines) []job.Warning {
	left := lines.Total - lines.Done
	if left == 0 {
		return nil
	}
	stay := "stay as they were"
	if left == 1 {
		stay = "stays as it was"
	}
	return []job.Warning{{Code: "untranslated", Text: fmt.Sprintf("%d of %d lines could not be translated to %s and %s.", left, lines.Total, to, stay)}}
}

// translated ends the stage.
func (l *llm) translated(ctx context.Context, all []*translation, reused bool, took time.Duration) error {
	if err := l.enter(ctx, job.Translate); err != nil {
		return err
	}
	parts := []string{translateVersion, "all"}
	languages := make([]string, 0, len(all))
	for _, t := range all {
		parts = append(parts, t.to, t.key)
		languages = append(languages, t.to)
		l.translations = append(l.translations, t.text)
	}
	return l.finish(ctx, job.Translate, l.key(job.Translate, parts...), languages, reused, took)
}

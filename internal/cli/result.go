package cli

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"

	"sluice/internal/transcript"
)

// result is what came of one file.
type result struct {
	file  string // as it was typed
	title string
	name  string
	text  transcript.Transcript
	raw   []byte // the server's own JSON; nil without a server

	translations []transcript.Transcript
	summary      *transcript.Summary
}

// in is a result in another language.
func (r result) in(t transcript.Transcript) result {
	r.text, r.raw = t, nil
	return r
}

// result asks for all that a job which is done has left.
func (s *client) result(ctx context.Context, j jobView) (r result, err error) {
	if r.text, r.raw, err = s.transcript(ctx, j.ID, ""); err != nil {
		return r, err
	}
	for _, language := range j.TranslateTo {
		if !isCode(language) { // it becomes part of a file's name
			continue
		}
		t, _, err := s.transcript(ctx, j.ID, language)
		switch {
		case err != nil:
			return r, err
		case t.Complete:
			t.Language = language
			r.translations = append(r.translations, t)
		}
	}
	if j.Summarize {
		r.summary, err = s.summary(ctx, j.ID)
	}
	return r, err
}

// ended prints or saves what a job that is done has left.
func (t *transcribing) ended(i int, scr *screen, j jobView, r result) {
	scr.clear()
	r.file, r.title, r.name = t.files[i], j.Title, j.Source.Name
	err := t.put(i, scr, r)
	if err == nil {
		err = t.putOthers(i, r)
	}
	for _, w := range j.Quality.Warnings {
		t.warn(w)
	}
	if err != nil {
		t.fail(i, err)
	}
}

func (t *transcribing) put(i int, scr *screen, r result) error {
	switch {
	case scr.text != nil:
		if scr.text.finish(r.text) {
			return nil
		}
		t.c.note("Parts of this were heard again. The whole text:")
		t.stdout.line("")
		return t.out.printTo(t.stdout, r, false)
	case t.outs[i] == "":
		t.heading(i)
		return t.out.printTo(t.stdout, r, len(t.files) > 1)
	}
	body, err := t.out.render(r)
	return t.write(t.outs[i], body, err)
}

// putOthers prints or saves the translations and the summary. They may be there
// though nobody asked for them here: the settings can.
func (t *transcribing) putOthers(i int, r result) error {
	out := t.outs[i]
	switch {
	case len(r.translations) == 0 && r.summary == nil:
		return nil
	case out == "" && t.out.readable():
		return t.printOthers(i, r)
	case out == "" || !plain(out):
		t.c.note("Note: the translations and the summary are not printed as %s; -o FILE writes them beside it.", t.out.kind)
		return nil
	}
	for _, translation := range r.translations {
		body, err := t.out.render(r.in(translation))
		if err := t.write(beside(out, translation.Language, filepath.Ext(out)), body, err); err != nil {
			return err
		}
	}
	if r.summary == nil {
		return nil
	}
	name := t.out.summaryOf(out)
	format := transcript.Format(strings.TrimPrefix(filepath.Ext(name), "."))
	body, err := renderSummary(r, format)
	return t.write(name, body, err)
}

// printOthers prints them, each below a line that says what it is.
func (t *transcribing) printOthers(i int, r result) error {
	about := ""
	if len(t.files) > 1 {
		about = clean(t.files[i]) + ": "
	}
	for _, translation := range r.translations {
		t.stdout.line("\n==> %s%s <==", about, clean(translation.Language))
		if err := t.out.printTo(t.stdout, r.in(translation), false); err != nil {
			return err
		}
	}
	if r.summary == nil {
		return nil
	}
	body, err := renderSummary(r, t.out.kind)
	if err != nil {
		return err
	}
	t.stdout.line("\n==> %ssummary <==", about)
	_, err = t.stdout.Write([]byte(cleanText(string(body))))
	return err
}

// write saves what was rendered, if it could be.
func (t *transcribing) write(name string, body []byte, err error) error {
	if err == nil {
		err = save(name, body)
	}
	if err == nil && t.c.ErrTerminal {
		t.c.note("Wrote %s", clean(name))
	}
	return err
}

// renderSummary writes the summary of a result.
func renderSummary(r result, f transcript.Format) ([]byte, error) {
	var b bytes.Buffer
	err := transcript.WriteSummary(&b, *r.summary, f, transcript.Options{Title: r.title, SourceName: r.name})
	if f == transcript.JSON {
		return safeJSON(b.Bytes()), err
	}
	return b.Bytes(), err
}

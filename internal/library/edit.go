package library

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// Bounds of what is corrected at once.
const (
	MaxEdits    = 5000
	MaxEditText = 10_000 // bytes of one segment's text
)

// Edit corrects one segment of a text.
type Edit struct {
	Segment int     // its id
	Text    *string // what it is to say; "" leaves it out of exports, nil takes back what the recogniser or the translator said
	Was     *string // what whoever edits saw there; nil = whatever it was
}

// Edit corrects a job's text in a language, all of it or nothing, and gives the
// text as it is then; language "" is what was spoken. What was corrected stays
// so, also in what is made of the text later. Faults: request_invalid, not_ready unless the job has ended and the text
// is whole, language_unknown, edit_conflict when a segment says something else
// than who edits it saw.
func (l *Library) Edit(ctx context.Context, jobID, language string, edits []Edit) (transcript.Transcript, error) {
	none := transcript.Transcript{}
	edits, err := checked(edits)
	if err != nil {
		return none, err
	}
	j, err := l.jobs.Get(ctx, jobID)
	if err != nil {
		return none, err
	}
	t, err := l.text(ctx, j, language)
	switch {
	case err != nil:
		return none, err
	case !j.State.Final():
		return none, live()
	case !t.Complete:
		return none, notReady(j, language)
	}
	translation, err := l.translated(ctx, j, language)
	if err != nil {
		return none, err
	}
	whose := ""
	if translation {
		whose = language
	}
	if err := l.shelf.Edit(ctx, jobID, whose, edits); err != nil {
		return none, err
	}
	t, err = l.text(ctx, j, language)
	return t.Cleaned(), err
}

// live says that a text may still change.
func live() error {
	return fault.New(fault.NotReady, "The job has not ended, so its text may still change.", nil).
		WithHint("Wait until the job is done, or cancel it.")
}

// translated says whether a job's text in a language is a translation that is
// there: it is the transcript itself where that is what was spoken.
func (l *Library) translated(ctx context.Context, j job.Job, language string) (bool, error) {
	if !asked(j, language) {
		return false, nil
	}
	t, err := l.shelf.Translation(ctx, j.ID, language)
	return len(t.Segments) > 0 || t.Complete, err
}

// checked gives the edits with their texts on one line each.
func checked(edits []Edit) ([]Edit, error) {
	if len(edits) == 0 || len(edits) > MaxEdits {
		return nil, fault.New(fault.RequestInvalid, fmt.Sprintf("There must be between 1 and %d edits, and there are %d.", MaxEdits, len(edits)), nil)
	}
	seen := map[int]bool{}
	out := make([]Edit, len(edits))
	for i, e := range edits {
		if seen[e.Segment] {
			return nil, fault.New(fault.RequestInvalid, fmt.Sprintf("Segment %d is edited twice.", e.Segment), nil)
		}
		seen[e.Segment] = true
		if e.Text != nil {
			text, err := line(*e.Text)
			if err != nil {
				return nil, fault.New(fault.RequestInvalid, fmt.Sprintf("The text of segment %d %s.", e.Segment, err.Error()), nil)
			}
			e.Text = &text
		}
		out[i] = e
	}
	return out, nil
}

// line makes a text that somebody wrote one line. What has no place in a line is
// an error, which says what is wrong with it.
func line(text string) (string, error) {
	switch {
	case len(text) > MaxEditText:
		return "", fmt.Errorf("is longer than %d bytes", MaxEditText)
	case !utf8.ValidString(text):
		return "", errLine("is not UTF-8")
	}
	bad := false
	text = strings.Map(func(r rune) rune {
		switch {
		case transcript.IsLineBreak(r), r == '\t':
			return ' '
		case unicode.IsControl(r), r == '\uFEFF', r == '\uFFFE', r == '\uFFFF':
			bad = true
		}
		return r
	}, text)
	if bad {
		return "", errLine("has control characters")
	}
	return strings.Join(strings.Fields(text), " "), nil
}

// errLine says what is wrong with a text.
type errLine string

// Error completes "the text ...".
func (e errLine) Error() string { return string(e) }

package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

const (
	ollamaAgain = 15 * time.Second // how soon Ollama is looked for again
	unloadLimit = 8 * time.Second  // how long it may take to give the memory back
)

// llm is a job in the hands of a language model.
type llm struct {
	*work
	model Model // of the stage that runs, or ran last
	begun bool  // the model may be in memory
}

// languages does what the job asks of a language model. Whatever ends it, the
// model gives its memory back.
func (w *work) languages(ctx context.Context) error {
	l := &llm{work: w}
	defer l.unload(ctx)
	for _, stage := range w.job.Options.Stages() {
		var err error
		switch stage {
		case job.Translate:
			err = l.translate(ctx)
		case job.Summarize:
			err = l.summarize(ctx)
		case job.Extract, job.Transcribe, job.Deliver:
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// languageModel gives the job's language model, or what the job waits for, at no
// cost, before a stage that needs it. Away says that the job is to end without it.
func (w *work) languageModel(ctx context.Context) (m Model, away *fault.Fault, err error) {
	m, err = w.deps.LanguageModels.Model(ctx, w.job.Options.LLMModel, w.cfg.Context)
	var f *fault.Fault
	if err == nil || ctx.Err() != nil || !errors.As(err, &f) {
		return m, nil, err
	}
	unreachable := f.Code == fault.OllamaUnreachable || f.Code == fault.OllamaMissing
	switch missing := f.Code == fault.ModelMissing; {
	case (unreachable || missing) && w.cfg.FinishWithoutOllama != nil && w.cfg.FinishWithoutOllama():
		return Model{}, f, nil
	case unreachable:
		return Model{}, nil, &job.Wait{Reason: job.OllamaAway, Text: f.Say + " " + f.Hint, Until: again(w.job, ollamaAgain)}
	case missing:
		text := fmt.Sprintf("The language model %s is not installed. %s", w.job.Options.LLMModel, f.Hint)
		return Model{}, nil, &job.Wait{Reason: job.NoModel, Text: text, Until: again(w.job, modelAgain)}
	default:
		return Model{}, nil, err
	}
}

// heard says that the job had its transcript when it was last put back.
func heard(j job.Job) bool {
	switch j.Stage {
	case job.Translate, job.Summarize, job.Deliver:
		return true
	case job.Extract, job.Transcribe:
	}
	return false
}

// languagesReady says whether all but memory is there for a job that had its
// transcript.
func (w *work) languagesReady(ctx context.Context) error {
	if err := w.deps.Room.Check(ctx); err != nil {
		return err
	}
	o := w.job.Options
	if w.job.Stage == job.Deliver || len(o.TranslateTo) == 0 && !o.Summarize {
		return nil
	}
	_, _, err := w.languageModel(ctx)
	return err
}

// start lets the model in and opens its stage. The engine has gone by then: the
// two are not to be in memory together.
func (l *llm) start(ctx context.Context, stage job.Stage, m Model) error {
	if err := l.admit(ctx, job.Need{Stage: stage, Model: m.Name, Bytes: max(0, m.NeedBytes-m.Held)}); err != nil {
		return err
	}
	l.deps.Transcriber.Release()
	if err := l.enter(ctx, stage); err != nil {
		return err
	}
	l.model, l.begun = m, true
	return nil
}

// unload has the model give its memory back, also when the job was told to stop.
// One that stays is the gate's to deal with, and no failure of the job.
func (l *llm) unload(ctx context.Context) {
	if !l.begun {
		return
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), unloadLimit)
	defer cancel()
	_ = l.deps.LanguageModels.Release(bounded, l.model.Name)
}

// warn adds warnings to those of the job.
func (w *work) warn(ctx context.Context, warnings ...job.Warning) error {
	if err := w.deps.Checkpoints.Warn(ctx, w.lease, warnings); err != nil {
		return fmt.Errorf("store warnings: %w", err)
	}
	w.deps.Listener.Changed(w.job.ID)
	return nil
}

// title is what people call the recording. The name of a file tells a model
// nothing.
func (w *work) title() string {
	title, name := w.job.Title, w.job.Source.Name
	if title == name || title == strings.TrimSuffix(name, filepath.Ext(name)) {
		return ""
	}
	return title
}

// lines are the segments of a transcript that have text, as far as they are
// wanted.
func lines(t transcript.Transcript, wanted func(transcript.Segment) bool) []Line {
	var all []Line
	for _, s := range t.Segments {
		if worth(s) && wanted(s) {
			all = append(all, Line{ID: s.ID, Text: s.Text, StartMS: s.StartMS})
		}
	}
	return all
}

func worth(s transcript.Segment) bool { return strings.TrimSpace(s.Text) != "" }

// hashed names lines by what they say.
func hashed(lines []Line) string {
	h := sha256.New()
	for _, l := range lines {
		fmt.Fprintf(h, "%d %d %d:%s", l.ID, l.StartMS, len(l.Text), l.Text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

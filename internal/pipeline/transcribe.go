package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// transcribe turns the sound into the job's transcript, from the last span
// that was stored on.
func (w *work) transcribe(ctx context.Context, m Model, audio Audio) error {
	if err := w.deps.Transcriber.Ready(ctx); err != nil {
		return err // somebody else may have begun while the sound was read
	}
	if err := w.begin(ctx, need(m)); err != nil {
		return err
	}
	spans, took, err := w.hear(ctx, m, audio)
	if err != nil {
		return err
	}
	return w.keep(ctx, m, spans, took, audio.Warnings)
}

// hear is the work of the stage.
func (w *work) hear(ctx context.Context, m Model, audio Audio) (spans []Span, took time.Duration, err error) {
	var peak int64
	spans, took, err = w.recognise(ctx, m, w.transcribeKey(m), audio, &peak)
	switch {
	case err == nil && peak > 0:
		w.deps.Listener.Measured(m, peak)
	case ctx.Err() != nil:
	case fault.Is(err, fault.EngineOutOfMemory):
		err = w.starved(ctx, m, peak, fault.From(err))
	case fault.Is(err, fault.EngineStopped):
		err = resumable(fault.From(err), len(spans) > 0, reached(spans, audio))
	}
	return spans, took, err
}

// keep stores what the stage has made.
func (w *work) keep(ctx context.Context, m Model, spans []Span, took time.Duration, warnings []job.Warning) error {
	if err := w.save(ctx, spans, warnings); err != nil {
		return err
	}
	return w.finish(ctx, job.Transcribe, w.transcribeKey(m), spans, false, took)
}

func (w *work) model(ctx context.Context) (Model, error) {
	o := w.job.Options
	name := o.Model
	if o.ModelPath != "" {
		name = o.ModelPath
	}
	return w.deps.Models.Model(ctx, name, o.BeamSize)
}

// recall gives a job back the transcript that it had; ok says that it is still
// there. It takes neither the source nor what the first stages work with.
func (w *work) recall(ctx context.Context) (ok bool, err error) {
	if err := w.deps.Room.Check(ctx); err != nil {
		return false, err
	}
	m, err := w.model(ctx)
	if err != nil { // then it is missed like any other job's
		return false, nil
	}
	return w.reuse(ctx, m)
}

// reuse takes the transcript that was already made from the same inputs, by
// this job or another; ok says that there was one.
func (w *work) reuse(ctx context.Context, m Model) (ok bool, err error) {
	key := w.transcribeKey(m)
	spans, ok, err := finished[[]Span](ctx, w, job.Transcribe, key)
	if err != nil || !ok {
		return false, err
	}
	// The sound may be swept away by now; what was wrong with it still holds.
	audio, known, err := finished[Audio](ctx, w, job.Extract, w.extractKey())
	if err == nil && known {
		err = w.measured(ctx, audio)
	}
	if err != nil {
		return false, err
	}
	if err := w.deps.Checkpoints.Begin(ctx, w.lease, job.Transcribe); err != nil {
		return false, fmt.Errorf("begin %s: %w", job.Transcribe, err)
	}
	if err := w.save(ctx, spans, audio.Warnings); err != nil {
		return false, err
	}
	return true, w.finish(ctx, job.Transcribe, key, spans, true, 0)
}

// recognise runs the engine over what is not done yet and stores each span. It
// says how long the engine took, and in peak the most memory, also of one that
// died.
func (w *work) recognise(ctx context.Context, m Model, key string, audio Audio, peak *int64) (spans []Span, took time.Duration, err error) {
	spans, err = w.deps.Checkpoints.Spans(ctx, w.lease, key)
	if err != nil {
		return nil, 0, fmt.Errorf("read spans: %w", err)
	}
	o := w.job.Options
	req := TranscribeRequest{
		Audio:     audio,
		Language:  o.Language,
		Spoken:    spoken(spans), // a resumed job goes on as if it had never stopped
		Model:     m.Path,
		BeamSize:  o.BeamSize,
		Threads:   o.Threads,
		Words:     o.Words,
		Prompt:    o.Prompt,
		ToEnglish: o.ToEnglish,
	}
	if n := len(spans); n > 0 {
		req.FromMS = spans[n-1].ToMS
		w.report(job.Progress{Stage: job.Transcribe, Fraction: reached(spans, audio)}) // the engine says so when it has its model
	}
	began := time.Now()
	err = w.listen(ctx, req, Watch{
		Progress: w.progress(job.Transcribe),
		Segment:  func(s transcript.Segment) { w.deps.Listener.Segment(w.job.ID, s) },
		Memory:   func(bytes int64) { *peak = max(*peak, bytes) },
		Span: func(s Span) error {
			if err := w.deps.Checkpoints.AddSpan(ctx, w.lease, key, s); err != nil {
				return fmt.Errorf("store span: %w", err)
			}
			spans = append(spans, s)
			return nil
		},
	})
	return spans, time.Since(began), err
}

// reached is the part of the sound that need not be recognised again.
func reached(spans []Span, audio Audio) float64 {
	if len(spans) == 0 || audio.DurationMS <= 0 {
		return 0
	}
	return min(float64(spans[len(spans)-1].ToMS)/float64(audio.DurationMS), 1)
}

// resumable says where the next try goes on after a stop that was nobody's
// fault here. Of sound that still grew nobody knows the share that was done.
func resumable(stop *fault.Fault, begun bool, at float64) error {
	switch percent := int(at * 100); {
	case !begun:
		return stop.WithHint("The next try begins at the start.")
	case percent == 0:
		return stop.WithHint("The next try goes on where this one stopped.")
	default:
		return stop.WithHint("The next try goes on at %d %%.", percent)
	}
}

// save stores the whole transcript, readable from now on.
func (w *work) save(ctx context.Context, spans []Span, warnings []job.Warning) error {
	warnings = slices.Concat(warnings, remarks(spans))
	w.text = Join(spans, true)
	if err := w.deps.Checkpoints.SaveTranscript(ctx, w.lease, w.text, warnings); err != nil {
		return fmt.Errorf("store transcript: %w", err)
	}
	return nil
}

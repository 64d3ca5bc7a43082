package pipeline

import (
	"context"
	"fmt"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// need is what a transcription takes.
func need(m Model) job.Need {
	return job.Need{Stage: job.Transcribe, Model: m.Name, Bytes: m.NeedBytes}
}

// starved says what an engine died of, and what to ask for the next time.
func (w *work) starved(ctx context.Context, m Model, peak int64, death *fault.Fault) error {
	took := max(m.NeedBytes, peak)
	again := need(m)
	again.Bytes = w.raised(took, m.NeedBytes)
	w.deps.Listener.Starved(m, again.Bytes)
	said := w.withFigures(ctx, death, "The speech engine was stopped because memory ran out", m.Name, took)
	return &job.Starved{Need: again, Smaller: w.deps.Models.Smaller(ctx, m.Name, took), Err: said}
}

// broken is what ends a stage of the language model. For want of memory that is
// what starved says of an engine.
func (l *llm) broken(ctx context.Context, stage job.Stage, err error) error {
	if ctx.Err() != nil || !fault.Is(err, fault.OllamaOutOfMemory) {
		return err
	}
	m := l.model
	again := job.Need{Stage: stage, Model: m.Name, Bytes: l.raised(m.NeedBytes, m.NeedBytes)}
	if m.Digest != "" && again.Bytes > 0 {
		l.deps.Listener.Starved(m, again.Bytes)
	}
	said := l.withFigures(ctx, fault.From(err), "Ollama had too little memory", m.Name, m.NeedBytes)
	return &job.Starved{Need: again, Err: said.WithHint("Close some programs, or choose a smaller model with ollama.model or llm_model.")}
}

// raised is a quarter more than what was given or taken, but no more than nine
// tenths of what the machine can give at best: the last tenth may never be free,
// and the job would wait for ever. What it was let in with it may always ask for
// again.
func (w *work) raised(took, letIn int64) int64 {
	more := took + took/4
	if ceiling := w.deps.Gate.Ceiling(); ceiling > 0 {
		more = max(min(more, ceiling/10*9), letIn)
	}
	return more
}

// withFigures adds to a death what was needed and what was free, where that is
// known. What the dead held counts as free now; who took the rest is mostly still
// there. When he is gone too, there is no figure to tell.
func (w *work) withFigures(ctx context.Context, death *fault.Fault, what, model string, took int64) *fault.Fault {
	said := *death
	if free := w.deps.Gate.Afresh(ctx); free >= 0 && free < took {
		needed, had := job.FormatBytes(took), job.FormatBytes(free)
		if needed != had { // rounded to the same they would contradict
			said.Say = fmt.Sprintf("%s: %s needed %s, %s was free.", what, model, needed, had)
		}
	}
	return &said
}

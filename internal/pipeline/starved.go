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

// starved says what an engine died of, and what to ask for the next time: a
// quarter more than it was given or has taken, but no more than nine tenths of
// what the machine can give at best: the last tenth may never be free, and the
// job would wait for ever. What it was let in with it may always ask for again.
func (w *work) starved(ctx context.Context, m Model, peak int64, death *fault.Fault) error {
	took := max(m.NeedBytes, peak)
	again := need(m)
	again.Bytes = took + took/4
	if ceiling := w.deps.Gate.Ceiling(); ceiling > 0 {
		again.Bytes = max(min(again.Bytes, ceiling/10*9), m.NeedBytes)
	}
	w.deps.Listener.Starved(m, again.Bytes)
	said := *death
	// What the dead held counts as free now; who took the rest is mostly still
	// there. When he is gone too, there is no figure to tell.
	if free := w.deps.Gate.Afresh(ctx); free >= 0 && free < took {
		needed, had := job.FormatBytes(took), job.FormatBytes(free)
		if needed != had { // rounded to the same they would contradict
			said.Say = fmt.Sprintf("The speech engine was stopped because memory ran out: %s needed %s, %s was free.", m.Name, needed, had)
		}
	}
	return &job.Starved{Need: again, Smaller: w.deps.Models.Smaller(ctx, m.Name, took), Err: &said}
}

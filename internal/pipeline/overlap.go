package pipeline

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// fitTogether says whether ffmpeg and the engine may work side by side. Where
// there is no room for both, each has its turn, and the gate is not even asked:
// people would be told of a refusal that stops nothing.
func (w *work) fitTogether(ctx context.Context, m Model) bool {
	both := need(m)
	both.Bytes += extractNeed
	return w.deps.Gate.Afresh(ctx) >= both.Bytes && w.deps.Gate.Admit(ctx, both).Open
}

// untroubled says that nothing has gone wrong since the last checkpoint. An
// overlap that failed is not tried again: each span that the next one stores
// would forgive it, and what always fails in the end would never be given up.
// One after the other the sound is the first thing to be kept, and a failure is
// that of its own stage.
func (w *work) untroubled() bool {
	return w.job.Attempts == 0 && w.job.Crashes == 0 && w.job.Deaths == 0
}

// overlap is a job whose sound is heard while it still grows.
type overlap struct {
	*work
	live *Sound

	mu      sync.Mutex
	heard   bool // the stage is transcribe by now
	err     error
	resumed bool // for those who have waited for the transcription
}

// overlap extracts and transcribes at once. Both have been let in.
func (w *work) overlap(ctx context.Context, in inputs) error {
	if err := w.enter(ctx, job.Extract); err != nil {
		return err
	}
	o := &overlap{work: w, live: NewSound()}
	defer w.growing.add(w.sound(), o.live)()
	h := o.hear(ctx, in.model)
	defer h.stop(nil)
	audio, err := w.extract(ctx, in.source, o.live, o.extracting(ctx))
	if err == nil {
		o.live.Finish(audio.Bytes)
		err = o.transcribing(ctx)
	}
	if err != nil {
		o.live.Fail(err)
		h.stop(err)
		return err
	}
	// An engine that failed early has not stopped the extraction, so that the
	// next attempt finds the sound.
	if err := h.wait(); err != nil {
		return err
	}
	var took time.Duration // of a part of the work it tells nothing
	if !o.resumed {
		took = h.took - o.live.Waited()
	}
	return w.keep(ctx, in.model, h.spans, took, audio.Warnings)
}

// hearing is the transcription beside the extraction. What it left is there
// for those who have waited for it.
type hearing struct {
	cancel   context.CancelCauseFunc
	done     chan struct{}
	spans    []Span
	took     time.Duration
	err      error
	panicked string
}

// hear starts the transcription. Whoever calls it stops it, or waits.
func (o *overlap) hear(ctx context.Context, m Model) *hearing {
	h := &hearing{done: make(chan struct{})}
	ctx, h.cancel = context.WithCancelCause(ctx)
	w := *o.work
	w.listen, w.report = o.listen, o.tell
	go func() {
		defer close(h.done)
		defer func() {
			if p := recover(); p != nil {
				h.panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
		}()
		if h.err = o.live.Begun(ctx); h.err == nil {
			h.spans, h.took, h.err = w.hear(ctx, m, Audio{Path: w.sound(), DurationMS: o.live.Expected()})
		}
	}()
	return h
}

// stop ends it with a cause and returns when it has ended.
func (h *hearing) stop(cause error) {
	h.cancel(cause)
	<-h.done
}

// wait returns when it has ended. A panic is passed on to the job's own goroutine.
func (h *hearing) wait() error {
	<-h.done
	if h.panicked != "" {
		panic(h.panicked)
	}
	return h.err
}

// listen loads the model as soon as there is something to hear, and says when
// the stage has truly begun: with the first sign of it.
func (o *overlap) listen(ctx context.Context, req TranscribeRequest, watch Watch) error {
	o.resumed = req.FromMS > 0
	if err := o.deps.Transcriber.Warm(ctx, req.Model); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	return o.deps.Transcriber.Transcribe(ctx, req, o.noticing(ctx, stop, watch))
}

// noticing is a watch that also notices when the engine truly begins.
func (o *overlap) noticing(ctx context.Context, stop context.CancelCauseFunc, watch Watch) Watch {
	sign := func() {
		if err := o.transcribing(ctx); err != nil {
			stop(err)
		}
	}
	progress, segment, span := watch.Progress, watch.Segment, watch.Span
	watch.Progress = func(fraction float64) { sign(); progress(fraction) }
	watch.Segment = func(s transcript.Segment) { sign(); segment(s) }
	watch.Span = func(s Span) error {
		sign()
		if err := o.trusted(ctx); err != nil {
			return err
		}
		return span(s)
	}
	return watch
}

// trusted says whether what was heard may be kept: not when the source has
// become another file while it is read, or the next job with the right one would
// find these words.
func (o *overlap) trusted(ctx context.Context) error {
	if _, whole, err := o.live.Await(ctx, 0); err != nil || whole {
		return err
	}
	return o.unchanged(ctx)
}

// transcribing makes transcribe the job's stage, once, whoever comes first: the
// first sign of the engine, or the end of the extraction.
func (o *overlap) transcribing(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.heard {
		o.heard = true
		o.err = o.enter(ctx, job.Transcribe)
	}
	return o.err
}

// extracting follows the extraction. With its first sign the length that the file
// states is stored for the time being: here, where the true one comes after it
// for certain.
func (o *overlap) extracting(ctx context.Context) func(float64) {
	w := *o.work
	w.report = o.tell
	report, told := w.progress(job.Extract), w.job.DurationMS > 0
	return func(fraction float64) {
		if ms := o.live.Expected(); ms > 0 && !told {
			told = true
			_ = w.measured(ctx, Audio{DurationMS: ms}) // a store that is broken says so in the end
		}
		report(fraction)
	}
}

// tell reports the progress of the job's stage, and nothing of the other side.
func (o *overlap) tell(p job.Progress) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.heard == (p.Stage == job.Transcribe) {
		o.report(p)
	}
}

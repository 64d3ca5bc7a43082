package pipeline

import (
	"context"
	"fmt"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// fetchShare is how much of the stage it is to fetch a source from the web, as
// the views see it: ffmpeg takes the rest.
const fetchShare = 0.9

// fetch brings a source from the web into the workdir, as a part of extract. The
// stage begins when bytes come: a server that is away costs the job nothing. What
// came may be known by its content; then its transcript is there, and done.
func (w *work) fetch(ctx context.Context, in *inputs) (done bool, err error) {
	old, progress := w.job.Source, w.progress(job.Extract)
	began := func() error { return w.begin(ctx, job.Need{Stage: job.Extract, Bytes: extractNeed}) }
	source, err := w.deps.Sources.Fetch(ctx, old, w.Dir(w.job.ID), began, func(done, total int64) {
		if total > 0 && w.entered == job.Extract {
			progress(fetchShare * float64(done) / float64(total))
		}
	})
	if err != nil {
		return false, err
	}
	if source != old {
		title := w.job.Title
		if title == old.Name { // nobody has given it one
			title = source.Name
		}
		if err := w.deps.Checkpoints.SetSource(ctx, w.lease, source, title); err != nil {
			return false, fmt.Errorf("store source: %w", err)
		}
		w.job.Source, w.job.Title = source, title
		w.deps.Listener.Changed(w.job.ID)
	}
	in.source = source.Path
	w.reportRest()
	if source.Fingerprint == old.Fingerprint {
		return false, nil
	}
	return w.reuse(ctx, in.model)
}

// pin gives a job whose file was in the cloud when it was submitted the source
// that this has turned out to be: from then on it is the same file or none, and
// its transcript is found by its content.
func (w *work) pin(ctx context.Context) error {
	old := w.job.Source
	if !w.deps.Sources.Promised(old) {
		return nil
	}
	source, err := w.deps.Sources.Fetch(ctx, old, w.Dir(w.job.ID), nil, nil)
	if err != nil {
		return err
	}
	if err := w.deps.Checkpoints.SetSource(ctx, w.lease, source, w.job.Title); err != nil {
		return fmt.Errorf("store source: %w", err)
	}
	w.job.Source = source
	w.deps.Listener.Changed(w.job.ID)
	return nil
}

// reportRest has the progress of ffmpeg count as the rest of a stage that began
// with a fetch.
func (w *work) reportRest() {
	if w.entered != job.Extract {
		return
	}
	report := w.report
	w.report = func(p job.Progress) {
		if p.Stage == job.Extract {
			p.Fraction = fetchShare + (1-fetchShare)*p.Fraction
		}
		report(p)
	}
}

// absent is the wait for a server that is away. It is asked again as late as it
// wants.
func (w *work) absent(f *fault.Fault) *job.Wait {
	until := again(w.job, sourceAgain)
	if wish := time.Now().Add(time.Duration(f.RetryAfterSeconds) * time.Second); wish.After(until) {
		until = wish
	}
	return &job.Wait{Reason: job.NoSource, Text: f.Say, Until: until}
}

package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// found gives the source's sound when it lies in a workdir already.
func (w *work) found(ctx context.Context) (a Audio, ok bool, err error) {
	a, ok, err = finished[Audio](ctx, w, job.Extract, w.extractKey())
	if err != nil || !ok {
		return Audio{}, false, err
	}
	if a = w.adopt(a); !whole(a) {
		return Audio{}, false, nil
	}
	return a, true, w.measured(ctx, a)
}

// extract makes the source's sound; growing is told of it meanwhile, if there is one.
func (w *work) extract(ctx context.Context, source string, growing *Sound, progress func(float64)) (Audio, error) {
	if err := os.MkdirAll(w.Dir(w.job.ID), 0o700); err != nil {
		return Audio{}, fmt.Errorf("make workdir: %w", err)
	}
	began := time.Now()
	a, err := w.deps.Extractor.Extract(ctx, ExtractRequest{
		Source: source,
		Track:  w.job.Options.AudioTrack,
		Out:    w.sound(),
		Sound:  growing,
	}, progress)
	took := time.Since(began)
	if err != nil {
		return Audio{}, err
	}
	if err := w.unchanged(ctx); err != nil {
		return Audio{}, err
	}
	if err := w.measured(ctx, a); err != nil {
		return Audio{}, err
	}
	return a, w.finish(ctx, job.Extract, w.extractKey(), a, false, took)
}

// unchanged says that what was read was one file from its beginning to its end:
// ffmpeg does not notice when another is written over it. One that has gone
// since was read before it went.
func (w *work) unchanged(ctx context.Context) error {
	if err := w.deps.Sources.Look(ctx, w.job.Source); fault.Is(err, fault.SourceChanged) {
		return err
	}
	return nil
}

// measured remembers how long the sound is, for forecasts. It comes before the
// stage's end, by which its pace is reckoned.
func (w *work) measured(ctx context.Context, a Audio) error {
	if err := w.deps.Checkpoints.SetDuration(ctx, w.job.ID, a.DurationMS); err != nil {
		return fmt.Errorf("store duration: %w", err)
	}
	return nil
}

// adopt gives the job a link of its own to sound that lies in another job's
// workdir, which may be swept away while this one works.
func (w *work) adopt(a Audio) Audio {
	own := a
	own.Path = w.sound()
	if own.Path == a.Path || os.MkdirAll(w.Dir(w.job.ID), 0o700) != nil {
		return a
	}
	_ = os.Link(a.Path, own.Path) // not every disk has links, and it may be there from an earlier run
	if whole(own) {
		return own
	}
	return a
}

// sound is where the job's own audio lies.
func (w *work) sound() string { return filepath.Join(w.Dir(w.job.ID), "audio.pcm") }

// whole says whether an audio file is still all there.
func whole(a Audio) bool {
	fi, err := os.Stat(a.Path)
	return err == nil && fi.Size() == a.Bytes
}

package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// deliver writes what was made into the user's folder, if there is one, in each
// run anew. The work is done: a folder that cannot be written to is worth a
// warning, not the job.
func (w *work) deliver(ctx context.Context) error {
	if w.deps.Exporter == nil || w.cfg.Exports != nil && !w.cfg.Exports() {
		return nil
	}
	if err := w.enter(ctx, job.Deliver); err != nil {
		return err
	}
	texts := append([]transcript.Transcript{w.text}, w.translations...)
	key, err := w.deliverKey(texts)
	if err != nil {
		return err
	}
	began := time.Now()
	files, err := w.deps.Exporter.Export(ctx, w.job, texts, w.summary)
	took := time.Since(began)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return err
	default:
		warning := job.Warning{Code: "not_exported", Text: "The files were not written to the export folder: " + reason(err)}
		if err := w.warn(ctx, warning); err != nil {
			return err
		}
	}
	return w.finish(ctx, job.Deliver, key, files, false, took)
}

// deliverKey names what is written.
func (w *work) deliverKey(texts []transcript.Transcript) (string, error) {
	body, err := json.Marshal(struct {
		Title   string
		Texts   []transcript.Transcript
		Summary *transcript.Summary
	}{w.job.Title, texts, w.summary})
	if err != nil {
		return "", fmt.Errorf("name what is delivered: %w", err)
	}
	return w.key(job.Deliver, deliverVersion, w.job.ID, string(body)), nil
}

// reason is why a file could not be written, as a sentence.
func reason(err error) string {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.Say
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error() + "."
}

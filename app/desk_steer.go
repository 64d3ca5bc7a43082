package app

import (
	"context"
	"fmt"

	"sluice/internal/job"
)

// notices is what people must be told until they have seen it.
type notices interface {
	Dismiss(ctx context.Context, id string) error
}

// Retry starts a job that has ended again.
func (d *desk) Retry(ctx context.Context, id string, a job.Again) (job.Job, error) {
	r := job.Retry{From: a.From, Wait: scheduled(a.NotBefore)}
	if a.Hold {
		r.Wait = job.Wait{Reason: job.Held}
	}
	if model := a.Model; model != "" {
		j, err := d.Store.Get(ctx, id)
		if err != nil {
			return job.Job{}, err
		}
		options := j.Options
		options.Model, options.ModelPath = model, ""
		same := identified{Fingerprint: j.Source.Fingerprint, Path: j.Source.Path, Title: j.Title, Options: options, Metadata: j.Metadata}
		if r.Identity, err = same.hash(); err != nil {
			return job.Job{}, err
		}
		r.Options = &options
	}
	j, err := d.Queue.Retry(ctx, id, r)
	if err == nil {
		d.accepted(j.Options)
	}
	return j, err
}

// Dismiss takes a notice away that was seen.
func (d *desk) Dismiss(ctx context.Context, id string) error {
	if err := d.notices.Dismiss(ctx, id); err != nil {
		return fmt.Errorf("dismiss notice: %w", err)
	}
	d.changed()
	return nil
}

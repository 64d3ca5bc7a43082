package app

import (
	"context"
	"fmt"
	"path/filepath"

	"sluice/internal/admission"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/models"
	"sluice/internal/pipeline"
	"sluice/internal/settings"
	"sluice/internal/whisper"
)

// finder finds models, knows what they really took, and says which can never
// fit. It is the queue's Check, and the Models of the pipeline and of HTTP.
type finder struct {
	*models.Store
	settings *settings.Settings
	peaks    knownPeaks
	gate     *admission.Gate
}

// knownPeaks tells what a model took when it was run in a context, and what to
// ask for since it died of that; 0 when it never was.
type knownPeaks interface {
	Peak(ctx context.Context, digest string, size int) (peak, floor int64, err error)
}

func newFinder(s *settings.Settings, peaks knownPeaks, gate *admission.Gate) *finder {
	return &finder{
		Store: models.New(models.Config{
			Dir:     s.Models.Dir,
			BaseURL: s.Models.URL,
			MinFree: floor(s.Disk.MinFree),
			Check:   whisper.CheckModel,
		}),
		settings: s,
		peaks:    peaks,
		gate:     gate,
	}
}

// standard is the model of orders that name none: what the settings say; else
// what suits this machine; but when that is not installed and another of the
// catalog is, the largest of those that fits.
func (f *finder) standard(ctx context.Context) string {
	best := f.best()
	if f.settings.Speech.Model != "" {
		return best
	}
	found, err := f.infos(ctx)
	if err != nil {
		return best
	}
	var other models.Info
	for _, m := range found {
		switch {
		case !m.Catalog || !m.Installed:
		case m.Name == best:
			return best
		case m.NeedBytes > other.NeedBytes && f.fits(m.Name, m.NeedBytes):
			other = m
		}
	}
	return or(other.Name, best)
}

// best is what the settings say, or what suits this machine.
func (f *finder) best() string {
	f.gate.Ceiling() // makes it take a reading
	return or(f.settings.Speech.Model, models.PlanFor(f.gate.Reading().Total).Speech)
}

// fits says whether this machine can ever give a model its memory.
func (f *finder) fits(name string, need int64) bool {
	return f.gate.Check(job.Need{Stage: job.Transcribe, Model: name, Bytes: need}) == nil
}

// Model implements pipeline.Models: by name, or by the absolute path that the
// CLI may give. What was measured counts more than the estimate.
func (f *finder) Model(ctx context.Context, name string, size int) (pipeline.Model, error) {
	find := f.Store.Model
	if filepath.IsAbs(name) {
		find = f.Store.File
	}
	m, err := find(ctx, name)
	if err != nil {
		return m, err
	}
	m.Context = size
	if peak, floor, err := f.peaks.Peak(ctx, m.Digest, size); err == nil {
		m.NeedBytes = planned(m.NeedBytes, peak, floor, f.gate.Ceiling())
	}
	return m, nil
}

// planned is what to plan with for a model: an estimate, until it was seen to
// take a peak; then a fifth more than that. After a death it is not less than
// the floor that was learnt from it. What was learnt never makes a model too
// large for a machine that takes it by the estimate: submitting goes by that.
func planned(estimate, peak, floor, ceiling int64) int64 {
	n := estimate
	if peak > 0 {
		n = peak + peak/5
	}
	n = max(n, floor)
	if ceiling > 0 {
		n = min(n, max(ceiling, estimate))
	}
	return n
}

// Largest implements pipeline.Models.
func (f *finder) Largest() string { return f.largest() }

// Check implements queue.Check. A model that is not installed yet is waited
// for; one that nobody knows, or that can never fit, is refused.
func (f *finder) Check(ctx context.Context, d *job.Draft) error {
	m, err := f.look(ctx, d.Options)
	switch {
	case fault.Is(err, fault.ModelMissing):
		if d.Wait.Reason == "" { // what is scheduled has time to get its model
			d.Wait = pipeline.Away(fault.From(err))
		}
	case err != nil:
		return err
	}
	d.Options.Model = or(m.Name, d.Options.Model) // one name, however it was spelled
	err = f.gate.Check(job.Need{Stage: job.Transcribe, Model: m.Name, Bytes: m.NeedBytes})
	if !fault.Is(err, fault.ModelTooLarge) {
		return err
	}
	too := fault.From(err)
	if best := f.largest(); best != "" {
		return too.WithHint("The largest model that fits is %s.", best)
	}
	return too
}

// look finds a model without reading it whole: a submit must not take seconds.
func (f *finder) look(ctx context.Context, o job.Options) (pipeline.Model, error) {
	if o.ModelPath != "" {
		return f.Model(ctx, o.ModelPath, o.BeamSize)
	}
	return f.Look(o.Model)
}

// missing says that a job's model is not installed.
func (f *finder) missing(ctx context.Context, o job.Options) error {
	if _, err := f.look(ctx, o); err != nil {
		return err
	}
	return fault.New(fault.ModelMissing, "The speech model was not installed.", nil).WithHint("Try again: it is now.")
}

// largest is the biggest model of the catalog that fits this machine.
func (f *finder) largest() string {
	var best models.Entry
	for _, e := range models.Catalog() {
		if e.NeedBytes > best.NeedBytes && f.fits(e.Name, e.NeedBytes) {
			best = e
		}
	}
	return best.Name
}

// note is what people should know of a model.
func note(m models.Info) string {
	if m.Damaged {
		return "Damaged, or no speech model: remove it."
	}
	return m.Description
}

// infos is what the folder and the catalog say of the models.
func (f *finder) infos(ctx context.Context) ([]models.Info, error) { return f.Store.List(ctx) }

// List is the models as people see them, at the command line and over HTTP.
func (f *finder) List(ctx context.Context) ([]job.Model, error) {
	found, err := f.infos(ctx)
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	standard, best := f.standard(ctx), f.best()
	out := make([]job.Model, 0, len(found))
	for _, m := range found {
		out = append(out, job.Model{
			Name:      m.Name,
			Installed: m.Installed,
			Default:   m.Name == standard,
			Suits:     m.Name == best,
			Fits:      f.fits(m.Name, m.NeedBytes),
			Languages: m.Languages,
			SizeBytes: m.Bytes,
			NeedBytes: m.NeedBytes,
			Note:      note(m),
			Path:      m.Path,
		})
	}
	return out, nil
}

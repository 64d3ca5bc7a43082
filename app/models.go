package app

import (
	"context"
	"path/filepath"

	"sluice/internal/admission"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/models"
	"sluice/internal/pipeline"
	"sluice/internal/whisper"
)

// finder finds models, knows what they really took, and says which can never
// fit. It is the queue's Check, and the Models of the pipeline and of HTTP.
type finder struct {
	*models.Store
	settings  inForce
	peaks     knownPeaks
	gate      *admission.Gate
	downloads *models.Downloads // nil = nobody downloads here but the caller of Pull
}

// knownPeaks tells what a model took when it was run in a context, and what to
// ask for since it died of that; 0 when it never was.
type knownPeaks interface {
	Peak(ctx context.Context, digest string, size int) (peak, floor int64, err error)
}

func newFinder(set inForce, peaks knownPeaks, gate *admission.Gate) (*finder, error) {
	s, catalog := set.Now(), models.Catalog()
	if s.Models.Catalog != "" {
		var err error
		if catalog, err = models.CatalogWith(s.Models.Catalog); err != nil {
			return nil, wrongCatalog(err)
		}
	}
	return &finder{
		Store: models.New(models.Config{
			Dir:     s.Models.Dir,
			BaseURL: s.Models.URL,
			Catalog: catalog,
			MinFree: floor(s.Disk.MinFree),
			Check:   whisper.CheckModel,
		}),
		settings: set,
		peaks:    peaks,
		gate:     gate,
	}, nil
}

func wrongCatalog(err error) error {
	return fault.New(fault.SettingInvalid, "models.catalog: the file cannot be used: "+err.Error()+".", err)
}

// standard is the model of orders that name none: what the settings say; else
// what suits this machine; but when that is not installed and another of the
// catalog is, the largest of those that fits.
func (f *finder) standard(ctx context.Context) string {
	if set := f.settings.Now().Speech.Model; set != "" {
		return set
	}
	best := or(f.best(), models.PlanFor(f.gate.Reading().Total, 0).Speech) // where none fits, orders are told so
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
		case m.NeedBytes > other.NeedBytes && f.fits(m.NeedBytes):
			other = m
		}
	}
	return or(other.Name, best)
}

// suited is the model to install: that of the settings, unless it can never
// fit; else the best one for this machine.
func (f *finder) suited() string {
	if set := f.settings.Now().Speech.Model; set != "" {
		if m, _ := f.Look(set); f.fits(m.NeedBytes) { // one that is missing has its need too
			return or(m.Name, set)
		}
	}
	return f.best()
}

// best is the model that suits this machine, whatever the settings say; "" =
// none fits.
func (f *finder) best() string {
	ceiling := f.gate.Ceiling() // makes it take a reading
	return or(models.PlanFor(f.gate.Reading().Total, ceiling).Speech, f.Largest("", f.settings.Now().Speech.Language, f.fits))
}

// fits says whether this machine can ever give a model its memory.
func (f *finder) fits(need int64) bool { return f.gate.Never(need) == "" }

// TooLarge implements pipeline.Models. These are the words for it everywhere.
func (f *finder) TooLarge(n job.Need, language string) error {
	err := f.gate.Check(n)
	if !fault.Is(err, fault.ModelTooLarge) {
		return err
	}
	if best := f.Largest(n.Model, language, f.fits); best != "" {
		return fault.From(err).WithHint("The largest model that fits is %s.", best)
	}
	return fault.From(err).WithHint("No speech model fits: raise memory.ceiling where it is set, or give Sluice more memory.")
}

// Model implements pipeline.Models: by name, or by the absolute path that the
// CLI may give. What was measured counts more than the estimate.
func (f *finder) Model(ctx context.Context, name string, size int) (pipeline.Model, error) {
	find := f.Store.Model
	if filepath.IsAbs(name) {
		find = f.File
	}
	m, err := find(ctx, name)
	if err != nil {
		return m, err
	}
	m, _ = f.learnt(ctx, m, size)
	return m, nil
}

// learnt is a model with what it needs in a context, and whether that was
// measured. A digest that is not known yet is that of a model that never ran.
func (f *finder) learnt(ctx context.Context, m pipeline.Model, size int) (_ pipeline.Model, measured bool) {
	m.Context = size
	if m.Digest == "" {
		return m, false
	}
	peak, floor, err := f.peaks.Peak(ctx, m.Digest, size)
	if err != nil {
		return m, false
	}
	m.NeedBytes = planned(m.NeedBytes, peak, floor, f.gate.Ceiling())
	return m, peak > 0 || floor > 0
}

// needs is what to plan with for a model with the beam of the settings, and
// where that is known from.
func (f *finder) needs(ctx context.Context, i models.Info) (int64, job.Known) {
	if i.Installed {
		m, err := f.Look(i.Name)
		if m, measured := f.learnt(ctx, m, f.settings.Now().Speech.BeamSize); err == nil && measured {
			return m.NeedBytes, job.FromMeasured
		}
	}
	if i.Catalog {
		return i.NeedBytes, job.FromCatalog
	}
	return i.NeedBytes, job.FromFile
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
	if err := f.understands(d.Options); err != nil {
		return err
	}
	return f.TooLarge(job.Need{Stage: job.Transcribe, Model: m.Name, Bytes: m.NeedBytes}, d.Options.Language)
}

// fetch has the model of a job that was accepted downloaded when it is missing
// and the settings say so.
func (f *finder) fetch(o job.Options) {
	if !f.settings.Now().Models.AutoDownload || f.downloads == nil || o.ModelPath != "" {
		return
	}
	if m, err := f.Look(o.Model); fault.Is(err, fault.ModelMissing) {
		_ = f.downloads.Start(m.Name) // what the catalog does not know was never its own
	}
}

// look finds a model without reading it whole: a submit must not take seconds.
// A catalog model that is missing comes with its name and need beside the fault.
func (f *finder) look(ctx context.Context, o job.Options) (pipeline.Model, error) {
	if o.ModelPath != "" {
		return f.Model(ctx, o.ModelPath, o.BeamSize)
	}
	m, err := f.Look(o.Model)
	if err != nil {
		return m, err
	}
	m, _ = f.learnt(ctx, m, o.BeamSize)
	return m, nil
}

// missing says that a job's model is not installed.
func (f *finder) missing(ctx context.Context, o job.Options) error {
	if _, err := f.look(ctx, o); err != nil {
		return err
	}
	return fault.New(fault.ModelMissing, "The speech model was not installed.", nil).WithHint("Try again: it is now.")
}

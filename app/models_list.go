package app

import (
	"context"
	"fmt"
	"slices"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/models"
	"sluice/internal/sqlitestore"
)

// infos is what the folder and the catalog say of the models.
func (f *finder) infos(ctx context.Context) ([]models.Info, error) { return f.Store.List(ctx) }

// List is the models as people see them, at the command line and over HTTP.
func (f *finder) List(ctx context.Context) ([]job.Model, error) {
	found, err := f.infos(ctx)
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	needed, err := f.needed(ctx)
	if err != nil {
		return nil, err
	}
	standard, suited := f.standard(ctx), f.suited()
	out := make([]job.Model, 0, len(found))
	for _, m := range found {
		need, _ := f.needs(ctx, m)
		out = append(out, job.Model{
			Name:      m.Name,
			Installed: m.Installed,
			Damaged:   m.Damaged,
			Catalog:   m.Catalog,
			Default:   m.Name == standard,
			Suits:     m.Name == suited,
			Fits:      f.fits(need),
			Languages: m.Languages,
			SizeBytes: m.Bytes,
			NeedBytes: need,
			Note:      note(m),
			Jobs:      needed[m.Name],
			Download:  f.download(m),
			Path:      m.Path,
		})
	}
	return out, nil
}

// note is what people should know of a model.
func note(m models.Info) string {
	switch {
	case m.Damaged && m.Catalog:
		return "The file is damaged: download it again."
	case m.Damaged:
		return "Damaged, or no speech model: remove it."
	}
	return m.Description
}

// download tells how far a model is that is not installed; nil when nothing of
// it is there and nobody has asked for it.
func (f *finder) download(m models.Info) *job.Download {
	if m.Installed {
		return nil
	}
	d := f.coming(m.Name)
	switch {
	case d == nil && m.PartBytes > 0:
		return &job.Download{State: job.DownloadStopped, DoneBytes: m.PartBytes, TotalBytes: m.Bytes}
	case d != nil && d.State == job.DownloadStopped:
		d.DoneBytes, d.TotalBytes = m.PartBytes, m.Bytes
	}
	return d
}

// coming is what is known of a download here.
func (f *finder) coming(name string) *job.Download {
	if f.downloads == nil {
		return nil
	}
	return f.downloads.Of(name)
}

// needed says how many live jobs need which model. It only reads the database,
// since a server may run on it.
func (f *finder) needed(ctx context.Context) (map[string]int, error) {
	return sqlitestore.ModelsInUse(ctx, databaseFile(f.settings.Now().Dirs.Data))
}

// Download implements httpapi.Models.
func (f *finder) Download(ctx context.Context, name string) (job.Model, error) {
	m, err := f.one(ctx, name)
	if err != nil || m.Installed {
		return m, err
	}
	if err := f.downloads.Start(m.Name); err != nil {
		return m, err
	}
	m.Download = f.downloads.Of(m.Name)
	return m, nil
}

// one is a model of the list. What the store knows by a longer name, such as
// that of its file, is found by that too.
func (f *finder) one(ctx context.Context, name string) (job.Model, error) {
	if m, err := f.Look(name); m.Name != "" {
		name = m.Name
	} else if fault.Is(err, fault.ModelUnknown) {
		return job.Model{}, err
	}
	all, err := f.List(ctx)
	if err != nil {
		return job.Model{}, err
	}
	i := slices.IndexFunc(all, func(m job.Model) bool { return m.Name == name })
	if i < 0 {
		return job.Model{}, fault.New(fault.ModelUnknown, fmt.Sprintf("There is no speech model %q.", name), nil)
	}
	return all[i], nil
}

// Cancel implements httpapi.Models.
func (f *finder) Cancel(ctx context.Context, name string) error { return f.downloads.Cancel(ctx, name) }

// Remove deletes a model that no live job needs, or what has arrived of one.
func (f *finder) Remove(ctx context.Context, name string) error {
	needed, err := f.needed(ctx)
	if err != nil {
		return err
	}
	m, err := f.Look(name)
	if d := f.coming(m.Name); d != nil && d.State != job.DownloadStopped {
		return fault.New(fault.ModelInUse, fmt.Sprintf("The speech model %s is being downloaded.", m.Name), nil).WithHint("Cancel the download first.")
	}
	if n := needed[m.Name]; err == nil && n > 0 { // without a file there is nothing that a job could lose
		return fault.New(fault.ModelInUse, jobsNeed(n, m.Name), nil)
	}
	return f.Store.Remove(ctx, name)
}

func jobsNeed(n int, model string) string {
	if n == 1 {
		return fmt.Sprintf("A live job needs the speech model %s.", model)
	}
	return fmt.Sprintf("%d live jobs need the speech model %s.", n, model)
}

package app

import (
	"context"
	"slices"

	"sluice/internal/board"
	"sluice/internal/intake"
	"sluice/internal/models"
	"sluice/internal/settings"
)

// inForce gives the settings as they are now. Those of a server change while
// it runs; what is asked for once needs a start to be heard.
type inForce interface{ Now() *settings.Settings }

// newBook opens the settings for those who change them. The core is asked for
// when something has changed.
func newBook(s *settings.Settings, flags map[string]string, changed func()) *settings.Book {
	return settings.NewBook(s, settings.Options{Flags: flags}, settings.BookConfig{Check: startable, Changed: changed})
}

// startable says what would keep Sluice from starting with these settings.
func startable(s *settings.Settings) error {
	if err := spoken(s); err != nil {
		return err
	}
	if err := written(s); err != nil {
		return err
	}
	if _, err := newHooks(s); err != nil {
		return err
	}
	if _, err := newWeb(s); err != nil {
		return err
	}
	if s.Models.Catalog != "" {
		if _, err := models.CatalogWith(s.Models.Catalog); err != nil {
			return wrongCatalog(err)
		}
	}
	if s.Export.Dir == "" {
		return nil
	}
	_, err := newFolder(s, nil)
	return err
}

// heed lets everybody know that settings have changed who does not ask for them
// each time.
func (c *core) heed() {
	for _, due := range []chan struct{}{c.wanted, c.rewatch} {
		select {
		case due <- struct{}{}:
		default: // a look is already due
		}
	}
	c.updates.Wake()
	c.board.Publish(board.Event{Kind: board.SettingsSet})
	c.board.Publish(board.Event{Kind: board.ModelChanged}) // another may be the default
}

// mains is where the electricity comes from, as far as the settings want it to
// be minded.
type mains struct {
	settings inForce
	source   interface {
		OnBattery(ctx context.Context) (bool, error)
	}
}

// OnBattery implements admission.Power.
func (m mains) OnBattery(ctx context.Context) (bool, error) {
	if !m.settings.Now().Power.OnlyOnAC {
		return false, nil
	}
	return m.source.OnBattery(ctx)
}

// limits is how large what comes in may be now.
func limits(set inForce) func() intake.Limits {
	return func() intake.Limits {
		s := set.Now()
		return intake.Limits{Upload: s.Uploads.Max, Fetch: s.Fetch.Max}
	}
}

// watch watches the folders of the settings, others when these change.
func (c *core) watch(ctx context.Context) error {
	for ctx.Err() == nil {
		now := c.settings.Now().Watch
		if err := c.watchAs(ctx, now); err != nil {
			return err
		}
	}
	return nil
}

// watchAs watches until ctx ends or the settings say otherwise.
func (c *core) watchAs(ctx context.Context, now settings.Watch) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- newWatcher(c.settings.Now(), c.desk, c.log).Run(ctx) }()
	for {
		select {
		case <-ctx.Done():
			return <-done
		case <-c.rewatch:
		}
		if !sameWatch(now, c.settings.Now().Watch) {
			stop()
			return <-done
		}
	}
}

func sameWatch(a, b settings.Watch) bool {
	return slices.Equal(a.Folders, b.Folders) && a.Recursive == b.Recursive && a.Existing == b.Existing && a.Settle == b.Settle
}

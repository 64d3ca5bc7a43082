package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"sluice/internal/board"
	"sluice/internal/fault"
	"sluice/internal/job"
)

// modelsEvery is how often the models folder is looked at.
const modelsEvery = 3 * time.Second

// watchModels lets the jobs that wait for a model go on as soon as one has come:
// the folder is watched once, not once per job.
func (c *core) watchModels(ctx context.Context) error {
	tick := time.NewTicker(modelsEvery)
	defer tick.Stop()
	seen := c.modelsHere()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-c.relay.models: // sooner than the tick
		}
		now := c.modelsHere()
		if slices.Equal(now, seen) {
			continue
		}
		seen = now
		c.board.Publish(board.Event{Kind: board.ModelChanged})
		if _, err := c.queue.ReleaseAll(ctx, job.NoModel); err != nil {
			c.log.Warn("waiting jobs not woken", "err", err)
		}
		c.queue.Wake()
	}
}

// modelsHere names the files of models, each as it is now. What is still being
// downloaded is none.
func (c *core) modelsHere() []string {
	dir := c.settings.Now().Models.Dir
	entries, _ := os.ReadDir(dir) // without a folder there are none
	var here []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".bin") {
			continue
		}
		if fi, err := os.Stat(filepath.Join(dir, e.Name())); err == nil { // of the file a link leads to
			here = append(here, fmt.Sprint(e.Name(), " ", fi.Size(), " ", fi.ModTime().UnixNano()))
		}
	}
	return here
}

// download pulls the models that people ask for in the server. While jobs get
// theirs unasked, so do those that waited before.
func (c *core) download(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.models.downloads.Run(ctx) })
	g.Go(func() error { return c.pullAgain(ctx) })
	return g.Wait()
}

// pullEvery is how often the downloads are taken up again that jobs wait for and
// that stopped for want of a connection or of room.
const pullEvery = 5 * time.Minute

// pullAgain puts the models that live jobs lack into the line of downloads: all
// of them at the start, and later those whose lack may have passed.
func (c *core) pullAgain(ctx context.Context) error {
	tick := time.NewTicker(pullEvery)
	defer tick.Stop()
	put := c.models.downloads.Start
	for {
		if c.settings.Now().Models.AutoDownload {
			if err := c.models.pullNeeded(ctx, put); err != nil && ctx.Err() == nil {
				c.log.Warn("models of waiting jobs not known", "err", err)
			}
			put = c.models.downloads.Resume
		} else {
			put = c.models.downloads.Start // whoever switches it on wants all of them
		}
		select {
		case <-ctx.Done():
			return nil
		case <-c.wanted:
		case <-tick.C:
		}
	}
}

// pullNeeded puts the models that live jobs lack into the line of downloads.
func (f *finder) pullNeeded(ctx context.Context, put func(name string) error) error {
	needed, err := f.needed(ctx)
	if err != nil {
		return err
	}
	for name := range needed {
		if _, err := f.Look(name); fault.Is(err, fault.ModelMissing) {
			_ = put(name) // what the catalog does not know was never its own
		}
	}
	return nil
}

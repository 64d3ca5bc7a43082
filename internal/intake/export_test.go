package intake

import (
	"context"
	"time"

	"sluice/internal/job"
)

// GatherWithin is Gather with bounds that a test can reach.
func GatherWithin(ctx context.Context, paths []string, files, looks, named int) ([]string, []job.Refused) {
	return gather(ctx, paths, bounds{files: files, looks: looks, named: named})
}

// Looks opens the ledger and gives a look at every folder as at some time: the
// watcher without its clock and its ear. It says when to look again.
func (w *Watcher) Looks() (look func(ctx context.Context, now time.Time) time.Duration, done func() error, err error) {
	l, err := openLedger(w.cfg.Ledger, w.cfg.Folders)
	if err != nil {
		return nil, nil, err
	}
	var folders []*folder
	for _, path := range w.cfg.Folders {
		folders = append(folders, w.folder(path, l))
	}
	return func(ctx context.Context, now time.Time) time.Duration {
		again := 24 * time.Hour
		for _, f := range folders {
			again = min(again, f.look(ctx, now))
		}
		return again
	}, l.close, nil
}

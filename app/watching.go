package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/intake"
	"sluice/internal/job"
	"sluice/internal/settings"
)

// newWatcher makes jobs, with the options of the settings, of what comes to the
// folders of the settings.
func newWatcher(s *settings.Settings, d *desk, log *slog.Logger) *intake.Watcher {
	skip := []string{s.Dirs.Data}
	if place, err := filepath.EvalSymlinks(s.Dirs.Data); err == nil {
		skip = append(skip, place)
	}
	return intake.NewWatcher(intake.WatchDeps{
		Take: func(ctx context.Context, path string) error {
			_, err := d.Submit(ctx, []job.Order{{Source: path}})
			return err
		},
		Log: log,
	}, intake.WatchConfig{
		Folders:   s.Watch.Folders,
		Recursive: s.Watch.Recursive,
		Existing:  s.Watch.Existing,
		Settle:    s.Watch.Settle,
		Ledger:    filepath.Join(s.Dirs.Data, "watched.jsonl"),
		Skip:      skip,
	})
}

// watchFinding says whether the watched folders can be watched.
func (d *doctor) watchFinding(_ context.Context, f job.Finding) job.Finding {
	var names []string
	for _, path := range d.settings.Now().Watch.Folders {
		if err := intake.WatchTrouble(path); err != nil {
			x := fault.From(err)
			f.Level, f.Text = job.FindingWarn, fmt.Sprintf("%s is not watched now. %s", fromHome(path), x.Say)
			f.Hint = "It is watched again by itself when it is there. " + x.Hint
			return f
		}
		names = append(names, fromHome(path))
	}
	f.Text = strings.Join(names, ", ")
	return f
}

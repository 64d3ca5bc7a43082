package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
)

func TestWhenTheDiskIsFullTheScratchOfWhatIsDoneGoes(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	store, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: databaseFile(data)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	c := &core{store: store, pipeline: pipeline.New(pipeline.Deps{}, pipeline.Config{WorkDir: filepath.Join(data, "work")}), room: room{dir: data, short: newShortage()}}
	titles := map[string]string{}
	for title, to := range map[string]job.State{"done": job.Done, "failed": job.Failed, "queued": job.Queued} {
		accepted, err := store.Submit(t.Context(), []job.Draft{{
			Source: job.Source{Kind: job.FromPath, Path: "/" + title, Name: title, Size: 1, ModTime: time.Unix(1e9, 0), Fingerprint: title},
			Title:  title, Identity: title, Options: job.Options{Language: "en", Model: "tiny"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		id := accepted[0].Job.ID
		titles[id] = title
		if err := os.MkdirAll(c.pipeline.Dir(id), 0o700); err != nil {
			t.Fatal(err)
		}
		if to == job.Queued {
			continue
		}
		_, lease, err := store.Take(t.Context(), id, "me")
		if err != nil {
			t.Fatal(err)
		}
		outcome := queue.Outcome{State: to}
		if to == job.Failed {
			outcome.Error = &job.Failure{Code: string(fault.Internal)}
		}
		if _, err := store.Settle(t.Context(), lease, outcome); err != nil {
			t.Fatal(err)
		}
	}
	left := func() map[string]bool {
		kept := map[string]bool{}
		for id, title := range titles {
			_, err := os.Stat(c.pipeline.Dir(id))
			kept[title] = err == nil
		}
		return kept
	}
	if err := c.makeRoom(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]bool{"done": true, "failed": true, "queued": true}, left()); diff != "" {
		t.Errorf("with enough room (-want +got):\n%s", diff)
	}
	c.room.minFree = 1 << 60
	for range 3 { // nobody listens yet, and nobody waits for that
		if err := c.room.Check(t.Context()); !fault.Is(err, fault.DiskFull) {
			t.Fatal(err)
		}
	}
	if err := c.makeRoom(t.Context(), <-c.room.short); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]bool{"done": false, "failed": true, "queued": true}, left()); diff != "" {
		t.Errorf("without room (-want +got):\n%s", diff)
	}
}

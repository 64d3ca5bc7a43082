package sqlitestore_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/sqlitestore"
)

// hook calls do for each message of a log.
type hook struct {
	slog.Handler
	do func(message string)
}

func (h hook) Enabled(context.Context, slog.Level) bool { return true }

func (h hook) Handle(_ context.Context, r slog.Record) error {
	h.do(r.Message)
	return nil
}

// Whoever asked for the first look goes away when the new file is complete, and
// somebody else, who looks before it is in its place, sees the damaged one.
func TestAFileIsNotRestoredTwice(t *testing.T) {
	t.Parallel()
	w := newWreckage(t)
	ctx, goAway := context.WithCancel(t.Context())
	var s *sqlitestore.Store
	log := slog.New(hook{slog.DiscardHandler, func(message string) {
		if message != "database restored" || ctx.Err() != nil {
			return
		}
		goAway()
		for s.WaitingAlone() == 0 && t.Context().Err() == nil {
			runtime.Gosched()
		}
	}})
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: w.path, Now: w.clock.Now}, log)
	must(t, err)
	defer func() { must(t, s.Close()) }()
	overwrite(t, w.path, rootOf(w, "counters"), badPage)
	if err := s.Verify(ctx); err == nil {
		t.Error("the first look was not given up")
	}
	must(t, s.Verify(t.Context()))
	if kept := aside(t, w.path); len(kept) != 1 {
		t.Errorf("kept are %q", kept)
	}
	get(t, s, w.later)
}

// The new file cannot take its place at first, and by the time it can it is
// damaged itself.
func TestARestoredFileThatIsDamagedIsRestored(t *testing.T) {
	t.Parallel()
	w := newWreckage(t)
	s := w.open()
	overwrite(t, w.path, rootOf(w, "counters"), badPage)
	inTheWay := w.path + ".corrupt-" + w.clock.Now().UTC().Format("20060102T150405Z") + "-wal"
	must(t, os.Mkdir(inTheWay, 0o700))
	if err := s.Verify(t.Context()); err == nil {
		t.Fatal("it did not fail")
	}
	complete, err := filepath.Glob(w.path + ".restored-*")
	must(t, err)
	if len(complete) != 1 {
		t.Fatalf("complete are %q", complete)
	}
	overwrite(t, complete[0], 0, garbage(100))
	must(t, os.Remove(inTheWay))
	must(t, s.Verify(t.Context()))
	get(t, s, w.old)
	submit(t, s, draft("life goes on"))
	if kept := aside(t, w.path); len(kept) != 2 {
		t.Errorf("kept are %q", kept)
	}
	checkFile(t, w.path)
}

func TestAStoreThatIsClosedDamagedIsLookedAtFirst(t *testing.T) {
	t.Parallel()
	w := newWreckage(t)
	overwrite(t, w.path, rootOf(w, "peaks"), badPage)
	s := w.open()
	if _, _, err := s.Peak(t.Context(), "x", 0); !fault.Is(err, fault.StoreDamaged) {
		t.Fatalf("got %v", err)
	}
	must(t, s.Close())
	s = w.open()
	if !s.Unclean() {
		t.Error("the next one knows nothing of the damage")
	}
	must(t, s.Verify(t.Context()))
	must(t, s.Close())
	if w.open().Unclean() {
		t.Error("the restored file is still said to be damaged")
	}
}

func TestARestoreIsFollowedByABackup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWreckage(t)
		overwrite(t, w.path, rootOf(w, "peaks"), badPage)
		w.clock.Advance(time.Minute)
		s := w.open()
		ctx, stop := context.WithCancel(t.Context())
		kept := make(chan error, 1)
		go func() { kept <- s.WatchOver(ctx, func() {}) }()
		synctest.Wait()
		backups := backupsOf(t, w.path)
		if len(backups) != 2 {
			t.Fatalf("backups are %q", backups)
		}
		var n int
		query(t, backups[1], `SELECT count(*) FROM notices WHERE code = '`+string(job.BackupRestored)+`'`, &n)
		if n != 1 {
			t.Error("the backup is from before the restore")
		}
		stop()
		must(t, <-kept)
	})
}

func TestAnUnreadableDiskIsNoDamage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		finding string
		disk    bool
	}{
		"a page that the disk does not give":     {"Tree 5 page 71: unable to get the page. error code=266", true},
		"a page that there is no memory for":     {"Tree 5 page 71: unable to get the page. error code=7", true},
		"an overflow page that cannot be got at": {"Tree 5 page 71 cell 3: failed to get page 90", true},
		"a page that makes no sense":             {"Tree 5 page 71: btreeInitPage() returns error code 11", false},
		"a page beyond the end":                  {"Tree 5 page 71: unable to get the page. error code=11", false},
		"rows in disorder":                       {"Tree 5 page 71 cell 3: Rowid 9 out of order", false},
		"an index that lacks a row":              {"row 3 missing from index jobs_state", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := sqlitestore.NotRead(test.finding); got != test.disk {
				t.Errorf("got %v", got)
			}
		})
	}
}

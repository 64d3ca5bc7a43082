package sqlitestore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/sqlitestore"
)

func backupsOf(t *testing.T, path string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "backups", "*"))
	must(t, err)
	return found
}

func TestABackupIsMadeEveryHourInWhichSomethingWasWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "sluice.db")
		s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
		must(t, err)
		ctx, stop := context.WithCancel(t.Context())
		kept := make(chan error, 1)
		go func() { kept <- s.WatchOver(ctx, func() { t.Error("nothing has changed") }) }()
		want := func(when string, names ...string) {
			t.Helper()
			synctest.Wait()
			got := backupsOf(t, path)
			if len(got) != len(names) {
				t.Fatalf("%s the backups are %q", when, got)
			}
			for i := range names {
				if filepath.Base(got[i]) != "sluice-20000101T"+names[i]+"Z.db" {
					t.Errorf("%s the backups are %q", when, got)
				}
			}
		}
		want("at the start", "000000")
		submit(t, s, draft("a"))
		time.Sleep(time.Hour + time.Second) //nolint:forbidigo // fake time
		want("after an hour", "000000", "010000")
		time.Sleep(2 * time.Hour) //nolint:forbidigo // fake time
		want("while nothing happens", "000000", "010000")
		for n := range 2 {
			submit(t, s, draft(fmt.Sprint("b", n)))
			time.Sleep(time.Hour) //nolint:forbidigo // fake time
		}
		want("later", "010000", "040000", "050000")
		stop()
		must(t, <-kept)
		must(t, s.Close())
	})
}

func TestAYoungBackupIsNotRepeatedAtTheStart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		age  time.Duration
		want int
	}{
		"minutes old":               {10 * time.Minute, 1},
		"nearly an hour old":        {59 * time.Minute, 1},
		"older than an hour":        {61 * time.Minute, 2},
		"from a time to come":       {-time.Hour, 2},
		"of a Sluice started daily": {25 * time.Hour, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "sluice.db")
				s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
				must(t, err)
				must(t, s.Backup(t.Context()))
				old := filepath.Join(filepath.Dir(path), "backups", time.Now().UTC().Add(-test.age).Format("sluice-20060102T150405Z.db"))
				must(t, os.Rename(backupsOf(t, path)[0], old))
				ctx, stop := context.WithCancel(t.Context())
				kept := make(chan error, 1)
				go func() { kept <- s.WatchOver(ctx, func() {}) }()
				synctest.Wait()
				if got := backupsOf(t, path); len(got) != test.want {
					t.Errorf("backups are %q", got)
				}
				stop()
				must(t, <-kept)
				must(t, s.Close())
			})
		})
	}
}

func TestABackupIsWholeAndOnlyOurs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.db")
	s := open(t, sqlitestore.Config{Path: path})
	id := say(t, s, "talk", "ferry")
	must(t, s.Index(t.Context()))
	must(t, s.Backup(t.Context()))
	b := backupsOf(t, path)
	info, err := os.Stat(b[0])
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %o", info.Mode().Perm())
	}
	checkFile(t, b[0])
	alone := filepath.Join(t.TempDir(), "sluice.db")
	must(t, os.Rename(b[0], alone))
	again := open(t, sqlitestore.Config{Path: alone})
	get(t, again, id)
	if got := find(t, again, "ferry"); len(got) != 1 {
		t.Errorf("found %q", got)
	}
}

func TestABackupWhileOthersWriteIsOneMoment(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.db")
	s := open(t, sqlitestore.Config{Path: path})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Submit(context.Background(), []job.Draft{draft("one"), draft("two"), draft("three")}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var copies []string
	for n := range 5 {
		must(t, s.Backup(t.Context()))
		kept := filepath.Join(t.TempDir(), fmt.Sprint(n))
		all := backupsOf(t, path)
		must(t, os.Rename(all[len(all)-1], kept))
		copies = append(copies, kept)
	}
	close(stop)
	wg.Wait()
	for _, one := range copies {
		checkFile(t, one)
		var jobs, events int
		query(t, one, `SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM events)`, &jobs, &events)
		if jobs%3 != 0 || jobs != events {
			t.Errorf("%d jobs and %d events", jobs, events)
		}
	}
}

func TestABackupOfADamagedFileDropsNoOlderOne(t *testing.T) {
	t.Parallel()
	w := newWreckage(t)
	overwrite(t, w.path, rootOf(w, "counters"), []byte(strings.Repeat("bad page", 1<<9)))
	s := w.open()
	before := backupsOf(t, w.path)
	for range 4 {
		w.clock.Advance(time.Hour)
		if err := s.Backup(t.Context()); !fault.Is(err, fault.StoreDamaged) {
			t.Errorf("got %v", err)
		}
	}
	if after := backupsOf(t, w.path); len(after) != 1 || after[0] != before[0] {
		t.Errorf("backups are %q", after)
	}
}

func TestNoBackupTakesTheSpaceOfTheLine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.db")
	s := open(t, sqlitestore.Config{Path: path, MinFree: 1 << 62})
	if err := s.Backup(t.Context()); !fault.Is(err, fault.DiskFull) {
		t.Errorf("got %v", err)
	}
	if got := backupsOf(t, path); len(got) != 0 {
		t.Errorf("backups are %q", got)
	}
}

func TestWhatACutOffBackupLeftIsDropped(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.db")
	s := open(t, sqlitestore.Config{Path: path})
	must(t, s.Backup(t.Context()))
	half := strings.TrimSuffix(backupsOf(t, path)[0], ".db") + ".half"
	must(t, os.WriteFile(half, []byte("half"), 0o600))
	must(t, s.Backup(t.Context()))
	if _, err := os.Stat(half); err == nil {
		t.Error("it is still there")
	}
}

func TestAStoreThatWasNotClosedSaysSo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.db")
	unclean := func() bool {
		s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
		must(t, err)
		defer func() { must(t, s.Close()) }()
		return s.Unclean()
	}
	if unclean() {
		t.Error("a new one was not closed")
	}
	if unclean() {
		t.Error("a closed one was not closed")
	}
	killedAfter(t, path, 10, map[string]job.State{})
	if !unclean() {
		t.Error("one whose process was killed was closed")
	}
	if unclean() {
		t.Error("it was closed since")
	}
}

// Whoever was not verified at the start is so while it is kept.
func TestDamageIsFoundWhileItIsWatchedFor(t *testing.T) {
	t.Parallel()
	w := newWreckage(t)
	overwrite(t, w.path, rootOf(w, "counters"), []byte(strings.Repeat("bad page", 1<<9)))
	s := w.open()
	ctx, stop := context.WithCancel(t.Context())
	told, kept := make(chan struct{}, 10), make(chan error, 1)
	go func() { kept <- s.WatchOver(ctx, func() { told <- struct{}{} }) }()
	<-told
	if n := w.notice(s); n.Code != job.BackupRestored {
		t.Errorf("notice is %+v", n)
	}
	get(t, s, w.later)
	stop()
	must(t, <-kept)
	if _, err := s.Search(t.Context(), library.Query{Text: "later"}); err != nil {
		t.Error(err)
	}
}

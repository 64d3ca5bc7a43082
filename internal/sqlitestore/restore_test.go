package sqlitestore_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
	"sluice/internal/storetest"
	"sluice/internal/transcript"
)

// wreckage is a store that had a backup, went on, and was then closed: what a
// test damages.
type wreckage struct {
	*testing.T
	path             string
	clock            *storetest.Clock
	old, later, done string // ids: one in the backup, one after it, and one that ended after it
}

func newWreckage(t *testing.T) *wreckage {
	t.Helper()
	return newWreckageOf(t, 20)
}

// newWreckageOf has so many old jobs.
func newWreckageOf(t *testing.T, jobs int) *wreckage {
	t.Helper()
	w := &wreckage{T: t, path: filepath.Join(t.TempDir(), "sluice.db"), clock: storetest.NewClock()}
	s := w.open()
	var drafts []job.Draft
	for i := range jobs {
		drafts = append(drafts, draft(fmt.Sprint("a rather long title of a talk ", i)))
	}
	w.old = submit(t, s, drafts...)[0].ID
	w.done = submit(t, s, draft("ends later"))[0].ID
	must(t, s.Backup(t.Context()))
	w.clock.Advance(1e9)
	lease := take(t, s, w.done)
	must(t, s.SaveTranscript(t.Context(), lease, transcript.Transcript{Language: "en", Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: "the ferry"}}}, nil))
	_, err := s.Settle(t.Context(), lease, queue.Outcome{State: job.Done})
	must(t, err)
	w.later = submit(t, s, draft("came later"))[0].ID
	must(t, s.Close())
	return w
}

func (w *wreckage) open() *sqlitestore.Store {
	w.Helper()
	s, err := sqlitestore.Open(w.Context(), sqlitestore.Config{Path: w.path, Now: w.clock.Now}, quiet())
	must(w, err)
	w.Cleanup(func() { must(w, s.Close()) })
	return s
}

// aside is the damaged files that were kept, without their side files.
func aside(t *testing.T, path string) []string {
	t.Helper()
	found, err := filepath.Glob(path + ".corrupt-*Z")
	must(t, err)
	return found
}

func (w *wreckage) notice(s *sqlitestore.Store) job.Notice {
	w.Helper()
	notices, err := s.Notices(w.Context())
	must(w, err)
	if len(notices) != 1 {
		w.Fatalf("notices are %+v", notices)
	}
	return notices[0]
}

func overwrite(t *testing.T, path string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt(b, at)
	must(t, err)
	must(t, f.Close())
}

func garbage(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func TestADamagedFileGivesWayToTheBackup(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		damage func(w *wreckage)
		saved  bool // what came after the backup can be read
	}{
		"a garbage header":  {func(w *wreckage) { overwrite(w.T, w.path, 0, garbage(100)) }, false},
		"nothing but noise": {func(w *wreckage) { must(w, os.WriteFile(w.path, garbage(64<<10), 0o600)) }, false},
		"a short text":      {func(w *wreckage) { must(w, os.WriteFile(w.path, []byte("hello"), 0o600)) }, false},
		"nothing at all":    {func(w *wreckage) { must(w, os.Truncate(w.path, 0)) }, false},
		"no file":           {func(w *wreckage) { must(w, os.Remove(w.path)) }, false},
		"half of it":        {cutInHalf, false},
		"pages written over": {func(w *wreckage) {
			overwrite(w.T, w.path, rootOf(w, "counters"), bytes.Repeat([]byte("bad page"), 1<<9))
		}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWreckage(t)
			test.damage(w)
			bad, _ := os.ReadFile(w.path)
			s := w.open()
			must(t, s.Verify(t.Context()))
			get(t, s, w.old)
			n := w.notice(s)
			if n.Code != job.BackupRestored || !strings.Contains(n.Text, "10 March 2024") || n.Hint == "" {
				t.Errorf("notice is %+v", n)
			}
			kept := aside(t, w.path)
			if len(kept) != 1 || !strings.Contains(n.Text, kept[0]) {
				t.Fatalf("kept are %q, notice %q", kept, n.Text)
			}
			if b, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(b, bad) {
				t.Errorf("the damaged file was changed: %v", err)
			}
			_, err := s.Get(t.Context(), w.later)
			if (err == nil) != test.saved {
				t.Errorf("the later job: %v", err)
			}
			if test.saved {
				w.thatIsWhole(s, n)
			}
			submit(t, s, draft("life goes on"))
			checkFile(t, w.path)
		})
	}
}

func cutInHalf(w *wreckage) {
	w.Helper()
	info, err := os.Stat(w.path)
	must(w, err)
	must(w, os.Truncate(w.path, info.Size()/2))
}

// thatIsWhole looks at what came after the backup.
func (w *wreckage) thatIsWhole(s *sqlitestore.Store, n job.Notice) {
	w.Helper()
	if !strings.Contains(n.Text, "1 newer job was saved") || !strings.Contains(n.Text, "1 job of the backup was brought up to date") {
		w.Errorf("notice is %q", n.Text)
	}
	if j := get(w, s, w.done); j.State != job.Done {
		w.Errorf("the job that had ended is %s", j.State)
	}
	tr, err := s.Transcript(w.Context(), w.done)
	must(w, err)
	if len(tr.Segments) != 1 || !tr.Complete {
		w.Errorf("transcript is %+v", tr)
	}
	must(w, s.Index(w.Context()))
	found, err := s.Search(w.Context(), library.Query{Text: "ferry"})
	must(w, err)
	later, err := s.Search(w.Context(), library.Query{Text: "came later"})
	must(w, err)
	if len(found.Hits) != 1 || len(later.Hits) != 1 {
		w.Errorf("hits are %+v and %+v", found.Hits, later.Hits)
	}
}

// rootOf is where the first page of a table lies.
func rootOf(w *wreckage, table string) int64 {
	w.Helper()
	var page, size int64
	query(w.T, w.path, `SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = '`+table+`'`, &page, &size)
	return (page - 1) * size
}

func query(t *testing.T, path, text string, into ...any) {
	t.Helper()
	db := raw(t, path)
	must(t, db.QueryRowContext(t.Context(), text).Scan(into...))
	must(t, db.Close())
}

func TestJobsAreReadAroundADamagedPage(t *testing.T) {
	t.Parallel()
	w := newWreckageOf(t, 120)
	// A leaf in the middle of the table of jobs.
	var page, size int64
	query(t, w.path, `SELECT pageno, pgsize FROM dbstat WHERE name = 'jobs' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 4`, &page, &size)
	overwrite(t, w.path, (page-1)*size, bytes.Repeat([]byte{0xff}, int(size)))
	must(t, os.RemoveAll(filepath.Join(filepath.Dir(w.path), "backups")))
	s := w.open()
	must(t, s.Verify(t.Context()))
	n := w.notice(s)
	if n.Code != job.StartedEmpty || !strings.Contains(n.Text, "jobs were saved") {
		t.Errorf("notice is %+v", n)
	}
	counts, err := s.Counts(t.Context())
	must(t, err)
	if all := counts[job.Queued] + counts[job.Done]; all < 100 || all >= 122 {
		t.Errorf("counts are %v", counts)
	}
	get(t, s, w.later)
	get(t, s, w.done)
	checkFile(t, w.path)
}

func TestTheNewestBackupThatIsSoundIsTaken(t *testing.T) {
	t.Parallel()
	w := newWreckage(t)
	s := w.open()
	must(t, s.Backup(t.Context()))
	must(t, s.Close())
	backups, err := filepath.Glob(filepath.Join(filepath.Dir(w.path), "backups", "*.db"))
	must(t, err)
	overwrite(t, backups[len(backups)-1], 8<<10, garbage(16<<10))
	must(t, os.WriteFile(w.path, garbage(8<<10), 0o600))
	again := w.open()
	get(t, again, w.old)
	if _, err := again.Get(t.Context(), w.later); !fault.Is(err, fault.JobUnknown) {
		t.Errorf("got %v: the second newest backup does not have it", err)
	}
	if n := w.notice(again); n.Code != job.BackupRestored {
		t.Errorf("notice is %+v", n)
	}
}

func TestWithoutABackupTheLineStartsEmpty(t *testing.T) {
	t.Parallel()
	w := &wreckage{T: t, path: filepath.Join(t.TempDir(), "sluice.db"), clock: storetest.NewClock()}
	must(t, os.WriteFile(w.path, garbage(8<<10), 0o600))
	s := w.open()
	if n := w.notice(s); n.Code != job.StartedEmpty || !strings.Contains(n.Text, "no backup") {
		t.Errorf("notice is %+v", n)
	}
	counts, err := s.Counts(t.Context())
	must(t, err)
	if counts.Depth() != 0 || len(aside(t, w.path)) != 1 {
		t.Errorf("counts are %v, kept %q", counts, aside(t, w.path))
	}
	must(t, s.Dismiss(t.Context(), w.notice(s).ID))
	if notices, err := s.Notices(t.Context()); err != nil || len(notices) != 0 {
		t.Errorf("notices are %v, %v", notices, err)
	}
}

func TestDamageMetWhileALeaseIsLive(t *testing.T) {
	t.Parallel()
	w := newWreckage(t)
	s := w.open()
	lease := take(t, s, w.old)
	must(t, s.AddSpan(t.Context(), lease, "k", span(0, 1000, "en", "a")))
	ctx, stop := context.WithCancel(t.Context())
	told, kept := make(chan struct{}, 10), make(chan error, 1)
	go func() { kept <- s.WatchOver(ctx, func() { told <- struct{}{} }) }()
	defer func() {
		stop()
		must(t, <-kept)
	}()
	spoil(w, "events", "spans", "peaks")
	// The page is in memory as long as nothing else needs the room.
	var err error
	for n := range int64(1000) {
		if _, _, err = s.Peak(t.Context(), "x", 0); err == nil {
			err = s.AddSpan(t.Context(), lease, "k", span(1000*(n+1), 1000*(n+2), "en", strings.Repeat("b", 20_000)))
		}
		if err != nil {
			break
		}
	}
	if !fault.Is(err, fault.StoreDamaged) {
		t.Fatalf("got %v", err)
	}
	<-told
	if err := s.AddSpan(t.Context(), lease, "k", span(1, 2, "en", "late")); err == nil {
		t.Error("the old lease writes")
	}
	if _, err := s.Settle(t.Context(), lease, queue.Outcome{State: job.Done}); err == nil {
		t.Error("the old lease settles")
	}
	j := get(t, s, w.old)
	if j.State != job.Queued || j.Reason != job.Turn || j.Deaths+j.Attempts+j.Crashes != 0 || j.Owner != "" {
		t.Errorf("job is %+v", j)
	}
	events, err := s.History(t.Context(), w.old)
	must(t, err)
	if last := events[len(events)-1]; last.Verb != job.VerbRestore || last.From != job.Running || last.To != job.Queued {
		t.Errorf("last event is %+v", last)
	}
	next := take(t, s, w.old)
	if next.Token <= lease.Token {
		t.Errorf("token %d after %d", next.Token, lease.Token)
	}
	submit(t, s, draft("life goes on"))
	if n := w.notice(s); n.Code != job.BackupRestored {
		t.Errorf("notice is %+v", n)
	}
}

// spoil writes over the first pages of tables of an open store.
func spoil(w *wreckage, tables ...string) {
	w.Helper()
	for _, table := range tables {
		overwrite(w.T, w.path, rootOf(w, table), bytes.Repeat([]byte{0xa5}, 4096))
	}
}

func TestOthersGoOnWhileTheFileIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWreckage(t)
	s := w.open()
	overwrite(t, w.path, rootOf(w, "peaks"), bytes.Repeat([]byte{0xa5}, 4096))
	stop := make(chan struct{})
	accepted := make(chan string, 10_000)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !closed(stop) {
				a, err := s.Submit(context.Background(), []job.Draft{draft("meanwhile")})
				if err != nil {
					t.Error(err)
					return
				}
				accepted <- a[0].Job.ID
			}
		})
		wg.Go(func() {
			for !closed(stop) {
				if _, err := s.List(context.Background(), queue.Filter{}); err != nil && !fault.Is(err, fault.StoreDamaged) {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 20 {
		<-accepted
	}
	must(t, s.Verify(t.Context()))
	close(stop)
	wg.Wait()
	close(accepted)
	for id := range accepted {
		get(t, s, id)
	}
	if n := w.notice(s); n.Code != job.BackupRestored || !strings.Contains(n.Text, "newer jobs were saved") {
		t.Errorf("notice is %+v", n)
	}
	checkFile(t, w.path)
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A folder in the place where the damaged file is to go keeps it from there.
func TestAReplacementThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWreckage(t)
	s := w.open()
	overwrite(t, w.path, rootOf(w, "counters"), bytes.Repeat([]byte{0xa5}, 4096))
	inTheWay := w.path + ".corrupt-" + w.clock.Now().UTC().Format("20060102T150405Z") + "-wal"
	must(t, os.Mkdir(inTheWay, 0o700))
	if err := s.Verify(t.Context()); err == nil {
		t.Fatal("it did not fail")
	}
	if _, err := s.Submit(t.Context(), []job.Draft{draft("too early")}); !fault.Is(err, fault.StoreDamaged) {
		t.Errorf("got %v", err)
	}
	must(t, os.Remove(inTheWay))
	must(t, s.Verify(t.Context()))
	get(t, s, w.later)
	submit(t, s, draft("life goes on"))
	if n := w.notice(s); n.Code != job.BackupRestored {
		t.Errorf("notice is %+v", n)
	}
	checkFile(t, w.path)
}

func TestABackupOfAnOlderVersionIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.db")
	must(t, os.MkdirAll(filepath.Join(filepath.Dir(path), "backups"), 0o700))
	must(t, os.Rename(firstStore(t), filepath.Join(filepath.Dir(path), "backups", "sluice-20240310T083000Z.db")))
	must(t, os.WriteFile(path, garbage(8<<10), 0o600))
	s := open(t, sqlitestore.Config{Path: path})
	get(t, s, oldDone)
	if j := get(t, s, oldRunning); j.State != job.Queued || j.Deaths != 0 {
		t.Errorf("the job that ran is %+v", j)
	}
	if got := find(t, s, "finished talk"); len(got) != 1 {
		t.Errorf("found %q", got)
	}
	checkFile(t, path)
}

func TestAReplacementThatWasCutOffIsBroughtToItsEnd(t *testing.T) {
	t.Parallel()
	for name, log := range map[string]bool{"with the log still there": true, "with the log moved": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWreckage(t)
			backups, err := filepath.Glob(filepath.Join(filepath.Dir(w.path), "backups", "*.db"))
			must(t, err)
			b, err := os.ReadFile(backups[0])
			must(t, err)
			must(t, os.WriteFile(w.path+".restored-20240310T090000Z", b, 0o600))
			if log {
				must(t, os.WriteFile(w.path+"-wal", []byte("a log that is not about the new file"), 0o600))
			}
			s := w.open()
			get(t, s, w.old)
			if _, err := s.Get(t.Context(), w.later); !fault.Is(err, fault.JobUnknown) {
				t.Errorf("got %v: the old file is still there", err)
			}
			kept := w.path + ".corrupt-20240310T090000Z"
			if got := aside(t, w.path); len(got) != 1 || got[0] != kept {
				t.Errorf("kept are %q", got)
			}
			if _, err := os.Stat(kept + "-wal"); (err == nil) != log {
				t.Errorf("log: %v", err)
			}
		})
	}
}

func TestALogThatWasCutShortIsNoDamage(t *testing.T) {
	t.Parallel()
	for name, without := range map[string]string{"and the shared memory is there": "", "and the shared memory is missing": "-shm"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sluice.db")
			s := open(t, sqlitestore.Config{Path: path})
			first := submit(t, s, draft("first"))[0]
			submit(t, s, draft("last"))
			dead := filepath.Join(t.TempDir(), "sluice.db")
			for _, side := range []string{"", "-wal", "-shm"} {
				if side == without && side != "" {
					continue
				}
				b, err := os.ReadFile(path + side)
				must(t, err)
				if side == "-wal" {
					b = b[:len(b)-100]
				}
				must(t, os.WriteFile(dead+side, b, 0o600))
			}
			again := open(t, sqlitestore.Config{Path: dead})
			must(t, again.Verify(t.Context()))
			get(t, again, first.ID)
			counts, err := again.Counts(t.Context())
			must(t, err)
			if counts[job.Queued] != 1 || len(aside(t, dead)) != 0 {
				t.Errorf("counts are %v, kept %q", counts, aside(t, dead))
			}
		})
	}
}

func TestASearchIndexThatIsDamagedIsMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWreckage(t)
	script(t, w.path, `DELETE FROM words_data WHERE id > 100`)
	s := w.open()
	must(t, s.Verify(t.Context()))
	must(t, s.Index(t.Context()))
	found, err := s.Search(t.Context(), library.Query{Text: "ferry"})
	must(t, err)
	if len(found.Hits) != 1 || len(aside(t, w.path)) != 0 {
		t.Errorf("hits are %+v, kept %q", found.Hits, aside(t, w.path))
	}
}

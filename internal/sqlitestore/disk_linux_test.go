package sqlitestore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
)

func TestAFullDiskIsAFaultAndNotTheEnd(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 3<<20)
	path := filepath.Join(dir, "sluice.db")
	s := open(t, sqlitestore.Config{Path: path, MinFree: -1})
	running := submit(t, s, draft("runs"))[0]
	lease := take(t, s, running.ID)
	accepted := submit(t, s, draft("before"))[0]
	before := get(t, s, running.ID)

	free := fill(t, dir)
	long := draft(strings.Repeat("title ", 20_000))
	_, err := s.Submit(t.Context(), []job.Draft{long})
	disk(t, "submit", err)
	outcome := queue.Outcome{State: job.Failed, Attempt: true, Error: &job.Failure{Code: "engine_stuck", Detail: strings.Repeat("log ", 20_000)}}
	_, err = s.Settle(t.Context(), lease, outcome)
	disk(t, "settle", err)

	// What was there is there, and the lease is still live.
	get(t, s, accepted.ID)
	if j := get(t, s, running.ID); j.State != job.Running || j.Token != before.Token || j.Attempts != 0 {
		t.Errorf("the run that could not be settled is %+v", j)
	}

	free()
	j, err := s.Settle(t.Context(), lease, outcome)
	must(t, err)
	if j.State != job.Failed || j.Attempts != 1 {
		t.Errorf("settled as %s after %d attempts", j.State, j.Attempts)
	}
	submit(t, s, long)
	counts, err := s.Counts(t.Context())
	must(t, err)
	if counts[job.Queued] != 2 || counts[job.Failed] != 1 {
		t.Errorf("counts are %v", counts)
	}
	checkFile(t, path)
}

func TestManySubmitsIntoADiskThatFills(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 2<<20)
	path := filepath.Join(dir, "sluice.db")
	s := open(t, sqlitestore.Config{Path: path, MinFree: -1})
	accepted := 0
	for i := 0; ; i++ {
		_, err := s.Submit(t.Context(), []job.Draft{draft(fmt.Sprint(strings.Repeat("x", 4000), i))})
		if err != nil {
			disk(t, "submit", err)
			break
		}
		accepted++
	}
	counts, err := s.Counts(t.Context())
	must(t, err)
	if counts[job.Queued] != accepted || accepted == 0 {
		t.Errorf("%d jobs, %d were accepted", counts[job.Queued], accepted)
	}
}

func TestEveryVerbOnAFullDiskSaysSoAndWorksAgain(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 4<<20)
	path := filepath.Join(dir, "sluice.db")
	s := open(t, sqlitestore.Config{Path: path, MinFree: -1})
	say(t, s, "old talk", "the ferry")
	lease := take(t, s, submit(t, s, draft("runs"))[0].ID)
	waits := submit(t, s, draft("waits"))[0]
	must(t, s.Begin(t.Context(), lease, job.Transcribe))
	must(t, s.Backup(t.Context()))
	backup := backupsOf(t, path)
	noise := string(garbage(64 << 10)) // that cannot be made smaller
	verbs := []struct {
		name string
		do   func() error
	}{
		{"enqueue", func() error { _, err := s.Submit(t.Context(), []job.Draft{draft("new")}); return err }},
		{"take", func() error { _, _, err := s.Take(t.Context(), waits.ID, "me"); return err }},
		{"renew", func() error {
			_, err := s.Renew(t.Context(), lease, job.Progress{Stage: job.Transcribe, Fraction: 0.5})
			return err
		}},
		{"add a span", func() error { return s.AddSpan(t.Context(), lease, "k", span(0, 1000, "en", noise)) }},
		{"finish", func() error {
			return s.Finish(t.Context(), lease, job.Transcribe, "k", []byte(noise), false, time.Second)
		}},
		{"settle", func() error { _, err := s.Settle(t.Context(), lease, queue.Outcome{State: job.Done}); return err }},
	}
	free := fill(t, dir)
	for _, v := range verbs {
		disk(t, v.name, v.do())
	}
	disk(t, "back up", s.Backup(t.Context()))
	if got := backupsOf(t, path); len(got) != 1 || got[0] != backup[0] {
		t.Errorf("backups are %q", got)
	}
	if got := find(t, s, "ferry"); len(got) != 1 { // a title waits to be indexed and cannot
		t.Errorf("found %q", got)
	}
	free()
	for _, v := range verbs {
		if err := v.do(); err != nil {
			t.Errorf("%s with space again: %v", v.name, err)
		}
	}
	must(t, s.Backup(t.Context()))
	if got := find(t, s, "new"); len(got) != 1 {
		t.Errorf("found %q", got)
	}
	if s.Unclean() || len(aside(t, path)) != 0 {
		t.Error("a full disk was taken for damage")
	}
	checkFile(t, path)
}

func TestADamagedFileOnAFullDiskStaysWhereItIs(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 4<<20)
	path := filepath.Join(dir, "sluice.db")
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path, MinFree: -1}, quiet())
	must(t, err)
	id := submit(t, s, draft("talk"))[0].ID
	must(t, s.Backup(t.Context()))
	must(t, s.Close())
	overwrite(t, path, 0, garbage(8<<10))
	bad, err := os.ReadFile(path)
	must(t, err)
	free := fill(t, dir)
	_, err = sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
	disk(t, "open", err)
	if b, err := os.ReadFile(path); err != nil || string(b) != string(bad) {
		t.Errorf("the damaged file was touched: %v", err)
	}
	free()
	get(t, open(t, sqlitestore.Config{Path: path}), id)
}

func TestAFolderThatCannotBeWrittenIsNamed(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 4<<20)
	path := filepath.Join(dir, "sluice.db")
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
	must(t, err)
	must(t, s.Close())
	must(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	_, err = sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
	if err == nil || !strings.Contains(err.Error(), path+": read-only file system") {
		t.Errorf("got %v", err)
	}
}

func disk(t *testing.T, verb string, err error) {
	t.Helper()
	if !fault.Is(err, fault.DiskFull) {
		t.Errorf("%s on a full disk: %v", verb, err)
	}
}

// smallDisk mounts a disk of so many bytes.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("SKIPPED: a full disk needs the right to mount a small one: %v", err)
	}
	t.Cleanup(func() {
		// Detached: a process that another test forks holds our files for a moment.
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes every free byte until free is called.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	must(t, err)
	for _, n := range []int{64 << 10, 1} {
		for err == nil {
			_, err = f.Write(make([]byte, n))
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
	must(t, f.Close())
	return func() { must(t, os.Remove(path)) }
}

// A restore either leaves all as it was or brings all, however much space there
// is.
func TestARestoreOnANearlyFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	w := blank(t)
	w.fill(600)
	overwrite(t, w.path, rootOf(w, "peaks"), badPage)
	damaged, err := os.ReadFile(w.path)
	must(t, err)
	refused, restored := 0, 0
	size := int64(len(damaged))
	for _, free := range []int64{size, 2*size + 100<<10, 2*size + size/2, 4 * size} {
		dir := smallDisk(t, 8<<20)
		path := filepath.Join(dir, "sluice.db")
		must(t, os.WriteFile(path, damaged, 0o600))
		var st unix.Statfs_t
		must(t, unix.Statfs(dir, &st))
		must(t, os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, int64(st.Bavail)*st.Bsize-free), 0o600))
		s := open(t, sqlitestore.Config{Path: path, MinFree: -1})
		verified := s.Verify(t.Context())
		if verified == nil {
			restored++
		} else {
			disk(t, fmt.Sprintf("verify with %d free", free), verified)
			refused++
		}
		counts, err := s.Counts(t.Context())
		must(t, err)
		if counts[job.Queued] != 600 {
			t.Errorf("with %d free: %v, counts are %v", free, verified, counts)
		}
		must(t, os.Remove(filepath.Join(dir, "ballast")))
		must(t, s.Verify(t.Context()))
		if left, err := filepath.Glob(path + ".resto*"); err != nil || len(left) != 0 {
			t.Errorf("left are %q", left)
		}
		if kept := aside(t, path); len(kept) != 1 {
			t.Errorf("kept are %q", kept)
		}
		submit(t, s, draft("life goes on"))
		checkFile(t, path)
	}
	if refused == 0 || restored == 0 {
		t.Errorf("%d refused, %d restored", refused, restored)
	}
}

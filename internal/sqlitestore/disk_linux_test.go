package sqlitestore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

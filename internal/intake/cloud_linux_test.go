package intake_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"sluice/internal/intake"
)

// TestWhatIsInTheCloudIsNotEvenOpened listens to the file: to read a little of it
// would fetch all of it.
func TestWhatIsInTheCloudIsNotEvenOpened(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	path := put(t, filepath.Join(dir, "in", "talk.mp4"), []byte(mp4))
	ear, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	must(t, err)
	t.Cleanup(func() { _ = unix.Close(ear) })
	_, err = unix.InotifyAddWatch(ear, path, unix.IN_OPEN|unix.IN_ACCESS)
	must(t, err)
	heard := func() bool {
		_, err := unix.Read(ear, make([]byte, 4096))
		if err != nil && !errors.Is(err, unix.EAGAIN) {
			t.Fatal(err)
		}
		return err == nil
	}

	var s sky
	s.set("talk.mp4", true)
	in := intake.New(intake.Config{Dataless: s.holds})
	src, err := in.FromPath(t.Context(), path)
	must(t, err)
	_ = in.Look(t.Context(), src)
	_, _ = in.Open(t.Context(), src)
	_, _ = in.Fetch(t.Context(), src, dir, nil, nil)
	_, _ = in.Play(t.Context(), src, nil)
	if found, _ := intake.GatherBelow(t.Context(), []string{path, filepath.Dir(path)}, s.holds); len(found) != 1 {
		t.Errorf("found %q", found)
	}
	p := newPatrol(t, func(c *intake.WatchConfig) {
		c.Folders, c.Existing, c.Dataless = []string{filepath.Dir(path)}, true, func(fs.FileInfo) bool { return true }
	})
	p.pass()
	if heard() {
		t.Error("the file was opened")
	}
	s.set("talk.mp4", false)
	if _, err := in.Open(t.Context(), src); err != nil || !heard() {
		t.Errorf("nothing is heard of a file that is opened: %v", err)
	}
}

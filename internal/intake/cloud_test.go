package intake_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/intake"
	"sluice/internal/job"
)

// sky says which files have their content in the cloud, by their names.
type sky struct {
	mu   sync.Mutex
	away map[string]bool
}

func (s *sky) set(name string, away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away == nil {
		s.away = map[string]bool{}
	}
	s.away[name] = away
}

func (s *sky) holds(info fs.FileInfo) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.away[info.Name()]
}

// evict leaves only the stub of a file, as Macs until 13 do; down brings a file
// in its place.
func evict(t *testing.T, path string) (down func(body string)) {
	t.Helper()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	stub := put(t, filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".icloud"), []byte("bplist00"))
	return func(body string) {
		t.Helper()
		must(t, os.Remove(stub))
		put(t, path, []byte(body))
	}
}

// wantInCloud wants words that say where the file is.
func wantInCloud(t *testing.T, err error, name string) {
	t.Helper()
	wantCode(t, err, fault.SourceMissing)
	f := fault.From(err)
	if want := "“" + name + "” is in the cloud only. Download it in the Finder."; f.Say != want || !strings.Contains(f.Hint, "Download Now") {
		t.Errorf("it says %q and %q, not %q", f.Say, f.Hint, want)
	}
}

func TestAFileInTheCloudIsTakenAndWaitedFor(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	path := put(t, filepath.Join(dir, "talk.mp4"), []byte(mp4))
	var s sky
	s.set("talk.mp4", true)
	in := intake.New(intake.Config{Dataless: s.holds})
	src, err := in.FromPath(t.Context(), path)
	must(t, err)
	if src.Kind != job.FromPath || src.Path != path || src.Name != "talk.mp4" || src.Size != int64(len(mp4)) || src.ModTime.IsZero() || src.Fingerprint == "" || !intake.Promised(src) {
		t.Errorf("it is %+v", src)
	}
	again, err := in.FromPath(t.Context(), path)
	must(t, err)
	if again != src {
		t.Errorf("given twice it is %+v and %+v", src, again)
	}
	for name, try := range map[string]func() error{
		"open":  func() error { _, err := in.Open(t.Context(), src); return err },
		"look":  func() error { return in.Look(t.Context(), src) },
		"fetch": func() error { _, err := in.Fetch(t.Context(), src, dir, nil, nil); return err },
		"play":  func() error { _, err := in.Play(t.Context(), src, nil); return err },
	} {
		err := try()
		if err == nil {
			t.Fatalf("%s: it was read", name)
		}
		wantInCloud(t, err, "talk.mp4")
	}

	s.set("talk.mp4", false)
	must(t, in.Look(t.Context(), src))
	got, err := in.Open(t.Context(), src)
	must(t, err)
	if got != path {
		t.Errorf("it is at %q", got)
	}
	p, err := in.Play(t.Context(), src, nil)
	must(t, err)
	must(t, p.Close())
	here, err := in.FromPath(t.Context(), path)
	must(t, err)
	fetched, err := in.Fetch(t.Context(), src, dir, nil, nil)
	must(t, err)
	if diff := cmp.Diff(here, fetched); diff != "" || intake.Promised(fetched) {
		t.Errorf("when it is here it is another file than one that always was (-want +got):\n%s", diff)
	}
}

func TestAFileThatGoesToTheCloudIsWaitedForAndKnownAgain(t *testing.T) {
	t.Parallel()
	path := put(t, filepath.Join(folder(t), "talk.mp4"), []byte(mp4))
	var s sky
	in := intake.New(intake.Config{Dataless: s.holds})
	src, err := in.FromPath(t.Context(), path)
	must(t, err)
	s.set("talk.mp4", true)
	wantInCloud(t, in.Look(t.Context(), src), "talk.mp4")
	_, err = in.Open(t.Context(), src)
	wantInCloud(t, err, "talk.mp4")
	s.set("talk.mp4", false)
	_, err = in.Open(t.Context(), src)
	wantCode(t, err, "")
	fetched, err := in.Fetch(t.Context(), src, t.TempDir(), nil, nil)
	must(t, err)
	if fetched != src {
		t.Errorf("it was %+v and is %+v", src, fetched)
	}
}

func TestAFileThatChangesInTheCloudIsNotWhatWasAdded(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]bool{"it is still in the cloud": true, "it is here": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := put(t, filepath.Join(folder(t), "talk.mp4"), []byte(mp4))
			var s sky
			s.set("talk.mp4", true)
			in := intake.New(intake.Config{Dataless: s.holds})
			src, err := in.FromPath(t.Context(), path)
			must(t, err)
			put(t, path, []byte(mp4+"more"))
			s.set("talk.mp4", away)
			wantCode(t, in.Look(t.Context(), src), fault.SourceChanged)
			_, err = in.Open(t.Context(), src)
			wantCode(t, err, fault.SourceChanged)
			_, err = in.Play(t.Context(), src, nil)
			if away {
				wantInCloud(t, err, "talk.mp4")
			} else {
				wantCode(t, err, fault.SourceChanged)
			}
		})
	}
}

func TestAFileOfWhichThereIsOnlyAStubIsTakenAndWaitedFor(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	path := filepath.Join(dir, "회의 1.mp4")
	down := evict(t, path)
	must(t, os.Symlink(dir, filepath.Join(dir, "link")))
	in := intake.New(intake.Config{Home: dir})
	src, err := in.FromPath(t.Context(), path)
	must(t, err)
	if src.Path != path || src.Name != "회의 1.mp4" || src.Size != 0 || !intake.Promised(src) {
		t.Errorf("it is %+v", src)
	}
	for _, other := range []string{filepath.Join(dir, ".회의 1.mp4.icloud"), filepath.Join(dir, "link", "회의 1.mp4"), "~/회의 1.mp4"} {
		same, err := in.FromPath(t.Context(), other)
		must(t, err)
		if same != src {
			t.Errorf("%s is %+v", other, same)
		}
	}
	wantInCloud(t, in.Look(t.Context(), src), "회의 1.mp4")
	_, err = in.Open(t.Context(), src)
	wantInCloud(t, err, "회의 1.mp4")
	_, err = in.Play(t.Context(), src, nil)
	wantInCloud(t, err, "회의 1.mp4")

	down(mp4)
	must(t, in.Look(t.Context(), src))
	got, err := in.Open(t.Context(), src)
	must(t, err)
	if got != path {
		t.Errorf("it is at %q", got)
	}
	fetched, err := in.Fetch(t.Context(), src, t.TempDir(), nil, nil)
	must(t, err)
	if intake.Promised(fetched) || fetched.Size != int64(len(mp4)) {
		t.Errorf("it is %+v", fetched)
	}
	// From then on it is as fixed as any other.
	put(t, path, []byte(mp4+"more"))
	_, err = in.Open(t.Context(), fetched)
	wantCode(t, err, fault.SourceChanged)
}

func TestWhatOnlyLooksLikeAStubIsNone(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	in := intake.New(intake.Config{})
	must(t, os.Mkdir(filepath.Join(dir, ".folder.mp4.icloud"), 0o700))
	put(t, filepath.Join(dir, "target"), []byte("bplist00"))
	must(t, os.Symlink(filepath.Join(dir, "target"), filepath.Join(dir, ".link.mp4.icloud")))
	for _, name := range []string{"folder.mp4", "link.mp4", "none.mp4", ".icloud", "..icloud", "....icloud"} {
		_, err := in.FromPath(t.Context(), filepath.Join(dir, name))
		wantCode(t, err, fault.SourceMissing)
		if strings.Contains(fault.From(err).Say, "cloud only") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A stub that was left beside its file is not asked.
	path := put(t, filepath.Join(dir, "here.mp4"), []byte(mp4))
	put(t, filepath.Join(dir, ".here.mp4.icloud"), []byte("bplist00"))
	src, err := in.FromPath(t.Context(), filepath.Join(dir, ".here.mp4.icloud"))
	must(t, err)
	if src.Path != path || intake.Promised(src) {
		t.Errorf("it is %+v", src)
	}
	// Nothing is in the cloud of what is empty.
	put(t, filepath.Join(dir, "empty.mp4"), nil)
	_, err = intake.New(intake.Config{Dataless: func(fs.FileInfo) bool { return true }}).FromPath(t.Context(), filepath.Join(dir, "empty.mp4"))
	wantCode(t, err, fault.FileEmpty)
}

func TestADropTellsWhatIsInTheCloudByItsName(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	drop(t, dir, map[string]string{
		"d/a 10.mp4": mp4, "d/a 2.mov": "not looked at", "d/notes.txt": mp4, "d/slides.key": mp4, "d/b.mp4.part": mp4,
		"d/.a 3.mp4.icloud": "bplist00", "d/.list.pdf.icloud": "bplist00", "d/..hidden.mp4.icloud": "bplist00",
		"alone/.talk.m4a.icloud": "bplist00", "alone/here.mp3": mp3,
		"alone/text.mp4": "a text", "alone/.text.mp4.icloud": "left behind",
	})
	in := func(info fs.FileInfo) bool { return info.Name() != "here.mp3" && info.Name() != "text.mp4" }
	found, refused := intake.GatherBelow(t.Context(), []string{
		filepath.Join(dir, "d"), filepath.Join(dir, "alone", ".talk.m4a.icloud"), filepath.Join(dir, "alone", "talk.m4a"), filepath.Join(dir, "alone", "here.mp3"), filepath.Join(dir, "alone", "text.mp4"),
	}, in)
	gotFound, gotRefused := shown(dir, found, refused)
	if diff := cmp.Diff([]string{"d/a 2.mov", "d/a 3.mp4", "d/a 10.mp4", "alone/talk.m4a", "alone/here.mp3"}, gotFound); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	want := []string{
		"d/b.mp4.part: not_media", "d/list.pdf: not_media", "d/notes.txt: not_media", "d/slides.key: not_media", "alone/text.mp4: not_media",
	}
	if diff := cmp.Diff(want, gotRefused); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	// What a drop has found can be added.
	taker := intake.New(intake.Config{Dataless: in})
	for _, path := range found {
		_, err := taker.FromPath(t.Context(), path)
		wantCode(t, err, "")
	}
}

func TestAWatchedFileInTheCloudIsTakenWhenItIsHere(t *testing.T) {
	t.Parallel()
	var s sky
	for _, name := range []string{"a.mp4", "b.mp4"} {
		s.set(name, true)
	}
	p := newPatrol(t, func(c *intake.WatchConfig) { c.Dataless = s.holds })
	p.pass()
	p.put("in/a.mp4", "one")
	p.put("in/b.mp4", "two")
	p.pass()
	p.pass()
	p.took()
	if n := strings.Count(p.log.String(), "is in the cloud only"); n != 1 {
		t.Errorf("said %d times:\n%s", n, p.log)
	}
	s.set("a.mp4", false)
	p.Look(t.Context(), p.now)
	p.took("in/a.mp4")
	// What was taken may go to the cloud and come back.
	s.set("a.mp4", true)
	p.pass()
	s.set("a.mp4", false)
	p.pass()
	p.took()
}

func TestAStubInAWatchedFolder(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		existing bool
		want     []string // taken in the end
	}{
		"what was there before is left, also when it comes down": {false, []string{"in/new.mp4"}},
		"or taken, when all is":                                  {true, []string{"in/new.mp4", "in/old.mp4"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPatrol(t, func(c *intake.WatchConfig) { c.Existing = tt.existing })
			oldDown := evict(t, p.path("in/old.mp4"))
			p.pass()
			newDown := evict(t, p.path("in/new.mp4"))
			p.pass()
			p.took()
			oldDown(string(film(1000)) + "old")
			newDown(string(film(1000)) + "new")
			p.pass()
			p.took(tt.want...)
			p.touch("in/old.mp4")
			p.start()
			p.pass()
			p.took()
		})
	}
}

func TestAFileOfWhichTheStubIsLeftIsNotGone(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	p.pass()
	p.put("in/a.mp4", "one")
	p.pass()
	p.took("in/a.mp4")
	evict(t, p.path("in/a.mp4"))
	p.put("in/b.mp4", "one")
	p.pass()
	p.took("in/b.mp4") // a copy, and not the same file under another name
}

func TestStubsCountAsFilesOfAFolderThatIsTooLarge(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	p.most = 2
	p.start()
	for _, name := range []string{"in/a.mp4", "in/b.mp4", "in/c.mp4"} {
		evict(t, p.path(name))
	}
	p.pass()
	if !strings.Contains(p.log.String(), "holds more than 2 files") {
		t.Errorf("it is watched:\n%s", p.log)
	}
}

func TestWhatMayNotBeReadHasTheHintOfItsSystem(t *testing.T) {
	t.Parallel()
	const panel = "System Settings > Privacy & Security > Files and Folders"
	for name, tt := range map[string]struct {
		system string
		err    error
		want   []string
		not    string
	}{
		"a Mac's privacy settings":  {"darwin", syscall.EPERM, []string{panel, "the terminal"}, "Get Info"},
		"a Mac's permissions":       {"darwin", syscall.EACCES, []string{"Get Info", panel}, ""},
		"permissions elsewhere":     {"linux", syscall.EACCES, []string{"Allow Sluice to read"}, "System Settings"},
		"a refusal of another kind": {"linux", syscall.EPERM, []string{"Allow Sluice to read"}, "System Settings"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := &fs.PathError{Op: "open", Path: "/Users/mina/Movies/talk.mp4", Err: tt.err}
			wantCode(t, intake.SourceFault("talk.mp4", err.Path, err), fault.SourceDenied)
			hint := intake.DeniedHint(tt.system, err)
			for _, want := range tt.want {
				if !strings.Contains(hint, want) {
					t.Errorf("the hint %q has no %q", hint, want)
				}
			}
			if tt.not != "" && strings.Contains(hint, tt.not) {
				t.Errorf("the hint %q has %q", hint, tt.not)
			}
		})
	}
}

// A promise is known again when it comes back from where jobs are kept.
func TestAPromiseKeepsItsTimeWithinANanosecond(t *testing.T) {
	t.Parallel()
	path := put(t, filepath.Join(folder(t), "talk.mp4"), []byte(mp4))
	at := time.Date(2026, 5, 4, 3, 2, 1, 123456789, time.FixedZone("", 9*3600))
	must(t, os.Chtimes(path, at, at))
	in := intake.New(intake.Config{Dataless: func(fs.FileInfo) bool { return true }})
	src, err := in.FromPath(t.Context(), path)
	must(t, err)
	moved := src
	moved.ModTime = at
	if !intake.Promised(moved) {
		t.Error("in another time zone it is another file")
	}
	for name, change := range map[string]func(*job.Source){
		"another size":  func(s *job.Source) { s.Size++ },
		"another time":  func(s *job.Source) { s.ModTime = s.ModTime.Add(1) },
		"another place": func(s *job.Source) { s.Path += "x" },
		"an upload":     func(s *job.Source) { s.Kind = job.FromUpload },
	} {
		other := src
		change(&other)
		if intake.Promised(other) {
			t.Errorf("%s: it is still the same promise", name)
		}
	}
}

package intake_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/intake"
)

// patrol is a watcher whose clock a test sets, over folders of its own.
type patrol struct {
	*testing.T
	dir  string // of the watched folders
	cfg  intake.WatchConfig
	now  time.Time
	most int // files of one folder; 0 = as many as ever
	*intake.Rounds
	log *bytes.Buffer

	refuse error
	taking func()   // while a file is taken; nil = nothing
	got    []string // what was taken, since it was asked for last
}

const settle = 10 * time.Second

func newPatrol(t *testing.T, change func(*intake.WatchConfig)) *patrol {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &patrol{T: t, dir: dir, now: time.Now(), log: &bytes.Buffer{}}
	p.cfg = intake.WatchConfig{Folders: []string{p.path("in")}, Ledger: filepath.Join(t.TempDir(), "watched.jsonl"), Settle: settle}
	if change != nil {
		change(&p.cfg)
	}
	for _, f := range p.cfg.Folders {
		p.must(os.MkdirAll(f, 0o700))
	}
	p.start()
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func (p *patrol) path(parts ...string) string {
	return filepath.Join(append([]string{p.dir}, parts...)...)
}

// start begins anew, as after the death of the program.
func (p *patrol) start() {
	p.Helper()
	if p.Rounds != nil {
		p.must(p.Close())
	}
	w := intake.NewWatcher(intake.WatchDeps{
		Take: func(_ context.Context, path string) error {
			if p.taking != nil {
				p.taking()
			}
			if p.refuse == nil {
				rel, err := filepath.Rel(p.dir, path)
				p.must(err)
				p.got = append(p.got, rel)
			}
			return p.refuse
		},
		Log: slog.New(slog.NewTextHandler(p.log, nil)),
	}, p.cfg)
	var err error
	p.Rounds, err = w.Rounds(p.most)
	p.must(err)
}

func (p *patrol) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// put writes a file of media, and what it says.
func (p *patrol) put(name, says string) {
	p.Helper()
	p.must(os.MkdirAll(filepath.Dir(p.path(name)), 0o700))
	p.must(os.WriteFile(p.path(name), append(film(1000), says...), 0o600))
}

func (p *patrol) touch(name string) {
	p.Helper()
	at := time.Now().Add(time.Hour)
	p.must(os.Chtimes(p.path(name), at, at))
}

// pass looks, lets files settle, and looks again.
func (p *patrol) pass() {
	p.Helper()
	p.Look(p.Context(), p.now)
	p.now = p.now.Add(settle)
	p.Look(p.Context(), p.now)
}

// took wants just these files to have been taken since the last time.
func (p *patrol) took(want ...string) {
	p.Helper()
	if diff := cmp.Diff(want, p.got); diff != "" {
		p.Errorf("taken (-want +got):\n%s", diff)
	}
	p.got = nil
}

func TestANewFileIsTakenOnceItHasSettled(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	p.Look(t.Context(), p.now)
	p.put("in/a.mp4", "half")
	if again := p.Look(t.Context(), p.now); again != settle {
		t.Errorf("looks again in %v", again)
	}
	p.now = p.now.Add(settle / 2)
	p.put("in/a.mp4", "half and more")
	p.Look(t.Context(), p.now)
	p.now = p.now.Add(settle - time.Millisecond)
	p.Look(t.Context(), p.now)
	p.took()
	p.now = p.now.Add(time.Millisecond)
	p.Look(t.Context(), p.now)
	p.took("in/a.mp4")
	p.pass()
	p.took()
}

func TestAFileIsTakenOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		meanwhile func(p *patrol)
		want      []string
	}{
		"nothing happens":                 {func(*patrol) {}, nil},
		"it is touched":                   {func(p *patrol) { p.touch("in/a.mp4") }, nil},
		"it is written again as it was":   {func(p *patrol) { p.put("in/a.mp4", "one"); p.touch("in/a.mp4") }, nil},
		"it is renamed":                   {func(p *patrol) { p.must(os.Rename(p.path("in/a.mp4"), p.path("in/b.mp4"))) }, nil},
		"it is replaced":                  {func(p *patrol) { p.put("in/a.mp4", "two"); p.touch("in/a.mp4") }, []string{"in/a.mp4"}},
		"it grows":                        {func(p *patrol) { p.put("in/a.mp4", "one and two") }, []string{"in/a.mp4"}},
		"it is copied":                    {func(p *patrol) { p.put("in/b.mp4", "one") }, []string{"in/b.mp4"}},
		"it goes and comes back":          {func(p *patrol) { p.must(os.Remove(p.path("in/a.mp4"))); p.pass(); p.put("in/a.mp4", "one") }, nil},
		"only its case is another":        {func(p *patrol) { p.must(os.Rename(p.path("in/a.mp4"), p.path("in/A.mp4"))) }, nil},
		"another takes its place":         {func(p *patrol) { p.must(os.Remove(p.path("in/a.mp4"))); p.pass(); p.put("in/a.mp4", "two") }, []string{"in/a.mp4"}},
		"its folder goes and comes back":  {func(p *patrol) { p.away("in"); p.pass(); p.back("in") }, nil},
		"one comes while nobody looks":    {func(p *patrol) { p.put("in/b.mp4", "two") }, []string{"in/b.mp4"}},
		"one comes while its disk is off": {func(p *patrol) { p.away("in"); p.pass(); p.put("in.away/b.mp4", "two"); p.back("in") }, []string{"in/b.mp4"}},
	}
	for name, tt := range tests {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, restart %v", name, restart), func(t *testing.T) {
				t.Parallel()
				p := newPatrol(t, nil)
				p.pass()
				p.put("in/a.mp4", "one")
				p.pass()
				p.took("in/a.mp4")
				tt.meanwhile(p)
				if restart {
					p.start()
				}
				p.pass()
				p.took(tt.want...)
				p.start()
				p.pass()
				p.took()
			})
		}
	}
}

func (p *patrol) away(name string) { p.must(os.Rename(p.path(name), p.path(name+".away"))) }
func (p *patrol) back(name string) { p.must(os.Rename(p.path(name+".away"), p.path(name))) }

func TestFilesThatWereThereAreLeftAlone(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	p.put("in/old.mp4", "old")
	p.pass()
	p.touch("in/old.mp4")
	p.pass()
	p.took()
	p.put("in/old.mp4", "old, and replaced")
	p.put("in/new.mp4", "new")
	p.pass()
	p.took("in/new.mp4", "in/old.mp4")
}

func TestARenamedFolderBringsNothingNew(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		p := newPatrol(t, func(c *intake.WatchConfig) {
			c.Recursive = true
			c.Folders = append(c.Folders, filepath.Join(filepath.Dir(c.Folders[0]), "other"))
		})
		p.put("in/one/old.mp4", "old")
		p.put("in/bare.mp4", "bare")
		p.pass()
		p.touch("in/one/old.mp4")
		p.put("in/one/a.mp4", "a")
		p.pass()
		p.took("in/one/a.mp4")
		for _, name := range []string{"in/two", "in/three"} {
			p.must(os.Rename(p.path(map[string]string{"in/two": "in/one", "in/three": "in/two"}[name]), p.path(name)))
			if restart {
				p.start()
			}
			p.pass()
			p.took()
		}
		p.must(os.Rename(p.path("in/bare.mp4"), p.path("other/bare.mp4")))
		p.pass()
		p.took()
		// A disk that is away has its files still: these are others.
		p.away("in")
		p.put("other/a.mp4", "a")
		p.pass()
		p.took("other/a.mp4")
	}
}

func TestAFirstLookThatSawOnlySomeLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	for asked := range 6 {
		p := newPatrol(t, func(c *intake.WatchConfig) { c.Recursive = true })
		p.put("in/sub/old.mp4", "old")
		p.Look(&ending{Context: context.WithoutCancel(t.Context()), left: asked}, p.now)
		p.pass()
		p.took()
		p.put("in/sub/new.mp4", "new")
		p.pass()
		p.took("in/sub/new.mp4")
	}
}

// ending is a context that ends when it was asked so often.
type ending struct {
	context.Context //nolint:containedctx // it is one
	left            int
}

func (c *ending) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestAFolderWithTooManyFilesIsRefusedOnce(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	p.most = 3
	p.start()
	for _, n := range []string{"in/a.mp4", "in/b.mp4", "in/c.mp4", "in/d.mp4"} {
		p.put(n, n)
	}
	p.pass()
	p.pass()
	if n := strings.Count(p.log.String(), "holds more than 3 files"); n != 1 {
		t.Errorf("said %d times:\n%s", n, p.log)
	}
	p.must(os.Remove(p.path("in/d.mp4")))
	p.pass()
	p.start() // all three are still remembered
	p.pass()
	p.took()
	p.must(os.Remove(p.path("in/a.mp4")))
	p.put("in/e.mp4", "e")
	p.pass()
	p.took("in/e.mp4")
}

func TestANameThatIsNoTextIsPassedOver(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, func(c *intake.WatchConfig) { c.Recursive = true })
	p.pass()
	bad := p.path("in/a\xff.mp4")
	if err := os.WriteFile(bad, film(1000), 0o600); err != nil {
		t.Skip("this disk takes only names that are text")
	}
	p.must(os.Mkdir(p.path("in/b\xff"), 0o700))
	p.put("in/b\xff/c.mp4", "c")
	p.put("in/d.mp4", "d")
	p.pass()
	p.pass()
	p.took("in/d.mp4")
	if n := strings.Count(p.log.String(), "letters that cannot be read"); n != 1 {
		t.Errorf("said %d times:\n%s", n, p.log)
	}
	in := intake.New(intake.Config{})
	p.must(os.Symlink(bad, p.path("in/link.mp4")))
	for _, path := range []string{bad, p.path("in/link.mp4")} {
		if _, err := in.FromPath(t.Context(), path); !fault.Is(err, fault.RequestInvalid) {
			t.Errorf("%q: %v", path, err)
		}
	}
	if found, refused := intake.Gather(t.Context(), []string{p.path("in")}); len(found) != 1 || len(refused) != 3 {
		t.Errorf("a drop finds %q and refuses %+v", found, refused)
	}
}

func TestOneFileOfTwoFoldersIsTakenOnce(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, func(c *intake.WatchConfig) {
		c.Recursive = true
		c.Folders = append(c.Folders, filepath.Join(c.Folders[0], "sub"))
	})
	p.pass()
	p.put("in/sub/a.mp4", "a")
	p.Look(t.Context(), p.now)
	p.now = p.now.Add(settle)
	inside, looked := make(chan struct{}), make(chan struct{})
	var second atomic.Bool
	p.taking = func() {
		if !second.Swap(true) {
			close(inside)
			<-looked
		}
	}
	var outer sync.WaitGroup
	outer.Go(func() { p.LookAt(t.Context(), 0, p.now) })
	<-inside
	p.LookAt(t.Context(), 1, p.now)
	close(looked)
	outer.Wait()
	p.pass()
	p.took("in/sub/a.mp4")
}

func TestAFileThatWasTakenIsWrittenDownAsSoonAsThatCanBeDone(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	p.pass()
	p.put("in/a.mp4", "a")
	free := func() {}
	p.taking = func() { free = p.Jam() }
	p.pass()
	p.took("in/a.mp4")
	p.pass()
	free()
	p.pass()
	p.start()
	p.pass()
	p.took()
}

func TestNoMoreIsListenedToThanTheSystemCanBear(t *testing.T) {
	t.Parallel()
	dirs := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	if diff := cmp.Diff([]bool{true, true, false}, intake.Listened(dirs, 400, 1000)); diff != "" {
		t.Errorf("listened to (-want +got):\n%s", diff)
	}
}

func TestFilesThatWereThereAreTakenWhenAskedFor(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	for _, n := range []string{"in/part 10.mp4", "in/part 2.mp4"} {
		p.put(n, n)
	}
	p.pass()
	p.took()
	p.cfg.Existing = true
	p.start()
	p.pass()
	p.took("in/part 2.mp4", "in/part 10.mp4")
	p.start()
	p.pass()
	p.took()
}

func TestAFolderThatWasNotWatchedForAWhileIsNew(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	p.pass()
	in := p.cfg.Folders
	p.cfg.Folders = []string{p.path("other")}
	p.must(os.Mkdir(p.path("other"), 0o700))
	p.start()
	p.pass()
	p.put("in/meanwhile.mp4", "m")
	p.cfg.Folders = append(in, p.path("other"))
	p.start()
	p.pass()
	p.took()
	p.put("in/a.mp4", "a")
	p.put("other/b.mp4", "b")
	p.pass()
	p.took("in/a.mp4", "other/b.mp4")
}

func TestOnlyFinishedMediaIsTaken(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	p.pass()
	for _, n := range []string{
		"in/.hidden.mp4", "in/a.mp4.part", "in/b.mp4.crdownload", "in/c.download", "in/d.mp4~", "in/~e.mp4", "in/f.tmp",
		"in/sub/deeper.mp4", "in/movie.app/g.mp4", "in/@eaDir/h.mp4", "in/whole.mp4.part", "in/whole.mp4",
	} {
		p.put(n, n)
	}
	for name, body := range map[string]string{"in/notes.txt": "words", "in/talk.srt": "1\n00:00:01,000 --> 00:00:02,000\nHi\n", "in/page.mp4": "<html>", "in/empty.mp4": ""} {
		p.must(os.WriteFile(p.path(name), []byte(body), 0o600))
	}
	p.must(os.Symlink(p.path("in/sub/deeper.mp4"), p.path("in/link.mp4")))
	p.pass()
	p.took()
	if text := p.log.String(); strings.Contains(text, "not taken") {
		t.Errorf("nobody asked about these:\n%s", text)
	}
	p.must(os.Remove(p.path("in/whole.mp4.part")))
	p.must(os.Rename(p.path("in/a.mp4.part"), p.path("in/a.mp4")))
	p.put("in/empty.mp4", "not empty any more")
	p.now = p.now.Add(time.Hour)
	p.pass()
	p.took("in/whole.mp4", "in/a.mp4", "in/empty.mp4") // the first had settled long ago
}

func TestFoldersWithinAreWatchedWhenAskedFor(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, func(c *intake.WatchConfig) {
		c.Recursive = true
		c.Folders = append(c.Folders, filepath.Join(c.Folders[0], "sub")) // one within the other
		c.Skip = []string{filepath.Join(c.Folders[0], "sluice")}
	})
	p.pass()
	p.must(os.Symlink(p.path("in"), p.path("in/sub/round")))
	for _, n := range []string{"in/a.mp4", "in/sub/b.mp4", "in/sub/deeper/c.mp4", "in/sluice/1/source.mp4", "in/x.photoslibrary/d.mp4", "in/.git/e.mp4"} {
		p.put(n, n)
	}
	p.pass()
	p.took("in/a.mp4", "in/sub/b.mp4", "in/sub/deeper/c.mp4")
}

func TestARefusalIsRememberedAndSaidOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code           fault.Code
		again, restart bool // whether it is tried again by itself, or after a restart
	}{
		"it can never fit":                {fault.ModelTooLarge, false, true},
		"the model's folder is away":      {fault.ModelUnknown, true, true},
		"the model is damaged":            {fault.ModelDamaged, true, true},
		"it is no media after all":        {fault.NotMedia, false, false},
		"the disk is full":                {fault.DiskFull, true, true},
		"the file cannot be read for now": {fault.SourceDenied, true, true},
		"a defect of ours":                {fault.Internal, true, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPatrol(t, nil)
			p.pass()
			p.put("in/a.mp4", "a")
			p.refuse = fault.New(tt.code, "No.", nil)
			for range 5 {
				p.pass()
				p.now = p.now.Add(time.Minute)
			}
			if n := strings.Count(p.log.String(), "not taken"); n > 1 || n == 0 && tt.code != fault.NotMedia {
				t.Errorf("said %d times:\n%s", n, p.log)
			}
			p.refuse = nil
			p.pass()
			want := []string(nil)
			if tt.again {
				want = []string{"in/a.mp4"}
			}
			p.took(want...)
			p.start()
			p.pass()
			want = nil
			if tt.restart && !tt.again {
				want = []string{"in/a.mp4"}
			}
			p.took(want...)
		})
	}
}

func TestADeathWhileAFileIsTakenTriesAgainAtOnce(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	p.pass()
	p.put("in/a.mp4", "a")
	ctx, die := context.WithCancel(t.Context())
	p.refuse = context.Canceled
	p.Look(ctx, p.now)
	p.now = p.now.Add(settle)
	die()
	p.Look(ctx, p.now)
	p.refuse = fault.New(fault.Internal, "died", nil) // the intent is written
	p.Look(t.Context(), p.now)
	p.refuse = nil
	p.start()
	p.Look(t.Context(), p.now)
	p.took("in/a.mp4")
}

func TestAFolderThatCannotBeWatchedIsSaidOnce(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	p.must(os.Remove(p.path("in")))
	p.pass()
	p.pass()
	if n := strings.Count(p.log.String(), "cannot be watched now"); n != 1 {
		t.Errorf("said %d times:\n%s", n, p.log)
	}
	p.must(os.Mkdir(p.path("in"), 0o700))
	p.pass()
	p.put("in/a.mp4", "a")
	p.pass()
	p.took("in/a.mp4")
	if n := strings.Count(p.log.String(), "is back"); n != 1 {
		t.Errorf("said %d times that it is back:\n%s", n, p.log)
	}
}

func TestABrokenLedgerIsReadAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	p := newPatrol(t, nil)
	p.pass()
	p.put("in/a.mp4", "a")
	p.pass()
	p.took("in/a.mp4")
	f, err := os.OpenFile(p.cfg.Ledger, os.O_APPEND|os.O_WRONLY, 0)
	p.must(err)
	_, err = f.WriteString(`{"path":"/half a li`)
	p.must(err)
	p.must(f.Close())
	p.start()
	p.put("in/b.mp4", "b")
	p.pass()
	p.took("in/b.mp4")
	p.start()
	p.pass()
	p.took()
}

func TestTroubleWithAFolderIsSaidToWhoAsks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := intake.WatchTrouble(dir); err != nil {
		t.Errorf("a sound folder: %v", err)
	}
	for _, path := range []string{file, filepath.Join(dir, "none")} {
		if err := intake.WatchTrouble(path); !fault.Is(err, fault.SourceMissing) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestItHearsOfFilesAndStopsWhenToldTo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var mu sync.Mutex
	got := map[string]int{}
	came := make(chan struct{}, 10)
	w := intake.NewWatcher(intake.WatchDeps{
		Take: func(_ context.Context, path string) error {
			mu.Lock()
			defer mu.Unlock()
			got[filepath.Base(path)]++
			came <- struct{}{}
			return nil
		},
		Log: slog.New(slog.DiscardHandler),
	}, intake.WatchConfig{
		Folders: []string{dir}, Recursive: true, Ledger: filepath.Join(t.TempDir(), "l"), Settle: 20 * time.Millisecond,
		Rescan: time.Hour, Existing: true, // only what is heard of can be found
	})
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	for _, name := range []string{"a.mp4", "sub/b.mp4", "sub/c.mp4"} {
		if err := os.WriteFile(filepath.Join(dir, name), append(film(100), name...), 0o600); err != nil {
			t.Fatal(err)
		}
		select {
		case <-came:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s was not heard of", name)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]int{"a.mp4": 1, "b.mp4": 1, "c.mp4": 1}, got); diff != "" {
		t.Error(diff)
	}
}

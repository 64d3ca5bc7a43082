package intake_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/intake"
	"sluice/internal/job"
)

// drop lays files below a folder. A name that ends in / is a folder; the body
// of a name that ends in @ is where a link leads.
func drop(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		path := filepath.Join(dir, name)
		switch {
		case strings.HasSuffix(name, "/"):
			must(t, os.MkdirAll(path, 0o700))
		case strings.HasSuffix(name, "@"):
			must(t, os.MkdirAll(filepath.Dir(path), 0o700))
			must(t, os.Symlink(filepath.Join(dir, body), strings.TrimSuffix(path, "@")))
		default:
			put(t, path, []byte(body))
		}
	}
}

// shown is what Gather gives, paths from dir on.
func shown(dir string, found []string, refused []job.Refused) (f, r []string) {
	for _, path := range found {
		f = append(f, strings.TrimPrefix(path, dir+"/"))
	}
	for _, x := range refused {
		r = append(r, fmt.Sprintf("%s: %s", strings.TrimPrefix(x.Path, dir+"/"), x.Code))
	}
	return f, r
}

func TestWhatADropMeans(t *testing.T) {
	t.Parallel()
	const (
		notMedia = ": not_media"
		notFile  = ": not_a_file"
	)
	tests := map[string]struct {
		files   map[string]string
		drop    []string // from the folder on
		found   []string
		refused []string
	}{
		"files, in the order they were dropped": {
			map[string]string{"b.mp4": mp4, "a.mp4": mp4, "c.txt": "c"},
			[]string{"b.mp4", "c.txt", "a.mp4"},
			[]string{"b.mp4", "a.mp4"},
			[]string{"c.txt" + notMedia},
		},
		"a folder, in the order people read": {
			map[string]string{
				"d/clip 10.mp4": mp4, "d/clip 2.mp4": mp4, "d/Clip 1.mp4": mp4, "d/clip.mp4": mp4, "d/clip 003.mp4": mp4,
				"d/Week 3/a.mp4": mp4, "d/week 20/a.mp4": mp4, "d/b/z.mp4": mp4, "d/한 10.mp4": mp4, "d/한 9.mp4": mp4,
			},
			[]string{"d"},
			[]string{
				"d/b/z.mp4", "d/clip.mp4", "d/Clip 1.mp4", "d/clip 2.mp4", "d/clip 003.mp4", "d/clip 10.mp4",
				"d/Week 3/a.mp4", "d/week 20/a.mp4", "d/한 9.mp4", "d/한 10.mp4",
			},
			nil,
		},
		"a folder inside of folders": {
			map[string]string{"d/1/2/3/4/a.mp4": mp4, "d/1/empty/": ""},
			[]string{"d"},
			[]string{"d/1/2/3/4/a.mp4"},
			nil,
		},
		"what else is in a folder is named": {
			map[string]string{"d/a.mp4": mp4, "d/a.srt": "1\n", "d/s/cover.jpg": jpeg, "d/z.bin": noise},
			[]string{"d"},
			[]string{"d/a.mp4"},
			[]string{"d/a.srt" + notMedia, "d/s/cover.jpg" + notMedia, "d/z.bin" + notMedia},
		},
		"what systems and programs leave is passed over": {
			map[string]string{
				"d/a.mp4": mp4, "d/.hidden.mp4": mp4, "d/._a.mp4": noise, "d/.git/a.mp4": mp4, "d/.DS_Store": noise,
				"d/desktop.ini": "x", "d/Thumbs.db": noise, "d/Icon\r": "x", "d/__MACOSX/a.mp4": mp4,
				"d/Player.app/intro.mp4": mp4, "d/All.photoslibrary/originals/a.mov": mp4, "d/Cut.fcpbundle/a.mov": mp4,
				"d/Home.IMOVIELIBRARY/a.mov": mp4, "d/Song.logicx/a.wav": wav, "d/Talk.key/a.m4a": mp4,
			},
			[]string{"d"},
			[]string{"d/a.mp4"},
			nil,
		},
		"a file with the name of a package is a file": {
			map[string]string{"d/a.app": mp4, "d/talk.key": zip},
			[]string{"d"},
			[]string{"d/a.app"},
			[]string{"d/talk.key" + notMedia},
		},
		"what is hidden is taken when it is dropped itself": {
			map[string]string{".hidden.mp4": mp4, ".h/a.mp4": mp4},
			[]string{".hidden.mp4", ".h"},
			[]string{".hidden.mp4", ".h/a.mp4"},
			nil,
		},
		"a library that is dropped itself is not opened": {
			map[string]string{"All.photoslibrary/originals/a.mov": mp4},
			[]string{"All.photoslibrary"},
			nil,
			[]string{"All.photoslibrary" + notMedia},
		},
		"a folder without media is named, not what is in it": {
			map[string]string{"d/a.txt": "a", "d/s/b.txt": "b", "e/": ""},
			[]string{"d", "e"},
			nil,
			[]string{"d" + notMedia, "e" + notMedia},
		},
		"a folder without media, but with what should be some": {
			map[string]string{"d/a.mp4": "", "d/b.txt": "b"},
			[]string{"d"},
			nil,
			[]string{"d/a.mp4: file_empty", "d/b.txt" + notMedia},
		},
		"links are followed when they were dropped": {
			map[string]string{"real/a.mp4": mp4, "a@": "real/a.mp4", "d@": "real/sub", "real/sub/b.mp4": mp4},
			[]string{"a", "d"},
			[]string{"a", "d/b.mp4"},
			nil,
		},
		"links in a folder are not": {
			map[string]string{"d/b.mp4": mp4, "d/up@": "d", "d/a.mp4@": "real/a.mp4", "real/a.mp4": mp4, "d/gone@": "nowhere"},
			[]string{"d"},
			[]string{"d/b.mp4"},
			[]string{"d/a.mp4" + notFile, "d/gone" + notFile, "d/up" + notFile},
		},
		"what is reached twice counts once": {
			map[string]string{"d/a.mp4": mp4, "d/s/b.mp4": mp4, "d/s/n.txt": "n", "same@": "d", "one@": "d/a.mp4"},
			[]string{"d/a.mp4", "d", "one", "d/s", "d", "same", "d/a.mp4", "gone.mp4", "gone.mp4"},
			[]string{"d/a.mp4", "d/s/b.mp4"},
			[]string{"d/s/n.txt" + notMedia, "gone.mp4: source_missing"},
		},
		"two names of one file are two files": {
			map[string]string{"a.mp4": mp4, "b.mp4": mp4},
			[]string{"a.mp4", "b.mp4"},
			[]string{"a.mp4", "b.mp4"},
			nil,
		},
		"an empty file": {
			map[string]string{"a.mp4": "", "b": ""},
			[]string{"a.mp4", "b"},
			nil,
			[]string{"a.mp4: file_empty", "b: file_empty"},
		},
		"nothing there": {
			map[string]string{"a.mp4": mp4},
			[]string{"b.mp4", "a.mp4/b.mp4"},
			nil,
			[]string{"b.mp4: source_missing", "a.mp4/b.mp4: source_missing"},
		},
		"a loop of links": {
			map[string]string{"a@": "b", "b@": "a"}, []string{"a"}, nil, []string{"a: source_missing"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			drop(t, dir, tt.files)
			var paths []string
			for _, p := range tt.drop {
				paths = append(paths, filepath.Join(dir, p))
			}
			found, refused := intake.Gather(t.Context(), paths)
			f, r := shown(dir, found, refused)
			if diff := cmp.Diff(tt.found, f); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.refused, r); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADropOfHostileNames(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	const unreadable = "not \xff UTF-8"
	names := map[string]string{ // on the disk, and for people
		"\u1112\u1161\u11ab\u1100\u1173\u11af": "한글",
		`"quoted" 'twice' $(touch x) `:         `"quoted" 'twice' $(touch x)`,
		"-rf":                                  "-rf",
		"🎬 film":                               "🎬 film",
		"a\nb\tc\x1b[31m":                      "abc[31m",
		"gnp.\u202egpj":                        "gnp.gpj",
		"file:%2e%2e":                          "file:%2e%2e",
		unreadable:                             "not \uFFFD UTF-8",
		strings.Repeat("가", 83):                strings.Repeat("가", 83),
	}
	for name := range names {
		put(t, filepath.Join(dir, "media", name+".mp4"), []byte(mp4))
		put(t, filepath.Join(dir, "rest", name), []byte("text"))
	}
	put(t, filepath.Join(dir, "rest", "a.mp4"), []byte(mp4))
	found, refused := intake.Gather(t.Context(), []string{filepath.Join(dir, "media"), filepath.Join(dir, "rest")})
	if len(found) != len(names) || len(refused) != len(names)+1 {
		t.Fatalf("%d found, %d refused", len(found), len(refused))
	}
	in := intake.New(intake.Config{})
	for _, path := range found {
		if _, err := in.FromPath(t.Context(), path); err != nil {
			t.Errorf("%q was found, but %v", path, err)
		}
	}
	for _, r := range refused {
		if r.Path == filepath.Join(dir, "media", unreadable+".mp4") {
			if r.Code != string(fault.RequestInvalid) {
				t.Errorf("a name that is no text: %+v", r)
			}
			continue
		}
		if want := names[filepath.Base(r.Path)]; r.Name != want {
			t.Errorf("%q is shown as %q, want %q", r.Path, r.Name, want)
		}
	}
}

func TestTwoSpellingsOfOneNameAreTwoFilesWhereTheDiskSaysSo(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	put(t, filepath.Join(dir, "\uac00.mp4"), []byte(mp4))
	put(t, filepath.Join(dir, "\u1100\u1161.mp4"), []byte(mp4))
	on := names(t, dir)
	found, _ := intake.Gather(t.Context(), []string{filepath.Join(dir, "\uac00.mp4"), filepath.Join(dir, "\u1100\u1161.mp4"), dir})
	if len(found) != len(on) {
		t.Errorf("%d found of %d on the disk", len(found), len(on))
	}
}

func TestPathsThatAreNone(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"nothing":             "",
		"relative":            "talk.mp4",
		"from here":           "./talk.mp4",
		"a home":              "~/talk.mp4",
		"an address":          "https://example.com/talk.mp4",
		"an address of files": "file:///tmp/talk.mp4",
		"a null byte":         "/tmp/a\x00.mp4",
		"endless":             "/" + strings.Repeat("a/", 4000),
	} {
		found, refused := intake.Gather(t.Context(), []string{path})
		if len(found) > 0 || len(refused) != 1 || refused[0].Code != string(fault.RequestInvalid) || refused[0].Path != path || refused[0].Hint == "" {
			t.Errorf("%s: found %q, refused %+v", name, found, refused)
		}
	}
}

func TestNothingIsDroppedSometimes(t *testing.T) {
	t.Parallel()
	if found, refused := intake.Gather(t.Context(), nil); found != nil || refused != nil {
		t.Errorf("found %q, refused %+v", found, refused)
	}
}

func TestADropNeverWaitsForAPipe(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	put(t, filepath.Join(dir, "a.mp4"), []byte(mp4))
	pipe := filepath.Join(dir, "pipe.mp4")
	must(t, syscall.Mkfifo(pipe, 0o600))
	paths := []string{pipe, dir, "/dev/zero", "/dev", "/dev/null"}
	if _, err := os.Stat("/proc/self"); err == nil {
		paths = append(paths, "/proc", "/proc/self/environ")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		found, refused := intake.Gather(t.Context(), paths)
		if len(found) != 1 || len(refused) != len(paths)-1 {
			t.Errorf("found %q, refused %+v", found, refused)
		}
		for _, r := range refused {
			if r.Code != string(fault.NotAFile) {
				t.Errorf("%+v", r)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits")
	}
}

func TestALongListOfOtherFilesIsCutShort(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "folder")
	put(t, filepath.Join(dir, "a.mp4"), []byte(mp4))
	for i := range 250 {
		put(t, filepath.Join(dir, "notes", fmt.Sprintf("%d.txt", i)), []byte("text"))
	}
	found, refused := intake.Gather(t.Context(), []string{dir})
	if len(found) != 1 || len(refused) != 101 {
		t.Fatalf("%d found, %d refused", len(found), len(refused))
	}
	want := job.Refused{Path: dir, Name: "folder", Code: "not_media", Message: "150 more files of this folder are left out."}
	if diff := cmp.Diff(want, refused[100]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTooMuchForOneDrop(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for i := range 12 {
		put(t, filepath.Join(dir, "d", fmt.Sprintf("%d.mp4", i)), []byte(mp4))
		put(t, filepath.Join(dir, "d", fmt.Sprintf("%d.txt", i)), []byte("text"))
	}
	other := put(t, filepath.Join(dir, "other.mp4"), []byte(mp4))
	const few = 3 // refusals of one folder
	tests := map[string]struct {
		paths        []string
		files, looks int
		found        int
		refused      []string
	}{
		"just not": {[]string{"d", "other.mp4"}, 13, 25, 13, []string{
			"d/0.txt: not_media", "d/1.txt: not_media", "d/2.txt: not_media", "d: not_media",
		}},
		"a file too many in a folder": {[]string{"d", "other.mp4"}, 5, 100, 5, []string{
			"d/0.txt: not_media", "d/1.txt: not_media", "d/2.txt: not_media", "d: not_media", "d/5.mp4: request_too_large",
		}},
		"a file too many beside it": {[]string{"d", "other.mp4", "gone.mp4"}, 12, 100, 12, []string{
			"d/0.txt: not_media", "d/1.txt: not_media", "d/2.txt: not_media", "d: not_media", "other.mp4: request_too_large",
		}},
		"the same file again is none too many": {[]string{"other.mp4", "other.mp4"}, 1, 100, 1, nil},
		"no room to look beside it": {[]string{"d", "other.mp4"}, 100, 24, 12, []string{
			"d/0.txt: not_media", "d/1.txt: not_media", "d/2.txt: not_media", "d: not_media", "other.mp4: request_too_large",
		}},
		"a folder opened twice is looked at once": {[]string{"d", "d", "other.mp4"}, 100, 25, 13, []string{
			"d/0.txt: not_media", "d/1.txt: not_media", "d/2.txt: not_media", "d: not_media",
		}},
		"no room to look at all": {[]string{"d"}, 100, 0, 0, []string{"d: request_too_large"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var paths []string
			for _, p := range tt.paths {
				paths = append(paths, filepath.Join(filepath.Dir(other), p))
			}
			found, refused := intake.GatherWithin(t.Context(), paths, tt.files, tt.looks, few)
			_, r := shown(dir, found, refused)
			if len(found) != tt.found {
				t.Errorf("found %q", found)
			}
			if diff := cmp.Diff(tt.refused, r); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
		})
	}
}

// Which of a folder's files are seen when there are too many is for the disk
// to say, but it is as many as there is room for.
func TestAFolderThatIsTooLongIsSeenInPart(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		name, body   string // of each of a dozen
		looks        int
		found, named int    // with the last word
		last         string // where it is said
	}{
		"media":               {"d/%d.mp4", mp4, 5, 5, 1, "d"},
		"just not too many":   {"d/%d.mp4", mp4, 12, 12, 0, ""},
		"other files":         {"d/%d.txt", "text", 5, 0, 4 + 1, "d"},
		"links":               {"d/%d.mp4@", "nowhere", 5, 0, 4 + 1, "d"},
		"hidden files":        {"d/.%d.mp4", mp4, 5, 0, 1, "d"},
		"litter in folders":   {"d/%d/desktop.ini", "", 20, 0, 1, "d/8"},
		"folders with more":   {"d/%d/a.mp4", mp4, 5, 0, 1, "d"},
		"folders in a folder": {"d/%d/", "", 5, 0, 1, "d"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, files := folder(t), map[string]string{}
			for i := range 12 {
				files[fmt.Sprintf(tt.name, i)] = tt.body
			}
			drop(t, dir, files)
			found, refused := intake.GatherWithin(t.Context(), []string{filepath.Join(dir, "d")}, 100, tt.looks, 3)
			if len(found) != tt.found || len(refused) != tt.named {
				t.Fatalf("found %q, refused %+v", found, refused)
			}
			if n := len(refused); n > 0 && (refused[n-1].Code != string(fault.RequestTooLarge) || refused[n-1].Path != filepath.Join(dir, tt.last)) {
				t.Errorf("the last word is %+v", refused[n-1])
			}
		})
	}
}

// asked counts how often somebody looks whether it has ended.
type asked struct {
	context.Context
	times int
}

func (a *asked) Err() error {
	a.times++
	return a.Context.Err()
}

func TestALongFolderCanBeGivenUpWhileItIsRead(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for i := range 5000 {
		must(t, os.Symlink("nowhere", filepath.Join(dir, fmt.Sprintf(".%d", i))))
	}
	ctx := &asked{Context: t.Context()}
	intake.Gather(ctx, []string{dir})
	if ctx.times < 8 {
		t.Errorf("looked %d times", ctx.times)
	}
}

func TestADropIsGivenUp(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	put(t, filepath.Join(dir, "d", "a.mp4"), []byte(mp4))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	found, refused := intake.Gather(ctx, []string{filepath.Join(dir, "d", "a.mp4"), filepath.Join(dir, "d"), ""})
	if len(found) > 0 || len(refused) > 0 {
		t.Errorf("found %q, refused %+v", found, refused)
	}
}

// TestTheCorpusIsFound drops real media of all kinds.
func TestTheCorpusIsFound(t *testing.T) {
	t.Parallel()
	shared := os.Getenv("SLUICE_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared") // beside the project
	}
	root, err := filepath.Abs(filepath.Join(shared, "media"))
	must(t, err)
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no shared test data (SLUICE_SHARED names its folder): %v", err)
	}
	bare := folder(t)
	for _, name := range []string{"containers", "video", "speech", "broken"} {
		dir := filepath.Join(root, name)
		found, refused := intake.Gather(t.Context(), []string{dir})
		if len(found) < 5 {
			t.Errorf("%s: %d found", name, len(found))
		}
		for _, r := range refused {
			switch filepath.Ext(r.Path) {
			case ".txt", ".json", ".md":
				continue
			}
			if name != "broken" {
				t.Errorf("%s is refused: %s", r.Path, r.Message)
			}
		}
		if name == "broken" {
			continue
		}
		// Nearly all tell by their first bytes alone.
		var nameless int
		for i, path := range found {
			link := filepath.Join(bare, fmt.Sprintf("%s-%d", name, i))
			must(t, os.Symlink(path, link))
			if f, _ := intake.Gather(t.Context(), []string{link}); len(f) == 0 {
				nameless++
				t.Logf("%s is not known without its name", filepath.Base(path))
			}
		}
		if nameless > 5 {
			t.Errorf("%s: %d of %d are not known without their names", name, nameless, len(found))
		}
	}
}

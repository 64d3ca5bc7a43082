package install_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/install"
)

func TestALoginIsSwitchedOnAndOff(t *testing.T) {
	t.Parallel()
	for name, h := range hosts(t, "Applications") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h.wantState(t, off())
			h.set(t, false) // there is no folder yet
			h.set(t, true)
			h.wantState(t, on())
			info, err := os.Lstat(h.file)
			if err != nil || info.Mode() != 0o644 {
				t.Fatalf("the entry is %v, %v", info.Mode(), err)
			}
			for dir := filepath.Dir(h.file); dir != h.home; dir = filepath.Dir(dir) {
				made, err := os.Stat(dir)
				if err != nil {
					t.Fatal(err)
				}
				if want := map[string]os.FileMode{"darwin": 0o750, "linux": 0o700}[h.system]; made.Mode().Perm() != want {
					t.Errorf("%s is %v", dir, made.Mode())
				}
			}
			h.set(t, true)
			if again, err := os.Lstat(h.file); err != nil || !os.SameFile(info, again) {
				t.Errorf("it was written again though nothing was to be changed: %v", err)
			}
			if diff := cmp.Diff([]string{filepath.Base(h.file)}, names(t, filepath.Dir(h.file))); diff != "" {
				t.Error(diff)
			}
			h.set(t, false)
			h.wantState(t, off())
			h.set(t, false)
			if left := names(t, filepath.Dir(h.file)); len(left) > 0 {
				t.Errorf("%q is left", left)
			}
		})
	}
}

// Whatever a folder is called: what is written is found again, by us and by
// who knows the format alone.
func TestFoldersMayHaveAnyName(t *testing.T) {
	t.Parallel()
	for what, name := range map[string]string{
		"spaces": "My  Programs ", "quotes": `Mina's "new" one`, "an ampersand": "R&D", "tags": "<b>a</b>", "a percent sign": "100% sure", "field codes": "%f%U%%", "an entity": "&amp;&#10;",
		"the end of CDATA": "]]>", "a comment": "# <!-- -->", "signs of a shell": "a;b|c>d*?[e]{f}!~(g)", "another script": "내 프로그램", "signs of two parts": "e\u0301🎬", "a turn of direction": "a\u202eb", "a semicolon": ";", "a group": "[Desktop Entry]",
		"a dash": "-a",
	} {
		for where, h := range hosts(t, name) {
			t.Run(what+" for "+where, func(t *testing.T) {
				t.Parallel()
				h.set(t, true)
				h.wantState(t, on())
				want := strings.TrimSuffix(h.prog, "/"+inBundle)
				if args := arguments(t, h.file); !within(args, want) {
					t.Errorf("%q is not among %q", want, args)
				}
			})
		}
	}
}

// What cannot be written down is refused, and nothing is made.
func TestSomeFoldersCannotBeNamed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		name  string
		mac   bool // also there
		linux bool
	}{
		"a line feed":            {"a\nExec=evil", true, true},
		"a tab":                  {"a\tb", true, true},
		"an escape":              {"a\x1b[31m", true, true},
		"bytes that are no text": {"a\xff\xfe", true, true},
		"a dollar":               {"$HOME", false, true},
		"a backtick":             {"`date`", false, true},
		"a backslash":            {`a\nb`, false, true},
		"an equals sign":         {"A=b", false, true},
	}
	for what, tt := range tests {
		for where, h := range hosts(t, tt.name) {
			t.Run(what+" for "+where, func(t *testing.T) {
				t.Parallel()
				if refused := tt.mac; !refused && h.system == "darwin" {
					h.set(t, true)
					h.wantState(t, on())
					return
				}
				wantCode(t, h.login().Set(true), "app_misplaced", h.home)
				h.wantState(t, install.LoginState{Note: install.NoteMisplaced})
				if !missing(filepath.Dir(h.file)) {
					t.Error("its folder was made")
				}
			})
		}
	}
}

// A Mac runs what was downloaded from a folder of no duration, and from disk
// images.
func TestAnAppThatWillNotStayIsNotWrittenDown(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"/private/var/folders/78/x/T/AppTranslocation/5A34/d/Sluice.app/" + inBundle: false,
		"/Volumes/Sluice/Sluice.app/" + inBundle:                                     false,
		"/Volumes/Sluice 1.2/Sluice.app/" + inBundle:                                 false,
		"/Volumes/Extern/Applications/Sluice.app/" + inBundle:                        true,
		"/Applications/Sluice.app/" + inBundle:                                       true,
		"/Volumes/Work/sluice":                                                       true,
	}
	for path, possible := range tests {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			h := host{system: "darwin", home: t.TempDir(), prog: path}
			tool := install.NewTool(install.ToolConfig{System: "darwin", Home: h.home, Root: t.TempDir(), Program: path})
			if possible {
				h.set(t, true)
				h.wantState(t, on())
				if !tool.State().Possible {
					t.Error("the command is not possible")
				}
				return
			}
			wantCode(t, h.login().Set(true), "app_misplaced", h.home)
			h.wantState(t, install.LoginState{Note: install.NoteMisplaced})
			_, err := tool.Install()
			wantCode(t, err, "app_misplaced", h.home)
			if tool.State().Possible || len(names(t, h.home)) > 0 {
				t.Errorf("the command is possible, or there is something: %q", names(t, h.home))
			}
		})
	}
}

// An entry of a Sluice that has gone, or been moved, is told and mended.
func TestAnotherPathIsToldAndMended(t *testing.T) {
	t.Parallel()
	for name, h := range hosts(t, "Applications") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			moved := h
			moved.prog = program(t, h.home, "elsewhere", strings.TrimPrefix(h.prog, h.home))
			moved.set(t, true)
			h.wantState(t, noted(install.NoteOther))
			if err := os.Remove(moved.prog); err != nil {
				t.Fatal(err)
			}
			h.wantState(t, noted(install.NoteOther))
			h.set(t, true)
			h.wantState(t, on())
			moved.wantState(t, noted(install.NoteOther))
			moved.set(t, false) // no Sluice at all is meant
			h.wantState(t, off())
		})
	}
}

// One Sluice may be reached by several paths.
func TestALinkToTheProgramIsTheProgram(t *testing.T) {
	t.Parallel()
	for name, h := range hosts(t, "Applications") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			byLink := h
			byLink.prog = filepath.Join(h.home, "bin", "sluice")
			link(t, h.prog, byLink.prog)
			byLink.set(t, true)
			h.wantState(t, on())
			byLink.wantState(t, on())
			want := strings.TrimSuffix(h.prog, "/"+inBundle)
			if args := arguments(t, h.file); !within(args, want) {
				t.Errorf("%q is not among %q", want, args)
			}
		})
	}
}

func TestALinkOfSomebodyElseIsNotFollowed(t *testing.T) {
	t.Parallel()
	for name, h := range hosts(t, "Applications") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h.set(t, true)
			entry := read(t, h.file)
			away := filepath.Join(t.TempDir(), "theirs")
			write(t, away, entry)
			for _, switchOn := range []bool{true, false} {
				if err := os.Remove(h.file); err != nil {
					t.Fatal(err)
				}
				link(t, away, h.file)
				h.wantState(t, noted(install.NoteStrange))
				h.set(t, switchOn)
				if got := read(t, away); got != entry {
					t.Errorf("what it leads to was changed: %q", got)
				}
				if info, err := os.Stat(away); err != nil || info.Mode() != 0o600 {
					t.Errorf("what it leads to is %v, %v", info.Mode(), err)
				}
				if switchOn {
					h.wantState(t, on())
				} else if !missing(h.file) {
					t.Error("the link is still there")
				}
			}
		})
	}
}

func TestOtherThingsInItsPlace(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		put  func(t *testing.T, h host)
		code string // of switching on and off; "" = it is replaced, and removed
	}{
		"a link to nowhere": {func(t *testing.T, h host) { t.Helper(); link(t, "/nowhere", h.file) }, ""},
		"a link to itself":  {func(t *testing.T, h host) { t.Helper(); link(t, h.file, h.file) }, ""},
		"a device":          {func(t *testing.T, h host) { t.Helper(); link(t, "/dev/zero", h.file) }, ""},
		"an empty file":     {func(t *testing.T, h host) { t.Helper(); write(t, h.file, "") }, ""},
		"noise":             {func(t *testing.T, h host) { t.Helper(); write(t, h.file, "bplist00\xff\x00\x01[Desktop") }, ""},
		"a large file":      {func(t *testing.T, h host) { t.Helper(); write(t, h.file, strings.Repeat("[Desktop Entry]\n", 8<<10)) }, ""},
		"a pipe that nobody writes to": {func(t *testing.T, h host) {
			t.Helper()
			folder(t, filepath.Dir(h.file))
			if err := syscall.Mkfifo(h.file, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "place_taken"},
		"a folder":              {func(t *testing.T, h host) { t.Helper(); folder(t, h.file) }, "place_taken"},
		"a folder that is full": {func(t *testing.T, h host) { t.Helper(); folder(t, h.file, "x") }, "place_taken"},
	}
	for what, tt := range tests {
		for where, h := range hosts(t, "Applications") {
			t.Run(what+" for "+where, func(t *testing.T) {
				t.Parallel()
				tt.put(t, h)
				h.wantState(t, noted(install.NoteStrange))
				if tt.code != "" {
					wantCode(t, h.login().Set(true), "place_taken", h.home)
					wantCode(t, h.login().Set(false), "place_taken", h.home)
					h.wantState(t, noted(install.NoteStrange))
					return
				}
				h.set(t, true)
				h.wantState(t, on())
				if err := os.Remove(h.file); err != nil {
					t.Fatal(err)
				}
				tt.put(t, h)
				h.set(t, false)
				if !missing(h.file) {
					t.Error("it is still there")
				}
			})
		}
	}
}

func TestAFileInThePlaceOfTheFolder(t *testing.T) {
	t.Parallel()
	for name, h := range hosts(t, "Applications") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			write(t, filepath.Dir(h.file), "mine")
			h.wantState(t, noted(install.NoteStrange))
			wantCode(t, h.login().Set(true), "place_taken", h.home)
			wantCode(t, h.login().Set(false), "place_taken", h.home)
			if got := read(t, filepath.Dir(h.file)); got != "mine" {
				t.Errorf("it is %q now", got)
			}
		})
	}
}

func TestTheFolderOfSettingsIsAsTheUserWantsIt(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{"": ".config", "relative": ".config", "~/x": ".config", "@/own": "own"} {
		t.Run(config, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			l := install.NewLogin(install.LoginConfig{
				System: "linux", Home: home, Program: "/usr/bin/sluice-desktop",
				Config: strings.Replace(config, "@", home, 1),
			})
			if err := l.Set(true); err != nil {
				t.Fatal(err)
			}
			if missing(filepath.Join(home, want, "autostart/sluice.desktop")) {
				t.Errorf("it is not in %s: %q", want, names(t, home))
			}
		})
	}
}

func TestASystemThatIsNotKnown(t *testing.T) {
	t.Parallel()
	h := host{system: "plan9", home: t.TempDir(), prog: "/bin/sluice"}
	h.wantState(t, install.LoginState{})
	wantCode(t, h.login().Set(true), "place_denied", h.home)
	if left := names(t, h.home); len(left) > 0 {
		t.Errorf("there is %q", left)
	}
}

func TestEveryNoteHasWords(t *testing.T) {
	t.Parallel()
	said := map[string]install.Note{}
	for _, n := range []install.Note{install.NoteOther, install.NoteBarred, install.NoteStrange, install.NoteMisplaced} {
		for _, language := range []string{"en", "ko"} {
			text := n.Say(language)
			if twin, ok := said[text]; ok || !strings.HasSuffix(text, ".") {
				t.Errorf("%s in %s is %q, as %q", n, language, text, twin)
			}
			said[text] = n
		}
		if n.Say("de") != n.Say("en") {
			t.Errorf("%s in an unknown language is %q", n, n.Say("de"))
		}
	}
	if text := install.NoteNone.Say("ko"); text != "" {
		t.Errorf("nothing is said as %q", text)
	}
}

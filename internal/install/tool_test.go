package install_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/install"
)

// machine is one with a user, for whom the command is to be installed.
type machine struct {
	system string
	root   string // the folder that holds usr
	home   string
	prog   string
	path   []string // PATH, below root
}

// newMachine makes a Mac, or a Linux, with an app that was put in its place.
func newMachine(t *testing.T, system string) machine {
	t.Helper()
	root := t.TempDir()
	m := machine{system: system, root: root, home: folder(t, root, "Users/mina")}
	if system == "darwin" {
		m.prog = program(t, root, "Applications/Sluice.app", inBundle)
	} else {
		m.prog = program(t, root, "opt/sluice/sluice-desktop")
	}
	return m
}

// at is a place on the machine.
func (m machine) at(path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok {
		return m.home + rest
	}
	return filepath.Join(m.root, path)
}

func (m machine) tool() *install.Tool {
	var path []string
	for _, dir := range m.path {
		path = append(path, m.at(dir))
	}
	return install.NewTool(install.ToolConfig{
		System: m.system, Home: m.home, Program: m.prog, Root: m.root,
		Path: strings.Join(path, string(filepath.ListSeparator)),
	})
}

// wantInstalled installs the command and checks that it is where it should be,
// that it runs, and that this is said.
func (m machine) wantInstalled(t *testing.T, dir string, inPath bool) {
	t.Helper()
	want := install.ToolState{Path: filepath.Join(m.at(dir), "sluice"), InPath: inPath, Possible: true}
	for range 2 {
		got, err := m.tool().Install()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
	if diff := cmp.Diff(want, m.tool().State()); diff != "" {
		t.Error(diff)
	}
	if target, err := os.Readlink(want.Path); err != nil || target != m.prog {
		t.Errorf("it leads to %s, %v", target, err)
	}
	out, err := exec.CommandContext(t.Context(), want.Path, "list").CombinedOutput()
	if err != nil || string(out) != "ran: list\n" {
		t.Errorf("it says %q, %v", out, err)
	}
	if diff := cmp.Diff([]string{"sluice"}, only(names(t, m.at(dir)), "sluice")); diff != "" {
		t.Error(diff)
	}
}

// only are the names that have to do with ours.
func only(names []string, part string) []string {
	var some []string
	for _, n := range names {
		if strings.Contains(n, part) {
			some = append(some, n)
		}
	}
	return some
}

func TestTheCommandGoesWhereItIsBest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		system string
		dirs   []string          // that are there
		files  map[string]string // and these
		path   []string
		want   string
		inPath bool
	}{
		"a Mac with the folder that it always had": {"darwin", []string{"/usr/local/bin"}, map[string]string{"/etc/paths": "/usr/local/bin\n/usr/bin\n"}, []string{"/usr/bin", "/bin"}, "/usr/local/bin", true},
		"a Mac with Homebrew":                      {"darwin", nil, map[string]string{"/opt/homebrew/bin/brew": ""}, []string{"/usr/bin"}, "/opt/homebrew/bin", true},
		"a Mac that had Homebrew":                  {"darwin", []string{"/opt/homebrew/bin"}, nil, []string{"/usr/bin"}, "/opt/homebrew/bin", false},
		"a Mac with both":                          {"darwin", []string{"/usr/local/bin"}, map[string]string{"/opt/homebrew/bin/brew": "", "/etc/paths": "/usr/local/bin\n"}, nil, "/usr/local/bin", true},
		"Homebrew alone is looked at":              {"darwin", []string{"/usr/local/bin"}, map[string]string{"/opt/homebrew/bin/brew": "", "/etc/paths": "/usr/bin\n"}, nil, "/opt/homebrew/bin", true},
		"a Mac that adds a folder":                 {"darwin", []string{"/usr/local/bin", "/opt/homebrew/bin"}, map[string]string{"/etc/paths": "/usr/bin\n", "/etc/paths.d/10-brew": "/opt/homebrew/bin\n"}, nil, "/opt/homebrew/bin", true},
		"files that hold anything":                 {"darwin", []string{"/usr/local/bin"}, map[string]string{"/etc/paths": "# none\n\nusr/local/bin\n\x00\n/usr/bin", "/etc/paths.d/x/y": "/usr/local/bin"}, nil, "/usr/local/bin", false},
		"a file that is too long":                  {"darwin", []string{"/usr/local/bin"}, map[string]string{"/etc/paths": "/usr/local/bin\n" + strings.Repeat("/usr/bin\n", 8<<10)}, nil, "/usr/local/bin", false},
		"a Mac with nothing":                       {"darwin", nil, nil, []string{"/usr/bin"}, "~/.local/bin", false},
		"a Mac of somebody who has a folder":       {"darwin", []string{"~/bin"}, nil, []string{"~/bin", "/usr/bin"}, "~/bin", true},
		"a Linux":                                  {"linux", []string{"/usr/local/bin"}, nil, []string{"/usr/local/bin", "/usr/bin"}, "/usr/local/bin", true},
		"a Linux where the user's is first":        {"linux", []string{"~/.local/bin"}, nil, []string{"~/.local/bin", "/usr/local/bin", "/usr/bin"}, "~/.local/bin", true},
		"what is looked at goes before":            {"linux", []string{"/usr/local/bin", "~/bin"}, nil, []string{"/usr/bin", "~/bin"}, "~/bin", true},
		"what is there goes before":                {"linux", []string{"~/bin"}, nil, []string{"/usr/bin"}, "~/bin", false},
		"a Linux does not know a Mac's folders":    {"linux", []string{"/opt/homebrew/bin", "/usr/local/bin"}, map[string]string{"/opt/homebrew/bin/brew": "", "/etc/paths": "/usr/local/bin"}, nil, "/usr/local/bin", false},
		"a file in the place of a folder":          {"linux", nil, map[string]string{"/usr/local/bin": "", "/opt/x": ""}, []string{"/usr/local/bin"}, "~/.local/bin", false},
		"a folder that is made is looked at":       {"linux", nil, nil, []string{"~/.local/bin"}, "~/.local/bin", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, tt.system)
			m.path = tt.path
			for _, dir := range tt.dirs {
				folder(t, m.at(dir))
			}
			for path, content := range tt.files {
				write(t, m.at(path), content)
			}
			if s := m.tool().State(); s != (install.ToolState{Possible: true}) {
				t.Errorf("before it is %+v", s)
			}
			m.wantInstalled(t, tt.want, tt.inPath)
		})
	}
}

func TestWhatIsNotOursStays(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, m machine, path string){
		"a program":           func(t *testing.T, _ machine, path string) { t.Helper(); program(t, path) },
		"a file":              func(t *testing.T, _ machine, path string) { t.Helper(); write(t, path, "mine") },
		"a folder":            func(t *testing.T, _ machine, path string) { t.Helper(); folder(t, path) },
		"a link to a program": func(t *testing.T, m machine, path string) { t.Helper(); link(t, program(t, m.root, "x/sluice"), path) },
		"a link to nowhere":   func(t *testing.T, m machine, path string) { t.Helper(); link(t, filepath.Join(m.root, "x"), path) },
		"a link to a folder":  func(t *testing.T, m machine, path string) { t.Helper(); link(t, m.root, path) },
		"a link of Homebrew": func(t *testing.T, _ machine, path string) {
			t.Helper()
			link(t, "../Cellar/sluice/1.0/bin/sluice", path)
		},
		"a link to another app": func(t *testing.T, _ machine, path string) {
			t.Helper()
			link(t, "/Applications/Other.app/Contents/MacOS/Other", path)
		},
		"a name that looks alike": func(t *testing.T, _ machine, path string) { t.Helper(); link(t, "/usr/lib/Sluice", path) },
		"a link to itself":        func(t *testing.T, _ machine, path string) { t.Helper(); link(t, path, path) },
	}
	for what, put := range tests {
		for _, system := range []string{"darwin", "linux"} {
			t.Run(what+" on "+system, func(t *testing.T) {
				t.Parallel()
				m := newMachine(t, system)
				m.path = []string{"/usr/local/bin"}
				path := m.at("/usr/local/bin/sluice")
				put(t, m, path)
				before, err := os.Lstat(path)
				if err != nil {
					t.Fatal(err)
				}
				got, err := m.tool().Install()
				wantCode(t, err, "place_taken", m.home)
				if got != (install.ToolState{Possible: true}) {
					t.Errorf("it says %+v", got)
				}
				if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
					t.Errorf("it was changed: %v, %v", after, err)
				}
				if diff := cmp.Diff([]string{"sluice"}, names(t, m.at("/usr/local/bin"))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// A Sluice that was moved, or updated by hand, has left its link.
func TestALinkOfOursIsMended(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ system, old string }{
		"an app that is gone":           {"darwin", "/Users/mina/Downloads/Sluice.app/" + inBundle},
		"an app that has another name":  {"darwin", "/Applications/Sluice 2.app/" + inBundle},
		"an app that never stayed":      {"darwin", "/private/var/folders/x/AppTranslocation/1/d/Sluice.app/" + inBundle},
		"a program that is gone":        {"linux", "/opt/sluice-1.0/sluice-desktop"},
		"a window's program elsewhere":  {"linux", "@/old/sluice-desktop"},
		"an app that is still there":    {"darwin", "@/old/Sluice.app/" + inBundle},
		"a Mac's program without a app": {"darwin", "/usr/local/sluice/sluice-desktop"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, tt.system)
			m.path = []string{"/usr/local/bin", "~/bin"}
			folder(t, m.at("/usr/local/bin"))
			old := strings.Replace(tt.old, "@", m.root, 1)
			if old != tt.old {
				program(t, old)
			}
			// It is not where a new one would go, and still the one that is mended.
			link(t, old, m.at("~/bin/sluice"))
			if s := m.tool().State(); s.Path != "" {
				t.Errorf("before it is %+v", s)
			}
			m.wantInstalled(t, "~/bin", true)
			if !missing(m.at("/usr/local/bin/sluice")) {
				t.Error("there are two now")
			}
			if old != tt.old && missing(old) {
				t.Error("what it led to is gone")
			}
		})
	}
}

// Another command of this name would be the one that people get.
func TestAnotherCommandThatComesFirst(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "linux")
	m.path = []string{"/usr/bin", "/usr/local/bin", "/snap/bin"}
	folder(t, m.at("/usr/local/bin"))
	program(t, m.at("/snap/bin/sluice")) // comes after
	folder(t, m.at("/usr/bin/sluice"))   // is no command
	m.wantInstalled(t, "/usr/local/bin", true)
	for _, path := range []string{"/usr/local/bin/sluice", "/usr/bin/sluice"} {
		if err := os.Remove(m.at(path)); err != nil {
			t.Fatal(err)
		}
	}
	program(t, m.at("/usr/bin/sluice"))
	_, err := m.tool().Install()
	wantCode(t, err, "place_taken", m.home)
	if !missing(m.at("/usr/local/bin/sluice")) {
		t.Error("it was installed all the same")
	}
}

// Whoever built it into a folder of programs has the command already.
func TestTheProgramMayBeTheCommand(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "linux")
	m.prog = program(t, m.at("~/bin/sluice"))
	m.path = []string{"~/bin"}
	got, err := m.tool().Install()
	if want := (install.ToolState{Path: m.prog, InPath: true, Possible: true}); got != want || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	if info, err := os.Lstat(m.prog); err != nil || !info.Mode().IsRegular() {
		t.Errorf("it is %v now, %v", info, err)
	}
}

func TestTheProgramBesideIsTheCommand(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "linux")
	m.prog = program(t, m.root, "usr/local/bin/sluice-desktop")
	program(t, m.root, "usr/local/bin/sluice")
	m.path = []string{"usr/local/bin"}
	want := install.ToolState{Path: m.at("usr/local/bin/sluice"), InPath: true, Possible: true}
	if diff := cmp.Diff(want, m.tool().State()); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if got, err := m.tool().Install(); err != nil || got != want {
		t.Errorf("installed: %+v, %v", got, err)
	}
	if info, err := os.Lstat(want.Path); err != nil || !info.Mode().IsRegular() {
		t.Errorf("it is no file any more: %v %v", info, err)
	}
}

// A command that was called by its link installs the program, not the link.
func TestACommandThatIsALinkInstallsItsProgram(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "darwin")
	m.path = []string{"/usr/local/bin"}
	folder(t, m.at("/usr/local/bin"))
	called := m
	called.prog = m.at("~/x")
	link(t, m.prog, called.prog)
	if _, err := called.tool().Install(); err != nil {
		t.Fatal(err)
	}
	m.wantInstalled(t, "/usr/local/bin", true)
}

func TestFoldersOfAnyNameHoldTheCommand(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"my apps", `Mina's "new"`, "R&D", "100%", "$HOME`x`", `a\b`, "A=b", "내 프로그램", "a\nb", "-x"} {
		m := newMachine(t, "linux")
		m.prog = program(t, m.at("~"), name, "sluice-desktop")
		folder(t, m.at("/usr/local/bin"))
		m.wantInstalled(t, "/usr/local/bin", false)
	}
}

func TestManyWhoInstallAtOnceMakeOneCommand(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "darwin")
	link(t, "/gone/Sluice.app/"+inBundle, m.at("/usr/local/bin/sluice"))
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := m.tool().Install(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	m.wantInstalled(t, "/usr/local/bin", false)
	if diff := cmp.Diff([]string{"sluice"}, names(t, m.at("/usr/local/bin"))); diff != "" {
		t.Error(diff)
	}
}

package install_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/install"
)

func TestWhatADesktopReads(t *testing.T) {
	t.Parallel()
	h := host{system: "linux", home: t.TempDir(), prog: "/opt/Mina's apps/100% sluice-desktop"}
	h.set(t, true)
	want := `[Desktop Entry]
Type=Application
Name=Sluice
Comment=Videos to text, one at a time, when there is memory for it
Comment[ko]=메모리가 허락할 때, 동영상을 한 번에 하나씩 글로
Exec=/usr/bin/env "/opt/Mina's apps/100%% sluice-desktop" desktop --hidden
Icon=sluice
Terminal=false
StartupNotify=false
`
	if diff := cmp.Diff(want, read(t, filepath.Join(h.home, ".config/autostart/sluice.desktop"))); diff != "" {
		t.Error(diff)
	}
}

// Desktops change entries when their user switches one off; users do too.
func TestWhatAnEntryMeans(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	prog := program(t, dir, "my apps", "sluice-desktop")
	link(t, prog, filepath.Join(dir, "link"))
	quoted := `"` + prog + `"`
	tests := map[string]struct {
		entry string // the program stands where @ does
		want  install.LoginState
	}{
		"nothing but the command":        {"[Desktop Entry]\nExec=@\n", on()},
		"with a window":                  {"[Desktop Entry]\nExec=@ desktop\n", on()},
		"by a link":                      {"[Desktop Entry]\nExec=" + filepath.Join(dir, "link") + "\n", on()},
		"with a variable":                {"[Desktop Entry]\nExec=env GDK_BACKEND=x11 @ desktop --hidden\n", on()},
		"lines of another system":        {"[Desktop Entry]\r\nType=Application\r\nExec=@ %U\r\n", on()},
		"blanks around the sign":         {"[Desktop Entry]\nExec = @\n", on()},
		"a comment and a blank line":     {"# mine\n\n[Desktop Entry]\n#Exec=/bin/false\nExec=@\n", on()},
		"without an end of the line":     {"[Desktop Entry]\nExec=@", on()},
		"another group behind":           {"[Desktop Entry]\nExec=@\n[Desktop Action x]\nExec=/bin/false\nHidden=true\n", on()},
		"another group before":           {"[X]\nHidden=true\n[Desktop Entry]\nExec=@\n", on()},
		"the last of two counts":         {"[Desktop Entry]\nExec=/bin/false\nExec=@\n", on()},
		"Xfce and KDE switched it off":   {"[Desktop Entry]\nExec=@\nHidden=true\n", noted(install.NoteBarred)},
		"GNOME switched it off":          {"[Desktop Entry]\nExec=@\nX-GNOME-Autostart-enabled=false\n", noted(install.NoteBarred)},
		"MATE switched it off":           {"[Desktop Entry]\nExec=@\nX-MATE-Autostart-enabled=false\n", noted(install.NoteBarred)},
		"GNOME switched it on":           {"[Desktop Entry]\nExec=@\nX-GNOME-Autostart-enabled=true\nHidden=false\n", on()},
		"nothing but that it is off":     {"[Desktop Entry]\nHidden=true\n", noted(install.NoteBarred)},
		"another program":                {"[Desktop Entry]\nExec=/usr/bin/other desktop --hidden\n", noted(install.NoteOther)},
		"ours as an argument":            {"[Desktop Entry]\nExec=/bin/echo @\n", noted(install.NoteOther)},
		"env with an option":             {"[Desktop Entry]\nExec=env -i @\n", noted(install.NoteOther)},
		"env of nothing":                 {"[Desktop Entry]\nExec=env A=b\n", noted(install.NoteOther)},
		"a name without a folder":        {"[Desktop Entry]\nExec=sluice-desktop\n", noted(install.NoteOther)},
		"no command":                     {"[Desktop Entry]\nName=Sluice\n", noted(install.NoteStrange)},
		"an empty command":               {"[Desktop Entry]\nExec=\n", noted(install.NoteStrange)},
		"a quote without an end":         {"[Desktop Entry]\nExec=\"/usr/bin\n", noted(install.NoteStrange)},
		"a backslash at the end":         {"[Desktop Entry]\nExec=@ \\\n", noted(install.NoteStrange)},
		"no group":                       {"Exec=@\n", noted(install.NoteStrange)},
		"only groups of somebody else's": {"[Desktop]\nExec=@\n", noted(install.NoteStrange)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := host{system: "linux", home: t.TempDir(), prog: prog}
			write(t, filepath.Join(h.home, ".config/autostart/sluice.desktop"), strings.ReplaceAll(tt.entry, "@", quoted))
			h.wantState(t, tt.want)
			h.set(t, true)
			h.wantState(t, on())
		})
	}
}

// A link within the folder is somebody's way of ordering it.
func TestALinkWithinTheFolderIsFollowed(t *testing.T) {
	t.Parallel()
	h := host{system: "linux", home: t.TempDir(), prog: "/usr/bin/sluice-desktop"}
	dir := filepath.Join(h.home, ".config/autostart")
	write(t, filepath.Join(dir, "mine"), "[Desktop Entry]\nExec=/usr/bin/sluice-desktop\n")
	link(t, "mine", filepath.Join(dir, "sluice.desktop"))
	h.wantState(t, on())
	h.set(t, false)
	if diff := cmp.Diff([]string{"mine"}, names(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// desktopArguments reads a command by the rules of desktop entries: the escapes
// of any text first, then quotes, then the percent signs.
func desktopArguments(line string) []string {
	text := regexp.MustCompile(`\\(.)`).ReplaceAllStringFunc(line, func(pair string) string {
		return map[string]string{`\\`: `\`, `\s`: " ", `\n`: "\n", `\t`: "\t", `\r`: "\r"}[pair]
	})
	var args []string
	for _, word := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[^ "]+`).FindAllString(text, -1) {
		if inner, ok := strings.CutPrefix(word, `"`); ok {
			word = regexp.MustCompile("\\\\([\"`$\\\\])").ReplaceAllString(strings.TrimSuffix(inner, `"`), "$1")
		}
		args = append(args, strings.ReplaceAll(word, "%%", "%"))
	}
	return args
}

func FuzzExec(f *testing.F) {
	for _, arg := range []string{"/usr/bin/sluice", "a b", `"`, `\`, "%", "%%f", "$`", `\\n`, "", "한글"} {
		f.Add(arg, "--hidden")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		bad := func(s string) bool { return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) }
		if bad(first) || bad(second) {
			t.Skip()
		}
		want := []string{first, second}
		line := install.ExecLine(want)
		if strings.Contains(line, "\n") {
			t.Fatalf("%q is more than a line", line)
		}
		if got, err := install.ExecArgs(line); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%q was read as %q, %v", line, got, err)
		}
		if got := desktopArguments(line); !cmp.Equal(got, want) {
			t.Errorf("%q is %q by the rules", line, got)
		}
	})
}

func FuzzEntry(f *testing.F) {
	f.Add("[Desktop Entry]\nExec=\"/a b\" %U\nHidden=true\n")
	f.Add("[Desktop Entry]\nExec=\\\\\\")
	f.Fuzz(func(t *testing.T, text string) {
		h := host{system: "linux", home: t.TempDir(), prog: "/usr/bin/sluice-desktop"}
		file := filepath.Join(h.home, ".config/autostart/sluice.desktop")
		write(t, file, text)
		if _, err := h.login().State(); err != nil {
			t.Fatal(err)
		}
		h.set(t, true)
		h.wantState(t, on())
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	})
}

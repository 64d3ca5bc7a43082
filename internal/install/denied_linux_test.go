package install_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/install"
)

// asNobody does something without the rights of root. Who has none already
// keeps what they have.
func asNobody(t *testing.T, do func() error) error {
	t.Helper()
	done := make(chan error)
	go func() {
		// This thread alone gives its rights up. It is never unlocked: it dies with
		// the goroutine.
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				done <- err
				return
			}
		}
		done <- do()
	}()
	return <-done
}

// fixed makes a folder that nobody may change; what leads to it may be read.
func fixed(t *testing.T, dir string) {
	t.Helper()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
}

func TestALoginThatMayNotBeChanged(t *testing.T) {
	t.Parallel()
	for name, h := range hosts(t, "Applications") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old := h
			old.prog = program(t, h.home, "old", filepath.Base(h.prog))
			old.set(t, true)
			entry := read(t, h.file)
			fixed(t, filepath.Dir(h.file))
			for _, on := range []bool{true, false} {
				wantCode(t, asNobody(t, func() error { return h.login().Set(on) }), "place_denied", h.home)
			}
			if got := read(t, h.file); got != entry {
				t.Errorf("it is %q now", got)
			}
			if diff := cmp.Diff([]string{filepath.Base(h.file)}, names(t, filepath.Dir(h.file))); diff != "" {
				t.Error(diff)
			}
			// What may be read is told; what may not is not made up.
			err := asNobody(t, func() error {
				s, err := h.login().State()
				if s != noted(install.NoteOther) {
					t.Errorf("it says %+v", s)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			if err := os.Chmod(h.file, 0); err != nil {
				t.Fatal(err)
			}
			wantCode(t, asNobody(t, func() error { _, err := h.login().On(); return err }), "place_denied", h.home)
		})
	}
}

func TestAHomeThatMayNotBeChanged(t *testing.T) {
	t.Parallel()
	for name, h := range hosts(t, "Applications") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fixed(t, h.home)
			wantCode(t, asNobody(t, func() error { return h.login().Set(true) }), "place_denied", h.home)
			if err := asNobody(t, func() error { return h.login().Set(false) }); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff([]string{"Applications"}, names(t, h.home)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A Mac's /usr/local/bin belongs to root, where it is there at all.
func TestTheCommandGoesWhereItMay(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "darwin")
	m.path = []string{"/usr/local/bin"}
	fixed(t, folder(t, m.at("/usr/local/bin")))
	link(t, "/gone/Sluice.app/"+inBundle, m.at("/usr/local/bin/sluice")) // of another time; nobody may mend it
	fixed(t, folder(t, m.at("/opt/homebrew/bin")))
	own := folder(t, m.at("~/bin"))
	if err := os.Chmod(own, 0o777); err != nil { //nolint:gosec // nobody's own
		t.Fatal(err)
	}
	err := asNobody(t, func() error {
		got, err := m.tool().Install()
		if want := (install.ToolState{Path: filepath.Join(own, "sluice"), Possible: true}); got != want {
			t.Errorf("got %+v", got)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTheCommandMayGoNowhere(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "linux")
	m.path = []string{"/usr/local/bin", "/usr/bin"}
	fixed(t, folder(t, m.at("/usr/local/bin")))
	fixed(t, m.home)
	wantCode(t, asNobody(t, func() error { _, err := m.tool().Install(); return err }), "place_denied", m.home)
	if left := append(names(t, m.home), names(t, m.at("/usr/local/bin"))...); len(left) > 0 {
		t.Errorf("there is %q", left)
	}
}

// In such a folder everybody may make files and change none of others: the
// last step fails, and what went before it is undone.
func TestNothingIsLeftOfWhatFailsAtTheEnd(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("files of two users are needed")
	}
	m := newMachine(t, "linux")
	m.path = []string{"/usr/local/bin"}
	h := host{"linux", m.home, m.prog, m.at("~/.config/autostart/sluice.desktop")}
	write(t, h.file, "[Desktop Entry]\nExec=/old\n")
	link(t, "/old/sluice-desktop", m.at("/usr/local/bin/sluice"))
	for _, dir := range []string{filepath.Dir(h.file), m.at("/usr/local/bin"), m.home} {
		fixed(t, dir)
		if dir == m.home {
			continue
		}
		if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, asNobody(t, func() error { return h.login().Set(true) }), "place_denied", h.home)
	if got := read(t, h.file); got != "[Desktop Entry]\nExec=/old\n" {
		t.Errorf("the entry is %q now", got)
	}
	wantCode(t, asNobody(t, func() error { _, err := m.tool().Install(); return err }), "place_denied", m.home)
	if target, err := os.Readlink(m.at("/usr/local/bin/sluice")); err != nil || target != "/old/sluice-desktop" {
		t.Errorf("the link leads to %s, %v", target, err)
	}
	for dir, want := range map[string]string{filepath.Dir(h.file): "sluice.desktop", m.at("/usr/local/bin"): "sluice"} {
		if diff := cmp.Diff([]string{want}, names(t, dir)); diff != "" {
			t.Error(diff)
		}
	}
}

package install_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/install"
)

// Somebody's files are not for everybody: only what is meant to be is.
func TestMain(m *testing.M) {
	syscall.Umask(0o027)
	os.Exit(m.Run())
}

// inBundle is where the program is in an app on a Mac.
const inBundle = "Contents/MacOS/Sluice"

// program makes one that can be run.
func program(t *testing.T, parts ...string) string {
	t.Helper()
	path := filepath.Join(parts...)
	write(t, path, "#!/bin/sh\necho \"ran: $*\"\n")
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func write(t *testing.T, path, content string) {
	t.Helper()
	folder(t, filepath.Dir(path))
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func folder(t *testing.T, parts ...string) string {
	t.Helper()
	dir := filepath.Join(parts...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func link(t *testing.T, target, path string) {
	t.Helper()
	folder(t, filepath.Dir(path))
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// missing says that there is nothing at a place, not even a link to nowhere.
func missing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// names are those of the files in a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// wantCode checks that a failure can be shown: it has a code, says what
// happened and what to do, and does not name the user's folder.
func wantCode(t *testing.T, err error, code fault.Code, home string) {
	t.Helper()
	var f *fault.Fault
	switch {
	case !errors.As(err, &f):
		t.Fatalf("got %v, want %s", err, code)
	case f.Code != code:
		t.Errorf("got %v, want %s", f, code)
	case !strings.HasSuffix(f.Say, ".") || !strings.HasSuffix(f.Hint, "."):
		t.Errorf("these are no sentences: %q, %q", f.Say, f.Hint)
	case strings.Contains(f.Say+f.Hint, home):
		t.Errorf("it names the user's folder: %q, %q", f.Say, f.Hint)
	case f.Status() == 500:
		t.Errorf("%s is no defect", code)
	}
}

// host is a user's login on one system.
type host struct {
	system string
	home   string
	prog   string // what os.Executable says
	file   string // where the entry belongs
}

// hosts are one of each system, with a Sluice in a folder of this name.
func hosts(t *testing.T, name string) map[string]host {
	t.Helper()
	mac, bare, linux := t.TempDir(), t.TempDir(), t.TempDir()
	agent := "Library/LaunchAgents/io.github.sluice-app.Sluice.plist"
	return map[string]host{
		"an app on a Mac":      {"darwin", mac, program(t, mac, name, "Sluice.app", inBundle), filepath.Join(mac, agent)},
		"a program on a Mac":   {"darwin", bare, program(t, bare, name, "sluice"), filepath.Join(bare, agent)},
		"a program on a Linux": {"linux", linux, program(t, linux, name, "sluice-desktop"), filepath.Join(linux, ".config/autostart/sluice.desktop")},
	}
}

func (h host) login() *install.Login {
	return install.NewLogin(install.LoginConfig{System: h.system, Home: h.home, Program: h.prog})
}

// set switches and does not fail.
func (h host) set(t *testing.T, on bool) {
	t.Helper()
	if err := h.login().Set(on); err != nil {
		t.Fatal(err)
	}
}

// wantState checks what the login says of itself.
func (h host) wantState(t *testing.T, want install.LoginState) {
	t.Helper()
	got, err := h.login().State()
	if got != want || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if on, err := h.login().On(); on != want.On || err != nil {
		t.Errorf("On says %v, %v", on, err)
	}
}

func on() install.LoginState  { return install.LoginState{On: true, Possible: true} }
func off() install.LoginState { return install.LoginState{Possible: true} }

// noted is one that is off, for a reason.
func noted(n install.Note) install.LoginState { return install.LoginState{Possible: true, Note: n} }

package install_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What is written is for other programs to read; here are two that do.
func TestTheDesktopsOwnProgramsStartIt(t *testing.T) {
	t.Parallel()
	const generator = "/usr/lib/systemd/user-generators/systemd-xdg-autostart-generator"
	for what, name := range map[string]string{
		"a plain name": "Apps", "spaces": "my apps", "a percent sign": "100% sure", "field codes": "%f %%U", "quotes": `Mina's "new"`,
		"signs of a shell": "a;b|c>d*?[e]{f}!~(g)&", "another script": "내 프로그램",
	} {
		h := hosts(t, name)["a program on a Linux"]
		t.Run(what+" in GLib", func(t *testing.T) {
			t.Parallel()
			gio, err := exec.LookPath("gio")
			if err != nil {
				t.Skip("there is no gio here")
			}
			h := h
			h.home = t.TempDir()
			h.file = filepath.Join(h.home, ".config/autostart/sluice.desktop")
			told := h.listen(t)
			h.set(t, true)
			if out, err := exec.CommandContext(t.Context(), gio, "launch", h.file).CombinedOutput(); err != nil {
				t.Fatalf("gio: %v: %s", err, out)
			}
			if got := told(); got != "desktop|--hidden|\n" {
				t.Errorf("it was started with %q", got)
			}
		})
		t.Run(what+" in systemd", func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat(generator); err != nil {
				t.Skip("there is no systemd here")
			}
			h.set(t, true)
			out := folder(t, t.TempDir(), "out")
			cmd := exec.CommandContext(t.Context(), generator, folder(t, out, "n"), folder(t, out, "e"), folder(t, out, "l"))
			cmd.Env = []string{"HOME=" + h.home, "XDG_CONFIG_HOME=" + filepath.Join(h.home, ".config"), "XDG_CONFIG_DIRS=/nowhere"}
			if said, err := cmd.CombinedOutput(); err != nil || len(said) > 0 {
				t.Fatalf("the generator: %v: %s", err, said)
			}
			units, err := filepath.Glob(filepath.Join(out, "l", "app-sluice@autostart.service"))
			if err != nil || len(units) != 1 {
				t.Fatalf("it made %q, %v", units, err)
			}
			if said, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", units[0]).CombinedOutput(); err != nil || len(said) > 0 {
				t.Errorf("systemd: %v: %s", err, said)
			}
		})
	}
}

// listen puts a program in the place of Sluice that says how it was started.
func (h *host) listen(t *testing.T) (told func() string) {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(pipe, os.O_RDWR, 0) // to write as well, so that it opens at once
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	base := filepath.Base(filepath.Dir(h.prog))
	h.prog = filepath.Join(h.home, base, "sluice-desktop")
	write(t, h.prog, "#!/bin/sh\n{ printf '%s|' \"$@\"; echo; } >'"+pipe+"'\n")
	if err := os.Chmod(h.prog, 0o755); err != nil {
		t.Fatal(err)
	}
	return func() string {
		if err := f.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		for buf := make([]byte, 256); !strings.HasSuffix(said.String(), "\n"); {
			n, err := f.Read(buf)
			said.Write(buf[:n])
			if err != nil {
				t.Fatalf("it said %q: %v", said.String(), err)
			}
		}
		return said.String()
	}
}

package cli_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/cli"
)

func TestDesktop(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args   string
		hidden bool
		files  []string
	}{
		"plain sluice opens the window":      {"", false, nil},
		"so does desktop":                    {"desktop", false, []string{}},
		"it can start hidden":                {"desktop --hidden", true, []string{}},
		"a file alone opens it too":          {"./desktop.go", false, []string{filepath.Join(here, "desktop.go")}},
		"files are found from where we are":  {"desktop talk.mp4 ../b", false, []string{filepath.Join(here, "talk.mp4"), filepath.Join(filepath.Dir(here), "b")}},
		"files after -- may look like flags": {"desktop -- --hidden", false, []string{filepath.Join(here, "--hidden")}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []cli.DesktopOptions
			s := session{cmds: cli.Commands{Desktop: func(_ context.Context, o cli.DesktopOptions) error {
				o.Note("a note")
				o.Note = nil
				got = append(got, o)
				return nil
			}}}
			r := s.run(t, strings.Fields(tt.args)...)
			want := []cli.DesktopOptions{{Hidden: tt.hidden, Files: tt.files}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(result{cli.ExitOK, "", "a note\n"}, r, cmp.AllowUnexported(result{})); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("what is no file is refused before anything opens", func(t *testing.T) {
		t.Parallel()
		s := session{cmds: cli.Commands{Desktop: func(context.Context, cli.DesktopOptions) error {
			t.Error("it was opened")
			return nil
		}}}
		s.run(t, "desktop", "https://example.com/a.mp4").want(t, cli.ExitUsage, "is an address on the web; a file is taken here")
	})
	t.Run("a failure is the exit code", func(t *testing.T) {
		t.Parallel()
		s := session{cmds: cli.Commands{Desktop: func(context.Context, cli.DesktopOptions) error { return errors.New("no screen") }}}
		s.run(t).want(t, cli.ExitFailed, "sluice: no screen\n")
	})
	t.Run("it is listed only where it is built in", func(t *testing.T) {
		t.Parallel()
		built := session{cmds: cli.Commands{Desktop: func(context.Context, cli.DesktopOptions) error { return nil }}}
		built.run(t, "--help").want(t, cli.ExitOK, "desktop     Open the window")
		if r := (session{}).run(t, "--help"); strings.Contains(r.out, "desktop ") {
			t.Error(r.out)
		}
	})
}

package settings_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/settings"
)

func TestFindDirs(t *testing.T) {
	t.Parallel()
	const home = "/home/ann"
	tests := map[string]struct {
		os   string
		env  map[string]string
		want settings.Dirs
	}{
		"a Mac": {"darwin", nil, settings.Dirs{
			Data:   home + "/Library/Application Support/Sluice",
			Logs:   home + "/Library/Logs/Sluice",
			Config: home + "/Library/Application Support/Sluice",
		}},
		"a Mac does not know XDG": {"darwin", map[string]string{"XDG_DATA_HOME": "/x"}, settings.Dirs{
			Data:   home + "/Library/Application Support/Sluice",
			Logs:   home + "/Library/Logs/Sluice",
			Config: home + "/Library/Application Support/Sluice",
		}},
		"Linux": {"linux", nil, settings.Dirs{
			Data: home + "/.local/share/sluice", Logs: home + "/.local/state/sluice/log", Config: home + "/.config/sluice",
		}},
		"Linux with XDG folders": {"linux", map[string]string{
			"XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c",
		}, settings.Dirs{Data: "/d/sluice", Logs: "/s/sluice/log", Config: "/c/sluice"}},
		"relative XDG folders are ignored": {"linux", map[string]string{"XDG_DATA_HOME": "d"}, settings.Dirs{
			Data: home + "/.local/share/sluice", Logs: home + "/.local/state/sluice/log", Config: home + "/.config/sluice",
		}},
		"a home of its own": {"linux", map[string]string{"SLUICE_HOME": "/srv/sluice", "XDG_DATA_HOME": "/d"}, settings.Dirs{
			Data: "/srv/sluice", Logs: "/srv/sluice/logs", Config: "/srv/sluice",
		}},
		"a home of its own on a Mac": {"darwin", map[string]string{"SLUICE_HOME": "~/sluice/"}, settings.Dirs{
			Data: home + "/sluice", Logs: home + "/sluice/logs", Config: home + "/sluice",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := settings.FindDirs(tt.os, home, tt.env)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestARelativeHomeBecomesAbsolute(t *testing.T) {
	t.Parallel()
	d, err := settings.FindDirs("linux", "/home/ann", map[string]string{"SLUICE_HOME": "here"})
	if err != nil || !filepath.IsAbs(d.Data) {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestMakeCreatesFoldersForThisUserOnly(t *testing.T) {
	t.Parallel()
	base := filepath.Join(t.TempDir(), "sluice")
	d := settings.Dirs{Data: base, Logs: filepath.Join(base, "logs"), Config: base}
	for range 2 { // the second time they are there
		if err := d.Make(); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{d.Data, d.Logs} {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s has %v", filepath.Base(dir), info.Mode())
		}
	}
	if d.File() != filepath.Join(base, "settings.toml") || d.Overlay() != filepath.Join(base, "settings.ui.toml") {
		t.Errorf("files %s and %s", d.File(), d.Overlay())
	}
}

func TestAFolderThatCannotBeMade(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := settings.Dirs{Data: filepath.Join(file, "data"), Logs: file, Config: file}.Make()
	if err == nil || fault.Is(err, fault.SettingInvalid) {
		t.Errorf("a file in the way: %v", err)
	}
}

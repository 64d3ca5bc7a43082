package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sluice/internal/fault"
)

// Dirs are the folders of one user.
type Dirs struct {
	Data   string // database, models, workdirs
	Logs   string
	Config string // settings.toml
}

// FindDirs says where the folders are on a system; it makes none. SLUICE_HOME
// holds everything when it is set.
func FindDirs(goos, home string, env map[string]string) (Dirs, error) {
	if own := env["SLUICE_HOME"]; own != "" {
		if rest, ok := strings.CutPrefix(own, "~/"); ok { // nobody expands it in a service file
			own = filepath.Join(home, rest)
		}
		own, err := filepath.Abs(own)
		if err != nil {
			return Dirs{}, fault.New(fault.SettingInvalid, "SLUICE_HOME is not a folder.", err)
		}
		return Dirs{Data: own, Logs: filepath.Join(own, "logs"), Config: own}, nil
	}
	if goos == "darwin" {
		data := filepath.Join(home, "Library", "Application Support", "Sluice")
		return Dirs{Data: data, Logs: filepath.Join(home, "Library", "Logs", "Sluice"), Config: data}, nil
	}
	// The XDG rules say that a relative path is to be ignored.
	xdg := func(name, usual string) string {
		if dir := env[name]; filepath.IsAbs(dir) {
			return filepath.Join(dir, "sluice")
		}
		return filepath.Join(home, filepath.FromSlash(usual), "sluice")
	}
	return Dirs{
		Data:   xdg("XDG_DATA_HOME", ".local/share"),
		Logs:   filepath.Join(xdg("XDG_STATE_HOME", ".local/state"), "log"),
		Config: xdg("XDG_CONFIG_HOME", ".config"),
	}, nil
}

// Make creates the folders that are missing, for this user only. Those that
// are there keep their rights.
func (d Dirs) Make() error {
	for _, dir := range []string{d.Data, d.Logs, d.Config} {
		err := os.MkdirAll(dir, 0o700)
		switch {
		case errors.Is(err, fs.ErrPermission):
			return fault.New(fault.SettingInvalid, "Sluice may not make its folder "+filepath.Base(dir)+".", err).
				WithHint("Allow it, or set SLUICE_HOME to a folder that you may write to.")
		case err != nil:
			return fmt.Errorf("make folder: %w", err)
		}
	}
	return nil
}

// File is the user's own settings file.
func (d Dirs) File() string { return filepath.Join(d.Config, "settings.toml") }

// Overlay is the file beside it that the window writes.
func (d Dirs) Overlay() string { return overlay(d.File()) }

func overlay(file string) string { return strings.TrimSuffix(file, ".toml") + ".ui.toml" }

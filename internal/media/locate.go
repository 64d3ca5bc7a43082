package media

import (
	"os/exec"
	"path/filepath"

	"sluice/internal/fault"
)

// tools are the paths of the two programs.
type tools struct{ ffmpeg, ffprobe string }

// locate finds both programs anew: a few stat calls, so nothing is cached and
// an ffmpeg installed while Sluice runs is found by the next call.
func (f *FFmpeg) locate() (tools, error) {
	ffmpeg, err := find("ffmpeg", f.cfg.FFmpeg, folders())
	if err != nil {
		return tools{}, err
	}
	// The two come as a pair: the ffprobe beside the ffmpeg in use has the same version.
	ffprobe, err := find("ffprobe", f.cfg.FFprobe, append([]string{filepath.Dir(ffmpeg)}, folders()...))
	if err != nil {
		return tools{}, err
	}
	return tools{ffmpeg, ffprobe}, nil
}

// folders are looked into before PATH: a program started from the Finder has
// launchd's PATH, which names neither of Homebrew's folders.
func folders() []string { return []string{"/opt/homebrew/bin", "/usr/local/bin"} }

func find(name, configured string, dirs []string) (string, error) {
	if configured != "" {
		path, err := exec.LookPath(configured)
		if err != nil {
			return "", fault.New(fault.FFmpegMissing, "The "+name+" named in the settings is not there or cannot be run.", err).
				WithHint("Correct the path in the settings, or remove it so that Sluice looks for %s itself.", name)
		}
		return filepath.Abs(path)
	}
	for _, dir := range dirs {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fault.New(fault.FFmpegMissing, "Sluice needs "+name+" to read media, and it is not installed.", err)
	}
	return path, nil
}

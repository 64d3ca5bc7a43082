package ollama

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sluice/internal/fault"
)

// findProgram looks for Ollama anew each time, so that one installed later is
// found. A program started from the Finder has launchd's PATH, which names none
// of these folders.
func findProgram(configured string) (string, error) {
	if configured != "" {
		path, err := exec.LookPath(configured)
		if err != nil {
			return "", fault.New(fault.OllamaMissing, "The Ollama named in the settings is not there or cannot be run.", err).
				WithHint("Correct ollama.path in the settings, or remove it so that Sluice looks for Ollama itself.")
		}
		return filepath.Abs(path)
	}
	const inApp = "Applications/Ollama.app/Contents/Resources"
	home, _ := os.UserHomeDir()
	for _, dir := range []string{"/opt/homebrew/bin", "/usr/local/bin", "/" + inApp, filepath.Join(home, inApp)} {
		if path, err := exec.LookPath(filepath.Join(dir, "ollama")); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath("ollama")
	if err != nil {
		return "", fault.New(fault.OllamaMissing, "Translations and summaries need Ollama, and it is not installed.", err)
	}
	return path, nil
}

// sweep ends the server that an earlier Sluice has started and left behind, or
// the processes of models that such a server has left. A number that means
// other programs by now is left alone.
func (s *Server) sweep(ctx context.Context) {
	if s.cfg.Record == "" || s.child != nil && alive(s.child) {
		return
	}
	text, err := os.ReadFile(s.cfg.Record)
	if err != nil {
		return
	}
	var group, owner int
	if n, _ := fmt.Sscan(string(text), &group, &owner); n == 2 && owner != os.Getpid() && syscall.Kill(owner, 0) == nil {
		return // another Sluice of this user is at work with it
	}
	defer s.forget()
	if group <= 1 || !leftBehind(ctx, group) {
		return
	}
	s.log.Info("ollama of an earlier run is ended", "pid", group)
	_ = syscall.Kill(-group, syscall.SIGTERM)
	limit, tick := time.After(s.cfg.Grace), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for leftBehind(ctx, group) {
		select {
		case <-tick.C:
		case <-limit:
			_ = syscall.Kill(-group, syscall.SIGKILL)
			return
		case <-ctx.Done():
			return
		}
	}
}

func alive(c *serving) bool {
	select {
	case <-c.gone:
		return false
	default:
		return true
	}
}

// leftBehind says whether the process group is one of Ollama's.
func leftBehind(ctx context.Context, group int) bool {
	out, err := exec.CommandContext(ctx, "ps", "-A", "-o", "pgid=,stat=,comm=").Output()
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 3 || f[0] != strconv.Itoa(group) || strings.HasPrefix(f[1], "Z") {
			continue
		}
		if name := filepath.Base(strings.Join(f[2:], " ")); strings.HasPrefix(name, "ollama") || strings.HasPrefix(name, "llama-server") {
			return true
		}
	}
	return false
}

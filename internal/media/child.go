package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sluice/internal/fault"
)

// child is one run of ffmpeg or ffprobe.
type child struct {
	path   string
	args   []string
	stdout io.Writer
	stderr func(line string) // sees every line; may be nil
}

// ending is how a child ended by itself.
type ending struct {
	code   int
	signal syscall.Signal // 0 = none
	tail   string         // last lines of stderr
}

func (e ending) ok() bool { return e.code == 0 && e.signal == 0 }

// says looks for a phrase in what the child said last.
func (e ending) says(phrase string) bool { return strings.Contains(e.tail, phrase) }

// cause puts the ending into words for the log.
func (e ending) cause(doing string) error {
	if e.signal != 0 {
		return fmt.Errorf("%s: %s: %s", doing, e.signal, e.tail)
	}
	return fmt.Errorf("%s: exit code %d: %s", doing, e.code, e.tail)
}

// nice is how far children stand back behind what people do on the machine.
const nice = 10

// drain is how long what a child has already said may take to be written down
// after its end. A disk that wakes up, or one on the network, takes seconds;
// cut short, the last seconds of the sound would be missing without a sign.
const drain = 30 * time.Second

// run starts a child and waits for it. An exit code or a signal is no error
// here but an ending. When ctx ends the whole process group is asked to stop,
// killed after the grace, and the error is ctx's cause.
func (f *FFmpeg) run(ctx context.Context, c child) (ending, error) {
	if ctx.Err() != nil {
		return ending{}, context.Cause(ctx)
	}
	errs := &tail{each: c.stderr}
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Stdout, cmd.Stderr = c.stdout, errs
	cmd.Env = environment(os.Environ())
	// A group of its own: what is typed at our terminal does not reach it, and
	// a wrapper script dies together with the ffmpeg it started.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var force *time.Timer // against whoever ignores the request
	cmd.Cancel = func() error {
		force = time.AfterFunc(f.cfg.Grace, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	}
	cmd.WaitDelay = f.cfg.Grace + drain

	if err := cmd.Start(); err != nil {
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENOEXEC) {
			return ending{}, fault.New(fault.FFmpegMissing, "ffmpeg cannot be started.", err)
		}
		return ending{}, fmt.Errorf("start %s: %w", c.path, err)
	}
	// Decoding is work for spare time. A refusal changes nothing that matters.
	_ = syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, nice)

	err := cmd.Wait()
	if force != nil {
		force.Stop()
	}
	if ctx.Err() != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // whoever is left of the group
		return ending{}, context.Cause(ctx)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // whoever holds the pipe
		return ending{}, fault.New(fault.FFmpegCrashed, "What ffmpeg wrote could not be taken in time.",
			fmt.Errorf("%s: %w", filepath.Base(c.path), err))
	}
	errs.flush()
	end := ending{tail: errs.String()}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		end.signal = status.Signal()
		return end, nil
	}
	end.code = cmd.ProcessState.ExitCode()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		// The child ended well but its output could not be taken: the writer
		// knows why and its owner asks it.
		f.log.Debug("output of child refused", "err", err)
	}
	return end, nil
}

// environment is ours without FFREPORT, which makes ffmpeg write a log file
// into the current folder.
func environment(env []string) []string {
	kept := make([]string, 0, len(env))
	for _, e := range env {
		if !strings.HasPrefix(e, "FFREPORT=") {
			kept = append(kept, e)
		}
	}
	return kept
}

// crashed says that a signal nobody here sent ended the child.
func crashed(e ending, doing string) error {
	say := "ffmpeg crashed."
	if e.signal == syscall.SIGKILL || e.signal == syscall.SIGTERM {
		say = "ffmpeg was stopped from outside."
	}
	return fault.New(fault.FFmpegCrashed, say, e.cause(doing))
}

// tail keeps the last lines of a log in little memory, however long it is.
type tail struct {
	each  func(line string)
	part  []byte
	lines []string
}

const (
	tailLines = 12
	tailWidth = 300
)

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		head, rest, whole := bytes.Cut(p, []byte{'\n'})
		t.part = append(t.part, head[:min(len(head), tailWidth-len(t.part))]...)
		if whole {
			t.flush()
		}
		p = rest
	}
	return n, nil
}

func (t *tail) flush() {
	line := strings.TrimSpace(string(t.part))
	t.part = t.part[:0]
	if line == "" {
		return
	}
	if t.each != nil {
		t.each(line)
	}
	if len(t.lines) == tailLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, line)
}

func (t *tail) String() string { return strings.Join(t.lines, "; ") }

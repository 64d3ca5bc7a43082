package media_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/media"
	"sluice/internal/pipeline"
)

func request(source, out string) pipeline.ExtractRequest {
	return pipeline.ExtractRequest{Source: source, Out: out}
}

// script makes an executable shell script.
func script(t *testing.T, name, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// alive is a pipe that every descendant of a script holds open: it ends when
// the last of them is gone. The script begins with the returned line.
func alive(t *testing.T) (line string, gone func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alive")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		r, err := os.Open(path) // waits for the script
		if err == nil {
			_, err = io.Copy(io.Discard, r)
			_ = r.Close()
		}
		ended <- err
	}()
	return "exec 9>'" + path + "'\n", func() {
		t.Helper()
		if err := <-ended; err != nil { // blocks for ever if a process stays
			t.Fatal(err)
		}
	}
}

func TestCancelLeavesNoProcessAndNoFile(t *testing.T) {
	t.Parallel()
	needFFmpeg(t)
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal(err)
	}
	source := tone(t, 300)
	for name, body := range map[string]string{
		"a plain ffmpeg":                     "exec '" + ffmpeg + "' \"$@\"",
		"a wrapper around ffmpeg":            "'" + ffmpeg + "' \"$@\"; exit $?",
		"one that ignores requests":          "trap '' TERM; cat /dev/zero",
		"one with a child that ignores them": "(trap '' TERM; head -c 640000 /dev/zero; exec sleep 1000) & wait",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line, gone := alive(t)
			f := media.New(media.Config{FFmpeg: script(t, "ffmpeg", line+body), FFprobe: ffprobe(t), Grace: 50 * time.Millisecond}, nil)
			why := errors.New("canceled by somebody")
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			dir := t.TempDir()
			_, err := f.Extract(ctx, request(source, filepath.Join(dir, "x")), func(float64) { cancel(why) })
			if !errors.Is(err, why) {
				t.Errorf("err = %v", err)
			}
			gone()
			empty(t, dir)
		})
	}
}

func ffprobe(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Skip("ffprobe is not installed: nothing to test against")
	}
	return path
}

func TestDeathsOfFFmpeg(t *testing.T) {
	t.Parallel()
	source := tone(t, 2)
	for name, c := range map[string]struct {
		body string
		code fault.Code
		say  string
	}{
		"a crash":                   {"echo '[error] bad day' >&2; kill -SEGV $$", fault.FFmpegCrashed, "crashed"},
		"a crash after some sound":  {"head -c 9999 /dev/zero; kill -ABRT $$", fault.FFmpegCrashed, "crashed"},
		"a kill from outside":       {"kill -KILL $$", fault.FFmpegCrashed, "stopped"},
		"no decoder in this build":  {"echo '[error] Decoder (codec zz) not found for input stream #0:0' >&2; exit 1", fault.UnsupportedCodec, ""},
		"a failure without a sound": {"exit 1", fault.FileDamaged, ""},
		"success without a sound":   {"exit 0", fault.FileDamaged, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := media.New(media.Config{FFmpeg: script(t, "ffmpeg", c.body), FFprobe: tells(t, "2")}, nil)
			dir := t.TempDir()
			_, err := f.Extract(t.Context(), request(source, filepath.Join(dir, "x")), nil)
			wantCode(t, err, c.code)
			if !strings.Contains(fault.From(err).Say, c.say) {
				t.Errorf("err = %v", err)
			}
			empty(t, dir)
		})
	}
}

func TestASourceThatVanishesIsNotCalledDamaged(t *testing.T) {
	t.Parallel()
	source := tone(t, 2)
	f := media.New(media.Config{FFmpeg: script(t, "ffmpeg", "rm '"+source+"'; head -c 9998 /dev/zero"), FFprobe: tells(t, "2")}, nil)
	dir := t.TempDir()
	_, err := f.Extract(t.Context(), request(source, filepath.Join(dir, "x")), nil)
	wantCode(t, err, fault.SourceMissing)
	empty(t, dir)
}

func TestMisbehavingProbes(t *testing.T) {
	t.Parallel()
	source := write(t, "a.mp4", []byte("\x00\x00\x00\x18ftypisom"))
	for name, c := range map[string]struct {
		body string
		code fault.Code
	}{
		"one that never ends is stopped":   {"exec sleep 1000", fault.FFmpegCrashed},
		"one that never stops talking":     {"exec yes", fault.FileDamaged},
		"one that crashes":                 {"kill -SEGV $$", fault.FFmpegCrashed},
		"one that answers nonsense":        {"echo nonsense", fault.FFmpegCrashed},
		"one that answers nothing of use":  {"echo '{}'", fault.FFmpegCrashed},
		"one that complains without end":   {"i=0; while [ $i -lt 3000 ]; do echo \"[error] $i\"; i=$((i+1)); done >&2; exit 1", fault.FileDamaged},
		"one that finds no sound":          {`echo '{"format":{"format_name":"mp4"}}'`, fault.NoAudioTrack},
		"one that finds an unknown codec":  {`echo '{"streams":[{"codec_name":"unknown"}],"format":{"format_name":"mp4"}}'`, fault.UnsupportedCodec},
		"one that finds no codec whatever": {`echo '{"streams":[{}],"format":{"format_name":"mp4"}}'`, fault.UnsupportedCodec},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := media.New(media.Config{
				FFmpeg: script(t, "ffmpeg", "exit 0"), FFprobe: script(t, "ffprobe", c.body),
				ProbeLimit: limit(c.body), Grace: 50 * time.Millisecond,
			}, nil)
			_, err := f.Probe(t.Context(), source)
			wantCode(t, err, c.code)
		})
	}
}

// limit is short only for the probe that has to run into it.
func limit(body string) time.Duration {
	if strings.Contains(body, "sleep") {
		return 100 * time.Millisecond
	}
	return time.Minute
}

func TestVersion(t *testing.T) {
	t.Parallel()
	path, version, err := newFFmpeg(t).Version(t.Context())
	if err != nil || !filepath.IsAbs(path) || version == "" {
		t.Errorf("Version = %q, %q, %v", path, version, err)
	}
	broken := script(t, "ffmpeg", "exit 127")
	f := media.New(media.Config{FFmpeg: broken, FFprobe: broken}, nil)
	if err := f.Ready(t.Context()); err != nil {
		t.Errorf("it was run: %v", err)
	}
	got, _, err := f.Version(t.Context())
	wantCode(t, err, fault.FFmpegCrashed)
	if got != broken {
		t.Errorf("path = %q", got)
	}
}

func TestWithoutFFmpeg(t *testing.T) {
	for _, dir := range []string{"/opt/homebrew/bin", "/usr/local/bin"} {
		if _, err := os.Stat(filepath.Join(dir, "ffmpeg")); err == nil {
			t.Skipf("ffmpeg is in %s, where it is always found", dir)
		}
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	f := media.New(media.Config{}, nil)
	wantCode(t, f.Ready(t.Context()), fault.FFmpegMissing)
	_, err := f.Probe(t.Context(), "a.mp4")
	wantCode(t, err, fault.FFmpegMissing)
	_, err = f.Extract(t.Context(), request("a.mp4", filepath.Join(dir, "x")), nil)
	wantCode(t, err, fault.FFmpegMissing)
	_, _, err = f.Version(t.Context())
	wantCode(t, err, fault.FFmpegMissing)

	// Installed while the program runs, it is found by the next call; first alone, then with its pair.
	install := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho ffmpeg version 9.9-test Copyright\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	install("ffmpeg")
	wantCode(t, f.Ready(t.Context()), fault.FFmpegMissing)
	_, _, err = f.Version(t.Context())
	wantCode(t, err, fault.FFmpegMissing)
	if !strings.Contains(fault.From(err).Say, "ffprobe") {
		t.Errorf("err = %v", err)
	}
	install("ffprobe")
	if err := f.Ready(t.Context()); err != nil {
		t.Errorf("err = %v", err)
	}
	path, version, err := f.Version(t.Context())
	if err != nil || version != "9.9-test" || path != filepath.Join(dir, "ffmpeg") {
		t.Errorf("Version = %q, %q, %v", path, version, err)
	}
}

func TestAConfiguredFFmpegMustBeThere(t *testing.T) {
	t.Parallel()
	f := media.New(media.Config{FFmpeg: filepath.Join(t.TempDir(), "ffmpeg")}, nil)
	_, err := f.Probe(t.Context(), "a.mp4")
	wantCode(t, err, fault.FFmpegMissing)
	wantCode(t, f.Ready(t.Context()), fault.FFmpegMissing)
}

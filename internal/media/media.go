// Package media looks into media files and turns their sound into what a
// speech recogniser takes: 16 kHz, mono, signed 16 bit. It does so with the
// ffmpeg and ffprobe that are installed on the machine, each run as a child in
// a process group of its own that never outlives the call.
//
// Sources are untrusted: only regular files of known containers are opened,
// and nothing a file names - another file, an address - is ever followed. The
// package does not repair, convert or keep media, and never writes beside it.
package media

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"sluice/internal/disk"
	"sluice/internal/fault"
	"sluice/internal/pipeline"
)

// FFmpeg extracts sound with the installed ffmpeg. It holds no state: every
// call looks for the programs again, so one installed later is found without a
// restart. It may be used from several goroutines.
type FFmpeg struct {
	cfg  Config
	log  *slog.Logger
	free func(dir string) (int64, error) // bytes of the disk a folder is on
}

var _ pipeline.Extractor = (*FFmpeg)(nil)

// Config of FFmpeg; the zero value works.
type Config struct {
	FFmpeg     string        // path; "" = looked for in the Homebrew folders and PATH
	FFprobe    string        // path; "" = beside ffmpeg, then as above
	ProbeLimit time.Duration // 60s: how long a look into a file may take
	Grace      time.Duration // 1s: between asking a child to stop and killing its group
	MinFree    int64         // 2 GiB: bytes of the disk that stay free; negative = none
	Longest    time.Duration // 48h: sound beyond it is taken for damage
}

// Codes of the warnings an extraction may carry.
const (
	WarnPartial = "partial_audio"  // not all of the sound could be read
	WarnDownmix = "downmix_silent" // the channels cancel each other out; one was taken
)

// New makes an extractor. It does not look for ffmpeg yet.
func New(cfg Config, log *slog.Logger) *FFmpeg {
	if cfg.ProbeLimit <= 0 {
		cfg.ProbeLimit = time.Minute
	}
	if cfg.Grace <= 0 {
		cfg.Grace = time.Second
	}
	if cfg.MinFree == 0 {
		cfg.MinFree = 2 << 30
	}
	if cfg.Longest <= 0 {
		cfg.Longest = 48 * time.Hour
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &FFmpeg{cfg: cfg, log: log, free: disk.Free}
}

// Ready fails with ffmpeg_missing when ffmpeg or ffprobe is not there. It only
// looks for them: whether they run is what Version tells.
func (f *FFmpeg) Ready(context.Context) error {
	_, err := f.locate()
	return err
}

// Version tells which ffmpeg is used and what version it calls itself. It
// fails with ffmpeg_missing when ffmpeg or ffprobe is not there, and with
// ffmpeg_crashed when ffmpeg is there but does not run; path is then set.
func (f *FFmpeg) Version(ctx context.Context) (path, version string, err error) {
	tools, err := f.locate()
	if err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.cfg.ProbeLimit, errTooSlow)
	defer cancel()
	out := &bounded{max: 1 << 16}
	end, err := f.run(ctx, child{path: tools.ffmpeg, args: []string{"-hide_banner", "-version"}, stdout: out})
	if errors.Is(err, errTooSlow) || (err == nil && !end.ok()) {
		return tools.ffmpeg, "", fault.New(fault.FFmpegCrashed, "ffmpeg is installed but does not run.",
			errors.Join(err, end.cause("ask ffmpeg for its version"))).
			WithHint("Install ffmpeg again.")
	}
	if err != nil {
		return tools.ffmpeg, "", err
	}
	return tools.ffmpeg, parseVersion(out.buf.Bytes()), nil
}

// parseVersion reads "ffmpeg version 5.1.9-0+deb12u1 Copyright ...".
func parseVersion(out []byte) string {
	line := bufio.NewScanner(bytes.NewReader(out))
	if !line.Scan() {
		return ""
	}
	words := strings.Fields(line.Text())
	if len(words) < 3 || words[1] != "version" {
		return ""
	}
	return words[2]
}

// bounded keeps what is written to it up to a limit, and fails beyond it.
type bounded struct {
	buf  bytes.Buffer
	max  int
	over bool
}

var errTooLong = errors.New("more output than expected")

func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > b.max {
		b.over = true
		return 0, fmt.Errorf("over %d bytes: %w", b.max, errTooLong)
	}
	return b.buf.Write(p)
}

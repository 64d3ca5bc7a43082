package media

import (
	"context"
	"fmt"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/pipeline"
)

// Extract writes one track of a source to req.Out, a file that appears whole
// and durable or not at all; what grows until then is told to req.Sound. It blocks; when ctx ends it stops ffmpeg, removes
// what it wrote and returns ctx's cause. Sound that could be read in part is a
// result with a warning; sound of which nothing could be read is a fault, and
// so is more of it than the disk has room for or the file can hold. A track of
// pure silence is a result like any other.
func (f *FFmpeg) Extract(ctx context.Context, req pipeline.ExtractRequest, report func(fraction float64)) (pipeline.Audio, error) {
	tools, err := f.locate()
	if err != nil {
		return pipeline.Audio{}, err
	}
	found, err := f.look(ctx, tools, req.Source)
	if err != nil {
		return pipeline.Audio{}, err
	}
	chosen, err := found.choose(req.Track)
	if err != nil {
		return pipeline.Audio{}, err
	}
	within, expected := f.limits(req.Out, found.bytes), found.expectedMS(chosen)
	out, err := createPCM(req.Out, within.expected(expected), within)
	if err != nil {
		return pipeline.Audio{}, err
	}
	defer out.discard()

	x := extraction{FFmpeg: f, tools: tools, found: found, track: chosen, out: out}
	done := &progress{report: report, total: expected}
	out.moved, out.sound = done.at, req.Sound
	if chosen.Channels > 1 {
		out.doubt = doubtful(expected)
	}
	if req.Sound != nil {
		req.Sound.Begin(expected)
	}
	warnings, err := x.sound(ctx)
	if err != nil {
		return pipeline.Audio{}, err
	}
	if ctx.Err() != nil {
		return pipeline.Audio{}, context.Cause(ctx)
	}
	if err := out.commit(); err != nil {
		return pipeline.Audio{}, err
	}
	done.finish()
	f.log.Debug("sound extracted", "track", chosen.Index, "ms", out.ms(), "bytes", out.bytes, "warnings", len(warnings))
	return pipeline.Audio{
		Path: req.Out, Bytes: out.bytes, DurationMS: out.ms(), Track: chosen.Index, Warnings: warnings,
	}, nil
}

// extraction is one track on its way into one file.
type extraction struct {
	*FFmpeg
	tools tools
	found probed
	track track
	out   *pcmFile
}

// sound fills the file, with a second pass where the mix comes out silent, and
// says what people should know about it.
func (x extraction) sound(ctx context.Context) ([]job.Warning, error) {
	var warnings []job.Warning
	hurt, end, err := x.decode(ctx, mixed())
	if err != nil {
		return nil, err
	}
	if x.out.silent() {
		channel, ok, err := x.loudest(ctx)
		if err != nil {
			return nil, err
		}
		if ok {
			if err := x.out.rewind(); err != nil {
				return nil, err
			}
			if hurt, end, err = x.decode(ctx, only(channel)); err != nil {
				return nil, err
			}
			warnings = append(warnings, job.Warning{
				Code: WarnDownmix,
				Text: fmt.Sprintf("The channels of the sound cancel each other out when mixed, so only channel %d was used.", channel+1),
			})
		}
	}
	if hurt.none() && !x.short() && end.ok() {
		return warnings, nil
	}
	x.log.Debug("sound is not whole", "out_ms", x.out.ms(), "expected_ms", x.track.end.Milliseconds(), "err", end.cause("decode"))
	// A disk that was pulled out looks to ffmpeg like the end of the file.
	if _, err := checkSource(x.found.source); err != nil {
		return nil, err
	}
	if x.out.bytes == 0 {
		return nil, x.nothing(end)
	}
	partial, err := x.judge(ctx)
	if err != nil {
		return nil, err
	}
	return append(warnings, partial), nil
}

// decode runs ffmpeg once over the track into the file.
func (x extraction) decode(ctx context.Context, filter string) (*damage, ending, error) {
	hurt := newDamage(x.track.Codec)
	end, err := x.run(ctx, child{
		path:   x.tools.ffmpeg,
		args:   decodeArgs(x.found.source, x.track.Index, filter, 1),
		stdout: x.out,
		stderr: hurt.see,
	})
	switch {
	case err != nil:
		return nil, end, err
	case x.out.err != nil:
		return nil, end, x.out.err
	case end.signal != 0:
		return nil, end, crashed(end, "decode")
	}
	return hurt, end, nil
}

// loudest decodes the track once more, keeps nothing, and says which channel
// holds sound that the mix has lost.
func (x extraction) loudest(ctx context.Context) (channel int, ok bool, err error) {
	m := &meter{levels: make(levels, x.track.Channels)}
	end, err := x.run(ctx, child{
		path:   x.tools.ffmpeg,
		args:   decodeArgs(x.found.source, x.track.Index, apart, x.track.Channels),
		stdout: m,
	})
	switch {
	case err != nil:
		return 0, false, err
	case end.signal != 0:
		return 0, false, crashed(end, "measure channels")
	}
	channel, ok = m.levels.loudest(x.out.level[0])
	return channel, ok, nil
}

// nothing says why not one sample came out.
func (x extraction) nothing(end ending) error {
	switch {
	case end.says("matches no streams"):
		return fault.New(fault.NoAudioTrack, "The file has no sound.", end.cause("decode"))
	case end.says("ecoder") && end.says("not found"), end.says("no decoder found"):
		return unsupported(end.cause("decode"))
	case end.ok() && x.track.end <= x.track.start:
		return fault.New(fault.FileEmpty, "The file's audio track is empty.", nil)
	}
	return fault.New(fault.FileDamaged, "The file is damaged: none of its sound could be read.", end.cause("decode"))
}

// expectedMS is the length the sound of a track is expected to have; 0 = the
// file does not say.
func (p probed) expectedMS(t track) int64 {
	if t.end > 0 {
		return t.end.Milliseconds()
	}
	return p.duration.Milliseconds()
}

// progress turns positions in the sound into fractions that never fall and
// reach 1 only at the end. A thousand reports are enough for any file.
type progress struct {
	report func(fraction float64)
	total  int64
	last   float64
}

func (p *progress) at(ms int64) {
	if p.report == nil || p.total <= 0 {
		return
	}
	fraction := min(float64(ms)/float64(p.total), 0.99)
	if fraction >= p.last+0.001 {
		p.last = fraction
		p.report(fraction)
	}
}

func (p *progress) finish() {
	if p.report != nil {
		p.report(1)
	}
}

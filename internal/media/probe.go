package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"sluice/internal/fault"
	"sluice/internal/pipeline"
)

// errTooSlow is the cause of a context that ends with the probe limit.
var errTooSlow = errors.New("over the time limit")

// maxProbe bounds what ffprobe may say: some 10,000 audio tracks.
const maxProbe = 4 << 20

// Probe says what a file holds, without decoding it. It blocks for at most
// Config.ProbeLimit. A file whose every audio track is in a form ffmpeg does
// not know is refused with unsupported_codec; where one track is readable the
// others are listed with an empty codec.
func (f *FFmpeg) Probe(ctx context.Context, source string) (pipeline.Media, error) {
	tools, err := f.locate()
	if err != nil {
		return pipeline.Media{}, err
	}
	found, err := f.look(ctx, tools, source)
	if err != nil {
		return pipeline.Media{}, err
	}
	return found.media(), nil
}

// probed is what a look into a file found.
type probed struct {
	source    string // absolute
	bytes     int64  // of the file
	container string
	zero      time.Duration // where the file's own clock begins: often 1.4 s in a transport stream
	duration  time.Duration
	estimated bool // durations are guessed from the bitrate
	tracks    []track
}

// track is one audio track and what is needed to judge its extraction.
type track struct {
	pipeline.Track
	start time.Duration // on the file's timeline, from its own zero
	end   time.Duration // where its sound should end; 0 = the file does not say
}

func (t track) readable() bool { return t.Codec != "" }

func (p probed) media() pipeline.Media {
	m := pipeline.Media{Container: p.container, DurationMS: p.duration.Milliseconds()}
	for _, t := range p.tracks {
		m.Tracks = append(m.Tracks, t.Track)
	}
	return m
}

// choose finds the track that was asked for, or else the first readable one
// that the file calls its default, or else the first readable one.
func (p probed) choose(want *int) (track, error) {
	if want != nil {
		n := *want
		if n < 0 || n >= len(p.tracks) {
			return track{}, fault.New(fault.AudioTrackUnknown,
				fmt.Sprintf("There is no audio track %d: %s.", n, has(len(p.tracks))), nil)
		}
		if !p.tracks[n].readable() {
			return track{}, unsupported(fmt.Errorf("audio track %d: no decoder", n))
		}
		return p.tracks[n], nil
	}
	chosen := -1
	for i, t := range p.tracks {
		switch {
		case !t.readable():
		case t.Default:
			return t, nil
		case chosen < 0:
			chosen = i
		}
	}
	if chosen < 0 {
		return track{}, unsupported(errors.New("no audio track has a decoder"))
	}
	return p.tracks[chosen], nil
}

func has(tracks int) string {
	if tracks == 1 {
		return "the file has only track 0"
	}
	return fmt.Sprintf("the file has tracks 0 to %d", tracks-1)
}

func unsupported(cause error) error {
	return fault.New(fault.UnsupportedCodec, "The sound is in a form that ffmpeg here cannot read.", cause)
}

// look checks a source and asks ffprobe about it.
func (f *FFmpeg) look(ctx context.Context, t tools, path string) (probed, error) {
	src, err := checkSource(path)
	if err != nil {
		return probed{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.cfg.ProbeLimit, errTooSlow)
	defer cancel()

	estimated := false
	out := &bounded{max: maxProbe}
	end, err := f.run(ctx, child{path: t.ffprobe, args: probeArgs(src.path), stdout: out, stderr: func(line string) {
		estimated = estimated || strings.Contains(line, "duration from bitrate") || strings.Contains(line, "using bitrate for duration")
	}})
	switch {
	case errors.Is(err, errTooSlow):
		return probed{}, fault.New(fault.FFmpegCrashed, "Looking into the file took too long and was stopped.", err)
	case err != nil:
		return probed{}, err
	case out.over:
		return probed{}, fault.New(fault.FileDamaged, "The file is damaged: it lists too many tracks.", errTooLong)
	case end.signal != 0:
		return probed{}, crashed(end, "probe")
	case end.code != 0:
		return probed{}, unopened(end, src)
	}
	found, err := parseProbe(out.buf.Bytes())
	if err != nil {
		return probed{}, fault.New(fault.FFmpegCrashed, "ffprobe gave an answer that makes no sense.", err)
	}
	found.source, found.bytes, found.estimated = src.path, src.bytes, estimated
	f.log.Debug("media probed", "container", found.container, "tracks", len(found.tracks), "estimated", estimated)
	if len(found.tracks) == 0 {
		return probed{}, fault.New(fault.NoAudioTrack, "The file has no sound.", nil)
	}
	if _, err := found.choose(nil); err != nil {
		return probed{}, err
	}
	return found, nil
}

// unopened says why ffprobe could not open a file.
func unopened(end ending, src source) error {
	if _, err := checkSource(src.path); err != nil {
		return err // it went away, or was closed to us, meanwhile
	}
	cause := end.cause("probe")
	refused := end.says("not on whitelist")
	if !refused && looksLikeMedia(src.head) {
		return fault.New(fault.FileDamaged, "The file is damaged or incomplete: it cannot be opened.", cause)
	}
	return fault.New(fault.NotMedia, "The file is not audio or video of a kind Sluice reads.", cause)
}

// answer is ffprobe's JSON, as far as it is read here. Numbers come as text.
type answer struct {
	Streams []struct {
		Codec       string            `json:"codec_name"`
		Channels    int               `json:"channels"`
		SampleRate  string            `json:"sample_rate"`
		Start       string            `json:"start_time"`
		Duration    string            `json:"duration"`
		Tags        map[string]string `json:"tags"`
		Disposition struct {
			Default int `json:"default"`
		} `json:"disposition"`
	} `json:"streams"`
	Format struct {
		Name     string `json:"format_name"`
		Start    string `json:"start_time"`
		Duration string `json:"duration"`
		Streams  int    `json:"nb_streams"`
	} `json:"format"`
}

func parseProbe(out []byte) (probed, error) {
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		return probed{}, fmt.Errorf("read ffprobe's answer: %w", err)
	}
	if a.Format.Name == "" {
		return probed{}, errors.New("read ffprobe's answer: no format")
	}
	p := probed{container: a.Format.Name, zero: seconds(a.Format.Start), duration: seconds(a.Format.Duration)}
	for i, s := range a.Streams {
		rate, _ := strconv.Atoi(s.SampleRate)
		t := track{
			Track: pipeline.Track{
				Index: i, Codec: s.Codec, Channels: s.Channels, SampleRate: rate,
				Language: language(s.Tags["language"]), Title: plain(s.Tags["title"]),
				Default: s.Disposition.Default == 1,
			},
			start: max(0, seconds(s.Start)-p.zero),
		}
		if t.Codec == "unknown" || t.Codec == "none" {
			t.Codec = ""
		}
		length, tag := seconds(s.Duration), tagged(s.Tags)
		switch {
		case tag > 0:
			// Matroska: a tag that some writers count from the file's zero and
			// others from the track's. The end is the smaller of the two.
			length, t.end = tag, tag
		case length > 0 && !p.lent(length, a.Format.Streams):
			t.end = t.start + length
		case a.Format.Streams == 1:
			t.end = p.duration
		}
		t.DurationMS = length.Milliseconds()
		p.tracks = append(p.tracks, t)
	}
	return p, nil
}

// lent says that a track's length is the container's, which ffprobe gives to
// tracks that have none of their own: a Matroska whose sound began after the
// first seconds claimed the picture's 404 s for it. Only mov keeps a length
// for every track, so there the same figure is the track's own.
func (p probed) lent(length time.Duration, streams int) bool {
	return length == p.duration && streams > 1 && !strings.HasPrefix(p.container, "mov,")
}

// seconds reads "11.181000"; what is no sensible number is 0.
func seconds(s string) time.Duration {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v != v || v < -1e6 || v > 1e7 {
		return 0
	}
	return time.Duration(v * float64(time.Second))
}

// tagged reads Matroska's DURATION tag, "00:00:11.021000000".
func tagged(tags map[string]string) time.Duration {
	for _, key := range []string{"DURATION", "DURATION-eng"} {
		parts := strings.Split(tags[key], ":")
		if len(parts) != 3 {
			continue
		}
		h, errH := strconv.Atoi(parts[0])
		m, errM := strconv.Atoi(parts[1])
		if errH == nil && errM == nil && h >= 0 && h < 2000 && m >= 0 {
			return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + seconds(parts[2])
		}
	}
	return 0
}

func language(tag string) string {
	if tag == "und" {
		return ""
	}
	return plain(tag)
}

// plain makes a text from a file fit for a line on the screen.
func plain(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s))
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200])
	}
	return s
}

package media

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/internal/job"
)

// damage collects the signs in ffmpeg's log that sound was lost. They are the
// only ones there are: for a file cut in half ffmpeg exits with 0, and one
// with a hole in the middle comes out at full length, with silence in it.
type damage struct {
	codec string
	signs int
}

// newDamage watches over a track. ffmpeg's decoders are named after the codec:
// aac, mp3float, amrnb for amr_nb.
func newDamage(codec string) *damage {
	return &damage{codec: strings.ReplaceAll(codec, "_", "")}
}

func (d *damage) none() bool { return d.signs == 0 }

// see reads one line such as "[aac @ 0x55d0] [error] Reserved bit set." Lines
// of other decoders are about the picture, which the look into a file touches.
func (d *damage) see(line string) {
	if !strings.Contains(line, "[error]") && !strings.Contains(line, "[fatal]") && !strings.Contains(line, "[panic]") {
		return
	}
	if strings.HasPrefix(line, "["+d.codec) {
		d.signs++
		return
	}
	line = strings.ToLower(line)
	for _, sign := range []string{
		"while decoding",           // ffmpeg up to 6: "Error while decoding stream #0:1"
		"submitting packet to dec", // ffmpeg 6.1 and later
		"partial file",             // mov
		"ended prematurely",        // Matroska
		"during demuxing",          // ffmpeg 6.1 and later
		"input/output error",       // the disk itself
		"cannot allocate memory",   // something beyond maxAlloc
		"failed to compensate",     // a hole beyond maxAlloc: what follows comes too early
	} {
		if strings.Contains(line, sign) {
			d.signs++
			return
		}
	}
}

// short says whether clearly less came out than the track itself should hold.
// A container's length will not do - the picture may go on in silence - and
// neither will an estimate.
func (x extraction) short() bool {
	if x.found.estimated || x.track.end == 0 {
		return false
	}
	return x.missing() > 500*time.Millisecond+x.track.end/1000
}

func (x extraction) missing() time.Duration {
	return x.track.end - time.Duration(x.out.ms())*time.Millisecond
}

// judge says in a warning how much of the sound is there and where it is not.
// Where nothing is missing at the end it looks for holes, at the price of one
// more pass; only damaged files pay it.
func (x extraction) judge(ctx context.Context) (job.Warning, error) {
	got := time.Duration(x.out.ms()) * time.Millisecond
	if x.short() {
		return job.Warning{
			Code: WarnPartial, AtMS: got.Milliseconds(),
			Text: fmt.Sprintf("The file is damaged: %s could be read.", partOf(got, x.track.end)),
		}, nil
	}
	holes := &holes{rate: x.track.SampleRate, zero: x.found.zero, next: x.track.start}
	end, err := x.run(ctx, child{
		path:   x.tools.ffprobe,
		args:   frameArgs(x.found.source, x.track.Index),
		stdout: holes,
	})
	if err != nil {
		return job.Warning{}, err
	}
	if !end.ok() || holes.lost == 0 {
		return job.Warning{Code: WarnPartial, Text: "The file is damaged: some of its sound could not be read."}, nil
	}
	return job.Warning{
		Code: WarnPartial, AtMS: holes.first.Milliseconds(),
		Text: fmt.Sprintf("The file is damaged: %.1f s of its sound could not be read, the first at %s.", holes.lost.Seconds(), clock(holes.first)),
	}, nil
}

// partOf says "6.6 of 11.0 s" or "41:07 of 2:00:10".
func partOf(got, all time.Duration) string {
	if all < 2*time.Minute {
		return fmt.Sprintf("%.1f of %.1f s", got.Seconds(), all.Seconds())
	}
	return clock(got) + " of " + clock(all)
}

// clock says 1:05 or 2:00:10.
func clock(d time.Duration) string {
	s := int(d / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// holes reads ffprobe's list of decoded frames and finds what lies between
// them. A tenth of a second is what the timeline filter leaves alone as well.
type holes struct {
	rate  int
	zero  time.Duration // where the file's own clock begins
	next  time.Duration // where the next frame should begin
	first time.Duration // where the first hole begins
	lost  time.Duration // all holes together
	line  []byte
}

const smallestHole = 100 * time.Millisecond

func (h *holes) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		head, rest, whole := bytes.Cut(b, []byte{'\n'})
		if len(h.line) < 1024 {
			h.line = append(h.line, head...)
		}
		if whole {
			h.frame(string(h.line))
			h.line = h.line[:0]
		}
		b = rest
	}
	return n, nil
}

// frame reads "best_effort_timestamp_time=3.297052|nb_samples=1024".
func (h *holes) frame(line string) {
	var at time.Duration
	samples, timed := 0, false
	for field := range strings.SplitSeq(line, "|") {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "best_effort_timestamp_time":
			at, timed = seconds(value)-h.zero, value != "N/A"
		case "nb_samples":
			samples, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	if !timed || h.rate <= 0 {
		return
	}
	if gap := at - h.next; gap > smallestHole {
		if h.lost == 0 {
			h.first = h.next
		}
		h.lost += gap
	}
	h.next = max(h.next, at+time.Duration(samples)*time.Second/time.Duration(h.rate))
}

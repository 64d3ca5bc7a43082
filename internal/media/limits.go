package media

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// spaceEvery is how much is written between two looks at the free space.
const spaceEvery = 64 << 20

// limits bound what one extraction may write. They are needed because silence
// costs a file nothing: the timeline filter fills every hole, so that 20 KB
// with five holes of an hour became 576 MB in 1.3 s (measured).
type limits struct {
	dir     string // where the sound is written
	free    func(dir string) (int64, error)
	minFree int64
	likely  time.Duration // the most that a file of its size may hold
	longest time.Duration // the most that any file may hold
}

func (f *FFmpeg) limits(out string, sourceBytes int64) limits {
	return limits{
		dir: filepath.Dir(out), free: f.free, minFree: max(f.cfg.MinFree, 0),
		likely: plausible(sourceBytes), longest: f.cfg.Longest,
	}
}

// plausible is the most sound that a file of this size is believed to hold: an
// hour, and a second for every eight bytes. Speech takes 600 bytes a second
// and more, and even silence is not free: an hour of it, coded as tightly as
// ffmpeg can, took from 8.5 (WavPack) over 45 (ALAC) and 63 (AAC) to 260
// (Opus) bytes a second. So a real file may be mostly holes - a day's
// recording with an hour missing, a minute of speech before a picture that
// goes on for ten - and only one that is nearly nothing else is refused.
//
// Neither of the other rules that offer themselves would do. The length that
// the container states is as easily forged as the holes, and wrong in honest
// files. Filled silence against decoded sound says nothing about codecs that
// store silence in next to nothing, which fill a disk as well.
func plausible(sourceBytes int64) time.Duration {
	return time.Hour + time.Duration(min(sourceBytes/8, 1<<32))*time.Second
}

// length refuses sound that has grown too long to be true.
func (l limits) length(bytes int64) error {
	switch got := time.Duration(bytes*1000/bytesPerSec) * time.Millisecond; {
	case l.likely > 0 && got > l.likely:
		return fault.New(fault.FileDamaged, "The file is damaged: its time stamps claim far more sound than it can hold.",
			fmt.Errorf("sound goes beyond %s, the most for the size of the file", l.likely))
	case l.longest > 0 && got > l.longest:
		return fault.New(fault.FileDamaged, fmt.Sprintf("The file is damaged or too long: its sound goes on for more than %.3g hours.", l.longest.Hours()),
			fmt.Errorf("sound goes beyond %s", l.longest)).
			WithHint("If the file plays well to its end, cut it into shorter ones.")
	}
	return nil
}

// room makes sure that this much more can be written and the free space that
// has to stay is left.
func (l limits) room(more int64) error {
	if l.free == nil {
		return nil
	}
	free, err := l.free(l.dir)
	if err != nil {
		return nil // a disk that does not say: the write will
	}
	if missing := more + l.minFree - free; missing > 0 {
		return fault.New(fault.DiskFull, "There is not enough room on the disk for the sound of the file.",
			errors.New("disk below the space that stays free")).
			WithHint("Free %s; nothing was lost.", job.FormatBytes(missing))
	}
	return nil
}

// expected is how much sound of a stated length will take at most: a damaged
// file may state anything.
func (l limits) expected(ms int64) int64 {
	return int64(min(time.Duration(ms)*time.Millisecond, l.likely, l.longest) / time.Millisecond * bytesPerSec / 1000)
}

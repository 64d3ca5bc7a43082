package media

import (
	"os"
	"time"

	"sluice/internal/pipeline"
)

// WriteTo writes samples as an extraction does.
func WriteTo(file *os.File, samples []byte) error {
	p := &pcmFile{file: file, level: make(levels, 1), look: spaceEvery}
	_, err := p.Write(samples)
	if err == nil {
		return nil
	}
	return p.err
}

// OnDisk has an extractor believe what it is told about the free space.
func (f *FFmpeg) OnDisk(free func(dir string) (int64, error)) *FFmpeg {
	f.free = free
	return f
}

// Plausible is the most sound that a file of this size is believed to hold.
func Plausible(sourceBytes int64) time.Duration { return plausible(sourceBytes) }

// ParseProbe reads an answer of ffprobe, and gives the expected length of the
// track that would be taken.
func ParseProbe(answer []byte) (found pipeline.Media, expectedMS int64, err error) {
	p, err := parseProbe(answer)
	if err != nil {
		return pipeline.Media{}, 0, err
	}
	if t, err := p.choose(nil); err == nil {
		expectedMS = p.expectedMS(t)
	}
	return p.media(), expectedMS, nil
}

// Holes reads a list of frames, cut into writes of so many bytes.
func Holes(list []byte, step int) (first, lost time.Duration) {
	h := &holes{rate: sampleRate}
	for len(list) > 0 {
		n, _ := h.Write(list[:min(step, len(list))])
		list = list[n:]
	}
	return h.first, h.lost
}

// Loudness measures interleaved channels, cut into writes of so many bytes: the
// peak of each.
func Loudness(samples []byte, channels, step int) (peaks []int) {
	m := &meter{levels: make(levels, channels)}
	for len(samples) > 0 {
		n, _ := m.Write(samples[:min(step, len(samples))])
		samples = samples[n:]
	}
	for _, l := range m.levels {
		peaks = append(peaks, l.peak)
	}
	return peaks
}

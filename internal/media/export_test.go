package media

import (
	"os"
	"time"
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

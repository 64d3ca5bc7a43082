package media

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"syscall"

	"sluice/internal/disk"
	"sluice/internal/fault"
	"sluice/internal/pipeline"
)

const (
	sampleRate  = 16000
	bytesPerSec = 2 * sampleRate
)

// pcmFile is the sound on its way to disk: a temporary file beside the final
// one that takes its name in the end, whole and durable, or is removed.
type pcmFile struct {
	path  string
	file  *os.File
	bytes int64
	level levels
	moved func(ms int64)  // told after every write; may be nil
	sound *pipeline.Sound // told how far the sound stands for good; may be nil
	doubt int64           // samples against which a mix is weighed before it is told of; 0 = it is believed
	err   error           // why writing stopped

	limits limits
	look   int64 // where the free space is looked at next
}

// createPCM begins a file of about so many bytes; 0 = nobody knows.
func createPCM(path string, expected int64, within limits) (*pcmFile, error) {
	part := path + pipeline.PartSuffix
	// What a crash left behind goes; a name of its own for every run would pile up gigabytes.
	// Whole sound of an earlier run goes, too: whoever listens would take it for this one.
	for _, old := range []string{part, path} {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, diskFault("remove old sound", err)
		}
	}
	if err := within.room(expected); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, diskFault("create sound", err)
	}
	return &pcmFile{path: path, file: file, level: make(levels, 1), limits: within, look: spaceEvery}, nil
}

// Write takes samples from ffmpeg. An error makes ffmpeg's pipe close, which ends it.
func (p *pcmFile) Write(b []byte) (int, error) {
	if p.err = p.admit(int64(len(b))); p.err != nil {
		return 0, p.err
	}
	n, err := p.file.Write(b)
	p.level.add(b[:n], p.bytes)
	p.bytes += int64(n)
	if err != nil {
		p.err = diskFault("write sound", err)
		return n, err
	}
	if p.moved != nil {
		p.moved(p.ms())
	}
	p.tell()
	return n, nil
}

// tell says how much of the sound stands for good. Of a mix that is nothing
// until it is sure that it will not be thrown away for being silent.
func (p *pcmFile) tell() {
	if p.doubt > 0 && !p.level[0].quiet(p.doubt) {
		p.doubt = 0
	}
	if p.doubt == 0 && p.sound != nil {
		p.sound.Grow(p.bytes)
	}
}

// silent says that the sound is a mix with next to nothing in it.
func (p *pcmFile) silent() bool {
	return p.doubt > 0 && p.bytes > 0 && p.level[0].quiet(p.bytes/2)
}

// admit says whether so many bytes more may be written.
func (p *pcmFile) admit(more int64) error {
	if err := p.limits.length(p.bytes + more); err != nil {
		return err
	}
	if p.bytes+more < p.look {
		return nil
	}
	p.look = p.bytes + more + spaceEvery
	return p.limits.room(more)
}

func (p *pcmFile) ms() int64 { return p.bytes * 1000 / bytesPerSec }

// rewind empties the file for another pass.
func (p *pcmFile) rewind() error {
	if _, err := p.file.Seek(0, 0); err != nil {
		return diskFault("rewind sound", err)
	}
	if err := p.file.Truncate(0); err != nil {
		return diskFault("rewind sound", err)
	}
	p.bytes, p.look, p.level, p.doubt = 0, spaceEvery, make(levels, 1), 0
	return nil
}

// commit makes the sound durable and gives it its name: content first, then
// the name, then the folder that holds the name.
func (p *pcmFile) commit() error {
	if err := p.file.Sync(); err != nil {
		return diskFault("sync sound", err)
	}
	if err := p.file.Close(); err != nil {
		return diskFault("close sound", err)
	}
	if err := os.Rename(p.file.Name(), p.path); err != nil {
		return diskFault("rename sound", err)
	}
	p.file = nil
	dir, err := os.Open(filepath.Dir(p.path))
	if err != nil {
		return diskFault("open work folder", err)
	}
	defer func() { _ = dir.Close() }()
	// Some network volumes cannot sync a folder; the rename stands all the same.
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return diskFault("sync work folder", err)
	}
	return nil
}

// discard removes what was not committed.
func (p *pcmFile) discard() {
	if p.file != nil {
		_ = p.file.Close() // what it holds is thrown away
		_ = os.Remove(p.file.Name())
	}
}

// diskFault tells a full disk from everything else that can happen to a file of ours.
func diskFault(doing string, err error) error {
	err = fmt.Errorf("%s: %w", doing, err)
	if disk.Full(err) {
		return fault.New(fault.DiskFull, "The disk is full: the sound did not fit.", err)
	}
	return err
}

// levels measures the loudness of interleaved channels, one entry each.
type levels []level

type level struct {
	squares uint64 // 48 hours at full scale stay below 2^62
	peak    int
	low     byte // first half of a sample cut in two by a write
}

// add measures b, which begins at an offset in the stream.
func (l levels) add(b []byte, offset int64) {
	if len(l) == 1 { // the usual case, without a division for every byte
		l[0].add(b, offset)
		return
	}
	for i, c := range b {
		at := offset + int64(i)
		ch := &l[at/2%int64(len(l))]
		if at%2 == 0 {
			ch.low = c
		} else {
			ch.sample(ch.low, c)
		}
	}
}

func (l *level) add(b []byte, offset int64) {
	if offset%2 == 1 && len(b) > 0 {
		l.sample(l.low, b[0])
		b = b[1:]
	}
	for ; len(b) >= 2; b = b[2:] {
		l.sample(b[0], b[1])
	}
	if len(b) == 1 {
		l.low = b[0]
	}
}

func (l *level) sample(low, high byte) {
	v := int(int16(uint16(low) | uint16(high)<<8))
	l.squares += uint64(v * v)
	l.peak = max(l.peak, v, -v)
}

const (
	quietRMS   = 58  // -55 dBFS: below it a mix is looked at twice
	soundPeak  = 104 // -50 dBFS: a channel that never gets there holds nothing to hear
	lostFactor = 100 // 20 dB: no ordinary mix loses as much
)

// quiet says that a mix of so many samples holds next to nothing. Of one that is
// still being made the length is what it is expected to get: when it is not
// quiet now, it never will be, since what comes can only add to it.
func (l level) quiet(samples int64) bool {
	return float64(l.squares) < quietRMS*quietRMS*float64(samples)
}

// doubtful is the number of samples against which the mix of a track is weighed
// while nobody knows yet how long it gets. A length that the file states may be
// wrong, so that of a minute is the least; where it states none, the mix is
// doubted to its end.
func doubtful(expectedMS int64) int64 {
	if expectedMS <= 0 {
		return math.MaxInt64
	}
	return max(expectedMS, 60_000) * sampleRate / 1000
}

// loudest finds the channel with the most sound in it, if one has much more
// than the mix. It compares sums and not means: the mix has its holes filled
// with silence and the channels do not. The fourth of six or more is the low-frequency channel of film
// sound and never speech.
func (l levels) loudest(mix level) (channel int, ok bool) {
	best := -1
	for i := range l {
		if i == 3 && len(l) >= 6 {
			continue
		}
		if best < 0 || l[i].squares > l[best].squares {
			best = i
		}
	}
	ok = best >= 0 && l[best].peak >= soundPeak && l[best].squares/lostFactor > mix.squares
	return best, ok
}

// meter measures samples and keeps none.
type meter struct {
	levels levels
	bytes  int64
}

func (m *meter) Write(b []byte) (int, error) {
	m.levels.add(b, m.bytes)
	m.bytes += int64(len(b))
	return len(b), nil
}

package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"sluice/internal/whisper"
)

// longest is the most sound that is heard at once: whisper.cpp copies the
// samples and computes their spectrum as a whole.
const longest = 11 * 60 * whisper.SampleRate

var errNoSound = errors.New("no sound")

// readSamples gives the pieces one after the other, as the model is to hear them.
func readSamples(r whisper.Request) ([]float32, error) {
	samples, err := readPieces(r.PCM, r.Growing, r.Pieces)
	whisper.Even(samples)
	return samples, err
}

// readPieces reads the pieces. Sound that ends early gives fewer samples.
func readPieces(path string, growing bool, pieces []whisper.Piece) ([]float32, error) {
	var total int64
	for _, p := range pieces {
		if p.From < 0 || p.To < p.From || p.To-p.From > longest-total {
			return nil, fmt.Errorf("bad piece %d to %d", p.From, p.To)
		}
		total += p.To - p.From
	}
	f, err := whisper.OpenSound(path, growing)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", errNoSound, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open sound: %w", err)
	}
	defer func() { _ = f.Close() }()
	samples := make([]float32, 0, total)
	buf := make([]byte, 64<<10)
	for _, p := range pieces {
		r := io.NewSectionReader(f, 2*p.From, 2*(p.To-p.From))
		for {
			n, err := io.ReadFull(r, buf)
			for i := 0; i+1 < n; i += 2 {
				samples = append(samples, float32(int16(binary.LittleEndian.Uint16(buf[i:])))/32768)
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("read sound: %w", err)
			}
		}
	}
	return samples, nil
}

package whisper

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
)

// halves cuts what is heard in two where it is quietest, somewhere in its
// middle half; ok is false for sound that is too short for that.
func (r *run) halves(ctx context.Context, pieces []Piece) (first, second []Piece, ok bool, err error) {
	const shortest = 4 * SampleRate
	const hush = 15 // frames that are looked at together
	type frame struct {
		at int64
		db float64
	}
	var all []frame
	var d detector
	for _, p := range pieces {
		at := p.From
		err := r.frames(ctx, p.From, p.To, func(f []int16) {
			all = append(all, frame{at, max(d.loudness(f), quietest)})
			at += int64(len(f))
		})
		if err != nil {
			return nil, nil, false, err
		}
	}
	if len(all)*frameSamples < shortest {
		return nil, nil, false, nil
	}
	cut, least := int64(0), math.Inf(1)
	for i := len(all) / 4; i < 3*len(all)/4; i++ {
		sum := 0.0
		for _, f := range all[i-hush/2 : i+hush/2+1] {
			sum += f.db
		}
		if sum < least {
			cut, least = all[i].at, sum
		}
	}
	for _, p := range pieces {
		switch {
		case p.To <= cut:
			first = append(first, p)
		case p.From >= cut:
			second = append(second, p)
		default:
			first, second = append(first, Piece{p.From, cut}), append(second, Piece{cut, p.To})
		}
	}
	return first, second, len(first) > 0 && len(second) > 0, nil
}

// frames reads sound between two samples, or to its end.
func (r *run) frames(ctx context.Context, from, to int64, each func(frame []int16)) error {
	f, err := OpenSound(r.req.Audio.Path, r.growing)
	if errors.Is(err, fs.ErrNotExist) {
		return noSound(err)
	}
	if err != nil {
		return fmt.Errorf("open sound: %w", err)
	}
	defer func() { _ = f.Close() }()
	sound := bufio.NewReaderSize(io.NewSectionReader(f, 2*from, 2*(to-from)), 64<<10)
	var raw [2 * frameSamples]byte
	var frame [frameSamples]int16
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := io.ReadFull(sound, raw[:])
		for i := range n / 2 {
			frame[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
		}
		if n > 1 {
			each(frame[:n/2])
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read sound: %w", err)
		}
	}
}

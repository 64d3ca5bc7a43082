package whisper

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"sluice/internal/fault"
)

const (
	modelMagic = 0x67676d6c // "ggml", as whisper.cpp writes it
	maxVocab   = 52000      // the largest multilingual one has 51,866
)

// CheckModel walks through a model file before whisper.cpp does, which trusts
// what it reads. It takes milliseconds: weights are stepped over. Faults: model_missing, model_damaged.
func CheckModel(path string) error {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fault.New(fault.ModelMissing, "The speech model is not there.", err)
		}
		return damaged(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return damaged(err)
	}
	if !info.Mode().IsRegular() {
		return damaged(fmt.Errorf("%s is not a regular file", path))
	}
	if err := walkModel(f, info.Size()); err != nil {
		return damaged(err)
	}
	return nil
}

func damaged(err error) error {
	return fault.New(fault.ModelDamaged, "The speech model is damaged or not one that whisper.cpp reads.", err)
}

type modelHead struct {
	Magic      uint32
	Vocab      int32
	AudioCtx   int32
	AudioState int32
	AudioHead  int32
	AudioLayer int32
	TextCtx    int32
	TextState  int32
	TextHead   int32
	TextLayer  int32
	Mels       int32
	Type       int32
}

func (h modelHead) check() error {
	if h.Magic != modelMagic {
		return fmt.Errorf("magic is %#x", h.Magic)
	}
	for _, b := range []struct {
		name        string
		value       int32
		least, most int32
	}{
		{"vocabulary", h.Vocab, 256, maxVocab},
		{"audio context", h.AudioCtx, 1, 1500},
		{"audio state", h.AudioState, 16, 4096},
		{"audio heads", h.AudioHead, 1, 64},
		{"audio layers", h.AudioLayer, 1, 64},
		{"text context", h.TextCtx, 16, 448},
		{"text state", h.TextState, 16, 4096},
		{"text heads", h.TextHead, 1, 64},
		{"text layers", h.TextLayer, 1, 64},
		{"mel bands", h.Mels, 1, 256},
	} {
		if b.value < b.least || b.value > b.most {
			return fmt.Errorf("%s is %d", b.name, b.value)
		}
	}
	if h.AudioState%h.AudioHead != 0 || h.TextState%h.TextHead != 0 {
		return fmt.Errorf("states %d and %d do not fit %d and %d heads", h.AudioState, h.TextState, h.AudioHead, h.TextHead)
	}
	return nil
}

// walkModel steps from part to part without reading the weights: a file that
// was cut short or padded ends elsewhere than its last tensor.
func walkModel(f io.ReadSeeker, size int64) error {
	w := &modelWalk{f: f, r: bufio.NewReader(f), size: size}
	var head modelHead
	w.read(&head)
	if w.err == nil {
		w.err = head.check()
	}
	w.filters(head)
	w.vocabulary(head)
	tensors := 0
	for w.err == nil && w.at < size {
		w.tensor()
		tensors++
	}
	if w.err == nil && tensors == 0 {
		return errors.New("it holds no weights")
	}
	return w.err
}

type modelWalk struct {
	f    io.ReadSeeker
	r    *bufio.Reader
	at   int64
	size int64
	err  error
}

func (w *modelWalk) read(v any) {
	if w.err != nil {
		return
	}
	if err := binary.Read(w.r, binary.LittleEndian, v); err != nil {
		w.err = fmt.Errorf("at byte %d: %w", w.at, err)
		return
	}
	w.at += int64(binary.Size(v))
}

func (w *modelWalk) skip(n int64) {
	switch {
	case w.err != nil:
	case n < 0 || w.at+n > w.size:
		w.err = fmt.Errorf("a part of %d bytes at byte %d goes beyond the end at %d", n, w.at, w.size)
	case n <= int64(w.r.Buffered()):
		_, w.err = w.r.Discard(int(n))
		w.at += n
	default:
		w.at += n
		_, w.err = w.f.Seek(w.at, io.SeekStart)
		w.r.Reset(w.f)
	}
}

func (w *modelWalk) filters(h modelHead) {
	var shape [2]int32
	w.read(&shape)
	if w.err == nil && (shape[0] != h.Mels || shape[1] < 1 || shape[1] > 4096) {
		w.err = fmt.Errorf("filters are %d by %d", shape[0], shape[1])
	}
	w.skip(4 * int64(shape[0]) * int64(shape[1]))
}

func (w *modelWalk) vocabulary(h modelHead) {
	var count int32
	w.read(&count)
	if w.err == nil && (count < 1 || count > h.Vocab) {
		w.err = fmt.Errorf("%d words in a vocabulary of %d", count, h.Vocab)
	}
	for i := int32(0); i < count && w.err == nil; i++ {
		var length uint32
		w.read(&length)
		w.skip(int64(length))
	}
}

func (w *modelWalk) tensor() {
	var head struct{ Dims, NameLength, Type int32 }
	w.read(&head)
	if w.err != nil {
		return
	}
	block, ok := blocks(head.Type)
	if head.Dims < 1 || head.Dims > 4 || head.NameLength < 1 || head.NameLength > 256 || !ok {
		w.err = fmt.Errorf("no tensor at byte %d", w.at)
		return
	}
	count := int64(1)
	for range head.Dims {
		var n int32
		w.read(&n)
		if w.err == nil && (n < 1 || count > w.size*8/int64(n)) {
			w.err = fmt.Errorf("a tensor at byte %d is larger than the file", w.at)
			return
		}
		count *= int64(n)
	}
	w.skip(int64(head.NameLength))
	w.skip(count / block.numbers * block.bytes)
}

type block struct{ numbers, bytes int64 }

// blocks gives how many numbers of a ggml type are stored together, in how many bytes.
func blocks(kind int32) (block, bool) {
	b, ok := map[int32]block{
		0:  {1, 4},     // f32
		1:  {1, 2},     // f16
		2:  {32, 18},   // q4_0
		3:  {32, 20},   // q4_1
		6:  {32, 22},   // q5_0
		7:  {32, 24},   // q5_1
		8:  {32, 34},   // q8_0
		10: {256, 84},  // q2_k
		11: {256, 110}, // q3_k
		12: {256, 144}, // q4_k
		13: {256, 176}, // q5_k
		14: {256, 210}, // q6_k
	}[kind]
	return b, ok
}

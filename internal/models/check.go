package models

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"sluice/internal/job"
)

// headerLen is the magic number and the eleven sizes behind it.
const headerLen = 4 + 11*4

// Reasons why a file is no model.
var (
	errTooShort = errors.New("the file is too short for a model")
	errWebPage  = errors.New("the file is a web page")
	errPointer  = errors.New("the file is a pointer of Git LFS and not the model itself")
	errGGUF     = errors.New("the file is a GGUF model, which whisper.cpp does not read")
	errMagic    = errors.New("the file is not a whisper.cpp model")
	errSizes    = errors.New("the file starts like a whisper.cpp model, but its sizes are nonsense")
)

// CheckHeader looks whether a file starts like a whisper.cpp model: the magic
// number, and sizes that such a model can have. It reads 48 bytes and proves
// nothing about the rest.
func CheckHeader(path string) error {
	h, err := readHeader(path)
	if err != nil {
		return err
	}
	return checkHeader(h)
}

func readHeader(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	defer func() { _ = f.Close() }()
	h := make([]byte, headerLen)
	n, err := io.ReadFull(f, h)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read model: %w", err)
	}
	return h[:n], nil
}

func checkHeader(h []byte) error {
	if err := checkMagic(h); err != nil {
		return err
	}
	if len(h) < headerLen {
		return errTooShort
	}
	var n [11]int32
	for i := range n {
		n[i] = int32(binary.LittleEndian.Uint32(h[4+4*i:])) //nolint:gosec // the format stores signed numbers
	}
	most := [11]int32{
		200_000, 6000, 16_384, 256, 256, // vocabulary; audio: context, width, heads, layers
		8192, 16_384, 256, 256, // text: context, width, heads, layers
		512, 4000, // mel bands, weight format
	}
	for i, v := range n {
		least := int32(1)
		if i == 10 {
			least = 0 // f32
		}
		if v < least || v > most[i] {
			return errSizes
		}
	}
	if n[2]%n[3] != 0 || n[6]%n[7] != 0 {
		return errSizes
	}
	return nil
}

// checkMagic looks at the first bytes: enough to end a download of
// something else before it fills the disk.
func checkMagic(h []byte) error {
	start := bytes.ToLower(bytes.TrimLeft(h, " \t\r\n\ufeff"))
	switch {
	case len(h) < 4:
		return errTooShort
	case bytes.HasPrefix(h, []byte("lmgg")): // 0x67676d6c, low byte first
		return nil
	case bytes.HasPrefix(h, []byte("GGUF")):
		return errGGUF
	case bytes.HasPrefix(start, []byte("version https://git-lfs")):
		return errPointer
	case bytes.HasPrefix(start, []byte("<")):
		return errWebPage
	}
	return errMagic
}

// languagesOf reads the size of the vocabulary: English-only models have one
// token less than the multilingual ones.
func languagesOf(path string) job.Languages {
	h, err := readHeader(path)
	if err != nil || checkHeader(h) != nil {
		return ""
	}
	switch vocabulary := binary.LittleEndian.Uint32(h[4:]); {
	case vocabulary >= 51_865:
		return job.Multilingual
	case vocabulary == 51_864:
		return job.English
	}
	return ""
}

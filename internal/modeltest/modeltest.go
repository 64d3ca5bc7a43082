// Package modeltest writes speech models for tests: files that whisper.cpp
// loads like its own, as large as a test wants them, with weights that nobody
// trained. Such a model takes memory and time like a real one and hears
// nothing: for every window of sound it says the same words.
package modeltest

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
)

// Model is one model; the zero value works. Two models with other seeds are
// other files.
type Model struct {
	Width     int // 1024: numbers for each token, in heads of 64
	Positions int // 1500: of sound that is heard in a window; the fewer, the sooner it is done
	Hearing   int // 1: layers of the encoder; each costs time for every window
	Speaking  int // 5: layers of the decoder; each costs memory and hardly any time. Two are taken for another kind of model
	Seconds   int // 2: how long it says that its words last, at most 30. Speech without words around them is heard again
	Seed      uint64
}

// Tiny has the shape and nearly the size of Whisper's own smallest model. Its
// words last as long as what it hears, so that nobody doubts them.
func Tiny() Model { return Model{Width: 384, Hearing: 4, Speaking: 4, Seconds: 29} }

// Says is what every model makes of every window.
const Says = "This model never learned a word."

// What all models share, and what whisper.cpp knows by number.
const (
	vocabulary = 51_865 // the least that whisper.cpp takes for multilingual
	textCtx    = 448
	mels       = 80
	bins       = 201
	headWidth  = 64

	endOfText = 50_257
	firstTime = 50_364 // <|0.00|>; every further token is 20 ms later
	prompt    = 3      // tokens before the first that is decoded: start, language, task
)

// Write makes the file, which must not be there yet. The zero Model has 314 MB
// and takes about a second.
func (m Model) Write(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("create model: %w", err)
	}
	err = m.encode(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	return nil
}

func (m Model) encode(to io.Writer) error {
	m.Width, m.Positions = cmp.Or(m.Width, 1024), cmp.Or(m.Positions, 1500)
	m.Hearing, m.Speaking, m.Seconds = cmp.Or(m.Hearing, 1), cmp.Or(m.Speaking, 5), cmp.Or(m.Seconds, 2)
	w := &writer{buf: bufio.NewWriterSize(to, 1<<20), random: rand.NewPCG(m.Seed, m.Seed)}
	words := strings.Fields(Says)
	w.header(m)
	w.filters()
	w.vocabulary(words)
	w.encoder(m)
	w.decoder(m, newScript(words, m, w.random))
	return w.buf.Flush() // the first error of all writes
}

// header is the magic number and the eleven sizes; the last says that the
// weights are half floats.
func (w *writer) header(m Model) {
	w.number(0x67676d6c)
	heads := m.Width / headWidth
	for _, n := range []int{
		vocabulary, m.Positions, m.Width, heads, m.Hearing,
		textCtx, m.Width, heads, m.Speaking, mels, 1,
	} {
		w.number(n)
	}
}

// filters gives each band its own few lines of the spectrum.
func (w *writer) filters() {
	w.number(mels)
	w.number(bins)
	for band := range mels {
		for bin := range bins {
			weight := float32(0)
			if bin*mels/bins == band {
				weight = 0.01
			}
			w.float(weight)
		}
	}
}

// vocabulary names only what is ever said, and the blank that whisper.cpp
// looks for; it makes up names for the rest.
func (w *writer) vocabulary(words []string) {
	w.number(1 + len(words))
	w.word(" ")
	for _, word := range words {
		w.word(" " + word)
	}
}

// writer writes the parts of a model file, low byte first. Errors are kept by
// its buffer.
type writer struct {
	buf    *bufio.Writer
	random *rand.PCG
	raw    [8]byte
}

func (w *writer) number(n int) {
	binary.LittleEndian.PutUint32(w.raw[:], uint32(n))
	_, _ = w.buf.Write(w.raw[:4])
}

func (w *writer) word(s string) {
	w.number(len(s))
	_, _ = w.buf.WriteString(s)
}

package modeltest

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
)

// The kinds of a tensor, as ggml counts them.
const (
	full = 0 // four bytes
	half = 1 // two bytes
)

// encoder is the part that hears.
func (w *writer) encoder(m Model) {
	n := m.Width
	w.tensor("encoder.positional_embedding", full, n, m.Positions)
	w.floats(n*m.Positions, 0)
	w.weights("encoder.conv1.weight", 3, mels, n)
	w.tensor("encoder.conv1.bias", full, 1, n)
	w.floats(n, 0)
	w.weights("encoder.conv2.weight", 3, n, n)
	w.tensor("encoder.conv2.bias", full, 1, n)
	w.floats(n, 0)
	w.norm("encoder.ln_post", n)
	for layer := range m.Hearing {
		block := fmt.Sprintf("encoder.blocks.%d.", layer)
		w.attention(block+"attn", n)
		w.mlp(block+"mlp", n)
	}
}

// decoder is the part that speaks: by its script, whatever it hears.
func (w *writer) decoder(m Model, s script) {
	n := m.Width
	w.tensor("decoder.positional_embedding", full, n, textCtx)
	for position := range textCtx {
		s.position(w, position)
	}
	w.tensor("decoder.token_embedding.weight", half, n, vocabulary)
	for token := range vocabulary {
		s.token(w, token)
	}
	w.norm("decoder.ln", n)
	for layer := range m.Speaking {
		block := fmt.Sprintf("decoder.blocks.%d.", layer)
		w.attention(block+"attn", n)
		w.attention(block+"cross_attn", n)
		w.mlp(block+"mlp", n)
	}
}

func (w *writer) attention(name string, n int) {
	w.norm(name+"_ln", n)
	for _, part := range []string{"query", "key", "value", "out"} {
		w.weights(name+"."+part+".weight", n, n)
		if part != "key" { // the one without a bias
			w.tensor(name+"."+part+".bias", full, n)
			w.floats(n, 0)
		}
	}
}

func (w *writer) mlp(name string, n int) {
	w.norm(name+"_ln", n)
	w.weights(name+".0.weight", n, 4*n)
	w.tensor(name+".0.bias", full, 4*n)
	w.floats(4*n, 0)
	w.weights(name+".2.weight", 4*n, n)
	w.tensor(name+".2.bias", full, n)
	w.floats(n, 0)
}

func (w *writer) norm(name string, n int) {
	w.tensor(name+".weight", full, n)
	w.floats(n, 1)
	w.tensor(name+".bias", full, n)
	w.floats(n, 0)
}

// weights is a tensor of random half floats. They are small, so that what
// stands at a position still shows through all layers.
func (w *writer) weights(name string, shape ...int) {
	w.tensor(name, half, shape...)
	count := 1
	for _, n := range shape {
		count *= n
	}
	w.noise(count)
}

// tensor is what stands before the numbers of one; its first size counts
// neighbours.
func (w *writer) tensor(name string, kind int, shape ...int) {
	w.number(len(shape))
	w.number(len(name))
	w.number(kind)
	for _, n := range shape {
		w.number(n)
	}
	_, _ = w.buf.WriteString(name)
}

func (w *writer) floats(count int, value float32) {
	for range count {
		w.float(value)
	}
}

func (w *writer) float(value float32) {
	binary.LittleEndian.PutUint32(w.raw[:], math.Float32bits(value))
	_, _ = w.buf.Write(w.raw[:4])
}

// halved is a positive number, neither huge nor tiny, as a half float.
func halved(value float32) uint16 {
	const biases = 127 - 15 // what the exponents of the two begin with

	return uint16(math.Float32bits(value)>>13 - biases<<10) //nolint:gosec // what is above is the sign's, and zero
}

// noise writes half floats between 1/128 and 1/64 of either sign, four at a
// time: sign and fraction are random bits, the exponent is not.
func (w *writer) noise(count int) {
	const (
		free     = 0x83ff_83ff_83ff_83ff
		exponent = 0x2000_2000_2000_2000
	)
	for ; count > 0; count -= 4 {
		binary.LittleEndian.PutUint64(w.raw[:], w.random.Uint64()&free|exponent)
		_, _ = w.buf.Write(w.raw[:2*min(count, 4)])
	}
}

// script makes the decoder say the same tokens whatever it hears. Each
// position of the text has a direction of its own that outweighs all that the
// layers add, and the token that is to come there points the same way.
type script struct {
	tokens     []int // one for each position from the end of the prompt on
	directions [][]bool
	other      []bool // of the positions before them
}

func newScript(words []string, m Model, random *rand.PCG) script {
	s := script{tokens: []int{firstTime}, other: direction(m.Width, random)}
	for i := range words {
		s.tokens = append(s.tokens, 1+i)
	}
	const second = 50 // tokens in one
	s.tokens = append(s.tokens, firstTime+m.Seconds*second, endOfText)
	for range s.tokens {
		s.directions = append(s.directions, direction(m.Width, random))
	}
	return s
}

func direction(width int, random *rand.PCG) []bool {
	d := make([]bool, width)
	for i := range d {
		d[i] = random.Uint64()&1 == 0
	}
	return d
}

// position writes the embedding of one place in the text. After the script
// there is nothing but its end.
func (s script) position(w *writer, n int) {
	d := s.other
	if n >= prompt-1 {
		d = s.directions[min(n-prompt+1, len(s.directions)-1)]
	}
	const strength = 4
	for _, up := range d {
		if up {
			w.float(strength)
		} else {
			w.float(-strength)
		}
	}
}

// token writes the embedding of one token: the direction of its place in the
// script, or noise.
func (s script) token(w *writer, token int) {
	for i, t := range s.tokens {
		if t != token {
			continue
		}
		// Whatever the width, what is to come is as certain: else whisper.cpp would
		// take the model's word for a guess, and try again and again.
		const certain = 20
		plus := halved(certain / float32(len(s.other)))
		for _, up := range s.directions[i] {
			bits := plus | 0x8000
			if up {
				bits = plus
			}
			binary.LittleEndian.PutUint16(w.raw[:], bits)
			_, _ = w.buf.Write(w.raw[:2])
		}
		return
	}
	w.noise(len(s.other))
}

package ollamatest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// The tiny model's measures. It knows letters only and was never trained: it
// says nonsense, but a server loads it like any other.
const (
	tinyLayers = 2
	tinyWidth  = 64
	tinyInner  = 128
	tinyHeads  = 4
	tinyShared = 2 // heads of keys and values
	tinyLength = 32_768
)

// tinyModel writes a model of the llama family as a GGUF file of version 3.
func tinyModel() []byte {
	words := []string{"<unk>", "<s>", "</s>"}
	kinds := []int32{2, 3, 3} // unknown, control, control
	for b := range 256 {
		words, kinds = append(words, fmt.Sprintf("<0x%02X>", b)), append(kinds, 6) // a byte
	}
	for letter := 'a'; letter <= 'z'; letter++ {
		words, kinds = append(words, string(letter)), append(kinds, 1) // a plain word
	}
	words, kinds = append(words, "\u2581"), append(kinds, 1) // the space

	g := gguf{noise: rand.New(rand.NewPCG(1, 2))}
	g.set("general.architecture", "llama")
	g.set("general.name", "sluice test")
	g.set("general.file_type", uint32(0))
	g.set("llama.block_count", uint32(tinyLayers))
	g.set("llama.context_length", uint32(tinyLength))
	g.set("llama.embedding_length", uint32(tinyWidth))
	g.set("llama.feed_forward_length", uint32(tinyInner))
	g.set("llama.attention.head_count", uint32(tinyHeads))
	g.set("llama.attention.head_count_kv", uint32(tinyShared))
	g.set("llama.attention.layer_norm_rms_epsilon", float32(1e-5))
	g.set("llama.rope.dimension_count", uint32(tinyWidth/tinyHeads))
	g.set("llama.vocab_size", uint32(len(words)))
	g.set("tokenizer.ggml.model", "llama")
	g.set("tokenizer.ggml.tokens", words)
	g.set("tokenizer.ggml.scores", make([]float32, len(words)))
	g.set("tokenizer.ggml.token_type", kinds)
	g.set("tokenizer.ggml.bos_token_id", uint32(1))
	g.set("tokenizer.ggml.eos_token_id", uint32(2))
	g.set("tokenizer.ggml.unknown_token_id", uint32(0))

	const narrow = tinyWidth / tinyHeads * tinyShared
	g.tensor("token_embd.weight", tinyWidth, len(words))
	for l := range tinyLayers {
		name := func(part string) string { return fmt.Sprintf("blk.%d.%s.weight", l, part) }
		g.tensor(name("attn_norm"), tinyWidth)
		g.tensor(name("attn_q"), tinyWidth, tinyWidth)
		g.tensor(name("attn_k"), tinyWidth, narrow)
		g.tensor(name("attn_v"), tinyWidth, narrow)
		g.tensor(name("attn_output"), tinyWidth, tinyWidth)
		g.tensor(name("ffn_norm"), tinyWidth)
		g.tensor(name("ffn_gate"), tinyWidth, tinyInner)
		g.tensor(name("ffn_up"), tinyWidth, tinyInner)
		g.tensor(name("ffn_down"), tinyInner, tinyWidth)
	}
	g.tensor("output_norm.weight", tinyWidth)
	g.tensor("output.weight", tinyWidth, len(words))
	// A word without weights is never the likeliest: this one would end an answer.
	end := g.weights.Len() - (len(words)-2)*tinyWidth*4
	clear(g.weights.Bytes()[end : end+tinyWidth*4])
	return g.file()
}

// gguf collects the parts of a file.
type gguf struct {
	noise            *rand.Rand
	facts, index     bytes.Buffer
	weights          bytes.Buffer
	nFacts, nTensors uint64
}

// set adds one fact; its type in the file follows the Go type.
func (g *gguf) set(key string, value any) {
	g.nFacts++
	text(&g.facts, key)
	switch v := value.(type) {
	case uint32:
		put(&g.facts, uint32(4), v)
	case float32:
		put(&g.facts, uint32(6), v)
	case string:
		put(&g.facts, uint32(8))
		text(&g.facts, v)
	case []int32:
		put(&g.facts, uint32(9), uint32(5), uint64(len(v)), v)
	case []float32:
		put(&g.facts, uint32(9), uint32(6), uint64(len(v)), v)
	case []string:
		put(&g.facts, uint32(9), uint32(8), uint64(len(v)))
		for _, s := range v {
			text(&g.facts, s)
		}
	default:
		panic(fmt.Sprintf("%s is a %T", key, value))
	}
}

// tensor adds random 32-bit weights.
func (g *gguf) tensor(name string, shape ...int) {
	g.nTensors++
	text(&g.index, name)
	put(&g.index, uint32(len(shape)))
	count := 1
	for _, n := range shape {
		put(&g.index, uint64(n))
		count *= n
	}
	put(&g.index, uint32(0), uint64(g.weights.Len())) // 32-bit floats, and where they begin
	for range count {
		put(&g.weights, float32(g.noise.NormFloat64()/8))
	}
	pad(&g.weights)
}

func (g *gguf) file() []byte {
	var f bytes.Buffer
	f.WriteString("GGUF")
	put(&f, uint32(3), g.nTensors, g.nFacts)
	f.Write(g.facts.Bytes())
	f.Write(g.index.Bytes())
	pad(&f)
	f.Write(g.weights.Bytes())
	return f.Bytes()
}

func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		if err := binary.Write(b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
}

func text(b *bytes.Buffer, s string) {
	put(b, uint64(len(s)))
	b.WriteString(s)
}

// pad fills up to the next of the places where a file may begin something.
func pad(b *bytes.Buffer) {
	for b.Len()%32 != 0 {
		b.WriteByte(0)
	}
}

package ollama

import "slices"

const (
	batch           = 512     // tokens per step, Ollama's default
	cellBytes       = 2       // per number in the cache: f16, Ollama's default
	defaultContext  = 4096    // Ollama's own on a machine with less than 24 GiB for the GPU
	largeVocabulary = 262_144 // the largest in use; most models do not tell theirs
	guessExtra      = 512 << 20
)

// shape is what decides how much a model takes beside its weights. The zero
// shape is one that is not known.
type shape struct {
	cacheHeads []float64 // of keys and values, by layer; 0 = the layer keeps no cache
	local      []bool    // by layer: it sees a window, not the whole context
	window     float64   // tokens
	keyValue   float64   // numbers that one head keeps per token
	embedding  float64
	vocabulary float64
	trained    float64 // the longest context the model can have; 0 = not told
}

// estimate reckons the cache as Ollama does (GraphSize in its fs/ggml/ggml.go).
// The buffers are what llama.cpp takes with flash attention, which Ollama turns on
// wherever it can: the chances of every word, who may see whom, and four
// vectors, for each token of a step. The small state of layers without a cache
// is left out.
func (s shape) estimate(weights int64, numCtx int) Estimate {
	if numCtx <= 0 {
		numCtx = defaultContext
	}
	tokens := float64(numCtx)
	if s.trained > 0 { // a longer one is cut by the server
		tokens = min(tokens, s.trained)
	}
	var cache float64
	for i, heads := range s.cacheHeads {
		seen := tokens
		if s.local[i] {
			seen = min(tokens, s.window+batch)
		}
		cache += seen * heads * s.keyValue * cellBytes
	}
	compute := 4 * batch * (s.vocabulary + tokens + 4*s.embedding)
	if len(s.cacheHeads) == 0 || cache+compute > tooMuch {
		return Estimate{Weights: weights, Compute: weights/5 + guessExtra, Guess: true}
	}
	return Estimate{Weights: weights, Cache: int64(cache), Compute: int64(compute)}
}

// read takes the shape from what a server shows of a model. What is missing
// there makes it the zero shape. It is not complete when a list was left out.
func read(info map[string]any) (s shape, complete bool) {
	f := facts{info: info}
	f.arch, _ = info["general.architecture"].(string)
	layers := int(f.number("block_count", 0))
	heads := f.perLayer("attention.head_count", layers, nil)
	s = shape{
		cacheHeads: f.perLayer("attention.head_count_kv", layers, heads),
		window:     f.number("attention.sliding_window", 0),
		embedding:  f.number("embedding_length", 0),
		vocabulary: f.number("vocab_size", largeVocabulary),
		trained:    f.number("context_length", 0),
	}
	s.local = f.locals(layers, s.window)
	if f.leftOut {
		return shape{}, false
	}
	for _, h := range heads { // where they differ, few heads are the longer ones
		if h > 0 {
			s.keyValue = max(s.keyValue, s.embedding/h)
		}
	}
	s.keyValue = f.number("attention.key_length", s.keyValue) + f.number("attention.value_length", s.keyValue)
	if s.embedding == 0 || s.keyValue == 0 {
		return shape{}, true
	}
	return s, true
}

// facts are the figures of one model, by architecture.
type facts struct {
	info    map[string]any
	arch    string
	leftOut bool // a list that is needed was not sent
}

func (f *facts) number(key string, otherwise float64) float64 {
	if n, ok := f.info[f.arch+"."+key].(float64); ok && n >= 0 {
		return n
	}
	return otherwise
}

// manyLayers is more than any model has.
const manyLayers = 4096

// perLayer gives a figure that is one number for all layers or a list with one
// for each.
func (f *facts) perLayer(key string, layers int, otherwise []float64) []float64 {
	if layers <= 0 || layers > manyLayers {
		return nil
	}
	value, there := f.info[f.arch+"."+key]
	switch v := value.(type) {
	case float64:
		return slices.Repeat([]float64{max(v, 0)}, layers)
	case []any:
		list := make([]float64, 0, layers)
		for _, e := range v {
			if n, ok := e.(float64); ok && n >= 0 {
				list = append(list, n)
			}
		}
		switch {
		case len(v) == 0:
			f.leftOut = true
		case len(list) >= layers:
			return list[:layers]
		}
		return nil
	}
	f.leftOut = f.leftOut || there && value == nil
	return otherwise
}

// locals says which layers see a window only. Models tell it with a list, or
// with how often a layer sees everything, or not at all: then it is known for
// two families, and the layers of others count with the whole context.
func (f *facts) locals(layers int, window float64) []bool {
	local := make([]bool, max(0, min(layers, manyLayers)))
	if window == 0 {
		return local
	}
	every := 0
	switch f.arch {
	case "gemma3":
		every = 6
	case "gptoss", "gpt-oss":
		every = 2
	}
	value, there := f.info[f.arch+".attention.sliding_window_pattern"]
	switch v := value.(type) {
	case float64:
		every = int(v)
	case []any:
		f.leftOut = f.leftOut || len(v) == 0
		for i := range min(len(v), len(local)) {
			local[i], _ = v[i].(bool)
		}
		return local
	default:
		f.leftOut = f.leftOut || there
	}
	for i := range local {
		local[i] = every > 0 && (i+1)%every != 0
	}
	return local
}

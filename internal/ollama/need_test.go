package ollama_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/ollama"
)

const weights = 3_000_000_000

// shelf is a server with one model whose shape is given. As the real one, it
// leaves lists out unless it is asked for all, and then sends the words too.
func shelf(info map[string]any, shown *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/tags" {
			says(200, fmt.Sprintf(`{"models":[{"name":"some:latest","digest":"d1","size":%d}]}`, int64(weights)))(w, r)
			return
		}
		shown.Add(1)
		var ask struct{ Verbose bool }
		_ = json.NewDecoder(r.Body).Decode(&ask)
		sent := map[string]any{"tokenizer.ggml.tokens": nil}
		for k, v := range info {
			if _, list := v.([]any); list && !ask.Verbose {
				v = nil
			}
			sent[k] = v
		}
		if ask.Verbose {
			sent["tokenizer.ggml.tokens"] = strings.Repeat("word ", 4096)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"model_info": sent})
	}
}

func list(values ...any) []any { return values }

func TestEstimate(t *testing.T) {
	t.Parallel()
	// What one layer keeps: tokens x heads x (key + value) x two bytes.
	const perToken = 8 * (128 + 128) * 2
	const manyWords = 262_144
	compute := func(vocabulary, tokens, embedding int64) int64 { return 4 * 512 * (vocabulary + tokens + 4*embedding) }
	known := func(cache, compute int64) ollama.Estimate {
		return ollama.Estimate{Weights: weights, Cache: cache, Compute: compute}
	}
	guess := ollama.Estimate{Weights: weights, Compute: weights/5 + 512<<20, Guess: true}
	plain := map[string]any{
		"general.architecture": "qwen3", "qwen3.block_count": 4, "qwen3.embedding_length": 2560, "qwen3.context_length": 40960,
		"qwen3.attention.head_count": 32, "qwen3.attention.head_count_kv": 8,
		"qwen3.attention.key_length": 128, "qwen3.attention.value_length": 128,
	}
	with := func(changes map[string]any) map[string]any {
		info := map[string]any{}
		for k, v := range plain {
			info[k] = v
		}
		for k, v := range changes {
			info["qwen3."+k] = v
			if v == nil {
				delete(info, "qwen3."+k)
			}
		}
		return info
	}
	as := func(arch string, info map[string]any) map[string]any {
		renamed := map[string]any{}
		for k, v := range info {
			renamed[strings.Replace(k, "qwen3.", arch+".", 1)] = v
		}
		renamed["general.architecture"] = arch
		return renamed
	}

	tests := map[string]struct {
		info   map[string]any
		tokens int
		want   ollama.Estimate
	}{
		"every layer keeps the whole context": {plain, 8192, known(4*8192*perToken, compute(manyWords, 8192, 2560))},
		"no context is Ollama's own":          {plain, 0, known(4*4096*perToken, compute(manyWords, 4096, 2560))},
		"more than the model can is cut":      {plain, 1 << 20, known(4*40960*perToken, compute(manyWords, 40960, 2560))},
		"a model that tells its words": {
			with(map[string]any{"vocab_size": 32000}), 8192, known(4*8192*perToken, compute(32000, 8192, 2560)),
		},
		"key and value by what each head gets": {
			with(map[string]any{"attention.key_length": nil, "attention.value_length": nil}), 8192,
			known(4*8192*8*(80+80)*2, compute(manyWords, 8192, 2560)),
		},
		"no shared heads": {
			with(map[string]any{"attention.head_count_kv": nil}), 8192, known(4*8192*perToken*4, compute(manyWords, 8192, 2560)),
		},
		"layers that differ": {
			with(map[string]any{"attention.head_count_kv": list(8, 0, 0, 4)}), 8192,
			known(8192*perToken*3/2, compute(manyWords, 8192, 2560)),
		},
		"heads that differ": {
			with(map[string]any{"attention.head_count": list(32, 16, 0, 32), "attention.key_length": nil, "attention.value_length": nil}), 8192,
			known(4*8192*8*(160+160)*2, compute(manyWords, 8192, 2560)),
		},
		"a list of windows": {
			with(map[string]any{"attention.sliding_window": 1024, "attention.sliding_window_pattern": list(true, true, true, false)}), 8192,
			known((3*(1024+512)+8192)*perToken, compute(manyWords, 8192, 2560)),
		},
		"every second layer sees everything": {
			with(map[string]any{"attention.sliding_window": 1024, "attention.sliding_window_pattern": 2}), 8192,
			known((2*(1024+512)+2*8192)*perToken, compute(manyWords, 8192, 2560)),
		},
		"a window longer than the context": {
			with(map[string]any{"attention.sliding_window": 100_000, "attention.sliding_window_pattern": 2}), 8192,
			known(4*8192*perToken, compute(manyWords, 8192, 2560)),
		},
		"a window nobody tells the layers of": {
			with(map[string]any{"attention.sliding_window": 1024}), 8192, known(4*8192*perToken, compute(manyWords, 8192, 2560)),
		},
		"gemma3: every sixth": {
			as("gemma3", with(map[string]any{"attention.sliding_window": 1024, "block_count": 6})), 8192,
			known((5*(1024+512)+8192)*perToken, compute(manyWords, 8192, 2560)),
		},
		"gpt-oss: every second": {
			as("gptoss", with(map[string]any{"attention.sliding_window": 128})), 8192,
			known((2*(128+512)+2*8192)*perToken, compute(manyWords, 8192, 2560)),
		},
		"nothing is told":               {map[string]any{}, 8192, guess},
		"no family":                     {map[string]any{"general.architecture": 7}, 8192, guess},
		"no layers":                     {with(map[string]any{"block_count": nil}), 8192, guess},
		"layers beyond reason":          {with(map[string]any{"block_count": 1e18}), 8192, guess},
		"fewer layers than none":        {with(map[string]any{"block_count": -3}), 8192, guess},
		"no heads":                      {with(map[string]any{"attention.head_count": nil, "attention.head_count_kv": nil}), 8192, guess},
		"no width":                      {with(map[string]any{"embedding_length": nil}), 8192, guess},
		"heads in words":                {with(map[string]any{"attention.head_count_kv": "eight"}), 8192, known(4*8192*perToken*4, compute(manyWords, 8192, 2560))},
		"a list that is too short":      {with(map[string]any{"attention.head_count_kv": list(8, 8)}), 8192, guess},
		"a list that stays away":        {with(map[string]any{"attention.head_count_kv": list()}), 8192, guess},
		"a list of words":               {with(map[string]any{"attention.head_count_kv": list("a", "b", "c", "d")}), 8192, guess},
		"heads beyond reason":           {with(map[string]any{"attention.head_count_kv": 1e300}), 8192, guess},
		"a long answer beyond reason":   {with(map[string]any{"attention.head_count_kv": list(8, 8, 8, 8), "x": list(strings.Repeat("x", 1<<20))}), 8192, guess},
		"a pattern that makes no sense": {with(map[string]any{"attention.sliding_window": 9, "attention.sliding_window_pattern": "odd"}), 8192, guess},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var shown atomic.Int32
			c := client(t, ollama.Config{Host: fake(t, shelf(tt.info, &shown)), AnswerBytes: 256 << 10})
			got, err := c.Estimate(t.Context(), "some", tt.tokens)
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("Estimate(): %v\n%s", err, diff)
			}
			need, err := c.Need(t.Context(), "some", tt.tokens)
			if sum := tt.want.Weights + tt.want.Cache + tt.want.Compute; err != nil || need != sum {
				t.Errorf("Need() = %d, %v, want %d", need, err, sum)
			}
		})
	}
}

func TestAModelIsShownOnce(t *testing.T) {
	t.Parallel()
	var shown atomic.Int32
	c := client(t, ollama.Config{Host: fake(t, shelf(map[string]any{"general.architecture": "llama"}, &shown))})
	for range 3 {
		if _, err := c.Need(t.Context(), "some", 4096); err != nil {
			t.Fatal(err)
		}
	}
	if n := shown.Load(); n != 1 {
		t.Errorf("it was shown %d times", n)
	}
}

func TestNamesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	c := client(t, ollama.Config{Host: fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/tags" {
			says(200, `{"model_info":{}}`)(w, r)
			return
		}
		says(200, `{"models":[{"name":"qwen3:latest","size":1},{"name":"gemma3:4b","size":1},
			{"name":"ann/tiny:latest","size":1},{"name":"far:cloud","size":384,"remote_host":"https://ollama.com:443"}]}`)(w, r)
	})})
	tests := map[string]bool{
		"qwen3": true, "qwen3:latest": true, "Qwen3": true, "library/qwen3": true, "registry.ollama.ai/library/qwen3": true,
		"gemma3:4b": true, "ann/tiny": true,
		"gemma3": false, "qwen3:8b": false, "qwen": false, "tiny": false, "": false,
	}
	for name, there := range tests {
		need, err := c.Need(t.Context(), name, 4096)
		switch {
		case there && (err != nil || need <= 1):
			t.Errorf("Need(%q) = %d, %v", name, need, err)
		case !there && (!fault.Is(err, fault.ModelMissing) || !strings.Contains(fault.From(err).Hint, "sluice models pull "+name)):
			t.Errorf("Need(%q): %v", name, err)
		}
	}
	if need, err := c.Need(t.Context(), "far:cloud", 4096); err != nil || need != 0 {
		t.Errorf("a model that runs elsewhere: %d, %v", need, err)
	}
}

func TestAModelThatIsDeletedMeanwhileIsMissing(t *testing.T) {
	t.Parallel()
	c := client(t, ollama.Config{Host: fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/tags" {
			says(200, `{"models":[{"name":"some:latest","size":1}]}`)(w, r)
			return
		}
		says(404, `{"error":"model 'some' not found"}`)(w, r)
	})})
	if _, err := c.Need(t.Context(), "some", 4096); !fault.Is(err, fault.ModelMissing) {
		t.Errorf("Need(): %v", err)
	}
}

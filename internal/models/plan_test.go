package models_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/models"
)

const (
	gib = int64(1) << 30
	mb  = int64(1_000_000)
)

func needOf(t *testing.T, name string) int64 {
	t.Helper()
	for _, e := range models.Catalog() {
		if e.Name == name {
			return e.NeedBytes
		}
	}
	t.Fatalf("%q is not in the catalog", name)
	return 0
}

func TestPlanFor(t *testing.T) {
	t.Parallel()
	tuned := models.Plan{Speech: "large-v3-turbo-q5_0", LLM: "gemma3:4b", LLMNeed: 4200 * mb, Context: 8192}
	tests := map[string]struct {
		gib  int64
		want models.Plan
	}{
		"hardly anything":   {1, models.Plan{Speech: "tiny"}},
		"a small container": {4, models.Plan{Speech: "base", LLM: "gemma3:1b", LLMNeed: 1500 * mb, Context: 4096}},
		"the smallest Mac":  {8, models.Plan{Speech: "small", LLM: "gemma3:1b", LLMNeed: 1500 * mb, Context: 4096}},
		"16 GB":             {16, tuned},
		"18 GB, the target": {18, tuned},
		"24 GB":             {24, models.Plan{Speech: "large-v3-turbo-q8_0", LLM: "gemma3:12b", LLMNeed: 9700 * mb, Context: 8192}},
		"32 GB less what firmware has": {
			31, models.Plan{Speech: "large-v3-turbo", LLM: "gemma3:12b", LLMNeed: 10_200 * mb, Context: 16_384, Overlap: true},
		},
		"36 GB": {36, models.Plan{Speech: "large-v3", LLM: "qwen3:14b", LLMNeed: 12_500 * mb, Context: 16_384, Overlap: true}},
		"64 GB": {64, models.Plan{Speech: "large-v3", LLM: "gemma3:27b", LLMNeed: 20_900 * mb, Context: 32_768, Overlap: true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, models.PlanFor(tt.gib<<30, 0)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPlanKeepsWithinTheCeiling(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		gib, ceiling int64
		want         models.Plan
	}{
		"all of it fits": {18, 5000 * mb, models.Plan{Speech: "large-v3-turbo-q5_0", LLM: "gemma3:4b", LLMNeed: 4200 * mb, Context: 8192}},
		"the language model gives way alone": {
			18, 4000 * mb, models.Plan{Speech: "large-v3-turbo-q5_0", LLM: "gemma3:1b", LLMNeed: 1500 * mb, Context: 4096},
		},
		"that of the largest machine gives way by one step": {
			64, 10_000 * mb, models.Plan{Speech: "large-v3", LLM: "gemma3:12b", LLMNeed: 9700 * mb, Context: 8192},
		},
		"both give way":        {18, 1000 * mb, models.Plan{Speech: "small"}},
		"hardly anything fits": {64, 300 * mb, models.Plan{Speech: "tiny"}},
		"nothing fits":         {64, 250 * mb, models.Plan{}},
		"the machine decides":  {4, 5000 * mb, models.Plan{Speech: "base", LLM: "gemma3:1b", LLMNeed: 1500 * mb, Context: 4096}},
		"nothing is known":     {0, 0, models.Plan{Speech: "tiny"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, models.PlanFor(tt.gib<<30, tt.ceiling)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheLargestThatFits(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		name, language string
		ceiling        int64
		want           string
	}{
		"whatever is spoken":                     {"large-v3", "auto", 3000 * mb, "large-v3-turbo"},
		"never English alone for another":        {"large-v3", "ko", 2240 * mb, "large-v3-q5_0"},
		"the English one where that is spoken":   {"large-v3", "en", 1000 * mb, "small.en"},
		"all languages where that is not told":   {"large-v3", "auto", 1000 * mb, "small"},
		"who chose an English model speaks it":   {"medium.en", "auto", 1000 * mb, "small.en"},
		"a file of which nobody knows":           {"mine", "auto", 1000 * mb, "small"},
		"the smallest of all":                    {"large-v3", "ko", 256 * mb, "tiny-q5_1"},
		"the smallest of all is English as well": {"large-v3", "en", 256 * mb, "tiny.en-q5_1"},
		"there is none":                          {"large-v3", "en", 100 * mb, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := models.New(models.Config{Dir: t.TempDir()})
			if got := s.Largest(tt.name, tt.language, func(need int64) bool { return need <= tt.ceiling }); got != tt.want {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestEveryPlanFitsItsMachine holds each plan against what a Mac of that size
// gives one stage: two thirds of its memory, or all but 6 GiB or a third where
// that is less, and 15 % of it to spare.
func TestEveryPlanFitsItsMachine(t *testing.T) {
	t.Parallel()
	for size := int64(1); size <= 256; size++ {
		ram := size * gib
		share := min(ram*2/3, ram-min(6*gib, ram/3))
		ceiling := share * 85 / 100
		plan := models.PlanFor(ram, 0)
		speech := needOf(t, plan.Speech)
		if speech > ceiling {
			t.Errorf("%d GB: %s needs %d MB of %d", size, plan.Speech, speech/mb, ceiling/mb)
		}
		if plan.LLMNeed > ceiling {
			t.Errorf("%d GB: %s needs %d MB of %d", size, plan.LLM, plan.LLMNeed/mb, ceiling/mb)
		}
		if plan.Overlap && speech+plan.LLMNeed > ceiling {
			t.Errorf("%d GB: %s and %s need %d MB of %d together", size, plan.Speech, plan.LLM, (speech+plan.LLMNeed)/mb, ceiling/mb)
		}
		if plan.Overlap && size < 30 {
			t.Errorf("%d GB: the two may overlap", size)
		}
		if hasLLM := plan.LLM != ""; hasLLM != (plan.LLMNeed > 0) || hasLLM != (plan.Context >= 4096) {
			t.Errorf("%d GB: half a plan: %+v", size, plan)
		}
		for _, closed := range []string{"exaone", "aya", "command-r"} { // not for commercial use
			if strings.HasPrefix(plan.LLM, closed) {
				t.Errorf("%d GB: the licence of %s allows no default", size, plan.LLM)
			}
		}
	}
}

func TestSmaller(t *testing.T) {
	t.Parallel()
	// Files of the right size would be gigabytes: the tests' own catalog has
	// small files with the needs of the real ones.
	catalog := models.Catalog()
	bodies := map[string][]byte{}
	for i := range catalog {
		body := weights(2048+i, byte(i))
		catalog[i].Bytes, catalog[i].SHA256 = int64(len(body)), sum(body)
		bodies[catalog[i].Name] = body
	}
	tests := map[string]struct {
		installed []string
		name      string
		below     int64
		want      string
	}{
		"large gives way to turbo":                        {nil, "large-v3", 5 * gib, "large-v3-turbo"},
		"turbo gives way to its quantised sister":         {nil, "large-v3-turbo", 3 * gib, "large-v3-turbo-q8_0"},
		"the target's model gives way to small":           {nil, "large-v3-turbo-q5_0", 2 * gib, "small"},
		"with the prefix of its file":                     {nil, "ggml-large-v3-turbo-q5_0", 2 * gib, "small"},
		"what is there may be less than the model's need": {nil, "large-v3", gib, "small-q8_0"},
		"an installed one comes first":                    {[]string{"tiny", "base"}, "large-v3", 5 * gib, "base"},
		"an installed one that is no smaller does not":    {[]string{"medium", "large-v3"}, "large-v3-turbo", 3 * gib, "large-v3-turbo-q8_0"},
		"English stays English where that is larger":      {nil, "medium.en-q5_0", 2 * gib, "small.en"},
		"English may become all languages":                {[]string{"small-q5_1"}, "medium.en", 3 * gib, "small-q5_1"},
		"all languages never become English":              {[]string{"small.en", "tiny.en"}, "large-v3-turbo-q5_0", 2 * gib, "small"},
		"a file of the user's own":                        {nil, "mine", gib, "small-q8_0"},
		"a name nobody knows":                             {nil, "huge", 2 * gib, "large-v3-turbo-q8_0"},
		"nothing is smaller than tiny":                    {nil, "tiny-q5_1", gib, ""},
		"nothing fits into nothing":                       {nil, "large-v3", 0, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, model := range tt.installed {
				put(t, dir, "ggml-"+model+".bin", bodies[model])
			}
			put(t, dir, "mine.bin", weights(4096, 200))
			if tt.name == "mine" {
				// A hole makes the file as large as a model and takes no disk.
				stretch(t, dir, "mine.bin", 3<<30)
			}
			s := models.New(models.Config{Dir: dir, Catalog: catalog})
			if got := s.Smaller(t.Context(), tt.name, tt.below); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func stretch(t *testing.T, dir, name string, size int64) {
	t.Helper()
	if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedModelIsNotOffered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "ggml-base.bin", []byte("<html>"))
	s := models.New(models.Config{Dir: dir})
	if got := s.Smaller(t.Context(), "large-v3-turbo-q5_0", 2*gib); got != "small" {
		t.Errorf("got %q", got)
	}
}

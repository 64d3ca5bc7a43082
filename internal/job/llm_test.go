package job_test

import (
	"strings"
	"testing"

	"sluice/internal/job"
)

func TestANameOfALanguageModelLeadsNowhere(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"gemma3:4b":                     true,
		"hf.co/someone/model-GGUF:Q4_K": true,
		"127.0.0.1:5000/team/model":     true,
		"model@sha256:abcdef":           true,
		"":                              false,
		"../../etc/passwd":              false,
		"a/../b":                        false,
		"a//b":                          false,
		"a/":                            false,
		"/a":                            false,
		"-rf":                           false,
		"a b":                           false,
		"a\x00b":                        false,
		"모델":                            false,
		"a?b":                           false,
		strings.Repeat("a", 201):        false,
	} {
		if got := job.IsLLMName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

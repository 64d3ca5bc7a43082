package models

// Plan is what suits a machine unless its user says otherwise.
type Plan struct {
	Speech  string // speech model; always one of the catalog
	LLM     string // language model of Ollama; "" = the machine is too small for any
	LLMNeed int64  // memory the language model takes with Context, until it was measured
	Context int    // tokens the language model can look at; 0 without one
	Overlap bool   // both models may be in memory at the same time
}

// PlanFor chooses for a machine with this much memory: the best text that
// leaves room for the system and the user's programs. Mac sizes decide; the
// steps lie below them, since firmware keeps some memory for itself. The row
// of 16 GB was tuned on a Mac with 18.
//
// What a language model needs is an estimate: its weights with four bits, keys
// and values with 16 bits for the whole context, and half a gigabyte to compute
// in. The languages and the licence of each allow it as a default: the Gemma
// terms and Apache 2.0 do not forbid commercial use.
func PlanFor(ramBytes int64) Plan {
	const (
		gib = 1 << 30
		mb  = 1_000_000
	)
	switch {
	case ramBytes >= 46*gib: // 48 GB
		return Plan{Speech: "large-v3", LLM: "gemma3:27b", LLMNeed: 20_900 * mb, Context: 32_768, Overlap: true}
	case ramBytes >= 34*gib: // 36 GB
		return Plan{Speech: "large-v3", LLM: "qwen3:14b", LLMNeed: 12_500 * mb, Context: 16_384, Overlap: true}
	case ramBytes >= 30*gib: // 32 GB
		return Plan{Speech: "large-v3-turbo", LLM: "gemma3:12b", LLMNeed: 10_200 * mb, Context: 16_384, Overlap: true}
	case ramBytes >= 22*gib: // 24 GB
		return Plan{Speech: "large-v3-turbo-q8_0", LLM: "gemma3:12b", LLMNeed: 9_700 * mb, Context: 8192}
	case ramBytes >= 12*gib: // 16 and 18 GB
		return Plan{Speech: "large-v3-turbo-q5_0", LLM: "gemma3:4b", LLMNeed: 4_200 * mb, Context: 8192}
	case ramBytes >= 6*gib: // 8 GB
		return Plan{Speech: "small", LLM: "gemma3:1b", LLMNeed: 1_500 * mb, Context: 4096}
	case ramBytes >= 3*gib: // a small container
		return Plan{Speech: "base", LLM: "gemma3:1b", LLMNeed: 1_500 * mb, Context: 4096}
	}
	return Plan{Speech: "tiny"}
}

// Recommend names the speech model for a machine with this much memory.
func Recommend(ramBytes int64) string { return PlanFor(ramBytes).Speech }

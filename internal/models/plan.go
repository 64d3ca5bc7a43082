package models

// Plan is what suits a machine unless its user says otherwise.
type Plan struct {
	Speech  string // speech model of the catalog; "" = none of the plans fits
	LLM     string // language model of Ollama; "" = the machine is too small for any of the plans
	LLMNeed int64  // memory the language model takes with Context, until it was measured
	Context int    // tokens the language model can look at; 0 without one
	Overlap bool   // both models may be in memory at the same time
}

// PlanFor chooses for a machine with this much memory: the best text that
// leaves room for the system and the user's programs. Mac sizes decide; the
// steps lie below them, since firmware keeps some memory for itself. The row
// of 16 GB was tuned on a Mac with 18. What needs more than the ceiling of one
// stage gives way to that of a smaller machine; a ceiling of 0 is not known.
//
// What a language model needs is an estimate: its weights with four bits, keys
// and values with 16 bits for the whole context, and half a gigabyte to compute
// in. The languages and the licence of each allow it as a default: the Gemma
// terms and Apache 2.0 do not forbid commercial use.
func PlanFor(ramBytes, ceiling int64) Plan {
	const (
		gib = 1 << 30
		mb  = 1_000_000
	)
	rows := []struct {
		from int64
		plan Plan
	}{
		{46 * gib, Plan{Speech: "large-v3", LLM: "gemma3:27b", LLMNeed: 20_900 * mb, Context: 32_768, Overlap: true}},       // 48 GB
		{34 * gib, Plan{Speech: "large-v3", LLM: "qwen3:14b", LLMNeed: 12_500 * mb, Context: 16_384, Overlap: true}},        // 36 GB
		{30 * gib, Plan{Speech: "large-v3-turbo", LLM: "gemma3:12b", LLMNeed: 10_200 * mb, Context: 16_384, Overlap: true}}, // 32 GB
		{22 * gib, Plan{Speech: "large-v3-turbo-q8_0", LLM: "gemma3:12b", LLMNeed: 9_700 * mb, Context: 8192}},              // 24 GB
		{12 * gib, Plan{Speech: "large-v3-turbo-q5_0", LLM: "gemma3:4b", LLMNeed: 4_200 * mb, Context: 8192}},               // 16 and 18 GB
		{6 * gib, Plan{Speech: "small", LLM: "gemma3:1b", LLMNeed: 1_500 * mb, Context: 4096}},                              // 8 GB
		{3 * gib, Plan{Speech: "base", LLM: "gemma3:1b", LLMNeed: 1_500 * mb, Context: 4096}},                               // a small container
		{0, Plan{Speech: "tiny"}},
	}
	var p Plan
	for _, row := range rows {
		if ramBytes < row.from {
			continue
		}
		if p.Speech == "" && within(speechNeed(row.plan.Speech), ceiling) {
			p.Speech = row.plan.Speech
		}
		if p.LLM == "" && within(row.plan.LLMNeed, ceiling) {
			speech := p.Speech
			p = row.plan
			p.Speech = speech
		}
	}
	return p
}

func within(need, ceiling int64) bool { return ceiling <= 0 || need <= ceiling }

// speechNeed is what a model of the catalog takes.
func speechNeed(name string) int64 {
	for _, e := range Catalog() {
		if e.Name == name {
			return e.NeedBytes
		}
	}
	return 0
}

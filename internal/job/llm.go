package job

import "strings"

// maxLLMName is the length of the longest name of a language model, in bytes.
const maxLLMName = 200

// IsLLMName says whether a text can be the name of a model of Ollama, such as
// gemma3:4b or hf.co/someone/model:Q4_K_M. It becomes part of addresses and
// paths there, so it must not lead anywhere.
func IsLLMName(text string) bool {
	letter := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' }
	odd := func(r rune) bool { return !letter(r) && !strings.ContainsRune("._:/@-", r) }
	switch {
	case text == "", len(text) > maxLLMName, strings.ContainsFunc(text, odd), !letter(rune(text[0])):
		return false
	case strings.Contains(text, ".."), strings.Contains(text, "//"), strings.HasSuffix(text, "/"):
		return false
	}
	return true
}

package transcript

import "strings"

// Summary is what a recording is about, in a few words.
type Summary struct {
	Language        string    `json:"language"` // code of the language it is written in
	Title           string    `json:"title"`
	Text            string    `json:"text"` // paragraphs, divided by an empty line
	KeyPoints       []string  `json:"key_points" nullable:"false"`
	Chapters        []Chapter `json:"chapters" nullable:"false"` // by time
	ActionItems     []string  `json:"action_items" nullable:"false"`
	CoveragePercent int       `json:"coverage_percent"` // how much of the transcript the model has read, rounded down
}

// Chapter is where a part of the recording begins: at the start of one of its
// segments.
type Chapter struct {
	StartMS int64  `json:"start_ms"`
	Title   string `json:"title"`
}

// OneLine makes text from a language model safe to keep as one line: valid
// UTF-8, no control characters, single spaces.
func OneLine(s string) string { return oneLine(s) }

// Paragraphs makes longer text safe in the same way. Paragraphs stay apart, by
// one empty line each.
func Paragraphs(s string) string {
	var kept []string
	for line := range strings.SplitSeq(clean(s), "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n\n")
}

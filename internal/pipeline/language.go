package pipeline

import (
	"context"
	"fmt"

	"sluice/internal/transcript"
)

// LanguageModels finds the models that translate and summarise.
type LanguageModels interface {
	// Model gives the model with the longest context it can have up to this one,
	// and what it needs with it. A server that is ours to start is started. Faults:
	// ollama_unreachable, ollama_missing, ollama_failed, model_missing.
	// What of it the model has in memory already is its Held.
	Model(ctx context.Context, name string, context int) (Model, error)
	// Release has a model give its memory back and returns when it has, or when
	// ctx ends. Fault: ollama_busy.
	Release(ctx context.Context, name string) error
}

// Translator turns the lines of a transcript into another language, each for
// itself.
type Translator interface {
	// Translate gives every line of the request that is not in Done to
	// watch.Batch, in order, some at a time, each once and none empty unless its
	// original is. It blocks; when ctx ends the work stops at once. An error from
	// watch.Batch ends it with that error. A line the model makes nothing of stays
	// as it was and is no error. Faults: the codes of Ollama, model_missing,
	// language_unknown.
	Translate(ctx context.Context, req TranslateRequest, watch TranslateWatch) error
}

// TranslateRequest is what to translate and how. The same request, with more
// of it done, goes on where the earlier one ended.
type TranslateRequest struct {
	From     string // code; "" = not known
	To       string // code
	Lines    []Line
	Done     []TranslatedLine // what earlier runs have finished
	Title    string           // of the recording; "" = none
	Glossary []Term
	Register Register
	Model    string
	Context  int // tokens; cut to what the model can have
}

// Line is one segment of a transcript as a language model gets it.
type Line struct {
	ID      int
	Text    string
	StartMS int64
}

// Term is how a word or name is to be translated.
type Term struct {
	From string
	To   string
}

// Register is how Korean addresses its listener.
type Register string

// The registers.
const (
	AnyRegister Register = ""       // the model's choice
	Formal      Register = "formal" // 합니다체
	Polite      Register = "polite" // 해요체
)

// TranslatedLine is a line in the other language.
type TranslatedLine struct {
	ID           int    `json:"id"`
	Text         string `json:"text"`
	Untranslated bool   `json:"untranslated,omitempty"` // Text is the original
	Warning      string `json:"warning,omitempty"`      // why, for people
}

// TranslateWatch gets what happens meanwhile. The calls come one after another
// from one goroutine; nil members are skipped.
type TranslateWatch struct {
	Batch    func(lines []TranslatedLine) error // finished lines: to be stored
	Progress func(fraction float64)             // of all lines
	Usage    func(u Usage)                      // after each request, all of them together
}

// Usage is what the model was asked in one run.
type Usage struct {
	Requests  int
	Retries   int // requests for what an earlier one was not good for
	TokensIn  int
	TokensOut int
}

// Summarizer says what a recording is about.
type Summarizer interface {
	// Summarize reads all lines and sums them up. It blocks; when ctx ends the
	// work stops at once. An error from watch.Part ends it with that error. When
	// the model gives nothing that can be used, the error is a *NoSummary: the
	// stage has done its work, with a warning and without a summary. Faults: the
	// codes of Ollama, model_missing, language_unknown.
	Summarize(ctx context.Context, req SummarizeRequest, watch SummarizeWatch) (transcript.Summary, error)
}

// SummarizeRequest is what to sum up and how.
type SummarizeRequest struct {
	Language string // code of the language to write in
	Lines    []Line
	Done     []SummaryPart // what earlier runs have finished
	Title    string        // of the recording; "" = none
	Template Template
	Model    string
	Context  int // tokens; cut to what the model can have
}

// Template says what matters in a recording of its kind.
type Template string

// The templates.
const (
	General   Template = "general"
	Meeting   Template = "meeting"
	Lecture   Template = "lecture"
	Interview Template = "interview"
)

// Templates lists them all, the usual one first.
func Templates() []Template { return []Template{General, Meeting, Lecture, Interview} }

// SummaryPart is what one piece of a long recording comes down to. The pieces
// of the transcript are of level 0; what remains of them may be cut in pieces
// again, of the next level.
type SummaryPart struct {
	Level  int     `json:"level"`
	From   int     `json:"from"` // the first of the level's texts in this piece
	To     int     `json:"to"`   // and the first after it
	Points []Point `json:"points"`
	Read   float64 `json:"read"` // share of the piece that the model has read: 0 to 1
}

// Point is one thing that was said.
type Point struct {
	ID   int    `json:"id"` // of the line where it begins
	Text string `json:"text"`
}

// SummarizeWatch gets what happens meanwhile. The calls come one after another
// from one goroutine; nil members are skipped.
type SummarizeWatch struct {
	Part     func(p SummaryPart) error // a finished part: to be stored
	Progress func(fraction float64)
	Usage    func(u Usage) // after each request, all of them together
}

// NoSummary says that no usable summary came about, and why.
type NoSummary struct {
	Why             string // for people: a phrase
	CoveragePercent int    // how much of the transcript the model has read
	Err             error  // for the log; may be nil
}

// Error gives the reason: a line for a log.
func (n *NoSummary) Error() string {
	if n.Err == nil {
		return "no usable summary: " + n.Why
	}
	return fmt.Sprintf("no usable summary: %s: %v", n.Why, n.Err)
}

// Unwrap gives the cause to errors.Is and errors.As.
func (n *NoSummary) Unwrap() error { return n.Err }

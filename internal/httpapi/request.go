package httpapi

import (
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/job"
)

// JobRequest is what a client asks for. What is left out is taken from the
// settings.
type JobRequest struct {
	Source     string  `json:"source" minLength:"1" doc:"Absolute path of a media file on this machine, http or https address of one, or upload:ID" example:"/Users/mina/Movies/interview.mp4"`
	Title      string  `json:"title,omitempty" doc:"For people; the file's name when left out" example:"Interview with the harbour master"`
	Language   string  `json:"language,omitempty" maxLength:"16" doc:"ISO 639-1 code, or auto" example:"auto"`
	Model      string  `json:"model,omitempty" maxLength:"200" doc:"Catalog name or file stem of a speech model" example:"large-v3-turbo"`
	AudioTrack *int    `json:"audio_track,omitempty" minimum:"0" maximum:"999" doc:"From 0 among the audio tracks; without it, the default one"`
	BeamSize   int     `json:"beam_size,omitempty" minimum:"1" doc:"1 is greedy" example:"5"`
	Threads    int     `json:"threads,omitempty" minimum:"0" doc:"0 is chosen by the machine"`
	Words      *bool   `json:"words,omitempty" doc:"Whether words get times"`
	Prompt     *string `json:"prompt,omitempty" doc:"Names and words that are likely to come, told to the recogniser before every part; it takes the last 224 of its tokens. Empty: none" example:"Sluice, Seoul, Kim Mina, ggml."`
	ToEnglish  bool    `json:"to_english,omitempty" doc:"The recogniser's own translation to English; the transcript's language is then en. Refused with models for English only; the turbo models were not trained for it"`
	Reuse      *bool   `json:"reuse,omitempty" doc:"false: do everything anew, even what another job has finished"`

	TranslateTo []string        `json:"translate_to,omitempty" doc:"ISO 639-1 codes of the languages to translate the text to. Empty: none" example:"[\"ko\",\"de\"]"`
	Summarize   *bool           `json:"summarize,omitempty" doc:"Whether the text is summed up"`
	Summary     *SummaryOptions `json:"summary,omitempty" doc:"How it is summed up; what is left out is that of the settings"`
	LLMModel    string          `json:"llm_model,omitempty" maxLength:"200" doc:"Model of Ollama that translates and sums up, with its tag" example:"gemma3:4b"`
	Register    *Register       `json:"register,omitempty" doc:"How a translation to Korean addresses its listener. Empty: as the model likes" example:"polite"`
	Glossary    []Term          `json:"glossary,omitempty" doc:"How words and names are translated, in place of the glossary of the settings. Empty: none"`
	Webhook     *string         `json:"webhook,omitempty" maxLength:"2000" doc:"http or https address that is told when the job has ended. Empty: none" example:"https://hooks.example.com/sluice"`

	Priority  int               `json:"priority,omitempty" doc:"Higher goes first"`
	NotBefore *time.Time        `json:"not_before,omitempty" doc:"Not taken earlier, with its zone after RFC 3339; one that has passed means now, one in more than ten years is refused" example:"2027-01-31T22:00:00Z"`
	Metadata  map[string]string `json:"metadata,omitempty" doc:"Carried through untouched"`
}

// TransformSchema takes the bounds from where they are defined.
func (JobRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	bound := func(n int) *float64 { f := float64(n); return &f }
	title, prompt := job.MaxTitle, job.MaxPrompt
	s.Properties["title"].MaxLength = &title
	s.Properties["prompt"].MaxLength = &prompt
	s.Properties["beam_size"].Maximum = bound(job.MaxBeamSize)
	s.Properties["threads"].Maximum = bound(job.MaxThreads)
	boundPriority(s.Properties["priority"])
	languages, terms, code := job.MaxLanguages, job.MaxTerms, maxLang
	s.Properties["translate_to"].MaxItems, s.Properties["translate_to"].Items.MaxLength = &languages, &code
	s.Properties["glossary"].MaxItems = &terms
	return s
}

// SummaryOptions says how a text is summed up.
type SummaryOptions struct {
	Template SummaryTemplate `json:"template,omitempty" doc:"What matters in it" example:"meeting"`
	Language string          `json:"language,omitempty" maxLength:"16" doc:"ISO 639-1 code of the language to write in; without it and without one in the settings, that of the text" example:"en"`
}

// SummaryTemplate says what matters in a recording of its kind.
type SummaryTemplate string

func summaryTemplates() (all []SummaryTemplate) {
	for _, t := range job.Templates() {
		all = append(all, SummaryTemplate(t))
	}
	return all
}

// Register is how Korean addresses its listener.
type Register string

// registers lists them all; "" leaves it to the model.
func registers() (all []Register) {
	for _, r := range job.Registers() {
		all = append(all, Register(r))
	}
	return append(all, "")
}

// Term is how a word or name is translated.
type Term struct {
	Term        string `json:"term" minLength:"1" doc:"As it is said" example:"harbour master"`
	Translation string `json:"translation" minLength:"1" example:"항만장"`
	To          string `json:"to" minLength:"1" maxLength:"16" doc:"Code of the language of the translation" example:"ko"`
	From        string `json:"from,omitempty" maxLength:"16" doc:"Code of the language it is said in; left out, any" example:"en"`
}

// TransformSchema takes the bounds, which are of bytes, from where they are
// defined.
func (Term) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	most := job.MaxTermBytes
	s.Properties["term"].MaxLength, s.Properties["translation"].MaxLength = &most, &most
	return s
}

func boundPriority(s *huma.Schema) {
	least, most := float64(job.MinPriority), float64(job.MaxPriority)
	s.Minimum, s.Maximum = &least, &most
}

func (q JobRequest) order() job.Order {
	var notBefore time.Time
	if q.NotBefore != nil {
		notBefore = *q.NotBefore
	}
	o := job.Order{
		Source: q.Source, Title: q.Title, Language: q.Language, Model: q.Model, AudioTrack: q.AudioTrack,
		BeamSize: q.BeamSize, Threads: q.Threads, Words: q.Words, Reuse: q.Reuse,
		Prompt: q.Prompt, ToEnglish: q.ToEnglish,
		Summarize: q.Summarize, LLMModel: q.LLMModel, Webhook: q.Webhook,
		Priority: q.Priority, NotBefore: notBefore, Metadata: q.Metadata,
	}
	if q.TranslateTo != nil { // no languages are not the same as nothing said of them
		o.TranslateTo = &q.TranslateTo
	}
	if q.Summary != nil {
		o.Summary = job.Summary{Template: string(q.Summary.Template), Language: q.Summary.Language}
	}
	if q.Register != nil {
		register := string(*q.Register)
		o.Register = &register
	}
	if q.Glossary != nil {
		terms := make([]job.Term, 0, len(q.Glossary))
		for _, t := range q.Glossary {
			terms = append(terms, job.Term{From: t.From, To: t.To, Term: t.Term, Translation: t.Translation})
		}
		o.Glossary = &terms
	}
	return o
}

// maxAhead is how many years ahead a job may be scheduled: more is a slip.
const maxAhead = 10

// checkTime refuses a time that nobody can mean.
func checkTime(t *time.Time, field string) error {
	if t == nil || !t.After(time.Now().AddDate(maxAhead, 0, 0)) {
		return nil
	}
	return invalidField(field, fmt.Sprintf("expected a time within %d years from now", maxAhead)).
		withHint("Give an earlier time, or hold the job until you release it.")
}

// JobsRequest asks for many jobs at once: all are accepted, or none.
type JobsRequest struct {
	Jobs []JobRequest `json:"jobs" nullable:"false" minItems:"1"`
}

// TransformSchema takes the bound from where it is defined.
func (JobsRequest) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	most := job.MaxOrders
	s.Properties["jobs"].MaxItems = &most
	return s
}

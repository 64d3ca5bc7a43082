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
	Source     string            `json:"source" minLength:"1" doc:"Absolute path of a media file on this machine, http or https address of one, or upload:ID" example:"/Users/mina/Movies/interview.mp4"`
	Title      string            `json:"title,omitempty" doc:"For people; the file's name when left out" example:"Interview with the harbour master"`
	Language   string            `json:"language,omitempty" maxLength:"16" doc:"ISO 639-1 code, or auto" example:"auto"`
	Model      string            `json:"model,omitempty" maxLength:"200" doc:"Catalog name or file stem of a speech model" example:"large-v3-turbo"`
	AudioTrack *int              `json:"audio_track,omitempty" minimum:"0" maximum:"999" doc:"From 0 among the audio tracks; without it, the default one"`
	BeamSize   int               `json:"beam_size,omitempty" minimum:"1" doc:"1 is greedy" example:"5"`
	Threads    int               `json:"threads,omitempty" minimum:"0" doc:"0 is chosen by the machine"`
	Words      *bool             `json:"words,omitempty" doc:"Whether words get times"`
	Prompt     *string           `json:"prompt,omitempty" doc:"Names and words that are likely to come, told to the recogniser before every part; it takes the last 224 of its tokens. Empty: none" example:"Sluice, Seoul, Kim Mina, ggml."`
	ToEnglish  bool              `json:"to_english,omitempty" doc:"The recogniser's own translation to English; the transcript's language is then en. Refused with models for English only; the turbo models were not trained for it"`
	Reuse      *bool             `json:"reuse,omitempty" doc:"false: do everything anew, even what another job has finished"`
	Priority   int               `json:"priority,omitempty" doc:"Higher goes first"`
	NotBefore  *time.Time        `json:"not_before,omitempty" doc:"Not taken earlier, with its zone after RFC 3339; one that has passed means now, one in more than ten years is refused" example:"2027-01-31T22:00:00Z"`
	Metadata   map[string]string `json:"metadata,omitempty" doc:"Carried through untouched"`
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
	return job.Order{
		Source: q.Source, Title: q.Title, Language: q.Language, Model: q.Model, AudioTrack: q.AudioTrack,
		BeamSize: q.BeamSize, Threads: q.Threads, Words: q.Words, Reuse: q.Reuse,
		Prompt: q.Prompt, ToEnglish: q.ToEnglish,
		Priority: q.Priority, NotBefore: notBefore, Metadata: q.Metadata,
	}
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

package delivery

import (
	"bytes"
	"encoding/json"
	"maps"
	"time"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// Message is the body of a delivery.
type Message struct {
	ID           string                           `json:"id"` // of the delivery: the same in every attempt
	Event        job.DeliveryEvent                `json:"event"`
	CreatedAt    time.Time                        `json:"created_at"` // when the job ended
	Job          About                            `json:"job"`
	Metadata     map[string]string                `json:"metadata"` // as it came with the job: the video_id is here
	Transcript   *transcript.Transcript           `json:"transcript,omitempty"`
	Translations map[string]transcript.Transcript `json:"translations,omitempty"` // by language
	Summary      *transcript.Summary              `json:"summary,omitempty"`
}

// About is the job of a message. Where its source lies is nobody's business.
type About struct {
	ID         string        `json:"id"`
	Title      string        `json:"title"`
	State      job.State     `json:"state"`
	Source     string        `json:"source"` // the file's name
	Language   string        `json:"language,omitempty"`
	Model      string        `json:"model"`
	DurationMS int64         `json:"duration_ms,omitempty"` // of the media
	Warnings   []job.Warning `json:"warnings,omitempty"`
	Error      *job.Failure  `json:"error,omitempty"` // why it failed
	CreatedAt  time.Time     `json:"created_at"`
	StartedAt  time.Time     `json:"started_at,omitzero"`
	FinishedAt time.Time     `json:"finished_at,omitzero"`
}

// encode puts a message together. What was not finished is not sent.
//
// An old message that is sent again tells of a job as it is now. What a job has
// made after it had failed is no part of the news that it failed.
func encode(d job.Delivery, r Result) ([]byte, error) {
	if d.Event != job.EventDone && r.Job.State != d.Event.State() {
		r.Transcript, r.Translations, r.Summary = nil, nil, nil
	}
	m := Message{
		ID: d.ID, Event: d.Event, CreatedAt: d.CreatedAt,
		Job: About{
			ID: r.Job.ID, Title: r.Job.Title, State: d.Event.State(), Source: r.Job.Source.Name,
			Model: r.Job.Options.Model, DurationMS: r.Job.DurationMS, Warnings: r.Job.Warnings,
			CreatedAt: r.Job.CreatedAt, StartedAt: r.Job.StartedAt, FinishedAt: r.Job.FinishedAt,
		},
		Metadata:     maps.Clone(r.Job.Metadata),
		Translations: r.Translations,
		Summary:      r.Summary,
	}
	if m.Metadata == nil {
		m.Metadata = map[string]string{}
	}
	if r.Transcript != nil && r.Transcript.Complete {
		m.Transcript, m.Job.Language = r.Transcript, r.Transcript.Language
	}
	if d.Event == job.EventFailed && r.Job.Error != nil {
		failure := *r.Job.Error
		failure.Detail = "" // the log of a child process names paths
		m.Job.Error = &failure
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(m)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

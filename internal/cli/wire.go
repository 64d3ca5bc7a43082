package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// The wire types hold what the commands read of the server's answers. Members
// they do not know are skipped, so that an older sluice can talk to a newer
// server; --json passes answers on as they came.

// orderBody asks for a job.
type orderBody struct {
	Source     string  `json:"source"`
	Title      string  `json:"title,omitempty"`
	Language   string  `json:"language,omitempty"`
	Model      string  `json:"model,omitempty"`
	AudioTrack *int    `json:"audio_track,omitempty"`
	BeamSize   int     `json:"beam_size,omitempty"`
	Threads    int     `json:"threads,omitempty"`
	Words      *bool   `json:"words,omitempty"`
	Prompt     *string `json:"prompt,omitempty"`
	ToEnglish  bool    `json:"to_english,omitempty"`
	Reuse      *bool   `json:"reuse,omitempty"`

	TranslateTo []string     `json:"translate_to,omitzero"` // empty = none
	Summarize   *bool        `json:"summarize,omitempty"`
	Summary     *job.Summary `json:"summary,omitempty"`
	LLMModel    string       `json:"llm_model,omitempty"`
	Register    *string      `json:"register,omitempty"`
	Webhook     *string      `json:"webhook,omitempty"`
	Glossary    []job.Term   `json:"glossary,omitzero"` // empty = none

	Priority  int               `json:"priority,omitempty"`
	NotBefore *time.Time        `json:"not_before,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
}

type ordersBody struct {
	Jobs []orderBody `json:"jobs"`
}

// jobView is a job as the server shows it.
type jobView struct {
	ID         string    `json:"id"`
	State      job.State `json:"state"`
	Existing   bool      `json:"existing"`
	Reason     string    `json:"reason"`
	ReasonText string    `json:"reason_text"`
	Until      stamp     `json:"until"`
	Position   int       `json:"position"`
	ETASeconds int       `json:"eta_seconds"`

	Title    string            `json:"title"`
	Source   sourceView        `json:"source"`
	Language string            `json:"language"`
	Model    string            `json:"model"`
	Priority int               `json:"priority"`
	Metadata map[string]string `json:"metadata"`

	TranslateTo []string    `json:"translate_to"`
	Summarize   bool        `json:"summarize"`
	Summary     job.Summary `json:"summary"`
	LLMModel    string      `json:"llm_model"`
	Register    string      `json:"register"`
	Webhook     string      `json:"webhook"`

	Stage    job.Stage     `json:"stage"`
	Progress *progressView `json:"progress"`
	Stages   []stageView   `json:"stages"`
	Attempts int           `json:"attempts"`
	Crashes  int           `json:"crashes"`
	Error    *job.Failure  `json:"error"`
	Quality  struct {
		job.Quality

		Warnings []job.Warning `json:"warnings"`
	} `json:"quality"`
	Deliveries []deliveryView `json:"deliveries"`

	CreatedAt  stamp `json:"created_at"`
	StartedAt  stamp `json:"started_at"`
	FinishedAt stamp `json:"finished_at"`
}

type sourceView struct {
	Name string `json:"name"`
	Path string `json:"path"`
	URL  string `json:"url"`
	Size int64  `json:"size"`
}

type progressView struct {
	Stage      job.Stage `json:"stage"`
	Fraction   float64   `json:"fraction"`
	ETASeconds int       `json:"eta_seconds"`
}

type stageView struct {
	Stage      job.Stage `json:"stage"`
	StartedAt  stamp     `json:"started_at"`
	FinishedAt stamp     `json:"finished_at"`
	Reused     bool      `json:"reused"`
	Error      string    `json:"error"`
}

// name is what a person would call the job.
func (j jobView) name() string {
	for _, s := range []string{j.Title, j.Source.Name, j.Source.Path, j.ID} {
		if s = clean(s); s != "" {
			return s
		}
	}
	return "-"
}

// viewOf shows a job of this process the way a server would.
func viewOf(j job.Job) jobView {
	v := jobView{
		ID: j.ID, State: j.State, Reason: string(j.Reason), ReasonText: j.ReasonText, Until: stamp{j.Until},
		Title: j.Title, Source: sourceView{Name: j.Source.Name, Path: j.Source.Path, Size: j.Source.Size},
		Language: j.Options.Language, Model: j.Options.Model, Stage: j.Stage, Error: j.Error,
		TranslateTo: j.Options.TranslateTo, Summarize: j.Options.Summarize,
	}
	v.Quality.Quality, v.Quality.Warnings = j.Quality, j.Warnings
	return v
}

// page is one page of the list; its jobs are kept as they came, too.
type page struct {
	Jobs []json.RawMessage `json:"jobs"`
	Next string            `json:"next,omitempty"` // cursor; "" = this was the last page
}

func (p page) views() ([]jobView, error) {
	views := make([]jobView, len(p.Jobs))
	for i, raw := range p.Jobs {
		if err := json.Unmarshal(raw, &views[i]); err != nil {
			return nil, err
		}
	}
	return views, nil
}

// problem is an error of the API (RFC 9457).
type problem struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
	Fields []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"fields"`
}

// flagsOf are the flags whose values come to a server in these fields.
func flagsOf() map[string]string {
	return map[string]string{
		"title": "--title", "language": "--language", "model": "--model", "audio_track": "--audio-track",
		"beam_size": "--beam", "threads": "--threads", "priority": "--priority", "metadata": "--metadata",
		"not_before": "--not-before", "until": "--until", "before": "--before", "from_stage": "--from",
		"q": "--query", "Idempotency-Key": "--key",
		"translate_to": "--translate-to", "summarize": "--summarize", "llm_model": "--llm-model", "register": "--register",
		"summary": "--summarize", "summary.template": "--summary-template", "summary.language": "--summary-language",
		"webhook": "--webhook", "glossary": "--glossary",
	}
}

// typo is a problem with what was typed, in terms of its flags; nil when some of
// it is about anything else.
func (p problem) typo() error {
	if fault.Code(p.Code) != fault.RequestInvalid || len(p.Fields) == 0 {
		return nil
	}
	flags, says := flagsOf(), make([]string, 0, len(p.Fields))
	for _, f := range p.Fields {
		flag := flags[fieldOf(f.Field)]
		said := flag + ": " + f.Message
		switch {
		case flag == "":
			return nil
		case !slices.Contains(says, said):
			says = append(says, said)
		}
	}
	u := &usage{say: strings.Join(says, "; ") + ".", hint: p.Hint}
	if p.Hint == fault.New(fault.RequestInvalid, "", nil).Hint { // says nothing of this one
		u.hint = ""
	}
	return u
}

// fieldOf is the name of a field without its place in lists: jobs[2].title is
// title, translate_to[0] is translate_to.
func fieldOf(place string) string {
	if rest, ok := strings.CutPrefix(place, "jobs["); ok {
		_, place, _ = strings.Cut(rest, "].")
	}
	name, _, _ := strings.Cut(place, "[")
	return name
}

// jobEvent is the data of an event.
type jobEvent struct {
	JobID    string              `json:"job_id"`
	Job      *jobView            `json:"job"`
	Progress *progressView       `json:"progress"`
	Segment  *transcript.Segment `json:"segment"`
	Memory   *memoryView         `json:"memory"`
}

// boardView is the snapshot of the line.
type boardView struct {
	Counts     map[job.State]int `json:"counts"`
	Paused     bool              `json:"paused"`
	ETASeconds int               `json:"eta_seconds"`
	Gate       gateView          `json:"gate"`

	Running []jobView    `json:"running"`
	Next    []jobView    `json:"next"`
	Last    []jobView    `json:"last"`
	Memory  memoryView   `json:"memory"`
	Notices []noticeView `json:"notices"`
}

// noticeView is something about the server as a whole.
type noticeView struct {
	ID   string `json:"id"`
	At   stamp  `json:"at"`
	Text string `json:"text"`
	Hint string `json:"hint"`
	URL  string `json:"url"`
}

type memoryView struct {
	Level job.Pressure `json:"level"`
}

// stamp is a time that may be missing.
type stamp struct{ time.Time }

// UnmarshalJSON never refuses: a time that cannot be read is a missing one.
func (s *stamp) UnmarshalJSON(b []byte) error {
	t, err := time.Parse(time.RFC3339Nano, strings.Trim(string(b), `"`))
	if err != nil {
		t = time.Time{}
	}
	s.Time = t
	return nil
}

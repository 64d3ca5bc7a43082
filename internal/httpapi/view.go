package httpapi

import (
	"strings"
	"time"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// Job is a job as clients see it.
type Job struct {
	ID         string     `json:"id" doc:"26 characters, sorts by time of submission" example:"01K6ZV5N3T8Q2M4R7W9XYABCDE"`
	State      job.State  `json:"state"`
	Reason     job.Reason `json:"reason,omitempty" doc:"Why a queued job is not next"`
	ReasonText string     `json:"reason_text,omitempty" doc:"The same for people" example:"Waiting for memory: needs 6.9 GB, 4.2 GB free"`
	Until      *time.Time `json:"until,omitempty" doc:"When the reason ends, when known; with reason scheduled, the time of not_before"`
	NeedBytes  int64      `json:"need_bytes,omitempty" doc:"Memory the next stage is expected to take; with reason memory" example:"6900000000"`
	Position   int        `json:"position,omitempty" minimum:"1" doc:"Place in the line, 1 is next; only of a queued job, and not in events" example:"3"`
	ETASeconds int        `json:"eta_seconds,omitempty" doc:"Until the result is there, when known"`

	Title      string `json:"title" example:"Interview with the harbour master"`
	Source     Source `json:"source"`
	DurationMS int64  `json:"duration_ms,omitempty" doc:"Length of the media, when known" example:"3725000"`

	Language   string `json:"language" doc:"ISO 639-1 code, or auto" example:"auto"`
	Model      string `json:"model" doc:"Name of the speech model" example:"large-v3-turbo"`
	AudioTrack *int   `json:"audio_track,omitempty" doc:"From 0 among the audio tracks; without it, the default one"`
	BeamSize   int    `json:"beam_size" doc:"1 is greedy" example:"5"`
	Threads    int    `json:"threads" doc:"0 is chosen by the machine"`
	Words      bool   `json:"words" doc:"Whether words have times"`
	Prompt     string `json:"prompt,omitempty" doc:"What the recogniser was told may come" example:"Sluice, Seoul, Kim Mina, ggml."`
	ToEnglish  bool   `json:"to_english,omitempty" doc:"The recogniser translates to English"`
	Reuse      bool   `json:"reuse" doc:"Whether finished stages of other jobs are used"`
	Priority   int    `json:"priority" doc:"Higher goes first"`

	TranslateTo []string        `json:"translate_to,omitempty" doc:"Codes of the languages that the text is translated to, in this order" example:"[\"ko\",\"de\"]"`
	Summarize   bool            `json:"summarize,omitempty" doc:"The text is summed up"`
	Summary     *SummaryOptions `json:"summary,omitempty" doc:"How; only with summarize"`
	LLMModel    string          `json:"llm_model,omitempty" doc:"Model of Ollama that translates and sums up" example:"gemma3:4b"`
	Register    Register        `json:"register,omitempty" doc:"How a translation to Korean addresses its listener"`
	Glossary    []Term          `json:"glossary,omitempty" doc:"How words and names are translated"`
	Webhook     string          `json:"webhook,omitempty" doc:"What is told when the job has ended, without what may be secret in it" example:"https://hooks.example.com/…"`

	Stage    job.Stage  `json:"stage,omitempty" doc:"The stage that runs or comes next"`
	Progress *Progress  `json:"progress,omitempty" doc:"How far the running stage is; of a queued job, how much of the stage that comes next is done and kept"`
	Stages   []StageRun `json:"stages" nullable:"false" doc:"What has run, in order"`
	Attempts int        `json:"attempts" doc:"Errors of the current stage since the last checkpoint"`
	Crashes  int        `json:"crashes" doc:"Engine deaths since the last checkpoint"`
	Error    *Failure   `json:"error,omitempty" doc:"Why it failed, or the last error that is being retried"`
	Quality  Quality    `json:"quality"`

	Deliveries []Delivery `json:"deliveries,omitzero" doc:"Its webhook messages, the newest first; only of a job that was asked for by its id"`

	Metadata map[string]string `json:"metadata" doc:"As it was submitted"`

	CreatedAt  time.Time  `json:"created_at"`
	StartedAt  *time.Time `json:"started_at,omitempty"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}

// Source is the media given.
type Source struct {
	Kind        job.SourceKind `json:"kind"`
	Name        string         `json:"name" doc:"The file's own name" example:"interview.mp4"`
	Path        string         `json:"path,omitempty" doc:"Only of kind path" example:"/Users/mina/Movies/interview.mp4"`
	Upload      string         `json:"upload,omitempty" doc:"Id of the upload; only of kind upload"`
	URL         string         `json:"url,omitempty" doc:"Without what follows a ?, which may be secret; only of kind url" example:"https://media.example.com/interview.mp4"`
	Size        int64          `json:"size" doc:"Bytes; 0 of a source on the web that is not downloaded yet" example:"734003200"`
	ModTime     *time.Time     `json:"mod_time,omitempty"`
	Fingerprint string         `json:"fingerprint,omitempty" doc:"Identifies the content"`
}

// Progress is how far a stage is.
type Progress struct {
	Stage      job.Stage `json:"stage"`
	Fraction   float64   `json:"fraction" minimum:"0" maximum:"1" example:"0.42"`
	ETASeconds int       `json:"eta_seconds,omitempty" doc:"Until the stage ends, when known" example:"95"`
}

// StageRun is one run of one stage.
type StageRun struct {
	Stage      job.Stage  `json:"stage"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
	Reused     bool       `json:"reused,omitempty" doc:"Nothing was done anew"`
	Error      string     `json:"error,omitempty" doc:"Code of the failure that ended it"`
}

// Failure is an error of a job.
type Failure struct {
	Code    string    `json:"code" example:"no_audio_track"`
	Message string    `json:"message" example:"The file has no sound."`
	Hint    string    `json:"hint,omitempty" example:"Choose a file with an audio track."`
	Stage   job.Stage `json:"stage,omitempty"`
}

// Quality is how complete a result is, and what a person should know about it.
type Quality struct {
	Lines    map[string]job.Lines `json:"lines,omitempty" doc:"Of each translation, by the code of its language: how many lines of the text there are in it, and of how many"`
	Coverage *int                 `json:"coverage_percent,omitempty" minimum:"0" maximum:"100" doc:"How much of the text was read for the summary" example:"96"`
	Warnings []job.Warning        `json:"warnings" nullable:"false"`
}

// Counts is the number of jobs in each state.
type Counts struct {
	Queued   int `json:"queued"`
	Running  int `json:"running"`
	Done     int `json:"done"`
	Failed   int `json:"failed"`
	Canceled int `json:"canceled"`
}

// Snapshot is the board: all that a view needs to start with.
type Snapshot struct {
	ID         string      `json:"id" doc:"Of the last event it contains" example:"b7f3-1042"`
	Counts     Counts      `json:"counts"`
	Depth      int         `json:"depth" doc:"Length of the line: queued and running"`
	Paused     bool        `json:"paused" doc:"No job is taken until the line is resumed"`
	ETASeconds int         `json:"eta_seconds,omitempty" doc:"Until the line is empty, when known"`
	Gate       job.Gate    `json:"gate"`
	Running    []Job       `json:"running" nullable:"false"`
	Next       []Job       `json:"next" nullable:"false" doc:"The first of the line, in order"`
	Last       []Job       `json:"last" nullable:"false" doc:"What ended last, newest first"`
	Memory     job.Reading `json:"memory"`
	Notices    []Notice    `json:"notices" nullable:"false" doc:"What people must be told until they have seen it"`
}

// Notice is something about Sluice as a whole.
type Notice struct {
	ID   string         `json:"id" doc:"For DELETE /api/v1/notices/{id}"`
	At   time.Time      `json:"at"`
	Code job.NoticeCode `json:"code"`
	Text string         `json:"text" doc:"What happened" example:"The database was damaged. The backup of 14 March, 09:00 took its place."`
	Hint string         `json:"hint" doc:"What to do" example:"Submit again what came after that."`

	Version string `json:"version,omitempty" doc:"With code update_available: the newer Sluice" example:"1.3.0"`
	URL     string `json:"url,omitempty" doc:"With code update_available: the page that tells of it" example:"https://github.com/sluice-app/sluice/releases/tag/v1.3.0"`
}

// EventKind says what an event carries.
type EventKind string

// Event is one change on the board. Which members are there goes with kind.
type Event struct {
	ID       string              `json:"id" example:"b7f3-1043"`
	Kind     EventKind           `json:"kind"`
	JobID    string              `json:"job_id,omitempty"`
	Job      *Job                `json:"job,omitempty" doc:"With kind job"`
	Counts   *Counts             `json:"counts,omitempty" doc:"With kinds job and gone, when they were read"`
	Progress *Progress           `json:"progress,omitempty" doc:"With kind progress"`
	Segment  *transcript.Segment `json:"segment,omitempty" doc:"With kind segment: live text, without an id yet"`
	Memory   *job.Reading        `json:"memory,omitempty" doc:"With kind memory"`
	Model    string              `json:"model,omitempty" doc:"With kind model: its name. That of a model of Ollama has a colon in it"`
	Download *job.Download       `json:"download,omitempty" doc:"With kind model, while the model waits for its download or comes; without it, the list of models reads differently"`
}

// JobOf shows a job. Its place in the line is not part of a job: see Position.
func JobOf(j job.Job) Job {
	v := Job{
		ID: j.ID, State: j.State, Reason: j.Reason, ReasonText: j.ReasonText, Until: moment(j.Until),
		Title: j.Title, Source: sourceOf(j.Source), DurationMS: j.DurationMS, ETASeconds: j.ETASeconds,
		Language: j.Options.Language, Model: j.Options.Model, AudioTrack: j.Options.AudioTrack,
		BeamSize: j.Options.BeamSize, Threads: j.Options.Threads, Words: j.Options.Words, Reuse: j.Options.Reuse,
		Prompt: j.Options.Prompt, ToEnglish: j.Options.ToEnglish,
		Priority: j.Priority, Stage: j.Stage, Stages: stagesOf(j.Stages),
		Attempts: j.Attempts, Crashes: j.Crashes,
		TranslateTo: j.Options.TranslateTo, Summarize: j.Options.Summarize, LLMModel: j.Options.LLMModel,
		Register: Register(j.Options.Register), Glossary: glossaryOf(j.Options.Glossary), Webhook: job.ShownURL(j.Options.Webhook),
		Quality:   Quality{Lines: j.Quality.Lines, Coverage: j.Quality.Coverage, Warnings: filled(j.Warnings)},
		Metadata:  j.Metadata,
		CreatedAt: j.CreatedAt.UTC(), StartedAt: moment(j.StartedAt), FinishedAt: moment(j.FinishedAt),
	}
	if v.Metadata == nil {
		v.Metadata = map[string]string{}
	}
	if j.Options.Summarize {
		v.Summary = &SummaryOptions{Template: SummaryTemplate(j.Options.Summary.Template), Language: j.Options.Summary.Language}
	}
	if e := j.Error; e != nil {
		v.Error = &Failure{Code: e.Code, Message: e.Message, Hint: e.Hint, Stage: e.Stage}
	}
	switch { // what somebody has asked for needs no words of the line's own
	case v.ReasonText != "":
	case j.Reason == job.Held:
		v.ReasonText = "Held"
	case j.Reason == job.Scheduled:
		v.ReasonText = "Waiting for its start time"
	}
	if j.Reason == job.Memory {
		v.NeedBytes = j.Need.Bytes
	}
	if !j.State.Final() && j.Progress.Stage != "" {
		p := progressOf(j.Progress)
		v.Progress = &p
		stages := j.Options.Stages()
		if last := p.Stage == stages[len(stages)-1]; last && v.ETASeconds == 0 { // nothing comes after it
			v.ETASeconds = p.ETASeconds
		}
	}
	return v
}

// SnapshotOf shows the board.
func SnapshotOf(s board.Snapshot) Snapshot {
	v := Snapshot{
		ID: s.ID, Counts: countsOf(s.Counts),
		Running: jobsOf(s.Running), Next: jobsOf(s.Next), Last: jobsOf(s.Last),
		Memory: readingOf(s.Memory), Paused: s.Paused, ETASeconds: s.ETASeconds, Gate: s.Gate, Depth: s.Depth(),
	}
	v.Notices = make([]Notice, 0, len(s.Notices))
	for _, n := range s.Notices {
		v.Notices = append(v.Notices, Notice{ID: n.ID, At: n.At.UTC(), Code: n.Code, Text: n.Text, Hint: n.Hint, Version: n.Version, URL: n.URL})
	}
	for i := range v.Next {
		v.Next[i].Position = i + 1
	}
	return v
}

// EventOf shows one event. The stream and the window send the same JSON.
func EventOf(e board.Event) Event {
	v := Event{ID: e.ID, Kind: EventKind(e.Kind), JobID: e.JobID}
	switch e.Kind {
	case board.JobChanged:
		j := JobOf(e.Job)
		v.JobID, v.Job = j.ID, &j
	case board.Progress:
		p := progressOf(e.Progress)
		v.Progress = &p
	case board.Segment:
		v.Segment = &e.Segment
	case board.Memory:
		m := readingOf(e.Reading)
		v.Memory = &m
	case board.ModelChanged:
		v.Model, v.Download = e.Model, e.Download
	case board.JobGone, board.LineChanged, board.SettingsSet, board.Reset:
	}
	if e.Counts != nil {
		c := countsOf(e.Counts)
		v.Counts = &c
	}
	return v
}

func glossaryOf(terms []job.Term) []Term {
	out := make([]Term, 0, len(terms))
	for _, t := range terms {
		out = append(out, Term{Term: t.Term, Translation: t.Translation, To: t.To, From: t.From})
	}
	return out
}

func sourceOf(s job.Source) Source {
	v := Source{
		Kind: s.Kind, Name: s.Name, Path: s.Path, Upload: s.Upload,
		Size: s.Size, ModTime: moment(s.ModTime), Fingerprint: s.Fingerprint,
	}
	if s.Kind != job.FromPath {
		v.Path = "" // where uploads and downloads lie is nobody's business
	}
	if s.Kind == job.FromURL {
		v.URL, _, _ = strings.Cut(s.URL, "?")
		if s.Size == 0 { // what it is known by so far is not its content
			v.Fingerprint = ""
		}
	}
	return v
}

func stagesOf(runs []job.StageRun) []StageRun {
	out := make([]StageRun, 0, len(runs))
	for _, r := range runs {
		out = append(out, StageRun{
			Stage: r.Stage, StartedAt: r.StartedAt.UTC(), FinishedAt: moment(r.FinishedAt),
			Reused: r.Reused, Error: r.Error,
		})
	}
	return out
}

func progressOf(p job.Progress) Progress {
	fraction := 0.0
	if p.Fraction > 0 { // not so for NaN, which JSON cannot hold
		fraction = min(p.Fraction, 1)
	}
	return Progress{Stage: p.Stage, Fraction: fraction, ETASeconds: p.ETASeconds}
}

func countsOf(m map[job.State]int) Counts {
	return Counts{m[job.Queued], m[job.Running], m[job.Done], m[job.Failed], m[job.Canceled]}
}

func readingOf(r job.Reading) job.Reading {
	r.At = r.At.UTC()
	return r
}

func jobsOf(jobs []job.Job) []Job {
	out := make([]Job, 0, len(jobs))
	for _, j := range jobs {
		out = append(out, JobOf(j))
	}
	return out
}

// moment is a time that may be unknown.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// filled makes sure that a list is a list in JSON.
func filled[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// Package job says what a job is: one media file and what to do with it, its
// states, reasons and stages, and the moves between them. It imports nothing
// of ours and does no I/O.
package job

import (
	"errors"
	"time"
)

// Job is one media file and what to do with it, as the line knows it.
type Job struct {
	ID       string            // ULID, 26 characters, sorts by time of submission
	Seq      int64             // order of arrival in this store
	Source   Source            //
	Title    string            // for people; the file's name when not given
	Options  Options           //
	Metadata map[string]string // carried through untouched; the old server's video_id lies here

	State      State
	Reason     Reason // why a queued job is not next; "" for every other state
	ReasonText string // the same for people
	Until      time.Time
	Priority   int // -512..511, higher first
	Rank       int64

	DurationMS int64 // of the media; 0 = not known yet
	ETASeconds int   // until the result is there, as of now; 0 = not known. Reckoned by the line, stored nowhere

	Stage    Stage    // the stage that runs or comes next
	Progress Progress // of that stage: while running, and of a queued job what of it is done and kept
	Need     Need     // what the next stage needs, when a gate has refused it

	Fresh map[Stage]int // stages that a retry asked to do anew, and how often: part of the keys of what they leave

	Attempts int // errors of the current stage since the last checkpoint
	Crashes  int // engine deaths since the last checkpoint
	Deaths   int // deaths of the app itself under this job since the last checkpoint

	Error    *Failure  // why it failed, or the last error that is being retried
	Warnings []Warning // what a person should know about the result
	Quality  Quality
	Stages   []StageRun

	CancelRequested bool
	Token           int64
	Owner           string

	CreatedAt  time.Time
	StartedAt  time.Time // zero until first taken
	FinishedAt time.Time // zero until final
}

// Draft is what a client asks for, checked and complete, before it is a job.
type Draft struct {
	Source   Source
	Title    string
	Options  Options
	Metadata map[string]string
	Priority int
	Wait     Wait // what it waits for from the start; zero = its turn

	Identity string // hash that finds an identical live job; "" = never identical
	Key      string // the client's Idempotency-Key; "" = none
	KeyBody  string // hash of the request that came with Key
}

// SourceKind says where a source came from.
type SourceKind string

// The kinds of source.
const (
	FromPath   SourceKind = "path"
	FromUpload SourceKind = "upload"
	FromURL    SourceKind = "url"
)

// Source is the media given. Sluice never writes to it or beside it. One on the
// web has no path, and no content that is known, before it has been fetched.
type Source struct {
	Kind        SourceKind `json:"kind"`
	Path        string     `json:"path"` // absolute
	Name        string     `json:"name"` // for people: the file's own name, NFC
	Upload      string     `json:"upload,omitempty"`
	URL         string     `json:"url,omitempty"` // may hold secrets behind the ?
	Size        int64      `json:"size"`          // bytes
	ModTime     time.Time  `json:"mod_time"`
	Fingerprint string     `json:"fingerprint"` // hex SHA-256 over size, mtime, first and last 64 KiB; of what was fetched, over all of it; before, over the URL
}

// Options is what to do with the source. All fields are resolved: defaults
// were filled in when the job was submitted.
type Options struct {
	Language   string `json:"language"`              // ISO 639-1, or "auto"
	Model      string `json:"model"`                 // catalog name or file stem
	ModelPath  string `json:"model_path,omitempty"`  // only from the CLI: a file outside models.dir
	AudioTrack *int   `json:"audio_track,omitempty"` // from 0 among the audio tracks; nil = the default one
	BeamSize   int    `json:"beam_size"`             // 1 = greedy
	Threads    int    `json:"threads"`               // 0 = chosen by the machine
	Words      bool   `json:"words"`                 // word times
	Prompt     string `json:"prompt,omitempty"`      // words that may come, told to the recogniser
	ToEnglish  bool   `json:"to_english,omitempty"`  // the recogniser translates to English
	Reuse      bool   `json:"reuse"`                 // false: finished stages of other jobs are not used

	TranslateTo []string `json:"translate_to,omitempty"` // codes, each once, in the order they were asked for
	Summarize   bool     `json:"summarize,omitempty"`
	Summary     Summary  `json:"summary,omitzero"`    // how; only with Summarize
	LLMModel    string   `json:"llm_model,omitempty"` // as Ollama names it; only with TranslateTo or Summarize
	Register    string   `json:"register,omitempty"`  // of Korean: one of Registers; "" = the model's choice
	Glossary    []Term   `json:"glossary,omitempty"`  // for these languages
	Webhook     string   `json:"webhook,omitempty"`   // is told when the job ends; may hold secrets behind the ?
}

// Summary says how a recording is summed up.
type Summary struct {
	Template string `json:"template,omitempty"` // one of Templates
	Language string `json:"language,omitempty"` // code; "" = that of the transcript
}

// Templates lists the kinds of recording that are summed up in different ways,
// the usual one first.
func Templates() []string { return []string{"general", "meeting", "lecture", "interview"} }

// Registers lists the ways in which Korean addresses its listener.
func Registers() []string { return []string{"formal", "polite"} }

// Term is how a word or name is to be translated.
type Term struct {
	From        string `json:"from,omitempty"` // code of the language it is said in; "" = any
	To          string `json:"to"`             // code of the language it is translated to
	Term        string `json:"term"`
	Translation string `json:"translation"`
}

// Stages lists the stages that a job with these options goes through before it
// is delivered.
func (o Options) Stages() []Stage {
	stages := []Stage{Extract, Transcribe}
	if len(o.TranslateTo) > 0 {
		stages = append(stages, Translate)
	}
	if o.Summarize {
		stages = append(stages, Summarize)
	}
	return stages
}

// Lease is the right to work on one job: every write of a worker names it.
type Lease struct {
	ID    string
	Token int64
	Owner string
}

// ErrLeaseLost says that a lease is no longer its job's live one: stop,
// discard, touch nothing.
var ErrLeaseLost = errors.New("lease lost")

// Progress is how far the running stage is.
type Progress struct {
	Stage      Stage
	Fraction   float64 // 0..1
	ETASeconds int     // for this stage; 0 = not known
}

// Failure is an error as people and clients see it.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Stage   Stage  `json:"stage,omitempty"`
	Detail  string `json:"detail,omitempty"` // tail of a child's log, for experts
}

// Warning is something a person should know about a result that is there.
type Warning struct {
	Code string `json:"code"`
	AtMS int64  `json:"at_ms"` // where in the source; 0 = all of it
	Text string `json:"text"`
}

// Quality is how complete a result is, in numbers.
type Quality struct {
	Lines    map[string]Lines `json:"lines,omitempty"`            // of each translation, by language
	Coverage *int             `json:"coverage_percent,omitempty"` // how much of the transcript was read for the summary, also when none came of it; nil = nothing was
}

// Lines is how many lines of a transcript there are in a translation. One that
// the model made nothing of stays as it was, and is not done.
type Lines struct {
	Done  int `json:"done"`
	Total int `json:"total"`
}

// StageRun is one run of one stage in the job's history.
type StageRun struct {
	Stage      Stage     `json:"stage"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"` // zero while it runs
	Reused     bool      `json:"reused,omitempty"`
	Error      string    `json:"error,omitempty"` // code
}

// Need is what a stage is expected to take.
type Need struct {
	Stage Stage  `json:"stage,omitempty"`
	Model string `json:"model,omitempty"`
	Bytes int64  `json:"bytes,omitempty"` // memory
}

// Starved is a stage that died because memory ran out.
type Starved struct {
	Need    Need   // what it asks for the next time
	Smaller string // the next smaller model, to be offered; "" = there is none
	Err     error  // the death itself, a fault
}

// Error is that of the death.
func (s *Starved) Error() string { return s.Err.Error() }

// Unwrap gives the death.
func (s *Starved) Unwrap() error { return s.Err }

// Verdict is a gate's answer. Open means start now; otherwise Reason and Text
// say why not, and Never that waiting cannot help on this machine.
type Verdict struct {
	Open   bool
	Never  bool
	Reason Reason
	Text   string
	Until  time.Time // when known
}

// Wait is returned by a stage that cannot start yet. It is not an error of the
// job: the job goes back to its place and nothing is counted.
type Wait struct {
	Reason Reason
	Text   string
	Until  time.Time
	Need   Need
	All    bool // what is missing is missing for every job: those behind need not be asked
}

// Error makes Wait an error so that a runner can return it.
func (w *Wait) Error() string { return "wait for " + string(w.Reason) + ": " + w.Text }

package pipeline

import (
	"context"
	"time"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// Extractor turns media into sound. Both calls block until done or ctx ends,
// and leave no process behind.
type Extractor interface {
	// Ready says whether anything can be extracted now, quickly: fault
	// ffmpeg_missing when not.
	Ready(ctx context.Context) error
	// Probe says what a file holds. Faults: the media codes.
	Probe(ctx context.Context, source string) (Media, error)
	// Extract writes 16 kHz mono s16le PCM to req.Out, which appears whole or
	// not at all, and reports the fraction done.
	Extract(ctx context.Context, req ExtractRequest, report func(fraction float64)) (Audio, error)
}

// Media is what a probe found.
type Media struct {
	Container  string // ffmpeg's name of the format
	DurationMS int64  // 0 = the file does not say
	Tracks     []Track
}

// Track is one audio track.
type Track struct {
	Index      int // from 0 among the audio tracks
	Codec      string
	Language   string // ISO 639-2 as the file says; "" = none
	Title      string
	Channels   int
	SampleRate int
	DurationMS int64
	Default    bool
}

// ExtractRequest names what to extract and where to.
type ExtractRequest struct {
	Source string
	Track  *int   // nil = the default track
	Out    string // path of the PCM file
	Sound  *Sound // told while the file grows under its name and PartSuffix: Begin and Grow; nil = nobody listens
}

// Audio is extracted sound: 16 kHz, mono, signed 16 bit little endian.
type Audio struct {
	Path       string        `json:"path"`
	Bytes      int64         `json:"bytes"`
	DurationMS int64         `json:"duration_ms"`
	Track      int           `json:"track"`
	Warnings   []job.Warning `json:"warnings,omitempty"`
}

// Transcriber turns sound into segments, span after span.
type Transcriber interface {
	// Transcribe recognises req.Audio from req.FromMS to its end. It blocks;
	// when ctx ends the work stops within two seconds. An error from
	// watch.Span ends it with that error. Faults: the engine codes.
	Transcribe(ctx context.Context, req TranscribeRequest, watch Watch) error
	// Warm has the engine load a model, so that a request need not wait for it.
	Warm(ctx context.Context, model string) error
	// Ready says whether it may start now, quickly: fault engine_busy while
	// another process has the engine.
	Ready(ctx context.Context) error
	// Release ends the engine and gives its memory back. It is idempotent.
	Release()
}

// TranscribeRequest is what to recognise and how.
type TranscribeRequest struct {
	Audio    Audio
	FromMS   int64  // where the last finished span ended
	Language string // code, or "auto": every span keeps its own
	Spoken   string // with auto: what was spoken last before FromMS; "" = nothing
	Model    string // path of the model file
	BeamSize int    // 1 = greedy
	Threads  int    // 0 = the adapter's default
	Words    bool

	Prompt    string // words that may come, and how to write them; "" = none
	ToEnglish bool   // the text is an English translation
}

// Watch gets what happens while the engine works. The calls come one after
// another from one goroutine; nil members are skipped.
type Watch struct {
	Progress func(fraction float64)     // of the whole audio
	Segment  func(s transcript.Segment) // live, before its span is finished; no ID yet
	Span     func(s Span) error         // a finished span: to be stored
	Memory   func(bytes int64)          // the engine's own footprint
}

// Span is a finished piece of audio: the unit of resuming.
type Span struct {
	FromMS     int64                `json:"from_ms"`
	ToMS       int64                `json:"to_ms"`
	Language   string               `json:"language"`         // of the text; "" = nothing was said up to here
	Spoken     string               `json:"spoken,omitempty"` // when it is another one: the text is a translation
	Segments   []transcript.Segment `json:"segments"`         // times from the start of the source; IDs are 0
	Warnings   []job.Warning        `json:"warnings,omitempty"`
	HeardAgain bool                 `json:"heard_again,omitempty"` // the first hearing was doubtful
}

// Models finds speech models on this machine.
type Models interface {
	// Model gives the file of a model by name or path, with what it needs in this
	// context: for a speech model that is its beam. Faults: model_unknown,
	// model_missing, model_damaged; one that is missing comes with its name and
	// need, where they are known.
	Model(ctx context.Context, name string, size int) (Model, error)
	// Smaller names the next smaller model to offer when one could not have so
	// many bytes; "" = there is none.
	Smaller(ctx context.Context, name string, below int64) string
	// TooLarge refuses what can never fit on this machine with fault
	// model_too_large, which names the largest model that does and understands
	// the language; nil = it can fit.
	TooLarge(n job.Need, language string) error
}

// Model is an installed model.
type Model struct {
	Name      string
	Path      string
	Digest    string // identifies the weights; part of checkpoint keys
	Context   int    // the context that it was asked for in
	NeedBytes int64  // memory it is expected to take
	Held      int64  // memory that it has already; only of a language model
}

// Checkpoints stores what stages have finished. Every save is fenced: it
// fails with job.ErrLeaseLost when the lease is no longer the job's live one.
// A new checkpoint resets the job's attempts, crashes and deaths, since
// progress is never poison; a reused or repeated one does not.
type Checkpoints interface {
	// Finished finds what a stage left under a key of its inputs, from this job or another.
	Finished(ctx context.Context, stage job.Stage, key string) (body []byte, ok bool, err error)
	// Begin says that a stage has started: it becomes the job's stage and a row of its history.
	Begin(ctx context.Context, lease job.Lease, stage job.Stage) error
	// Finish stores what the stage left and closes its row of history. What
	// body points to must already be durable. Reused: nothing was done anew.
	// Took is how long the stage itself has worked, by a clock that stands still
	// while the machine sleeps and that nobody sets; 0 = not known.
	Finish(ctx context.Context, lease job.Lease, stage job.Stage, key string, body []byte, reused bool, took time.Duration) error
	// Spans lists the finished spans under a key, in order, and makes them the job's partial transcript.
	Spans(ctx context.Context, lease job.Lease, key string) ([]Span, error)
	// AddSpan stores one more.
	AddSpan(ctx context.Context, lease job.Lease, key string, s Span) error
	// SetDuration stores how long the job's media is.
	SetDuration(ctx context.Context, jobID string, ms int64) error
	// SetSource replaces the job's source, and its title, by what they have turned
	// out to be: a source on the web that was fetched, or one that came down from
	// the cloud.
	SetSource(ctx context.Context, lease job.Lease, s job.Source, title string) error
	// Parts lists what was stored of an unfinished piece of a stage's work under
	// a key of its inputs, by this job or another, in order. With some, the run of
	// the stage is one that was resumed.
	Parts(ctx context.Context, lease job.Lease, stage job.Stage, key string) ([][]byte, error)
	// AddPart stores one more. Like a checkpoint it is progress.
	AddPart(ctx context.Context, lease job.Lease, key string, body []byte) error
	// Keep stores a finished piece of a stage that goes on with the next: Finished
	// finds it. Its parts are dropped.
	Keep(ctx context.Context, lease job.Lease, stage job.Stage, key string, body []byte) error
	// SaveTranscript stores the job's whole transcript, replacing an earlier one,
	// and its warnings, which replace all earlier ones.
	SaveTranscript(ctx context.Context, lease job.Lease, t transcript.Transcript, warnings []job.Warning) error
	// SaveTranslation stores a translation, whole or as far as it is, replacing an
	// earlier one into the same language. The warnings are added to those of the job.
	SaveTranslation(ctx context.Context, lease job.Lease, t transcript.Transcript, lines job.Lines, warnings []job.Warning) error
	// SaveSummary stores the summary, replacing an earlier one; nil = none came
	// about. How much was read for it is kept where something was. The warnings are added to those of the job.
	SaveSummary(ctx context.Context, lease job.Lease, s *transcript.Summary, coveragePercent int, warnings []job.Warning) error
	// Warn adds warnings to those of the job.
	Warn(ctx context.Context, lease job.Lease, warnings []job.Warning) error
}

// Exporter writes what was made of a job into the folder that the user has
// chosen.
type Exporter interface {
	// Export writes all files and says how many. The texts are the transcript and
	// its translations.
	Export(ctx context.Context, j job.Job, texts []transcript.Transcript, s *transcript.Summary) (files int, err error)
}

// Gate says whether a stage may start now and, if not, why. It never blocks.
type Gate interface {
	Admit(ctx context.Context, n job.Need) job.Verdict
	// Afresh looks now, and says what a stage could get, in bytes; -1 = not known.
	Afresh(ctx context.Context) int64
	// Ceiling is the most that a stage can ever get here; 0 = not known.
	Ceiling() int64
}

// Room says whether the disk has space for more work: fault disk_full when not.
type Room interface {
	Check(ctx context.Context) error
}

// Sources checks that a source is still the file that was submitted.
type Sources interface {
	// Open returns the path to read, or a fault: source_missing, source_denied,
	// source_changed, not_a_file.
	Open(ctx context.Context, s job.Source) (path string, err error)
	// Look is Open for a job that cannot start yet: quick, and certain only of
	// what is wrong.
	Look(ctx context.Context, s job.Source) error
	// Promised says whether a source was submitted while its content was in the
	// cloud, so that it is not known by that yet.
	Promised(s job.Source) bool
	// Fetch brings a source from the web into dir and gives it with its path and
	// its content's fingerprint; one that is there already is only looked at, and
	// one that was promised is given as it is now.
	// Began, whose error ends it, is called at most once, when bytes come; total 0
	// is not known. Faults: url_unreachable while the server is away, the other
	// url codes, not_media, file_empty, source_too_large, disk_full.
	Fetch(ctx context.Context, s job.Source, dir string, began func() error, report func(done, total int64)) (job.Source, error)
}

// Listener hears what happens to a running job beyond its progress. The calls
// return at once.
type Listener interface {
	// Segment is a live piece of text, before its span is finished; ID is 0.
	Segment(jobID string, s transcript.Segment)
	// Measured is the most that a model took, in bytes, in a run that came to its
	// end.
	Measured(model Model, peak int64)
	// Starved is what to ask for from now on: the engine died for want of memory.
	Starved(model Model, need int64)
	// Changed says that the job's stage or warnings have changed.
	Changed(jobID string)
}

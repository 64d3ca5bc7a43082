package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/queue"
	"sluice/internal/settings"
	"sluice/internal/transcript"
)

// Desk takes orders and answers about jobs. Its errors are faults.
type Desk interface {
	// Submit fills in defaults, checks and enqueues, in order: all or none.
	Submit(ctx context.Context, orders []job.Order) ([]queue.Accepted, error)
	Get(ctx context.Context, id string) (job.Job, error)
	List(ctx context.Context, f queue.Filter) (queue.Page, error)
	// Position is 1 for the queued job that is next; 0 for any other state.
	Position(ctx context.Context, id string) (int, error)
	Cancel(ctx context.Context, id string) (job.Job, error)
	// Retry starts a job that has ended again.
	Retry(ctx context.Context, id string, a job.Again) (job.Job, error)
	// Hold keeps a queued job from being taken until then; zero = until it is released.
	Hold(ctx context.Context, id string, until time.Time) (job.Job, error)
	Release(ctx context.Context, id string) (job.Job, error)
	Move(ctx context.Context, id string, to job.Place) (job.Job, error)
	SetPriority(ctx context.Context, id string, priority int) (job.Job, error)
	Delete(ctx context.Context, id string) error
	// Clear cancels all queued jobs, or deletes all that have ended in one state.
	Clear(ctx context.Context, state job.State) (int, error)
	History(ctx context.Context, id string) ([]job.Event, error)
	// Dismiss takes a notice away that was seen.
	Dismiss(ctx context.Context, notice string) error
	// Drop takes files and folders as people drop them: what makes a job is
	// enqueued, all else is named. The error is for what keeps all of it out.
	Drop(ctx context.Context, paths []string) ([]queue.Accepted, []job.Refused, error)
	// Pause stops takes and Resume allows them again; a running job goes on.
	Pause(ctx context.Context) error
	Resume(ctx context.Context) error
}

// Machine tells about this machine: its memory, its worker and their past.
// Times of the past are UTC.
type Machine interface {
	Reading() job.Reading
	// Ceiling is the most that one stage may be planned with; 0 = not known.
	Ceiling() int64
	// Holders lists what holds memory now, the largest of each kind first.
	Holders(ctx context.Context) ([]job.Holder, error)
	// History gives at most so many points of the time since, oldest first.
	History(ctx context.Context, since time.Time, points int) ([]job.Sample, error)
	// Runs gives the newest stages, at most so many, that ran at some time since,
	// and Waits the stretches in which jobs could not be taken; oldest first.
	Runs(ctx context.Context, since time.Time, most int) ([]job.PastRun, error)
	Waits(ctx context.Context, since time.Time, most int) ([]job.PastWait, error)
	// Throughput sums up so many hours, the one that goes on included.
	Throughput(ctx context.Context, hours int) (job.Throughput, error)
	// Worker says what the worker does, and Process what this program takes; the
	// latter's number and version are for the routes to fill in.
	Worker(ctx context.Context) (job.Worker, error)
	Process(ctx context.Context) job.Process
}

// Doctor looks at what jobs need of this machine. It answers within seconds,
// whatever does not answer itself.
type Doctor interface {
	Diagnose(ctx context.Context) (job.Diagnosis, error)
}

// Library gives the results of jobs. Its errors are faults.
type Library interface {
	// Summary gives nil for a job that has ended without one; not_ready while it
	// may still come.
	Summary(ctx context.Context, jobID string) (*transcript.Summary, error)
	// Export writes the text of a job in a language; "" means the one that was
	// spoken. Only JSON may be partial. Faults: not_ready, language_unknown.
	Export(ctx context.Context, w io.Writer, jobID, language string, f transcript.Format) error
	// Edit corrects the whole text of a job that has ended, all of it or nothing,
	// and gives it as it is then. Faults: request_invalid, not_ready,
	// language_unknown, edit_conflict.
	Edit(ctx context.Context, jobID, language string, edits []library.Edit) (transcript.Transcript, error)
	// Search finds words in titles and whole transcripts.
	Search(ctx context.Context, q library.Query) (library.Found, error)
}

// Media opens what jobs were made from. Its errors are faults.
type Media interface {
	// OpenMedia opens a job's media for reading; the caller closes it. What is
	// read is the file that was submitted, whatever happens to its name meanwhile.
	// May, unless nil, is asked first whether a file of somebody's own may be read.
	// Faults: job_unknown, not_ready when it was never found to be media,
	// source_missing, source_changed, source_denied, not_a_file.
	OpenMedia(ctx context.Context, jobID string, may func(path string) error) (MediaFile, error)
}

// MediaFile is a file of media that is open.
type MediaFile struct {
	File     io.ReadSeekCloser
	Type     string // media type: audio/..., video/... or application/octet-stream
	Name     string // for people
	Modified time.Time
	Tag      string // differs when the content does; letters and digits
}

// Attempts knows what became of the tries at a job's stages.
type Attempts interface {
	// Attempts gives the newest job.MaxAttempts that did not come to their end,
	// oldest first. Fault job_unknown.
	Attempts(ctx context.Context, jobID string) ([]job.Attempt, error)
}

// Deliveries knows the webhook messages.
type Deliveries interface {
	// Deliveries gives those of a filter, the newest first.
	Deliveries(ctx context.Context, f job.DeliveryFilter) ([]job.Delivery, error)
	// Redeliver has one sent anew, whatever became of it; job.ErrDeliveryUnknown.
	Redeliver(ctx context.Context, id string) (job.Delivery, error)
}

// LanguageModels knows the models of Ollama. Its errors are faults.
type LanguageModels interface {
	// List asks Ollama for those that are installed, and adds the ones that jobs
	// need or that suit this machine.
	List(ctx context.Context) ([]job.LanguageModel, error)
	// Download begins to install a model, unless it is installed or on its way,
	// and gives it as it is then. It does not wait for bytes.
	Download(ctx context.Context, name string) (job.LanguageModel, error)
	// Cancel stops that. Ollama keeps what has arrived.
	Cancel(ctx context.Context, name string) error
}

// Models knows the speech models. Its errors are faults.
type Models interface {
	// List gives those that are installed or can be. It reads the disk.
	List(ctx context.Context) ([]job.Model, error)
	// Download puts a model into the line of downloads, unless it is installed
	// or in it, and gives it as it is then. It does not wait for bytes.
	Download(ctx context.Context, name string) (job.Model, error)
	// Cancel takes a model out of that line. What has arrived is kept.
	Cancel(ctx context.Context, name string) error
	// Remove deletes an installed model, or what has arrived of one.
	Remove(ctx context.Context, name string) error
}

// Settings knows what was set. Its errors are faults.
type Settings interface {
	// List gives every setting as it stands. It reads the disk.
	List() settings.Listing
	// Change writes values by key, all or none; null takes one back. Trusted is
	// the user at this machine, to whom nothing is locked by its door. Faults:
	// setting_locked; setting_invalid, as a *settings.Wrong; disk_full.
	Change(ctx context.Context, changes map[string]json.RawMessage, trusted bool) error
}

// Window is the app's own, where there is one.
type Window interface {
	// Show brings it to the front. It does not wait for that.
	Show()
}

// Uploads keeps files that come over the wire.
type Uploads interface {
	// Save reads body to its end into a file of its own, as it comes: it holds
	// no more than a buffer of it. Length is what the client says, -1 when it
	// does not. The name is for people and already cleaned. Nothing is left
	// behind when it fails.
	Save(ctx context.Context, name string, body io.Reader, length int64) (id string, src job.Source, err error)
	// Room says whether so many bytes more could be stored now: nil, or what Save
	// would end with.
	Room(ctx context.Context, bytes int64) error
	// Discard removes what Save has stored when no job was made of it. One
	// that is not there is no error.
	Discard(ctx context.Context, id string) error
}

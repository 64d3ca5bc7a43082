package job

import "time"

// Retry says how a job that has ended starts again.
type Retry struct {
	From     Stage    // it and the stages after it are done anew; "" = what is finished stays finished
	Options  *Options // nil = as before
	Identity string   // of the job with these options; only with Options
	Wait     Wait     // what it waits for from the start; zero = its turn
}

// Stage is where a job starts that was last at a stage. Before a stage of the
// text it need not look at its source again, which may be gone; all others find
// out by themselves what is there already.
func (r Retry) Stage(last Stage) Stage {
	if r.From != "" {
		last = r.From
	}
	if r.Options == nil && (last == Translate || last == Summarize || last == Deliver) {
		return last
	}
	return Extract
}

// Again is how a person asks for a retry, before it is looked into.
type Again struct {
	From      Stage     // done anew from it on; "" = what is finished stays finished
	Model     string    // "" = the one it had
	Hold      bool      // not taken until it is released
	NotBefore time.Time // zero = as soon as its turn comes
}

// Place is where in the line a job is moved to. One member is set.
type Place struct {
	To     End    // of the jobs of its own priority
	Before string // id of a queued job, whose priority it takes
}

// End is an end of the line.
type End string

// The ends.
const (
	Front End = "front"
	Back  End = "back"
)

// Event is one transition of a job, as it was written with it.
type Event struct {
	At     time.Time
	Verb   Verb
	From   State // "" for submit
	To     State
	Reason Reason
	Stage  Stage
	Token  int64
	Owner  string
	Code   string // of the failure, if it was one
}

// Verb is what was done to a job.
type Verb string

// The verbs of a job's history.
const (
	VerbSubmit   Verb = "submit"
	VerbTake     Verb = "take"
	VerbBegin    Verb = "begin"  // a stage
	VerbFinish   Verb = "finish" // a stage
	VerbSettle   Verb = "settle"
	VerbDefer    Verb = "defer"
	VerbHold     Verb = "hold"
	VerbRelease  Verb = "release"
	VerbMove     Verb = "move"
	VerbPriority Verb = "priority"
	VerbCancel   Verb = "cancel"
	VerbRetry    Verb = "retry"
	VerbRecover  Verb = "recover" // after the death of the app
	VerbRestore  Verb = "restore" // from a backup
)

// Notice is something about Sluice as a whole that people are told until they
// have seen it.
type Notice struct {
	ID   string
	At   time.Time
	Code NoticeCode
	Text string // what happened, with figures
	Hint string // what to do

	Version string // with UpdateAvailable: the newer one
	URL     string // with UpdateAvailable: of the page that tells of it
}

// NoticeCode names a notice; views have words of their own for it.
type NoticeCode string

// The notices.
const (
	BackupRestored  NoticeCode = "backup_restored"  // the database was damaged; a backup took its place
	StartedEmpty    NoticeCode = "started_empty"    // the database was damaged and there was no backup
	UpdateAvailable NoticeCode = "update_available" // there is a newer Sluice
)

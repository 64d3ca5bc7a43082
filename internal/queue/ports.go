package queue

import (
	"context"
	"errors"
	"time"

	"sluice/internal/job"
)

// ErrEmpty says that no job may be taken now.
var ErrEmpty = errors.New("nothing to take")

// Store keeps the line. Every method that returns nil is durable. Unknown ids
// are fault job_unknown; a full disk is fault disk_full.
type Store interface {
	Inbox
	Line
	Control
	Reader
}

// Inbox accepts jobs.
type Inbox interface {
	// Submit adds the drafts in order, all or none. A draft whose Key or whose
	// Identity (without Key) is known yields the existing job. A Key with
	// another KeyBody is fault idempotency_key_reused.
	Submit(ctx context.Context, drafts []job.Draft) ([]Accepted, error)
}

// Accepted is the answer to one draft.
type Accepted struct {
	Job      job.Job
	Existing bool
	Paused   bool // takes were stopped at that moment
	Place    int  // of a new job in the line at that moment, from 1; 0 = not told, Position knows
}

// Line hands out work. It never blocks on anything but the store itself.
type Line interface {
	// Next shows the job that is first in the line and ready now, or ErrEmpty.
	Next(ctx context.Context) (job.Job, error)
	// Take starts it: running, a new token, owned. ErrEmpty when id is no
	// longer ready, or the line is paused.
	Take(ctx context.Context, id, owner string) (job.Job, job.Lease, error)
	// Renew prolongs the lease and stores progress.
	Renew(ctx context.Context, lease job.Lease, p job.Progress) (Directive, error)
	// Settle ends the run. job.ErrLeaseLost when the lease is not live.
	Settle(ctx context.Context, lease job.Lease, o Outcome) (job.Job, error)
	// Defer says why a job that is ready is not taken; it moves nothing. ErrEmpty
	// when the job is not ready any more: somebody has canceled or held it.
	Defer(ctx context.Context, id string, w job.Wait) (job.Job, error)
	// Recover puts running jobs of other owners back in the line and returns
	// them: deaths +1, failed with worker_crashed beyond maxDeaths, canceled
	// when that was asked for. With maxDeaths < 0 nothing is counted and nothing
	// fails: those owners came to their end without dying.
	Recover(ctx context.Context, owner string, maxDeaths int) ([]job.Job, error)
	// ReadyAt tells when the first waiting job becomes ready, which may have just
	// passed; zero when none will by itself.
	ReadyAt(ctx context.Context) (time.Time, error)
}

// Control is what people do to jobs.
type Control interface {
	// Cancel ends a queued job at once and marks a running one. A final job is
	// fault job_final.
	Cancel(ctx context.Context, id string) (job.Job, error)
	// Retry puts a job that has ended at the end of its priority's line, ready or
	// waiting as asked for, with nothing counted against it and what it has
	// finished kept. Faults: job_live, job_duplicate when an identical one is in
	// the line.
	Retry(ctx context.Context, id string, r job.Retry) (job.Job, error)
	// Hold keeps a queued job from being taken: with until zero until it is
	// released, else until that time, as if it had been submitted so; one that has
	// passed means Release. What it waited for before is forgotten, and one that
	// waits for just this stays as it is. Faults: job_running, job_final.
	Hold(ctx context.Context, id string, until time.Time) (job.Job, error)
	// Release makes a queued job ready now, whatever it was waiting for; what is
	// really missing will be found out again. Faults: job_running, job_final.
	Release(ctx context.Context, id string) (job.Job, error)
	// Move puts a queued job elsewhere in the line; nothing else about it
	// changes, but before a job of another priority it takes that one's. Faults:
	// job_running, job_final; request_invalid for a place that is none.
	Move(ctx context.Context, id string, to job.Place) (job.Job, error)
	// SetPriority changes how urgent a job is that has not ended: fault job_final.
	SetPriority(ctx context.Context, id string, priority int) (job.Job, error)
	// Delete removes a job that has ended, with all it has left. Fault job_live.
	Delete(ctx context.Context, id string) error
	// Clear takes up to so many jobs out of one state: queued ones are canceled,
	// those that have ended are deleted. It returns their ids, first come first,
	// with an error those that were done before it; fewer than most: no more is left.
	Clear(ctx context.Context, state job.State, most int) ([]string, error)
	// ReleaseAll makes jobs that wait for this reason ready now and returns how many.
	ReleaseAll(ctx context.Context, r job.Reason) (int, error)
	// Bound makes no job wait for this reason longer than until then, and
	// returns how many would have: a clock that was set back is no reason to wait.
	Bound(ctx context.Context, r job.Reason, until time.Time) (int, error)
	// SetPaused stops takes, or allows them again, also across restarts. No
	// job is taken any more once it returns; one that runs is left alone.
	SetPaused(ctx context.Context, paused bool) error
	// SetDuration stores how long a job's media is; 0 or less is not known. An
	// unknown id is no error: the job may just have been deleted.
	SetDuration(ctx context.Context, id string, ms int64) error
}

// Reader looks at the line.
type Reader interface {
	Get(ctx context.Context, id string) (job.Job, error)
	// List gives a page of jobs as they stood at one moment. See Filter and Page.
	List(ctx context.Context, f Filter) (Page, error)
	// Ended lists the final jobs, the one that ended last first.
	Ended(ctx context.Context, limit int) ([]job.Job, error)
	Counts(ctx context.Context) (Counts, error)
	// History lists the transitions of a job, oldest first.
	History(ctx context.Context, id string) ([]job.Event, error)
	// Position is 1 for the queued job that is next; 0 for any other state.
	Position(ctx context.Context, id string) (int, error)
	// Paused says whether takes are stopped.
	Paused(ctx context.Context) (bool, error)
	// Ahead sums up the queued jobs before this one that keep their place, per
	// kind of work: all but those that step aside until later. With id "" it is
	// the whole line. A job that is not queued has nothing before it.
	Ahead(ctx context.Context, id string) ([]Load, error)
	// Paces tells how fast stages have been on this machine, as far as it is
	// known: from runs that did all the work of their stage.
	Paces(ctx context.Context) ([]Pace, error)
	// Unmeasured lists queued jobs whose duration is not known, in line order.
	Unmeasured(ctx context.Context, limit int) ([]job.Job, error)
}

// Load is the work that jobs bring which ask for the same: the same models, so
// many languages, and a summary or none.
type Load struct {
	Model     string // hears them
	LLMModel  string // translates them and sums them up; "" = neither is asked for
	Languages int    // that each is translated into
	Summarize bool
	Jobs      int
	Unknown   int   // those of unknown duration
	MediaMS   int64 // durations of the others together
}

// LoadOf is the work of one job; a duration of 0 is not known. Jobs whose loads
// differ in no more than Unknown and MediaMS are summed up in one.
func LoadOf(o job.Options, durationMS int64) Load {
	l := Load{Model: o.Model, Jobs: 1, MediaMS: durationMS}
	if durationMS == 0 {
		l.Unknown = 1
	}
	for _, stage := range o.Stages() {
		switch stage {
		case job.Translate:
			l.Languages, l.LLMModel = len(o.TranslateTo), o.LLMModel
		case job.Summarize:
			l.Summarize, l.LLMModel = true, o.LLMModel
		case job.Extract, job.Transcribe, job.Deliver:
		}
	}
	return l
}

// Pace is what one stage with one model has taken, recent runs weighing more.
type Pace struct {
	Stage job.Stage
	Model string  // that does the work, of speech or of language; "" = the stage has nothing to do with one
	Ratio float64 // seconds of work per second of media; of a translation, for each language
}

// Directive is what a renewed lease says to its worker.
type Directive struct{ Cancel bool }

// Outcome is how a run ended.
type Outcome struct {
	State job.State    // Queued, Done, Failed or Canceled
	Wait  job.Wait     // for Queued: why it is not next, and until when
	Error *job.Failure // for Failed, and for Queued after an error

	Attempt bool // an error of the stage: count it
	Crash   bool // a death of a child: count it apart
}

// Counts is the number of jobs in each state.
type Counts map[job.State]int

// Depth is the length of the line: queued and running.
func (c Counts) Depth() int { return c[job.Queued] + c[job.Running] }

// Runner carries one job through its stages.
type Runner interface {
	// Ready looks, without starting anything, whether what the job needs is
	// within reach: nil, or what it waits for.
	Ready(ctx context.Context, j job.Job) *job.Wait
	// Run returns nil when the job is done, a *job.Wait when a stage cannot
	// start yet, and a fault otherwise. When ctx ends it stops soon, leaving
	// nothing behind.
	Run(ctx context.Context, lease job.Lease, j job.Job, report func(job.Progress)) error
}

// Gate says whether a stage may start now. Neither call blocks.
type Gate interface {
	Admit(ctx context.Context, n job.Need) job.Verdict
	// Changed gets a value when a refused Admit is worth asking again.
	Changed() <-chan struct{}
	// Yield gives a value to whoever runs a stage that must go now: why, and what
	// it waits for from then on. Nobody has to listen.
	Yield() <-chan job.Wait
}

// Check says whether a draft may be accepted at all; what it returns is a
// fault, or nil. It may complete the draft (the reason it starts with).
type Check interface {
	Check(ctx context.Context, d *job.Draft) error
}

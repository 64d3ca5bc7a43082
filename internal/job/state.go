package job

import "errors"

// State is where a job is in its life.
type State string

// The states.
const (
	Queued   State = "queued"
	Running  State = "running"
	Done     State = "done"
	Failed   State = "failed"
	Canceled State = "canceled"
)

// ErrMove says that the state machine has no such move.
var ErrMove = errors.New("no such move")

// moves lists the legal next states. Final states are left only by an explicit retry.
func moves(from State) []State {
	switch from {
	case Queued:
		return []State{Running, Canceled, Failed}
	case Running:
		return []State{Queued, Done, Failed, Canceled}
	case Done, Failed, Canceled:
		return []State{Queued}
	}
	return nil
}

// Move checks that a job may go from one state to another.
func Move(from, to State) error {
	for _, s := range moves(from) {
		if s == to {
			return nil
		}
	}
	return ErrMove
}

// States lists all states in the order of a job's life.
func States() []State { return []State{Queued, Running, Done, Failed, Canceled} }

// Final says whether the job has ended.
func (s State) Final() bool { return s == Done || s == Failed || s == Canceled }

// Valid says whether s is one of the states.
func (s State) Valid() bool { return s == Queued || s == Running || s.Final() }

// Reason says why a queued job is not next.
type Reason string

// The reasons.
const (
	Turn       Reason = "turn"
	Memory     Reason = "memory"
	Backoff    Reason = "backoff"
	Held       Reason = "held"
	Paused     Reason = "paused"
	Scheduled  Reason = "scheduled"
	Power      Reason = "power"
	OllamaAway Reason = "ollama"
	NoModel    Reason = "model"
	NoSource   Reason = "source"
	Disk       Reason = "disk"
	QueueAway  Reason = "queue_away"
)

// Blocking says whether a job that waits for this reason also keeps its place
// against those behind it: memory and mains power, which all jobs lack alike,
// are not overtaken, everything else is.
func (r Reason) Blocking() bool { return r == Turn || r == Memory || r == Power || r == "" }

// Stage is one step of a job.
type Stage string

// The stages, in order.
const (
	Extract    Stage = "extract"
	Transcribe Stage = "transcribe"
	Translate  Stage = "translate"
	Summarize  Stage = "summarize"
	Deliver    Stage = "deliver"
)

// Stages lists the stages in the order they run. Not every job has all of
// them: see Options.Stages.
func Stages() []Stage { return []Stage{Extract, Transcribe, Translate, Summarize, Deliver} }

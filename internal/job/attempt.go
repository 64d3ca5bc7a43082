package job

import "time"

// Attempt is one try at a stage that did not come to its end.
type Attempt struct {
	Stage      Stage
	Number     int       // of the tries at this stage that ended so, from 1; goes on counting when old ones are dropped
	StartedAt  time.Time // when it was made and ended at once, the same as FinishedAt
	FinishedAt time.Time
	Kind       AttemptKind
	Code       string // of the failure; "" where nothing failed
	Message    string // what happened, for people
	Hint       string
	Log        string // the last lines of the child's log, for experts; "" = there are none
}

// AttemptKind says what ended a try at a stage.
type AttemptKind string

// The kinds of end.
const (
	AttemptError       AttemptKind = "error"         // the stage failed
	AttemptCrash       AttemptKind = "crash"         // a process that ran it died: a child, or Sluice itself
	AttemptOutOfMemory AttemptKind = "out_of_memory" // a process that ran it was stopped because memory ran out
	AttemptYield       AttemptKind = "yield"         // it gave way: memory was critically short. Counts as nothing
	AttemptInterrupted AttemptKind = "interrupted"   // Sluice was stopped, the line paused, or what it needs went away. Counts as nothing
	AttemptCanceled    AttemptKind = "canceled"      // somebody canceled the job
)

// AttemptKinds lists all kinds, the worst first.
func AttemptKinds() []AttemptKind {
	return []AttemptKind{AttemptError, AttemptCrash, AttemptOutOfMemory, AttemptYield, AttemptInterrupted, AttemptCanceled}
}

// MaxAttempts is how many of its attempts a job keeps, the newest.
const MaxAttempts = 50

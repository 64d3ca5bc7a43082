package job

import "time"

// PastRun is one run of one stage, as the machine's history shows it. One that
// found its work done already is none.
type PastRun struct {
	JobID      string     `json:"job_id" example:"01K6ZV5N3T8Q2M4R7W9XYABCDE"`
	Title      string     `json:"title" example:"Interview with the harbour master"`
	Stage      Stage      `json:"stage"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt time.Time  `json:"finished_at,omitzero" doc:"Not of one that goes on"`
	Outcome    RunOutcome `json:"outcome"`
}

// RunOutcome is how a run of a stage ended.
type RunOutcome string

// The outcomes of a run.
const (
	RunDone     RunOutcome = "done"
	RunFailed   RunOutcome = "failed"   // with an error of its own
	RunCrashed  RunOutcome = "crashed"  // a process that did the work died
	RunYielded  RunOutcome = "yielded"  // the job went back into the line, uncounted
	RunCanceled RunOutcome = "canceled" // by a person
	RunRunning  RunOutcome = "running"  // not at its end yet
)

// PastWait is a stretch of time in which a job could not be taken, for one
// reason that nobody asked for.
type PastWait struct {
	JobID  string    `json:"job_id" example:"01K6ZV5N3T8Q2M4R7W9XYABCDE"`
	Title  string    `json:"title" example:"Interview with the harbour master"`
	Reason Reason    `json:"reason"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero" doc:"When it was taken or went on to something else; not of one that still waits"`
}

// Throughput is what the line got done, by hour, and where it failed. It knows
// the jobs that are still there: one that was deleted takes its figures along.
type Throughput struct {
	Hours    []Hour         `json:"hours" nullable:"false" doc:"One for each hour, oldest first, also where nothing happened. Jobs that were deleted since do not count"`
	Failures []FailureCount `json:"failures" nullable:"false" doc:"By code, the most frequent first"`
	Stages   []StageFigures `json:"stages" nullable:"false" doc:"In the order they run; of runs that did the whole work of their stage"`
}

// Hour is what ended within one hour.
type Hour struct {
	At       time.Time `json:"at" doc:"Its beginning"`
	Done     int       `json:"done" example:"7"`
	Failed   int       `json:"failed" example:"1"`
	Canceled int       `json:"canceled" example:"0"`
	MediaMS  int64     `json:"media_ms" doc:"Length of the media of the jobs that are done" example:"9312000"`
	BusyMS   int64     `json:"busy_ms" doc:"Time in which a stage ran" example:"2214000"`
}

// FailureCount is how often jobs failed for one reason.
type FailureCount struct {
	Code   string    `json:"code" example:"no_audio_track"`
	Count  int       `json:"count" example:"2"`
	LastAt time.Time `json:"last_at"`
	JobID  string    `json:"job_id" doc:"The last one" example:"01K6ZV5N3T8Q2M4R7W9XYABCDE"`
	Title  string    `json:"title" doc:"Of the last one" example:"Interview with the harbour master"`
}

// StageFigures is how long a stage takes, by the wall clock.
type StageFigures struct {
	Stage    Stage   `json:"stage"`
	Runs     int     `json:"runs" example:"9"`
	MedianMS int64   `json:"median_ms" example:"182000"`
	P95MS    int64   `json:"p95_ms" doc:"19 of 20 runs were not slower" example:"640000"`
	Factor   float64 `json:"real_time_factor,omitempty" doc:"Seconds of media in a second of work, of the run in the middle; when lengths are known" example:"12.5"`
}

// WorkerState is what the one worker does.
type WorkerState string

// The states of the worker.
const (
	WorkerIdle    WorkerState = "idle"    // the line is empty
	WorkerWorking WorkerState = "working" // on a job
	WorkerWaiting WorkerState = "waiting" // jobs are there, and none may start
	WorkerPaused  WorkerState = "paused"  // by a person
)

// Worker is the one that takes jobs, and its speech engine.
type Worker struct {
	State  WorkerState `json:"state"`
	Since  time.Time   `json:"since" doc:"At most since the program started"`
	JobID  string      `json:"job_id,omitempty" doc:"The job it works on, or the one that waits first" example:"01K6ZV5N3T8Q2M4R7W9XYABCDE"`
	Title  string      `json:"title,omitempty" doc:"Of that job" example:"Interview with the harbour master"`
	Stage  Stage       `json:"stage,omitempty" doc:"The stage that runs or comes next"`
	Reason Reason      `json:"reason,omitempty" doc:"Why it waits"`
	Text   string      `json:"reason_text,omitempty" doc:"The same for people"`
	Engine *EngineNow  `json:"engine,omitempty" doc:"When one lives"`
}

// EngineNow is the speech engine while it lives.
type EngineNow struct {
	PID   int    `json:"pid" example:"4711"`
	Model string `json:"model" example:"large-v3-turbo"`
	Bytes int64  `json:"bytes" doc:"What it takes, as it told last; 0 before it has" example:"2295643915"`
	Warm  bool   `json:"warm" doc:"Its model is loaded"`
}

// Process is this program itself, without its children.
type Process struct {
	PID        int       `json:"pid" example:"4242"`
	Version    string    `json:"version" example:"0.4.0"`
	StartedAt  time.Time `json:"started_at"`
	Resident   int64     `json:"resident_bytes,omitempty" doc:"Memory, when the system tells" example:"48234496"`
	CPUSeconds float64   `json:"cpu_seconds,omitempty" doc:"Of the processor, since it started; when the system tells" example:"31.5"`
}

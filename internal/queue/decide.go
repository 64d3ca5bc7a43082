package queue

import (
	"errors"
	"strings"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// What a job may cost before it is given up. Both counters start anew with
// every checkpoint, so a job that makes progress is never poison.
const (
	maxAttempts            = 3 // errors of one stage
	maxAttemptsUnavailable = 6 // when what is needed was away
	maxCrashes             = 2 // deaths of a child
)

// Backoff after the n-th error: base * 2^(n-1), at most the longest, +-20 %.
const (
	backoffBase    = 30 * time.Second
	backoffLongest = 30 * time.Minute
	backoffJitter  = 0.2
)

// busyWait is how soon a full disk, or whatever else was busy, is tried again.
const busyWait = 30 * time.Second

// decide says how a run ended. It is a pure function: j holds the counters as
// they are now, err is what the runner returned, cause why its context ended
// (nil when it did not), and jitter lies in [0,1).
func decide(j job.Job, err, cause error, jitter float64, now time.Time) Outcome {
	if err == nil {
		return Outcome{State: job.Done}
	}
	if fault.Is(cause, fault.CanceledByUser) {
		return Outcome{State: job.Canceled}
	}
	var wait *job.Wait
	if errors.As(err, &wait) {
		return Outcome{State: job.Queued, Wait: *wait}
	}
	if errors.As(cause, &wait) { // it had to go, whatever it broke off with
		return Outcome{State: job.Queued, Wait: *wait}
	}
	if cause != nil { // told to stop: costs nothing. A stage that gives up unasked has an error
		return Outcome{State: job.Queued, Wait: job.Wait{Reason: job.Turn}}
	}
	f := fault.From(err)
	o := Outcome{Error: failure(f, j.Stage)}
	switch {
	case f.Crash():
		o.Crash = true
		starved := &job.Starved{}
		errors.As(err, &starved)
		return crashed(o, j, f, *starved)
	case f.Kind == fault.KindBusy:
		return Outcome{State: job.Queued, Wait: busy(f, now)}
	case !f.Kind.Retry(), j.Attempts+1 >= allowed(f.Kind):
		o.State, o.Attempt = job.Failed, true
		return o
	}
	o.State, o.Attempt = job.Queued, true
	o.Wait = job.Wait{
		Reason: job.Backoff,
		Text:   f.Say,
		Until:  now.Add(retryAfter(f, backoff(j.Attempts+1, jitter))),
	}
	return o
}

func crashed(o Outcome, j job.Job, f *fault.Fault, s job.Starved) Outcome {
	if j.Crashes+1 < maxCrashes {
		o.State = job.Queued
		o.Wait = job.Wait{Reason: job.Turn, Text: f.Say}
		if starvation(f) { // what it took is known now, and is asked for next time
			again := startsAgain(s.Need)
			o.Wait = job.Wait{Reason: job.Memory, Text: strings.TrimSpace(f.Say + " " + again), Need: s.Need}
			if again != "" { // stays when the gate has newer words for the wait
				o.Error.Hint = again
			}
		}
		return o
	}
	o.State = job.Failed
	switch f.Code {
	case fault.EngineOutOfMemory, fault.OllamaOutOfMemory: // says more than "crashed"
		o.Error.Hint = offer(s.Smaller, o.Error.Hint)
	case fault.EngineStopped: // not by what it read
		if j.Error != nil && j.Error.Code == string(f.Code) {
			o.Error.Message = "The speech engine was stopped twice, by somebody or by another program."
			o.Error.Hint = "The file is not to blame: try again. " + o.Error.Hint
		}
	default:
		w := fault.New(fault.WorkerCrashed, f.Say, f)
		o.Error = failure(w, j.Stage)
		o.Error.Detail = detail(f)
	}
	return o
}

// starvation says that a process died because memory ran out.
func starvation(f *fault.Fault) bool {
	return f.Code == fault.EngineOutOfMemory || f.Code == fault.OllamaOutOfMemory
}

// startsAgain says what must be free for that.
func startsAgain(n job.Need) string {
	if n.Bytes <= 0 {
		return ""
	}
	return "It starts again when " + job.FormatBytes(n.Bytes) + " is free and memory is not critically short."
}

// offer names a model that needs less, where there is one.
func offer(smaller, otherwise string) string {
	if smaller == "" {
		return otherwise
	}
	return "Close some programs, or try again with the next smaller model: " + smaller + "."
}

// busy is the wait for something that others have, which costs the job nothing.
func busy(f *fault.Fault, now time.Time) job.Wait {
	w := job.Wait{Reason: job.Backoff, Text: f.Say, Until: now.Add(retryAfter(f, busyWait))}
	if f.Code == fault.DiskFull {
		w.Reason = job.Disk
	}
	return w
}

func allowed(k fault.Kind) int {
	if k == fault.KindUnavailable {
		return maxAttemptsUnavailable
	}
	return maxAttempts
}

// backoff is the pause after the n-th error in a row; n starts at 1.
func backoff(n int, jitter float64) time.Duration {
	d := backoffLongest
	if shift := n - 1; shift < 10 {
		d = min(backoffBase<<shift, backoffLongest)
	}
	return time.Duration(float64(d) * (1 - backoffJitter + 2*backoffJitter*jitter))
}

func retryAfter(f *fault.Fault, otherwise time.Duration) time.Duration {
	if f.RetryAfterSeconds > 0 {
		return time.Duration(f.RetryAfterSeconds) * time.Second
	}
	return otherwise
}

func failure(f *fault.Fault, stage job.Stage) *job.Failure {
	return &job.Failure{Code: string(f.Code), Message: f.Say, Hint: f.Hint, Stage: stage, Detail: detail(f)}
}

// detail is the cause for experts. Internal causes stay in the log.
func detail(f *fault.Fault) string {
	if f.Err == nil || f.Kind == fault.KindInternal {
		return ""
	}
	const longest = 4 << 10
	s := f.Err.Error()
	if len(s) > longest {
		s = s[len(s)-longest:]
	}
	return s
}

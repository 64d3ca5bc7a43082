// Package fault holds the kinds of failure Sluice knows, their stable codes,
// and the words and hints it says to people. It does no I/O and decides no
// policy: what is retried, and when, belongs to the queue.
package fault

import (
	"errors"
	"fmt"
)

// Fault is a failure that may cross a boundary: the API, the CLI, the window.
// Say and Hint are for people and hold no jargon; Err is for the log only.
type Fault struct {
	Kind Kind
	Code Code
	Say  string // one sentence: what happened
	Hint string // one sentence: what to do about it
	Err  error  // the cause; never shown to a client

	// RetryAfterSeconds is the server's or machine's own wish; 0 = none.
	RetryAfterSeconds int
}

// New makes a fault of a listed code. The kind comes from the table and so
// does the hint unless WithHint replaces it.
func New(code Code, say string, cause error) *Fault {
	e := lookup(code)
	return &Fault{Kind: e.Kind, Code: code, Say: say, Hint: e.Hint, Err: cause}
}

// WithHint returns a copy of f with another hint.
func (f *Fault) WithHint(format string, args ...any) *Fault {
	c := *f
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// Error gives the code, the sentence and the cause: a line for a log.
func (f *Fault) Error() string {
	if f.Err == nil {
		return fmt.Sprintf("%s: %s", f.Code, f.Say)
	}
	return fmt.Sprintf("%s: %s: %v", f.Code, f.Say, f.Err)
}

// Unwrap gives the cause to errors.Is and errors.As.
func (f *Fault) Unwrap() error { return f.Err }

// Status is the HTTP status that goes with the fault.
func (f *Fault) Status() int {
	if s := lookup(f.Code).HTTP; s != 0 {
		return s
	}
	return f.Kind.status()
}

// Crash says whether the fault is the death of a process that ran a stage.
// Deaths are counted apart from attempts.
func (f *Fault) Crash() bool { return lookup(f.Code).Crash }

// From finds the fault in err, or wraps err as an internal one whose text
// stays hidden. From(nil) is nil.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return New(Internal, "Something went wrong inside Sluice.", err)
}

// Is reports whether err carries a fault of this code.
func Is(err error, code Code) bool {
	var f *Fault
	return errors.As(err, &f) && f.Code == code
}

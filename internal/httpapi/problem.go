package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"sluice/internal/fault"
)

// Problem is an error on the wire, after RFC 9457.
type Problem struct {
	Title  string       `json:"title" doc:"The HTTP status in words" example:"Conflict"`
	Status int          `json:"status" doc:"The HTTP status" example:"409"`
	Code   fault.Code   `json:"code" doc:"Stable name of the failure" example:"not_ready"`
	Detail string       `json:"detail" doc:"What happened, for people" example:"The transcript is not complete yet."`
	Hint   string       `json:"hint,omitempty" doc:"What to do about it" example:"Wait until the job is done."`
	Fields []FieldError `json:"fields,omitempty" nullable:"false" doc:"Which fields of the request are wrong"`

	retryAfter int
}

// FieldError is what is wrong with one field of a request.
type FieldError struct {
	Field   string `json:"field" doc:"Path of the field" example:"jobs[2].priority"`
	Message string `json:"message" doc:"What is wrong with it" example:"expected number <= 511"`
}

const problemType = "application/problem+json"

// Error makes Problem an error that huma writes as it is.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus is the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the headers that go with the problem, for huma.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	return h
}

// ContentType is the media type of problems, for huma.
func (p *Problem) ContentType(string) string { return problemType }

// problemOf shows a fault to a client: its words, never its cause. A plain
// internal fault has no words of its own.
func problemOf(f *fault.Fault) *Problem {
	say := f.Say
	if f.Code == fault.Internal || say == "" {
		say = "Something went wrong inside Sluice."
	}
	p := newProblem(f.Status(), f.Code, say)
	p.retryAfter = f.RetryAfterSeconds
	if f.Hint != "" {
		p.Hint = f.Hint
	}
	return p
}

func newProblem(status int, code fault.Code, detail string) *Problem {
	title := http.StatusText(status)
	if title == "" { // 499 has no official name
		title = "Client Closed Request"
	}
	return &Problem{
		Title: title, Status: status, Code: code, Detail: detail,
		Hint: fault.New(code, "", nil).Hint,
	}
}

// invalid is a request that does not follow the schema.
func invalid(detail string, fields ...FieldError) *Problem {
	f := fault.New(fault.RequestInvalid, detail, nil)
	p := problemOf(f)
	p.Fields = fields
	return p
}

// invalidField is a request with one wrong field.
func invalidField(field, message string) *Problem {
	field = clip(field, maxFieldName)
	return invalid(field+": "+message, FieldError{Field: field, Message: message})
}

func (p *Problem) withStatus(status int) *Problem {
	p.Status, p.Title = status, http.StatusText(status)
	return p
}

func (p *Problem) withHint(hint string) *Problem {
	p.Hint = hint
	return p
}

// Bounds of what a problem says back about a request.
const (
	maxFields    = 20
	maxFieldName = 100 // characters
)

// invalidFields turns huma's findings into a problem. Values are left out: a
// wrong request may hold what should not lie in a log or on a screen.
func invalidFields(errs []error) *Problem {
	var fields []FieldError
	for _, err := range errs {
		var d huma.ErrorDetailer
		if !errors.As(err, &d) {
			continue
		}
		e := d.ErrorDetail()
		field, message := fieldName(e.Location), e.Message
		if name, ok := missing(message); ok { // huma names the object that lacks it
			field, message = strings.TrimPrefix(field+"."+name, "."), "is missing"
		}
		if strings.HasPrefix(message, "json:") { // Go's own words, of a number that its type cannot hold
			field, message = "", "a number is more than it can be"
		}
		if message == validation.MsgExpectedRFC3339DateTime {
			message = "expected a time with its zone after RFC 3339, such as 2027-01-31T22:00:00Z"
		}
		fields = append(fields, FieldError{Field: clip(field, maxFieldName), Message: message})
	}
	slices.SortFunc(fields, func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
	fields = slices.Compact(fields)
	detail := "The request does not follow the schema."
	if len(fields) > 0 {
		detail = fields[0].Message
		if fields[0].Field != "" {
			detail = fields[0].Field + ": " + detail
		}
	}
	return invalid(detail, fields[:min(len(fields), maxFields)]...)
}

// missing finds the name in what huma says about a required field.
func missing(message string) (name string, ok bool) {
	name, before := strings.CutPrefix(message, "expected required property ")
	name, after := strings.CutSuffix(name, " to be present")
	return name, before && after
}

// fieldName drops where huma found the field: "body.jobs[0].title" is
// "jobs[0].title" to whoever wrote it.
func fieldName(location string) string {
	place, rest, _ := strings.Cut(location, ".")
	switch place {
	case "body", "query", "path", "header":
		return rest
	}
	return location
}

// ownErrors replaces huma's errors by ours on their way out. It stands in for
// the package variable huma.NewError, so that nothing global is changed.
func ownErrors(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	switch {
	case m.Status >= http.StatusInternalServerError:
		return problemOf(fault.From(errors.New(m.Detail))), nil
	case m.Status == http.StatusRequestEntityTooLarge:
		return problemOf(errTooLarge()), nil
	}
	errs := make([]error, 0, len(m.Errors))
	for _, e := range m.Errors {
		errs = append(errs, e)
	}
	return invalidFields(errs).withStatus(m.Status), nil
}

func errTooLarge() *fault.Fault {
	return fault.New(fault.RequestTooLarge, "The request is too large.", nil)
}

// fail answers a request with the problem in err.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	refuse(w, r, a.problem(r.Context(), err))
}

// problem shows err to a client, and logs it when it is ours to mend. Nothing
// is logged about a client that has gone.
func (a *api) problem(ctx context.Context, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return newProblem(499, fault.CanceledByUser, "The request was given up.")
	}
	f := fault.From(err)
	p = problemOf(f)
	if p.Status >= http.StatusInternalServerError {
		level := slog.LevelWarn
		if f.Kind == fault.KindInternal {
			level = slog.LevelError
		}
		c, _ := ctx.Value(callKey{}).(call)
		a.Log.Log(ctx, level, "request failed", "method", c.method, "path", clip(c.path, 200), "err", err)
	}
	return p
}

func (a *api) logPanic(r *http.Request, p any) {
	a.Log.ErrorContext(r.Context(), "request panicked",
		"method", r.Method, "path", clip(r.URL.Path, 200), "err", fmt.Sprint(p), "stack", string(debug.Stack()))
}

var errPanic = errors.New("panic")

// call is what the log says about a request.
type call struct{ method, path string }

type callKey struct{}

func writeProblem(w http.ResponseWriter, p *Problem) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	h := w.Header()
	for _, name := range []string{"Content-Length", "Content-Disposition", "Location"} { // of the answer that failed
		h.Del(name)
	}
	writeBody(w, p.Status, problemType, p)
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) {
	writeBody(w, status, "application/json", v)
}

func writeBody(w http.ResponseWriter, status int, contentType string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Errorf("encode answer: %w", err))
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that has gone is no error of ours
}

// clip keeps the first n characters of what a client sent.
func clip(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}

package ollama

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/ollama/ollama/api"

	"sluice/internal/fault"
)

// What may be wrong with an answer though the server did its work: another
// question may get a better one.
var (
	errLength  = errors.New("the answer did not end where it should")
	errTooLong = errors.New("the question is longer than the model can read")
	errLoop    = errors.New("the answer goes round in circles")
)

// errSilent is why a request was ended: nothing came for too long.
var errSilent = errors.New("nothing came for too long")

// How long the first token may take: the model is loaded, then the question is
// read, and neither shows.
const (
	loadTime     = time.Minute
	slowReading  = 20 // tokens in a second, on a slow machine
	leastPatient = 2 * time.Minute
	mostPatient  = 15 * time.Minute
)

// question is one request to a model.
type question struct {
	model    string
	messages []api.Message
	format   json.RawMessage // JSON schema; nil = free text
	think    *api.ThinkValue // nil = the model does not think
	context  int             // tokens
	room     int             // tokens for the answer
	heat     float64         // temperature
	seed     int
	reckoned float64 // tokens of the messages, by our own count
}

// answer is what came.
type answer struct {
	text string
	in   int // tokens of the question that the model has read
	out  int // tokens of the answer
}

// chat asks one question, of a server that is started again should it have gone
// since the last one. It fails with one of the errors above, with ctx's cause,
// or with a fault; the answer then holds what had come by then.
func (c *Client) chat(ctx context.Context, q question) (answer, error) {
	a, err := c.put(ctx, q)
	if errors.Is(err, syscall.ECONNREFUSED) && c.cfg.Wake != nil && c.wake(ctx) == nil {
		return c.put(ctx, q)
	}
	return a, err
}

// put asks one question once.
func (c *Client) put(ctx context.Context, q question) (answer, error) {
	watched, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(c.patience(q), func() { cancel(errSilent) })
	defer watchdog.Stop()

	s := stream{room: q.room}
	err := c.api.Chat(watched, c.request(q), func(piece api.ChatResponse) error {
		watchdog.Reset(c.cfg.Idle)
		return s.add(piece)
	})
	a := answer{text: s.text.String(), in: s.last.PromptEvalCount, out: s.last.EvalCount}
	switch {
	case errors.Is(err, errLoop):
		return a, err
	case s.last.Done && s.last.DoneReason == "length":
		return a, errLength
	case s.last.Done:
		return a, nil
	case ctx.Err() != nil:
		return a, context.Cause(ctx)
	case watched.Err() != nil:
		return a, c.silence(ctx, q.model)
	case err == nil: // an answer without an end is a cut one, whatever the client says
		return a, c.crashed(q.model, errors.New("the answer has no end"))
	}
	return a, c.refused(q.model, err)
}

// request is the question as the server gets it. Nothing here but the context
// and the threads makes it load the model anew, and these are always the same.
func (c *Client) request(q question) *api.ChatRequest {
	no := false
	options := map[string]any{
		"num_ctx": q.context, "num_predict": q.room, "temperature": q.heat, "seed": q.seed,
		"repeat_penalty": 1.0, // names and the signs of JSON have to come again; circles are seen here
	}
	if c.cfg.Threads > 0 {
		options["num_thread"] = c.cfg.Threads
	}
	return &api.ChatRequest{
		Model: q.model, Messages: q.messages, Format: q.format, Think: q.think, Options: options,
		Truncate: &no, Shift: &no, KeepAlive: &api.Duration{Duration: c.cfg.KeepAlive},
	}
}

func (c *Client) patience(q question) time.Duration {
	if c.cfg.FirstToken > 0 {
		return c.cfg.FirstToken
	}
	reading := time.Duration(q.reckoned / slowReading * float64(time.Second))
	return min(max(loadTime+reading, leastPatient), mostPatient)
}

// stream collects an answer piece by piece and stops one that leads nowhere:
// some servers do not keep to the bound they were given.
type stream struct {
	text   strings.Builder
	last   api.ChatResponse
	room   int
	pieces int
	looked int // length of the text when it was last looked at
}

const (
	lookEvery  = 512 // bytes
	tokenBytes = 64  // no token is longer
)

func (s *stream) add(piece api.ChatResponse) error {
	s.last = piece
	s.pieces++
	s.text.WriteString(piece.Message.Content)
	switch n := s.text.Len(); {
	case piece.Done:
		return nil
	case n > (s.room+1)*tokenBytes, s.pieces > 4*(s.room+64):
		return fmt.Errorf("%w: %d bytes", errLoop, n)
	case n-s.looked >= lookEvery:
		s.looked = n
		if endsInCircles(s.text.String()) {
			return fmt.Errorf("%w: %d bytes", errLoop, n)
		}
	}
	return nil
}

// silence tells a server that thinks for too long from one that has gone.
func (c *Client) silence(ctx context.Context, model string) error {
	if _, err := c.Version(ctx); err != nil {
		return err
	}
	return fault.New(fault.OllamaStuck, fmt.Sprintf("Ollama at %s gives no answer with %s.", c.host, model), errSilent)
}

func (c *Client) crashed(model string, err error) error {
	return fault.New(fault.OllamaCrashed, fmt.Sprintf("Ollama ended in the middle of an answer of %s.", model), brief{"chat", err})
}

// refused says what became of a question that got no whole answer. Ollama has
// no codes for most of it, so its words must do.
func (c *Client) refused(model string, err error) error {
	var status api.StatusError
	var op *net.OpError
	var call *url.Error
	words := strings.ToLower(err.Error())
	switch {
	case errors.As(err, &status) && status.StatusCode == http.StatusNotFound:
		return missing(model, brief{"chat", err})
	case errors.As(err, &op) && op.Op == "dial":
		return c.fault("chat", err)
	case says(words, "exceeds the context", "exceeds the available context", "exceed_context_size"):
		return fmt.Errorf("%w: %w", errTooLong, brief{"chat", err})
	case says(words, "out of memory", "requires more system memory", "not enough memory", "insufficient memory", "failed to allocate", "allocation failed"):
		return fault.New(fault.OllamaOutOfMemory, fmt.Sprintf("Ollama has too little memory for %s.", model), brief{"chat", err})
	case says(words, "unexpectedly stopped", "has terminated", "while running the model"),
		errors.As(err, &op), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return c.crashed(model, err)
	case errors.As(err, &call), strange(err):
		return c.fault("chat", err)
	case strings.HasPrefix(words, "<"):
		return c.foreign("chat", brief{"chat", err})
	}
	return fault.New(fault.OllamaFailed, fmt.Sprintf("Ollama at %s answers with an error.", c.host), brief{"chat", err})
}

func says(words string, some ...string) bool {
	return slices.ContainsFunc(some, func(s string) bool { return strings.Contains(words, s) })
}

// brief is an error whose words are fit for a log.
type brief struct {
	doing string
	err   error
}

func (b brief) Error() string { return b.doing + ": " + clip(b.err.Error(), 300) }
func (b brief) Unwrap() error { return b.err }

// clip cuts a text to so many bytes, between two letters.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

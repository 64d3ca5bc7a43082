package ollama

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/ollama/ollama/api"

	"sluice/internal/fault"
)

const (
	connectLimit = 5 * time.Second // a server that is there takes a connection at once
	errorBytes   = 4 << 10         // of what comes with an error status; it is for the log
)

var (
	errNoAnswer = errors.New("the answer has nothing in it")
	errRedirect = errors.New("it sends to another address")
)

// guarded is the HTTP client below Ollama's own. That one takes an error
// without a body for success in some calls, reads an answer of any length and
// waits for ever; so what goes wrong must be found before it gets there.
func guarded(answerBytes int64) *http.Client {
	dialer := &net.Dialer{Timeout: connectLimit}
	return &http.Client{
		Transport: &guard{limit: answerBytes, below: &http.Transport{
			Proxy:               http.ProxyFromEnvironment, // never for a loopback address
			DialContext:         dialer.DialContext,
			TLSHandshakeTimeout: connectLimit,
			DisableKeepAlives:   true,
		}},
	}
}

// guard lets through what may be an answer and makes errors of the rest.
type guard struct {
	below http.RoundTripper
	limit int64
}

// RoundTrip gives an error for every status but a good one. A redirect is not
// followed: Ollama sends none, and another host may be anybody's.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := g.below.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	res.Body = http.MaxBytesReader(nil, res.Body, g.limit)
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	if res.StatusCode < 400 {
		return nil, errRedirect
	}
	return nil, statusError(res)
}

// statusError keeps what the server says of itself. That is cut to a length
// fit for a log, and may be missing.
func statusError(res *http.Response) error {
	e := api.StatusError{StatusCode: res.StatusCode, Status: res.Status}
	body, err := io.ReadAll(io.LimitReader(res.Body, errorBytes))
	if err == nil && json.Unmarshal(body, &e) != nil {
		e.ErrorMessage = fmt.Sprintf("%.200q", body)
	}
	return e
}

// ask makes one call with a time limit and turns its error into a fault.
func ask[T any](ctx context.Context, c *Client, doing string, call func(context.Context) (T, error)) (T, error) {
	limited, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	answer, err := call(limited)
	if err == nil {
		return answer, nil
	}
	var none T
	if ctx.Err() != nil { // the caller has gone; that says nothing about the server
		return none, fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	return none, c.fault(doing, err)
}

// fault says in plain words what became of a call.
func (c *Client) fault(doing string, err error) error {
	var status api.StatusError
	switch {
	case errors.As(err, &status) && status.StatusCode == http.StatusServiceUnavailable:
		return fault.New(fault.OllamaBusy, "Ollama has too much to do.", fmt.Errorf("%s: %w", doing, err)).
			WithHint("Try again when its other work is done.")
	case errors.As(err, &status):
		return fault.New(fault.OllamaFailed, fmt.Sprintf("Ollama at %s answers with an error.", c.host), fmt.Errorf("%s: %w", doing, err))
	case strange(err):
		return c.foreign(doing, err)
	}
	f := fault.New(fault.OllamaUnreachable, fmt.Sprintf("Ollama does not answer at %s.", c.host), fmt.Errorf("%s: %w", doing, err))
	if !c.local {
		return f.WithHint("Check that the other machine is on, that Ollama runs there, and that ollama.host names it.")
	}
	return f
}

// strange says whether an answer was not of a kind that Ollama gives.
func strange(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var long *http.MaxBytesError
	return errors.As(err, &syntax) || errors.As(err, &kind) || errors.As(err, &long) ||
		errors.Is(err, bufio.ErrTooLong) || errors.Is(err, errRedirect)
}

// foreign is the fault of a server that answers, but not as an Ollama does.
func (c *Client) foreign(doing string, err error) error {
	return fault.New(fault.OllamaFailed, fmt.Sprintf("What answers at %s does not answer as Ollama does.", c.host), fmt.Errorf("%s: %w", doing, err)).
		WithHint("Check that ollama.host is the address of Ollama itself.")
}

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"sluice/internal/fault"
	"sluice/internal/httpapi"
)

// errAway says that the first Sluice does not answer: it is still starting, or
// about to end.
var errAway = errors.New("the first Sluice does not answer")

// second is a start of the app while another Sluice holds the data folder. It
// gives that one its files, brings its window to the front, and is done.
type second struct {
	found string // the discovery file of the first
	open  func(ctx context.Context, address string) error
	note  func(text string)

	files  []string // to give away
	hidden bool     // nothing is to be shown
}

// hand gives everything to the first Sluice. It may be called again after
// errAway: what was given is not given twice.
func (s *second) hand(ctx context.Context) error {
	first, err := readDiscovery(s.found)
	if err != nil {
		return fmt.Errorf("%w: %w", errAway, err)
	}
	if err := s.give(ctx, first); err != nil {
		return err
	}
	if s.hidden {
		return nil
	}
	err = first.post(ctx, "/api/v1/window/show", nil, nil)
	if fault.Is(err, fault.NoWindow) {
		return s.browse(ctx, first)
	}
	return err
}

// batch is how many paths the route takes at once.
const batch = 1000

func (s *second) give(ctx context.Context, first discovery) error {
	for len(s.files) > 0 {
		n := min(batch, len(s.files))
		var out httpapi.Dropped
		if err := first.post(ctx, "/api/v1/drop", httpapi.Drop{Paths: s.files[:n]}, &out); err != nil {
			return err
		}
		s.files = slices.Delete(s.files, 0, n)
		if n := len(out.Jobs); n > 0 {
			s.note(fmt.Sprintf("Sluice runs already and has %s.", files(n)))
		}
		for _, r := range out.Refused {
			s.note(r.Name + ": " + r.Message)
		}
	}
	return nil
}

func files(n int) string {
	if n == 1 {
		return "the file"
	}
	return fmt.Sprintf("the %d files", n)
}

// browse shows the page of a Sluice without a window.
func (s *second) browse(ctx context.Context, first discovery) error {
	if first.Token != "" { // arguments can be read by everybody on this machine, so it does not go into one
		s.note("Sluice runs already, without a window and with a token. Its page is " + first.URL + "/?token=TOKEN, with the token of its settings.")
		return nil
	}
	if err := s.open(ctx, first.URL); err != nil {
		s.note("Sluice runs already, without a window. Its page is " + first.URL + ".")
		return nil
	}
	s.note("Sluice runs already, without a window: its page " + first.URL + " opens in the browser.")
	return nil
}

func readDiscovery(path string) (discovery, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return discovery{}, fmt.Errorf("read discovery file: %w", err)
	}
	var d discovery
	if err := json.Unmarshal(body, &d); err != nil || d.URL == "" {
		return discovery{}, fmt.Errorf("read discovery file: %w", errors.Join(err, errors.New("it names no address")))
	}
	return d, nil
}

// post asks a running server. Its problems come back as faults; errAway when
// nobody answers.
func (d discovery) post(ctx context.Context, route string, body, into any) error {
	address, err := url.JoinPath(d.URL, route)
	if err != nil {
		return fmt.Errorf("ask first Sluice: %w", err)
	}
	var buf bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&buf).Encode(body); err != nil {
			return fmt.Errorf("ask first Sluice: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, &buf)
	if err != nil {
		return fmt.Errorf("ask first Sluice: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if d.Token != "" {
		req.Header.Set("Authorization", "Bearer "+d.Token)
	}
	// No limit on the whole: every file of a large folder is looked at before the
	// answer, and giving up would take the folder back.
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       (&net.Dialer{Timeout: dialPatience}).DialContext,
	}}
	res, err := client.Do(req)
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("%w: %w", errAway, err)
	case err != nil:
		return fault.New(fault.ServerAway, "The Sluice that runs has ended before it answered.", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= http.StatusBadRequest {
		var p httpapi.Problem
		if err := json.NewDecoder(res.Body).Decode(&p); err != nil || p.Code == "" {
			// Somebody else has the address now.
			return fmt.Errorf("%w: it says %s", errAway, res.Status)
		}
		return fault.New(p.Code, p.Detail, nil).WithHint("%s", p.Hint)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return fmt.Errorf("ask first Sluice: %w", err)
	}
	return nil
}

// How long a second start tries to reach the first, and how often.
const (
	dialPatience   = 2 * time.Second
	secondPatience = 15 * time.Second
	secondEvery    = 250 * time.Millisecond
)

// startOrJoin starts a server, or joins the one that runs: then both results
// are nil. When the first is just ending, this one takes its place.
func startOrJoin(ctx context.Context, start func() (*running, error), hand func(context.Context) error) (*running, error) {
	for until := time.Now().Add(secondPatience); ; {
		r, err := start()
		if !fault.Is(err, fault.StoreLocked) {
			return r, err
		}
		away := hand(ctx)
		if !errors.Is(away, errAway) {
			return nil, away
		}
		if time.Now().After(until) || !pause(ctx, secondEvery) {
			return nil, fault.New(fault.StoreLocked, "Sluice runs already, but it does not answer.", errors.Join(err, away)).
				WithHint("Wait a moment and try again; if it stays, end the process called sluice.")
		}
	}
}

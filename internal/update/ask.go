package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sluice/internal/netguard"
)

// mostAnswer is how much of an answer is read. Notes of a release are in it.
const mostAnswer = 1 << 20

// Answer is a server that answers, but not with a release.
type Answer struct {
	Status int
	After  time.Duration // how long it wants to be left alone; 0 = it does not say
}

// Error says what was answered.
func (a *Answer) Error() string { return fmt.Sprintf("answered %d", a.Status) }

// Ask asks a feed for the newest release, once. The zero value and no error is a
// feed that has none for everybody. The question tells which version asks, and
// nothing else; it goes to the feed, and where that sends it on to by https.
func Ask(ctx context.Context, feed, version string) (Release, error) {
	at, err := url.Parse(feed)
	if err != nil {
		return Release{}, fmt.Errorf("read feed's address: %w", err)
	}
	client, err := guarded(at)
	if err != nil {
		return Release{}, err
	}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, feed, nil)
	if err != nil {
		return Release{}, fmt.Errorf("ask feed: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Sluice/"+version)
	res, err := client.Do(req)
	if err != nil {
		var outer *url.Error // it repeats the whole address, wherever we were sent
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return Release{}, fmt.Errorf("ask feed: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return Release{}, fmt.Errorf("ask feed: %w", &Answer{Status: res.StatusCode, After: after(res)})
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer+1))
	switch {
	case err != nil:
		return Release{}, fmt.Errorf("ask feed: %w", err)
	case len(body) > mostAnswer:
		return Release{}, errors.New("ask feed: the answer is too large")
	}
	return parse(feed, body)
}

// guarded is a client that reaches the feed, which the user has named, and
// otherwise only what is out on the web.
func guarded(feed *url.URL) (*http.Client, error) {
	guard, err := netguard.New(netguard.Config{Allow: []string{net.JoinHostPort(feed.Hostname(), port(feed))}})
	if err != nil {
		return nil, fmt.Errorf("ask feed: %w", err)
	}
	client := guard.Client()
	bounded := client.CheckRedirect
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if req.URL.Scheme != "https" && (req.URL.Scheme != feed.Scheme || req.URL.Host != feed.Host) {
			return errors.New("sent on to another server, without encryption")
		}
		return bounded(req, via)
	}
	return client, nil
}

// after is how long the server wants to be left alone.
func after(res *http.Response) time.Duration {
	text := res.Header.Get("Retry-After")
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(n, 0), int(every/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), every)
	}
	return 0
}

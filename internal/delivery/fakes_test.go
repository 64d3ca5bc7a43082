package delivery_test

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/delivery"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// box is an outbox in memory.
type box struct {
	mu     sync.Mutex
	all    map[string]job.Delivery
	bodies map[string][]byte
	fails  error // of RecordDelivery
}

func newBox(urls ...string) *box {
	b := &box{all: map[string]job.Delivery{}, bodies: map[string][]byte{}}
	for i, u := range urls {
		id := string(rune('a' + i))
		now := time.Now()
		b.all[id] = job.Delivery{ID: id, JobID: "job-" + id, Event: job.EventDone, URL: u, State: job.DeliveryPending, CreatedAt: now, Since: now, NextAt: now}
	}
	return b
}

func (b *box) DueDeliveries(context.Context) ([]job.Delivery, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var due []job.Delivery
	seen := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(b.all)) {
		d := b.all[id]
		if d.State == job.DeliveryPending && !d.NextAt.After(time.Now()) && !seen[d.URL] {
			due, seen[d.URL] = append(due, d), true
		}
	}
	return due, nil
}

func (b *box) NextDelivery(context.Context) (time.Time, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var next time.Time
	for _, d := range b.all {
		if d.State == job.DeliveryPending && d.NextAt.After(time.Now()) && (next.IsZero() || d.NextAt.Before(next)) {
			next = d.NextAt
		}
	}
	return next, nil
}

func (b *box) DeliveryBody(_ context.Context, id string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bodies[id], nil
}

func (b *box) KeepDeliveryBody(_ context.Context, id string, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bodies[id] = slices.Clone(body)
	return nil
}

func (b *box) RecordDelivery(_ context.Context, id string, t job.Tried) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails != nil {
		return b.fails
	}
	d := b.all[id]
	d.State, d.LastStatus, d.LastError, d.NextAt, d.TriedAt = t.State, t.Status, t.Error, t.NextAt, time.Now()
	d.Attempts++
	b.all[id] = d
	return nil
}

// get gives a delivery as it is now.
func (b *box) get(id string) job.Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all[id]
}

// redeliver is what a person does.
func (b *box) redeliver(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.all[id]
	d.State, d.Attempts, d.Since, d.NextAt = job.DeliveryPending, 0, time.Now(), time.Now()
	b.all[id] = d
}

// results gives every job the same result.
type results struct {
	err   error
	bytes int // further ones, to make a message large
}

func (r results) Result(_ context.Context, id string) (delivery.Result, error) {
	if r.err != nil {
		return delivery.Result{}, r.err
	}
	return delivery.Result{
		Job: job.Job{
			ID: id, Title: "Harbour <talk>", Metadata: map[string]string{"video_id": "v42", "more": strings.Repeat("x", r.bytes)},
			Source: job.Source{Path: "/home/ann/private/talk.mp4", Name: "talk.mp4"},
			Error:  &job.Failure{Code: "engine_crashed", Message: "The engine crashed.", Detail: "/home/ann/private"},
		},
		Transcript:   &transcript.Transcript{Language: "en", Complete: true, Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: "hello"}}},
		Translations: map[string]transcript.Transcript{"ko": {Language: "ko", Complete: true, Segments: []transcript.Segment{{ID: 1, EndMS: 900, Text: "안녕하세요"}}}},
		Summary:      &transcript.Summary{Language: "en", Title: "Greeting", Text: "Somebody says hello.", KeyPoints: []string{}, Chapters: []transcript.Chapter{}, ActionItems: []string{}},
	}, nil
}

// wire is a way out whose other end is a function.
type wire func(*http.Request) (*http.Response, error)

func (w wire) Check(*url.URL) error                                { return nil }
func (w wire) Client() *http.Client                                { return &http.Client{Transport: w} }
func (w wire) RoundTrip(req *http.Request) (*http.Response, error) { return w(req) }

// running starts a sender and gives what stops it; the test waits for its end.
func running(t *testing.T, deps delivery.Deps, cfg delivery.Config) (s *delivery.Sender, stop func()) {
	t.Helper()
	if deps.Results == nil {
		deps.Results = results{}
	}
	deps.Log = slog.New(slog.DiscardHandler)
	s = delivery.New(deps, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return s, stop
}

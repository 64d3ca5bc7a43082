package sqlitestore_test

import (
	"errors"
	"testing"
	"time"

	"sluice/internal/job"
	"sluice/internal/queue"
)

func TestAFetchedSourceReplacesItsAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	must(t, b.Index(t.Context()))
	source := job.Source{
		Kind: job.FromURL, URL: "https://media.example.com/a", Path: "/elsewhere/source.mp4", Name: "harbour.mp4",
		Size: 7, ModTime: time.Unix(1, 0).UTC(), Fingerprint: "content",
	}
	must(t, b.SetSource(t.Context(), b.lease, source, "Harbour Talk"))
	must(t, b.Index(t.Context()))
	j, err := b.Get(t.Context(), b.lease.ID)
	must(t, err)
	b.same("source", j.Source, source)
	b.same("title", j.Title, "Harbour Talk")
	for query, want := range map[string]int{"harbour": 1, "talk": 1, "nowhere": 0} {
		p, err := b.List(t.Context(), queue.Filter{Query: query})
		must(t, err)
		b.same("jobs found by "+query, len(p.Jobs), want)
	}
	stale := b.lease
	stale.Token++
	if err := b.SetSource(t.Context(), stale, source, "x"); !errors.Is(err, job.ErrLeaseLost) {
		t.Errorf("under another lease: %v", err)
	}
}

func TestAFetchIsProgressOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	spend := func() {
		_, err := b.Settle(t.Context(), b.lease, queue.Outcome{State: job.Queued, Attempt: true, Error: &job.Failure{Code: "x"}})
		must(t, err)
		b.lease = take(t, b.Store, b.lease.ID)
	}
	attempts := func(want int) {
		t.Helper()
		j, err := b.Get(t.Context(), b.lease.ID)
		must(t, err)
		b.same("attempts", j.Attempts, want)
	}
	source := job.Source{Kind: job.FromURL, Fingerprint: "content"}
	spend()
	attempts(1)
	must(t, b.SetSource(t.Context(), b.lease, source, "x"))
	attempts(0)
	spend()
	must(t, b.SetSource(t.Context(), b.lease, source, "x"))
	attempts(1)
}

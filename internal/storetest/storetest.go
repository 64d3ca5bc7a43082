// Package storetest says in tests what a store of the line must do. Every
// store runs the same scenarios, and random sequences of verbs against a plain
// one in memory. It knows nothing about how a store keeps its jobs.
package storetest

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// Open makes an empty store that lives in the clock's time and is closed when
// the test ends.
type Open func(tb testing.TB, clock *Clock) queue.Store

// Run runs every scenario against stores made by open. Those of the past and of
// attempts are for stores that keep them.
func Run(t *testing.T, open Open) {
	t.Helper()
	all := []map[string]scenario{
		inbox(), order(), leases(), outcomes(), waits(), recovery(), control(), reading(), listing(), pausing(), workAhead(), pace(),
		retrying(), holding(), moving(), removing(), history(), pieces(), resulting(),
	}
	one := open(t, NewClock())
	if _, ok := one.(past); ok {
		all = append(all, lookingBack())
	}
	if _, ok := one.(rememberer); ok {
		all = append(all, attempting())
	}
	for _, scenarios := range all {
		for name, run := range scenarios {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				clock := NewClock()
				run(&stand{T: t, Store: open(t, clock), clock: clock})
			})
		}
	}
	t.Run("any sequence of verbs ends like the reference", func(t *testing.T) {
		t.Parallel()
		random(t, open)
	})
	t.Run("a store does the same as the reference for very many verbs", func(t *testing.T) {
		t.Parallel()
		long(t, open, often(10_000))
	})
}

// often is how often something is done that 'make soak' does in full: a store
// waits for its disk each time.
func often(times int) int {
	switch {
	case os.Getenv("SLUICE_TEST_SOAK") != "":
		return times
	case os.Getenv("SLUICE_TEST_ALL") != "":
		return times / 4
	}
	return times / 20
}

type scenario func(s *stand)

// stand is one store under test with the short words that scenarios are made of.
type stand struct {
	*testing.T
	queue.Store
	clock *Clock
}

const (
	owner = "this start"
	other = "an earlier start"
)

func draft(title string) job.Draft {
	return job.Draft{Title: title, Source: job.Source{Kind: job.FromPath, Path: "/media/" + title, Name: title}, Options: job.Options{Language: "auto", Model: "tiny"}}
}

// submit adds one job per title, in one call.
func (s *stand) submit(titles ...string) []job.Job {
	s.Helper()
	drafts := make([]job.Draft, 0, len(titles))
	for _, title := range titles {
		drafts = append(drafts, draft(title))
	}
	return s.accept(drafts...)
}

func (s *stand) accept(drafts ...job.Draft) []job.Job {
	s.Helper()
	accepted, err := s.Submit(s.Context(), drafts)
	s.ok(err)
	jobs := make([]job.Job, 0, len(accepted))
	for _, a := range accepted {
		jobs = append(jobs, a.Job)
	}
	return jobs
}

func (s *stand) take(id string) (job.Job, job.Lease) {
	s.Helper()
	j, lease, err := s.Take(s.Context(), id, owner)
	s.ok(err)
	return j, lease
}

// running submits one job and takes it.
func (s *stand) running() (job.Job, job.Lease) {
	s.Helper()
	return s.take(s.submit("talk")[0].ID)
}

func (s *stand) settle(lease job.Lease, o queue.Outcome) job.Job {
	s.Helper()
	j, err := s.Settle(s.Context(), lease, o)
	s.ok(err)
	return j
}

func (s *stand) get(id string) job.Job {
	s.Helper()
	j, err := s.Get(s.Context(), id)
	s.ok(err)
	return j
}

// next is the title of the job that may be taken now; "" = none.
func (s *stand) next() string {
	s.Helper()
	j, err := s.Next(s.Context())
	if errors.Is(err, queue.ErrEmpty) {
		return ""
	}
	s.ok(err)
	return j.Title
}

func (s *stand) position(id string) int {
	s.Helper()
	n, err := s.Position(s.Context(), id)
	s.ok(err)
	return n
}

func (s *stand) readyAt() time.Time {
	s.Helper()
	at, err := s.ReadyAt(s.Context())
	s.ok(err)
	return at
}

func (s *stand) page(f queue.Filter) queue.Page {
	s.Helper()
	p, err := s.List(s.Context(), f)
	s.ok(err)
	return p
}

func (s *stand) counts(want queue.Counts) {
	s.Helper()
	got, err := s.Counts(s.Context())
	s.ok(err)
	for _, state := range job.States() {
		if got[state] != want[state] {
			s.Errorf("%d jobs are counted as %s, want %d", got[state], state, want[state])
		}
	}
}

func (s *stand) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stand) fails(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("got error %v, want %v", err, want)
	}
}

func (s *stand) refused(err error, code fault.Code) {
	s.Helper()
	if !fault.Is(err, code) {
		s.Errorf("got error %v, want fault %s", err, code)
	}
}

func (s *stand) same(what string, got, want any) {
	s.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateApprox(1e-9, 0)); d != "" {
		s.Errorf("%s differs (-want +got):\n%s", what, d)
	}
}

func titles(jobs []job.Job) []string {
	var out []string
	for _, j := range jobs {
		out = append(out, j.Title)
	}
	return out
}

// verbs is every write of a worker under a lease, by name.
func (s *stand) verbs(lease job.Lease) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"renew": func(ctx context.Context) error {
			_, err := s.Renew(ctx, lease, job.Progress{Stage: job.Transcribe, Fraction: 0.9})
			return err
		},
		"settle as done": func(ctx context.Context) error {
			_, err := s.Settle(ctx, lease, queue.Outcome{State: job.Done})
			return err
		},
		"settle as queued": func(ctx context.Context) error {
			_, err := s.Settle(ctx, lease, queue.Outcome{State: job.Queued, Attempt: true})
			return err
		},
	}
}

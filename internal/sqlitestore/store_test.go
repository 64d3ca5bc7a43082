package sqlitestore_test

import (
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
	"sluice/internal/storetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		child(path) // does not return
	}
	// Each random sequence opens a store of its own and every step of it waits
	// for the disk; -rapid.checks asks for more.
	if err := flag.Set("rapid.checks", "12"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func TestStoreDoesWhatEveryStoreMustDo(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB, clock *storetest.Clock) queue.Store {
		tb.Helper()
		return open(tb, sqlitestore.Config{Now: clock.Now})
	})
}

// open makes a store in a folder of its own unless cfg names one.
func open(tb testing.TB, cfg sqlitestore.Config) *sqlitestore.Store {
	tb.Helper()
	if cfg.Path == "" {
		cfg.Path = filepath.Join(tb.TempDir(), "sluice.db")
	}
	s, err := sqlitestore.Open(tb.Context(), cfg, quiet())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func draft(title string) job.Draft {
	return job.Draft{
		Title:   title,
		Source:  job.Source{Kind: job.FromPath, Path: "/media/" + title, Name: title, Size: 1, ModTime: time.Unix(1, 0).UTC()},
		Options: job.Options{Language: "auto", Model: "tiny", Reuse: true},
	}
}

func submit(tb testing.TB, s *sqlitestore.Store, drafts ...job.Draft) []job.Job {
	tb.Helper()
	accepted, err := s.Submit(tb.Context(), drafts)
	if err != nil {
		tb.Fatal(err)
	}
	var jobs []job.Job
	for _, a := range accepted {
		jobs = append(jobs, a.Job)
	}
	return jobs
}

func take(tb testing.TB, s *sqlitestore.Store, id string) job.Lease {
	tb.Helper()
	_, lease, err := s.Take(tb.Context(), id, "me")
	if err != nil {
		tb.Fatal(err)
	}
	return lease
}

func get(tb testing.TB, s *sqlitestore.Store, id string) job.Job {
	tb.Helper()
	j, err := s.Get(tb.Context(), id)
	if err != nil {
		tb.Fatal(err)
	}
	return j
}

// must runs a call that gives nothing but an error.
func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

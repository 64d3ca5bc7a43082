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
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func TestStoreDoesWhatEveryStoreMustDo(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB, clock *storetest.Clock) queue.Store {
		t.Helper()
		return open(t, sqlitestore.Config{Now: clock.Now})
	})
}

// open makes a store in a folder of its own unless cfg names one.
func open(t testing.TB, cfg sqlitestore.Config) *sqlitestore.Store {
	t.Helper()
	if cfg.Path == "" {
		cfg.Path = filepath.Join(t.TempDir(), "sluice.db")
	}
	s, err := sqlitestore.Open(t.Context(), cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
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

func submit(t testing.TB, s *sqlitestore.Store, drafts ...job.Draft) []job.Job {
	t.Helper()
	accepted, err := s.Submit(t.Context(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	var jobs []job.Job
	for _, a := range accepted {
		jobs = append(jobs, a.Job)
	}
	return jobs
}

func take(t testing.TB, s *sqlitestore.Store, id string) job.Lease {
	t.Helper()
	_, lease, err := s.Take(t.Context(), id, "me")
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func get(t testing.TB, s *sqlitestore.Store, id string) job.Job {
	t.Helper()
	j, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// must runs a call that gives nothing but an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

package app

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"sluice/internal/pipeline"
	"sluice/internal/sqlitestore"
)

func TestWhatAForegroundRunLearnsLastsWhereNoServerHasTheData(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before func(t *testing.T, data string)
		want   int64
		marked bool // as open, afterwards
	}{
		"no server has ever run": {func(*testing.T, string) {}, 7, false},
		"a server has run":       {serverRan, 7, false},
		"a server runs":          {serverRuns, 0, false},
		"a server has died":      {serverDied, 0, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			tt.before(t, data)
			l := lasting{data: data, log: slog.New(slog.DiscardHandler)}
			if err := l.SetPeak(t.Context(), "d", 5, 7); (err == nil) != (tt.want > 0) {
				t.Errorf("ended with %v", err)
			}
			peak, _, err := sqlitestore.PeaksIn(databaseFile(data)).Peak(t.Context(), "d", 5)
			if err != nil || peak != tt.want {
				t.Errorf("a peak of %d is known, want %d: %v", peak, tt.want, err)
			}
			if _, err := os.Stat(databaseFile(data) + ".open"); tt.marked != (err == nil) {
				t.Errorf("marked as open: %v", err)
			}
		})
	}
}

// serverRan leaves the database of a server that has come to its own end.
func serverRan(t *testing.T, data string) {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: databaseFile(data)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func serverRuns(t *testing.T, data string) {
	t.Helper()
	serverRan(t, data)
	unlock, err := lockData(data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unlock)
}

func serverDied(t *testing.T, data string) {
	t.Helper()
	serverRan(t, data)
	if err := os.WriteFile(databaseFile(data)+".open", nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// learner notes what is stored before its context ends.
type learner struct{ got []string }

func (l *learner) SetPeak(ctx context.Context, digest string, _ int, _ int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.got = append(l.got, digest)
	return nil
}

func (l *learner) SetFloor(ctx context.Context, digest string, size int, bytes int64) error {
	return l.SetPeak(ctx, digest, size, bytes)
}

type noAwake struct{}

func (noAwake) Hold()    {}
func (noAwake) Release() {}

func TestWhatWasLearntJustBeforeTheEndIsStored(t *testing.T) {
	t.Parallel()
	l := &learner{}
	r := newRelay(noAwake{})
	r.peaks = l
	r.Measured(pipeline.Model{Digest: "a"}, 1)
	r.Starved(pipeline.Model{Digest: "b"}, 1)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := r.Run(ctx); err != nil || len(l.got) != 2 {
		t.Errorf("stored %q, %v", l.got, err)
	}
}

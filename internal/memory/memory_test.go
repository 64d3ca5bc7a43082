package memory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/memory"
)

const gib = int64(1) << 30

func TestAScriptGivesItsReadingsAndKeepsTheLast(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	first := job.Reading{At: at, Level: job.Normal, Available: 4 * gib}
	last := job.Reading{At: at, Level: job.Critical, Available: gib}
	script := memory.Script([]job.Reading{first, last})
	for i, want := range []job.Reading{first, last, last} {
		got, err := script.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("reading %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestAScriptCanBeChangedWhileItRuns(t *testing.T) {
	t.Parallel()
	script := memory.Script(nil)
	if _, err := script.Read(t.Context()); err == nil {
		t.Error("an empty script gave a reading")
	}
	script.Set(job.Reading{Available: gib})
	if r, err := script.Read(t.Context()); err != nil || r.Available != gib || r.At.IsZero() {
		t.Errorf("after Set: %+v, %v", r, err)
	}
	broken := errors.New("broken")
	script.Fail(broken)
	if _, err := script.Read(t.Context()); !errors.Is(err, broken) {
		t.Errorf("after Fail: %v", err)
	}
	script.Fail(nil)
	if r, err := script.Read(t.Context()); err != nil || r.Available != gib {
		t.Errorf("after Fail(nil): %+v, %v", r, err)
	}
}

func TestNobodyReadsWhenTheContextHasEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := memory.Script([]job.Reading{{}}).Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("script: %v", err)
	}
	probe := memory.New(memory.Config{})
	if _, err := probe.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("probe: %v", err)
	}
	if _, err := probe.OutOfMemoryCount(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("count: %v", err)
	}
}

func TestWhatAMacSaysBecomesAReading(t *testing.T) {
	t.Parallel()
	const page = 16 << 10
	pages := func(bytes int64) uint64 { return uint64(bytes / page) }
	base := job.Reading{
		Level: job.Normal, Total: 18 * gib, Available: 4 * gib, FreePercent: 61,
		SwapUsed: 2 * gib, Compressed: 3 * gib,
	}
	with := func(change func(r *job.Reading)) job.Reading { r := base; change(&r); return r }
	tests := map[string]struct {
		level, freePercent, wiredMB uint32
		files                       int64
		want                        job.Reading
	}{
		"green": {1, 61, 0, 3 * gib, base},
		"yellow, with a wired limit set by hand": {2, 40, 14336, 3 * gib, with(func(r *job.Reading) {
			r.Level, r.FreePercent, r.WiredLimit = job.Warn, 40, 14*gib
		})},
		"red": {4, 9, 0, 3 * gib, with(func(r *job.Reading) { r.Level, r.FreePercent = job.Critical, 9 })},
		"a system without the percentage counts its own": {1, 0, 0, 3 * gib, with(func(r *job.Reading) {
			r.FreePercent = 22
		})},
		"more cache than RAM is not believed": {1, 61, 0, 40 * gib, with(func(r *job.Reading) { r.Available = 18 * gib })},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := memory.MacReading(uint64(18*gib), tt.level, tt.freePercent,
				pages(gib/4), pages(tt.files), pages(3*gib/4), tt.wiredMB)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

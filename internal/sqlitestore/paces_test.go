package sqlitestore_test

import (
	"testing"
	"time"

	"sluice/internal/job"
	"sluice/internal/queue"
	"sluice/internal/sqlitestore"
)

// The spans of another job are as good as one's own, but whoever goes on from
// them has done only a part of the work.
func TestARunThatGoesOnFromSpansTellsNoPace(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before []string // keys of the spans that are there
		want   []queue.Pace
	}{
		"from nothing":           {nil, []queue.Pace{{Stage: job.Transcribe, Model: "tiny", Ratio: 0.5}}},
		"from spans of its key":  {[]string{"k"}, nil},
		"beside another's spans": {[]string{"another"}, []queue.Pace{{Stage: job.Transcribe, Model: "tiny", Ratio: 0.5}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			for _, key := range test.before {
				must(t, b.AddSpan(t.Context(), b.lease, key, span(0, 1000, "en", "a")))
			}
			lease := b.another()
			must(t, b.SetDuration(t.Context(), lease.ID, 2000))
			must(t, b.Begin(t.Context(), lease, job.Transcribe))
			_, err := b.Spans(t.Context(), lease, "k")
			must(t, err)
			must(t, b.AddSpan(t.Context(), lease, "k", span(1000, 2000, "en", "b")))
			must(t, b.Finish(t.Context(), lease, job.Transcribe, "k", nil, false, time.Second))
			got, err := b.Paces(t.Context())
			must(t, err)
			b.same("paces", got, test.want)
		})
	}
}

func TestAnExtractionBesideATranscriptionThatGoesOnTellsItsPace(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	must(t, b.AddSpan(t.Context(), b.lease, "k", span(0, 1000, "en", "a")))
	lease := b.another()
	must(t, b.SetDuration(t.Context(), lease.ID, 2000))
	must(t, b.Begin(t.Context(), lease, job.Extract))
	_, err := b.Spans(t.Context(), lease, "k")
	must(t, err)
	must(t, b.Begin(t.Context(), lease, job.Transcribe))
	must(t, b.Finish(t.Context(), lease, job.Extract, "e", nil, false, time.Second))
	got, err := b.Paces(t.Context())
	must(t, err)
	b.same("paces", got, []queue.Pace{{Stage: job.Extract, Ratio: 0.5}})
}

func TestPaceAndPauseSurviveARestart(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s.db"
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path}, quiet())
	must(t, err)
	id := submit(t, s, draft("talk"))[0].ID
	lease := take(t, s, id)
	must(t, s.SetDuration(t.Context(), id, 60_000))
	must(t, s.Begin(t.Context(), lease, job.Extract))
	must(t, s.Finish(t.Context(), lease, job.Extract, "k", nil, false, time.Second))
	must(t, s.SetPaused(t.Context(), true))
	must(t, s.Close())
	s = open(t, sqlitestore.Config{Path: path})
	paused, err := s.Paused(t.Context())
	must(t, err)
	paces, err := s.Paces(t.Context())
	must(t, err)
	if !paused || len(paces) != 1 || get(t, s, id).DurationMS != 60_000 {
		t.Errorf("paused %v, paces %v, job %+v", paused, paces, get(t, s, id))
	}
}

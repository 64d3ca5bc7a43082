package job_test

import (
	"errors"
	"testing"

	"sluice/internal/job"
)

func TestMove(t *testing.T) {
	t.Parallel()
	// Every pair is listed, so a new state or move cannot slip in unseen.
	legal := map[[2]job.State]string{
		{job.Queued, job.Running}:   "taken",
		{job.Queued, job.Canceled}:  "canceled while it waits",
		{job.Queued, job.Failed}:    "failed in recovery: too many deaths",
		{job.Running, job.Queued}:   "a wait, a retry or a shutdown",
		{job.Running, job.Done}:     "finished",
		{job.Running, job.Failed}:   "out of attempts",
		{job.Running, job.Canceled}: "canceled while it runs",
		{job.Done, job.Queued}:      "retried by a person",
		{job.Failed, job.Queued}:    "retried by a person",
		{job.Canceled, job.Queued}:  "retried by a person",
	}
	for _, from := range job.States() {
		for _, to := range job.States() {
			err := job.Move(from, to)
			_, want := legal[[2]job.State{from, to}]
			switch {
			case want && err != nil:
				t.Errorf("%s -> %s is refused: %v", from, to, err)
			case !want && !errors.Is(err, job.ErrMove):
				t.Errorf("%s -> %s = %v, want ErrMove", from, to, err)
			}
		}
	}
	if err := job.Move("asleep", job.Queued); !errors.Is(err, job.ErrMove) {
		t.Errorf("a move from no state = %v, want ErrMove", err)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	final := map[job.State]bool{job.Done: true, job.Failed: true, job.Canceled: true}
	for _, s := range job.States() {
		if !s.Valid() {
			t.Errorf("%s is not valid", s)
		}
		if s.Final() != final[s] {
			t.Errorf("%s.Final() = %v", s, s.Final())
		}
	}
	for _, s := range []job.State{"", "QUEUED", "pending"} {
		if s.Valid() || s.Final() {
			t.Errorf("%q passes for a state", s)
		}
	}
}

func TestOnlyWhatAllJobsLackBlocksTheLine(t *testing.T) {
	t.Parallel()
	blocking := map[job.Reason]bool{"": true, job.Turn: true, job.Memory: true, job.Power: true}
	for _, r := range []job.Reason{
		"", job.Turn, job.Memory, job.Backoff, job.Held, job.Paused, job.Scheduled,
		job.Power, job.OllamaAway, job.NoModel, job.NoSource, job.Disk, job.QueueAway,
	} {
		if r.Blocking() != blocking[r] {
			t.Errorf("%q.Blocking() = %v", r, r.Blocking())
		}
	}
}

func TestSoundComesBeforeText(t *testing.T) {
	t.Parallel()
	got := job.Stages()
	if len(got) < 2 || got[0] != job.Extract || got[1] != job.Transcribe {
		t.Errorf("Stages() = %v", got)
	}
	seen := map[job.Stage]bool{}
	for _, s := range got {
		if seen[s] {
			t.Errorf("%s is listed twice", s)
		}
		seen[s] = true
	}
}

func TestWaitIsAnErrorThatSaysWhy(t *testing.T) {
	t.Parallel()
	var err error = &job.Wait{Reason: job.Memory, Text: "needs 6.9 GB, 4.2 GB free"}
	var w *job.Wait
	if !errors.As(err, &w) || w.Reason != job.Memory {
		t.Fatalf("errors.As did not find the wait in %v", err)
	}
	if got, want := err.Error(), "wait for memory: needs 6.9 GB, 4.2 GB free"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

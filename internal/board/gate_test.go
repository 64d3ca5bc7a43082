package board_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/board"
	"sluice/internal/job"
)

// view is a line and a machine as they stand.
type view struct {
	standing board.Standing
	reading  job.Reading
	err      error
}

func (v view) Standing(context.Context, int, int) (board.Standing, error) { return v.standing, v.err }
func (v view) Reading() job.Reading                                       { return v.reading }
func (v view) Shut() string {
	if v.reading.Level == job.Critical {
		return "13 % of memory is free"
	}
	return ""
}

func TestTheGateStandsAsItHasSpoken(t *testing.T) {
	t.Parallel()
	waits := job.Job{State: job.Queued, Reason: job.Memory, ReasonText: "needs 6.9 GB, 4.2 GB free"}
	next := job.Job{State: job.Queued, Reason: job.Turn, ReasonText: "is next"}
	critical := job.Reading{Level: job.Critical, Available: 400e6}
	tests := map[string]struct {
		running []job.Job
		next    []job.Job
		reading job.Reading
		want    job.Gate
	}{
		"nobody is there":                        {nil, nil, job.Reading{Level: job.Normal}, job.Gate{State: job.GateOpen}},
		"before the first reading":               {nil, nil, job.Reading{}, job.Gate{State: job.GateOpen}},
		"the first waits for its turn only":      {nil, []job.Job{next, waits}, job.Reading{Level: job.Normal}, job.Gate{State: job.GateOpen}},
		"little memory, but the first fits":      {nil, []job.Job{next}, job.Reading{Level: job.Warn}, job.Gate{State: job.GateOpen}},
		"the first does not fit":                 {nil, []job.Job{waits, next}, job.Reading{Level: job.Normal}, job.Gate{State: job.GateWaiting, Text: waits.ReasonText}},
		"memory is critical and nobody is there": {nil, nil, critical, job.Gate{State: job.GateShut, Text: "13 % of memory is free"}},
		"memory is critical and the first waits": {nil, []job.Job{waits}, critical, job.Gate{State: job.GateShut, Text: "13 % of memory is free"}},
		"the first waits for something else":     {nil, []job.Job{{Reason: job.NoModel, ReasonText: "no model"}}, job.Reading{}, job.Gate{State: job.GateOpen}},
		"the first that does not step aside does not fit": {
			nil, []job.Job{{Reason: job.Backoff}, {Reason: job.NoSource}, waits}, job.Reading{}, job.Gate{State: job.GateWaiting, Text: waits.ReasonText},
		},
		"one behind those that step aside and the next waits for memory": {nil, []job.Job{{Reason: job.Backoff}, next, waits}, job.Reading{}, job.Gate{State: job.GateOpen}},
		"the first did not fit before the job that runs was taken":       {[]job.Job{{State: job.Running}}, []job.Job{waits}, job.Reading{}, job.Gate{State: job.GateOpen}},
		"memory is critical while a job runs":                            {[]job.Job{{State: job.Running}}, nil, critical, job.Gate{State: job.GateShut, Text: "13 % of memory is free"}},
		"the first of a paused line did not fit":                         {nil, []job.Job{{Reason: job.Paused}, {Reason: job.Backoff}}, job.Reading{}, job.Gate{State: job.GateOpen}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := view{standing: board.Standing{Running: tt.running, Next: tt.next}, reading: tt.reading}
			s, err := board.New("boot", v, v).Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, s.Gate); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestASnapshotTellsWhatTheLineTells(t *testing.T) {
	t.Parallel()
	v := view{standing: board.Standing{
		Counts: map[job.State]int{job.Queued: 4, job.Running: 1, job.Done: 12, job.Failed: 3}, Paused: true, ETASeconds: 90,
	}}
	s, err := board.New("boot", v, v).Snapshot(t.Context())
	if err != nil || !s.Paused || s.ETASeconds != 90 || s.Depth() != 5 {
		t.Errorf("%+v, a depth of %d, %v", s, s.Depth(), err)
	}
	v.err = errors.New("broken")
	if _, err := board.New("boot", v, v).Snapshot(t.Context()); !errors.Is(err, v.err) {
		t.Errorf("got %v", err)
	}
}

func TestTheDepthIsWhatIsNotFinal(t *testing.T) {
	t.Parallel()
	if d := (board.Standing{}).Depth(); d != 0 {
		t.Errorf("an unknown line has a depth of %d", d)
	}
}

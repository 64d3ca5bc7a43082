package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Line is whether jobs are taken.
type Line struct {
	Paused bool `json:"paused"`
}

// MachineNow is the machine at this moment.
type MachineNow struct {
	Memory       job.Reading  `json:"memory"`
	CeilingBytes int64        `json:"ceiling_bytes,omitempty" doc:"Most that one stage may be planned with, when known"`
	Holders      []job.Holder `json:"holders" nullable:"false" doc:"What holds memory: ours first, then the largest programs"`
	Worker       job.Worker   `json:"worker" doc:"The one that takes jobs"`
	Process      job.Process  `json:"process" doc:"This program, without its children"`
}

// History is the machine over time.
type History struct {
	Points []job.Sample   `json:"points" nullable:"false" doc:"Oldest first; each is the worst of its share of the time"`
	Runs   []job.PastRun  `json:"runs" nullable:"false" doc:"Stages that ran in this time, oldest first, the newest 500 of them. Jobs that were deleted since have taken theirs along"`
	Waits  []job.PastWait `json:"waits" nullable:"false" doc:"Stretches in which a job could not be taken, oldest first, the newest 500 of them; without what people asked for: held, scheduled, paused"`
}

type historyInput struct {
	Minutes int `query:"minutes" minimum:"1" maximum:"1440" default:"60" doc:"How far back"`
	Points  int `query:"points" minimum:"10" maximum:"600" default:"300" doc:"At most so many"`
}

type throughputInput struct {
	Hours int `query:"hours" minimum:"1" maximum:"168" default:"24" doc:"How many, the one that goes on included"`
}

// pastMost is how many runs and how many waits a history tells at most.
const pastMost = 500

func (a *api) queueRoutes() {
	register(a, huma.Operation{
		OperationID: "pause-queue", Method: http.MethodPost, Path: "/api/v1/queue/pause", Tags: []string{"queue"},
		Summary:     "Pause the line",
		Description: "No further job is taken, also after a restart. The running one goes on.", Errors: []int{507},
	}, func(ctx context.Context, _ *struct{}) (*output[Line], error) {
		return &output[Line]{Line{Paused: true}}, a.Desk.Pause(ctx)
	})
	register(a, huma.Operation{
		OperationID: "resume-queue", Method: http.MethodPost, Path: "/api/v1/queue/resume", Tags: []string{"queue"},
		Summary: "Resume the line", Errors: []int{507},
	}, func(ctx context.Context, _ *struct{}) (*output[Line], error) {
		return &output[Line]{Line{}}, a.Desk.Resume(ctx)
	})
}

func (a *api) machineRoutes() {
	register(a, huma.Operation{
		OperationID: "get-machine", Method: http.MethodGet, Path: "/api/v1/machine", Tags: []string{"machine"},
		Summary: "Show the machine's memory and what holds it, and what the worker does",
	}, func(ctx context.Context, _ *struct{}) (*output[MachineNow], error) {
		now, err := a.machineNow(ctx)
		return &output[MachineNow]{now}, err
	})
	register(a, huma.Operation{
		OperationID: "get-history", Method: http.MethodGet, Path: "/api/v1/history", Tags: []string{"machine"},
		Summary: "Show memory and the line over time, and what ran and waited", Errors: []int{422},
	}, func(ctx context.Context, in *historyInput) (*output[History], error) {
		h, err := a.history(ctx, time.Now().Add(-time.Duration(in.Minutes)*time.Minute), in.Points)
		return &output[History]{h}, err
	})
	register(a, huma.Operation{
		OperationID: "get-throughput", Method: http.MethodGet, Path: "/api/v1/throughput", Tags: []string{"machine"},
		Summary: "Show what the line got done by hour, what failed, and how fast the stages are", Errors: []int{422},
		Description: "Hours are those of UTC, and the last one goes on. What was deleted since is not counted.",
	}, func(ctx context.Context, in *throughputInput) (*output[job.Throughput], error) {
		t, err := a.Machine.Throughput(ctx, in.Hours)
		t.Hours, t.Failures, t.Stages = filled(t.Hours), filled(t.Failures), filled(t.Stages)
		return &output[job.Throughput]{t}, err
	})
}

func (a *api) machineNow(ctx context.Context) (MachineNow, error) {
	holders, err := a.Machine.Holders(ctx)
	if err != nil {
		return MachineNow{}, err
	}
	worker, err := a.Machine.Worker(ctx)
	if err != nil {
		return MachineNow{}, err
	}
	worker.Since = worker.Since.UTC()
	process := a.Machine.Process(ctx)
	process.PID, process.Version, process.StartedAt = a.PID, a.Version, process.StartedAt.UTC()
	return MachineNow{
		Memory: readingOf(a.Machine.Reading()), CeilingBytes: a.Machine.Ceiling(), Holders: filled(holders),
		Worker: worker, Process: process,
	}, nil
}

func (a *api) history(ctx context.Context, since time.Time, most int) (History, error) {
	points, err := a.Machine.History(ctx, since, most)
	if err != nil {
		return History{}, err
	}
	for i := range points {
		points[i].At = points[i].At.UTC()
	}
	runs, err := a.Machine.Runs(ctx, since, pastMost)
	if err != nil {
		return History{}, err
	}
	waits, err := a.Machine.Waits(ctx, since, pastMost)
	return History{Points: filled(points), Runs: filled(runs), Waits: filled(waits)}, err
}

func (a *api) windowRoute() {
	register(a, huma.Operation{
		OperationID: "show-window", Method: http.MethodPost, Path: "/api/v1/window/show", Tags: []string{"server"},
		Summary: "Bring the app's window to the front", Errors: []int{409}, DefaultStatus: http.StatusNoContent,
	}, func(context.Context, *struct{}) (*struct{}, error) {
		if a.Window == nil {
			return nil, fault.New(fault.NoWindow, "This Sluice runs without a window.", nil)
		}
		a.Window.Show()
		return nil, nil
	})
}

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
}

// History is the machine over time.
type History struct {
	Points []job.Sample `json:"points" nullable:"false" doc:"Oldest first; each is the worst of its share of the time"`
}

type historyInput struct {
	Minutes int `query:"minutes" minimum:"1" maximum:"1440" default:"60" doc:"How far back"`
	Points  int `query:"points" minimum:"10" maximum:"600" default:"300" doc:"At most so many"`
}

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
		Summary: "Show the machine's memory and what holds it",
	}, func(ctx context.Context, _ *struct{}) (*output[MachineNow], error) {
		holders, err := a.Machine.Holders(ctx)
		if err != nil {
			return nil, err
		}
		return &output[MachineNow]{MachineNow{
			Memory: readingOf(a.Machine.Reading()), CeilingBytes: a.Machine.Ceiling(), Holders: filled(holders),
		}}, nil
	})
	register(a, huma.Operation{
		OperationID: "get-history", Method: http.MethodGet, Path: "/api/v1/history", Tags: []string{"machine"},
		Summary: "Show memory and the line over time", Errors: []int{422},
	}, func(ctx context.Context, in *historyInput) (*output[History], error) {
		since := time.Now().Add(-time.Duration(in.Minutes) * time.Minute)
		points, err := a.Machine.History(ctx, since, in.Points)
		if err != nil {
			return nil, err
		}
		for i := range points {
			points[i].At = points[i].At.UTC()
		}
		return &output[History]{History{filled(points)}}, nil
	})
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

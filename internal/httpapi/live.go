package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Health says that the server lives, and which start of it this is.
type Health struct {
	Status  string `json:"status" example:"ok"`
	Version string `json:"version" example:"0.1.0"`
	Boot    string `json:"boot" doc:"Names this start of the program, as in event ids" example:"b7f3"`
	PID     int    `json:"pid" example:"4242"`
}

func (a *api) healthRoute() {
	register(a, huma.Operation{
		OperationID: "get-health", Method: http.MethodGet, Path: "/healthz", Tags: []string{"server"},
		Summary: "Say whether the server lives",
	}, func(context.Context, *struct{}) (*output[Health], error) {
		return &output[Health]{Health{Status: "ok", Version: a.Version, Boot: a.Boot, PID: a.PID}}, nil
	})
}

func (a *api) boardRoute() {
	register(a, huma.Operation{
		OperationID: "get-board", Method: http.MethodGet, Path: "/api/v1/board", Tags: []string{"live"},
		Summary:     "Show the board",
		Description: "The running jobs, the next 50 of the line, the last 20 that ended, counts, memory and the gate.",
	}, func(ctx context.Context, _ *struct{}) (*output[Snapshot], error) {
		s, err := a.Board.Snapshot(ctx)
		if err != nil {
			return nil, err
		}
		return &output[Snapshot]{SnapshotOf(s)}, nil
	})
}

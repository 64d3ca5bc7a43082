package httpapi

import (
	"context"
	"net/http"
	"path/filepath"

	"github.com/danielgtaylor/huma/v2"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// Drop is what somebody dropped, or a second start of the app was given.
type Drop struct {
	Paths []string `json:"paths" minItems:"1" maxItems:"1000" nullable:"false" doc:"Absolute paths of files and folders on this machine"`
}

// Dropped is what came of it.
type Dropped struct {
	Jobs    []DroppedJob `json:"jobs" nullable:"false"`
	Refused []Refused    `json:"refused" nullable:"false" doc:"What made no job, and why"`
}

// DroppedJob is a job of a drop.
type DroppedJob struct {
	Job
	Existing bool `json:"existing,omitempty" doc:"It stood in the line already"`
}

// Refused is a file that made no job.
type Refused struct {
	Path    string     `json:"path" example:"/Users/mina/Movies/notes.txt"`
	Name    string     `json:"name" example:"notes.txt"`
	Code    fault.Code `json:"code" example:"not_media"`
	Message string     `json:"message" example:"This is no audio or video."`
	Hint    string     `json:"hint,omitempty"`
}

func (a *api) dropRoute() {
	register(a, huma.Operation{
		OperationID: "drop", Method: http.MethodPost, Path: "/api/v1/drop", Tags: []string{"jobs"},
		Summary: "Enqueue files and folders",
		Description: "Takes what people drop: folders are opened, each media file becomes a job with the default options, " +
			"and everything else is named with a reason. Unlike POST /api/v1/jobs it accepts what it can.",
		Errors: []int{422, 503, 507},
	}, a.drop)
}

func (a *api) drop(ctx context.Context, in *struct{ Body Drop }) (*output[Dropped], error) {
	check, _ := ctx.Value(sourceKey{}).(func(string) error)
	var denied []job.Refused
	paths := make([]string, 0, len(in.Body.Paths))
	for _, p := range in.Body.Paths {
		if check != nil {
			if err := check(p); err != nil {
				denied = append(denied, refusal(p, err))
				continue
			}
		}
		paths = append(paths, p)
	}
	accepted, refused, err := a.Desk.Drop(ctx, paths)
	if err != nil {
		return nil, err
	}
	return &output[Dropped]{DroppedOf(accepted, append(denied, refused...))}, nil
}

// DroppedOf shows what came of a drop.
func DroppedOf(accepted []queue.Accepted, refused []job.Refused) Dropped {
	out := Dropped{Jobs: []DroppedJob{}, Refused: []Refused{}}
	for _, a := range accepted {
		out.Jobs = append(out.Jobs, DroppedJob{Job: JobOf(a.Job), Existing: a.Existing})
	}
	for _, r := range refused {
		out.Refused = append(out.Refused, Refused{Path: r.Path, Name: r.Name, Code: fault.Code(r.Code), Message: r.Message, Hint: r.Hint})
	}
	return out
}

func refusal(path string, err error) job.Refused {
	f := fault.From(err)
	return job.Refused{Path: path, Name: filepath.Base(path), Code: string(f.Code), Message: f.Say, Hint: f.Hint}
}

package httpapi_test

import (
	"bytes"
	"context"
	"io"

	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/job"
)

// fakeMedia has ten bytes of each job's, but of q1's none, of r1's others, and
// d1's lie where not everybody may read.
type fakeMedia struct{}

type closer struct{ *bytes.Reader }

func (closer) Close() error { return nil }

var _ io.ReadSeekCloser = closer{}

func (fakeMedia) OpenMedia(_ context.Context, id string, may func(string) error) (httpapi.MediaFile, error) {
	j, ok := jobs()[id]
	switch {
	case !ok:
		return httpapi.MediaFile{}, fault.New(fault.JobUnknown, "There is no such job.", nil)
	case id == "q1":
		return httpapi.MediaFile{}, fault.New(fault.SourceMissing, "It is not there.", nil)
	case id == "r1":
		return httpapi.MediaFile{}, fault.New(fault.SourceChanged, "It is another one.", nil)
	case id == "u1":
		return httpapi.MediaFile{}, fault.New(fault.NotMedia, "It is a song without sound.", nil)
	case may != nil:
		if err := may(j.Source.Path); err != nil {
			return httpapi.MediaFile{}, err
		}
	}
	return httpapi.MediaFile{File: closer{bytes.NewReader([]byte("0123456789"))}, Type: "video/mp4", Name: "영상 a.mp4", Modified: at, Tag: "5f5f"}, nil
}

type fakeAttempts struct{}

func (fakeAttempts) Attempts(_ context.Context, id string) ([]job.Attempt, error) {
	if id != "d1" {
		return nil, fault.New(fault.JobUnknown, "There is no such job.", nil)
	}
	return []job.Attempt{{
		Stage: job.Transcribe, Number: 2, StartedAt: at, FinishedAt: at, Kind: job.AttemptCrash,
		Code: "engine_crashed", Message: "The speech engine crashed.", Log: "SIGSEGV",
	}}, nil
}

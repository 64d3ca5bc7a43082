package intake

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Playable is the file of a source, open for reading.
type Playable struct {
	*os.File
	Info fs.FileInfo
	Type string // media type of what it begins with: audio/..., video/..., or application/octet-stream
}

// Play opens the file of a source if it is still the one that was submitted; the
// caller closes it. What is looked at is the open file itself, so nobody can put
// another into its place between the look and the reading. May, unless nil, is
// asked first about the path of a file that is not Sluice's own. Faults: those of
// Open, and of may.
func (in *Intake) Play(ctx context.Context, s job.Source, may func(path string) error) (*Playable, error) {
	if s.Path == "" {
		return nil, atHand(s)
	}
	path, err := filepath.EvalSymlinks(s.Path)
	if may != nil && s.Kind == job.FromPath {
		if err := may(s.Path); err != nil { // first: a refusal says nothing about what is there
			return nil, err
		}
	}
	if err != nil {
		return nil, sourceFault(s.Name, s.Path, err)
	}
	f, info, err := in.cloud.open(s.Name, path)
	if fault.Is(err, fault.FileEmpty) {
		err = changed(s)
	}
	if err != nil {
		return nil, err
	}
	if err := unchangedFile(ctx, f, info, s); err != nil {
		_ = f.Close()
		return nil, err
	}
	head := make([]byte, headBytes)
	n, _ := f.ReadAt(head, 0) // a short file ends before that
	return &Playable{File: f, Info: info, Type: mediaType(head[:n], extension(s.Name))}, nil
}

// unchangedFile is an error when an open file is not the one of a source.
func unchangedFile(ctx context.Context, f *os.File, info fs.FileInfo, s job.Source) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if !alike(info.Size(), info.ModTime(), s) {
		return changed(s)
	}
	if s.Kind == job.FromURL || Promised(s) { // the mark of the one is of all of it, and nobody but us writes to it; the other's is of none of it
		return nil
	}
	sum, err := fingerprint(f, info.Size(), info.ModTime())
	switch {
	case err != nil:
		return sourceFault(s.Name, s.Path, err)
	case sum != s.Fingerprint:
		return changed(s)
	}
	return nil
}

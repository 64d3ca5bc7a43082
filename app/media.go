package app

import (
	"context"
	"os"
	"strings"

	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/intake"
	"sluice/internal/job"
	"sluice/internal/sqlitestore"
)

// player opens what jobs were made from; it implements httpapi.Media.
type player struct {
	store  *sqlitestore.Store
	intake *intake.Intake
}

// OpenMedia opens a job's media, if it was found to be media.
func (p player) OpenMedia(ctx context.Context, jobID string, may func(path string) error) (httpapi.MediaFile, error) {
	j, err := p.store.Get(ctx, jobID)
	if err != nil {
		return httpapi.MediaFile{}, err
	}
	switch {
	case looked(j):
	case j.State.Final():
		return httpapi.MediaFile{}, fault.New(fault.NotMedia, "This file was never found to be audio or video.", nil).
			WithHint("The job's error says what is wrong with it.")
	default:
		return httpapi.MediaFile{}, fault.New(fault.NotReady, "Nobody has looked into the file yet.", nil).
			WithHint("Wait until its sound was taken out.")
	}
	f, err := p.intake.Play(ctx, j.Source, may)
	if err != nil {
		return httpapi.MediaFile{}, err
	}
	return httpapi.MediaFile{
		File: f.File, Type: f.Type, Name: j.Source.Name, Modified: f.Info.ModTime(),
		Tag: j.Source.Fingerprint[:min(len(j.Source.Fingerprint), 32)],
	}, nil
}

// looked says whether a job's source was found to be media: its sound was taken
// out, or its length was measured.
func looked(j job.Job) bool {
	if j.DurationMS > 0 {
		return true
	}
	for _, run := range j.Stages {
		if run.Stage == job.Extract && !run.FinishedAt.IsZero() && run.Error == "" {
			return true
		}
	}
	return false
}

// attempts is what became of the tries at stages; it implements
// httpapi.Attempts.
type attempts struct {
	store *sqlitestore.Store
	home  string // the user's; "" = not known
}

func newAttempts(store *sqlitestore.Store) attempts {
	home, _ := os.UserHomeDir() // without it, every folder is cut
	return attempts{store, home}
}

// Attempts gives them with no path that tells more than it must.
func (a attempts) Attempts(ctx context.Context, jobID string) ([]job.Attempt, error) {
	all, err := a.store.Attempts(ctx, jobID)
	for i := range all {
		all[i].Log = withoutFolders(all[i].Log, a.home)
	}
	return all, err
}

// withoutFolders writes ~ for the home folder in a log, and of any other path
// only its last part.
func withoutFolders(log, home string) string {
	var b strings.Builder
	for len(log) > 0 {
		i := strings.IndexByte(log, '/')
		if i < 0 {
			break
		}
		path := log[i:]
		if end := strings.IndexAny(path, " \t\n\r\"'`:;,()<>[]{}|\x1b"); end >= 0 {
			path = path[:end]
		}
		before := log[:i]
		b.WriteString(before)
		log = log[i+len(path):]
		inside := before != "" && !strings.ContainsRune(" \t\n\r\"'`:;,()<>[]{}|=", rune(before[len(before)-1]))
		switch last := strings.LastIndexByte(path, '/'); {
		case inside, strings.HasPrefix(path, "//"): // and/or, 1/2, the rest of an address
			b.WriteString(path)
		case home != "" && home != "/" && (path == home || strings.HasPrefix(path, home+"/")):
			b.WriteString("~" + path[len(home):])
		case last > 0:
			b.WriteString("…" + path[last:])
		default:
			b.WriteString(path)
		}
	}
	b.WriteString(log)
	return b.String()
}

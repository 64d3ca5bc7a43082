package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sluice/internal/export"
	"sluice/internal/job"
	"sluice/internal/library"
	"sluice/internal/sqlitestore"
	"sluice/internal/transcript"
)

// editor is the library with what follows a correction: the files that were
// written for the job are written again. It implements httpapi.Library.
type editor struct {
	*library.Library
	store    *sqlitestore.Store
	exporter *exporter // nil = there are no such files
	log      *slog.Logger

	mu      sync.Mutex
	waiting map[string]bool // ids of jobs whose files are to be written
	wake    chan struct{}
}

func newEditor(l *library.Library, store *sqlitestore.Store, e *exporter, log *slog.Logger) *editor {
	return &editor{Library: l, store: store, exporter: e, log: log, waiting: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// Edit corrects a text. It does not wait for the files, which may lie on a slow
// disk.
func (e *editor) Edit(ctx context.Context, jobID, language string, edits []library.Edit) (transcript.Transcript, error) {
	t, err := e.Library.Edit(ctx, jobID, language, edits)
	if err != nil || !e.exporter.wanted() {
		return t, err
	}
	e.due(jobID)
	return t, nil
}

// due has the files of a job written again soon.
func (e *editor) due(jobID string) {
	e.mu.Lock()
	e.waiting[jobID] = true
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default: // a look is already due
	}
}

// Run writes files again until ctx ends, and then those that are still due.
func (e *editor) Run(ctx context.Context) error {
	const patience = 3 * time.Second // in the end
	if e.exporter.wanted() {
		due, err := e.store.Outdated(ctx) // a death left them so
		if err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "files that are older than their texts not known", "err", err)
		}
		for _, id := range due {
			e.due(id)
		}
	}
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			defer cancel()
			e.rewriteAll(last)
			return nil
		case <-e.wake:
			e.rewriteAll(ctx)
		}
	}
}

// rewriteAll writes the files of every job whose text was corrected.
func (e *editor) rewriteAll(ctx context.Context) {
	e.mu.Lock()
	due := e.waiting
	e.waiting = map[string]bool{}
	e.mu.Unlock()
	for id := range due {
		if err := e.rewrite(ctx, id); err != nil {
			e.log.WarnContext(ctx, "files not written again", "job", id, "err", err)
		}
	}
}

// rewrite writes the files of a job that has written some: one that ended before
// there was a folder gets none.
func (e *editor) rewrite(ctx context.Context, id string) error {
	j, err := e.store.Get(ctx, id)
	if err != nil || j.State != job.Done || !delivered(j) {
		return err // one that is back in the line writes them itself
	}
	t, err := e.Transcript(ctx, id)
	if err != nil {
		return err
	}
	texts := []transcript.Transcript{t}
	for _, language := range j.Options.TranslateTo {
		t, err := e.store.Translation(ctx, id, language)
		if err != nil {
			return err
		}
		if t.Complete {
			texts = append(texts, t)
		}
	}
	summary, err := e.store.Summary(ctx, id)
	if err != nil {
		return err
	}
	_, err = e.exporter.Export(ctx, j, texts, summary)
	return err
}

// delivered says whether the newest run of a job has written its files.
func delivered(j job.Job) bool {
	for _, run := range j.Stages {
		if run.Stage == job.Deliver && !run.FinishedAt.IsZero() && run.Error == "" {
			return true
		}
	}
	return false
}

// exported is what the exporter remembers and reads.
type exported interface {
	export.Ledger
	// Corrections gives what people made of a text; language "" is the transcript.
	Corrections(ctx context.Context, jobID, language string) ([]transcript.Correction, error)
}

// corrected gives the texts of a job, the transcript first, as people have
// corrected them.
func corrected(ctx context.Context, from exported, jobID string, texts []transcript.Transcript) ([]transcript.Transcript, error) {
	out := make([]transcript.Transcript, len(texts))
	for i, t := range texts {
		language := t.Language
		if i == 0 {
			language = ""
		}
		all, err := from.Corrections(ctx, jobID, language)
		if err != nil {
			return nil, err
		}
		out[i] = t.Corrected(all)
	}
	return out, nil
}

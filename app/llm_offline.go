package app

import (
	"context"
	"log/slog"

	"sluice/internal/job"
	"sluice/internal/ollama"
	"sluice/internal/settings"
	"sluice/internal/sqlitestore"
)

// languageModels asks Ollama for its models without a server of ours. The
// settings are read when a command runs.
type languageModels struct {
	load func() (*settings.Settings, error)
}

// List implements cli.LanguageModels.
func (m languageModels) List(ctx context.Context) ([]job.LanguageModel, error) {
	l, _, err := m.open()
	if err != nil {
		return nil, err
	}
	return l.List(ctx)
}

// Pull implements cli.LanguageModels. A server that was started for it ends
// with it.
func (m languageModels) Pull(ctx context.Context, name string, report func(done, total int64)) error {
	l, server, err := m.open()
	if err != nil {
		return err
	}
	if server != nil {
		ctx, done := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = server.Run(ctx) // it has no error
		}()
		defer func() {
			done()
			<-ended
		}()
		if err := server.Ensure(ctx); err != nil {
			return err
		}
	}
	return l.Pull(ctx, name, func(p ollama.Pulled) { report(p.DoneBytes, p.TotalBytes) })
}

func (m languageModels) open() (*llms, *ollama.Server, error) {
	s, err := m.load()
	if err != nil {
		return nil, nil, err
	}
	log := slog.New(slog.DiscardHandler)
	server, client, err := newOllama(s, s.Dirs.Data, log)
	if err != nil {
		return nil, nil, err
	}
	around := surroundings{ollama: client}
	gate := newGate(s, newProbe(s, nil), around, log)
	found, err := newFinder(s, sqlitestore.PeaksIn(databaseFile(s.Dirs.Data)), gate)
	if err != nil {
		return nil, nil, err
	}
	return &llms{Client: client, server: server, settings: s, gate: gate, peaks: found.peaks, suits: examine(s, gate, around, found, log).suits}, server, nil
}

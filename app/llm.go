package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sluice/internal/admission"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/ollama"
	"sluice/internal/pipeline"
	"sluice/internal/settings"
	"sluice/internal/sqlitestore"
	"sluice/internal/transcript"
)

// llms finds the models that translate and sum up, knows what they really
// took, and has Ollama download them. It is the LanguageModels of the pipeline
// and of HTTP.
type llms struct {
	*ollama.Client
	server   *ollama.Server // nil = none is started
	settings inForce
	gate     *admission.Gate
	peaks    knownPeaks
	learn    func(m pipeline.Model, peak int64)
	suits    func() suits
	pulls    *ollama.Pulls // nil = nobody downloads here but the caller of Pull

	mu   sync.Mutex
	used pipeline.Model // the last that was asked for
}

// newOllama makes the server that is started where nobody listens, unless the
// settings forbid it, and the client that wakes it.
func newOllama(s *settings.Settings, locks string, log *slog.Logger) (server *ollama.Server, client *ollama.Client, err error) {
	cfg := ollama.Config{Host: s.Ollama.Host}
	if s.Ollama.Start {
		server, err = ollama.NewServer(ollama.ServerConfig{
			Host:    s.Ollama.Host,
			Program: s.Ollama.Path,
			Record:  filepath.Join(locks, "ollama.pid"),
		}, log)
		if err != nil {
			return nil, nil, err
		}
		cfg.Wake = server.Ensure
	}
	client, err = ollama.New(cfg, log)
	return server, client, err
}

// standard is the model of orders that name none; "" = this machine is too
// small for any of the plans.
func (l *llms) standard() string { return l.suits().llm }

// context is how many tokens a model is to see at once.
func (l *llms) context() int {
	const least = 4096
	return or(or(l.settings.Now().Ollama.Context, l.suits().context), least)
}

// Model implements pipeline.LanguageModels. What was measured counts more than
// the estimate.
func (l *llms) Model(ctx context.Context, name string, tokens int) (pipeline.Model, error) {
	m, err := l.Client.Model(ctx, name, tokens)
	if err != nil || m.NeedBytes == 0 {
		return m, err
	}
	l.mu.Lock()
	l.used = m
	l.mu.Unlock()
	if peak, floor, err := l.peaks.Peak(ctx, m.Digest, m.Context); err == nil {
		m.NeedBytes = planned(m.NeedBytes, peak, floor, l.gate.Ceiling())
	}
	return m, nil
}

// Translate implements pipeline.Translator.
func (l *llms) Translate(ctx context.Context, req pipeline.TranslateRequest, watch pipeline.TranslateWatch) error {
	err := l.Client.Translate(ctx, req, watch)
	l.heed(err)
	return err
}

// Summarize implements pipeline.Summarizer.
func (l *llms) Summarize(ctx context.Context, req pipeline.SummarizeRequest, watch pipeline.SummarizeWatch) (transcript.Summary, error) {
	s, err := l.Client.Summarize(ctx, req, watch)
	l.heed(err)
	return s, err
}

// heed makes sure that nothing is learnt of a run that died for want of memory:
// what it held is less than what it needs.
func (l *llms) heed(err error) {
	if !fault.Is(err, fault.OllamaOutOfMemory) {
		return
	}
	l.mu.Lock()
	l.used = pipeline.Model{}
	l.mu.Unlock()
}

// Release implements pipeline.LanguageModels. What the model has taken by then
// is worth knowing.
func (l *llms) Release(ctx context.Context, name string) error {
	l.mu.Lock()
	used := l.used
	l.mu.Unlock()
	loaded, err := l.Running(ctx)
	for _, m := range loaded {
		if err == nil && l.Local() && used.Digest != "" && ollama.SameModel(m.Name, used.Name) && m.Context == used.Context {
			l.learn(used, m.Bytes)
		}
	}
	return l.Client.Release(ctx, name)
}

// check refuses a model that can never fit on this machine. What is not known
// of it, or not at once, is found out when its turn comes.
func (l *llms) check(ctx context.Context, name string) error {
	const patience = 500 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	need, err := l.Need(ctx, name, l.context())
	if u := l.suits(); err != nil && l.Local() && ollama.SameModel(u.llm, name) {
		need, err = u.need, nil
	}
	if err != nil || need == 0 || l.gate.Never(need) == "" {
		return nil
	}
	return fault.New(fault.ModelTooLarge, fmt.Sprintf("The language model %s %s.", name, l.gate.Never(need)), nil).
		WithHint("Name a smaller one in ollama.model or llm_model, or set ollama.context lower.")
}

// List implements httpapi.LanguageModels: those that are installed, and those
// that are coming or would suit.
func (l *llms) List(ctx context.Context) ([]job.LanguageModel, error) {
	found, err := l.Client.List(ctx, l.context())
	if err != nil && !l.asleep(err) {
		return nil, err
	}
	needed, err := sqlitestore.LanguageModelsInUse(ctx, databaseFile(l.settings.Now().Dirs.Data))
	if err != nil {
		return nil, err
	}
	u := l.suits()
	has := func(name string) bool {
		return slices.ContainsFunc(found, func(m job.LanguageModel) bool { return ollama.SameModel(m.Name, name) })
	}
	if u.llm != "" && !has(u.llm) {
		found = append(found, job.LanguageModel{Name: u.llm, NeedBytes: u.need, Context: u.context})
	}
	coming := l.coming()
	for name := range coming {
		if !has(name) && !ollama.SameModel(name, u.llm) {
			found = append(found, job.LanguageModel{Name: name})
		}
	}
	for i := range found {
		m := &found[i]
		m.Default = ollama.SameModel(m.Name, l.standard())
		m.Suits = ollama.SameModel(m.Name, u.llm)
		m.Fits = l.gate.Never(m.NeedBytes) == ""
		for name, jobs := range needed {
			if ollama.SameModel(m.Name, name) {
				m.Jobs += jobs
			}
		}
		for name, d := range coming {
			if !m.Installed && ollama.SameModel(m.Name, name) {
				m.Download = &d
			}
		}
	}
	slices.SortStableFunc(found, func(a, b job.LanguageModel) int {
		switch {
		case a.Installed && !b.Installed:
			return -1
		case b.Installed && !a.Installed:
			return 1
		}
		return 0
	})
	return found, nil
}

// asleep says that Ollama does not run, and is started when it is wanted.
func (l *llms) asleep(err error) bool {
	return fault.Is(err, fault.OllamaUnreachable) && l.server != nil && l.Local() && l.server.Startable() == nil
}

func (l *llms) coming() map[string]job.Download {
	if l.pulls == nil {
		return nil
	}
	return l.pulls.All()
}

// Download implements httpapi.LanguageModels. A server that may be started is
// started when its turn comes.
func (l *llms) Download(ctx context.Context, name string) (job.LanguageModel, error) {
	all, err := l.List(ctx)
	if err != nil && !fault.Is(err, fault.OllamaUnreachable) {
		return job.LanguageModel{}, err
	}
	m := job.LanguageModel{Name: ollama.FullName(name), Fits: true}
	for _, known := range all {
		if ollama.SameModel(known.Name, name) {
			m = known
		}
	}
	if m.Installed {
		return m, nil
	}
	if err := l.pulls.Start(name); err != nil {
		return job.LanguageModel{}, err
	}
	m.Download = l.pulls.State(name)
	return m, nil
}

// Cancel implements httpapi.LanguageModels.
func (l *llms) Cancel(_ context.Context, name string) error {
	l.pulls.Cancel(name)
	return nil
}

// ollamaEvery is how often Ollama is asked for while jobs wait for it.
const ollamaEvery = 5 * time.Second

// watchOllama lets the jobs that wait for Ollama go on as soon as it answers.
func (c *core) watchOllama(ctx context.Context) error {
	tick := time.NewTicker(ollamaEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		waits, err := c.store.Waits(ctx, job.OllamaAway)
		if err != nil || !waits || c.comes(ctx) != nil {
			continue
		}
		if _, err := c.queue.ReleaseAll(ctx, job.OllamaAway); err != nil {
			c.log.Warn("jobs that wait for ollama not woken", "err", err)
		}
		c.queue.Wake()
	}
}

// comes says whether Ollama answers by now. One that can be started is: it may
// have been installed meanwhile.
func (c *core) comes(ctx context.Context) error {
	if c.ollama != nil {
		return c.ollama.Ensure(ctx)
	}
	_, err := c.llms.Version(ctx)
	return err
}

// serveOllama ends with the server that Sluice has started, if it has.
func (c *core) serveOllama(ctx context.Context) error {
	if c.ollama == nil {
		return nil
	}
	return c.ollama.Run(ctx)
}

// pulled tells how far a download of Ollama's is. One that has ended may be what
// jobs wait for.
func (c *core) pulled(name string, now *job.Download) {
	c.relay.ModelChanged(name, now)
	if now != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), ollamaEvery)
	defer cancel()
	if _, err := c.queue.ReleaseAll(ctx, job.NoModel); err != nil && !errors.Is(err, context.Canceled) {
		c.log.Warn("waiting jobs not woken", "err", err)
	}
	c.queue.Wake()
}

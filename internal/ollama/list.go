package ollama

import (
	"context"
	"slices"
	"sync"
	"time"

	"sluice/internal/job"
)

const (
	listLimit  = 2 * time.Second // for what is read of the models
	listAtOnce = 4               // models that are read at the same time
)

// List lists the installed models that can write, with what each needs with a
// context of so many tokens, cut to what it can have, and what it holds now,
// with whatever context. Of a model that was not seen before this is read from
// the server; what does not come soon is left out and found the next time. It
// starts no server. What a model needs or holds on another machine is 0.
func (c *Client) List(ctx context.Context, tokens int) ([]job.LanguageModel, error) {
	models, err := c.Models(ctx)
	if err != nil {
		return nil, err
	}
	loaded, err := c.here(ctx, everyone)
	if err != nil {
		return nil, err
	}
	soon, cancel := context.WithTimeout(ctx, listLimit)
	defer cancel()
	list := make([]job.LanguageModel, len(models))
	writes := make([]bool, len(models))
	turns := make(chan struct{}, listAtOnce)
	var all sync.WaitGroup
	for i, m := range models {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			list[i], writes[i] = c.listed(soon, m, tokens)
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for i := range list {
		list[i].HeldBytes = total(only(slices.Clone(loaded), func(l Loaded) bool { return SameModel(l.Name, list[i].Name) }))
	}
	i := -1
	return slices.DeleteFunc(list, func(job.LanguageModel) bool { i++; return !writes[i] }), nil
}

// listed is one model of the list, and whether it belongs there.
func (c *Client) listed(ctx context.Context, m Model, tokens int) (listed job.LanguageModel, writes bool) {
	listed = job.LanguageModel{Name: m.Name, Installed: true, Remote: m.Remote, Parameters: m.Parameters, SizeBytes: m.Bytes}
	t, err := c.traits(ctx, m)
	if err != nil {
		return listed, true
	}
	listed.Context = t.manner.clamp(tokens)
	if c.local && !m.Remote {
		listed.NeedBytes = t.shape.estimate(m.Bytes, listed.Context).Bytes()
	}
	return listed, !t.manner.mute
}

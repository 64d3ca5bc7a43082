package ollama

import (
	"context"
	"slices"
	"strings"

	"github.com/ollama/ollama/api"
	"github.com/ollama/ollama/types/model"

	"sluice/internal/pipeline"
)

// traits is what a server shows of a model, as far as it matters here.
type traits struct {
	shape  shape
	manner manner
}

// manner is how a model wants to be asked.
type manner struct {
	trained    int             // the longest context; 0 = not told
	think      *api.ThinkValue // what to say about thinking; nil = nothing
	musing     int             // tokens that go for thoughts all the same
	translates bool            // it knows one thing only: to translate
	mute       bool            // it writes nothing: it is for searching
}

var _ pipeline.LanguageModels = (*Client)(nil)

// Model finds a model, cuts the context to what it can have, and says what it
// needs with that, and what it has of it already. When nobody listens and there
// is a way to start a server, it is started. Faults: ollama_unreachable,
// ollama_missing, ollama_failed, model_missing.
func (c *Client) Model(ctx context.Context, name string, context int) (pipeline.Model, error) {
	if err := c.wake(ctx); err != nil {
		return pipeline.Model{}, err
	}
	return c.Look(ctx, name, context)
}

// Look is Model for those who only want to know: it starts no server. A model
// that runs elsewhere needs nothing here. One that is loaded for another context
// holds nothing that counts: it is loaded anew for this one.
func (c *Client) Look(ctx context.Context, name string, context int) (pipeline.Model, error) {
	m, err := c.find(ctx, name)
	if err != nil {
		return pipeline.Model{}, err
	}
	t, err := c.traits(ctx, m)
	if err != nil {
		return pipeline.Model{}, err
	}
	found := pipeline.Model{Name: m.Name, Digest: m.Digest, Context: t.manner.clamp(context)}
	if m.Remote || !c.local {
		return found, nil
	}
	found.NeedBytes = t.shape.estimate(m.Bytes, found.Context).Bytes()
	loaded, err := c.here(ctx, func(l Loaded) bool { return SameModel(l.Name, m.Name) && l.Context == found.Context })
	if err != nil {
		return pipeline.Model{}, err
	}
	found.Held = total(loaded)
	return found, nil
}

// wake starts a server where nobody listens, if somebody here can.
func (c *Client) wake(ctx context.Context) error {
	if c.cfg.Wake == nil {
		return nil
	}
	return c.cfg.Wake(ctx)
}

// traits reads what a server shows of a model. It is kept, since it never
// changes under one digest.
func (c *Client) traits(ctx context.Context, m Model) (traits, error) {
	c.mu.Lock()
	t, known := c.seen[m.Digest]
	c.mu.Unlock()
	if known {
		return t, nil
	}
	t, err := c.show(ctx, m.Name)
	if err != nil {
		return traits{}, err
	}
	c.mu.Lock()
	c.seen[m.Digest] = t
	c.mu.Unlock()
	return t, nil
}

// mannerOf takes the manner from what a server shows of a model.
func mannerOf(name string, shown *api.ShowResponse) manner {
	f := facts{info: shown.ModelInfo}
	f.arch, _ = shown.ModelInfo["general.architecture"].(string)
	m := manner{
		trained:    int(min(f.number("context_length", 0), 1<<30)),
		translates: strings.Contains(strings.ToLower(name), "translategemma"),
	}
	if len(shown.Capabilities) > 0 { // old servers tell none
		m.mute = !slices.Contains(shown.Capabilities, model.CapabilityCompletion)
	}
	if slices.Contains(shown.Capabilities, model.CapabilityThinking) {
		m.think = &api.ThinkValue{Value: false}
		if f.arch == "gptoss" || f.arch == "gpt-oss" { // it cannot be told not to
			m.think, m.musing = &api.ThinkValue{Value: "low"}, 1024
		}
	}
	return m
}

// clamp cuts a context to what the model was trained for: a longer one is
// nonsense or refused.
func (m manner) clamp(context int) int {
	if context <= 0 {
		context = defaultContext
	}
	if m.trained > 0 {
		context = min(context, m.trained)
	}
	return context
}

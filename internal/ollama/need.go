package ollama

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/ollama/ollama/api"

	"sluice/internal/fault"
)

// Estimate is what a model will take once it is loaded, before anybody has
// seen it. It is reckoned for one request at a time and a cache of 16 bits, a
// server's defaults; another server can be set to more.
type Estimate struct {
	Weights int64
	Cache   int64 // of keys and values, for the whole context
	Compute int64 // buffers of one step
	Guess   bool  // the model's shape is not known: Compute stands for all that is not Weights
}

// Bytes is all of it.
func (e Estimate) Bytes() int64 { return e.Weights + e.Cache + e.Compute }

// Need is how much memory the model will take with a context of so many
// tokens; see Estimate.
func (c *Client) Need(ctx context.Context, model string, numCtx int) (int64, error) {
	e, err := c.Estimate(ctx, model, numCtx)
	return e.Bytes(), err
}

// Estimate reckons what the model will take with a context of so many tokens;
// 0 is Ollama's default. A model that runs elsewhere takes nothing.
// Fault: model_missing.
func (c *Client) Estimate(ctx context.Context, model string, numCtx int) (Estimate, error) {
	m, err := c.find(ctx, model)
	if err != nil || m.Remote {
		return Estimate{}, err
	}
	t, err := c.traits(ctx, m)
	if err != nil {
		return Estimate{}, err
	}
	return t.shape.estimate(m.Bytes, numCtx), nil
}

// find looks a model up by the name that people write.
func (c *Client) find(ctx context.Context, name string) (Model, error) {
	models, err := c.Models(ctx)
	if err != nil {
		return Model{}, err
	}
	for _, m := range models {
		if SameModel(m.Name, name) {
			return m, nil
		}
	}
	return Model{}, missing(name, nil)
}

// SameModel says whether two names are of one model, as Ollama has it: case
// does not count.
func SameModel(a, b string) bool { return a != "" && strings.EqualFold(FullName(a), FullName(b)) }

// FullName completes a name as Ollama does: the registry and the library may be
// left out, and so may the tag "latest".
func FullName(name string) string {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "registry.ollama.ai/"), "library/")
	if !strings.Contains(name[strings.LastIndex(name, "/")+1:], ":") {
		name += ":latest"
	}
	return name
}

func missing(name string, err error) error {
	return fault.New(fault.ModelMissing, fmt.Sprintf("Ollama does not have the model %s.", name), err).
		WithHint("Get it with 'sluice models pull %s'.", FullName(name))
}

// show reads the traits of a model. The short form of the answer leaves lists
// out; only for a model whose layers differ is the long one fetched, which
// carries its whole vocabulary.
func (c *Client) show(ctx context.Context, name string) (t traits, err error) {
	for _, verbose := range []bool{false, true} {
		shown, err := ask(ctx, c, "show "+name, func(ctx context.Context) (*api.ShowResponse, error) {
			return c.api.Show(ctx, &api.ShowRequest{Model: name, Verbose: verbose})
		})
		var status api.StatusError
		var long *http.MaxBytesError
		switch {
		case errors.As(err, &status) && status.StatusCode == http.StatusNotFound:
			return traits{}, missing(name, err)
		case verbose && errors.As(err, &long):
			return t, nil
		case err != nil:
			return traits{}, err
		}
		t.manner = mannerOf(name, shown)
		var complete bool
		if t.shape, complete = read(shown.ModelInfo); complete {
			break
		}
	}
	return t, nil
}

package ollama

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ollama/ollama/api"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Held is how much memory of this machine the loaded models take. A server
// that is not there holds nothing, and one on another machine nothing here.
func (c *Client) Held(ctx context.Context) (int64, error) {
	loaded, err := c.here(ctx, everyone)
	return total(loaded), err
}

// Unload makes the server give all its models back and returns when none is
// left. A model that is at work ends its request first; only ctx bounds the
// wait. Others may load a model meanwhile, so each look asks anew. It does
// nothing to a server on another machine. Fault: ollama_busy, which names the
// models that stayed.
func (c *Client) Unload(ctx context.Context) error { return c.giveBack(ctx, everyone) }

// Release is Unload for one model. A server on another machine is asked too, so
// that others find room there, but not waited for.
func (c *Client) Release(ctx context.Context, name string) error {
	one := func(m Loaded) bool { return SameModel(m.Name, name) }
	if c.local {
		return c.giveBack(ctx, one)
	}
	loaded, err := c.Running(ctx)
	if err == nil {
		err = c.release(ctx, only(loaded, one))
	}
	if err != nil {
		c.log.Debug("another machine not asked to unload", "err", err)
	}
	return nil
}

// giveBack asks for some models to be unloaded until none of them is left.
func (c *Client) giveBack(ctx context.Context, some func(Loaded) bool) error {
	start := time.Now()
	left, err := c.here(ctx, some)
	if err != nil || len(left) == 0 {
		return err
	}
	first := total(left)
	var refused error
	for {
		if err := c.release(ctx, left); ctx.Err() == nil {
			refused = err
		}
		select {
		case <-ctx.Done():
			return stayed(left, errors.Join(context.Cause(ctx), refused))
		case <-time.After(c.cfg.Poll):
		}
		loaded, err := c.here(ctx, some)
		switch {
		case err != nil && ctx.Err() != nil:
			return stayed(left, errors.Join(err, refused))
		case err != nil:
			return err
		case len(loaded) == 0:
			c.log.Info("ollama gave its memory back", "bytes", first, "dur", time.Since(start))
			return nil
		}
		left = loaded
	}
}

// here lists some of what is loaded on this machine.
func (c *Client) here(ctx context.Context, some func(Loaded) bool) ([]Loaded, error) {
	if !c.local {
		return nil, nil
	}
	loaded, err := c.Running(ctx)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, nil
	}
	return only(loaded, some), err
}

func only(loaded []Loaded, some func(Loaded) bool) []Loaded {
	return slices.DeleteFunc(loaded, func(m Loaded) bool { return !some(m) })
}

func everyone(Loaded) bool { return true }

// release asks for every model to be unloaded. Whether it was is seen in what
// is loaded next, not in the answer; an error is kept for the log.
func (c *Client) release(ctx context.Context, loaded []Loaded) error {
	var refused error
	for _, m := range loaded {
		_, err := ask(ctx, c, "unload "+m.Name, func(ctx context.Context) (struct{}, error) {
			now := &api.Duration{}
			return struct{}{}, c.api.Generate(ctx, &api.GenerateRequest{Model: m.Name, KeepAlive: now},
				func(api.GenerateResponse) error { return nil })
		})
		refused = errors.Join(refused, err)
	}
	return refused
}

func total(loaded []Loaded) int64 {
	var sum int64
	for _, m := range loaded {
		sum += m.Bytes
	}
	return sum
}

func stayed(left []Loaded, err error) error {
	names := make([]string, len(left))
	for i, m := range left {
		names[i] = fmt.Sprintf("%s (%s)", m.Name, job.FormatBytes(m.Bytes))
	}
	return fault.New(fault.OllamaBusy, fmt.Sprintf("Ollama still holds %s.", strings.Join(names, ", ")), fmt.Errorf("unload: %w", err))
}

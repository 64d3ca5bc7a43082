package ollama

import (
	"context"
	"errors"
	"fmt"
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
	loaded, err := c.here(ctx)
	return total(loaded), err
}

// Unload makes the server give all its models back and returns when none is
// left. A model that is at work ends its request first; only ctx bounds the
// wait. Others may load a model meanwhile, so each look asks anew. It does
// nothing to a server on another machine. Fault: ollama_busy, which names the
// models that stayed.
func (c *Client) Unload(ctx context.Context) error {
	start := time.Now()
	left, err := c.here(ctx)
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
		loaded, err := c.here(ctx)
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

// here lists what is loaded on this machine.
func (c *Client) here(ctx context.Context) ([]Loaded, error) {
	if !c.local {
		return nil, nil
	}
	loaded, err := c.Running(ctx)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, nil
	}
	return loaded, err
}

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

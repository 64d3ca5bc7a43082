package ollama_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/ollama"
	"sluice/internal/ollamatest"
)

func TestARealServerGivesItsMemoryBack(t *testing.T) {
	t.Parallel()
	s := ollamatest.Start(t)
	s.Create("tiny")
	c := client(t, ollama.Config{Host: s.Host})

	if version, err := c.Version(t.Context()); err != nil || version == "" {
		t.Errorf("Version() = %q, %v", version, err)
	}
	models, err := c.Models(t.Context())
	if err != nil || len(models) != 1 || models[0].Name != "tiny:latest" || models[0].Bytes < 400_000 || models[0].Digest == "" {
		t.Errorf("Models() = %+v, %v", models, err)
	}
	if held, err := c.Held(t.Context()); err != nil || held != 0 {
		t.Errorf("before loading Held() = %d, %v", held, err)
	}
	idle := s.Processes()

	s.Load("tiny", 256)
	before, err := c.Held(t.Context())
	if err != nil || before == 0 {
		t.Errorf("Held() = %d, %v", before, err)
	}
	less, _ := c.Estimate(t.Context(), "tiny", 256)

	const tokens = 2048
	s.Load("tiny", tokens)
	loaded, err := c.Running(t.Context())
	if err != nil || len(loaded) != 1 || loaded[0].Name != "tiny:latest" || loaded[0].Context != tokens || time.Until(loaded[0].Expires) < time.Minute {
		t.Fatalf("Running() = %+v, %v", loaded, err)
	}
	held, err := c.Held(t.Context())
	if err != nil || held != loaded[0].Bytes {
		t.Errorf("Held() = %d, %v; loaded is %+v", held, err, loaded)
	}
	if now := s.Processes(); now <= idle {
		t.Errorf("%d processes while idle and %d with a model: this looks at the wrong ones", idle, now)
	}

	e, err := c.Estimate(t.Context(), "tiny", tokens)
	t.Logf("we reckon %+v, together %d; the server says %d", e, e.Bytes(), held)
	if err != nil || e.Guess || e.Bytes() < held {
		t.Errorf("Estimate() = %+v, %v; the server says %d", e, err, held)
	}
	// Some versions count the cache alone, others the buffers too, as their
	// log has it in rounded figures.
	const rounding = 32 << 10
	cache, all, grown := e.Cache-less.Cache, e.Bytes()-less.Bytes(), held-before
	if grown < cache-rounding || grown > all+rounding {
		t.Errorf("with the longer context the server holds %d more; we reckon %d of cache, %d in all", grown, cache, all)
	}
	if need, err := c.Need(t.Context(), "tiny", tokens); err != nil || need != e.Bytes() {
		t.Errorf("Need() = %d, %v", need, err)
	}

	if m, err := c.Model(t.Context(), "tiny", tokens); err != nil || m.Held != held || m.NeedBytes != e.Bytes() {
		t.Errorf("Model() = %+v, %v; the server holds %d", m, err, held)
	}
	if m, err := c.Model(t.Context(), "tiny", 2*tokens); err != nil || m.Held != 0 {
		t.Errorf("Model() = %+v, %v, for a context that it is not loaded for", m, err)
	}
	if all, err := c.List(t.Context(), tokens); err != nil || len(all) != 1 || all[0].HeldBytes != held || all[0].NeedBytes != e.Bytes() || all[0].Context != tokens {
		t.Errorf("List() = %+v, %v", all, err)
	}

	if err := c.Release(t.Context(), "other"); err != nil || len(s.Loaded()) != 1 {
		t.Errorf("Release() of another = %v; loaded are %q", err, s.Loaded())
	}
	if err := c.Release(t.Context(), "tiny"); err != nil {
		t.Errorf("Release() = %v", err)
	}
	if held, err := c.Held(t.Context()); err != nil || held != 0 {
		t.Errorf("after unloading Held() = %d, %v", held, err)
	}
	s.Load("tiny", tokens)
	if err := c.Unload(t.Context()); err != nil {
		t.Errorf("Unload() = %v", err)
	}
	until(t, "the process of the model ends", func() bool { return s.Processes() == idle })

	if _, err := c.Need(t.Context(), "nobody", tokens); !fault.Is(err, fault.ModelMissing) {
		t.Errorf("Need() of a model that is not there: %v", err)
	}
}

func TestARealServerEndsItsRequestBeforeItUnloads(t *testing.T) {
	t.Parallel()
	s := ollamatest.Start(t)
	s.Create("tiny")
	c := client(t, ollama.Config{Host: s.Host})

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	began, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Talk(ctx, "tiny", "hello", 16_384, sync.OnceFunc(func() { close(began) })) }()
	<-began

	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := c.Unload(short)
	if !fault.Is(err, fault.OllamaBusy) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "tiny:latest") {
		t.Errorf("Unload() of a model at work: %v", err)
	}
	select {
	case err := <-ended:
		t.Fatalf("the request at work was ended: %v", err)
	default:
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the request ends with %v", err)
	}
	if err := c.Unload(t.Context()); err != nil {
		t.Errorf("Unload() after the work: %v", err)
	}
}

func TestAServerThatHasEndedHoldsNothing(t *testing.T) {
	t.Parallel()
	s := ollamatest.Start(t)
	c := client(t, ollama.Config{Host: s.Host})
	s.Stop()
	if held, err := c.Held(t.Context()); err != nil || held != 0 {
		t.Errorf("Held() = %d, %v", held, err)
	}
	if err := c.Unload(t.Context()); err != nil {
		t.Errorf("Unload() = %v", err)
	}
}

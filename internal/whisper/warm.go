package whisper

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"sluice/internal/fault"
)

// lockPatience is how long a start waits for the engine of another process.
const lockPatience = 3 * time.Second

func engineBusy() error {
	return fault.New(fault.EngineBusy, "Another Sluice on this machine is transcribing.", nil)
}

// Ready says whether an engine may be started now: fault engine_busy while
// another process of this user has one. It waits for nothing.
func (t *Transcriber) Ready(context.Context) error {
	if t.lock == nil {
		return nil
	}
	select {
	case <-t.turn:
		defer func() { t.turn <- struct{}{} }()
	default:
		return nil // a request of ours has the engine
	}
	if t.engine != nil {
		return nil
	}
	other := flock.New(t.cfg.LockPath) // a lock of its own: t.lock stands for a living engine
	free, err := other.TryLock()
	if err != nil {
		return nil // no folder yet, say: starting will tell what is wrong
	}
	if !free {
		return engineBusy()
	}
	_ = other.Unlock()
	return nil
}

// Release ends the engine and gives its memory back; it returns when that is
// done. While a request runs it returns at once and the engine ends with the
// request: Release never takes the engine from under a job.
func (t *Transcriber) Release() {
	t.released.Store(true)
	t.tidy()
}

// Holding says which model the engine holds and what it takes in bytes, as the
// engine told last; "" and 0 when there is no engine.
func (t *Transcriber) Holding() (model string, bytes int64) {
	c := t.living.Load()
	if c == nil {
		return "", 0
	}
	select {
	case <-c.gone:
		return "", 0
	default:
		return modelName(c.model), c.footprint.Load()
	}
}

func (t *Transcriber) giveBack() {
	t.turn <- struct{}{}
	t.tidy()
}

// tidy ends a released engine unless a request has it, whose end comes here again.
func (t *Transcriber) tidy() {
	for t.released.Load() {
		select {
		case <-t.turn:
			if t.released.Swap(false) {
				t.end(time.Second)
			}
			t.turn <- struct{}{}
		default:
			return
		}
	}
}

// end stops the engine, if there is one, and lets another process have its turn.
func (t *Transcriber) end(polite time.Duration) {
	if t.engine == nil {
		return
	}
	t.engine.stop(polite)
	t.forget()
}

// forget is for an engine that is gone.
func (t *Transcriber) forget() {
	if t.engine != nil {
		t.log.Debug("engine ended", "pid", t.engine.pid)
	}
	t.engine = nil
	t.living.Store(nil)
	if t.lock != nil {
		_ = t.lock.Unlock()
	}
}

// warm gives an engine with the model loaded, an idle one or a new one.
func (t *Transcriber) warm(ctx context.Context, model string) (*child, error) {
	if t.engine != nil {
		select {
		case <-t.engine.gone:
			t.forget() // it died idle: nothing is lost
		default:
		}
	}
	if t.engine != nil && t.engine.model == model {
		return t.engine, nil
	}
	t.end(time.Second)
	if err := t.holdLock(ctx); err != nil {
		return nil, err
	}
	c, err := startChild(t.cfg, model, t.log)
	if err != nil {
		t.forget()
		return nil, fault.New(fault.EngineCrashed, "The speech engine could not be started.", err)
	}
	t.engine = c
	t.living.Store(c)
	if err := c.untilReady(ctx, t.cfg.StuckAfter); err != nil {
		t.forget()
		return nil, err
	}
	return c, nil
}

func (t *Transcriber) holdLock(ctx context.Context) error {
	if t.lock == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(t.cfg.LockPath), 0o700); err != nil {
		return fmt.Errorf("engine lock: %w", err)
	}
	// Somebody who is just ending is waited for; a job must not stand here, as
	// running, while another program works.
	soon, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	_, err := t.lock.TryLockContext(soon, 100*time.Millisecond)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case soon.Err() != nil:
		return engineBusy()
	}
	return fmt.Errorf("engine lock: %w", err)
}

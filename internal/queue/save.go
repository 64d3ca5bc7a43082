package queue

import (
	"context"
	"errors"
	"time"

	"sluice/internal/fault"
)

// commit does one write that somebody has asked for. Once it is begun it is
// gone through with: whoever gives up in the middle must not leave behind what
// was done and never told. What was not answered in time may be done all the
// same; then everybody looks again.
func (q *Queue) commit(ctx context.Context, write func(ctx context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	save, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.cfg.Save)
	defer cancel()
	err := write(save)
	if save.Err() != nil && errors.Is(err, save.Err()) {
		q.deps.Listener.ManyChanged()
		q.Wake()
	}
	return err
}

// outlast is a context for what the worker must write. It has all the time it
// needs while the program runs, and a bounded one once that is told to stop.
func (q *Queue) outlast(ctx context.Context) (save context.Context, done context.CancelFunc) {
	save, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		defer cancel()
		select {
		case <-save.Done():
		case <-time.After(q.cfg.Save):
		}
	})
	return save, func() {
		stop()
		cancel()
	}
}

// complaints lets a trouble that lasts be logged once, not at every try.
type complaints struct{ last fault.Code }

// fresh says whether this is another trouble than the last.
func (c *complaints) fresh(err error) bool {
	code := fault.From(err).Code
	if code == c.last {
		return false
	}
	c.last = code
	return true
}

// over says that things work again.
func (c *complaints) over() { c.last = "" }

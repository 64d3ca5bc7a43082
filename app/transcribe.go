package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"sluice/internal/board"
	"sluice/internal/cli"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

// errEnough ends the core when the work of a foreground run is done.
var errEnough = errors.New("all orders have ended")

// transcribe runs orders in this process: the same line, gate and pipeline as
// the server, over a store that is thrown away.
func (p *program) transcribe(ctx context.Context, o cli.TranscribeOptions) error {
	s, err := p.load(nil)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "sluice-")
	if err != nil {
		return fmt.Errorf("make scratch folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("SLUICE_DEBUG") == "1" {
		log = logger()
	}
	c, err := newCore(ctx, plan{settings: s, data: scratch, locks: s.Dirs.Data, log: log})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	err = c.Run(ctx, func(ctx context.Context) error {
		for i, order := range o.Orders {
			if err := c.foreground(ctx, i, order, o.Watch); err != nil {
				return err
			}
		}
		return errEnough
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// foreground runs one order to its end and tells how it fares. Only ctx ends
// it early; what is wrong with the order goes to the watch.
func (c *core) foreground(ctx context.Context, i int, order job.Order, w cli.Watch) error {
	events := c.board.Follow("")
	accepted, err := c.desk.Submit(ctx, []job.Order{order})
	if err != nil {
		w.Ended(i, job.Job{}, transcript.Transcript{}, err)
		return nil
	}
	id := accepted[0].Job.ID
	for {
		j, err := c.queue.Get(ctx, id)
		if err != nil {
			return err
		}
		if j.State.Final() {
			return c.ended(ctx, i, j, w)
		}
		w.Job(i, j)
		if err := c.follow(ctx, events, i, id, w); err != nil {
			return err
		}
	}
}

// follow passes events of one job on until the job itself has changed.
func (c *core) follow(ctx context.Context, events *board.Reader, i int, id string, w cli.Watch) error {
	for {
		e, err := events.Next(ctx)
		if err != nil {
			return err
		}
		switch {
		case e.Kind == board.Reset:
			return nil
		case e.JobID != id:
		case e.Kind == board.JobChanged:
			return nil
		case e.Kind == board.Progress:
			w.Progress(i, e.Progress)
		case e.Kind == board.Segment:
			w.Segment(i, e.Segment)
		}
	}
}

func (c *core) ended(ctx context.Context, i int, j job.Job, w cli.Watch) error {
	var t transcript.Transcript
	if j.State == job.Done {
		var err error
		if t, err = c.library.Transcript(ctx, j.ID); err != nil {
			return err
		}
	}
	w.Ended(i, j, t, nil)
	return nil
}

package cli

import (
	"context"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

func (c *console) cancel() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "cancel ID...",
		Short: "Cancel jobs",
		Long: `Cancels jobs. One that waits ends at once; one that runs ends within seconds.
What was finished of it is kept, so that 'sluice retry' goes on there.

A job that has ended already cannot be canceled; the others named with it are.

--all cancels every job that waits, also held and scheduled ones. The job that
runs goes on to its end, unless it is canceled by its id.`,
		Example: `  sluice cancel ABCDE
  sluice cancel 01K6ZV5N3T8Q2M4R7W9XYABCDE QRSTU
  sluice cancel --all`,
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "cancel all jobs that wait; one that runs goes on")
	return c.errand(cmd, "all", []job.State{job.Running, job.Queued}, func(ctx context.Context, e *errand) error {
		switch {
		case all:
			return e.cancelWaiting(ctx)
		case len(e.args) == 0: // --all=false
			return needs(cmd, "ID")
		}
		return e.each(ctx, e.tell("cancel", nil), func(j jobView) string {
			if j.State == job.Canceled {
				return "canceled"
			}
			return "is being canceled"
		})
	})
}

func (e *errand) cancelWaiting(ctx context.Context) error {
	n, raw, err := e.s.clear(ctx, job.Queued)
	switch {
	case err != nil:
		return err
	case e.json:
		e.out.line("%s", compact(raw))
	case n == 0:
		e.c.note("No job waits. One that runs is canceled by its id.")
	default:
		e.out.line("%s canceled; one that runs goes on.", plural(n, "waiting job is", "waiting jobs are"))
	}
	return nil
}

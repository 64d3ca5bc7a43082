package cli

import (
	"github.com/spf13/cobra"

	"sluice/internal/job"
)

func (c *console) cancel() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "cancel ID...",
		Short: "Cancel jobs",
		Long: `Cancels jobs. One that waits ends at once; one that runs ends within seconds.
What was finished of it is kept, so that adding the file again goes on there.

A job that has ended already cannot be canceled; the others named with it are.`,
		Example: `  sluice cancel ABCDE
  sluice cancel 01K6ZV5N3T8Q2M4R7W9XYABCDE QRSTU`,
		Args:              someArgs("ID"),
		ValidArgsFunction: c.completeJobs,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the jobs as JSON, one a line")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		ids := make([]string, len(args))
		for i, name := range args { // all of them before any is canceled
			if ids[i], err = s.resolve(ctx, name); err != nil {
				return err
			}
		}
		p := &printer{w: c.Out}
		failed := false
		for i, id := range ids {
			j, raw, err := s.cancel(ctx, id)
			switch {
			case ctx.Err() != nil || awayErr(err):
				return err
			case err != nil && len(ids) == 1:
				return err
			case err != nil:
				failed = true
				c.fail(args[i], err)
			case asJSON:
				p.line("%s", compact(raw))
			case j.State == job.Canceled:
				p.line("%s canceled (%s)", clean(j.ID), j.name())
			default:
				p.line("%s is being canceled (%s)", clean(j.ID), j.name())
			}
		}
		if failed {
			return errSaid
		}
		return p.err
	})
	return cmd
}

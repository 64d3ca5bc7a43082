package cli

import (
	"github.com/spf13/cobra"

	"sluice/internal/job"
)

func (c *console) export() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export ID",
		Short: "Print or save the text of a job",
		Long: `Prints the text of a job that is done, or writes it to the FILE of -o. The
format is that of --format, else what FILE ends in, else txt.

As json also the text of a job that is not done yet can be had, as far as it
goes; its member "complete" is false then. A FILE that is there is replaced;
its folder must be there. A name that ends in / is a folder, made if need be.`,
		Example: `  sluice export ABCDE
  sluice export ABCDE --times
  sluice export ABCDE -o talk.srt
  sluice export ABCDE --format vtt > talk.vtt`,
		Args:              oneArg("ID"),
		ValidArgsFunction: c.completeJobs(job.Done, job.Running),
	}
	out := newOutputFlags(cmd, "write to this `FILE`, or into this folder")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if err := out.settle(); err != nil {
			return err
		}
		if err := out.place(); err != nil {
			return err
		}
		out.heed(c)
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		id, err := s.resolve(ctx, args[0])
		if err != nil {
			return err
		}
		body, err := out.fetch(ctx, s, id)
		if err != nil {
			return err
		}
		if out.toStdout() {
			p := &printer{w: c.Out}
			_, _ = p.Write(body)
			return unwritable("stdout", p.err)
		}
		name := out.file
		if isFolder(name) {
			j, _, err := s.job(ctx, id)
			if err != nil {
				return err
			}
			name = out.inside(name, j)
		}
		if err := save(name, body); err != nil {
			return err
		}
		if c.ErrTerminal {
			c.note("Wrote %s", clean(name))
		}
		return nil
	})
	return cmd
}

package cli

import (
	"context"
	"strings"

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
its folder must be there. A name that ends in / is a folder, made if need be.

With --lang it is the translation into that language; 'sluice show' tells which
there are.`,
		Example: `  sluice export ABCDE
  sluice export ABCDE --times
  sluice export ABCDE -o talk.srt
  sluice export ABCDE --lang ko -o talk.ko.srt
  sluice export ABCDE --format vtt > talk.vtt`,
		Args:              oneArg("ID"),
		ValidArgsFunction: c.completeJobs(job.Done, job.Running),
	}
	out := newOutputFlags(cmd, "write to this `FILE`, or into this folder")
	var language string
	cmd.Flags().StringVar(&language, "lang", "", "`CODE` of the language of a translation (default: the text as it was spoken)")
	completeLanguages(cmd, "lang", false)
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if language = strings.ToLower(strings.TrimSpace(language)); cmd.Flags().Changed("lang") && !isCode(language) {
			return usagef("--lang takes the code of a language; %q is none.", clean(language))
		}
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
		body, err := out.fetch(ctx, s, id, language)
		if err != nil {
			return err
		}
		ext := out.kind.Ext()
		if language != "" {
			ext = "." + language + ext
		}
		return c.deliver(ctx, s, id, out.file, ext, body)
	})
	return cmd
}

// deliver prints what came of a job, or writes it to a file; in a folder it is
// named after the job's own file.
func (c *console) deliver(ctx context.Context, s *client, id, file, ext string, body []byte) error {
	if file == "" || file == "-" {
		p := &printer{w: c.Out}
		_, _ = p.Write(body)
		return unwritable("stdout", p.err)
	}
	if isFolder(file) {
		j, _, err := s.job(ctx, id)
		if err != nil {
			return err
		}
		file = inside(file, j, ext)
	}
	if err := save(file, body); err != nil {
		return err
	}
	if c.ErrTerminal {
		c.note("Wrote %s", clean(file))
	}
	return nil
}

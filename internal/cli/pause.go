package cli

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"
)

func (c *console) pause() *cobra.Command {
	return c.lineVerb("pause", "Take no more jobs", `Stops the line: no further job is taken, also after a restart, until
'sluice resume'. The job that runs goes on to its end.`, "The line is paused.")
}

func (c *console) resume() *cobra.Command {
	return c.lineVerb("resume", "Take jobs again", "Lets the line go on after 'sluice pause'.", "The line goes on.")
}

// lineVerb makes a command that tells the line as a whole something.
func (c *console) lineVerb(verb, short, long, said string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: verb, Short: short, Long: long, Args: noArgs, Example: "  sluice " + verb}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the line's state as JSON")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		raw, err := s.line(cmd.Context(), verb)
		if err != nil {
			return err
		}
		p := &printer{w: c.Out}
		if asJSON {
			p.line("%s", compact(raw))
		} else {
			p.line("%s", said)
		}
		return p.err
	})
	return cmd
}

// line pauses or resumes the line.
func (s *client) line(ctx context.Context, verb string) ([]byte, error) {
	return s.call(ctx, http.MethodPost, "/api/v1/queue/"+verb, nil, nil)
}

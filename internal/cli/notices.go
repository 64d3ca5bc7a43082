package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"sluice/internal/fault"
)

// standing says what people should know about the server as a whole: that the
// line is paused, and its notices. It goes with other data; when it cannot be
// had, that is shown all the same.
func (c *console) standing(ctx context.Context, s *client) {
	b, _, err := s.board(ctx)
	if err != nil {
		return
	}
	if b.Paused {
		c.note("The line is paused; 'sluice resume' lets it go on.")
	}
	for _, n := range b.Notices {
		when := ""
		if !n.At.IsZero() {
			when = at(n.At.Time) + "  "
		}
		c.note("Notice %s: %s%s", clean(n.ID), when, clean(n.Text))
		if n.Hint != "" {
			c.note("  hint: %s", clean(n.Hint))
		}
	}
	if len(b.Notices) > 0 {
		c.note("Once read, 'sluice dismiss %s' takes it away.", clean(b.Notices[0].ID))
	}
}

func (c *console) dismiss() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dismiss ID...",
		Short: "Take away notices that were read",
		Long: `Takes away notices of the server, as 'sluice list' shows them: what happened to
its data as a whole, such as a database that was damaged, or that there is a
newer Sluice. They are shown everywhere until somebody has read them. ID is what
stands behind the word Notice.`,
		Example: `  sluice dismiss 1
  sluice dismiss update-1.3.0`,
		Args: someArgs("ID"),
	}
	address := serverFlag(cmd)
	cmd.ValidArgsFunction = c.completeNotices
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		b, _, err := s.board(cmd.Context())
		if err != nil {
			return err
		}
		for _, id := range args { // the server has nothing against ids that are none
			if !slices.ContainsFunc(b.Notices, func(n noticeView) bool { return n.ID == id }) {
				return fault.New(fault.RequestInvalid, fmt.Sprintf("There is no notice %q.", clean(id)), nil).
					WithHint("'sluice list' shows those that there are.")
			}
		}
		for _, id := range args {
			if err := s.dismiss(cmd.Context(), id); err != nil {
				return err
			}
			c.note("Notice %s is taken away.", clean(id))
		}
		return nil
	})
	return cmd
}

func (c *console) completeNotices(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	address, _ := cmd.Flags().GetString("server")
	s, err := c.client(address)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(cmd.Context(), findTimeout)
	defer cancel()
	b, _, _ := s.board(ctx)
	var offers []cobra.Completion
	for _, n := range b.Notices {
		if !slices.Contains(args, n.ID) {
			offers = append(offers, cobra.CompletionWithDesc(clean(n.ID), clean(n.Text)))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

func (s *client) dismiss(ctx context.Context, id string) error {
	_, err := s.call(ctx, http.MethodDelete, "/api/v1/notices/"+url.PathEscape(id), nil, nil)
	return err
}

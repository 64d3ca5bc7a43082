package cli

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

// errand is one run of a command that does something to jobs of a server.
type errand struct {
	c    *console
	s    *client
	args []string
	json bool
	out  *printer
}

// errand makes cmd one that takes ids of jobs. Instead names a flag that stands
// for ids, "" = there is none; the states are those of the jobs that may be
// meant, and their ids are offered to the shell.
func (c *console) errand(cmd *cobra.Command, instead string, states []job.State, do func(ctx context.Context, e *errand) error) *cobra.Command {
	var asJSON bool
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch by := instead != "" && cmd.Flags().Changed(instead); {
		case by && len(args) > 0:
			return usagef("--%s and ids exclude each other.", instead)
		case by:
			return nil
		}
		return someArgs("ID")(cmd, args)
	}
	cmd.ValidArgsFunction = c.completeJobs(states...)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the jobs as JSON, one a line")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		e := &errand{c: c, s: s, args: args, json: asJSON, out: &printer{w: c.Out}}
		if err := do(cmd.Context(), e); err != nil {
			return err
		}
		return unwritable("stdout", e.out.err)
	})
	return cmd
}

// deed is something that is done to one job; the bytes are the job for --json.
type deed func(ctx context.Context, id string) (jobView, []byte, error)

// each does the same to every job that was named and prints what has become
// of it. All names are looked up before anything is done; one job that refuses
// does not save the others.
func (e *errand) each(ctx context.Context, do deed, become func(jobView) string) error {
	ids, err := e.s.resolveAll(ctx, e.args)
	if err != nil {
		return err
	}
	failed := false
	for i, id := range ids {
		if slices.Contains(ids[:i], id) { // named twice
			continue
		}
		j, raw, err := do(ctx, id)
		switch {
		case ctx.Err() != nil || awayErr(err):
			return err
		case err != nil && len(ids) == 1:
			return err
		case err != nil:
			failed = true
			e.c.fail(e.args[i], err)
		case e.json:
			e.out.line("%s", compact(raw))
		default:
			e.out.line("%s %s (%s)", clean(j.ID), become(j), j.name())
		}
	}
	if failed {
		return errSaid
	}
	return nil
}

// tell makes a deed of a route of the API: verb ends its path, body may be nil.
func (e *errand) tell(verb string, body any) deed {
	return func(ctx context.Context, id string) (jobView, []byte, error) {
		return e.s.tell(ctx, id, verb, body)
	}
}

// tell asks for something to be done to a job.
func (s *client) tell(ctx context.Context, id, verb string, body any) (jobView, []byte, error) {
	return s.oneJob(ctx, http.MethodPost, "/api/v1/jobs/"+url.PathEscape(id)+"/"+verb, body, nil)
}

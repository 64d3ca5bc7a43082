package cli

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

// clearTimeout is how long the jobs of a whole state may take to go.
const clearTimeout = 10 * time.Minute

func (c *console) delete() *cobra.Command {
	var (
		state string
		yes   bool
	)
	cmd := &cobra.Command{
		Use:     "delete ID...",
		Aliases: []string{"rm"},
		Short:   "Delete jobs that have ended, with their texts",
		Long: `Deletes jobs that have ended, with their texts and all else they have left. The
files they were made from stay. A job that has not ended must be canceled first;
the others named with it are deleted.

--state deletes all jobs in that state. It asks before, once; where nobody can
be asked, as in a script, it needs --yes.

--json prints the jobs as they were, and with --state how many there were.`,
		Example: `  sluice delete ABCDE QRSTU
  sluice delete --state failed
  sluice delete --state done --yes`,
	}
	f := cmd.Flags()
	f.VarP(newOnce(&state), "state", "s", "delete all jobs in this `STATE`: done, failed or canceled")
	f.BoolVarP(&yes, "yes", "y", false, "do not ask")
	completeEnded(cmd)
	return c.errand(cmd, "state", endedStates(), func(ctx context.Context, e *errand) error {
		if !cmd.Flags().Changed("state") {
			return e.each(ctx, e.s.delete, func(jobView) string { return "deleted" })
		}
		want, err := ended(state)
		if err != nil {
			return err
		}
		return e.deleteAll(ctx, want, yes)
	})
}

// deleteAll deletes the jobs of one state, once somebody has agreed.
func (e *errand) deleteAll(ctx context.Context, state job.State, agreed bool) error {
	if !agreed {
		if err := e.ask(ctx, state); err != nil {
			return err
		}
	}
	n, raw, err := e.s.clear(ctx, state)
	switch {
	case err != nil:
		return err
	case e.json:
		e.out.line("%s", compact(raw))
	case n == 0:
		e.c.note("No job is %s.", state)
	default:
		e.out.line("%s deleted.", plural(n, string(state)+" job is", string(state)+" jobs are"))
	}
	return nil
}

// ask returns nil when somebody agrees that the jobs go, or when there are none.
func (e *errand) ask(ctx context.Context, state job.State) error {
	if !e.c.InTerminal || !e.c.ErrTerminal {
		return &usage{
			say:  "Nobody can be asked here whether the jobs may go; nothing is deleted.",
			hint: "Add --yes to delete all jobs that are " + string(state) + ".",
		}
	}
	b, _, err := e.s.board(ctx)
	n := b.Counts[state]
	if err != nil || n == 0 {
		return err
	}
	agreed, err := e.c.agree(ctx, fmt.Sprintf("Delete %s, with all they have left?", plural(n, string(state)+" job", string(state)+" jobs")))
	if err == nil && !agreed {
		e.c.note("Nothing is deleted.")
		err = errSaid
	}
	return err
}

// agree asks a question at the terminal. Everything but a yes is a no.
func (c *console) agree(ctx context.Context, question string) (bool, error) {
	_, _ = fmt.Fprintf(c.Err, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() { // nothing ends a read from a terminal but the end of the program
		line, _ := bufio.NewReader(c.In).ReadString('\n')
		answer <- line
	}()
	select {
	case <-ctx.Done():
		c.note("")
		return false, ctx.Err()
	case line := <-answer:
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return true, nil
		}
		if !strings.HasSuffix(line, "\n") {
			c.note("")
		}
		return false, nil
	}
}

// ended reads a state that jobs end in.
func ended(typed string) (job.State, error) {
	switch s := job.State(typed); {
	case s.Final():
		return s, nil
	case s.Valid():
		return "", usagef("Jobs that are %s have not ended: choose done, failed or canceled.", s)
	}
	return "", usagef("There is no state %q that jobs end in: choose done, failed or canceled.", clean(typed))
}

func endedStates() []job.State { return []job.State{job.Failed, job.Canceled, job.Done} }

// completeEnded offers the states that jobs end in for --state.
func completeEnded(cmd *cobra.Command) { completeFlag(cmd, "state", endedStates()) }

// delete removes a job that has ended. What it was is asked for before.
func (s *client) delete(ctx context.Context, id string) (jobView, []byte, error) {
	j, raw, err := s.job(ctx, id)
	if err == nil {
		_, err = s.call(ctx, http.MethodDelete, "/api/v1/jobs/"+url.PathEscape(id), nil, nil)
	}
	return j, raw, err
}

// clear cancels all jobs that wait, or deletes all in a state that they end
// in. It says how many.
func (s *client) clear(ctx context.Context, state job.State) (n int, raw []byte, err error) {
	long := s.within(clearTimeout)
	defer long.close()
	raw, err = long.call(ctx, http.MethodPost, "/api/v1/jobs/clear", struct {
		State job.State `json:"state"`
	}{state}, nil)
	var cleared struct {
		Count int `json:"count"`
	}
	if err == nil {
		err = s.decode(raw, &cleared)
	}
	return cleared.Count, raw, err
}

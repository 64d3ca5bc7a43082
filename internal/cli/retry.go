package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

// retryBody says what is done otherwise than before.
type retryBody struct {
	FromStage job.Stage `json:"from_stage,omitempty"`
	Model     string    `json:"model,omitempty"`
}

func (c *console) retry() *cobra.Command {
	var state, from, model string
	cmd := &cobra.Command{
		Use:   "retry ID...",
		Short: "Put jobs that have ended into the line again",
		Long: `Puts jobs that have ended at the back of the line, with nothing counted against
them. What they have finished is not done again; with --from that stage and
those after it are. With --model they use another speech model from now on.

--state does it with all jobs in that state, the oldest first.`,
		Example: `  sluice retry ABCDE
  sluice retry --state failed
  sluice retry ABCDE --from transcribe --model small`,
	}
	f := cmd.Flags()
	f.VarP(newOnce(&state), "state", "s", "retry all jobs in this `STATE`: failed, canceled or done")
	f.StringVar(&from, "from", "", "do this `STAGE` and those after it anew: "+stageNames())
	f.StringVarP(&model, "model", "m", "", "use this speech model: a `NAME` of 'sluice models list' or the path of a file")
	c.completeSpeech(cmd, "model")
	completeEnded(cmd)
	completeFlag(cmd, "from", job.Stages())
	return c.errand(cmd, "state", endedStates(), func(ctx context.Context, e *errand) error {
		body := retryBody{FromStage: job.Stage(from)}
		switch {
		case f.Changed("from") && !slices.Contains(job.Stages(), body.FromStage):
			return usagef("There is no stage %q: choose %s.", clean(from), stageNames())
		case f.Changed("model") && strings.TrimSpace(model) == "":
			return usagef("--model names no model.")
		}
		var err error
		if body.Model, err = c.modelOfServer(ctx, model); err != nil {
			return err
		}
		if f.Changed("state") {
			want, err := ended(state)
			if err != nil {
				return err
			}
			if e.args, err = e.s.oldestFirst(ctx, want); err != nil {
				return err
			}
			if len(e.args) == 0 {
				c.note("No job is %s.", want)
				return nil
			}
		}
		return e.each(ctx, e.tell("retry", body), func(j jobView) string {
			c.remark(j)
			return "is queued again" + e.place(j)
		})
	})
}

// oldestFirst lists the ids of all jobs in a state, in the order in which
// they were added.
func (s *client) oldestFirst(ctx context.Context, state job.State) ([]string, error) {
	p, _, err := s.some(ctx, string(state), "", 0)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(p.Jobs))
	for i, raw := range p.Jobs {
		ids[i] = idOf(raw)
	}
	slices.Sort(ids) // ids sort by time
	return ids, nil
}

func stageNames() string {
	var names []string
	for _, s := range job.Stages() {
		names = append(names, string(s))
	}
	return list(names)
}

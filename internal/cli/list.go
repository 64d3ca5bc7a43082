package cli

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

const defaultList = 50

func (c *console) list() *cobra.Command {
	var (
		state, query string
		limit        int
		all, asJSON  bool
	)
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "Show the jobs",
		Long: `Shows jobs as a table: those in the line in its order, with the reason why
each is not next, and those that have ended, newest first.

The ids are cut to the ends that tell these jobs apart; every command takes
them. --json prints whole ids and everything else that is known.`,
		Example: `  sluice list
  sluice list --state failed
  sluice list --query lecture --all
  sluice list --json | jq -r '.jobs[].id'`,
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.StringVarP(&state, "state", "s", "", "only jobs in this `STATE`: queued, running, done, failed or canceled")
	f.StringVarP(&query, "query", "q", "", "only jobs with these `WORDS` in the title")
	f.IntVarP(&limit, "limit", "n", defaultList, "how many at most")
	f.BoolVarP(&all, "all", "a", false, "all of them, however many")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("limit", "all")
	_ = cmd.RegisterFlagCompletionFunc("state", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var names []cobra.Completion
		for _, s := range job.States() {
			names = append(names, string(s))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		if state != "" && !job.State(state).Valid() {
			return usagef("There is no state %q: choose queued, running, done, failed or canceled.", clean(state))
		}
		if limit < 1 {
			return usagef("--limit is 1 or more; --all shows all.")
		}
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		want := limit
		if all {
			want = 0
		}
		got, more, err := s.some(cmd.Context(), state, query, want)
		if err != nil {
			return err
		}
		if asJSON {
			return c.printJSON(got)
		}
		views, err := got.views()
		if err != nil {
			return s.stranger("its answer cannot be read")
		}
		return c.printJobs(views, more)
	})
	return cmd
}

// printJSON passes a page on.
func (c *console) printJSON(p page) error {
	if p.Jobs == nil {
		p.Jobs = []json.RawMessage{}
	}
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	return c.printRaw(body)
}

func (c *console) printJobs(jobs []jobView, more bool) error {
	if len(jobs) == 0 {
		c.note("No jobs. Put a file into the line with 'sluice add FILE'.")
		return nil
	}
	names := short(jobs)
	now := time.Now()
	rows := [][]string{{"ID", "STATE", "REASON", "PROGRESS", "TITLE", "AGE"}}
	for _, j := range jobs {
		rows = append(rows, []string{
			names[j.ID], cell(string(j.State)), cell(because(j)), cell(far(j)), j.name(), age(j.CreatedAt.Time, now),
		})
	}
	if c.OutTerminal {
		c.fit(rows, 4)
	}
	p := &printer{w: c.Out}
	table(p, rows)
	if more {
		c.note("There are more; --all shows them.")
	}
	return p.err
}

// fit shortens one column so that rows go into the terminal's lines.
func (c *console) fit(rows [][]string, column int) {
	others, widest := 0, make([]int, len(rows[0]))
	for _, row := range rows {
		for i, s := range row {
			widest[i] = max(widest[i], columns(s))
		}
	}
	for i, w := range widest {
		if i != column {
			others += w + 2
		}
	}
	room := max(c.Width-others, 12)
	for _, row := range rows {
		row[column] = shorten(row[column], room)
	}
}

// because is the reason of a queued job in one word, or the code of a failure.
func because(j jobView) string {
	switch {
	case j.State == job.Queued:
		return clean(j.Reason)
	case j.State == job.Failed && j.Error != nil:
		return clean(j.Error.Code)
	}
	return ""
}

// far is how far a job is: of the running stage, or its place in the line.
func far(j jobView) string {
	switch {
	case j.State == job.Running && j.Progress != nil:
		return clean(string(j.Progress.Stage)) + " " + percent(j.Progress.Fraction)
	case j.State == job.Running:
		return clean(string(j.Stage))
	case j.State == job.Queued && j.Position > 0:
		return fmt.Sprintf("#%d", j.Position)
	}
	return ""
}

func cell(s string) string {
	if s = clean(s); s == "" {
		return "-"
	}
	return s
}

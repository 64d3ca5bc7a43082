package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

const (
	defaultList  = 50
	thereAreMore = "There are more; --all shows them."
)

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
		Long: `Shows jobs as a table: first the one that runs, then those in the line in its
order, #1 being next, with the reason why each waits, and then those that have
ended, the newest first.

Below it says when the line is paused, and what else the server has to tell;
'sluice dismiss' takes such a notice away.

The ids are cut to the ends that tell these jobs apart; every command takes
them. --json prints whole ids and everything else that is known.`,
		Example: `  sluice list
  sluice list --state failed
  sluice list --query lecture --all
  sluice list --json | jq -r '.jobs[].id'`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVarP(&state, "state", "s", "", "only jobs in this `STATE`: queued, running, done, failed or canceled")
	f.StringVarP(&query, "query", "q", "", "only jobs with these `WORDS` in the title")
	f.IntVarP(&limit, "limit", "n", defaultList, "how many at most")
	f.BoolVarP(&all, "all", "a", false, "all of them, however many")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	completeFlag(cmd, "state", job.States())
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		if state != "" && !job.State(state).Valid() {
			return usagef("There is no state %q: choose queued, running, done, failed or canceled.", clean(state))
		}
		switch {
		case all && cmd.Flags().Changed("limit"):
			return usagef("--limit and --all exclude each other.")
		case limit < 1:
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
		find := s.inOrder
		if state != "" {
			find = func(ctx context.Context, query string, limit int) (page, bool, error) {
				return s.some(ctx, state, query, limit)
			}
		}
		got, more, err := find(cmd.Context(), query, want)
		if err != nil {
			return err
		}
		if asJSON {
			if more {
				c.note(thereAreMore)
			}
			return c.printJSON(got)
		}
		views, err := got.views()
		switch {
		case err != nil:
			return s.stranger("its answer cannot be read")
		case len(views) == 0 && (state != "" || query != ""):
			c.note("No job matches; 'sluice list' shows all.")
		default:
			err = c.printJobs(views, more)
		}
		c.standing(cmd.Context(), s)
		return err
	})
	return cmd
}

// inOrder asks for jobs in the order of the list: what runs, the line, and
// what has ended, newest first; 0 = all. The states are asked for one by one
// in the order in which jobs go through them, so that one that moves on in
// between is seen twice rather than not at all.
func (s *client) inOrder(ctx context.Context, query string, limit int) (got page, more bool, err error) {
	found := make(map[job.State][]json.RawMessage)
	place := make(map[string]job.State) // where each job was seen last
	for _, state := range []job.State{job.Queued, job.Running, job.Done, job.Failed, job.Canceled} {
		p, rest, err := s.some(ctx, string(state), query, limit)
		if err != nil {
			return page{}, false, err
		}
		found[state], more = p.Jobs, more || rest
		for _, raw := range p.Jobs {
			place[idOf(raw)] = state
		}
	}
	of := func(states ...job.State) []json.RawMessage {
		var jobs []json.RawMessage
		for _, state := range states {
			for _, raw := range found[state] {
				if place[idOf(raw)] == state {
					jobs = append(jobs, raw)
				}
			}
		}
		return jobs
	}
	ended := of(job.Done, job.Failed, job.Canceled)
	slices.SortStableFunc(ended, func(a, b json.RawMessage) int { return strings.Compare(idOf(b), idOf(a)) })
	got.Jobs = slices.Concat(of(job.Running), of(job.Queued), ended)
	if limit > 0 && len(got.Jobs) > limit {
		got.Jobs, more = got.Jobs[:limit], true
	}
	return got, more, nil
}

// idOf reads a job's id, which sorts by the time of submission.
func idOf(raw json.RawMessage) string {
	var j struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(raw, &j) // who reads the whole job says that it cannot be read
	return j.ID
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
		c.note(thereAreMore)
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

// far is how far a job is: of the running stage, or its place in the line with
// what is done already, and how long it still takes when that is known.
func far(j jobView) string {
	var said []string
	switch {
	case j.State == job.Running && j.Progress != nil:
		said = append(said, clean(string(j.Progress.Stage))+" "+percent(j.Progress.Fraction), left(j))
	case j.State == job.Running:
		said = append(said, clean(string(j.Stage)))
	case j.State == job.Queued && j.Position > 0:
		said = append(said, fmt.Sprintf("#%d", j.Position), soFar(j), left(j))
	case j.State == job.Queued:
		said = append(said, soFar(j))
	}
	said = slices.DeleteFunc(said, func(s string) bool { return s == "" })
	return strings.Join(said, ", ")
}

// soFar is what is done of a job that is back in the line.
func soFar(j jobView) string {
	if j.State != job.Queued || j.Progress == nil {
		return ""
	}
	return percent(j.Progress.Fraction) + " done"
}

func left(j jobView) string {
	if j.ETASeconds <= 0 {
		return ""
	}
	return roughly(time.Duration(j.ETASeconds)*time.Second) + " left"
}

func cell(s string) string {
	if s = clean(s); s == "" {
		return "-"
	}
	return s
}

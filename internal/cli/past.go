package cli

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

// mostMinutes is how far back a server tells what ran.
const mostMinutes = 1440

func (c *console) history() *cobra.Command {
	var (
		minutes int
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Show what ran and what waited, and for what",
		Long: `Shows the stages that ran of late and the times in which a job could not be
taken, in the order in which they began: when, which job, for how long, and how
it ended or what it waited for. What people asked for, such as holding a job, is
no waiting.

What happened to a single job is told by 'sluice show ID --history'. --json has
the readings of memory of that time as well.`,
		Example: `  sluice history
  sluice history --minutes 600
  sluice history --json | jq '.points[-1]'`,
		Args: noArgs,
	}
	cmd.Flags().IntVar(&minutes, "minutes", 60, fmt.Sprintf("how many minutes back, 1 to %d", mostMinutes))
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		if minutes < 1 || minutes > mostMinutes {
			return usagef("--minutes goes from 1 to %d; %d is outside.", mostMinutes, minutes)
		}
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		past, raw, err := s.past(cmd.Context(), minutes)
		switch {
		case err != nil:
			return err
		case asJSON:
			return c.printRaw(raw)
		case len(past.Runs)+len(past.Waits) == 0:
			c.note("Nothing ran or waited in this time.")
			return nil
		}
		p := &printer{w: c.Out}
		showPast(p, past, time.Now())
		return unwritable("stdout", p.err)
	})
	return cmd
}

// pastView is the machine over time.
type pastView struct {
	Runs []struct {
		JobID      string    `json:"job_id"`
		Title      string    `json:"title"`
		Stage      job.Stage `json:"stage"`
		StartedAt  stamp     `json:"started_at"`
		FinishedAt stamp     `json:"finished_at"`
		Outcome    string    `json:"outcome"`
	} `json:"runs"`
	Waits []struct {
		JobID  string `json:"job_id"`
		Title  string `json:"title"`
		Reason string `json:"reason"`
		From   stamp  `json:"from"`
		To     stamp  `json:"to"`
	} `json:"waits"`
}

func (s *client) past(ctx context.Context, minutes int) (pastView, []byte, error) {
	var past pastView
	raw, err := s.call(ctx, http.MethodGet, fmt.Sprintf("/api/v1/history?minutes=%d", minutes), nil, nil)
	if err == nil {
		err = s.decode(raw, &past)
	}
	return past, raw, err
}

func showPast(p *printer, past pastView, now time.Time) {
	type line struct {
		from time.Time
		row  []string
	}
	var lines []line
	add := func(id, title, what, how string, from, to stamp) {
		until := to.Time
		if until.IsZero() {
			until = now
		}
		lines = append(lines, line{from.Time, []string{at(from.Time), end(id, shortID), cell(what), span(until.Sub(from.Time)), cell(how), clean(title)}})
	}
	for _, r := range past.Runs {
		add(r.JobID, r.Title, string(r.Stage), r.Outcome, r.StartedAt, r.FinishedAt)
	}
	for _, w := range past.Waits {
		how := "waited"
		if w.To.IsZero() {
			how = "waits"
		}
		add(w.JobID, w.Title, w.Reason, how, w.From, w.To)
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.from.Compare(b.from) })
	rows := [][]string{{"SINCE", "JOB", "STAGE OR REASON", "TIME", "HOW", "TITLE"}}
	for _, l := range lines {
		rows = append(rows, l.row)
	}
	table(p, rows)
}

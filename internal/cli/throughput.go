package cli

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

// mostHours is how far back a server can be asked.
const mostHours = 168

func (c *console) throughput() *cobra.Command {
	var (
		hours  int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "throughput",
		Short: "Show what the line got done, hour by hour",
		Long: `Shows for each hour in which something ended how many jobs are done, failed or
were canceled, how long the recordings were and how long the machine worked on
them. Below it stand what failed, by its cause, and how fast each stage is.`,
		Example: `  sluice throughput
  sluice throughput --hours 168
  sluice throughput --json`,
		Args: noArgs,
	}
	cmd.Flags().IntVar(&hours, "hours", 24, fmt.Sprintf("how many hours back, 1 to %d", mostHours))
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		if hours < 1 || hours > mostHours {
			return usagef("--hours goes from 1 to %d; %d is outside.", mostHours, hours)
		}
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		t, raw, err := s.throughput(cmd.Context(), hours)
		if err != nil {
			return err
		}
		if asJSON {
			return c.printRaw(raw)
		}
		p := &printer{w: c.Out}
		showThroughput(p, t)
		return unwritable("stdout", p.err)
	})
	return cmd
}

func showThroughput(p *printer, t throughputView) {
	rows := [][]string{{"HOUR", "DONE", "FAILED", "CANCELED", "RECORDINGS", "WORK"}}
	row := func(name string, h hourView) []string {
		return []string{
			name, fmt.Sprint(h.Done), fmt.Sprint(h.Failed), fmt.Sprint(h.Canceled), milliseconds(h.MediaMS), milliseconds(h.BusyMS),
		}
	}
	var sum hourView
	for _, h := range t.Hours {
		if h.Done+h.Failed+h.Canceled == 0 && h.BusyMS == 0 {
			continue
		}
		rows = append(rows, row(h.At.Local().Format("2006-01-02 15:04"), h))
		sum.Done, sum.Failed, sum.Canceled = sum.Done+h.Done, sum.Failed+h.Failed, sum.Canceled+h.Canceled
		sum.MediaMS, sum.BusyMS = sum.MediaMS+h.MediaMS, sum.BusyMS+h.BusyMS
	}
	table(p, append(rows, row("all", sum)))
	if len(t.Failures) > 0 {
		p.line("")
		rows = [][]string{{"FAILED WITH", "TIMES", "LAST", "JOB"}}
		for _, f := range t.Failures {
			rows = append(rows, []string{cell(f.Code), fmt.Sprint(f.Count), at(f.LastAt.Time), end(f.JobID, shortID)})
		}
		table(p, rows)
	}
	if len(t.Stages) > 0 {
		p.line("")
		rows = [][]string{{"STAGE", "RUNS", "MEDIAN", "19 OF 20", "SPEED"}}
		for _, s := range t.Stages {
			speed := "-"
			if s.Factor > 0 {
				speed = fmt.Sprintf("%.1f x", s.Factor)
			}
			rows = append(rows, []string{cell(string(s.Stage)), fmt.Sprint(s.Runs), milliseconds(s.MedianMS), milliseconds(s.P95MS), speed})
		}
		table(p, rows)
	}
}

func milliseconds(ms int64) string { return span(time.Duration(ms) * time.Millisecond) }

func (s *client) throughput(ctx context.Context, hours int) (throughputView, []byte, error) {
	var t throughputView
	raw, err := s.call(ctx, http.MethodGet, fmt.Sprintf("/api/v1/throughput?hours=%d", hours), nil, nil)
	if err == nil {
		err = s.decode(raw, &t)
	}
	return t, raw, err
}

// throughputView is what the line got done.
type throughputView struct {
	Hours    []hourView    `json:"hours"`
	Failures []failureView `json:"failures"`
	Stages   []figuresView `json:"stages"`
}

type hourView struct {
	At       stamp `json:"at"`
	Done     int   `json:"done"`
	Failed   int   `json:"failed"`
	Canceled int   `json:"canceled"`
	MediaMS  int64 `json:"media_ms"`
	BusyMS   int64 `json:"busy_ms"`
}

type failureView struct {
	Code   string `json:"code"`
	Count  int    `json:"count"`
	LastAt stamp  `json:"last_at"`
	JobID  string `json:"job_id"`
}

type figuresView struct {
	Stage    job.Stage `json:"stage"`
	Runs     int       `json:"runs"`
	MedianMS int64     `json:"median_ms"`
	P95MS    int64     `json:"p95_ms"`
	Factor   float64   `json:"real_time_factor"`
}

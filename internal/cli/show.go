package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/fault"
	"sluice/internal/job"
)

func (c *console) show() *cobra.Command {
	var asJSON, history, attempts bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show all about a job",
		Long: `Shows everything about one job: what it was asked to do, why it waits, how
long each stage took, what went wrong and what to do about it, how whole its
translations and its summary are, what one should know about its text, and which
webhook messages were sent.

--history adds all that has happened to it, and --attempts the tries that went
wrong, with the last lines of the log of what crashed. With --json each prints
that alone.`,
		Example: `  sluice show 01K6ZV5N3T8Q2M4R7W9XYABCDE
  sluice show ABCDE --history
  sluice show ABCDE --attempts
  sluice show ABCDE --json`,
		Args:              oneArg("ID"),
		ValidArgsFunction: c.completeJobs(job.States()...),
	}
	cmd.Flags().BoolVar(&history, "history", false, "show also all that has happened to it")
	cmd.Flags().BoolVar(&attempts, "attempts", false, "show also the tries that went wrong, with their logs")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		if asJSON && history && attempts {
			return usagef("With --json choose one of --history and --attempts.")
		}
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		id, err := s.resolve(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		j, raw, err := s.job(cmd.Context(), id)
		if err != nil {
			return err
		}
		var past []eventView
		if history {
			if past, raw, err = s.history(cmd.Context(), id); err != nil {
				return err
			}
		}
		var tries []attemptView
		if attempts {
			if tries, raw, err = s.attempts(cmd.Context(), id); err != nil {
				return err
			}
		}
		if asJSON {
			return c.printRaw(raw)
		}
		about, err := s.aboutSummary(cmd.Context(), j)
		if err != nil {
			return err
		}
		p := &printer{w: c.Out}
		showJob(p, j, about, time.Now())
		showAttempts(p, tries)
		showHistory(p, past)
		return p.err
	})
	return cmd
}

func showJob(p *printer, j jobView, summary string, now time.Time) {
	rows := [][]string{{"Job", clean(j.ID)}}
	add := func(name, value string) {
		if value = clean(value); value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	add("Title", j.name())
	add("State", stateLine(j))
	switch {
	case j.State != job.Queued || j.Until.IsZero():
	case job.Reason(j.Reason) == job.Scheduled:
		add("Not before", at(j.Until.Time))
	default:
		add("Looks again", at(j.Until.Time))
	}
	add("So far", soFar(j))
	if j.State == job.Queued && j.ETASeconds > 0 {
		add("Ready", "in about "+roughly(time.Duration(j.ETASeconds)*time.Second))
	}
	add("File", cmp.Or(j.Source.Path, j.Source.Name))
	if j.Source.URL != "" {
		add("From", j.Source.URL)
	}
	if j.Source.Size > 0 {
		add("Size", job.FormatBytes(j.Source.Size))
	}
	add("Language", j.Language)
	add("Model", j.Model)
	for _, language := range j.TranslateTo {
		add("Translation", translated(j, language))
	}
	add("Summary", summary)
	add("Language model", j.LLMModel)
	add("Register", j.Register)
	add("Webhook", j.Webhook)
	if j.Priority != 0 {
		add("Priority", strconv.Itoa(j.Priority))
	}
	if j.Attempts > 0 {
		add("Attempts", strconv.Itoa(j.Attempts))
	}
	if j.Crashes > 0 {
		add("Crashes", strconv.Itoa(j.Crashes))
	}
	for _, t := range []struct {
		name string
		at   stamp
	}{{"Added", j.CreatedAt}, {"Started", j.StartedAt}, {"Ended", j.FinishedAt}} {
		if !t.at.IsZero() {
			add(t.name, at(t.at.Time)+" ("+age(t.at.Time, now)+" ago)")
		}
	}
	keys := make([]string, 0, len(j.Metadata))
	for k := range j.Metadata {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		add("Metadata", k+"="+j.Metadata[k])
	}
	table(p, rows)
	showStages(p, j, now)
	if e := j.Error; e != nil {
		p.line("")
		p.line("Error  %s (%s)", clean(e.Message), clean(e.Code))
		if hint := typable(fault.Code(e.Code), e.Hint); hint != "" {
			p.line("  hint: %s", clean(hint))
		}
	}
	if len(j.Quality.Warnings) > 0 {
		p.line("")
		p.line("Notes on the text")
		for _, w := range j.Quality.Warnings {
			place := ""
			if w.AtMS > 0 {
				place = "[" + clock(w.AtMS) + "] "
			}
			p.line("  %s%s", place, clean(w.Text))
		}
	}
	showDeliveries(p, j.Deliveries)
}

// translated says how far a translation is.
func translated(j jobView, language string) string {
	switch l, ok := j.Quality.Lines[language]; {
	case ok:
		return fmt.Sprintf("%s: %d/%d lines", language, l.Done, l.Total)
	case j.State.Final():
		return language + ": none"
	}
	return language + ": not begun"
}

// aboutSummary is what a job's summary is called, and how much of the text it
// is about; "" when nobody asked for one.
func (s *client) aboutSummary(ctx context.Context, j jobView) (string, error) {
	if !j.Summarize {
		return "", nil
	}
	got, err := s.summary(ctx, j.ID)
	switch {
	case fault.Is(err, fault.NotReady):
		return "not there yet", nil
	case err != nil:
		return "", err
	case got == nil:
		return "none", nil
	}
	return fmt.Sprintf("%s (%d %% of the text was read for it)", got.Title, got.CoveragePercent), nil
}

func showStages(p *printer, j jobView, now time.Time) {
	if len(j.Stages) == 0 {
		return
	}
	p.line("")
	p.line("Stages")
	rows := make([][]string, 0, len(j.Stages))
	for _, s := range j.Stages {
		took, how := "", "done"
		switch {
		case s.Error == string(fault.CanceledByUser):
			how = "canceled"
		case s.Error == string(fault.Interrupted):
			how = "interrupted"
		case s.Error != "":
			how = "failed: " + s.Error
		case s.FinishedAt.IsZero() && j.State == job.Running:
			how = "running"
		case s.FinishedAt.IsZero():
			how = "interrupted"
		case s.Reused:
			how = "taken over from before"
		}
		switch {
		case !s.FinishedAt.IsZero():
			took = span(s.FinishedAt.Sub(s.StartedAt.Time))
		case j.State == job.Running:
			took = span(now.Sub(s.StartedAt.Time))
		}
		rows = append(rows, []string{"  " + cell(string(s.Stage)), cell(took), clean(how)})
	}
	table(p, rows)
}

// stateLine is a job's state with all that explains it.
func stateLine(j jobView) string {
	s := string(j.State)
	switch j.State {
	case job.Queued:
		s += ": " + waiting(j)
		if j.Position > 0 {
			s += fmt.Sprintf(" (#%d in the line)", j.Position)
		}
	case job.Running:
		p := progressView{Stage: j.Stage}
		if j.Progress != nil {
			p = *j.Progress
		}
		s += ": " + progressLine(p)
	case job.Done, job.Failed, job.Canceled:
	}
	return s
}

func at(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

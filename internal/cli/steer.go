package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sluice/internal/job"
)

func (c *console) hold() *cobra.Command {
	var until string
	cmd := &cobra.Command{
		Use:   "hold ID...",
		Short: "Keep jobs from being started, for good or until a time",
		Long: `Holds jobs that wait: they keep their places in the line and are not started
until 'sluice release'. Those behind them go on.

With --until they start by themselves, but not before a TIME: one of the clock,
like 22:00 for the next time that it is ten in the evening here; so long from
now, like 2h or 90m; or a day as well, like "2027-01-31 22:00" here, or with its
zone 2027-01-31T22:00:00+01:00 (RFC 3339). Jobs that are held already, or wait
for another time, then wait for this one.`,
		Example: `  sluice hold ABCDE
  sluice hold ABCDE QRSTU
  sluice hold ABCDE --until 22:00
  sluice hold ABCDE --until "2027-01-31 22:00"`,
	}
	f := cmd.Flags()
	f.StringVar(&until, "until", "", "only until this `TIME`, like 22:00, 2h or \"2027-01-31 22:00\"")
	return c.errand(cmd, "", []job.State{job.Queued}, func(ctx context.Context, e *errand) error {
		var body any
		if f.Changed("until") {
			at, err := moment("--until", until, time.Now())
			if err != nil {
				return err
			}
			body = map[string]time.Time{"until": at.UTC()}
		}
		return e.each(ctx, e.tell("hold", body), e.held)
	})
}

func (e *errand) held(j jobView) string {
	if job.Reason(j.Reason) == job.Held {
		return "is held"
	}
	if job.Reason(j.Reason) == job.Scheduled {
		return "is not started before " + at(j.Until.Time)
	}
	return e.released(j) // the time has come meanwhile
}

func (c *console) release() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release ID...",
		Short: "Let jobs be started that were held or wait for later",
		Long: `Lets jobs be started as soon as their turn comes: held ones, those of a later
time, and those that wait to be tried again. What a job really lacks, such as
its file or its model, it will wait for again.`,
		Example: `  sluice release ABCDE
  sluice release ABCDE QRSTU`,
	}
	return c.errand(cmd, "", []job.State{job.Queued}, func(ctx context.Context, e *errand) error {
		return e.each(ctx, e.tell("release", nil), e.released)
	})
}

func (e *errand) released(j jobView) string { return "is released" + e.place(j) }

func (c *console) move() *cobra.Command {
	var (
		front, back bool
		before      string
		priority    int
	)
	cmd := &cobra.Command{
		Use:   "move ID... --front|--back|--before ID|--priority N",
		Short: "Put jobs elsewhere in the line",
		Long: `Puts jobs that wait elsewhere in the line. Several keep the order in which they
are named.

Jobs with a higher priority always come first: --front and --back go to the
ends of the jobs that have the same one. With --before a job takes the priority
of the one that it is put before. --priority changes it, also of a job that
runs; among the jobs that have it already it stands by its age.`,
		Example: `  sluice move ABCDE --front
  sluice move ABCDE --before QRSTU
  sluice move ABCDE QRSTU --priority 10`,
	}
	f := cmd.Flags()
	f.BoolVar(&front, "front", false, "to the front of its priority")
	f.BoolVar(&back, "back", false, "to the back of its priority")
	f.StringVar(&before, "before", "", "right before the job with this `ID`")
	f.IntVarP(&priority, "priority", "p", 0, fmt.Sprintf("change the priority to `N`: higher goes first, %d to %d", job.MinPriority, job.MaxPriority))
	_ = cmd.RegisterFlagCompletionFunc("before", c.completeJobs(job.Queued))
	return c.errand(cmd, "", []job.State{job.Queued}, func(ctx context.Context, e *errand) error {
		given := 0
		for _, is := range []bool{front, back, f.Changed("before"), f.Changed("priority")} {
			if is {
				given++
			}
		}
		switch {
		case given != 1:
			return usagef("Say where with one of --front, --back, --before and --priority.")
		case f.Changed("priority") && (priority < job.MinPriority || priority > job.MaxPriority):
			return usagef("--priority goes from %d to %d; %d is outside.", job.MinPriority, job.MaxPriority, priority)
		case f.Changed("priority"):
			return e.each(ctx, e.tell("priority", map[string]int{"priority": priority}), func(j jobView) string {
				return fmt.Sprintf("has priority %d", j.Priority) + e.place(j)
			})
		case f.Changed("before"):
			id, err := e.s.resolve(ctx, before)
			if err != nil {
				return err
			}
			return e.each(ctx, e.tell("move", map[string]string{"before": id}), e.moved)
		case front: // the one that is moved last comes first
			slices.Reverse(e.args)
			return e.each(ctx, e.tell("move", map[string]job.End{"to": job.Front}), e.moved)
		}
		return e.each(ctx, e.tell("move", map[string]job.End{"to": job.Back}), e.moved)
	})
}

func (e *errand) moved(j jobView) string { return "is moved" + e.place(j) }

// place says where in the line a job is, where that is known: with several,
// only the last one's place still holds when all is done.
func (e *errand) place(j jobView) string {
	if j.State != job.Queued || j.Position == 0 || len(e.args) > 1 {
		return ""
	}
	return fmt.Sprintf(", #%d in the line", j.Position)
}

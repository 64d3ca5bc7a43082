package queue_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// counting is a store that counts the reads of forecasts, and that may know how
// long media are when they are submitted.
type counting struct {
	queue.Store
	known        time.Duration
	sums, others int
}

func (c *counting) Submit(ctx context.Context, drafts []job.Draft) ([]queue.Accepted, error) {
	accepted, err := c.Store.Submit(ctx, drafts)
	for i := range accepted {
		if a := &accepted[i]; !a.Existing && c.known > 0 {
			a.Job.DurationMS = c.known.Milliseconds()
			if err := c.SetDuration(ctx, a.Job.ID, a.Job.DurationMS); err != nil {
				return nil, err
			}
		}
	}
	return accepted, err
}

func (c *counting) Ahead(ctx context.Context, id string) ([]queue.Load, error) {
	c.sums++
	return c.Store.Ahead(ctx, id)
}

func (c *counting) Next(ctx context.Context) (job.Job, error) {
	c.others++
	return c.Store.Next(ctx)
}

func (c *counting) Paces(ctx context.Context) ([]queue.Pace, error) {
	c.others++
	return c.Store.Paces(ctx)
}

// counted is a line that has learnt, over a store that counts.
func counted(t *testing.T) (*forecast, *counting) {
	t.Helper()
	f := newForecast(t)
	c := &counting{Store: f.store}
	f.Queue = made(queue.Deps{Store: c})
	return f, c
}

// drafts asks for jobs of these models.
func drafts(models ...string) []job.Draft {
	out := make([]job.Draft, len(models))
	for i, model := range models {
		out[i] = job.Draft{Title: fmt.Sprint("new ", i), Options: job.Options{Model: model}}
	}
	return out
}

func etas(accepted []queue.Accepted) []int {
	out := make([]int, len(accepted))
	for i, a := range accepted {
		out[i] = a.Job.ETASeconds
	}
	return out
}

func TestASubmitOfWhatNobodyHasMeasuredReadsNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	f, c := counted(t)
	f.add(entry{title: "a", secs: 100})
	c.sums, c.others = 0, 0
	accepted, err := f.Submit(t.Context(), drafts("tiny", "tiny", "large"))
	must(t, err)
	same(t, "forecasts", etas(accepted), []int{0, 0, 0})
	same(t, "reads", []int{c.sums, c.others}, []int{0, 0})
}

func TestASubmitTellsWhenItIsDone(t *testing.T) {
	t.Parallel()
	known := func(d time.Duration) func(*forecast, *counting) {
		return func(_ *forecast, c *counting) { c.known = d }
	}
	tests := map[string]struct {
		arrange func(f *forecast, c *counting)
		drafts  []job.Draft
		want    []int
		sums    int
	}{
		"of one job behind others":                     {known(10 * time.Second), drafts("tiny"), []int{66}, 1},
		"of many with one sum":                         {known(10 * time.Second), drafts("tiny", "large", "tiny"), []int{66, 87, 93}, 1},
		"of none with a model whose pace is not known": {known(10 * time.Second), drafts("new", "tiny"), []int{0, 0}, 0},
		"of those before such a one":                   {known(10 * time.Second), drafts("tiny", "new", "tiny"), []int{66, 0, 0}, 1},
		"of none while the line is paused": {func(f *forecast, c *counting) {
			c.known = time.Second
			must(f.T, f.Pause(f.Context()))
		}, drafts("tiny"), []int{0}, 0},
		"of those that step aside, nothing": {known(10 * time.Second), []job.Draft{
			{Options: job.Options{Model: "tiny"}, Wait: job.Wait{Reason: job.NoModel}}, {Options: job.Options{Model: "tiny"}},
		}, []int{0, 66}, 1},
		"of the running job, as far as that one is": {func(f *forecast, _ *counting) {
			f.drain()
			f.running(entry{title: "r", secs: 100, identity: "r"}, job.Progress{Stage: job.Transcribe, Fraction: 0.5, ETASeconds: 12})
		}, []job.Draft{{Identity: "r"}}, []int{12}, 0},
		"of one that is in the line already": {func(f *forecast, _ *counting) {
			f.add(entry{title: "b", secs: 10, identity: "b"})
			f.add(entry{title: "c", secs: 10})
		}, []job.Draft{{Identity: "b"}}, []int{66}, 1},
		"of nothing behind a job that nobody has measured": {func(f *forecast, c *counting) {
			f.add(entry{title: "long"})
			c.known = time.Second
		}, drafts("tiny"), []int{0}, 1},
		"of nothing while the first waits for memory": {func(f *forecast, c *counting) {
			_, err := c.Defer(f.Context(), f.ids["a"], job.Wait{Reason: job.Memory})
			must(f.T, err)
			c.known = time.Second
		}, drafts("tiny"), []int{0}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, c := counted(t)
			f.add(entry{title: "a", secs: 100}) // 60 s of work
			tt.arrange(f, c)
			c.sums = 0
			accepted, err := f.Submit(t.Context(), tt.drafts)
			must(t, err)
			same(t, "forecasts", etas(accepted), tt.want)
			same(t, "sums", c.sums, tt.sums)
			for _, a := range accepted {
				now, err := f.Get(t.Context(), a.Job.ID)
				must(t, err)
				same(t, "what Get says", now.ETASeconds, a.Job.ETASeconds)
			}
		})
	}
}

func TestManyOrdersSentAgainDoNotWaitForTheirForecasts(t *testing.T) {
	t.Parallel()
	f, c := counted(t)
	again := make([]job.Draft, 100)
	for i := range again {
		again[i] = job.Draft{Title: fmt.Sprint(i), Identity: fmt.Sprint(i), Options: job.Options{Model: "tiny"}}
	}
	c.known = 10 * time.Second
	_, err := f.Submit(t.Context(), again)
	must(t, err)
	c.sums, c.others = 0, 0
	accepted, err := f.Submit(t.Context(), again)
	must(t, err)
	if accepted[0].Job.ETASeconds != 6 || accepted[7].Job.ETASeconds != 48 || c.sums > 8 || c.others > 2 {
		t.Errorf("forecasts %v; %d sums, %d other reads", etas(accepted), c.sums, c.others)
	}
}

func TestWhatCannotBeReadIsNoReasonToRefuseASubmit(t *testing.T) {
	t.Parallel()
	broken := fault.New(fault.StoreDamaged, "The database is damaged.", nil)
	for name, store := range map[string]*away{"pause": {paused: broken}, "paces": {paces: broken}, "line": {ahead: broken}} {
		f := newForecast(t)
		store.Store = &counting{Store: f.store, known: time.Second}
		accepted, err := made(queue.Deps{Store: store}).Submit(t.Context(), drafts("tiny"))
		if err != nil || (name != "pause" && accepted[0].Job.ETASeconds != 0) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadersSpareTheSumsWhenNothingCanBeKnown(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		first entry
		sums  int
	}{
		"the first has a length and a pace": {entry{title: "a", secs: 100}, 1},
		"nobody has measured the first":     {entry{title: "a"}, 0},
		"the pace of the first is unknown":  {entry{title: "a", model: "new", secs: 100}, 0},
		"the first waits for memory":        {entry{title: "a", secs: 100, wait: job.Wait{Reason: job.Memory}}, 0},
		"the first steps aside":             {entry{title: "a", wait: job.Wait{Reason: job.NoSource}}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, c := counted(t)
			f.add(tt.first)
			f.add(entry{title: "b", secs: 100})
			c.sums = 0
			_, err := f.List(t.Context(), queue.Filter{State: job.Queued})
			must(t, err)
			same(t, "sums for a page", c.sums, tt.sums)
		})
	}
}

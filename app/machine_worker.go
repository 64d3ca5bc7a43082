package app

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"sluice/internal/job"
	"sluice/internal/memory"
	"sluice/internal/queue"
)

// past is what ran and waited before.
type past interface {
	PastRuns(ctx context.Context, since time.Time, most int) ([]job.PastRun, error)
	PastWaits(ctx context.Context, since time.Time, most int) ([]job.PastWait, error)
	Throughput(ctx context.Context, hours int) (job.Throughput, error)
	WaitsSince(ctx context.Context, id string) (time.Time, error)
}

// Runs gives the newest stages that ran at some time since.
func (m *machine) Runs(ctx context.Context, since time.Time, most int) ([]job.PastRun, error) {
	return m.past.PastRuns(ctx, since, most)
}

// Waits gives the newest stretches in which jobs could not be taken.
func (m *machine) Waits(ctx context.Context, since time.Time, most int) ([]job.PastWait, error) {
	return m.past.PastWaits(ctx, since, most)
}

// Throughput sums up so many hours.
func (m *machine) Throughput(ctx context.Context, hours int) (job.Throughput, error) {
	return m.past.Throughput(ctx, hours)
}

// Worker says what the worker does, from what the line shows: of two looks at it
// one may be a moment older.
func (m *machine) Worker(ctx context.Context) (job.Worker, error) {
	w, err := m.work(ctx)
	if now, ok := m.engine.Now(); ok {
		w.Engine = &job.EngineNow{PID: now.PID, Model: now.Model, Bytes: now.Bytes, Warm: now.Warm}
	}
	if w.Since.Before(m.started) {
		w.Since = m.started
	}
	return w, err
}

func (m *machine) work(ctx context.Context) (job.Worker, error) {
	running, err := m.line.List(ctx, queue.Filter{State: job.Running, Limit: 1})
	if err != nil {
		return job.Worker{}, err
	}
	if len(running.Jobs) > 0 {
		j := running.Jobs[0]
		return job.Worker{State: job.WorkerWorking, Since: stageSince(j), JobID: j.ID, Title: j.Title, Stage: j.Stage}, nil
	}
	ended, err := m.lastEnd(ctx)
	if err != nil {
		return job.Worker{}, err
	}
	paused, err := m.line.Paused(ctx)
	if err != nil {
		return job.Worker{}, err
	}
	if paused {
		return job.Worker{State: job.WorkerPaused, Since: later(ended, m.line.pausedAt.time())}, nil
	}
	first, found, err := m.first(ctx)
	switch {
	case err != nil:
		return job.Worker{}, err
	case !found:
		return job.Worker{State: job.WorkerIdle, Since: ended}, nil
	}
	w := job.Worker{State: job.WorkerWaiting, JobID: first.ID, Title: first.Title, Stage: first.Stage, Reason: first.Reason, Text: first.ReasonText}
	if shut := m.Shut(); shut != "" && first.Reason == job.Turn {
		w.Reason, w.Text = job.Memory, shut
	}
	since, err := m.past.WaitsSince(ctx, first.ID)
	w.Since = later(ended, since)
	return w, err
}

// first is the job that is taken next, or when none may be, the first of those
// that step aside.
func (m *machine) first(ctx context.Context) (j job.Job, found bool, err error) {
	j, err = m.line.Next(ctx)
	if !errors.Is(err, queue.ErrEmpty) {
		return j, err == nil, err
	}
	p, err := m.line.List(ctx, queue.Filter{State: job.Queued, Limit: 1})
	if err != nil || len(p.Jobs) == 0 {
		return job.Job{}, false, err
	}
	return p.Jobs[0], true, nil
}

// lastEnd is when a stage ran last, since the start of the program.
func (m *machine) lastEnd(ctx context.Context) (time.Time, error) {
	runs, err := m.past.PastRuns(ctx, m.started, 1)
	if err != nil || len(runs) == 0 {
		return m.started, err
	}
	return later(m.started, runs[0].FinishedAt), nil
}

// stageSince is when what runs began.
func stageSince(j job.Job) time.Time {
	since := j.StartedAt
	for _, r := range j.Stages {
		since = later(since, later(r.StartedAt, r.FinishedAt))
	}
	return since
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Process says what this program takes.
func (m *machine) Process(ctx context.Context) job.Process {
	self := memory.ReadSelf(ctx)
	return job.Process{StartedAt: m.started, Resident: self.Resident, CPUSeconds: self.CPU.Seconds()}
}

// pauses remembers when the line was paused, as far as this process knows.
type pauses struct{ at atomic.Int64 }

func (p *pauses) time() time.Time { return time.UnixMilli(p.at.Load()) }

// Pause stops takes, and remembers since when.
func (d *desk) Pause(ctx context.Context) error {
	before, err := d.Paused(ctx)
	if err != nil {
		return err
	}
	if err := d.Queue.Pause(ctx); err != nil {
		return err
	}
	if !before {
		d.pausedAt.at.Store(time.Now().UnixMilli())
	}
	return nil
}

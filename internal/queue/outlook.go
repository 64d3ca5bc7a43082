package queue

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// ETA is how many seconds the line needs for the jobs that keep their place,
// the running one first; those that step aside for now are not counted. 0 = it
// is not known, or there is nothing to do.
func (q *Queue) ETA(ctx context.Context) (seconds int, err error) {
	if paused, err := q.Paused(ctx); paused || err != nil {
		return 0, err
	}
	s, err := q.speeds(ctx)
	if err != nil {
		return 0, err
	}
	o, err := q.look(ctx, s)
	if err != nil || o.start.unknown {
		return 0, err
	}
	loads, err := q.Ahead(ctx, "")
	if err != nil {
		return 0, fmt.Errorf("sum up the line: %w", err)
	}
	if !o.busy && len(loads) == 0 {
		return 0, nil
	}
	return o.start.and(o.loads(loads)).seconds(), nil
}

// reckon fills in how long until the jobs' results are there. They are one
// job, running ones, or jobs that follow one another in the line: the work
// before the first of them is one sum, and each adds its own for the next.
func (q *Queue) reckon(ctx context.Context, jobs []job.Job, paused bool) error {
	first := slices.IndexFunc(jobs, inLine)
	if len(jobs) == 0 || (jobs[0].State != job.Running && (paused || first < 0)) {
		return nil
	}
	s, err := q.speeds(ctx)
	if err != nil {
		return err
	}
	if jobs[0].State == job.Running { // goes on, paused or not
		for i := range jobs {
			jobs[i].ETASeconds = s.left(jobs[i]).seconds()
		}
		return nil
	}
	// Nothing is known behind a job of which nothing is: that spares the sums,
	// which take as long as the line is.
	if s.left(jobs[first]).unknown {
		return nil
	}
	o, err := q.look(ctx, s)
	if err != nil {
		return err
	}
	return q.reckonFrom(ctx, o, jobs[first:])
}

// reckonFrom is reckon for queued jobs, the first of which is in the line.
func (q *Queue) reckonFrom(ctx context.Context, o outlook, jobs []job.Job) error {
	if o.start.unknown {
		return nil
	}
	loads, err := q.Ahead(ctx, jobs[0].ID)
	if fault.Is(err, fault.JobUnknown) {
		return nil // deleted while we looked
	}
	if err != nil {
		return fmt.Errorf("sum up the line: %w", err)
	}
	o.walk(o.start.and(o.loads(loads)), jobs)
	return nil
}

// mostSums bounds how many places in the line are summed up for one submit: a
// forecast is welcome, but a thousand orders sent again must not wait for it.
const mostSums = 8

// foresee fills in how long until the results of jobs are there that were just
// accepted. New ones were put in the line together: they follow one another.
// What cannot be read is not known; the jobs are accepted all the same.
func (q *Queue) foresee(ctx context.Context, accepted []Accepted) {
	knowable := func(a Accepted) bool {
		return a.Job.State == job.Running || (a.Job.DurationMS > 0 && inLine(a.Job))
	}
	if !slices.ContainsFunc(accepted, knowable) {
		return // as for most: nobody has measured them yet
	}
	s, err := q.speeds(ctx)
	if err != nil {
		return
	}
	look := sync.OnceValues(func() (outlook, error) { return q.look(ctx, s) })
	for i, sums := 0, 0; i < len(accepted); i++ {
		from := i
		for i+1 < len(accepted) && follows(accepted[i], accepted[i+1]) {
			i++
		}
		jobs := make([]job.Job, 0, i+1-from)
		for _, a := range accepted[from : i+1] {
			jobs = append(jobs, a.Job)
		}
		first := slices.IndexFunc(jobs, inLine)
		switch {
		case jobs[0].State == job.Running:
			accepted[from].Job.ETASeconds = s.left(jobs[0]).seconds()
			continue
		case first < 0 || s.left(jobs[first]).unknown || sums == mostSums:
			continue
		}
		sums++
		o, err := look()
		if err != nil || q.reckonFrom(ctx, o, jobs[first:]) != nil {
			return
		}
		for n, j := range jobs {
			accepted[from+n].Job.ETASeconds = j.ETASeconds
		}
	}
}

// follows says that b stands right behind a in the line.
func follows(a, b Accepted) bool {
	return !a.Existing && !b.Existing && a.Job.Priority == b.Job.Priority
}

// inLine says that a job keeps its place in the line. One that steps aside has
// no forecast, and those behind do not wait for it.
func inLine(j job.Job) bool { return j.State == job.Queued && j.Reason.Blocking() }

// look reads what the forecasts of queued jobs start from.
func (q *Queue) look(ctx context.Context, s speeds) (outlook, error) {
	o := outlook{speeds: s}
	running, err := q.Store.List(ctx, Filter{State: job.Running})
	if err != nil {
		return outlook{}, fmt.Errorf("list running jobs: %w", err)
	}
	for _, j := range running.Jobs {
		q.freshen(&j)
		o.start, o.busy = o.start.and(s.left(j)), true
	}
	next, err := q.Next(ctx)
	if err != nil && !errors.Is(err, ErrEmpty) {
		return outlook{}, fmt.Errorf("look at the line: %w", err)
	}
	if next.Reason == job.Memory { // nobody knows when there will be enough
		o.start.unknown = true
	}
	return o, nil
}

func (q *Queue) speeds(ctx context.Context) (speeds, error) {
	paces, err := q.Paces(ctx)
	if err != nil {
		return nil, fmt.Errorf("read paces: %w", err)
	}
	s := speeds{}
	for _, p := range paces {
		s[work{p.Stage, p.Model}] = p.Ratio
	}
	return s, nil
}

// outlook is how the line stands at one moment.
type outlook struct {
	speeds
	start forecast // until the worker is free for the first in line
	busy  bool     // a job runs
}

// walk fills in jobs that follow one another in the line; before is the work
// ahead of the first of them. What a job means to those behind it is taken from
// its length alone, so that it is the same whether it was walked over or is
// part of a sum.
func (o outlook) walk(before forecast, jobs []job.Job) {
	for i := range jobs {
		j := &jobs[i]
		if !inLine(*j) {
			continue
		}
		j.ETASeconds = before.and(o.left(*j)).seconds()
		before = before.and(o.whole(LoadOf(j.Options, j.DurationMS)))
	}
}

// speeds is the seconds of work per second of media; for translations, of each
// language.
type speeds map[work]float64

type work struct {
	stage job.Stage
	model string
}

// left is the rest of one job, as if it were worked on from now.
func (s speeds) left(j job.Job) (f forecast) {
	load, all := LoadOf(j.Options, j.DurationMS), job.Stages()
	for _, stage := range all[max(0, slices.Index(all, j.Stage)):] {
		rest := s.stage(stage, load)
		switch p := j.Progress; {
		case p.Stage != stage:
		case p.ETASeconds > 0:
			rest = forecast{ms: float64(p.ETASeconds) * 1000}
		default:
			rest.ms *= 1 - min(max(p.Fraction, 0), 1)
		}
		f = f.and(rest)
	}
	return f
}

// loads is the work of all these jobs.
func (s speeds) loads(all []Load) (f forecast) {
	for _, l := range all {
		f = f.and(s.whole(l))
	}
	return f
}

// whole is all that a load asks for.
func (s speeds) whole(l Load) (f forecast) {
	for _, stage := range job.Stages() {
		f = f.and(s.stage(stage, l))
	}
	return f
}

// stage is what a load brings to one stage. A delivery is over at once: it
// writes files, and what goes to others is sent later.
func (s speeds) stage(stage job.Stage, l Load) forecast {
	model, times := l.Model, 1
	switch stage {
	case job.Extract, job.Transcribe:
	case job.Translate:
		model, times = l.LLMModel, l.Languages
	case job.Summarize:
		model = l.LLMModel
		if !l.Summarize {
			times = 0
		}
	case job.Deliver:
		times = 0
	}
	if times == 0 {
		return forecast{}
	}
	ratio, known := s[work{stage, model}]
	if !known { // perhaps the model is nothing to the stage
		ratio, known = s[work{stage, ""}]
	}
	return forecast{ms: float64(l.MediaMS) * ratio * float64(times), unknown: !known || l.Unknown > 0}
}

// forecast is a stretch of time. Once a part of it is not known, all of it is
// not: a number that leaves something out would be a promise not kept.
type forecast struct {
	ms      float64
	unknown bool
}

func (f forecast) and(g forecast) forecast {
	return forecast{f.ms + g.ms, f.unknown || g.unknown}
}

// seconds is never 0 for what is known, however short.
func (f forecast) seconds() int {
	if f.unknown {
		return 0
	}
	return max(1, int(math.Ceil(f.ms/1000)))
}

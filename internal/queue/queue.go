// Package queue is the line: jobs come in, one worker takes them in order,
// and every way a run can end is written down. It decides what is retried,
// when, and what counts; it knows neither speech nor SQL.
package queue

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// Queue is the line with its one worker. All methods are safe for concurrent
// use; Run must be called once.
type Queue struct {
	Store // the reading verbs pass straight through, but for Get and List

	deps Deps
	cfg  Config
	log  *slog.Logger
	wake chan struct{}

	mu      sync.Mutex
	current *run

	pausing sync.Mutex   // one pause or resume at a time
	telling sync.RWMutex // held by whoever tells of a job; by submits until they have told
	told    memory
}

// Deps is what a Queue needs.
type Deps struct {
	Store    Store
	Runner   Runner
	Gate     Gate
	Check    Check
	Listener Listener // nil = nobody listens
	Idle     func()   // called when nothing may be taken now: what is kept warm can go; nil = nothing is
	Log      *slog.Logger
}

// Listener hears of every change, after it is durable. The calls return at once.
type Listener interface {
	JobChanged(jobs ...job.Job) // in one moment
	JobProgress(id string, p job.Progress)
	JobsGone(ids []string) // deleted
	LineChanged()          // queued jobs read differently now, or stand elsewhere
	ManyChanged()          // too many to tell of each, or nobody knows which: look at everything again
}

// Config of a Queue; the zero value works but for Owner.
type Config struct {
	Owner string        // names this start of the program; required
	Renew time.Duration // 12s: how often a run proves that it lives
	Poll  time.Duration // 5s: how often an idle worker looks without being woken
	Save  time.Duration // 10s: how long a write may take that somebody waits for, or a shutdown

	CleanStart bool // the last start came to its own end: what it left running took nobody down

	Jitter func() float64   // in [0,1); rand.Float64
	Wall   func() time.Time // the clock that the store keeps its times by; time.Now
}

// Deaths of the app under one job without progress between them before the
// job is given up. Generous: most deaths of the app are not the job's fault.
const maxDeaths = 5

// progressEvery bounds how often listeners hear of progress.
const progressEvery = 250 * time.Millisecond

// New makes a line over a store.
func New(d Deps, cfg Config) *Queue {
	if cfg.Renew == 0 {
		cfg.Renew = 12 * time.Second
	}
	if cfg.Poll == 0 {
		cfg.Poll = 5 * time.Second
	}
	if cfg.Save == 0 {
		cfg.Save = 10 * time.Second
	}
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	if cfg.Wall == nil {
		cfg.Wall = time.Now
	}
	wall := cfg.Wall
	cfg.Wall = func() time.Time { return wall().Round(0) } // without its monotonic reading
	if d.Listener == nil {
		d.Listener = deaf{}
	}
	if d.Idle == nil {
		d.Idle = func() {}
	}
	return &Queue{Store: d.Store, deps: d, cfg: cfg, log: d.Log, wake: make(chan struct{}, 1)}
}

// Submit checks the drafts, adds them all or none, and wakes the worker.
func (q *Queue) Submit(ctx context.Context, drafts []job.Draft) ([]Accepted, error) {
	for i := range drafts {
		if err := q.deps.Check.Check(ctx, &drafts[i]); err != nil {
			return nil, err
		}
	}
	accepted, err := q.accept(ctx, drafts)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(accepted, func(a Accepted) bool { return a.Paused }) { // else resume wakes it
		q.Wake()
	}
	q.foresee(ctx, accepted)
	return accepted, nil
}

// accept stores drafts and tells of those that are new.
func (q *Queue) accept(ctx context.Context, drafts []job.Draft) (accepted []Accepted, err error) {
	// What the worker or somebody else has to say of a new job comes after this.
	q.telling.RLock()
	defer q.telling.RUnlock()
	err = q.commit(ctx, func(ctx context.Context) (err error) {
		accepted, err = q.Store.Submit(ctx, drafts)
		return err
	})
	if err != nil {
		return nil, err
	}
	var fresh []job.Job
	for i := range accepted {
		a := &accepted[i]
		q.freshen(&a.Job)
		if a.Paused {
			halt(&a.Job)
		}
		if !a.Existing {
			q.log.Info("job accepted", "job", a.Job.ID, "bytes", a.Job.Source.Size)
			fresh = append(fresh, a.Job)
		}
	}
	if len(fresh) > 0 {
		q.deps.Listener.JobChanged(fresh...)
	}
	return accepted, nil
}

// Cancel ends a queued job at once and stops a running one; the job returned
// may still be running for the moment it takes to stop.
func (q *Queue) Cancel(ctx context.Context, id string) (job.Job, error) {
	return q.steer(ctx, func(ctx context.Context) (job.Job, error) {
		j, err := q.Store.Cancel(ctx, id)
		if err == nil {
			q.mu.Lock()
			if q.current != nil && q.current.lease.ID == id {
				q.current.cancel(canceledByUser())
			}
			q.mu.Unlock()
		}
		return j, err
	})
}

// Get gives a job as it stands now: its newest progress, whether the line is
// paused, and how long until its result is there.
func (q *Queue) Get(ctx context.Context, id string) (job.Job, error) {
	j, err := q.Store.Get(ctx, id)
	if err != nil {
		return job.Job{}, err
	}
	return q.now(ctx, j)
}

// now brings one job up to now.
func (q *Queue) now(ctx context.Context, j job.Job) (job.Job, error) {
	one := []job.Job{j}
	if err := q.bring(ctx, one, true); err != nil {
		return job.Job{}, err
	}
	return one[0], nil
}

// List pages through jobs as they stand now. How long until their results are
// there is told in lists of running jobs, and of the line without a query.
func (q *Queue) List(ctx context.Context, f Filter) (Page, error) {
	if err := f.Check(); err != nil {
		return Page{}, err
	}
	p, err := q.Store.List(ctx, f)
	if err != nil {
		return Page{}, err
	}
	if err := q.bring(ctx, p.Jobs, f.State == job.Running || (f.Order == ByLine && f.Query == "")); err != nil {
		return Page{}, err
	}
	return p, nil
}

// bring brings jobs up to now. For a forecast they must be one job, running
// ones, or a stretch of the line.
func (q *Queue) bring(ctx context.Context, jobs []job.Job, forecast bool) error {
	paused, err := q.Paused(ctx)
	if err != nil {
		return fmt.Errorf("read pause: %w", err)
	}
	for i := range jobs {
		q.freshen(&jobs[i])
	}
	if forecast {
		if err := q.reckon(ctx, jobs, paused); err != nil {
			return err
		}
	}
	for i := range jobs {
		if paused {
			halt(&jobs[i])
		}
	}
	return nil
}

// Wake makes the worker look at the line now. It never blocks.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default: // a look is already due
	}
}

// freshen puts the progress that is only in memory into a running job.
func (q *Queue) freshen(j *job.Job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.current != nil && q.current.lease.ID == j.ID && j.State == job.Running {
		if p := q.current.latest(); p.Stage == j.Stage {
			j.Progress = p
		}
	}
}

func canceledByUser() error {
	return fault.New(fault.CanceledByUser, "The job was canceled.", nil)
}

type deaf struct{}

func (deaf) JobChanged(...job.Job)            {}
func (deaf) JobProgress(string, job.Progress) {}
func (deaf) JobsGone([]string)                {}
func (deaf) LineChanged()                     {}
func (deaf) ManyChanged()                     {}

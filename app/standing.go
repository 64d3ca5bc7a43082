package app

import (
	"context"
	"time"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/queue"
	"sluice/internal/transcript"
)

// standing shows the line to the board.
type standing struct {
	line    *queue.Queue
	notices interface {
		Notices(ctx context.Context) ([]job.Notice, error)
	}
}

// Standing implements board.Line.
func (s standing) Standing(ctx context.Context, next, last int) (board.Standing, error) {
	counts, err := s.line.Counts(ctx)
	if err != nil {
		return board.Standing{}, err
	}
	out := board.Standing{Counts: counts}
	if out.Paused, err = s.line.Paused(ctx); err != nil {
		return board.Standing{}, err
	}
	if out.ETASeconds, err = s.line.ETA(ctx); err != nil {
		return board.Standing{}, err
	}
	read := func(state job.State, limit int) []job.Job {
		if err != nil {
			return nil
		}
		var p queue.Page
		p, err = s.line.List(ctx, queue.Filter{State: state, Limit: limit})
		return p.Jobs
	}
	out.Running = read(job.Running, next)
	out.Next = read(job.Queued, next)
	if err == nil {
		out.Last, err = s.line.Ended(ctx, last)
	}
	if err == nil {
		out.Notices, err = s.notices.Notices(ctx)
	}
	return out, err
}

// relay carries what the queue, the pipeline and the gate report to the board.
// It is made before the queue and the pipeline, since each of them needs it.
type relay struct {
	awake   awake
	board   *board.Board
	line    relayed
	peaks   peaks
	machine board.Machine
	saw     func(job.Job) // counts what has happened to jobs; returns at once
	ended   func()        // a job may have: somebody may want to be told
	changed chan string   // ids of jobs whose stage or warnings have changed
	gone    chan struct{} // jobs were deleted: what they leave can go
	models  chan struct{} // a model has come, or gone
	learnt  chan func(ctx context.Context) error
}

// awake keeps the machine from going to sleep by itself.
type awake interface {
	Hold()
	Release()
}

// relayed tells of a job once more, as it stands then, and knows the counts.
type relayed interface {
	Tell(ctx context.Context, id string) error
	Counts(ctx context.Context) (queue.Counts, error)
}

// peaks remembers what models really took.
type peaks interface {
	SetPeak(ctx context.Context, digest string, size int, bytes int64) error
	SetFloor(ctx context.Context, digest string, size int, bytes int64) error
}

// memoryEvery is how often the board is told of memory, when it has changed.
const memoryEvery = 2 * time.Second

func newRelay(a awake) *relay {
	return &relay{
		awake: a, saw: func(job.Job) {}, ended: func() {}, changed: make(chan string, 64),
		gone: make(chan struct{}, 1), models: make(chan struct{}, 1), learnt: make(chan func(ctx context.Context) error, 64),
	}
}

// JobChanged implements queue.Listener.
func (r *relay) JobChanged(jobs ...job.Job) {
	// Counts are a read of five rows; a view without them would be wrong.
	counts, _ := r.line.Counts(context.Background())
	ended := false
	for _, j := range jobs {
		r.board.Publish(board.Event{Kind: board.JobChanged, JobID: j.ID, Job: j, Counts: counts})
		r.saw(j)
		ended = ended || j.State.Final()
	}
	if ended {
		r.ended()
	}
}

// JobProgress implements queue.Listener.
func (r *relay) JobProgress(id string, p job.Progress) {
	r.board.Publish(board.Event{Kind: board.Progress, JobID: id, Progress: p})
}

// JobsGone implements queue.Listener. Of many at once the views hear no more
// than that they must look again.
func (r *relay) JobsGone(ids []string) {
	select {
	case r.gone <- struct{}{}:
	default: // a look is already due
	}
	const few = 20
	if len(ids) > few {
		r.ManyChanged()
		return
	}
	counts, _ := r.line.Counts(context.Background())
	for _, id := range ids {
		r.board.Publish(board.Event{Kind: board.JobGone, JobID: id, Counts: counts})
	}
}

// ManyChanged implements queue.Listener.
func (r *relay) ManyChanged() { r.board.Publish(board.Event{Kind: board.Reset}) }

// LineChanged implements queue.Listener.
func (r *relay) LineChanged() { r.board.Publish(board.Event{Kind: board.LineChanged}) }

// ModelChanged tells how far a download is. It may be the end of one that jobs
// wait for.
func (r *relay) ModelChanged(name string, now *job.Download) {
	r.board.Publish(board.Event{Kind: board.ModelChanged, Model: name, Download: now})
	if now != nil {
		return
	}
	select {
	case r.models <- struct{}{}:
	default: // a look is already due
	}
}

// Segment implements pipeline.Listener.
func (r *relay) Segment(id string, s transcript.Segment) {
	r.board.Publish(board.Event{Kind: board.Segment, JobID: id, Segment: s})
}

// Changed implements pipeline.Listener.
func (r *relay) Changed(id string) {
	select {
	case r.changed <- id:
	default: // the views are behind anyway; the next change shows this one too
	}
}

// Measured implements pipeline.Listener: the next run of the model knows.
func (r *relay) Measured(m pipeline.Model, peak int64) {
	r.learn(func(ctx context.Context) error { return r.peaks.SetPeak(ctx, m.Digest, m.Context, peak) })
}

// Starved implements pipeline.Listener: the next run asks for more.
func (r *relay) Starved(m pipeline.Model, need int64) {
	r.learn(func(ctx context.Context) error { return r.peaks.SetFloor(ctx, m.Digest, m.Context, need) })
}

// learn has something stored. What cannot be, on a full disk for one, is learnt
// again.
func (r *relay) learn(store func(ctx context.Context) error) {
	select {
	case r.learnt <- store:
	default:
	}
}

// Run shows changed jobs and memory, and keeps the machine awake
// while a job runs, until ctx ends.
func (r *relay) Run(ctx context.Context) error {
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	defer r.awake.Release()
	var shown job.Reading
	for {
		select {
		case <-ctx.Done():
			r.lastLearnt(ctx)
			return nil
		case store := <-r.learnt:
			keepLearnt(ctx, store)
		case id := <-r.changed:
			_ = r.line.Tell(ctx, id) // what cannot be read now is told with the next change
		case <-tick.C:
			r.keepAwake(ctx)
			if now := r.machine.Reading(); now.Level != shown.Level || now.FreePercent != shown.FreePercent {
				r.board.Publish(board.Event{Kind: board.Memory, Reading: now})
				shown = now
			}
		}
	}
}

// lastLearnt stores what was learnt just before the end: a foreground run ends
// with its last job.
func (r *relay) lastLearnt(ctx context.Context) {
	for {
		select {
		case store := <-r.learnt:
			keepLearnt(ctx, store)
		default:
			return
		}
	}
}

// keepLearnt stores what was learnt, also when the end comes meanwhile.
func keepLearnt(ctx context.Context, store func(ctx context.Context) error) {
	const patience = 3 * time.Second
	save, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = store(save)
}

// keepAwake keeps the machine from idle sleep while a job runs. It lets go when
// it is certain that none does.
func (r *relay) keepAwake(ctx context.Context) {
	counts, err := r.line.Counts(ctx)
	switch {
	case err != nil:
	case counts[job.Running] > 0:
		r.awake.Hold()
	default:
		r.awake.Release()
	}
}

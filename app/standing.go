package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/pipeline"
	"sluice/internal/queue"
	"sluice/internal/transcript"
)

// standing shows the line to the board.
type standing struct{ line queue.Reader }

// Standing implements board.Line.
func (s standing) Standing(ctx context.Context, next, last int) (board.Standing, error) {
	counts, err := s.line.Counts(ctx)
	if err != nil {
		return board.Standing{}, err
	}
	out := board.Standing{Counts: counts}
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
	for _, state := range []job.State{job.Done, job.Failed, job.Canceled} {
		out.Last = append(out.Last, read(state, last)...)
	}
	slices.SortFunc(out.Last, func(a, b job.Job) int { return b.FinishedAt.Compare(a.FinishedAt) })
	out.Last = out.Last[:min(last, len(out.Last))]
	return out, err
}

// relay carries what the queue and the pipeline report to the board. It is
// made before both, since each of them needs it.
type relay struct {
	board  *board.Board
	peaks  peaks
	notify chan string // ids of jobs whose stage or warnings have changed
	fresh  func(ctx context.Context, id string) (job.Job, error)

	mu   sync.Mutex
	peak map[string]int64 // by model digest; what is stored already
}

// peaks remembers what models really took.
type peaks interface {
	SetPeak(ctx context.Context, digest string, bytes int64) error
}

// notifyAtMost is how many changes may wait to be read again; a job's changes
// are folded, so this is more than the jobs that can run.
const notifyAtMost = 64

func newRelay() *relay {
	return &relay{notify: make(chan string, notifyAtMost), peak: map[string]int64{}}
}

// JobChanged implements queue.Listener.
func (r *relay) JobChanged(j job.Job) {
	r.board.Publish(board.Event{Kind: board.JobChanged, JobID: j.ID, Job: j})
}

// JobProgress implements queue.Listener.
func (r *relay) JobProgress(id string, p job.Progress) {
	r.board.Publish(board.Event{Kind: board.Progress, JobID: id, Progress: p})
}

// Segment implements pipeline.Listener.
func (r *relay) Segment(id string, s transcript.Segment) {
	r.board.Publish(board.Event{Kind: board.Segment, JobID: id, Segment: s})
}

// Changed implements pipeline.Listener.
func (r *relay) Changed(id string) {
	select {
	case r.notify <- id:
	default: // the views are behind anyway; the next change shows this one too
	}
}

// Footprint implements pipeline.Listener: the next run of the model knows.
func (r *relay) Footprint(m pipeline.Model, bytes int64) {
	r.mu.Lock()
	grown := bytes > r.peak[m.Digest]
	if grown {
		r.peak[m.Digest] = bytes
	}
	r.mu.Unlock()
	if grown {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = r.peaks.SetPeak(ctx, m.Digest, bytes) // an estimate is lost, no more
	}
}

// Run reads changed jobs again and shows them, until ctx ends.
func (r *relay) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case id := <-r.notify:
			if j, err := r.fresh(ctx, id); err == nil {
				r.JobChanged(j)
			}
		}
	}
}

package notice

import (
	"context"
	"slices"
	"time"

	"sluice/internal/board"
	"sluice/internal/job"
)

const (
	// gather is how long jobs that end in one moment are gathered before they
	// are told of.
	gather = time.Second
	// settle is how long a line is left alone before it is asked whether it is
	// done: by then the next job has been taken.
	settle = 2 * time.Second
	// lookAgain is how soon a board is read again that could not be.
	lookAgain = 5 * time.Second
	// away is how long jobs must have waited for something that is not there, a
	// disk or Ollama, before the others count as all there was to do.
	away = time.Minute
)

// follow hears of events, and does what is due, until ctx ends.
func (n *Notices) follow(ctx context.Context) {
	for {
		e, err := n.next(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			n.hear(e)
		}
		now := time.Now()
		if due(n.flushAt, now) {
			n.flush(now)
		}
		if due(n.lookAt, now) {
			n.look(ctx, now)
		}
	}
}

// next waits for an event, or until something is due.
func (n *Notices) next(ctx context.Context) (board.Event, error) {
	until := n.flushAt
	if until.IsZero() || !n.lookAt.IsZero() && n.lookAt.Before(until) {
		until = n.lookAt
	}
	if until.IsZero() {
		return n.events.Next(ctx)
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	return n.events.Next(ctx)
}

func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

func (n *Notices) hear(e board.Event) {
	if n.cfg.Looking() {
		n.tally.see()
	}
	switch e.Kind {
	case board.Progress, board.Segment, board.Memory, board.ModelChanged, board.SettingsSet:
	case board.JobChanged:
		n.changed(e.Job)
		if e.Counts[job.Running] > 0 {
			n.still = time.Time{}
			return // the line is not done
		}
		n.lookSoon()
	case board.JobGone:
		n.tally.drop(e.JobID)
		n.batch.drop(e.JobID)
		n.lookSoon()
	case board.LineChanged:
		n.lookSoon()
	case board.Reset: // what was missed may have been anything
		n.lookBy(time.Now().Add(settle))
	}
}

// lookSoon has the line looked at, if there is anything to tell of it.
func (n *Notices) lookSoon() {
	if !n.tally.empty() {
		n.lookBy(time.Now().Add(settle))
	}
}

// lookBy has the line looked at at a time, if not before.
func (n *Notices) lookBy(at time.Time) {
	if n.lookAt.IsZero() || at.Before(n.lookAt) {
		n.lookAt = at
	}
}

// changed notes how a job stands now, as an event or a snapshot tells.
func (n *Notices) changed(j job.Job) {
	if !j.State.Final() {
		if j.State == job.Running {
			n.ends.ran(j.ID)
		}
		n.tally.drop(j.ID) // it was retried
		n.batch.drop(j.ID)
		return
	}
	if n.ends.news(j) {
		n.ended(j)
	}
}

// ended notes a job that has just ended. Who canceled one knows that.
func (n *Notices) ended(j job.Job) {
	if j.State == job.Canceled {
		return
	}
	about, known := n.cfg.About(), true
	switch {
	case about == AboutOff, n.cfg.Looking():
	case about == AboutEach, j.State == job.Failed:
		n.batch.add(j)
		if n.flushAt.IsZero() {
			n.flushAt = time.Now().Add(gather)
		}
	default:
		known = false
	}
	n.tally.add(j, known)
	n.lookSoon()
}

// flush tells of the jobs that have ended one by one, or of all of them
// together when they are too many for that.
func (n *Notices) flush(now time.Time) {
	room := n.pace.room(now)
	switch {
	case n.cfg.About() == AboutOff, n.cfg.Looking():
	case room == 0:
		n.flushAt = n.pace.next()
		return
	case n.batch.size() > room:
		n.send(now, n.batch.note(n.speak()))
	default:
		for _, j := range n.batch.jobs {
			n.send(now, jobNote(j, n.speak()))
		}
	}
	n.batch, n.flushAt = batch{}, time.Time{}
}

// look reads the board, and tells when the line is done.
func (n *Notices) look(ctx context.Context, now time.Time) {
	n.lookAt = time.Time{}
	snap, err := n.board.Snapshot(ctx)
	if err != nil {
		if ctx.Err() == nil && !n.broken {
			n.log.Warn("the line cannot be read for notifications", "err", err)
		}
		n.broken, n.lookAt = true, now.Add(lookAgain)
		return
	}
	n.broken = false
	// It may know more than the events that were heard. A job that ended while
	// it was taken stands in both lists, and the last ones were read later.
	for _, j := range snap.Running {
		n.changed(j)
	}
	for _, j := range slices.Backward(snap.Last) {
		n.changed(j)
	}
	patience, done := standing(snap.Standing)
	if !done {
		n.still = time.Time{}
		return
	}
	if n.still.IsZero() {
		n.still = now
	}
	if over := n.still.Add(patience); now.Before(over) {
		n.lookAt = over
		return
	}
	n.tellDone(now, snap.Counts[job.Queued])
}

// standing says whether all is done that can be: nothing runs, and what is left
// in the line waits for a person, for its time, or for something that is not
// there. Of the last it is certain only when it has been so for a while.
func standing(s board.Standing) (patience time.Duration, done bool) {
	if len(s.Running) > 0 || s.Counts[job.Running] > 0 {
		return 0, false
	}
	for _, j := range s.Next {
		switch j.Reason {
		case job.Held, job.Scheduled:
		case job.NoModel, job.NoSource, job.OllamaAway, job.Disk:
			patience = away
		case job.Turn, job.Memory, job.Backoff, job.Paused, job.Power, job.QueueAway:
			return 0, false
		default:
			return 0, false
		}
	}
	if s.Counts[job.Queued] > len(s.Next) { // more than the board shows
		patience = away
	}
	return patience, true
}

// tellDone tells that the line is done, but for so many jobs that still wait,
// unless all of it is known.
func (n *Notices) tellDone(now time.Time, waiting int) {
	switch {
	case n.tally.news == 0, n.cfg.About() == AboutOff, n.cfg.Looking():
	case n.pace.room(now) == 0:
		n.lookAt = n.pace.next()
		return
	default:
		n.send(now, n.tally.note(waiting, n.speak()))
	}
	n.tally = tally{}
}

func (n *Notices) speak() words { return *n.words.Load() }

package tray

import (
	"context"
	"sync"
	"time"

	"sluice/internal/board"
	"sluice/internal/job"
)

const (
	// pace is how often at most the board is asked and the bar is drawn.
	pace = time.Second
	// oldest is how old a snapshot may get while small news come in: the time
	// that is left for the whole line is in it and in no event.
	oldest = 15 * time.Second
	// hold is how long after it was opened the lines of the menu keep still:
	// about as long as people look for what they want. Nothing tells when it is
	// closed, other than a click.
	hold = 8 * time.Second
)

// change is what has happened since somebody last looked.
type change struct {
	line    bool         // only a snapshot tells
	reading *job.Reading // memory
}

// step is the newest progress of a job, newer than what snapshots know.
type step struct {
	id string
	job.Progress
}

// news collects what events tell until somebody looks, so that a flood of them
// costs one look.
type news struct {
	wake chan struct{}

	mu      sync.Mutex
	change  change
	step    step
	reading time.Time // when the menu was opened; zero = it was closed since
}

func newNews() *news { return &news{wake: make(chan struct{}, 1)} }

// tell notes something and wakes who waits for news.
func (n *news) tell(note func(*news)) {
	n.mu.Lock()
	note(n)
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default: // it is awake
	}
}

func (n *news) take() (change, step) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.change
	n.change = change{}
	return c, n.step
}

// still is for how long the menu must keep still.
func (n *news) still() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return hold - time.Since(n.reading)
}

// changed notes that a job is another than before. Its progress says nothing
// any more when it has left that stage.
func (n *news) changed(j job.Job) {
	n.change.line = true
	if n.step.id == j.ID && (j.State != job.Running || j.Stage != n.step.Stage) {
		n.step = step{}
	}
}

// follow sends a look whenever it is another than before, and an outline
// likewise, at most one a second, until ctx ends.
func (t *Tray) follow(ctx context.Context, looks newest[Look], outlines newest[Outline]) {
	var wait sync.WaitGroup
	defer wait.Wait()
	events := t.board.Follow("") // before the first snapshot, so that nothing is missed
	wait.Go(func() { t.listen(ctx, events) })

	var v view
	var shown Look
	var told Outline
	for {
		var moves <-chan time.Time // when the menu may move again
		if t.refresh(ctx, &v) {
			s, w := v.snapshot(), *t.words.Load()
			l := look(s, w, *t.newer.Load())
			if rest := t.news.still(); rest > 0 && shown != (Look{}) {
				l, moves = l.still(shown), time.After(rest)
			}
			if l != shown {
				shown = l
				looks.put(l)
			}
			if o := outlineOf(s, w); o != told {
				told = o
				outlines.put(o)
			}
		}
		if !sleep(ctx, pace) {
			return
		}
		select {
		case <-t.news.wake:
		case <-moves:
		case <-ctx.Done():
			return
		}
	}
}

// listen turns events into news.
func (t *Tray) listen(ctx context.Context, events *board.Reader) {
	for {
		e, err := events.Next(ctx)
		if err != nil {
			return
		}
		switch e.Kind {
		case board.Segment, board.ModelChanged, board.SettingsSet: // not shown here
		case board.Progress:
			t.news.tell(func(n *news) { n.step = step{e.JobID, e.Progress} })
		case board.Memory:
			t.news.tell(func(n *news) { n.change.reading = &e.Reading })
		case board.JobChanged:
			t.news.tell(func(n *news) { n.changed(e.Job) })
		case board.JobGone, board.LineChanged, board.Reset:
			t.news.tell(func(n *news) { n.change.line = true })
		}
	}
}

// view is the last snapshot, kept fresh by what events tell.
type view struct {
	snap   board.Snapshot
	at     time.Time // of the snapshot; zero = there is none yet
	step   step
	broken bool // the board could not be read
}

// refresh takes the news and, where they do not say enough, a snapshot. It is
// false while nothing is known.
func (t *Tray) refresh(ctx context.Context, v *view) bool {
	level := v.snap.Memory.Level
	c, s := t.news.take()
	v.step = s
	if c.reading != nil {
		v.snap.Memory = *c.reading
	}
	// How the gate stands may change with the level, and that the board knows.
	if v.at.IsZero() || c.line || v.snap.Memory.Level != level || time.Since(v.at) >= oldest {
		t.ask(ctx, v)
	}
	return !v.at.IsZero()
}

// ask reads the board. When that does not work the last picture stays, and it
// is tried again.
func (t *Tray) ask(ctx context.Context, v *view) {
	snap, err := t.board.Snapshot(ctx)
	switch {
	case err == nil:
		v.snap, v.at, v.broken = snap, time.Now(), false
	case ctx.Err() != nil:
	default:
		if !v.broken {
			t.log.Warn("the tray cannot read the line", "err", err)
		}
		v.broken = true
		t.news.tell(func(n *news) { n.change.line = true })
	}
}

// snapshot is the board as of now.
func (v *view) snapshot() board.Snapshot {
	s := v.snap
	if len(s.Running) == 0 || s.Running[0].ID != v.step.id {
		return s
	}
	first := s.Running[0]
	first.Progress = v.step.Progress
	s.Running = append([]job.Job{first}, s.Running[1:]...)
	return s
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

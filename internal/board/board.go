// Package board is what every view shows: a bounded snapshot of the line and
// the machine, numbered events that keep it fresh, and how the machine was in
// the hours before. Of events it keeps no more than a short ring, and it never
// makes a publisher wait for a reader.
package board

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// Line is where the board reads what stands in the line.
type Line interface {
	// Standing gives the running jobs, the next and the last ones, and counts.
	Standing(ctx context.Context, next, last int) (Standing, error)
}

// Standing is the line at one moment.
type Standing struct {
	Counts     map[job.State]int
	Paused     bool
	ETASeconds int // until the line is empty; 0 = not known, or it is
	Running    []job.Job
	Next       []job.Job // in line order
	Last       []job.Job // newest end first
	Notices    []job.Notice
}

// Depth is the length of the line: queued and running.
func (s Standing) Depth() int { return s.Counts[job.Queued] + s.Counts[job.Running] }

// Machine is where the board reads memory.
type Machine interface{ Reading() job.Reading }

// Gatekeeper also says why nothing at all may start; "" = what fits may.
type Gatekeeper interface {
	Machine
	Shut() string
}

// Snapshot is all that a view needs to start with.
type Snapshot struct {
	ID string // of the last event it contains
	Standing
	Memory job.Reading
	Gate   job.Gate
}

// How much a snapshot shows.
const (
	showNext = 50
	showLast = 20
)

// ringSize is how many events a reader may be behind before it gets a reset:
// a minute of a busy transcription.
const ringSize = 1024

// Board collects events and hands them out.
type Board struct {
	boot    string
	line    Line
	machine Gatekeeper

	mu   sync.Mutex
	n    uint64 // number of the newest event; the first is 1
	ring [ringSize]Event
	more chan struct{} // closed and replaced with every event
}

// New makes a board. Boot names this start of the program: numbers of another
// boot mean nothing here.
func New(boot string, line Line, machine Gatekeeper) *Board {
	return &Board{boot: boot, line: line, machine: machine, more: make(chan struct{})}
}

// Snapshot reads the line and the machine. Its ID is taken first, so that
// events that overlap the reading are seen again rather than missed.
func (b *Board) Snapshot(ctx context.Context) (Snapshot, error) {
	b.mu.Lock()
	id := b.id(b.n)
	b.mu.Unlock()
	st, err := b.line.Standing(ctx, showNext, showLast)
	if err != nil {
		return Snapshot{}, err
	}
	return Snapshot{ID: id, Standing: st, Memory: b.machine.Reading(), Gate: gate(st, b.machine.Shut())}, nil
}

// gate tells how the gate stands from what it has said: the first of the line
// carries its words. Those that step aside keep their rank, but the gate was
// not asked about them; and while a job runs it is asked about nobody, so that
// what it once said of a queued one is over.
func gate(st Standing, shut string) job.Gate {
	var first job.Job
	if i := slices.IndexFunc(st.Next, func(j job.Job) bool { return j.Reason.Blocking() }); i >= 0 && len(st.Running) == 0 {
		first = st.Next[i]
	}
	switch {
	case shut != "":
		return job.Gate{State: job.GateShut, Text: shut}
	case first.Reason == job.Memory, first.Reason == job.Power:
		return job.Gate{State: job.GateWaiting, Text: first.ReasonText}
	default:
		return job.Gate{State: job.GateOpen}
	}
}

// Publish numbers an event and wakes the readers. It never blocks.
func (b *Board) Publish(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	e.ID = b.id(b.n)
	b.ring[b.n%ringSize] = e
	close(b.more)
	b.more = make(chan struct{})
}

// Follow makes a reader that starts after the event named by lastID. An empty
// lastID starts with what comes next; one of another boot, or one that has
// left the ring, yields a Reset first.
func (b *Board) Follow(lastID string) *Reader {
	b.mu.Lock()
	defer b.mu.Unlock()
	if lastID == "" {
		return &Reader{board: b, seen: b.n}
	}
	n, ok := b.number(lastID)
	if !ok || n > b.n {
		return &Reader{board: b, seen: b.n, reset: true}
	}
	return &Reader{board: b, seen: n}
}

// Reader hands out events one by one; it belongs to one goroutine.
type Reader struct {
	board *Board
	seen  uint64
	reset bool
}

// ID names the last event the reader has seen, for a Follow that goes on there.
func (r *Reader) ID() string { return r.board.id(r.seen) }

// Next waits for the next event. A reader that fell behind the ring gets a
// Reset and goes on with the newest. The error is that of ctx.
func (r *Reader) Next(ctx context.Context) (Event, error) {
	b := r.board
	for {
		b.mu.Lock()
		switch {
		case r.reset || b.n-r.seen > ringSize:
			r.reset, r.seen = false, b.n
			e := Event{ID: b.id(b.n), Kind: Reset}
			b.mu.Unlock()
			return e, nil
		case b.n > r.seen:
			r.seen++
			e := b.ring[r.seen%ringSize]
			b.mu.Unlock()
			return e, nil
		}
		more := b.more
		b.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		}
	}
}

func (b *Board) id(n uint64) string { return b.boot + "-" + strconv.FormatUint(n, 10) }

func (b *Board) number(id string) (uint64, bool) {
	rest, ok := strings.CutPrefix(id, b.boot+"-")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(rest, 10, 64)
	return n, err == nil
}

// Kind says what an event carries.
type Kind string

// The kinds of events.
const (
	JobChanged   Kind = "job"      // Job, Counts: any change but progress
	JobGone      Kind = "gone"     // JobID: deleted
	Progress     Kind = "progress" // JobID, Progress
	Segment      Kind = "segment"  // JobID, Segment: live text
	Memory       Kind = "memory"   // Reading
	LineChanged  Kind = "line"     // nothing: it was paused or resumed, jobs stand elsewhere, or durations or notices came
	ModelChanged Kind = "model"    // Model, and Download while it is in the line of downloads; else the models read differently
	SettingsSet  Kind = "settings" // nothing: some were changed
	Reset        Kind = "reset"    // fetch the snapshot again
)

// Event is one change. Which members are set goes with Kind.
type Event struct {
	ID       string
	Kind     Kind
	JobID    string
	Job      job.Job
	Counts   map[job.State]int // with JobChanged
	Progress job.Progress
	Segment  transcript.Segment
	Reading  job.Reading
	Model    string
	Download *job.Download
}

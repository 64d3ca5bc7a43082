package notice

import (
	"time"

	"sluice/internal/job"
)

// ends knows which jobs have ended already: a job is told of again whenever
// something of it changes, and snapshots show what ended long ago.
type ends struct {
	running map[string]bool  // jobs that were seen at work and not yet at their end
	known   map[string]int64 // when jobs have ended, in milliseconds, as stores keep it
	order   []string         // of known, the oldest first
	floor   int64            // what has ended before is past
}

// remembered is how many jobs are remembered of either kind.
const remembered = 1000

func newEnds(since time.Time) ends {
	return ends{running: map[string]bool{}, known: map[string]int64{}, floor: since.UnixMilli()}
}

// ran notes that a job is at work: its end is news, whatever the clock says
// then. A clock that is set back makes the present look like the past.
func (e *ends) ran(id string) {
	if len(e.running) >= remembered {
		clear(e.running)
	}
	e.running[id] = true
}

// news says whether a final job has ended just now, and notes that it has.
func (e *ends) news(j job.Job) bool {
	at := j.FinishedAt.UnixMilli()
	before, again := e.known[j.ID]
	if again && before == at {
		return false
	}
	ran := e.running[j.ID]
	if !ran && (at < e.floor || j.FinishedAt.After(time.Now())) {
		return false
	}
	delete(e.running, j.ID)
	if !again {
		e.order = append(e.order, j.ID)
	}
	e.known[j.ID] = at
	if len(e.order) > remembered {
		e.forget()
	}
	return true
}

// forget lets go of the oldest. From now on it is part of the past.
func (e *ends) forget() {
	oldest := e.order[0]
	e.order = e.order[1:]
	e.floor = max(e.floor, e.known[oldest]+1)
	delete(e.known, oldest)
}

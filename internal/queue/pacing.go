package queue

import (
	"time"

	"sluice/internal/job"
)

// Each look at a job that must wait is a write. So many may follow one another
// at once, and so many a second for as long as it may be.
const (
	looksAtOnce = 500
	lookEvery   = 20 * time.Millisecond
)

// pacing spaces the looks at jobs that turn out to wait, so that thousands of
// them neither keep the machine busy nor keep the worker from a job behind them.
type pacing struct {
	spent time.Duration // of the looks at once, as the time until they are free again
	at    time.Time     // when that was reckoned
	row   int           // looks since something else was found
}

// look counts one look and says how long to wait before the next.
func (p *pacing) look() time.Duration {
	now := time.Now()
	p.spent = max(p.spent-now.Sub(p.at), 0) + lookEvery
	p.at = now
	p.row++
	return max(p.spent-looksAtOnce*lookEvery, 0)
}

// renew forgets what was spent: there may be something new to find.
func (p *pacing) renew() { p.spent = 0 }

// found says that the worker has come to the end of those that wait.
func (p *pacing) found() { p.row = 0 }

// later gives a job a wait that lasts until the worker has been past those
// behind it: were the first ones due again before that, it would look at them
// for ever and at nobody else.
func (p *pacing) later(w job.Wait, now time.Time) job.Wait {
	if w.Until.IsZero() || longest(w.Reason) == 0 {
		return w
	}
	round := min(2*time.Duration(p.row)*lookEvery, lookedFor)
	if until := now.Add(round); until.After(w.Until) {
		w.Until = until
	}
	return w
}

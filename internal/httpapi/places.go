package httpapi

import (
	"sync/atomic"

	"sluice/internal/fault"
)

// How many clients may do at once what takes a connection for long. More than
// one person's windows and programs ever do.
const (
	mostReaders = 256 // of the event stream
	mostWaits   = 256 // for a result
	mostUploads = 16  // that arrive
)

// places bounds how many do something at once.
type places struct {
	most int64
	now  atomic.Int64
}

// take says whether there is a place, which leave gives back.
func (p *places) take() bool {
	if p.now.Add(1) <= p.most {
		return true
	}
	p.now.Add(-1)
	return false
}

func (p *places) leave() { p.now.Add(-1) }

// errBusy is what is said to one more than there are places for.
func errBusy(say string) error {
	f := fault.New(fault.ServerBusy, say, nil)
	f.RetryAfterSeconds = 5
	return f
}

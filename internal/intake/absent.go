package intake

import (
	"errors"
	"maps"
	"net/url"
	"time"

	"sluice/internal/download"
	"sluice/internal/fault"
)

// absence is a server that did not answer. It is left alone for a while, whoever
// wants a file of it: finding out takes long, and other jobs wait in the line.
type absence struct {
	fault *fault.Fault
	until time.Time
	hold  time.Duration // how long it is left alone, longer each time
}

// Bounds of an absence.
const (
	firstHold = 30 * time.Second
	longHold  = 5 * time.Minute
	forgetful = time.Hour // after which a server is as good as any other
)

// heard notes whether a server has answered.
func (in *Intake) heard(host string, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := in.cfg.Now()
	maps.DeleteFunc(in.absent, func(_ string, a absence) bool { return now.Sub(a.until) > forgetful })
	f := fault.From(err)
	var lost *download.Lost
	if f == nil || f.Code != fault.URLUnreachable || errors.As(err, &lost) && lost.Grew { // it was there, and sent
		delete(in.absent, host)
		return
	}
	hold := min(max(2*in.absent[host].hold, firstHold), longHold)
	in.absent[host] = absence{fault: f, until: now.Add(hold), hold: hold}
}

// away says why a server is not asked now, or nothing.
func (in *Intake) away(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return nil // the fetch will say so
	}
	in.mu.Lock()
	a, ok := in.absent[u.Host]
	in.mu.Unlock()
	left := a.until.Sub(in.cfg.Now())
	if !ok || left <= 0 {
		return nil
	}
	f := *a.fault
	f.RetryAfterSeconds = max(f.RetryAfterSeconds, int(left/time.Second)+1)
	return &f
}

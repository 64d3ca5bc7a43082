package traytest

import (
	"context"
	"sync"
	"time"
)

// again is how long at most nothing is read while waiting: signals come first,
// this is for what none tells.
const again = 100 * time.Millisecond

// news guards what a part of the desktop knows, and wakes those who wait for
// it to change.
type news struct {
	sync.Mutex
	next chan struct{} // closed and replaced when something may have changed
}

// changed wakes those who wait. The caller holds the lock.
func (n *news) changed() {
	if n.next != nil {
		close(n.next)
	}
	n.next = nil
}

// soon is closed at the next change.
func (n *news) soon() <-chan struct{} {
	n.Lock()
	defer n.Unlock()
	if n.next == nil {
		n.next = make(chan struct{})
	}
	return n.next
}

// wait asks again at every change, and now and then without one.
func (n *news) wait(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(again)
	defer tick.Stop()
	for {
		soon := n.soon()
		if done() {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-soon:
		case <-tick.C:
		}
	}
}

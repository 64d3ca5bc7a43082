package storetest

import (
	"sync"
	"time"
)

// Clock is the time a store under test lives in. It moves only when a
// scenario says so.
type Clock struct {
	mu    sync.Mutex
	now   time.Time
	moved []func(time.Time)
}

// NewClock starts at a fixed moment.
func NewClock() *Clock {
	return &Clock{now: time.Date(2024, time.March, 10, 8, 30, 0, 0, time.UTC)}
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance lets time pass.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	now, moved := c.now, c.moved
	c.mu.Unlock()
	for _, tell := range moved {
		tell(now)
	}
}

// OnAdvance is for a store that keeps its own time, such as a server's: it is
// called after every move, and at once with the time as it is.
func (c *Clock) OnAdvance(tell func(now time.Time)) {
	c.mu.Lock()
	c.moved = append(c.moved, tell)
	now := c.now
	c.mu.Unlock()
	tell(now)
}

package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// How wrong tokens are slowed. A right one never is, whoever was wrong before.
const (
	freeTries   = 3                      // a program may be set up wrongly, or know an old one
	firstDelay  = 250 * time.Millisecond // of the next wrong one; each further one takes twice as long
	mostDelay   = 5 * time.Second
	forgetTries = 10 * time.Minute
	mostGuests  = 1024 // addresses that are remembered
	mostDelayed = 64   // requests that are kept waiting at the same time
)

// brake remembers who has sent wrong tokens. The zero value is ready.
type brake struct {
	mu     sync.Mutex
	guests map[netip.Addr]guest

	delayed places
}

type guest struct {
	wrong int
	at    time.Time // of the last one
}

// hold keeps the sender of a wrong token waiting, for a time that grows with
// each. It ends early when the client goes away or the server stops.
func (b *brake) hold(r *http.Request) {
	wait := b.wrong(from(r), time.Now())
	if wait == 0 || !b.delayed.take() {
		return
	}
	defer b.delayed.leave()
	closing, ok := r.Context().Value(closingKey{}).(context.Context)
	if !ok {
		closing = context.Background()
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	case <-closing.Done():
	}
}

// wrong counts one more and says how long it is to take.
func (b *brake) wrong(who netip.Addr, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.guests == nil {
		b.guests = map[netip.Addr]guest{}
	}
	g, known := b.guests[who]
	if now.Sub(g.at) > forgetTries {
		g.wrong = 0
	}
	if !known && len(b.guests) >= mostGuests {
		b.makeRoom()
	}
	g.wrong, g.at = g.wrong+1, now
	b.guests[who] = g
	if g.wrong <= freeTries {
		return 0
	}
	return min(firstDelay<<min(g.wrong-freeTries-1, 10), mostDelay)
}

// makeRoom forgets who was wrong the longest time ago.
func (b *brake) makeRoom() {
	var oldest netip.Addr
	first := true
	for who, g := range b.guests {
		if first || g.at.Before(b.guests[oldest].at) {
			oldest, first = who, false
		}
	}
	delete(b.guests, oldest)
}

// from is who sends a request. A network of IPv6 counts as one: each of its
// machines may have any number of addresses.
func from(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	who := plain(at.Addr())
	if who.Is6() {
		if net, err := who.Prefix(64); err == nil {
			return net.Addr()
		}
	}
	return who
}

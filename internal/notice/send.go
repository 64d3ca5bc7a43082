package notice

import (
	"context"
	"strings"
	"time"
)

const (
	// atOnce is how many notes there may be in a time that lasts, and so how many
	// may wait to be sent.
	atOnce = 3
	lasts  = 30 * time.Second
	// sendLimit is how long a note may take to be shown.
	sendLimit = 10 * time.Second
	// stale is when a note that waited behind others is not worth showing any more.
	stale = time.Minute
	// lastSend is how long Run waits at its end for a note that is being shown.
	lastSend = 500 * time.Millisecond
)

// pace keeps notes from becoming a flood: it knows when the last ones were sent.
type pace struct {
	sent [atOnce]time.Time
	n    int
}

// room is how many notes may be sent now.
func (p *pace) room(now time.Time) int {
	room := 0
	for _, at := range p.sent {
		if at.IsZero() || now.Sub(at) >= lasts {
			room++
		}
	}
	return room
}

// next is when there is room again, while there is none.
func (p *pace) next() time.Time { return p.sent[p.n%atOnce].Add(lasts) }

func (p *pace) note(now time.Time) {
	p.sent[p.n%atOnce] = now
	p.n++
}

// letter is a note on its way.
type letter struct {
	Note
	at time.Time
}

// send hands a note over to be shown. It never waits: while the desktop does not
// answer, what comes after is not shown.
func (n *Notices) send(now time.Time, note Note) {
	n.pace.note(now)
	if !n.cfg.Verbatim {
		note.Title, note.Body = noMarkup(note.Title), noMarkup(note.Body)
	}
	select {
	case n.outbox <- letter{note, now}:
		n.full = false
	default:
		if !n.full {
			n.log.Warn("the desktop takes no notifications")
		}
		n.full = true
	}
}

// noMarkup puts characters that look alike for those that may be taken for
// markup. Escaped ones would show as such where they are not.
func noMarkup(s string) string {
	return strings.NewReplacer("&", "\uff06", "<", "\u2039", ">", "\u203a").Replace(s)
}

// sendAll shows notes one by one until ctx ends.
func (n *Notices) sendAll(ctx context.Context) {
	failing := false
	for {
		var l letter
		select {
		case <-ctx.Done():
			return
		case l = <-n.outbox:
		}
		if time.Since(l.at) > stale {
			continue
		}
		err := n.show(ctx, l.Note)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && failing:
			n.log.Info("notifications are shown again")
		case err != nil && !failing:
			n.log.Warn("a notification was not shown", "err", err)
		}
		failing = err != nil
	}
}

func (n *Notices) show(ctx context.Context, note Note) error {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	return n.cfg.Send(ctx, note)
}

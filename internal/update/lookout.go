// Package update finds out whether there is a newer Sluice. For whoever wants to
// know, it asks once a day and remembers the answer. It sends nothing but the
// question, downloads nothing and installs nothing; and what a feed answers can
// lead people to no page but one of the feed's own server or of the project.
package update

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Lookout knows whether there is a newer Sluice. It is safe for concurrent use.
type Lookout struct {
	cfg     Config
	log     *slog.Logger
	version string // canonical; "" = a build that is no release, which compares with none
	woken   chan struct{}

	mu   sync.Mutex
	kept record // as it is in the file, or would be on a disk with room

	telling sync.Mutex
	told    Newer
}

// Config of a Lookout.
type Config struct {
	Version string      // of this program; required
	File    string      // where the answer is remembered; required
	Wish    func() Wish // what the user wants now; required, and returns at once
	Changed func(Newer) // there is a newer one, another, or none any more; may be nil, never concurrent

	Ask func(ctx context.Context, feed string) (Release, error) // Ask, as this version
}

// Wish is whether a newer Sluice is looked for, and where.
type Wish struct {
	On   bool
	Feed string // address of a release; "" = nowhere
}

func (w Wish) on() bool { return w.On && w.Feed != "" }

// Newer is a release that is newer than this program and was not dismissed; the
// zero value is none.
type Newer struct {
	Release
	Found time.Time // when it was first heard of
}

const (
	every    = 24 * time.Hour
	spread   = time.Hour        // by which a day may be longer, so that not all ask at once
	starting = time.Minute      // others need the machine more at a start
	dither   = 30 * time.Second // the same as spread, for a start
	soon     = time.Second      // after somebody has switched it on
	sooner   = time.Hour        // after a failure; twice as long each time, a day at most
	patience = 30 * time.Second // for one answer
	nap      = 15 * time.Minute // timers stand still while a machine sleeps: the clock is looked at again
)

// New makes a lookout that knows what the file remembers and asks nobody yet.
func New(cfg Config, log *slog.Logger) *Lookout {
	l := &Lookout{cfg: cfg, log: log, version: ours(cfg.Version), woken: make(chan struct{}, 1)}
	if l.cfg.Ask == nil {
		l.cfg.Ask = func(ctx context.Context, feed string) (Release, error) { return Ask(ctx, feed, cfg.Version) }
	}
	var err error
	if l.kept, err = read(cfg.File); err != nil {
		log.Debug("update file not read", "err", err)
	}
	return l
}

// Newer gives the release that people should know of.
func (l *Lookout) Newer() (Newer, bool) {
	wish := l.cfg.Wish()
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.kept.Release
	if !wish.on() || l.kept.Feed != wish.Feed || !newer(r.Version, l.version) || slices.Contains(l.kept.Dismissed, r.Version) {
		return Newer{}, false
	}
	return Newer{Release: r, Found: l.kept.Found}, true
}

// Dismiss hides a release for good. One that nobody is told of is no error: two
// views may show it.
func (l *Lookout) Dismiss(version string) error {
	n, ok := l.Newer()
	if !ok || n.Version != version {
		return nil
	}
	err := l.change(func(r *record) { r.dismiss(version, l.version) }, true)
	l.tell()
	return err
}

// Wake makes Run look at the wish again. It returns at once.
func (l *Lookout) Wake() {
	select {
	case l.woken <- struct{}{}:
	default: // a look is already due
	}
}

// Run asks when it is time, until ctx ends. An answer that does not come is
// nothing that people must know.
func (l *Lookout) Run(ctx context.Context) error {
	if l.version == "" {
		return nil
	}
	wish, earliest := l.cfg.Wish(), time.Now().Add(starting+rand.N(dither)) //nolint:gosec // spreads questions, guards nothing
	for {
		l.tell()
		wait := max(time.Until(earliest), l.due(wish.Feed))
		t := time.NewTimer(min(wait, nap))
		ring := t.C
		if !wish.on() {
			ring = nil
		}
		select {
		case <-ctx.Done():
		case <-l.woken:
		case <-ring:
		}
		t.Stop()
		switch w := l.cfg.Wish(); {
		case ctx.Err() != nil:
			return nil
		case w != wish:
			wish, earliest = w, time.Now().Add(soon)
			l.hope()
		case wish.on() && wait <= 0:
			l.ask(ctx, wish.Feed)
		}
	}
}

// due is how long a feed is left alone. A time that no answer can have led to
// comes from a clock that was wrong.
func (l *Lookout) due(feed string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := time.Until(l.kept.Next)
	if l.kept.Feed != feed || wait > every+spread {
		return 0
	}
	return wait
}

// hope forgets failures: whoever has changed the settings may have mended them.
func (l *Lookout) hope() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept.Failed > 0 {
		l.kept.Failed, l.kept.Next = 0, time.Time{}
	}
}

// ask asks once and remembers what came of it, unless it was cut off.
func (l *Lookout) ask(ctx context.Context, feed string) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := l.cfg.Ask(limited, feed)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		l.log.Debug("newer version not known", "err", err)
	}
	written := l.change(func(r *record) {
		if r.Feed != feed {
			*r = record{Feed: feed, Dismissed: r.Dismissed}
		}
		pause := every
		if err == nil {
			r.Failed = 0
			r.learn(answer)
		} else {
			r.Failed++
			pause = min(max(sooner<<min(r.Failed-1, 10), wished(err)), every)
		}
		r.Next = now().Add(pause + rand.N(spread)) //nolint:gosec // spreads questions, guards nothing
	}, false)
	if written != nil {
		l.log.Debug("update file not written", "err", written)
	}
}

// change changes what is remembered. What has to be on the disk is undone when
// it cannot be; the rest counts as long as the program runs.
func (l *Lookout) change(do func(*record), durable bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.kept
	next.Dismissed = slices.Clone(next.Dismissed)
	do(&next)
	err := write(l.cfg.File, next)
	if err == nil || !durable {
		l.kept = next
	}
	return err
}

// tell tells of a change, in the order in which they come.
func (l *Lookout) tell() {
	l.telling.Lock()
	defer l.telling.Unlock()
	n, _ := l.Newer()
	if n == l.told {
		return
	}
	l.told = n
	if n.Version != "" {
		l.log.Info("newer version found", "version", n.Version)
	}
	if l.cfg.Changed != nil {
		l.cfg.Changed(n)
	}
}

// wished is how long the server wants to be left alone.
func wished(err error) time.Duration {
	var a *Answer
	if errors.As(err, &a) {
		return a.After
	}
	return 0
}

// now is the time by the clock on the wall, which goes on while a machine sleeps.
func now() time.Time { return time.Now().Round(0) }

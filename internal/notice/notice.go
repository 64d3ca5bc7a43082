// Package notice decides what people are told of by a notification while they
// do not look: jobs that have ended, and a line that is done. It follows the
// board; how a notification is shown, and what a click on it does, is somebody
// else's business. It tells nothing twice, nothing late and nothing of the past,
// and never floods.
package notice

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"sluice/internal/board"
)

// Note is one notification.
type Note struct {
	ID    string // takes the place of an older one with the same ID, where such are replaced
	Title string // one line
	Body  string // a sentence or two
	JobID string // where a click leads; "" = the queue
}

// What to tell of: the values of the setting.
const (
	AboutLine = "line" // when all that waited is done, and each job that failed
	AboutEach = "each" // each job that is done or failed
	AboutOff  = "off"  // nothing
)

// Config says how to tell. Only Send is required.
type Config struct {
	Language string        // "ko" is Korean, everything else English
	About    func() string // what to tell of, as it is chosen now; must not block. nil = AboutLine
	Looking  func() bool   // whether somebody looks at the window now; must not block. nil = nobody does

	// Send shows a note. It is called for one after the other and may take its
	// time, but not longer than its context lasts.
	Send func(context.Context, Note) error
	// Verbatim leaves texts as they are. A Linux desktop takes some characters
	// for markup: without it they give way to others that look alike.
	Verbatim bool
}

// Notices tells people of what has happened.
type Notices struct {
	board  *board.Board
	events *board.Reader
	cfg    Config
	log    *slog.Logger
	words  atomic.Pointer[words]
	outbox chan letter

	// These belong to Run.
	ends    ends
	tally   tally
	batch   batch
	pace    pace
	lookAt  time.Time // when to look at the line; zero = there is no need
	flushAt time.Time // when to tell of the batch; zero = it is empty
	still   time.Time // since when nothing has run and nothing could; zero = that is not so
	broken  bool      // the board could not be read the last time
	full    bool      // the last note found no place in the outbox
}

// New makes Notices. What ends from now on is told of, once Run runs.
func New(b *board.Board, cfg Config, log *slog.Logger) *Notices {
	if cfg.About == nil {
		cfg.About = func() string { return AboutLine }
	}
	if cfg.Looking == nil {
		cfg.Looking = func() bool { return false }
	}
	n := &Notices{
		board: b, events: b.Follow(""), cfg: cfg, log: log,
		outbox: make(chan letter, atOnce), ends: newEnds(time.Now()),
	}
	n.SetLanguage(cfg.Language)
	return n
}

// Run tells until ctx ends. What was not told by then is not told any more.
func (n *Notices) Run(ctx context.Context) error {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		n.sendAll(ctx)
	}()
	n.follow(ctx)
	select {
	case <-sent:
	case <-time.After(lastSend):
		n.log.Debug("a notification does not end and is left behind")
	}
	return nil
}

// SetLanguage changes the words, from any goroutine.
func (n *Notices) SetLanguage(code string) {
	w := wordsFor(code)
	n.words.Store(&w)
}

// Package tray is the icon in the menu bar and its menu: how long the line is,
// why it stands still, how short memory is and what is at work. It follows the
// board and decides nothing; what a click does is somebody else's business.
package tray

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"sluice/internal/board"
)

// Actions are what the menu can do. Each runs in a goroutine of the tray's own
// and should return soon: until then, further clicks on the same entry wait.
type Actions struct{ Pause, Resume, AddFiles, Open, Quit func() }

// Config is what people may choose.
type Config struct {
	Language string // "ko" is Korean, everything else English
}

// Tray shows the board in the menu bar.
type Tray struct {
	board *board.Board
	log   *slog.Logger
	bar   bar
	hands hands

	words atomic.Pointer[words]
	news  *news

	started, stopped atomic.Bool
}

// bar is the place where a look is shown: the desktop's, or none.
type bar interface {
	// start shows the icon. Clicked is told of every click, at once and one by one.
	start(first Look, clicked func(entry, Look))
	// ready is closed when looks can be drawn; it may never be.
	ready() <-chan struct{}
	// draw changes what differs from the look before. One goroutine calls it,
	// and only when the bar is ready. It may wait for the main thread.
	draw(Look)
	// stop ends clicks and drawing. It waits for nobody.
	stop()
}

// New makes a tray. Nothing is seen before Start.
func New(b *board.Board, a Actions, cfg Config, log *slog.Logger) *Tray {
	return newTray(b, a, cfg, log, newBar(log))
}

func newTray(b *board.Board, a Actions, cfg Config, log *slog.Logger, bar bar) *Tray {
	t := &Tray{board: b, log: log, bar: bar, hands: newHands(a, log), news: newNews()}
	t.setWords(cfg.Language)
	return t
}

// Start shows the icon and returns at once. On a Mac it belongs on the main
// thread. Only the first call counts, and none after Stop.
func (t *Tray) Start() {
	if t.stopped.Load() || t.started.Swap(true) {
		return
	}
	t.hands.start()
	t.bar.start(starting(*t.words.Load()), t.hands.click)
}

// Run keeps what is shown up to date until ctx ends. Drawing is done aside,
// because it waits for the main thread on a Mac: when the main loop has ended
// it would wait for ever, and Run must not.
func (t *Tray) Run(ctx context.Context) error {
	looks := make(chan Look, 1)
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		t.drawAll(ctx, looks)
	}()
	t.follow(ctx, looks)
	select {
	case <-drawn:
	case <-time.After(lastDraw):
		t.log.Debug("the tray does not answer any more")
	}
	return nil
}

// lastDraw is how long Run waits at its end for a drawing under way.
const lastDraw = 500 * time.Millisecond

// drawAll draws the newest look whenever there is one.
func (t *Tray) drawAll(ctx context.Context, looks <-chan Look) {
	select {
	case <-t.bar.ready():
	case <-ctx.Done():
		return
	}
	for {
		select {
		case l := <-looks:
			t.bar.draw(l)
		case <-ctx.Done():
			return
		}
	}
}

// Stop ends what the tray does; the icon itself goes with the process. It may
// be called at any time, more than once, and from any goroutine.
func (t *Tray) Stop() {
	if t.stopped.Swap(true) {
		return
	}
	t.hands.stop()
	if t.started.Load() {
		t.bar.stop()
	}
}

// SetLanguage changes the words, from any goroutine.
func (t *Tray) SetLanguage(code string) {
	t.setWords(code)
	t.news.tell(func(*news) {})
}

func (t *Tray) setWords(code string) {
	w := wordsFor(code)
	t.words.Store(&w)
}

// Package tray is the icon in the menu bar and its menu: how long the line is,
// why it stands still, how short memory is and what is at work. It follows the
// board and decides nothing; what a click does is somebody else's business.
package tray

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sluice/internal/board"
	"sluice/internal/oneline"
)

// Actions are what the menu can do. Each runs in a goroutine of the tray's own
// and should return soon: until then, further clicks on the same entry wait.
// What is nil cannot be done.
type Actions struct {
	Pause, Resume, AddFiles, Open, Quit func()

	Show   func(jobID string) // open the window at a job
	Update func()             // open the page of the newer version
}

// Config is what people may choose, and who else is told.
type Config struct {
	Language string        // "ko" is Korean, everything else English
	Outside  func(Outline) // called when there is something new, never concurrently, at most once a second; it may wait for the main thread; nil = nobody
}

// Tray shows the board in the menu bar.
type Tray struct {
	board *board.Board
	log   *slog.Logger
	bar   bar
	hands hands
	tell  func(Outline) // nil = nobody

	words atomic.Pointer[words]
	newer atomic.Pointer[string] // version; "" = there is none
	news  *news

	started, stopped atomic.Bool
}

// bar is the place where a look is shown: the desktop's, or none.
type bar interface {
	// start shows the icon. Clicked is told of every click at once, and opened
	// whenever the menu is opened. Both may be called from any goroutine.
	start(first Look, clicked func(entry, Look), opened func())
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
	t := &Tray{board: b, log: log, bar: bar, hands: newHands(a, log), tell: cfg.Outside, news: newNews()}
	t.setWords(cfg.Language)
	t.newer.Store(new(string))
	return t
}

// Start shows the icon and returns at once. On a Mac it belongs on the main
// thread. Only the first call counts, and none after Stop.
func (t *Tray) Start() {
	if t.stopped.Load() || t.started.Swap(true) {
		return
	}
	t.hands.start()
	t.bar.start(starting(*t.words.Load()), t.click, t.opened)
}

// click also means that the menu has been closed.
func (t *Tray) click(e entry, shown Look) {
	t.news.tell(func(n *news) { n.reading = time.Time{} })
	t.hands.click(e, shown)
}

func (t *Tray) opened() {
	t.news.tell(func(n *news) { n.reading = time.Now() })
}

// Run keeps what is shown up to date until ctx ends. Drawing and telling are
// done aside, because they wait for the main thread on a Mac: when the main
// loop has ended they would wait for ever, and Run must not.
func (t *Tray) Run(ctx context.Context) error {
	looks, outlines := make(newest[Look], 1), make(newest[Outline], 1)
	var aside sync.WaitGroup
	aside.Go(func() { t.drawAll(ctx, looks) })
	aside.Go(func() { t.tellAll(ctx, outlines) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		aside.Wait()
	}()
	t.follow(ctx, looks, outlines)
	select {
	case <-done:
	case <-time.After(lastDraw):
		t.log.Debug("the tray does not answer any more")
	}
	return nil
}

// lastDraw is how long Run waits at its end for a drawing under way.
const lastDraw = 500 * time.Millisecond

// newest is a channel of length one on the way to somebody slow: what he has
// not taken gives way to what is newer. Only one goroutine puts.
type newest[T any] chan T

func (n newest[T]) put(v T) {
	select {
	case <-n:
	default:
	}
	n <- v
}

// drawAll draws the newest look whenever there is one.
func (t *Tray) drawAll(ctx context.Context, looks newest[Look]) {
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

// tellAll tells the newest outline whenever there is one. It waits for no bar:
// the Dock is there without it.
func (t *Tray) tellAll(ctx context.Context, outlines newest[Outline]) {
	for {
		select {
		case o := <-outlines:
			if t.tell != nil {
				t.tell(o)
			}
		case <-ctx.Done():
			return
		}
		if !sleep(ctx, pace) {
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

// SetUpdate offers a newer version in the menu, from any goroutine; "" = there
// is none.
func (t *Tray) SetUpdate(version string) {
	version = strings.TrimPrefix(oneline.Tidy(version), "v")
	t.newer.Store(&version)
	t.news.tell(func(*news) {})
}

func (t *Tray) setWords(code string) {
	w := wordsFor(code)
	t.words.Store(&w)
}

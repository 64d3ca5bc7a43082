package tray

import (
	"image"
	"image/color"
	"log/slog"

	"sluice/internal/board"
)

// Tests in package tray_test reach what they need through these.

// NewOn makes a tray on a bar of the test's own.
func NewOn(b *board.Board, a Actions, cfg Config, log *slog.Logger, on Bar) *Tray {
	return newTray(b, a, cfg, log, bridge{on})
}

// Bar is what a test shows looks on.
type Bar interface {
	Start(first Look, click func(place int, shown Look), opened func())
	Ready() <-chan struct{}
	Draw(Look)
	Stop()
}

type bridge struct{ Bar }

func (b bridge) start(first Look, clicked func(entry, Look), opened func()) {
	b.Start(first, func(place int, shown Look) { clicked(entry(place), shown) }, opened)
}
func (b bridge) ready() <-chan struct{} { return b.Ready() }
func (b bridge) draw(l Look)            { b.Draw(l) }
func (b bridge) stop()                  { b.Stop() }

// Places of the menu that can be clicked.
const (
	PlaceJob    = int(entryJob)
	PlaceNext   = int(entryNext)
	PlaceEnded  = int(entryEnded)
	PlacePause  = int(entryPause)
	PlaceAdd    = int(entryAdd)
	PlaceOpen   = int(entryOpen)
	PlaceUpdate = int(entryUpdate)
	PlaceQuit   = int(entryQuit)
)

// RingSteps is how many steps a full ring has.
const RingSteps = ringSteps

// LookOf is how a snapshot looks in a language when there is nothing newer.
func LookOf(s board.Snapshot, language string) Look { return look(s, wordsFor(language), "") }

// OutlineOf is what others are told of a snapshot.
func OutlineOf(s board.Snapshot, language string) Outline { return outlineOf(s, wordsFor(language)) }

// Labels lists what is visible of the menu.
func (l Look) Labels() []string {
	var out []string
	for _, line := range l.Menu {
		if line.Label != "" {
			out = append(out, line.Label)
		}
	}
	return out
}

func (i Icon) Draw(size int, ink color.NRGBA) *image.NRGBA { return i.draw(size, ink) }
func (i Icon) PNG(ink color.NRGBA) ([]byte, error)         { return i.png(ink) }

// The texts of strangers.
var ()

//go:build linux || cgo

package tray

import (
	"image/color"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"

	"fyne.io/systray"
)

// onLinux tells the two desktops apart; the other one is a Mac.
const onLinux = runtime.GOOS == "linux"

// desktopBar is the desktop's own: a status item on a Mac, a
// StatusNotifierItem on the session bus on Linux.
type desktopBar struct {
	log   *slog.Logger
	built chan struct{} // closed when the menu is there
	shown atomic.Pointer[Look]
	items [entries]*systray.MenuItem
	icons map[Icon][]byte

	off  atomic.Bool // nothing is called any more
	done chan struct{}
}

func newBar(log *slog.Logger) bar {
	return &desktopBar{
		log: log, built: make(chan struct{}), done: make(chan struct{}), icons: map[Icon][]byte{},
	}
}

func (b *desktopBar) ready() <-chan struct{} { return b.built }

// start puts the item up. The library's own way to end it is never used: on a
// Mac it would stop the main loop, which is not ours, and without a session bus
// it dies of a nil connection.
func (b *desktopBar) start(first Look, clicked func(entry, Look), opened func()) {
	b.shown.Store(&first)
	up := make(chan struct{})
	begin, _ := systray.RunWithExternalLoop(func() {
		b.build(first)
		go b.hear(systray.TrayOpenedCh, opened)
		for _, e := range clickable() {
			if b.items[e] != nil {
				go b.hear(b.items[e].ClickedCh, func() { clicked(e, *b.shown.Load()) })
			}
		}
		<-up
		close(b.built)
	}, nil)
	defer close(up)
	if onLinux {
		// What is set before is there when a panel asks for the first time.
		// The title before becomes the name by which panels remember the item.
		b.picture(first)
		systray.SetTitle("sluice")
		begin()
		systray.SetTitle(first.Title)
		return
	}
	begin() // on a Mac there is nothing to talk to before
	b.picture(first)
	systray.SetTitle(first.Title)
}

// build makes the menu. It runs in a goroutine of the library, which answers
// no question about the menu before it is complete.
func (b *desktopBar) build(l Look) {
	for e := range entries {
		if e == entryPause || e == entryQuit {
			b.try(systray.AddSeparator)
		}
		b.try(func() {
			item := systray.AddMenuItem(label(l.Menu[e].Label), "")
			if b.items[e] = item; l.Menu[e].Label == "" {
				item.Hide()
			}
			if !l.Menu[e].Enabled {
				item.Disable()
			}
		})
	}
}

// hear is always there for what people do: the library drops what nobody waits
// for.
func (b *desktopBar) hear(happened <-chan struct{}, tell func()) {
	for {
		select {
		case <-b.done:
			return
		case <-happened:
			tell()
		}
	}
}

// draw makes as few calls as it can: each is a round trip to the main thread
// on a Mac, and a signal to every panel on Linux.
func (b *desktopBar) draw(l Look) {
	old := *b.shown.Load()
	b.shown.Store(&l)
	if l.Icon != old.Icon {
		b.try(func() { b.icon(l.Icon) })
	}
	if l.Title != old.Title {
		b.try(func() { systray.SetTitle(l.Title) })
	}
	if l.Tooltip != old.Tooltip {
		b.try(func() { systray.SetTooltip(l.Tooltip) })
	}
	for e := range entries {
		if l.Menu[e] != old.Menu[e] && b.items[e] != nil {
			b.line(b.items[e], l.Menu[e], old.Menu[e])
		}
	}
}

func (b *desktopBar) line(item *systray.MenuItem, now, old Line) {
	if now.Label == "" {
		b.try(item.Hide)
		return
	}
	if now.Label != old.Label {
		b.try(func() { item.SetTitle(label(now.Label)) })
	}
	if old.Label == "" {
		b.try(item.Show)
	}
	switch {
	case now.Enabled && !old.Enabled:
		b.try(item.Enable)
	case !now.Enabled && old.Enabled:
		b.try(item.Disable)
	}
}

// picture sets what does not belong to the menu.
func (b *desktopBar) picture(l Look) {
	b.icon(l.Icon)
	systray.SetTooltip(l.Tooltip)
}

func (b *desktopBar) icon(i Icon) {
	png, ok := b.icons[i]
	if !ok {
		var err error
		if png, err = i.png(ink()); err != nil {
			b.log.Warn("the tray icon cannot be drawn", "err", err)
			return
		}
		b.icons[i] = png
	}
	systray.SetTemplateIcon(png, png)
}

// ink is black on a Mac, which colours template images itself. A panel on
// Linux shows what it gets, on dark or on light: this tone has a contrast of
// more than 3 with both.
func ink() color.NRGBA {
	if onLinux {
		return color.NRGBA{R: 0x55, G: 0x88, B: 0x88, A: 0xff}
	}
	return color.NRGBA{A: 0xff}
}

// label keeps underscores: on Linux one alone would mark a key and vanish.
func label(s string) string {
	if onLinux {
		return strings.ReplaceAll(s, "_", "__")
	}
	return s
}

// try makes one call to the library, unless it is over. The library panics
// when the session bus has gone away; a desktop that ends must not take the
// line with it.
func (b *desktopBar) try(call func()) {
	if b.off.Load() {
		return
	}
	defer func() {
		if lost := recover(); lost != nil {
			b.off.Store(true)
			b.log.Warn("the tray is gone", "err", lost)
		}
	}()
	call()
}

// stop calls what ends the library's own goroutine on Linux. On a Mac the same
// call would end the main loop.
func (b *desktopBar) stop() {
	b.off.Store(true)
	close(b.done)
	if onLinux {
		systray.Quit()
	}
}

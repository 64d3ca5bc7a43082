//go:build !linux && !cgo

package tray

import "log/slog"

// noBar stands where the desktop's cannot be reached: without cgo there is no
// way to the menu bar.
type noBar struct{ log *slog.Logger }

func newBar(log *slog.Logger) bar { return noBar{log} }

func (b noBar) start(Look, func(entry, Look), func()) { b.log.Info("built without a menu bar") }
func (noBar) ready() <-chan struct{}                  { return nil }
func (noBar) draw(Look)                               {}
func (noBar) stop()                                   {}

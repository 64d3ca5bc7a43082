package tray

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"sluice/internal/job"
)

// Icon is what the picture in the bar says: a gate over a level line. Two of
// them that are equal look the same.
type Icon struct {
	Shut    bool         // the leaf is down: nothing passes now
	Level   job.Pressure // how high the water stands
	Running bool         // a dot on its way through
	Ring    int          // how many steps of a ring are full, in place of the dot; 0 = a dot
	Paused  bool         // two bars in the leaf
}

// ringSteps is how many steps a full ring has: few enough that the picture is
// seldom another, enough that one sees it move.
const ringSteps = 16

// iconSize is the side in pixels: 18 points on a screen of double density.
const iconSize = 36

// png draws the icon. The same ink everywhere; what is not inked is clear.
func (i Icon) png(ink color.NRGBA) ([]byte, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, i.draw(iconSize, ink)); err != nil {
		return nil, fmt.Errorf("encode tray icon: %w", err)
	}
	return b.Bytes(), nil
}

// draw places everything in a square of 36 units: posts at the sides, the leaf
// between them, water below. No part touches another, so that they stay apart
// when a pixel is two units wide.
func (i Icon) draw(size int, ink color.NRGBA) *image.NRGBA {
	c := newCanvas(size)

	surface := 32.0
	switch i.Level {
	case job.Warn:
		surface = 28.5
	case job.Critical:
		surface = 24.5
	case job.Normal:
	}
	c.paint(water(7, 29, surface))
	c.paint(box(1, 5, 5, 36, 1.5))
	c.paint(box(31, 5, 35, 36, 1.5))

	down := i.Shut || i.Paused || i.Level == job.Critical
	if down {
		c.paint(box(7, 6, 29, 21.5, 2))
		i.mark(c)
	} else {
		c.paint(box(7, 0, 29, 7, 2))
	}

	switch {
	case !i.Running:
	case i.Ring == 0:
		c.wipe(disc(28, 6))
		c.paint(disc(28, 4))
	case down: // there is too little room below the leaf for a hole in the ring
		i.progress(c, 29, 6.5, 6.5)
	default:
		i.progress(c, 19, 9.5, 3.5)
	}
	return c.image(ink)
}

// progress is a ring that fills clockwise from the top. What is still to come
// is a thin line.
func (i Icon) progress(c *canvas, y, radius, thick float64) {
	c.wipe(disc(y, radius+1.5))
	c.paint(disc(y, radius))
	c.wipe(disc(y, radius-1))
	c.paint(arc(y, radius-thick, radius, float64(i.Ring)/ringSteps))
}

// mark cuts into the leaf why it is down: two bars for a pause, a warning when
// memory is critically short, or both side by side.
func (i Icon) mark(c *canvas) {
	bars := func(x float64) {
		c.wipe(box(x-4.5, 9.5, x-1.5, 18, 0.8))
		c.wipe(box(x+1.5, 9.5, x+4.5, 18, 0.8))
	}
	warning := func(x float64) {
		c.wipe(box(x-1.75, 8, x+1.75, 14, 0.8))
		c.wipe(box(x-1.75, 16, x+1.75, 19.5, 0.8))
	}
	critical := i.Level == job.Critical
	switch {
	case i.Paused && critical:
		bars(15)
		warning(24)
	case i.Paused:
		bars(18)
	case critical:
		warning(18)
	}
}

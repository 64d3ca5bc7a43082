package tray

import (
	"image"
	"image/color"
	"math"
)

// canvas is a square picture in one ink. Shapes are given in units of a 36th
// of its side, so that the same drawing serves every size.
type canvas struct {
	size  int
	cover []bool // samples² points per pixel
}

const (
	units   = 36 // side of the drawing
	samples = 8  // points per pixel and direction
)

// shape says whether a point of the drawing belongs to it.
type shape func(x, y float64) bool

func newCanvas(size int) *canvas {
	side := size * samples
	return &canvas{size: size, cover: make([]bool, side*side)}
}

// paint inks what a shape covers, and wipe takes ink away.
func (c *canvas) paint(s shape) { c.set(s, true) }
func (c *canvas) wipe(s shape)  { c.set(s, false) }

func (c *canvas) set(s shape, ink bool) {
	side := c.size * samples
	unit := float64(units) / float64(side)
	for i := range c.cover {
		if s((float64(i%side)+0.5)*unit, (float64(i/side)+0.5)*unit) {
			c.cover[i] = ink
		}
	}
}

// image is the drawing in one ink; how much of a pixel is covered is its
// opacity. That comes in 17 steps of 15, and an ink's channels are multiples of
// 17, so that a channel times its opacity has no rest: systray on Linux keeps
// the low half of such a product, and a rest would colour the edges at random.
func (c *canvas) image(ink color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, c.size, c.size))
	const all = samples * samples
	side := c.size * samples
	for y := range c.size {
		for x := range c.size {
			n := 0
			for sy := range samples {
				row := (y*samples+sy)*side + x*samples
				for _, covered := range c.cover[row : row+samples] {
					if covered {
						n++
					}
				}
			}
			ink.A = uint8(15 * ((17*n + all/2) / all))
			img.SetNRGBA(x, y, ink)
		}
	}
	return img
}

// box is a rectangle with round corners.
func box(left, top, right, bottom, radius float64) shape {
	return func(x, y float64) bool {
		if x < left || x > right || y < top || y > bottom {
			return false
		}
		// Only in a corner are both distances to the inner rectangle above zero.
		dx := max(left+radius-x, x-(right-radius), 0)
		dy := max(top+radius-y, y-(bottom-radius), 0)
		return math.Hypot(dx, dy) <= radius
	}
}

// disc is a filled circle halfway between the sides.
func disc(cy, radius float64) shape {
	return func(x, y float64) bool { return math.Hypot(x-units/2, y-cy) <= radius }
}

// arc is a share of a ring halfway between the sides, clockwise from the top.
func arc(cy, inner, outer, share float64) shape {
	return func(x, y float64) bool {
		dx, dy := x-units/2, cy-y
		if r := math.Hypot(dx, dy); r < inner || r > outer {
			return false
		}
		angle := math.Atan2(dx, dy)
		if angle < 0 {
			angle += 2 * math.Pi
		}
		return angle <= share*2*math.Pi
	}
}

// water fills everything below a surface with two low waves.
func water(left, right, surface float64) shape {
	return func(x, y float64) bool {
		wave := math.Sin((x - left) / (right - left) * 4 * math.Pi)
		return x >= left && x <= right && y >= surface+wave
	}
}

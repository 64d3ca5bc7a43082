package tray_test

import (
	"bytes"
	"image/color"
	"image/png"
	"testing"

	"sluice/internal/job"
	"sluice/internal/tray"
)

func levels() []job.Pressure { return []job.Pressure{job.Normal, job.Warn, job.Critical} }

func black() color.NRGBA { return color.NRGBA{A: 0xff} }

func TestEveryStateHasAPictureOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]tray.Icon{}
	for _, level := range levels() {
		for _, i := range []tray.Icon{
			{Shut: level == job.Critical},
			{Shut: true, Running: true},
			{Paused: true},
			{Paused: true, Running: true},
			{Running: true, Ring: 1},
			{Running: true, Ring: 2},
			{Running: true, Ring: tray.RingSteps - 1},
			{Running: true, Ring: tray.RingSteps},
			{Paused: true, Running: true, Ring: 1},
			{Paused: true, Running: true, Ring: tray.RingSteps},
		} {
			i.Level = level
			b, err := i.PNG(black())
			if err != nil {
				t.Fatal(err)
			}
			if other, ok := seen[string(b)]; ok {
				t.Errorf("%+v looks like %+v", i, other)
			}
			seen[string(b)] = i
		}
	}
	if len(seen) != 30 {
		t.Errorf("%d pictures", len(seen))
	}
}

func TestOpenIsNotShut(t *testing.T) {
	t.Parallel()
	open, shut := tray.Icon{Level: job.Normal}.Draw(36, black()), tray.Icon{Level: job.Normal, Shut: true}.Draw(36, black())
	if open.NRGBAAt(18, 14).A != 0 || shut.NRGBAAt(18, 14).A != 0xff {
		t.Error("the leaf does not move")
	}
}

func TestTheWaterRisesWithThePressure(t *testing.T) {
	t.Parallel()
	high := 0
	for _, level := range levels() {
		img := tray.Icon{Level: level, Shut: true}.Draw(36, black())
		inked := 0
		for y := 22; y < 36; y++ { // below the leaf
			if img.NRGBAAt(10, y).A > 0x80 {
				inked++
			}
		}
		if inked < high+3 {
			t.Errorf("%s: %d pixels high after %d", level, inked, high)
		}
		high = inked
	}
}

// Open there is room for a ring, below the leaf only for a smaller one.
func TestTheRingFillsStepByStep(t *testing.T) {
	t.Parallel()
	for name, i := range map[string]tray.Icon{
		"open": {Level: job.Normal}, "shut": {Level: job.Critical, Shut: true}, "paused": {Level: job.Warn, Paused: true},
	} {
		i.Running = true
		last := -1
		for i.Ring = 1; i.Ring <= tray.RingSteps; i.Ring++ {
			img := i.Draw(36, black())
			inked := 0
			for n := range 36 * 36 {
				inked += int(img.NRGBAAt(n%36, n/36).A)
			}
			if inked < last+3*0xff {
				t.Errorf("%s: step %d has %d of ink after %d", name, i.Ring, inked, last)
			}
			last = inked
		}
	}
}

func TestThePictureIsOneInkOnNothing(t *testing.T) {
	t.Parallel()
	ink := color.NRGBA{R: 0x55, G: 0x88, B: 0x88, A: 0xff}
	b, err := tray.Icon{Level: job.Critical, Shut: true, Running: true, Ring: 5}.PNG(ink)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X != 36 || size.Y != 36 {
		t.Errorf("size %v", size)
	}
	empty, inked := 0, 0
	for y := range 36 {
		for x := range 36 {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			switch {
			case c.A == 0:
				empty++
			case c.A == 0xff && c == ink:
				inked++
			case c.A == 0xff:
				t.Fatalf("%v at %d, %d", c, x, y)
			}
			if c.A%15 != 0 { // or the edges have odd colours on Linux
				t.Fatalf("opacity %d at %d, %d", c.A, x, y)
			}
		}
	}
	if empty < 200 || inked < 200 {
		t.Errorf("%d clear and %d inked pixels", empty, inked)
	}
}

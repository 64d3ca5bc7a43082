package app

import (
	"encoding/json"
	"os"
	"sync"

	"sluice/internal/fault"
)

// frame is how large the window was left: the size of its page, in points. What
// the toolkits call the size of a window has the title bar in it at one call and
// not at the other, so that it would grow with every start.
type frame struct {
	Width     int  `json:"width"`
	Height    int  `json:"height"`
	Maximised bool `json:"maximised,omitempty"`
}

// The window at its first start, and its bounds.
const (
	windowWidth, windowHeight = 960, 640
	leastWidth, leastHeight   = 640, 480
	mostPoints                = 16384 // more than any screen has
)

// right says whether a window can have this size.
func (f frame) right() bool {
	return f.Width >= leastWidth && f.Width <= mostPoints && f.Height >= leastHeight && f.Height <= mostPoints
}

// within makes the frame no larger than a screen.
func (f frame) within(width, height int) frame {
	if width > 0 && height > 0 {
		f.Width, f.Height = max(leastWidth, min(f.Width, width)), max(leastHeight, min(f.Height, height))
	}
	return f
}

// frames keeps the newest frame in a file; "" keeps none.
type frames struct {
	path string

	mu   sync.Mutex
	last frame
}

// newFrames reads what was kept. What cannot be read is as good as nothing: the
// window then has its first size.
func newFrames(path string) *frames {
	k := &frames{path: path, last: frame{Width: windowWidth, Height: windowHeight}}
	if path == "" {
		return k
	}
	body, err := os.ReadFile(path)
	var was frame
	if err == nil && json.Unmarshal(body, &was) == nil && was.right() {
		k.last = was
	}
	return k
}

// get is the frame to start with.
func (k *frames) get() frame {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last
}

// keep writes a frame down. Of one that fills the screen only that is kept: the
// size below it comes back when it does so no more.
func (k *frames) keep(now frame) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Maximised {
		now.Width, now.Height = k.last.Width, k.last.Height
	}
	if !now.right() {
		return fault.New(fault.RequestInvalid, "This is no size of the window.", nil)
	}
	if now == k.last || k.path == "" {
		return nil
	}
	body, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if err := writeWhole(k.path, append(body, '\n')); err != nil {
		return err
	}
	k.last = now
	return nil
}

package tray

import (
	"math"

	"sluice/internal/board"
)

// Outline is what others outside the window show of the line: the Dock, a
// taskbar, a screen reader. Two that are equal need not be told twice.
type Outline struct {
	Spoken   string  // the icon in sentences, for who does not see it
	Depth    int     // jobs in the line, the one at work among them
	Progress float64 // of the job at work, 0..1 in hundredths; -1 = there is none
}

// outlineOf tells of a board in a language. What changes all the time, like
// the time that is left, is not in it: nobody should be read the same
// sentence every second.
func outlineOf(s board.Snapshot, w words) Outline {
	o := Outline{Depth: s.Depth(), Progress: -1}
	m, first := moodOf(s)
	var now string
	if len(s.Running) > 0 {
		share, _ := shareOf(s) // what is not known is nothing yet
		o.Progress = math.Floor(share*100) / 100
		stage, percent := stageOf(s.Running[0])
		now = w.sayWork(nameOf(s.Running[0], w), stage, percent)
	}
	o.Spoken = "Sluice: " + w.sayDepth(o.Depth)
	for _, sentence := range []string{now, w.sayMood(m, first.Reason, len(s.Running) > 0), w.sayMemory(s.Memory.Level)} {
		if sentence != "" {
			o.Spoken += " " + sentence
		}
	}
	return o
}

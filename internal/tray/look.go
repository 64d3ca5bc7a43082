package tray

import (
	"slices"
	"strconv"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/oneline"
)

// Look is everything that is shown. Two looks that are equal need no drawing.
type Look struct {
	Icon    Icon
	Title   string // beside the icon; "" = none
	Tooltip string
	Menu    [entries]Line
}

// Line is one line of the menu.
type Line struct {
	Label   string // "" = the line is not there now
	Enabled bool   // it can be clicked
	Job     string // ID of the job it stands for; "" = none
}

// entry is a place in the menu, from top to bottom. What stands above entryJob
// only tells.
type entry int

const (
	entryDepth entry = iota
	entryReason
	entryMemory
	entryETA
	entryJob  // the one at work
	entryNext // the first of those that wait
	_
	_
	entryEnded // the newest result
	_
	_
	entryPause
	entryAdd
	entryOpen
	entryUpdate
	entryQuit
	entries
)

// listed is how many jobs that wait and how many results have a place.
const listed = 3

// clickable lists the entries that do something.
func clickable() []entry {
	var out []entry
	for e := entryJob; e < entries; e++ {
		out = append(out, e)
	}
	return out
}

// mood is what the line does now, in one word.
type mood int

const (
	idle    mood = iota // nothing is in it
	working             // a job runs, or is about to
	waiting             // the first cannot start; a reason tells why
	short               // memory is critically short: nothing starts
	paused
)

// starting is the look before anything is known.
func starting(w words) Look {
	l := Look{Icon: Icon{Level: job.Normal}, Tooltip: "Sluice"}
	l.Menu[entryDepth].Label = w.starting()
	l.Menu[entryPause].Label = w.pause()
	l.Menu[entryAdd] = button(w.add())
	l.Menu[entryOpen] = button(w.open())
	l.Menu[entryQuit] = button(w.quit())
	return l
}

func button(label string) Line { return Line{Label: label, Enabled: true} }

// look says how the board is shown. Newer is the version to which Sluice can
// be updated; "" = there is none.
func look(s board.Snapshot, w words, newer string) Look {
	l := starting(w)
	m, first := moodOf(s)
	running := len(s.Running) > 0
	l.Icon = iconOf(s)
	l.Title = depthTitle(s.Depth())
	l.Tooltip = w.tooltip(s.Depth(), m, first.Reason, s.Memory.Level)

	l.Menu[entryDepth].Label = w.depth(s.Depth())
	switch m {
	case idle, working:
	case waiting:
		l.Menu[entryReason].Label = w.reason(first, s.Memory.Available)
	case short:
		l.Menu[entryReason].Label = w.short(job.FormatBytes(max(0, s.Memory.Available)))
	case paused:
		l.Menu[entryReason].Label = w.paused(running)
	}
	if s.Memory.Level != "" {
		l.Menu[entryMemory].Label = w.memory(s.Memory.Level, s.Memory.FreePercent)
	}
	// While the line stands still nobody knows when it will be done.
	if m == working && s.ETASeconds > 0 {
		l.Menu[entryETA].Label = w.finish(s.ETASeconds)
	}
	l.list(s, w)
	l.Menu[entryPause] = button(w.pause())
	if s.Paused {
		l.Menu[entryPause].Label = w.resume()
	}
	if newer != "" {
		l.Menu[entryUpdate] = button(w.newer(oneline.Shorten(newer, versionLength)))
	}
	return l
}

// versionLength is how many characters of a version are shown.
const versionLength = 20

// still is the look while people read the menu that shows the old one: what a
// line says may change, but none comes, goes, or stands for another job just
// when it is about to be clicked.
func (l Look) still(old Look) Look {
	for e := range entries {
		now, before := l.Menu[e], old.Menu[e]
		if (now.Label == "") != (before.Label == "") || now.Job != before.Job {
			l.Menu[e] = before
		}
	}
	return l
}

// moodOf says what the line does and, when it waits, which job it waits for.
func moodOf(s board.Snapshot) (mood, job.Job) {
	switch {
	case s.Paused:
		return paused, job.Job{}
	case s.Depth() == 0:
		return idle, job.Job{}
	case s.Gate.State == job.GateShut:
		return short, job.Job{}
	case len(s.Running) > 0:
		return working, job.Job{}
	}
	// Those that wait for something of their own are overtaken, the first of
	// the others decides.
	if i := slices.IndexFunc(s.Next, func(j job.Job) bool { return j.Reason.Blocking() }); i >= 0 {
		if r := s.Next[i].Reason; r == job.Memory || r == job.Power {
			return waiting, s.Next[i]
		}
		return working, job.Job{} // it is taken this moment
	}
	if len(s.Next) > 0 {
		return waiting, s.Next[0]
	}
	return working, job.Job{}
}

func iconOf(s board.Snapshot) Icon {
	level := s.Memory.Level
	if level == "" {
		level = job.Normal
	}
	return Icon{
		Shut:    s.Gate.State == job.GateWaiting || s.Gate.State == job.GateShut,
		Level:   level,
		Running: len(s.Running) > 0,
		Ring:    ring(s),
		Paused:  s.Paused,
	}
}

// ring is how much of the icon's ring is full; none of it when nobody knows.
func ring(s board.Snapshot) int {
	if share, known := shareOf(s); known {
		return max(1, int(share*ringSteps)) // never an empty one: it would say that nothing is known
	}
	return 0
}

func depthTitle(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

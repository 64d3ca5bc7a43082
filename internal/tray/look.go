package tray

import (
	"slices"
	"strconv"

	"sluice/internal/board"
	"sluice/internal/job"
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
}

// entry is a place in the menu, from top to bottom. What stands above
// entryPause only tells.
type entry int

const (
	entryDepth entry = iota
	entryReason
	entryMemory
	entryJob
	entryETA
	entryPause
	entryAdd
	entryOpen
	entryQuit
	entries
)

// clickable lists the entries that do something.
func clickable() []entry { return []entry{entryPause, entryAdd, entryOpen, entryQuit} }

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
	l.Menu[entryAdd] = Line{w.add(), true}
	l.Menu[entryOpen] = Line{w.open(), true}
	l.Menu[entryQuit] = Line{w.quit(), true}
	return l
}

// look says how the board is shown.
func look(s board.Snapshot, w words) Look {
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
	if running {
		l.Menu[entryJob].Label = jobLine(s.Running[0], w)
	}
	// While the line stands still nobody knows when it will be done.
	if m == working && s.ETASeconds > 0 {
		l.Menu[entryETA].Label = w.finish(s.ETASeconds)
	}
	l.Menu[entryPause] = Line{w.pause(), true}
	if s.Paused {
		l.Menu[entryPause].Label = w.resume()
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
		Paused:  s.Paused,
	}
}

func depthTitle(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// jobLine is the job at work: its name, what is being done, how far and for
// how long still.
func jobLine(j job.Job, w words) string {
	name := tidy(j.Title)
	if name == "" {
		name = tidy(j.Source.Name)
	}
	if name == "" {
		name = w.untitled()
	}
	stage, percent, left := j.Stage, -1, j.ETASeconds
	if p := j.Progress; p.Stage != "" {
		stage, percent = p.Stage, percentOf(p.Fraction)
		// Nothing comes after the last stage, and its own estimate is newer.
		if stages := j.Options.Stages(); p.Stage == stages[len(stages)-1] && p.ETASeconds > 0 {
			left = p.ETASeconds
		}
	}
	return w.atWork(shorten(name, nameLength), stage, percent, left)
}

// nameLength is how many characters of a name are shown.
const nameLength = 40

// percentOf is 0 for what is no number.
func percentOf(fraction float64) int {
	if fraction > 0 {
		return int(min(fraction, 1) * 100)
	}
	return 0
}

package tray

import (
	"strings"

	"sluice/internal/job"
)

// words are what the tray says in one language.
type words interface {
	starting() string
	depth(n int) string
	paused(running bool) string
	short(free string) string
	// reason says why the line waits for j, with what is free of memory.
	reason(j job.Job, free int64) string
	memory(level job.Pressure, freePercent int) string
	// atWork tells of the running job; percent is below 0 and left 0 when not known.
	atWork(name string, stage job.Stage, percent, left int) string
	finish(seconds int) string
	// Jobs by their names: those whose turn comes, those that wait for something
	// of their own, and results, with a mark that needs no colour.
	next(name string) string
	waits(name string) string
	done(name string) string
	failed(name string) string
	// tooltip is all of it in one sentence; r goes with the mood waiting.
	tooltip(depth int, m mood, r job.Reason, level job.Pressure) string

	// What is read aloud, in whole sentences; "" = there is nothing to say. The
	// arguments are those of their namesakes above.
	sayDepth(n int) string
	sayWork(name string, stage job.Stage, percent int) string
	sayMood(m mood, r job.Reason, running bool) string
	sayMemory(level job.Pressure) string

	untitled() string
	pause() string
	resume() string
	add() string
	open() string
	newer(version string) string
	quit() string
}

// wordsFor finds the words of a language tag.
func wordsFor(code string) words {
	primary, _, _ := strings.Cut(strings.ReplaceAll(code, "_", "-"), "-")
	if strings.EqualFold(primary, "ko") {
		return korean{}
	}
	return english{}
}

// span splits a time into hours and minutes, rounded up to what people plan
// with: a minute below ten hours, an hour above.
func span(seconds int) (hours, minutes int) {
	minutes = (seconds + 59) / 60
	hours, minutes = minutes/60, minutes%60
	if hours >= 10 {
		return (seconds + 3599) / 3600, 0
	}
	return hours, minutes
}

// shortage is a job's need and what is free as words, and whether they say
// something: not when nothing is known, and not when what is missing is lost
// in rounding or has just come free.
func shortage(j job.Job, available int64) (need, free string, ok bool) {
	need, free = job.FormatBytes(j.Need.Bytes), job.FormatBytes(max(0, available))
	return need, free, j.Need.Bytes > available && need != free
}

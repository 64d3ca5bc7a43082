package tray

import (
	"slices"

	"sluice/internal/board"
	"sluice/internal/job"
	"sluice/internal/oneline"
)

// list puts the jobs into the menu: the one at work, some that wait and the
// newest results. A click leads to each of them.
func (l *Look) list(s board.Snapshot, w words) {
	if len(s.Running) > 0 {
		l.Menu[entryJob] = lineOf(s.Running[0], jobLine(s.Running[0], w))
	}
	for i, j := range firstOf(s.Next) {
		label := w.next(nameOf(j, w))
		if aside(j) {
			label = w.waits(nameOf(j, w))
		}
		l.Menu[entryNext+entry(i)] = lineOf(j, label)
	}
	for i, j := range results(s.Last) {
		label := w.done(nameOf(j, w))
		if j.State == job.Failed {
			label = w.failed(nameOf(j, w))
		}
		l.Menu[entryEnded+entry(i)] = lineOf(j, label)
	}
}

func lineOf(j job.Job, label string) Line { return Line{Label: label, Enabled: true, Job: j.ID} }

// firstOf lists those that come next, in that order: who waits for something
// of its own comes after all who do not.
func firstOf(line []job.Job) []job.Job {
	var out, later []job.Job
	for _, j := range line {
		if aside(j) {
			later = append(later, j)
		} else {
			out = append(out, j)
		}
	}
	out = append(out, later...)
	return out[:min(len(out), listed)]
}

// aside says whether a job waits for something of its own, so that those
// behind it go first. A pause holds up all of them alike.
func aside(j job.Job) bool { return !j.Reason.Blocking() && j.Reason != job.Paused }

// results lists what came of the last jobs, the newest first. One that somebody
// has canceled is no news to anybody.
func results(last []job.Job) []job.Job {
	out := slices.DeleteFunc(slices.Clone(last), func(j job.Job) bool { return j.State != job.Done && j.State != job.Failed })
	return out[:min(len(out), listed)]
}

// jobLine is the job at work: its name, what is being done, how far and for
// how long still.
func jobLine(j job.Job, w words) string {
	stage, percent := stageOf(j)
	left := j.ETASeconds
	if p := j.Progress; p.Stage != "" {
		// Nothing comes after the last stage, and its own estimate is newer.
		if stages := j.Options.Stages(); p.Stage == stages[len(stages)-1] && p.ETASeconds > 0 {
			left = p.ETASeconds
		}
	}
	return w.atWork(nameOf(j, w), stage, percent, left)
}

// stageOf is what is being done and how far; below 0 = nobody knows.
func stageOf(j job.Job) (job.Stage, int) {
	if p := j.Progress; p.Stage != "" {
		return p.Stage, percentOf(p.Fraction)
	}
	return j.Stage, -1
}

// nameOf is what people call a job, fit for a menu.
func nameOf(j job.Job, w words) string {
	for _, name := range []string{j.Title, j.Source.Name} {
		if name = oneline.Tidy(name); name != "" {
			return oneline.Shorten(name, nameLength)
		}
	}
	return w.untitled()
}

// nameLength is how many characters of a name are shown.
const nameLength = 40

// percentOf is 0 for what is no number.
func percentOf(fraction float64) int { return int(within(fraction) * 100) }

// within is a share between 0 and 1, and 0 for what is no number.
func within(fraction float64) float64 {
	if fraction > 0 {
		return min(fraction, 1)
	}
	return 0
}

// shareOf is how much of the job at work is done, as far as that is known: all
// of it, unlike what the menu says of one stage, so that it never goes back.
// The stages count alike, but for the first, which is over in no time. A job
// that is only transcribed is as far as its transcript.
func shareOf(s board.Snapshot) (share float64, known bool) {
	if len(s.Running) == 0 || s.Running[0].Progress.Stage == "" {
		return 0, false
	}
	p := s.Running[0].Progress
	if p.Stage == job.Deliver {
		return 1, true
	}
	stages := s.Running[0].Options.Stages()[1:]
	i := slices.Index(stages, p.Stage)
	if i < 0 {
		return 0, false
	}
	return (float64(i) + within(p.Fraction)) / float64(len(stages)), true
}

package notice

import (
	"sluice/internal/job"
	"sluice/internal/oneline"
)

// tally is how the jobs of the line have ended since it was last done.
type tally struct {
	jobs   map[string]mark
	before figures // of those that are no longer in jobs
	news   int     // done ones that nobody knows of
	last   job.Job // the newest done one
}

// mark is how one job has ended.
type mark struct {
	state job.State
	known bool // somebody was told, or looked
}

// figures count ends.
type figures struct{ done, failed int }

func (f *figures) count(s job.State) {
	if s == job.Failed {
		f.failed++
	} else {
		f.done++
	}
}

// tallied is how many jobs are told apart. Of those before only figures are left.
const tallied = 10_000

func (t *tally) add(j job.Job, known bool) {
	t.drop(j.ID)
	if len(t.jobs) >= tallied {
		t.before, t.jobs = t.figures(), nil
	}
	if t.jobs == nil {
		t.jobs = map[string]mark{}
	}
	if j.State == job.Done {
		t.last = j
		if !known {
			t.news++
		}
	}
	t.jobs[j.ID] = mark{j.State, known}
}

// drop takes out a job that is in the line again, or is no more.
func (t *tally) drop(id string) {
	m, ok := t.jobs[id]
	if !ok {
		return
	}
	if m.state == job.Done && !m.known {
		t.news--
	}
	delete(t.jobs, id)
}

// see notes that somebody looks: what is there is known.
func (t *tally) see() {
	if t.news == 0 {
		return
	}
	for id, m := range t.jobs {
		t.jobs[id] = mark{m.state, true}
	}
	t.news = 0
}

func (t *tally) empty() bool { return len(t.jobs) == 0 && t.before == figures{} }

func (t *tally) figures() figures {
	f := t.before
	for _, m := range t.jobs {
		f.count(m.state)
	}
	return f
}

// note tells that the line is done. A job that was alone in it is named.
func (t *tally) note(waiting int, w words) Note {
	f := t.figures()
	if _, here := t.jobs[t.last.ID]; here && f == (figures{done: 1}) {
		note := jobNote(t.last, w)
		note.Body = join(note.Body, w.waiting(waiting))
		return note
	}
	return Note{ID: "line", Title: w.lineDone(waiting), Body: join(w.figures(f), w.waiting(waiting))}
}

// batch is the jobs that have ended in one moment, one by one.
type batch struct {
	jobs []job.Job
	more figures // of those that are too many to be kept
}

// kept is how many jobs a batch keeps.
const kept = 100

func (b *batch) add(j job.Job) {
	b.drop(j.ID)
	if len(b.jobs) >= kept {
		b.more.count(j.State)
		return
	}
	b.jobs = append(b.jobs, j)
}

func (b *batch) drop(id string) {
	for i := range b.jobs {
		if b.jobs[i].ID == id {
			b.jobs = append(b.jobs[:i:i], b.jobs[i+1:]...)
			return
		}
	}
}

func (b *batch) size() int { return len(b.jobs) + b.more.done + b.more.failed }

// note tells of all of them at once: which they are, when they have ended alike.
func (b *batch) note(w words) Note {
	f := b.more
	for _, j := range b.jobs {
		f.count(j.State)
	}
	note := Note{ID: "jobs", Title: w.many(f), Body: w.figures(f)}
	if f.done == 0 || f.failed == 0 {
		note.Body = w.list(b.names(w), b.size())
	}
	return note
}

// named is how many jobs are called by their names when there are many.
const named = 3

func (b *batch) names(w words) []string {
	var out []string
	for _, j := range b.jobs[:min(named, len(b.jobs))] {
		out = append(out, nameOf(j, shortName, w))
	}
	return out
}

// jobNote tells how a job has ended.
func jobNote(j job.Job, w words) Note {
	note := Note{ID: "job-" + j.ID, JobID: j.ID}
	name := nameOf(j, longName, w)
	if j.State == job.Failed {
		note.Title, note.Body = w.failed(name), w.why(j.Error)
	} else {
		note.Title, note.Body = w.done(name), w.ready(len(j.Warnings))
	}
	return note
}

// How many characters of a name are shown, alone and with others.
const (
	longName  = 60
	shortName = 30
)

func nameOf(j job.Job, length int, w words) string {
	for _, s := range []string{j.Title, j.Source.Name} {
		if s = oneline.Tidy(s); s != "" {
			return oneline.Shorten(s, length)
		}
	}
	return w.untitled()
}

// join puts sentences together, those that say something.
func join(first, second string) string {
	if second == "" {
		return first
	}
	return first + " " + second
}

package admission

import "time"

// lately is how long after a question its asker still counts as waiting, and
// how long after a yes the same may be asked again on the way to the start.
const lately = time.Minute

// waiting is how long the line has waited for a stage that takes memory.
type waiting struct {
	since time.Time // the first refusal
	asked time.Time // the latest
	began time.Time // when a stage was let in after it; zero = none was
}

// refused notes a refusal.
func (w *waiting) refused(at time.Time) {
	if !w.counts() {
		*w = waiting{since: at}
	}
	w.asked = at
}

// admitted notes that a stage starts.
func (w *waiting) admitted(at time.Time) {
	if w.began.IsZero() {
		w.began = at
	}
}

// counts says that it is about the stage that is asked for now.
func (w *waiting) counts() bool {
	return !w.since.IsZero() && time.Since(w.asked) <= lately && (w.began.IsZero() || time.Since(w.began) <= lately)
}

// live says that the latest answer was a refusal, and that not long ago.
func (w *waiting) live() bool { return w.counts() && !w.asked.Before(w.began) }

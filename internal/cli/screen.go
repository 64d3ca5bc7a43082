package cli

import (
	"bytes"
	"fmt"
	"strings"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// screen shows one job on its way: a line of progress where somebody watches,
// and its text as it comes where somebody reads along.
type screen struct {
	c     *console
	about string // begins the line of progress when there are several files
	text  *liveText
	drawn bool // a line of progress stands on the terminal
	stage job.Stage
	said  string // the last reason to wait that was noted
}

func (s *screen) job(j jobView) {
	switch j.State {
	case job.Queued:
		s.wait(j)
	case job.Running:
		s.stage = j.Stage
		if j.Progress != nil {
			s.progress(*j.Progress)
			return
		}
		s.status(doing(j.Stage))
	case job.Done, job.Failed, job.Canceled:
		s.clear()
	}
}

// wait shows why the job waits. Where nobody watches a line of progress, what
// is not just its turn is said once: a script must not stand still in silence.
func (s *screen) wait(j jobView) {
	why := waiting(j)
	s.status("Waiting: " + why)
	if r := job.Reason(j.Reason); s.c.ErrTerminal || r == job.Turn || r == "" || s.said == why {
		return
	}
	s.said = why
	s.note("Waiting: %s", why)
}

func (s *screen) progress(p progressView) {
	if p.Stage == "" {
		p.Stage = s.stage
	}
	s.status(progressLine(p))
}

func (s *screen) segment(seg transcript.Segment) {
	if s.text == nil {
		return
	}
	s.clear()
	s.text.add(seg)
}

// status draws the line of progress anew. It stays away from a line of text
// that is not finished.
func (s *screen) status(line string) {
	if !s.c.ErrTerminal || s.text != nil && !s.text.lineStart() {
		return
	}
	if s.about != "" {
		line = s.about + "  " + line
	}
	_, _ = fmt.Fprintf(s.c.Err, "\r\x1b[K%s", shorten(line, s.c.Width-1))
	s.drawn = true
}

// clear takes the line of progress away.
func (s *screen) clear() {
	if s.drawn {
		_, _ = fmt.Fprint(s.c.Err, "\r\x1b[K")
		s.drawn = false
	}
}

// leave ends what is on the terminal; more may follow on a line of its own.
func (s *screen) leave() {
	s.clear()
	if s.text != nil {
		s.text.endLine()
	}
}

// note says something between lines of progress.
func (s *screen) note(format string, args ...any) {
	s.leave()
	s.c.note(format, args...)
}

// waiting says why a queued job is not next.
func waiting(j jobView) string {
	if t := clean(j.ReasonText); t != "" {
		return t
	}
	switch job.Reason(j.Reason) {
	case job.Turn, "":
		switch {
		case j.Position > 1:
			return plural(j.Position-1, "job is", "jobs are") + " before it"
		case j.Position == 1:
			return "it is next"
		}
		return "for its turn" // events do not tell the place
	case job.Memory:
		return "for memory"
	case job.Backoff:
		return "before it is tried again"
	case job.Held:
		return "held"
	case job.Paused:
		return "the line is paused"
	case job.Scheduled:
		return "for its start time"
	case job.Power:
		return "for power"
	case job.OllamaAway:
		return "for Ollama"
	case job.NoModel:
		return "for its model"
	case job.NoSource:
		return "for its file"
	case job.Disk:
		return "for space on the disk"
	case job.QueueAway:
		return "for the shared line"
	}
	return clean(j.Reason)
}

// liveText prints a transcript while it grows. What the recogniser says of a
// span that is not finished may be said again, and differently, when the span
// is done anew: the end tells.
type liveText struct {
	out      *printer
	write    func(transcript.Transcript) []byte
	lines    bool // each segment is a line of its own: nothing is added to a printed line
	segments []transcript.Segment
	printed  []byte // of what write gives
	broken   bool   // the line was ended for something else on the terminal
}

// add prints one more segment; one that was heard before is skipped.
func (l *liveText) add(s transcript.Segment) {
	if n := len(l.segments); n > 0 && s.EndMS <= l.segments[n-1].EndMS {
		return
	}
	l.segments = append(l.segments, s)
	l.grow(transcript.Transcript{Segments: l.segments})
}

// start prints what was finished before we came.
func (l *liveText) start(t transcript.Transcript) {
	if len(l.segments) == 0 && len(t.Segments) > 0 {
		l.segments = append(l.segments, t.Segments...)
		l.grow(t)
	}
}

// finish prints what is missing; false says that the text is another one
// than what was printed.
func (l *liveText) finish(t transcript.Transcript) bool {
	ok := l.grow(t)
	l.endLine()
	return ok
}

// grow prints what t has more than what was printed.
func (l *liveText) grow(t transcript.Transcript) bool {
	text := l.write(t)
	if !l.lines {
		text = bytes.TrimRight(text, "\n")
	}
	rest, ok := bytes.CutPrefix(text, l.printed)
	if !ok || len(rest) == 0 {
		return ok
	}
	if l.broken {
		l.broken = false
		if trimmed, cut := bytes.CutPrefix(rest, []byte("\n")); cut {
			rest = trimmed
		} else {
			rest = bytes.TrimLeft(rest, " ")
		}
	}
	_, _ = l.out.Write(rest)
	l.printed = text
	return true
}

func (l *liveText) endLine() {
	if !l.lineStart() {
		_, _ = l.out.Write([]byte("\n"))
		l.broken = true
	}
}

func (l *liveText) lineStart() bool {
	return l.broken || len(l.printed) == 0 || bytes.HasSuffix(l.printed, []byte("\n"))
}

// timedText writes one line for each segment, with its time.
func timedText(t transcript.Transcript) []byte {
	var b strings.Builder
	for _, s := range t.Segments {
		if text := clean(s.Text); text != "" {
			fmt.Fprintf(&b, "[%s] %s\n", clock(s.StartMS), text)
		}
	}
	return []byte(b.String())
}

package pipeline

import (
	"fmt"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// Join puts spans together. The transcript's language is the one with most
// speech; segments in another one say so themselves.
func Join(spans []Span, complete bool) transcript.Transcript {
	t := transcript.Transcript{Language: language(spans), Complete: complete, Segments: []transcript.Segment{}}
	for _, s := range spans {
		for _, seg := range s.Segments {
			seg.ID = len(t.Segments) + 1
			if s.Language != t.Language {
				seg.Language = s.Language
			}
			t.Segments = append(t.Segments, seg)
		}
	}
	return t
}

// language is the one that most of the text is in; the first one when they are
// even, and when there is no text.
func language(spans []Span) string {
	most, ms := "", map[string]int64{}
	for _, s := range spans {
		if s.Language == "" || s.Language == "auto" { // what was asked for, not what was heard
			continue
		}
		for _, seg := range s.Segments {
			ms[s.Language] += seg.EndMS - seg.StartMS
		}
		if most == "" {
			most = s.Language
		}
	}
	for _, s := range spans {
		if ms[s.Language] > ms[most] {
			most = s.Language
		}
	}
	return most
}

// spoken is the language that was heard last.
func spoken(spans []Span) string {
	for i := len(spans) - 1; i >= 0; i-- {
		switch s := spans[i]; {
		case s.Spoken != "":
			return s.Spoken
		case s.Language != "":
			return s.Language
		}
	}
	return ""
}

const (
	mostRemarks  = 90     // warnings about the text that are kept one by one
	rightAfterMS = 60_000 // what is said again so soon goes on: a span of dense speech, and the pauses in it, are shorter
)

// remarks is what a person should know of the text. What is said again right
// after it was said goes without saying; of very many, the rest is counted.
func remarks(spans []Span) []job.Warning {
	var all []job.Warning
	again, segments, lastMS := 0, 0, int64(0)
	for _, s := range spans {
		segments += len(s.Segments)
		if s.HeardAgain {
			again++
		}
		for _, w := range s.Warnings {
			n := len(all)
			goesOn := n > 0 && all[n-1].Code == w.Code && all[n-1].Text == w.Text && w.AtMS-lastMS <= rightAfterMS
			if lastMS = w.AtMS; !goesOn {
				all = append(all, w)
			}
		}
	}
	all = counted(all)
	switch {
	case segments > 0:
	case len(all) == 0:
		all = []job.Warning{{Code: "no_speech", Text: "No speech was found."}}
	default:
		all = append(all, job.Warning{Code: "no_speech", Text: "There is no text at all."})
	}
	if again > 0 {
		all = append(all, job.Warning{Code: "heard_again", Text: fmt.Sprintf("Parts that looked wrong and were heard again: %d.", again)})
	}
	return all
}

// counted bounds a list of warnings: of each code, those that are too many
// become one, at the first of them.
func counted(all []job.Warning) []job.Warning {
	if len(all) <= mostRemarks {
		return all
	}
	kept, rest := all[:mostRemarks:mostRemarks], all[mostRemarks:]
	times := map[string]int{}
	for _, w := range rest {
		times[w.Code]++
	}
	for _, w := range rest {
		n := times[w.Code]
		if n == 0 {
			continue
		}
		times[w.Code] = 0
		if n > 1 {
			w.Text = fmt.Sprintf("The same was noted %d times from here on.", n)
		}
		kept = append(kept, w)
	}
	return kept
}

package whisper

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"sluice/internal/job"
	"sluice/internal/transcript"
)

// The codes of the warnings about a text.
const (
	WarnLanguage = "language_unsure"     // the first language that was heard may be another
	WarnRepeats  = "text_repeats"        // the same comes very often, though not word by word
	WarnRemoved  = "text_removed"        // a loop, of which the first time was kept
	WarnSilence  = "silence_heard"       // text where nobody speaks; taken out
	WarnFast     = "text_too_fast"       // more than anybody says in the time
	WarnNoText   = "speech_without_text" // sound like speech, of which nothing came
)

// What makes a text doubtful. The first three are upstream Whisper's own.
const (
	densest    = 2.4  // bytes of text over bytes when compressed
	unlikely   = -1.0 // log probability of a token, on average
	unspoken   = 0.6  // probability that nobody speaks
	fastest    = 45.0 // letters in a second, as weight counts them
	missed     = 3000 // ms of speech without a word
	aroundMS   = 1000 // speech so near a segment may be what it says
	besideMS   = 300  // a segment may be so far off the speech it is from
	windowMS   = 30_000
	mostQuoted = 300 // characters of removed text that a warning keeps
)

// judged is what one hearing of a span is worth: the text that may stay, what
// is to be said of it, and whether another hearing may do better.
type judged struct {
	segments []Heard
	warnings []job.Warning
	mute     bool // nothing was heard at all
	doubtful bool
	score    float64 // ms of the sound that have a text, less for text that is doubtful
}

// judge looks at the text of a span and at where speech is in it.
func judge(heard []Heard, speech []Piece, endMS int64) judged {
	j := judged{mute: len(heard) == 0}
	j.silence(heard, speech)
	j.missing(speech) // before loops: it warns of what it leaves out
	j.loops()
	j.rate(endMS)
	j.density()
	for _, s := range j.segments {
		if s.LogProb < unlikely {
			j.doubtful = true
		}
		j.score += float64(s.EndMS-s.StartMS) * (1 + max(s.LogProb, -4)/4)
	}
	return j
}

func (j *judged) warn(code string, atMS int64, format string, about ...any) {
	j.doubtful = true
	j.warnings = append(j.warnings, job.Warning{Code: code, AtMS: atMS, Text: fmt.Sprintf(format, about...)})
}

// silence leaves out what was heard where nobody speaks.
func (j *judged) silence(heard []Heard, speech []Piece) {
	var gone quote
	for _, s := range heard {
		if near(s, speech) && (s.LogProb >= unlikely || s.NoSpeech <= unspoken) {
			j.segments = append(j.segments, s)
			continue
		}
		gone.add(s.Text, s.StartMS)
	}
	if gone.text != "" {
		j.warn(WarnSilence, gone.atMS, "This was heard where nobody seems to speak, and was left out: %s", gone)
	}
}

func near(s Heard, speech []Piece) bool {
	for _, p := range speech {
		if s.StartMS < p.To/samplesPerMS+besideMS && s.EndMS > p.From/samplesPerMS-besideMS {
			return true
		}
	}
	return false
}

// loops leaves out what only says again what stands before it.
func (j *judged) loops() {
	cut, removed := cutLoops(j.segments)
	var gone quote
	kept := j.segments[:0]
	for i, s := range cut {
		if removed[i] != "" {
			gone.add(removed[i], j.segments[i].StartMS)
			j.score -= float64(j.segments[i].EndMS-j.segments[i].StartMS) / 4
		}
		if s.Text = strings.TrimSpace(s.Text); s.Text != "" {
			kept = append(kept, s)
		}
	}
	if gone.text != "" {
		j.warn(WarnRemoved, gone.atMS, "The recogniser was caught in a loop here. This was left out: %s", gone)
	}
	j.segments = kept
}

// rate finds text that nobody can have said in the time up to the next.
func (j *judged) rate(endMS int64) {
	for i, s := range j.segments {
		until := endMS
		if i+1 < len(j.segments) {
			until = j.segments[i+1].StartMS
		}
		n, room := letters(s.Text), float64(max(until, s.EndMS)-s.StartMS)/1000
		if n < fastest || n <= fastest*room {
			continue
		}
		j.warn(WarnFast, s.StartMS, "More text was heard here than anybody can say in %.1f s: it may be invented, or stand in a wrong place.", room)
		j.score -= float64(s.EndMS-s.StartMS) / 2
	}
}

// density finds text that says little in many words, window by window.
func (j *judged) density() {
	for from := 0; from < len(j.segments); {
		to, text := from, ""
		for to < len(j.segments) && j.segments[to].StartMS < j.segments[from].StartMS+windowMS {
			text += j.segments[to].Text + " "
			to++
		}
		first, last := j.segments[from], j.segments[to-1]
		if compression(text) > densest {
			j.warn(WarnRepeats, first.StartMS, "The same words come very often here: the recogniser may have been caught in a loop.")
			j.score -= float64(last.EndMS-first.StartMS) / 2
		}
		from = to
	}
}

// compression is how much smaller zlib makes a text.
func compression(text string) float64 {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return float64(len(text)) / float64(b.Len())
}

// missing finds speech of which nothing came, between one segment and the next.
func (j *judged) missing(speech []Piece) {
	from := int64(math.MinInt64)
	for _, s := range j.segments {
		j.hole(speech, from, s.StartMS-aroundMS)
		from = max(from, s.EndMS+aroundMS)
	}
	j.hole(speech, from, math.MaxInt64)
}

// hole warns when there is much speech between two times that have no text.
func (j *judged) hole(speech []Piece, from, to int64) {
	var ms, first int64
	for _, p := range speech {
		start, end := max(p.From/samplesPerMS, from), min(p.To/samplesPerMS, to)
		if start >= end {
			continue
		}
		if ms == 0 {
			first = start
		}
		ms += end - start
	}
	if ms >= missed {
		j.score -= float64(ms) / 4
		j.warn(WarnNoText, first, "Something like speech is heard from here on, but no words were recognised.")
	}
}

// plain is the text that may stay.
func (j judged) plain() []transcript.Segment {
	segments := make([]transcript.Segment, len(j.segments))
	for i, s := range j.segments {
		segments[i] = s.Segment
	}
	return segments
}

// quote is text that was left out, as a warning keeps it.
type quote struct {
	atMS int64
	text string
}

func (q *quote) add(text string, atMS int64) {
	if q.text == "" {
		q.atMS = atMS
	}
	q.text = strings.TrimSpace(q.text + " " + strings.TrimSpace(text))
}

func (q quote) String() string {
	text := q.text
	if utf8.RuneCountInString(text) > mostQuoted {
		text = string([]rune(text)[:mostQuoted-1]) + "…"
	}
	return "“" + text + "”"
}

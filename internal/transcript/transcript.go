// Package transcript holds what was said and when: segments from the
// recogniser, cues for the screen, and the writers of every export format.
// It does no I/O of its own; writers get an io.Writer.
package transcript

// Transcript is the whole text of one source with its times.
type Transcript struct {
	Language string    `json:"language"` // ISO 639-1 code as the recogniser names it; "" = not known yet
	Complete bool      `json:"complete"` // false while later spans are still to come
	Segments []Segment `json:"segments" nullable:"false"`
}

// Segment is one piece from the recogniser. Times are milliseconds from the
// start of the source; EndMS >= StartMS, and segments are in order.
type Segment struct {
	ID      int    `json:"id"` // from 1, unique within the transcript
	StartMS int64  `json:"start_ms"`
	EndMS   int64  `json:"end_ms"`
	Text    string `json:"text"`
	Words   []Word `json:"words,omitempty"` // only when word times were asked for

	Language string `json:"language,omitempty"` // only when it is not the transcript's

	Untranslated bool `json:"untranslated,omitempty"` // only in a translation: the text is the original

	Edited   bool   `json:"edited,omitempty"`   // somebody has corrected the text; it then has no words with times
	Original string `json:"original,omitempty"` // of one that was edited: what the recogniser or the translator said
}

// Word is one word with its time, inside its segment.
type Word struct {
	StartMS int64  `json:"start_ms"`
	EndMS   int64  `json:"end_ms"`
	Text    string `json:"text"`
}

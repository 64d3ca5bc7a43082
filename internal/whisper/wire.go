package whisper

import "sluice/internal/transcript"

// Protocol is the version both sides must speak. They are the same binary, so
// a mismatch means that it was replaced while it ran.
const Protocol = 3

// SampleRate is that of the sound: 16 kHz, mono, signed 16 bit little endian.
const SampleRate = 16000

const samplesPerMS = SampleRate / 1000

// Op is what the engine is asked to do.
type Op string

// The operations.
const (
	OpSpan   Op = "span"   // recognise; answered by one result or error
	OpCancel Op = "cancel" // give up the span of this id; it answers with error canceled
)

// Request is one line to the engine.
type Request struct {
	ID       int64   `json:"id"`
	Op       Op      `json:"op"`
	PCM      string  `json:"pcm,omitempty"`      // path of the sound
	Growing  bool    `json:"growing,omitempty"`  // the run began while the sound was still being written
	Pieces   []Piece `json:"pieces,omitempty"`   // what to hear of it, one after the other
	Language string  `json:"language,omitempty"` // code; "" or auto = detect
	Spoken   string  `json:"spoken,omitempty"`   // with auto: the language before, which stays unless it is clearly another
	Beam     int     `json:"beam,omitempty"`     // up to 1 = greedy
	Threads  int     `json:"threads,omitempty"`  // 0 = chosen by the engine
	Words    bool    `json:"words,omitempty"`    // word times

	Prompt      string  `json:"prompt,omitempty"`      // said to the model before every window; its end when it is too long
	ToEnglish   bool    `json:"to_english,omitempty"`  // translate
	Temperature float64 `json:"temperature,omitempty"` // 0 = the most probable text; up to 1 = the more it is drawn by chance
	Again       bool    `json:"again,omitempty"`       // it was heard before: no live segments
}

// Piece is a part of the sound, in samples: From is heard, To is not.
type Piece struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// MessageType says what a line from the engine is.
type MessageType string

// The messages.
const (
	MsgReady    MessageType = "ready"    // once: the model is loaded
	MsgProgress MessageType = "progress" // part of the span that is done
	MsgSegment  MessageType = "segment"  // live, may still change
	MsgLanguage MessageType = "language" // detected
	MsgMemory   MessageType = "memory"   // footprint; sent only while the model computes on
	MsgResult   MessageType = "result"   // the span is finished
	MsgError    MessageType = "error"    // the span failed; without id: the engine did
)

// Message is one line from the engine. Times are milliseconds from the start
// of the sound, whatever was skipped.
type Message struct {
	Type         MessageType         `json:"type"`
	ID           int64               `json:"id,omitempty"`
	Protocol     int                 `json:"protocol,omitempty"`
	Model        string              `json:"model,omitempty"`
	Multilingual bool                `json:"multilingual,omitempty"`
	Threads      int                 `json:"threads,omitempty"`
	Fraction     float64             `json:"fraction,omitempty"`
	Language     string              `json:"language,omitempty"`
	Probability  float64             `json:"probability,omitempty"`
	Bytes        int64               `json:"bytes,omitempty"` // the engine's largest footprint so far
	Segment      *transcript.Segment `json:"segment,omitempty"`
	Segments     []Heard             `json:"segments,omitempty"`
	Code         string              `json:"code,omitempty"`
	Text         string              `json:"text,omitempty"` // of an error, for the log
}

// Heard is a segment with what the model thinks of it.
type Heard struct {
	transcript.Segment

	LogProb  float64 `json:"avg_logprob"`    // of one of its tokens, on average; 0 = certain
	NoSpeech float64 `json:"no_speech_prob"` // that nobody speaks in the window it is from
}

// The error codes of the protocol that are no fault codes.
const (
	CodeCanceled = "canceled" // as it was asked to
	CodeNoSound  = "no_sound" // the file of the sound is not there any more
)

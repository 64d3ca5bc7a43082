package transcript

import (
	"errors"
	"fmt"
	"strings"
)

// Format is one kind of export file.
type Format string

// The formats.
const (
	JSON     Format = "json" // the Transcript itself
	SRT      Format = "srt"
	VTT      Format = "vtt"
	Text     Format = "txt" // paragraphs without times
	Markdown Format = "md"  // paragraphs, each with its time
)

// ErrFormat says that there is no such format.
var ErrFormat = errors.New("no such format")

// Formats lists every format in the order of the docs.
func Formats() []Format { return []Format{JSON, SRT, VTT, Text, Markdown} }

// ParseFormat reads a format by its name or file extension, in any case. What
// it does not know is ErrFormat.
func ParseFormat(s string) (Format, error) {
	name := Format(strings.ToLower(strings.TrimPrefix(strings.TrimSpace(s), ".")))
	for _, f := range Formats() {
		if f == name {
			return f, nil
		}
	}
	return "", fmt.Errorf("%q: %w", s, ErrFormat)
}

// Ext is the extension of the format's files, with its dot.
func (f Format) Ext() string { return "." + string(f) }

// ContentType is the media type of the format, all of them UTF-8.
func (f Format) ContentType() string {
	switch f {
	case JSON:
		return "application/json"
	case SRT:
		return "application/x-subrip; charset=utf-8"
	case VTT:
		return "text/vtt; charset=utf-8"
	case Markdown:
		return "text/markdown; charset=utf-8"
	case Text:
		return "text/plain; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

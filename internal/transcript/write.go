package transcript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Options of an export; the zero value works.
type Options struct {
	Title      string // heading of Markdown; "" = none
	SourceName string // named below the heading of Markdown; "" = not named
	Layout     Layout // of subtitles
}

// Write writes t in one format. An unfinished transcript is written as far as
// it goes; whether that may be handed out is the caller's affair.
func Write(w io.Writer, t Transcript, f Format, o Options) error {
	var b bytes.Buffer
	switch f {
	case JSON:
		if err := encode(&b, t.Cleaned()); err != nil {
			return fmt.Errorf("write %s: %w", f, err)
		}
	case SRT:
		writeSRT(&b, Cues(t, o.Layout))
	case VTT:
		writeVTT(&b, Cues(t, o.Layout))
	case Text:
		writeText(&b, t)
	case Markdown:
		writeMarkdown(&b, t, o)
	default:
		return fmt.Errorf("%q: %w", string(f), ErrFormat)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write %s: %w", f, err)
	}
	return nil
}

func encode(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func writeText(b *bytes.Buffer, t Transcript) {
	for i, p := range paragraphs(t) {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.text)
		b.WriteByte('\n')
	}
}

func writeMarkdown(b *bytes.Buffer, t Transcript, o Options) {
	if title := oneLine(o.Title); title != "" {
		fmt.Fprintf(b, "# %s\n\n", escapeMarkdown(title))
	}
	if name := oneLine(o.SourceName); name != "" {
		fmt.Fprintf(b, "Source: %s\n\n", escapeMarkdown(name))
	}
	for i, p := range paragraphs(t) {
		if i > 0 {
			b.WriteByte('\n')
		}
		h, m, s, _ := clock(p.startMS)
		fmt.Fprintf(b, "[%02d:%02d:%02d] %s\n", h, m, s, escapeMarkdown(p.text))
	}
}

// escapeMarkdown makes spoken text mean itself. Text never starts a line, so
// only the marks inside a line need it.
func escapeMarkdown(s string) string {
	return strings.NewReplacer(
		`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`,
		`<`, `\<`, `>`, `\>`, `&`, `\&`, `|`, `\|`, `~`, `\~`, `#`, `\#`, `$`, `\$`,
	).Replace(s)
}

const (
	paragraphPauseMS = 2000 // silence that starts a new paragraph
	paragraphColumns = 700  // from here on, the next full stop ends a paragraph
)

type paragraph struct {
	startMS int64
	text    string
}

// paragraphs joins segments into paragraphs. A new one starts after a silence
// of two seconds, and after the first full stop beyond about 700 columns, so
// that somebody who never pauses is still readable.
func paragraphs(t Transcript) []paragraph {
	var (
		out     []paragraph
		text    strings.Builder
		last    string
		columns int
		start   int64
		end     int64
	)
	flush := func() {
		if text.Len() > 0 {
			out = append(out, paragraph{startMS: start, text: text.String()})
		}
		text.Reset()
		last, columns = "", 0
	}
	for _, s := range inOrder(t.Segments) {
		line := oneLine(s.Text)
		if line == "" {
			continue
		}
		if last != "" && (s.StartMS-end >= paragraphPauseMS || columns >= paragraphColumns && endsSentence(last)) {
			flush()
		}
		if last == "" {
			start = s.StartMS
		} else if spaced(last, line) {
			text.WriteByte(' ')
		}
		text.WriteString(line)
		columns += columnsOf(line)
		last, end = line, max(end, s.EndMS)
	}
	flush()
	return out
}

package transcript

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteSummary writes s as JSON, Text or Markdown; every other format is
// ErrFormat. What is empty in it is left out, but for JSON. The headings are
// Korean in a Korean summary and else English. A summary without a title of its
// own gets that of the options, and of these Layout has no effect.
func WriteSummary(w io.Writer, s Summary, f Format, o Options) error {
	var b bytes.Buffer
	switch f {
	case JSON:
		if err := encode(&b, cleanedSummary(s)); err != nil {
			return fmt.Errorf("write summary as %s: %w", f, err)
		}
	case Text:
		writeSummaryText(&b, cleanedSummary(s), o)
	case Markdown:
		writeSummaryMarkdown(&b, cleanedSummary(s), o)
	case SRT, VTT: // it is not said at any time
		fallthrough
	default:
		return fmt.Errorf("summary as %q: %w", string(f), ErrFormat)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write summary as %s: %w", f, err)
	}
	return nil
}

// cleanedSummary is a copy of s with text that is safe to write, no empty entry
// and never a nil list.
func cleanedSummary(s Summary) Summary {
	s.Title, s.Text = oneLine(s.Title), Paragraphs(s.Text)
	s.KeyPoints, s.ActionItems = cleanedLines(s.KeyPoints), cleanedLines(s.ActionItems)
	chapters := make([]Chapter, 0, len(s.Chapters))
	for _, c := range s.Chapters {
		if c.Title = oneLine(c.Title); c.Title != "" {
			chapters = append(chapters, c)
		}
	}
	s.Chapters = chapters
	return s
}

func cleanedLines(lines []string) []string {
	out := make([]string, 0, len(lines))
	for _, line := range lines {
		if line = oneLine(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// summaryWords is what the parts of a summary are called.
type summaryWords struct{ source, keyPoints, chapters, actionItems string }

func wordsOf(language string) summaryWords {
	if language == "ko" {
		return summaryWords{"원본", "핵심 내용", "목차", "할 일"}
	}
	return summaryWords{"Source", "Key points", "Chapters", "Action items"}
}

// list is one part of a summary: a heading and what stands below it.
type list struct {
	heading string
	lines   []string
}

// lists is all parts that are not empty. A line is written by entry, which gets
// the time of a chapter and "" for everything else.
func (s Summary) lists(words summaryWords, entry func(time, text string) string) []list {
	var points, chapters, items []string
	for _, p := range s.KeyPoints {
		points = append(points, entry("", p))
	}
	for _, c := range s.Chapters {
		h, m, sec, _ := clock(c.StartMS)
		chapters = append(chapters, entry(fmt.Sprintf("%02d:%02d:%02d", h, m, sec), c.Title))
	}
	for _, i := range s.ActionItems {
		items = append(items, entry("", i))
	}
	all := []list{{words.keyPoints, points}, {words.chapters, chapters}, {words.actionItems, items}}
	return slices.DeleteFunc(all, func(l list) bool { return len(l.lines) == 0 })
}

func writeSummaryText(b *bytes.Buffer, s Summary, o Options) {
	var blocks []string
	if title := titleOf(s, o); title != "" {
		blocks = append(blocks, title)
	}
	if s.Text != "" {
		blocks = append(blocks, s.Text)
	}
	entry := func(time, text string) string {
		if time != "" {
			return time + " " + text
		}
		return "- " + text
	}
	for _, l := range s.lists(wordsOf(s.Language), entry) {
		blocks = append(blocks, l.heading+"\n"+strings.Join(l.lines, "\n"))
	}
	writeBlocks(b, blocks)
}

func writeSummaryMarkdown(b *bytes.Buffer, s Summary, o Options) {
	words := wordsOf(s.Language)
	var blocks []string
	if title := titleOf(s, o); title != "" {
		blocks = append(blocks, "# "+escapeMarkdown(title))
	}
	if name := oneLine(o.SourceName); name != "" {
		blocks = append(blocks, words.source+": "+escapeMarkdown(name))
	}
	if s.Text != "" {
		for p := range strings.SplitSeq(s.Text, "\n\n") {
			blocks = append(blocks, escapeLine(p))
		}
	}
	entry := func(time, text string) string {
		if time != "" {
			return "- [" + time + "] " + escapeMarkdown(text)
		}
		return "- " + escapeLine(text)
	}
	for _, l := range s.lists(words, entry) {
		blocks = append(blocks, "## "+l.heading+"\n\n"+strings.Join(l.lines, "\n"))
	}
	writeBlocks(b, blocks)
}

func titleOf(s Summary, o Options) string {
	if s.Title != "" {
		return s.Title
	}
	return oneLine(o.Title)
}

// writeBlocks writes blocks with an empty line between them.
func writeBlocks(b *bytes.Buffer, blocks []string) {
	if len(blocks) > 0 {
		b.WriteString(strings.Join(blocks, "\n\n"))
		b.WriteByte('\n')
	}
}

// escapeLine is escapeMarkdown for text that begins a line: a dash or a number
// there would make a list of it.
func escapeLine(s string) string {
	s = escapeMarkdown(s)
	rest := strings.TrimLeft(s, "0123456789")
	switch {
	case rest == "":
		return s
	case len(rest) < len(s): // digits come first
		if rest[0] == '.' || rest[0] == ')' {
			return s[:len(s)-len(rest)] + `\` + rest
		}
	case strings.ContainsRune("-+=", rune(rest[0])):
		return `\` + s
	}
	return s
}

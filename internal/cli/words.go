package cli

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/width"

	"sluice/internal/job"
)

// clean makes a name or a sentence safe for a terminal and puts it on one
// line: titles, file names and recognised text come from strangers.
func clean(s string) string { return strings.Join(strings.Fields(cleanText(s)), " ") }

// cleanText does the same for text of several lines.
func cleanText(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return '\n'
		case hostile(r):
			return -1
		}
		return r
	}, s)
}

// hostile says whether a character may do something to a terminal or its
// reader instead of being read.
func hostile(r rune) bool {
	return unicode.IsControl(r) ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || // turn the direction of what follows
		r >= 0xE0000 && r <= 0xE007F // tags: text nobody sees
}

// safeJSON escapes what a server left unescaped in its strings. It stays the
// same JSON, now safe to be shown.
func safeJSON(raw []byte) []byte {
	if !bytes.ContainsFunc(raw, func(r rune) bool { return r != '\n' && r != '\t' && r != '\r' && hostile(r) }) {
		return raw
	}
	out := make([]byte, 0, len(raw)+64)
	for _, r := range string(raw) {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || !hostile(r):
			out = utf8.AppendRune(out, r)
		case r > 0xFFFF:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// columns is how wide s stands on a terminal: Korean, Chinese and Japanese
// characters and most emoji take two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
		return 1
	}
	return 1
}

// shorten cuts s to at most n columns.
func shorten(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	var b strings.Builder
	left := n - 1
	for _, r := range s {
		if left -= runeColumns(r); left < 0 {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ") + "…"
}

// table prints rows in columns two spaces apart; the last cell of a row is
// not padded.
func table(p *printer, rows [][]string) { tableWithin(p, rows, 0) }

// tableWithin is table, but what does not fit the width in the last column goes
// on below; 0 = any width.
func tableWithin(p *printer, rows [][]string, width int) {
	var wide []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(wide) {
				wide = append(wide, 0)
			}
			wide[i] = max(wide[i], columns(cell))
		}
	}
	last := len(wide) - 1
	indent := 0 // of the last column
	for _, w := range wide[:max(last, 0)] {
		indent += w + 2
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			if i == last {
				cell = strings.Join(wrap(cell, width-indent), "\n"+strings.Repeat(" ", indent))
			}
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", wide[i]-columns(cell)+2))
			}
		}
		p.line("%s", strings.TrimRight(b.String(), " "))
	}
}

// narrow is the least width at which text is still worth wrapping.
const narrow = 20

// wrap breaks a sentence between its words into lines of at most n columns; a
// longer word stays whole.
func wrap(s string, n int) []string {
	if n < narrow || columns(s) <= n {
		return []string{s}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word) > n:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// span writes a duration for people: "4 s", "12 min 30 s", "3 h 5 min", "2 d 4 h".
func span(d time.Duration) string {
	d = max(d, 0)
	part := func(big int64, bigUnit string, small int64, smallUnit string) string {
		if small == 0 {
			return fmt.Sprintf("%d %s", big, bigUnit)
		}
		return fmt.Sprintf("%d %s %d %s", big, bigUnit, small, smallUnit)
	}
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return part(s/60, "min", s%60, "s")
	case s < 86400:
		return part(s/3600, "h", s%3600/60, "min")
	}
	return part(s/86400, "d", s%86400/3600, "h")
}

// age writes how long ago something was, roughly.
func age(at, now time.Time) string {
	if at.IsZero() {
		return "-"
	}
	switch d := max(now.Sub(at), 0); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	}
}

// clock writes a place in a recording: "04:07", and "1:04:07" from an hour on.
func clock(ms int64) string {
	s := max(ms, 0) / 1000
	if s < 3600 {
		return fmt.Sprintf("%02d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s%3600/60, s%60)
}

// percent rounds down: 100 % means that it is done.
func percent(fraction float64) string {
	return fmt.Sprintf("%d %%", int(min(max(fraction, 0), 1)*100))
}

// doing says what a stage does, for people.
func doing(s job.Stage) string {
	switch s {
	case job.Extract:
		return "Reading the sound"
	case job.Transcribe:
		return "Transcribing"
	case job.Translate:
		return "Translating"
	case job.Summarize:
		return "Summing up"
	case job.Deliver:
		return "Writing the results"
	case "":
		return "Starting"
	}
	return clean(string(s))
}

// progressLine is one glance at a running stage.
func progressLine(p progressView) string {
	line := doing(p.Stage) + "  " + percent(p.Fraction)
	if p.ETASeconds > 0 {
		line += "  about " + roughly(time.Duration(p.ETASeconds)*time.Second) + " left"
	}
	return line
}

func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", (d+30*time.Second)/time.Minute)
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

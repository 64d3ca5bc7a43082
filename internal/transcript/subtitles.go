package transcript

import (
	"bytes"
	"fmt"
	"strings"
)

// writeSRT writes SubRip: UTF-8 without a mark, line feeds only, no HTML
// escaping, because players show what stands there.
func writeSRT(b *bytes.Buffer, cues []Cue) {
	for i, c := range cues {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "%d\n%s --> %s\n", i+1, stamp(c.StartMS, ','), stamp(c.EndMS, ','))
		for _, line := range c.Lines {
			// An arrow in the text would read as a line of times.
			b.WriteString(strings.ReplaceAll(line, "-->", "→"))
			b.WriteByte('\n')
		}
	}
}

// writeVTT writes WebVTT with hours in every time.
func writeVTT(b *bytes.Buffer, cues []Cue) {
	b.WriteString("WEBVTT\n")
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	for _, c := range cues {
		fmt.Fprintf(b, "\n%s --> %s\n", stamp(c.StartMS, '.'), stamp(c.EndMS, '.'))
		for _, line := range c.Lines {
			b.WriteString(escape.Replace(line))
			b.WriteByte('\n')
		}
	}
}

func stamp(ms int64, point byte) string {
	h, m, s, rest := clock(ms)
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", h, m, s, point, rest)
}

func clock(ms int64) (h, m, s, rest int64) {
	ms = max(ms, 0)
	return ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000
}

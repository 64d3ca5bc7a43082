package transcript_test

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/transcript"
)

// FuzzSubtitlesAreReadAsTheyWereWritten has any text come back from a file as
// the very cues it was written from: text, lines and times.
func FuzzSubtitlesAreReadAsTheyWereWritten(f *testing.F) {
	for _, text := range []string{
		"", " ", "Good morning.", "안녕하세요 여러분, 오늘은 강의를 시작하겠습니다.", "客観的実在の判断的知識が成立するのである。",
		"00:00:01,000 --> 00:00:02,000", "-->", "--->", "-- >\n-->", "a-->b-->c",
		"one\n\ntwo", "one\n \n\t\n2\n00:00:05,000 --> 00:00:06,000\nnot a cue", "\r\n\r\none\rtwo\r", "\v\f\u0085\u2028\u2029",
		"\x00\x01\x1b[31m\x7f\ufeff\ufffe", "\xff\xfe\xed\xa0\x80half a character", "\u202eright to left\u202c \u2067אבג\u2069",
		"<i>5 < 6 && 7 > 6</i> &amp; &lt;b&gt; {\\an8}", "WEBVTT", "NOTE this", "STYLE\n::cue{}", "REGION", "1", "12\n34",
		"👨‍👩‍👧‍👦🇰🇷e\u0301", strings.Repeat("word ", 200), strings.Repeat("-", 300), strings.Repeat("가", 300),
	} {
		f.Add(text, int64(0), int64(1000), int64(0))
		f.Add(text, int64(3_599_999), int64(3_600_001), int64(86_400_000))
		f.Add(text, int64(math.MinInt64), int64(math.MaxInt64), int64(-1))
	}
	f.Fuzz(func(t *testing.T, text string, start, end, next int64) {
		talk := transcript.Transcript{Segments: []transcript.Segment{
			{ID: 1, StartMS: start, EndMS: end, Text: text},
			{ID: 2, StartMS: next, EndMS: end, Text: text + "\n" + text},
			{ID: 3, StartMS: next, EndMS: next, Text: "And so on."},
		}}
		cues := transcript.Cues(talk, transcript.Layout{})
		for format, read := range map[transcript.Format]func(string) ([]transcript.Cue, error){
			transcript.SRT: readSRT, transcript.VTT: readVTT,
		} {
			var b bytes.Buffer
			if err := transcript.Write(&b, talk, format, transcript.Options{}); err != nil {
				t.Fatal(err)
			}
			got, err := read(b.String())
			if err != nil {
				t.Fatalf("%s: %v in %q", format, err, &b)
			}
			if diff := cmp.Diff(written(cues, format), got); diff != "" {
				t.Errorf("%s: cues (-written +read):\n%s\n%q", format, diff, &b)
			}
		}
	})
}

// written is the cues as a format can hold them: SubRip has no way to write an
// arrow that does not read as one of its own.
func written(cues []transcript.Cue, format transcript.Format) []transcript.Cue {
	var out []transcript.Cue
	for _, c := range cues {
		if format == transcript.SRT {
			lines := make([]string, len(c.Lines))
			for i, line := range c.Lines {
				lines[i] = strings.ReplaceAll(line, "-->", "→")
			}
			c.Lines = lines
		}
		out = append(out, c)
	}
	return out
}

// readSRT reads as a strict player does: a cue is its number, its times and
// the lines up to a blank one. Every kind of line end is one.
func readSRT(file string) (cues []transcript.Cue, err error) {
	for block := range blocks(file) {
		if len(block) < 3 || block[0] != strconv.Itoa(len(cues)+1) {
			return nil, fmt.Errorf("cue %d is %q", len(cues)+1, block)
		}
		c, err := readCue(block[1:], ',')
		if err != nil {
			return nil, err
		}
		cues = append(cues, c)
	}
	return cues, nil
}

// readVTT reads by the rules of WebVTT, as far as this writer uses them.
func readVTT(file string) (cues []transcript.Cue, err error) {
	rest, ok := strings.CutPrefix(file, "WEBVTT\n")
	if !ok {
		return nil, errors.New("it has no header")
	}
	named := strings.NewReplacer("&lt;", "", "&gt;", "", "&amp;", "")
	for block := range blocks(rest) {
		c, err := readCue(block, '.')
		if err != nil {
			return nil, err
		}
		for i, line := range c.Lines {
			if strings.ContainsAny(named.Replace(line), "<>&") {
				return nil, fmt.Errorf("%q has a mark in it that is no text", line)
			}
			c.Lines[i] = html.UnescapeString(line)
		}
		cues = append(cues, c)
	}
	return cues, nil
}

// blocks are the lines between blank ones. A NUL would be read as something
// else, and a byte order mark is no text.
func blocks(file string) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		var block []string
		for _, line := range append(regexp.MustCompile(`\r\n|\r|\n`).Split(file, -1), "") {
			switch {
			case strings.ContainsAny(line, "\x00\ufeff"):
				block = append(block, "not clean: "+line)
			case line != "":
				block = append(block, line)
			case block != nil:
				if !yield(block) {
					return
				}
				block = nil
			}
		}
	}
}

// readCue reads a line of times and the text below it.
func readCue(block []string, point rune) (transcript.Cue, error) {
	times := regexp.MustCompile(fmt.Sprintf(`^(\d{2,}):([0-5]\d):([0-5]\d)\%[1]c(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\%[1]c(\d{3})$`, point))
	m := times.FindStringSubmatch(block[0])
	if m == nil {
		return transcript.Cue{}, fmt.Errorf("%q are no times", block[0])
	}
	var ms [2]int64
	for i := range ms {
		for k, unit := range []int64{3_600_000, 60_000, 1000, 1} {
			n, err := strconv.ParseInt(m[1+4*i+k], 10, 64)
			if err != nil {
				return transcript.Cue{}, err
			}
			ms[i] += n * unit
		}
	}
	lines := block[1:]
	if len(lines) == 0 {
		return transcript.Cue{}, errors.New("a cue is empty")
	}
	for _, line := range lines {
		if strings.Contains(line, "-->") {
			return transcript.Cue{}, fmt.Errorf("%q would read as times", line)
		}
	}
	return transcript.Cue{StartMS: ms[0], EndMS: ms[1], Lines: lines}, nil
}

package transcript_test

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"

	"sluice/internal/transcript"
)

func TestCues(t *testing.T) {
	t.Parallel()
	type cue = transcript.Cue
	tests := map[string]struct {
		segments []transcript.Segment
		layout   transcript.Layout
		want     []cue
	}{
		"a short segment is one cue with its own times": {
			segments: segs(" Good morning. ", 1000, 2500),
			want:     []cue{{StartMS: 1000, EndMS: 2500, Lines: []string{"Good morning."}}},
		},
		"a flash stays on screen for a second": {
			segments: segs("Yes.", 1000, 1200),
			want:     []cue{{StartMS: 1000, EndMS: 2000, Lines: []string{"Yes."}}},
		},
		"unless the next cue needs the screen": {
			segments: segs("Yes.", 1000, 1200, "No.", 1600, 3000),
			want: []cue{
				{StartMS: 1000, EndMS: 1520, Lines: []string{"Yes."}},
				{StartMS: 1600, EndMS: 3000, Lines: []string{"No."}},
			},
		},
		"a zero-length segment is shown too": {
			segments: segs("Yes.", 1000, 1000),
			want:     []cue{{StartMS: 1000, EndMS: 2000, Lines: []string{"Yes."}}},
		},
		"several at the same instant follow one another": {
			segments: segs("One.", 1000, 1000, "Two.", 1000, 1000, "Three.", 1000, 1000),
			want: []cue{
				{StartMS: 1000, EndMS: 1100, Lines: []string{"One."}},
				{StartMS: 1100, EndMS: 1200, Lines: []string{"Two."}},
				{StartMS: 1200, EndMS: 2200, Lines: []string{"Three."}},
			},
		},
		"overlapping segments do not overlap on screen": {
			segments: segs("One.", 0, 5000, "Two.", 2000, 6000),
			want: []cue{
				{StartMS: 0, EndMS: 1920, Lines: []string{"One."}},
				{StartMS: 2000, EndMS: 6000, Lines: []string{"Two."}},
			},
		},
		"times before zero become zero": {
			segments: segs("One.", -5000, -10),
			want:     []cue{{StartMS: 0, EndMS: 1000, Lines: []string{"One."}}},
		},
		"two words do not stay for half a minute": {
			segments: segs("Thank you.", 0, 30_000),
			want:     []cue{{StartMS: 0, EndMS: 7000, Lines: []string{"Thank you."}}},
		},
		"fast speech stays until it can be read": {
			segments: segs("Sixty characters of text that were said in a single second.", 0, 1000),
			want: []cue{{StartMS: 0, EndMS: 2900, Lines: []string{
				"Sixty characters of text that", "were said in a single second.",
			}}},
		},
		"silence alone is no cue": {segments: segs(" \u200a\n", 0, 1000), want: []cue{}},
		"a Korean line breaks between words only": {
			segments: segs("다람쥐가 헌 쳇바퀴에 타고파서 오늘도 열심히 달립니다", 0, 5000),
			want: []cue{{StartMS: 0, EndMS: 5000, Lines: []string{
				"다람쥐가 헌 쳇바퀴에 타고파서", "오늘도 열심히 달립니다",
			}}},
		},
		"a Japanese line does not begin with a full stop or a small kana": {
			segments: segs("あいうえおか、きくけこさ。", 0, 3000),
			layout:   transcript.Layout{Wide: 6, Lines: 3},
			want: []cue{{StartMS: 0, EndMS: 3000, Lines: []string{
				"あいうえお", "か、きく", "けこさ。",
			}}},
		},
		"nor end with an opening quote": {
			segments: segs("あいうえお「かきくけ」", 0, 3000),
			layout:   transcript.Layout{Wide: 6},
			want:     []cue{{StartMS: 0, EndMS: 3000, Lines: []string{"あいうえお", "「かきくけ」"}}},
		},
		"Latin words inside Chinese stay whole": {
			segments: segs("我们使用iPhone和MacBook来录音", 0, 3000),
			layout:   transcript.Layout{Wide: 8},
			want:     []cue{{StartMS: 0, EndMS: 3000, Lines: []string{"我们使用iPhone", "和MacBook来录音"}}},
		},
		"a word longer than a line is cut": {
			segments: segs(strings.Repeat("a", 50), 0, 3000),
			want:     []cue{{StartMS: 0, EndMS: 3000, Lines: []string{strings.Repeat("a", 42), strings.Repeat("a", 8)}}},
		},
		"an accent stays with its letter when a word is cut": {
			segments: segs(strings.Repeat("e\u0301", 5), 0, 3000),
			layout:   transcript.Layout{Columns: 3},
			want:     []cue{{StartMS: 0, EndMS: 3000, Lines: []string{"e\u0301e\u0301e\u0301", "e\u0301e\u0301"}}},
		},
		"hours beyond 99 are kept": {
			segments: segs("Late.", 500*3_600_000, 500*3_600_000+2000),
			want:     []cue{{StartMS: 500 * 3_600_000, EndMS: 500*3_600_000 + 2000, Lines: []string{"Late."}}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := transcript.Cues(transcript.Transcript{Segments: tc.segments}, tc.layout)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLongSegmentsAreSplitByTheirWords(t *testing.T) {
	t.Parallel()
	words := []transcript.Word{
		{StartMS: 0, EndMS: 500, Text: " Now"},
		{StartMS: 500, EndMS: 1000, Text: " wait."},
		{StartMS: 6000, EndMS: 6500, Text: " Here"},
		{StartMS: 6500, EndMS: 7000, Text: " it"},
		{StartMS: 7000, EndMS: 8000, Text: " comes."},
	}
	tests := map[string]struct {
		text  string
		words []transcript.Word
		want  []transcript.Cue
	}{
		"a pause between words ends a cue": {
			" Now wait. Here it comes.", words,
			[]transcript.Cue{
				{StartMS: 0, EndMS: 1000, Lines: []string{"Now wait."}},
				{StartMS: 6000, EndMS: 8000, Lines: []string{"Here it comes."}},
			},
		},
		"words of a text that was edited since are not believed": {
			"Now wait: there it comes.", words,
			[]transcript.Cue{
				{StartMS: 0, EndMS: 7000, Lines: []string{"Now wait: there it comes."}},
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := transcript.Cues(transcript.Transcript{Segments: []transcript.Segment{
				{StartMS: 0, EndMS: 8000, Text: tc.text, Words: tc.words},
			}}, transcript.Layout{})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryCueOfRealTalksFitsTheScreen(t *testing.T) {
	t.Parallel()
	for name, talk := range talks() {
		limit := 42
		if talk.Language == "ko" || talk.Language == "ja" {
			limit = 36
		}
		for _, c := range transcript.Cues(talk, transcript.Layout{}) {
			if len(c.Lines) > 2 {
				t.Errorf("%s: %d lines in %q", name, len(c.Lines), c.Lines)
			}
			for _, line := range c.Lines {
				if w := uniseg.StringWidth(line); w > limit {
					t.Errorf("%s: %d columns in %q", name, w, line)
				}
			}
		}
	}
}

func TestABookInOneSegmentIsCutInOneGo(t *testing.T) {
	t.Parallel()
	book := strings.Repeat("It was a dark and stormy night; the rain fell in torrents. ", 5000)
	cues := transcript.Cues(transcript.Transcript{Segments: segs(book, 0, 3_600_000)}, transcript.Layout{})
	var words int
	for _, c := range cues {
		words += len(strings.Fields(strings.Join(c.Lines, " ")))
	}
	if words != len(strings.Fields(book)) {
		t.Errorf("%d words of %d", words, len(strings.Fields(book)))
	}
}

func FuzzSubtitles(f *testing.F) {
	f.Add("Hello --> there\n\n2\n00:00:01,000 --> 00:00:02,000\nx", int64(0), int64(1000), "안녕하세요 여러분", int64(500), int64(90_000))
	f.Add("\x00\xff-->", int64(-1), int64(math.MaxInt64), "「」。。。", int64(math.MinInt64), int64(0))
	f.Add(strings.Repeat("-->", 40), int64(360_000_000), int64(360_000_001), "🇰🇷👨‍👩‍👧‍👦e\u0301", int64(7), int64(7))
	f.Fuzz(func(t *testing.T, one string, oneStart, oneEnd int64, two string, twoStart, twoEnd int64) {
		talk := transcript.Transcript{Segments: []transcript.Segment{
			{ID: 1, StartMS: oneStart, EndMS: oneEnd, Text: one, Words: []transcript.Word{{StartMS: twoStart, EndMS: oneEnd, Text: one}}},
			{ID: 2, StartMS: twoStart, EndMS: twoEnd, Text: two},
			{ID: 3, StartMS: oneEnd, EndMS: twoEnd, Text: one + two},
		}}
		cues := transcript.Cues(talk, transcript.Layout{})
		if got, want := visible(cues), said(talk); got != want {
			t.Errorf("text was lost or added: %q, want %q", got, want)
		}
		for _, format := range []transcript.Format{transcript.SRT, transcript.VTT} {
			var b bytes.Buffer
			if err := transcript.Write(&b, talk, format, transcript.Options{}); err != nil {
				t.Fatal(err)
			}
			n, err := reread(b.String(), format)
			if err != nil {
				t.Fatalf("%v in:\n%q", err, b.String())
			}
			if n != len(cues) {
				t.Fatalf("%d cues read, %d written:\n%q", n, len(cues), b.String())
			}
		}
	})
}

// visible is the text of the cues without spaces.
func visible(cues []transcript.Cue) string {
	var b strings.Builder
	for _, c := range cues {
		b.WriteString(strings.Join(strings.Fields(strings.Join(c.Lines, "")), ""))
	}
	return b.String()
}

// said is what visible should be: the exported plain text without spaces.
func said(talk transcript.Transcript) string {
	var b strings.Builder
	if err := transcript.Write(&b, talk, transcript.Text, transcript.Options{}); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), "")
}

// reread is a strict reader of what the writers may write. It gives the
// number of cues.
func reread(file string, format transcript.Format) (int, error) {
	if !utf8.ValidString(file) || strings.ContainsAny(file, "\r\x00\ufeff") {
		return 0, fmt.Errorf("not clean text")
	}
	times := regexp.MustCompile(`^(\d{2,}):([0-5]\d):([0-5]\d),(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d),(\d{3})$`)
	if format == transcript.VTT {
		times = regexp.MustCompile(`^(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})$`)
		rest, ok := strings.CutPrefix(file, "WEBVTT\n")
		if !ok {
			return 0, fmt.Errorf("no header")
		}
		file = strings.TrimPrefix(rest, "\n")
	}
	if file == "" {
		return 0, nil
	}
	if !strings.HasSuffix(file, "\n") {
		return 0, fmt.Errorf("no line end at the end")
	}
	var last int64
	blocks := strings.Split(strings.TrimSuffix(file, "\n"), "\n\n")
	for i, block := range blocks {
		lines := strings.Split(block, "\n")
		if format == transcript.SRT {
			if lines[0] != strconv.Itoa(i+1) {
				return 0, fmt.Errorf("block %d is numbered %q", i+1, lines[0])
			}
			lines = lines[1:]
		}
		if len(lines) < 2 {
			return 0, fmt.Errorf("block %d has no text", i+1)
		}
		m := times.FindStringSubmatch(lines[0])
		if m == nil {
			return 0, fmt.Errorf("block %d has no times: %q", i+1, lines[0])
		}
		start, end := millis(m[1:5]), millis(m[5:9])
		if start < last || end <= start {
			return 0, fmt.Errorf("block %d goes back in time: %q", i+1, lines[0])
		}
		last = end
		for _, line := range lines[1:] {
			if strings.TrimSpace(line) == "" || strings.Contains(line, "-->") {
				return 0, fmt.Errorf("block %d has a bad line %q", i+1, line)
			}
			if format == transcript.VTT && strings.ContainsAny(line, "<>") {
				return 0, fmt.Errorf("block %d is not escaped: %q", i+1, line)
			}
		}
	}
	return len(blocks), nil
}

func millis(parts []string) int64 {
	var n [4]int64
	for i, p := range parts {
		n[i], _ = strconv.ParseInt(p, 10, 64)
	}
	return ((n[0]*60+n[1])*60+n[2])*1000 + n[3]
}

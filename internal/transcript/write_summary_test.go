package transcript_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/transcript"
)

func lecture(language string) transcript.Summary {
	return transcript.Summary{
		Language:        language,
		Title:           "Gates & channels",
		Text:            "Water is let through.\n\nOne gate at a time.",
		KeyPoints:       []string{"The channel sets the pace.", "Never all gates at once."},
		Chapters:        []transcript.Chapter{{StartMS: 0, Title: "Welcome"}, {StartMS: 3_725_000, Title: "The [flood]"}},
		ActionItems:     []string{"Mina opens the gate."},
		CoveragePercent: 98,
	}
}

func TestSummariesAreWritten(t *testing.T) {
	t.Parallel()
	job := transcript.Options{Title: "lecture 1", SourceName: "lecture_01.mp4"}
	tests := map[string]struct {
		summary transcript.Summary
		format  transcript.Format
		options transcript.Options
		want    string
	}{
		"text": {lecture("en"), transcript.Text, job, `Gates & channels

Water is let through.

One gate at a time.

Key points
- The channel sets the pace.
- Never all gates at once.

Chapters
00:00:00 Welcome
01:02:05 The [flood]

Action items
- Mina opens the gate.
`},
		"Markdown": {lecture("en"), transcript.Markdown, job, `# Gates \& channels

Source: lecture\_01.mp4

Water is let through.

One gate at a time.

## Key points

- The channel sets the pace.
- Never all gates at once.

## Chapters

- [00:00:00] Welcome
- [01:02:05] The \[flood\]

## Action items

- Mina opens the gate.
`},
		"Korean has Korean headings": {
			transcript.Summary{Language: "ko", KeyPoints: []string{"줄을 세우자."}, Chapters: []transcript.Chapter{{Title: "인사"}}, ActionItems: []string{"문을 연다."}},
			transcript.Markdown,
			transcript.Options{SourceName: "a.mp4"},
			"원본: a.mp4\n\n## 핵심 내용\n\n- 줄을 세우자.\n\n## 목차\n\n- [00:00:00] 인사\n\n## 할 일\n\n- 문을 연다.\n",
		},
		"what is empty is left out": {
			transcript.Summary{Text: "Short.", KeyPoints: []string{" \n"}, Chapters: []transcript.Chapter{{StartMS: 1}}},
			transcript.Text,
			transcript.Options{},
			"Short.\n",
		},
		"without a title of its own it has the job's": {transcript.Summary{Text: "Short."}, transcript.Text, job, "lecture 1\n\nShort.\n"},
		"nothing comes of nothing":                    {transcript.Summary{}, transcript.Markdown, transcript.Options{}, ""},
		"what would be Markdown is text": {
			transcript.Summary{Title: "# *a*", Text: "- no list\n\n1. nor this\n\n2024) nor that\n\n---\n\n1.5 m", KeyPoints: []string{"+ x", "3. y", "7"}},
			transcript.Markdown,
			transcript.Options{},
			"# \\# \\*a\\*\n\n\\- no list\n\n1\\. nor this\n\n2024\\) nor that\n\n\\---\n\n1\\.5 m\n\n## Key points\n\n- \\+ x\n- 3\\. y\n- 7\n",
		},
		"lines stay lines": {
			transcript.Summary{Title: "a\nb", Text: "c\x00d", KeyPoints: []string{"e\n- f"}},
			transcript.Text,
			transcript.Options{},
			"a b\n\ncd\n\nKey points\n- e - f\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			if err := transcript.WriteSummary(&b, tt.summary, tt.format, tt.options); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, b.String()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestASummaryComesThroughJSONWhole(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := transcript.WriteSummary(&b, lecture("en"), transcript.JSON, transcript.Options{}); err != nil {
		t.Fatal(err)
	}
	var got transcript.Summary
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(lecture("en"), got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	b.Reset()
	if err := transcript.WriteSummary(&b, transcript.Summary{Title: "<a>"}, transcript.JSON, transcript.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"title": "<a>"`, `"key_points": []`, `"chapters": []`, `"action_items": []`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("want %s in %s", want, b.String())
		}
	}
}

func TestASummaryIsNoSubtitle(t *testing.T) {
	t.Parallel()
	for _, f := range []transcript.Format{transcript.SRT, transcript.VTT, "docx"} {
		var b bytes.Buffer
		if err := transcript.WriteSummary(&b, lecture("en"), f, transcript.Options{}); !errors.Is(err, transcript.ErrFormat) || b.Len() > 0 {
			t.Errorf("%s: %v after %q", f, err, b.String())
		}
	}
}

func TestWritingLeavesTheSummaryAlone(t *testing.T) {
	t.Parallel()
	s := lecture("en")
	s.KeyPoints[0], s.Chapters[0].Title = "", "a\x00"
	before := s
	before.KeyPoints, before.Chapters = slices.Clone(s.KeyPoints), slices.Clone(s.Chapters)
	for _, f := range []transcript.Format{transcript.Text, transcript.Markdown, transcript.JSON} {
		if err := transcript.WriteSummary(&bytes.Buffer{}, s, f, transcript.Options{}); err != nil {
			t.Fatal(err)
		}
		if err := transcript.WriteSummary(broken{}, s, f, transcript.Options{}); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", f, err)
		}
	}
	if d := cmp.Diff(before, s); d != "" {
		t.Errorf("it was changed:\n%s", d)
	}
}

// A translation has no words, and is cut by its own script: the language says
// nothing about that.
func TestATranslationIsWrappedByItsOwnScript(t *testing.T) {
	t.Parallel()
	english := "Today we look at how water is let through a gate, and why the pace of the channel matters more than the size of the lake."
	korean := "오늘은 물이 수문을 지나가는 속도를 어떻게 조절하는지, 그리고 왜 호수의 크기보다 물길의 속도가 더 중요한지 살펴보겠습니다."
	for _, language := range []string{"en", "ko", "ja", ""} {
		talk := transcript.Transcript{Language: language, Segments: []transcript.Segment{
			{ID: 1, EndMS: 9000, Text: korean}, {ID: 2, StartMS: 9000, EndMS: 18_000, Text: english},
		}}
		longest, glyphs := 0, 0
		for _, c := range transcript.Cues(talk, transcript.Layout{}) {
			for _, line := range c.Lines {
				if n := len([]rune(line)); strings.ContainsRune(line, 'e') {
					longest = max(longest, n)
				} else {
					glyphs = max(glyphs, n)
				}
			}
		}
		if longest <= 36 || longest > 42 || glyphs > 26 { // 18 wide glyphs, and the narrow spaces between words
			t.Errorf("%q: English lines of %d, Korean ones of %d", language, longest, glyphs)
		}
	}
}

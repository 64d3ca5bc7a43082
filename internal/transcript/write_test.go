package transcript_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/transcript"
)

var update = flag.Bool("update", false, "write the golden files anew")

// talks are the transcripts behind the golden files.
func talks() map[string]transcript.Transcript {
	return map[string]transcript.Transcript{
		"english": {Language: "en", Complete: true, Segments: []transcript.Segment{
			{ID: 1, StartMS: 0, EndMS: 1200, Text: " Good morning."},
			{ID: 2, StartMS: 1200, EndMS: 13200, Text: " Today we look at how water is let through a gate, why the pace of the channel matters more than the size of the lake, and what happens when somebody opens every gate at once."},
			{ID: 3, StartMS: 13200, EndMS: 14000, Text: " It floods."},
			{ID: 4, StartMS: 17500, EndMS: 19000, Text: " 5 < 7 & 7 > 5, so a --> b."},
			{ID: 5, StartMS: 19000, EndMS: 19000, Text: " Right?"},
			{ID: 6, StartMS: 362_439_500, EndMS: 362_441_000, Text: "A *very* long [recording]."},
		}},
		"korean": {Language: "ko", Complete: true, Segments: []transcript.Segment{
			{ID: 1, StartMS: 500, EndMS: 9500, Text: "안녕하세요, 오늘은 물이 수문을 지나가는 속도를 어떻게 조절하는지, 그리고 모든 문을 한꺼번에 열면 무슨 일이 생기는지 이야기해 보겠습니다."},
			{ID: 2, StartMS: 9500, EndMS: 11000, Text: "줄을 세우자."},
			{ID: 3, StartMS: 14000, EndMS: 15500, Text: "GPU 메모리가 18GB뿐이라면?"},
		}},
		"japanese": {Language: "ja", Complete: true, Segments: []transcript.Segment{
			{ID: 1, StartMS: 0, EndMS: 8000, Text: "皆さん、おはようございます。今日は「水門」がどのように水の流れを調節しているのか、そしてすべての門を一度に開けたら何が起こるのかについてお話しします。"},
			{ID: 2, StartMS: 8000, EndMS: 9000, Text: "順番に並びましょう。"},
			{ID: 3, StartMS: 9000, EndMS: 12000, Text: "iPhoneのデータは、MacBookへコピーします。"},
		}},
		"words": {Language: "en", Segments: []transcript.Segment{
			{ID: 1, StartMS: 1000, EndMS: 9000, Text: " One two three. Four five.", Words: []transcript.Word{
				{StartMS: 1000, EndMS: 1400, Text: " One"},
				{StartMS: 1400, EndMS: 1800, Text: " two"},
				{StartMS: 1800, EndMS: 2400, Text: " three."},
				{StartMS: 7000, EndMS: 7600, Text: " Four"},
				{StartMS: 7600, EndMS: 9000, Text: " five."},
			}},
		}},
		"nothing": {},
	}
}

func TestExportsMatchTheGoldenFiles(t *testing.T) {
	t.Parallel()
	for name, talk := range talks() {
		for _, format := range transcript.Formats() {
			t.Run(name+format.Ext(), func(t *testing.T) {
				t.Parallel()
				var got bytes.Buffer
				o := transcript.Options{Title: "Gates & [channels]", SourceName: "lecture_01.mp4"}
				if err := transcript.Write(&got, talk, format, o); err != nil {
					t.Fatal(err)
				}
				golden := filepath.Join("testdata", name+format.Ext())
				if *update {
					if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got.String()); diff != "" {
					t.Errorf("%s differs (-want +got):\n%s", golden, diff)
				}
			})
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text   string
		format transcript.Format
		want   string // in the file
		never  []string
	}{
		"an arrow in SRT becomes a sign":              {"a --> b", transcript.SRT, "a → b", nil},
		"a longer arrow leaves no arrow behind":       {"a ----->> b", transcript.SRT, "a ---→> b", nil},
		"a blank line in SRT is closed":               {"one\n\n\r\n two", transcript.SRT, "one two\n", nil},
		"markup in SRT is shown as it stands":         {"<b>5 & 6</b>", transcript.SRT, "<b>5 & 6</b>", nil},
		"markup in VTT is escaped":                    {"<b>5 & 6</b> -->", transcript.VTT, "&lt;b&gt;5 &amp; 6&lt;/b&gt; --&gt;", nil},
		"control characters are dropped":              {"a\x00b\x1b[31mc\u0085d\u009be\ufeff", transcript.Text, "ab[31mc de\n", nil},
		"broken UTF-8 is replaced":                    {"a\xff\xfeb", transcript.VTT, "a\uFFFDb", nil},
		"Markdown marks mean themselves":              {"# *a* [x](http://y) <script>", transcript.Markdown, `\# \*a\* \[x\](http://y) \<script\>`, nil},
		"JSON holds no control characters either":     {"a\x00b\u009bc", transcript.JSON, `"text": "abc"`, []string{`\u0000`}},
		"a line separator does not break a cue":       {"a\u2028b\u2029\u2028c", transcript.SRT, "a b c\n", nil},
		"a number alone on its line is only a number": {"7", transcript.SRT, "1\n00:00:01,000 --> 00:00:02,000\n7\n", nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			talk := transcript.Transcript{Segments: []transcript.Segment{{StartMS: 1000, EndMS: 2000, Text: tc.text}}}
			var b strings.Builder
			if err := transcript.Write(&b, talk, tc.format, transcript.Options{}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(b.String(), tc.want) {
				t.Errorf("want %q in:\n%q", tc.want, b.String())
			}
			for _, never := range tc.never {
				if strings.Contains(b.String(), never) {
					t.Errorf("%q must not be in:\n%q", never, b.String())
				}
			}
		})
	}
}

func TestWritingLeavesTheTranscriptAlone(t *testing.T) {
	t.Parallel()
	for _, f := range transcript.Formats() {
		talk := talks()["words"]
		talk.Segments[0].Text = "a\x00b"
		talk.Segments[0].Words[0].Text = "a\x00b"
		before, err := json.Marshal(talk)
		if err != nil {
			t.Fatal(err)
		}
		if err := transcript.Write(&bytes.Buffer{}, talk, f, transcript.Options{}); err != nil {
			t.Fatal(err)
		}
		after, err := json.Marshal(talk)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, after) {
			t.Errorf("%s changed the transcript: %s", f, after)
		}
	}
}

func TestParagraphs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Word after word. ", 20)
	tests := map[string]struct {
		segments []transcript.Segment
		want     string
	}{
		"segments run on in one paragraph":        {segs("One.", 0, 1000, "Two.", 1500, 2000), "One. Two.\n"},
		"two seconds of silence start a new one":  {segs("One.", 0, 1000, "Two.", 3000, 4000), "One.\n\nTwo.\n"},
		"a little less silence does not":          {segs("One.", 0, 1000, "Two.", 2999, 4000), "One. Two.\n"},
		"Japanese is joined without spaces":       {segs("今日は", 0, 1000, "晴れです。", 1000, 2000), "今日は晴れです。\n"},
		"Korean is joined with a space":           {segs("오늘은", 0, 1000, "맑습니다.", 1000, 2000), "오늘은 맑습니다.\n"},
		"empty segments leave no trace":           {segs("One.", 0, 1000, " \n", 1000, 9000, "Two.", 9100, 9200), "One.\n\nTwo.\n"},
		"segments out of order are put in order":  {segs("Two.", 1500, 2000, "One.", 0, 1000), "One. Two.\n"},
		"a talk without pauses is divided anyway": {segs(long, 0, 1000, long, 1000, 2000, long, 2000, 3000, "End.", 3000, 4000), strings.TrimSpace(long+long+long) + "\n\nEnd.\n"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			if err := transcript.Write(&b, transcript.Transcript{Segments: tc.segments}, transcript.Text, transcript.Options{}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseFormat(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want transcript.Format
		err  error
	}{
		"a name":               {"srt", transcript.SRT, nil},
		"a name in capitals":   {"VTT", transcript.VTT, nil},
		"an extension":         {".md", transcript.Markdown, nil},
		"something else":       {"docx", "", transcript.ErrFormat},
		"nothing":              {"", "", transcript.ErrFormat},
		"a name and some more": {"txt,srt", "", transcript.ErrFormat},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := transcript.ParseFormat(tc.in)
			if got != tc.want || !errors.Is(err, tc.err) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	if err := transcript.Write(&bytes.Buffer{}, transcript.Transcript{}, "docx", transcript.Options{}); !errors.Is(err, transcript.ErrFormat) {
		t.Errorf("writing an unknown format gave %v", err)
	}
	for _, f := range transcript.Formats() {
		if got, err := transcript.ParseFormat(f.Ext()); got != f || err != nil || f.ContentType() == "" {
			t.Errorf("%s: %q, %v, %q", f, got, err, f.ContentType())
		}
	}
}

func TestTheFirstErrorOfTheWriterIsReturned(t *testing.T) {
	t.Parallel()
	for _, f := range transcript.Formats() {
		err := transcript.Write(broken{}, talks()["english"], f, transcript.Options{})
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

var errBroken = errors.New("pipe is broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// segs makes segments from text, start, end, text, start, end...
func segs(parts ...any) []transcript.Segment {
	var out []transcript.Segment
	for i := 0; i < len(parts); i += 3 {
		out = append(out, transcript.Segment{
			ID: i/3 + 1, Text: parts[i].(string), StartMS: int64(parts[i+1].(int)), EndMS: int64(parts[i+2].(int)),
		})
	}
	return out
}

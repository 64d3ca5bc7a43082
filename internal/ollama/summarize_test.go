package ollama_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/ollama"
	"sluice/internal/pipeline"
	"sluice/internal/transcript"
)

// outcome is what a run came to.
type outcome struct {
	made  transcript.Summary
	parts []pipeline.SummaryPart
	used  pipeline.Usage
	err   error
}

func summarize(t testing.TB, c *ollama.Client, req pipeline.SummarizeRequest) (o outcome) {
	t.Helper()
	last := 0.0
	o.made, o.err = c.Summarize(t.Context(), req, pipeline.SummarizeWatch{
		Part: func(p pipeline.SummaryPart) error { o.parts = append(o.parts, p); return nil },
		Progress: func(f float64) {
			if f < last || f > 1 {
				t.Errorf("progress goes from %v to %v", last, f)
			}
			last = f
		},
		Usage: func(u pipeline.Usage) { o.used = u },
	})
	if o.err == nil && last != 1 {
		t.Errorf("progress ends at %v", last)
	}
	return o
}

func summary(lines, context int) pipeline.SummarizeRequest {
	return pipeline.SummarizeRequest{Language: "ko", Model: "some", Context: context, Lines: talkOf(lines)}
}

// noted are the ids that a question has in brackets, in their order.
func noted(a asked) (ids []int) {
	for l := range strings.Lines(a.user()) {
		var id int
		if n, _ := fmt.Sscanf(l, "[%d]", &id); n == 1 {
			ids = append(ids, id)
		}
	}
	return ids
}

const good = `{"title":"수문이 하는 일","summary":"물이 수문을 지나가는 방법을 설명합니다.\n\n모든 수문이 열립니다.",
	"key_points":["물은 서두르지 않습니다","물은 서두르지 않습니다!","","- 수문은 차례로 열립니다"],
	"chapters":[{"id":107,"title":"둘째 수문"},{"id":100,"title":"첫 수문"},{"id":107,"title":"또"},{"id":4,"title":"없는 줄"},{"id":"[110]","title":"셋째"},{"id":111,"title":" "}],
	"action_items":[]}`

// attentive notes the first line of every piece, and sums up when it is asked to.
func attentive(a asked) reply {
	ids := noted(a)
	if !strings.Contains(string(a.Format), "points") { // it is only to be counted
		return reply{text: "네", reason: "length"}
	}
	if strings.Contains(string(a.Format), "summary") {
		return reply{text: good}
	}
	var points []string
	for i := 0; i < len(ids); i += 1 + len(ids)/8 {
		points = append(points, fmt.Sprintf(`{"id":%d,"text":"%d번째 줄에서 물이 수문을 지나가고 나서 조용히 다음 수문을 기다린다고 말합니다"}`, ids[i], ids[i]))
	}
	return reply{text: fmt.Sprintf(`{"points":[{"id":99999,"text":"없는 줄에 있는 말입니다"},%s,{"id":%d,"text":""}]}`, strings.Join(points, ","), ids[0])}
}

func TestAShortRecordingIsSummedUpAtOnce(t *testing.T) {
	t.Parallel()
	m := newModel(t, attentive)
	o := summarize(t, m.client(t), summary(12, 4096))
	want := transcript.Summary{
		Language: "ko", Title: "수문이 하는 일", Text: "물이 수문을 지나가는 방법을 설명합니다.\n\n모든 수문이 열립니다.",
		KeyPoints: []string{"물은 서두르지 않습니다", "수문은 차례로 열립니다"},
		Chapters: []transcript.Chapter{
			{StartMS: 0, Title: "첫 수문"}, {StartMS: 21_000, Title: "둘째 수문"}, {StartMS: 30_000, Title: "셋째"},
		},
		ActionItems: []string{}, CoveragePercent: 100,
	}
	if diff := cmp.Diff(want, o.made); o.err != nil || diff != "" {
		t.Errorf("Summarize(): %v\n%s", o.err, diff)
	}
	if len(m.questions()) != 1 || len(o.parts) != 0 || o.used.Requests != 1 {
		t.Errorf("%d questions, %d parts", len(m.questions()), len(o.parts))
	}
}

func TestALongRecordingIsReadPieceByPiece(t *testing.T) {
	t.Parallel()
	m := newModel(t, attentive)
	req := summary(1200, 2048)
	o := summarize(t, m.client(t), req)
	if o.err != nil || o.made.CoveragePercent != 100 {
		t.Fatalf("Summarize() = %+v, %v", o.made, o.err)
	}
	var read []int
	for _, q := range m.questions() {
		if room := int(q.Options["num_predict"].(float64)); tokens(q)+room > 2048 {
			t.Errorf("%d tokens and %d for the answer", tokens(q), room)
		}
		if strings.Contains(q.user(), "The water passes gate") && q.Format != nil {
			read = append(read, noted(q)...)
		}
	}
	var all []int
	for _, l := range req.Lines {
		all = append(all, l.ID)
	}
	if diff := cmp.Diff(all, read); diff != "" {
		t.Errorf("not every line was read once:\n%s", diff)
	}
	if last := o.parts[len(o.parts)-1]; last.Level == 0 {
		t.Error("this was to take more than one level")
	}
	for _, p := range o.parts {
		if len(p.Points) == 0 || len(p.Points) > 8 || p.Read != 1 {
			t.Errorf("part %+v", p)
		}
	}
}

func TestASummaryGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	req := summary(600, 2048)
	whole := newModel(t, attentive)
	full := summarize(t, whole.client(t), req)

	broken := newModel(t, nil)
	broken.answer = func(a asked) reply {
		if len(broken.questions()) > 4 {
			return reply{raw: abort}
		}
		return attentive(a)
	}
	half := summarize(t, broken.client(t), req)
	if !fault.Is(half.err, fault.OllamaCrashed) || len(half.parts) == 0 {
		t.Fatalf("Summarize(): %v with %d parts", half.err, len(half.parts))
	}
	req.Done = half.parts
	rest := newModel(t, attentive)
	o := summarize(t, rest.client(t), req)
	if diff := cmp.Diff(full.made, o.made); o.err != nil || diff != "" {
		t.Errorf("Summarize(): %v\n%s", o.err, diff)
	}
	level, next := 0, 0
	for _, p := range append(half.parts, o.parts...) {
		if p.Level > level {
			level, next = p.Level, 0
		}
		if p.From != next {
			t.Errorf("after %d comes %d: parts were left out or done again", next, p.From)
		}
		next = p.To
	}
}

// cutting reads no more than so many tokens of a question, and does not say so
// but for the count.
func cutting(most int, then func(asked) reply) func(asked) reply {
	return func(a asked) reply {
		p := then(a)
		p.in = min(tokens(a), most)
		return p
	}
}

func TestWhatWasNotReadDoesNotCount(t *testing.T) {
	t.Parallel()
	const context = 2048
	tests := map[string]int{
		"half of the context is the limit": context/2 + 2,
		"less than anybody expects":        700,
	}
	for name, most := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, cutting(most, attentive))
			o := summarize(t, m.client(t), summary(400, context))
			if o.err != nil || o.made.CoveragePercent != 100 {
				t.Fatalf("Summarize() = %+v, %v", o.made, o.err)
			}
			// It was asked again with less, until all was read.
			read := map[int]bool{}
			for _, q := range m.questions() {
				if tokens(q) <= most {
					for _, id := range noted(q) {
						read[id] = true
					}
				}
			}
			if len(read) != 400 {
				t.Errorf("coverage is 100 %%, but only %d lines of 400 were read", len(read))
			}
		})
	}
}

// A text that counts less than the one before it was not cut for that.
func TestATextThatCountsLessIsNoCutOne(t *testing.T) {
	t.Parallel()
	m := newModel(t, attentive)
	req := summary(400, 2048)
	for i := range req.Lines {
		if i >= 200 { // of our own count this is much more, of the model's it is not
			req.Lines[i].Text = fmt.Sprintf("%d번째 줄에서는 물이 수문을 천천히 지나가고 아무도 서두르지 않습니다", i)
		}
	}
	o := summarize(t, m.client(t), req)
	if o.err != nil || o.made.CoveragePercent != 100 {
		t.Errorf("Summarize() = %+v, %v", o.made, o.err)
	}
	if n := len(m.questions()); n > 40 {
		t.Errorf("%d questions", n)
	}
}

func TestAPieceThatFailsShowsInTheCoverage(t *testing.T) {
	t.Parallel()
	m := newModel(t, func(a asked) reply {
		if ids := noted(a); !strings.Contains(string(a.Format), "summary") && slices.Contains(ids, 150) {
			return reply{text: "no"}
		}
		return attentive(a)
	})
	o := summarize(t, m.client(t), summary(400, 2048))
	if o.err != nil || o.made.CoveragePercent < 80 || o.made.CoveragePercent >= 100 {
		t.Errorf("Summarize() = %+v, %v", o.made, o.err)
	}
	if o.used.Retries == 0 {
		t.Error("it was not tried again")
	}
}

func TestNoSummaryIsMadeUp(t *testing.T) {
	t.Parallel()
	last := func(text string) func(asked) reply {
		return func(a asked) reply {
			if strings.Contains(string(a.Format), "summary") {
				return reply{text: text}
			}
			return attentive(a)
		}
	}
	with := func(change func(map[string]any)) func(asked) reply {
		var told map[string]any
		_ = json.Unmarshal([]byte(good), &told)
		change(told)
		text, _ := json.Marshal(told)
		return last(string(text))
	}
	tests := map[string]struct {
		answer  func(asked) reply
		lines   int
		context int
		read    int // percent
	}{
		"nothing":                  {last(""), 12, 4096, 100},
		"no JSON":                  {last("This recording is about water."), 12, 4096, 100},
		"half of the JSON":         {last(good[:200]), 12, 4096, 100},
		"no title":                 {with(func(m map[string]any) { m["title"] = " " }), 12, 4096, 100},
		"no text":                  {with(func(m map[string]any) { delete(m, "summary") }), 12, 4096, 100},
		"a word for a text":        {with(func(m map[string]any) { m["summary"] = "물" }), 12, 4096, 100},
		"a loop":                   {with(func(m map[string]any) { m["summary"] = strings.Repeat("물이 흐릅니다 ", 20) }), 12, 4096, 100},
		"another language":         {with(func(m map[string]any) { m["summary"] = "It is about the gates of a sluice." }), 12, 4096, 100},
		"a list for a text":        {with(func(m map[string]any) { m["summary"] = []int{1} }), 12, 4096, 100},
		"it does not end":          {func(asked) reply { return reply{text: good, reason: "length"} }, 12, 4096, 100},
		"no points, ever":          {func(asked) reply { return reply{text: "no"} }, 600, 2048, 0},
		"too small a context":      {attentive, 100, 300, 0},
		"what is read is not told": {func(a asked) reply { p := attentive(a); p.in = -1; return p }, 12, 4096, 0},
		"nothing is read":          {cutting(40, attentive), 400, 2048, -1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, tt.answer)
			o := summarize(t, m.client(t), summary(tt.lines, tt.context))
			var none *pipeline.NoSummary
			if !errors.As(o.err, &none) || none.Why == "" || strings.HasSuffix(none.Why, ".") {
				t.Fatalf("Summarize() = %+v, %v", o.made, o.err)
			}
			if none.CoveragePercent != tt.read && (tt.read >= 0 || none.CoveragePercent > 10) {
				t.Errorf("coverage %d", none.CoveragePercent)
			}
			if diff := cmp.Diff(transcript.Summary{}, o.made); diff != "" {
				t.Errorf("beside the error there is a summary:\n%s", diff)
			}
			if n := len(m.questions()); n > 20 {
				t.Errorf("it was asked %d times", n)
			}
		})
	}
}

func TestSilenceHasNoSummary(t *testing.T) {
	t.Parallel()
	m := newModel(t, func(asked) reply { t.Error("it was asked"); return reply{} })
	for name, lines := range map[string][]pipeline.Line{"no lines": nil, "only signs": {{ID: 1, Text: "♪ … ♪"}}} {
		req := summary(0, 4096)
		req.Lines = lines
		var none *pipeline.NoSummary
		if o := summarize(t, m.client(t), req); !errors.As(o.err, &none) {
			t.Errorf("%s: %v", name, o.err)
		}
	}
	req := summary(3, 4096)
	req.Model = "translategemma:4b"
	var none *pipeline.NoSummary
	if o := summarize(t, m.client(t), req); !errors.As(o.err, &none) || !strings.Contains(none.Why, "only translates") {
		t.Errorf("a model that only translates: %v", o.err)
	}
	req.Language = "xx"
	if o := summarize(t, m.client(t), req); !fault.Is(o.err, fault.LanguageUnknown) {
		t.Errorf("a language that is none: %v", o.err)
	}
}

func TestFailuresOfTheServerEndASummary(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string]int{"at once": 12, "in pieces": 400} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, func(asked) reply { return reply{raw: says(503, `{"error":"server busy"}`)} })
			if o := summarize(t, m.client(t), summary(lines, 2048)); !fault.Is(o.err, fault.OllamaBusy) || len(m.questions()) != 1 {
				t.Errorf("Summarize(): %v after %d questions", o.err, len(m.questions()))
			}
		})
	}
	full := errors.New("disk full")
	m := newModel(t, attentive)
	_, err := m.client(t).Summarize(t.Context(), summary(600, 2048), pipeline.SummarizeWatch{Part: func(pipeline.SummaryPart) error { return full }})
	if !errors.Is(err, full) {
		t.Errorf("Summarize(): %v", err)
	}
}

func TestTemplatesSayWhatMatters(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, template := range pipeline.Templates() {
		m := newModel(t, attentive)
		req := summary(400, 2048)
		req.Template, req.Title = template, "Staff of <March>"
		summarize(t, m.client(t), req)
		questions := m.questions()
		last := questions[len(questions)-1]
		seen[last.Messages[0].Content] = true
		for _, q := range questions {
			if q.Format == nil {
				continue
			}
			if !strings.Contains(q.Messages[0].Content, "Korean") || !strings.HasPrefix(q.user(), "Title: Staff of <March>\n[") {
				t.Errorf("%s: %s\n%.60s", template, q.Messages[0].Content, q.user())
			}
		}
	}
	if len(seen) != len(pipeline.Templates()) {
		t.Errorf("%d ways to ask for %d templates", len(seen), len(pipeline.Templates()))
	}
}

func TestALineLongerThanTheContextIsReadInPieces(t *testing.T) {
	t.Parallel()
	m := newModel(t, attentive)
	req := summary(3, 2048)
	req.Lines[1].Text = strings.Repeat("물이수문을지나갑니다", 500)
	req.Lines[2].Text = strings.Repeat("The water waits for the next gate. ", 300)
	o := summarize(t, m.client(t), req)
	if o.err != nil || o.made.CoveragePercent != 100 {
		t.Errorf("Summarize() = %+v, %v", o.made, o.err)
	}
}

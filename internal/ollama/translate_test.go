package ollama_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/ollama"
	"sluice/internal/pipeline"
)

// translate runs a request to its end and gives all lines in their order.
func translate(t testing.TB, c *ollama.Client, req pipeline.TranslateRequest, usage func(pipeline.Usage)) []pipeline.TranslatedLine {
	t.Helper()
	var got []pipeline.TranslatedLine
	last := 0.0
	err := c.Translate(t.Context(), req, pipeline.TranslateWatch{
		Batch: func(lines []pipeline.TranslatedLine) error { got = append(got, lines...); return nil },
		Progress: func(f float64) {
			if f <= last || f > 1 {
				t.Errorf("progress goes from %v to %v", last, f)
			}
			last = f
		},
		Usage: usage,
	})
	if err != nil {
		t.Fatalf("Translate(): %v", err)
	}
	if last != 1 && len(got) > 0 {
		t.Errorf("progress ends at %v", last)
	}
	return got
}

// talkOf makes lines that all differ; some end a sentence, some do not.
func talkOf(n int) []pipeline.Line {
	lines := make([]pipeline.Line, n)
	for i := range lines {
		end := ","
		if i%5 == 4 {
			end = "."
		}
		lines[i] = pipeline.Line{
			ID: 100 + i, StartMS: int64(i) * 3000,
			Text: fmt.Sprintf("The water passes gate %d in an orderly way and does not hurry%s", i+10, end),
		}
	}
	return lines
}

func request(n int) pipeline.TranslateRequest {
	return pipeline.TranslateRequest{From: "en", To: "ko", Model: "some", Context: 4096, Lines: talkOf(n)}
}

// wanted is what the well-behaved model makes of lines.
func wanted(lines []pipeline.Line) (all []pipeline.TranslatedLine) {
	for _, l := range lines {
		all = append(all, pipeline.TranslatedLine{ID: l.ID, Text: inKorean(l.Text)})
	}
	return all
}

func TestEveryLineGetsItsTranslation(t *testing.T) {
	t.Parallel()
	m := newModel(t, korean)
	req := request(50)
	req.Lines[7].Text = "..."
	req.Lines[20].Text = ""
	want := wanted(req.Lines)
	want[7].Text, want[20].Text = "...", ""
	var used pipeline.Usage
	got := translate(t, m.client(t), req, func(u pipeline.Usage) { used = u })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	in := 0
	for _, q := range m.questions() {
		in += tokens(q)
		lines := q.lines()
		if len(lines) > 12 {
			t.Errorf("a batch of %d lines", len(lines))
		}
		last := slices.Max(slices.Collect(maps.Keys(lines)))
		if text := lines[last]; last != "149" && !strings.HasSuffix(text, ".") {
			t.Errorf("a batch ends in a sentence: %q", text)
		}
	}
	if used.Requests != len(m.questions()) || used.Retries != 0 || used.TokensIn != in || used.TokensOut == 0 {
		t.Errorf("%+v for %d questions with %d tokens", used, len(m.questions()), in)
	}
}

func TestATranslationNeedsNoCount(t *testing.T) {
	t.Parallel()
	m := newModel(t, func(a asked) reply { p := korean(a); p.in = -1; return p })
	req := request(20)
	if diff := cmp.Diff(wanted(req.Lines), translate(t, m.client(t), req, nil)); diff != "" {
		t.Error(diff)
	}
}

// spoiled answers well but for what spoil does to the answers for batches; of
// single lines there is nothing to mix up.
func spoiled(spoil func(ids []string, texts map[string]string)) func(asked) reply {
	return func(a asked) reply {
		lines := a.lines()
		if len(lines) < 2 {
			return korean(a)
		}
		texts := map[string]string{}
		for id, text := range lines {
			texts[id] = inKorean(text)
		}
		spoil(slices.Sorted(maps.Keys(lines)), texts)
		return reply{text: object(texts)}
	}
}

func TestWhatIsMixedUpIsAskedForAgain(t *testing.T) {
	t.Parallel()
	tests := map[string]func(asked) reply{
		"lines merged": spoiled(func(ids []string, texts map[string]string) {
			texts[ids[0]] += " " + texts[ids[1]]
			texts[ids[1]] = ""
		}),
		"lines shifted": spoiled(func(ids []string, texts map[string]string) {
			for i := range ids[1:] {
				texts[ids[i]] = texts[ids[i+1]]
			}
		}),
		"lines shifted and repeated": spoiled(func(ids []string, texts map[string]string) {
			for i := len(ids) - 1; i > 0; i-- {
				texts[ids[i]] = texts[ids[i-1]]
			}
		}),
		"a line dropped":     spoiled(func(ids []string, texts map[string]string) { delete(texts, ids[len(ids)/2]) }),
		"a line made up":     spoiled(func(_ []string, texts map[string]string) { texts["9999"] = "덤" }),
		"a key that is none": spoiled(func(_ []string, texts map[string]string) { texts["note"] = "덤" }),
		"the same for all": spoiled(func(ids []string, texts map[string]string) {
			for _, id := range ids {
				texts[id] = "모두 똑같은 말만 합니다"
			}
		}),
		"one left in English": spoiled(func(ids []string, texts map[string]string) { texts[ids[1]] = "The water passes the gate" }),
		"one without end":     spoiled(func(ids []string, texts map[string]string) { texts[ids[0]] = strings.Repeat("물이 ", 40) }),
		"no JSON": func(a asked) reply {
			if len(a.lines()) > 1 {
				return reply{text: "Here are your translations!"}
			}
			return korean(a)
		},
		"half of the JSON": func(a asked) reply {
			p := korean(a)
			if len(a.lines()) > 1 {
				p.text = p.text[:len(p.text)/2]
			}
			return p
		},
		"numbers for texts": func(a asked) reply {
			if len(a.lines()) > 1 {
				return reply{text: `{"100": 1}`}
			}
			return korean(a)
		},
		"twice the same key": func(a asked) reply {
			p := korean(a)
			if l := a.lines(); len(l) > 1 {
				id := slices.Min(slices.Collect(maps.Keys(l)))
				p.text = `{"` + id + `":"물이 흐릅니다",` + p.text[1:]
			}
			return p
		},
		"no JSON, ever": func(a asked) reply {
			if a.lines() != nil {
				return reply{text: "물론이죠"}
			}
			return korean(a)
		},
		"too long for a batch": func(a asked) reply {
			if len(a.lines()) > 1 {
				return reply{raw: says(400, `{"error":"the input length exceeds the context length"}`)}
			}
			return korean(a)
		},
		"cut without a word": func(a asked) reply {
			p := korean(a)
			if len(a.lines()) > 1 {
				p.in = 2048
				p.text = strings.ReplaceAll(p.text, "가", "나")
			}
			return p
		},
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, answer)
			req := request(14)
			if name == "cut without a word" {
				req.Context = 2048
			}
			var used pipeline.Usage
			got := translate(t, m.client(t), req, func(u pipeline.Usage) { used = u })
			if diff := cmp.Diff(wanted(req.Lines), got); diff != "" {
				t.Error(diff)
			}
			if used.Retries == 0 || used.Retries >= used.Requests {
				t.Errorf("%+v", used)
			}
		})
	}
}

func TestWhatSurroundsAnAnswerIsTakenOff(t *testing.T) {
	t.Parallel()
	const good = "여러분 모두 좋은 아침입니다"
	tests := map[string]string{
		"fences":       "```json\n{\"1\":\"" + good + "\"}\n```",
		"words":        "Sure! {\"1\": \"" + good + "\"} I hope this helps.",
		"thoughts":     "<think>They greet {all}.</think>{\"1\":\"" + good + "\"}",
		"quotes":       `{"1":"“` + good + `”"}`,
		"an opening":   `{"1":"Korean translation: ` + good + `"}`,
		"odd letters":  `{"1":"여러분\u0000 모두\n좋은\u0007 아침입니다 "}`,
		"broken UTF-8": `{"1":"` + good + `"}` + "\xff\xfe",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, func(asked) reply { return reply{text: text} })
			got := translate(t, m.client(t), one(), nil)
			if diff := cmp.Diff([]pipeline.TranslatedLine{{ID: 1, Text: good}}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARunGoesOnWhereAnotherEnded(t *testing.T) {
	t.Parallel()
	req := request(60)
	whole := newModel(t, korean)
	translate(t, whole.client(t), req, nil)

	for _, stop := range []int{1, 2, 4} {
		broken := newModel(t, nil)
		broken.answer = func(a asked) reply {
			if len(broken.questions()) > stop {
				return reply{raw: abort}
			}
			return korean(a)
		}
		part := req
		err := broken.client(t).Translate(t.Context(), req, pipeline.TranslateWatch{
			Batch: func(lines []pipeline.TranslatedLine) error { part.Done = append(part.Done, lines...); return nil },
		})
		if !fault.Is(err, fault.OllamaCrashed) || len(part.Done) == 0 {
			t.Fatalf("after %d: %v with %d lines", stop, err, len(part.Done))
		}
		rest := newModel(t, korean)
		got := append(slices.Clone(part.Done), translate(t, rest.client(t), part, nil)...)
		if diff := cmp.Diff(wanted(req.Lines), got); diff != "" {
			t.Error(diff)
		}
		// Together they ask what one run asks: the same batches, in the same words.
		asked := append(broken.questions()[:stop], rest.questions()...)
		for _, q := range append(asked, whole.questions()...) {
			delete(q.Options, "num_predict") // only a bound, which goes by what was seen so far
		}
		if diff := cmp.Diff(whole.questions(), asked); diff != "" {
			t.Errorf("after %d the questions differ:\n%s", stop, diff)
		}
	}
}

func TestWhatCannotBeStoredEndsIt(t *testing.T) {
	t.Parallel()
	m := newModel(t, korean)
	full := errors.New("disk full")
	err := m.client(t).Translate(t.Context(), request(40), pipeline.TranslateWatch{
		Batch: func([]pipeline.TranslatedLine) error { return full },
	})
	if !errors.Is(err, full) || len(m.questions()) != 1 {
		t.Errorf("Translate() = %v after %d questions", err, len(m.questions()))
	}
}

func TestNothingIsAskedWhereNothingIsToBeDone(t *testing.T) {
	t.Parallel()
	m := newModel(t, func(asked) reply { t.Error("it was asked"); return reply{} })
	c := m.client(t)

	same := request(3)
	same.To = "EN"
	if got := translate(t, c, same, nil); len(got) != 3 || got[1].Text != same.Lines[1].Text || got[1].Untranslated {
		t.Errorf("into its own language: %+v", got)
	}
	done := request(3)
	done.Done = wanted(done.Lines)
	if got := translate(t, c, done, nil); got != nil {
		t.Errorf("all done: %+v", got)
	}
	if got := translate(t, c, pipeline.TranslateRequest{To: "ko", Model: "some"}, nil); got != nil {
		t.Errorf("no lines: %+v", got)
	}
}

func TestAModelThatCannotDoItIsNotAskedForHours(t *testing.T) {
	t.Parallel()
	m := newModel(t, func(asked) reply { return reply{text: "I am sorry, but I cannot help with that."} })
	req := request(300)
	got := translate(t, m.client(t), req, nil)
	for i, l := range got {
		if want := req.Lines[i]; l.ID != want.ID || l.Text != want.Text || !l.Untranslated || l.Warning == "" {
			t.Fatalf("line %d: %+v", i, l)
		}
	}
	if n := len(m.questions()); len(got) != 300 || n > 60 {
		t.Errorf("%d lines, %d questions", len(got), n)
	}
}

func TestAModelThatKnowsNoJSONIsAskedInPlainWords(t *testing.T) {
	t.Parallel()
	m := newModel(t, func(a asked) reply {
		if a.lines() != nil {
			return reply{text: "물론이죠, 여기 있습니다"}
		}
		return korean(a)
	})
	req := request(120)
	if diff := cmp.Diff(wanted(req.Lines), translate(t, m.client(t), req, nil)); diff != "" {
		t.Error(diff)
	}
	if n := len(m.questions()); n > 140 {
		t.Errorf("%d questions for 120 lines", n)
	}
}

func TestAModelThatRecoversIsAskedAsBefore(t *testing.T) {
	t.Parallel()
	m := newModel(t, nil)
	m.answer = func(a asked) reply {
		if len(m.questions()) < 30 {
			return reply{text: "no"}
		}
		return korean(a)
	}
	req := request(300)
	got := translate(t, m.client(t), req, nil)
	if last := got[len(got)-1]; len(got) != 300 || last != wanted(req.Lines)[299] {
		t.Errorf("%d lines; the last is %+v", len(got), last)
	}
}

func TestWhatAModelIsTold(t *testing.T) {
	t.Parallel()
	m := newModel(t, korean)
	req := request(30)
	req.Title, req.Register = "How sluices work", pipeline.Formal
	req.Glossary = []pipeline.Term{{From: "Gate", To: "수문"}, {From: "lock keeper", To: "갑문지기"}, {From: "", To: "x"}}
	req.Lines[0].Text = `She said "open" & left.`
	translate(t, m.client(t), req, nil)
	q := m.questions()
	system := q[0].Messages[0]
	for _, want := range []string{"from English into Korean", "합니다체"} {
		if system.Role != "system" || !strings.Contains(system.Content, want) {
			t.Errorf("the system message lacks %q", want)
		}
	}
	for _, want := range []string{`"title":"How sluices work"`, `"terms":{"Gate":"수문"}`, `"She said \"open\" & left."`, `"begins":"She said`} {
		if !strings.Contains(q[0].user(), want) {
			t.Errorf("the first question lacks %q:\n%s", want, q[0].user())
		}
	}
	if strings.Contains(q[0].user(), "previous") {
		t.Error("there is nothing before the first batch")
	}
	first := len(q[0].lines())
	before := req.Lines[first-1].Text
	if pairs := `["` + before + `","` + inKorean(before) + `"]]`; !strings.Contains(q[1].user(), pairs) {
		t.Errorf("the second question lacks %q:\n%s", pairs, q[1].user())
	}
	for _, one := range q {
		if one.Messages[0] != system {
			t.Error("the system message changes, and the server reads it anew each time")
		}
		var schema struct {
			Required   []string
			Properties map[string]any
			Additional bool `json:"additionalProperties"`
		}
		mustJSON(t, one.Format, &schema)
		ids := slices.Sorted(maps.Keys(one.lines()))
		if diff := cmp.Diff(ids, schema.Required); diff != "" || len(schema.Properties) != len(ids) || schema.Additional {
			t.Errorf("the schema asks for others: %s", one.Format)
		}
	}
}

func TestRegistersAndLanguages(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		from, to string
		register pipeline.Register
		has      string
		hasNot   string
	}{
		"polite Korean":                 {"en", "ko", pipeline.Polite, "해요체", "합니다체"},
		"Korean as the model likes":     {"en", "ko", pipeline.AnyRegister, "into Korean", "체"},
		"a register of Korean only":     {"en", "ja", pipeline.Formal, "from English into Japanese", "체"},
		"a language nobody has told":    {"", "ko", pipeline.AnyRegister, "recording into Korean.", "from"},
		"Chinese by the way of writing": {"en", "zh-Hant", pipeline.AnyRegister, "into Traditional Chinese", "체"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, func(asked) reply { return reply{text: "no"} })
			req := one()
			req.From, req.To, req.Register = tt.from, tt.to, tt.register
			translate(t, m.client(t), req, nil)
			said, _, _ := strings.Cut(m.questions()[0].Messages[0].Content, "Their text")
			_, manners, _ := strings.Cut(m.questions()[0].Messages[0].Content, "units.")
			if !strings.Contains(said+manners, tt.has) || strings.Contains(said, tt.hasNot) || strings.Contains(manners, tt.hasNot) {
				t.Errorf("it is told %q %q", said, manners)
			}
		})
	}
	m := newModel(t, korean)
	req := one()
	for _, code := range []string{"", "xx", "auto", "english"} {
		req.To = code
		err := m.client(t).Translate(t.Context(), req, pipeline.TranslateWatch{})
		if !fault.Is(err, fault.LanguageUnknown) || ollama.KnowsLanguage(code) {
			t.Errorf("%q: %v", code, err)
		}
	}
	if !ollama.KnowsLanguage("ko") || !ollama.KnowsLanguage("zh-Hant") {
		t.Error("ko and zh-Hant are languages")
	}
}

func TestAModelThatOnlyTranslates(t *testing.T) {
	t.Parallel()
	m := newModel(t, func(a asked) reply {
		_, texts, _ := strings.Cut(a.user(), "\n\n\n")
		lines := strings.Split(texts, "\n")
		for i, l := range lines {
			lines[i] = inKorean(l)
		}
		if strings.Contains(texts, "gate 17") && len(lines) > 1 { // once it joins two lines
			lines = slices.Delete(lines, 0, 1)
		}
		return reply{text: strings.Join(lines, "\n")}
	})
	req := request(14)
	req.Model = "translategemma:4b"
	got := translate(t, m.client(t), req, nil)
	if diff := cmp.Diff(wanted(req.Lines), got); diff != "" {
		t.Error(diff)
	}
	for _, q := range m.questions() {
		_, texts, _ := strings.Cut(q.user(), "\n\n\n")
		if n := strings.Count(texts, "\n") + 1; len(q.Messages) != 1 || q.Format != nil || n > 5 {
			t.Errorf("%d messages, format %s, %d lines", len(q.Messages), q.Format, n)
		}
	}
}

func TestASmallContextMakesSmallBatches(t *testing.T) {
	t.Parallel()
	for _, context := range []int{512, 1024, 2048, 8192} {
		t.Run(strconv.Itoa(context), func(t *testing.T) {
			t.Parallel()
			m := newModel(t, func(a asked) reply {
				if tokens(a) >= context {
					return reply{raw: says(400, `{"error":"the input length exceeds the context length"}`)}
				}
				return korean(a)
			})
			req := request(20)
			req.Context = context
			got := translate(t, m.client(t), req, nil)
			if diff := cmp.Diff(wanted(req.Lines), got); diff != "" {
				t.Error(diff)
			}
			for _, q := range m.questions() {
				if room := int(q.Options["num_predict"].(float64)); tokens(q)+room > context {
					t.Errorf("%d tokens and %d for the answer", tokens(q), room)
				}
			}
		})
	}
}

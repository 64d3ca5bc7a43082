package ollama_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sluice/internal/fault"
	"sluice/internal/ollama"
	"sluice/internal/pipeline"
)

func TestAModelWithTheContextItCanHave(t *testing.T) {
	t.Parallel()
	m := newModel(t, korean)
	m.context = 4096
	c := m.client(t)
	for asked, want := range map[int]int{0: 4096, 1024: 1024, 4096: 4096, 8192: 4096} {
		got, err := c.Model(t.Context(), "SOME", asked)
		if err != nil || got.Name != "some:latest" || got.Digest != "d1" || got.Context != want || got.NeedBytes <= 1000 {
			t.Errorf("Model(%d) = %+v, %v", asked, got, err)
		}
	}
	if _, err := c.Model(t.Context(), "nobody", 1024); !fault.Is(err, fault.ModelMissing) {
		t.Errorf("Model() = %v", err)
	}
}

func TestAServerIsWokenBeforeItIsNeeded(t *testing.T) {
	t.Parallel()
	asleep := fault.New(fault.OllamaMissing, "It is not installed.", nil)
	m := newModel(t, korean)
	woken := 0
	c := client(t, ollama.Config{Host: m.url, Wake: func(context.Context) error {
		if woken++; woken > 3 {
			return asleep
		}
		return nil
	}})
	calls := map[string]func() error{
		"Model":     func() error { _, err := c.Model(t.Context(), "some", 1024); return err },
		"Translate": func() error { return c.Translate(t.Context(), one(), pipeline.TranslateWatch{}) },
		"Summarize": func() error {
			m.answer = attentive
			_, err := c.Summarize(t.Context(), summary(3, 4096), pipeline.SummarizeWatch{})
			m.answer = korean
			return err
		},
	}
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if woken != 3 {
		t.Errorf("it was woken %d times", woken)
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, asleep) {
			t.Errorf("%s of one that cannot be woken: %v", name, err)
		}
	}
}

// What languages are written in, by what must and must not pass as a
// translation into them.
func TestLanguagesByTheirLetters(t *testing.T) {
	t.Parallel()
	const original = "The gate of the sluice was opened in the morning"
	tests := map[string]struct{ good, bad string }{
		"ko":      {"아침에 Ollama의 수문이 열렸습니다", "朝に水門が開けられました"},
		"ja":      {"朝に水門が開けられました", "早上水闸的大门被打开了并且没有关上"},
		"zh":      {"早上水闸的门被打开了", "朝に水門が開けられましたのです"},
		"zh-Hant": {"早上水閘的門被打開了", "아침에 수문이 열렸습니다"},
		"ru":      {"Утром ворота шлюза были открыты", "Am Morgen wurde das Tor der Schleuse geöffnet"},
		"de":      {"Am Morgen wurde das Tor der Schleuse geöffnet", "Утром ворота шлюза были открыты"},
		"ar":      {"فُتحت بوابة القناة في الصباح", "The door was opened this morning"},
		"he":      {"שער התעלה נפתח בבוקר", "فُتحت بوابة القناة في الصباح"},
		"hi":      {"सुबह जलद्वार का फाटक खोला गया", "The door was opened this morning"},
		"th":      {"ประตูระบายน้ำถูกเปิดในตอนเช้า", "早上水闸的门被打开了"},
		"el":      {"Η πύλη άνοιξε το πρωί της ημέρας", "Утром ворота шлюза были открыты"},
	}
	for code, tt := range tests {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			for text, want := range map[string]bool{tt.good: true, tt.bad: false} {
				m := newModel(t, func(a asked) reply { return reply{text: fmt.Sprintf(`{"1":%q}`, text)} })
				req := one()
				req.To, req.Lines[0].Text = code, original
				if got := translate(t, m.client(t), req, nil)[0]; got.Untranslated == want {
					t.Errorf("%q: %+v", text, got)
				}
			}
		})
	}
}

// Whatever a model says, what is read of it is one line, and never more ids
// than were asked for.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"1":"안녕하세요"}`)
	f.Add("```json\n{\"1\":\"“x”\",\"2\":\"\"}```")
	f.Add(`{"1":{"a":1}}`)
	f.Add(`{"1":"a","1":"b"}`)
	f.Add("<think>{\"1\":\"x\"}</think>")
	f.Add(`{"1":"\ud800","2":2}`)
	f.Add(strings.Repeat("[{", 300))
	f.Fuzz(func(t *testing.T, said string) {
		texts, err := ollama.Keyed(said, func(id int) bool { return id == 1 || id == 2 })
		if err == nil && texts == nil || err != nil && texts != nil || len(texts) > 2 {
			t.Errorf("Keyed() = %v, %v", texts, err)
		}
		for _, text := range append(slices.Collect(maps.Values(texts)), said) {
			if line := ollama.Unwrap("a line", text); strings.ContainsAny(line, "\n\r\x00") || !utf8.ValidString(line) {
				t.Errorf("Unwrap(%q) = %q", text, line)
			}
		}
		ollama.EndsInCircles(said)
	})
}

func TestWhatACountMeans(t *testing.T) {
	t.Parallel()
	type meaning struct{ whole, cut bool }
	tests := map[string]struct {
		reckoned         float64
		counted, context int
		want             meaning
	}{
		"as many as there are":                {1000, 1016, 4096, meaning{whole: true}},
		"more than there are":                 {1000, 1500, 4096, meaning{whole: true}},
		"a little less":                       {1000, 930, 4096, meaning{whole: true}},
		"clearly less":                        {1000, 800, 4096, meaning{}},
		"less than any model has":             {1000, 100, 4096, meaning{cut: true}},
		"none told":                           {1000, 0, 4096, meaning{cut: true}},
		"clearly less of little":              {100, 60, 4096, meaning{whole: true}},
		"the whole context":                   {4200, 4096, 4096, meaning{cut: true}},
		"half of the context, of hardly more": {2100, 2050, 4096, meaning{cut: true}},
		"half of the context, of no more":     {1900, 2050, 4096, meaning{whole: true}},
	}
	for name, tt := range tests {
		var got meaning
		if got.whole, got.cut = ollama.Judge(tt.reckoned, tt.counted, tt.context); got != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAStreamThatGoesRoundInCircles(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want bool
	}{
		"one letter":        {strings.Repeat("ㅋ", 200), true},
		"a sentence":        {"Well. " + strings.Repeat("I do not know. ", 20), true},
		"nothing but space": {`{"1":` + strings.Repeat(" \n\t  \n", 100), true},
		"a long list": {fmt.Sprint(slices.Collect(func(yield func(int) bool) {
			for i := range 300 {
				if !yield(i * i) {
					return
				}
			}
		})), false},
		"an ordinary answer": {`{"100":"물이 수문을 지나갑니다","101":"물이 수문을 지나가지 않습니다","102":"물이 천천히 수문을 지나갑니다"}`, false},
		"laughter":           {`{"1":"하하하하하하"}`, false},
	}
	for name, tt := range tests {
		if got := ollama.EndsInCircles(tt.text); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

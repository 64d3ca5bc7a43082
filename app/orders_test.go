package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wished is what a job says that it will do with its text.
type wished struct {
	ID          string
	TranslateTo []string                            `json:"translate_to"`
	Summarize   bool                                `json:"summarize"`
	Summary     struct{ Template, Language string } `json:"summary"`
	LLMModel    string                              `json:"llm_model"`
	Register    string
	Glossary    []struct{ From, To, Term, Translation string }
	Webhook     string
}

func TestWhatAnOrderWantsOfItsTextIsChecked(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := h.serve()
	s.do("POST", "/api/v1/queue/pause", nil, nil)
	source := clip(t, "seen-000.wav")
	refused := map[string]struct {
		fields map[string]any
		code   string
	}{
		"a language that nobody knows":         {map[string]any{"translate_to": []string{"ko", "xx"}}, "language_unknown"},
		"a template that there is not":         {map[string]any{"summarize": true, "summary": map[string]any{"template": "poem"}}, "request_invalid"},
		"a summary in a language nobody knows": {map[string]any{"summarize": true, "summary": map[string]any{"language": "xx"}}, "language_unknown"},
		"a register that there is not":         {map[string]any{"translate_to": []string{"ko"}, "register": "rude"}, "request_invalid"},
		"a term without a translation":         {map[string]any{"translate_to": []string{"ko"}, "glossary": []any{map[string]any{"to": "ko", "term": "gate", "translation": ""}}}, "request_invalid"},
		"a webhook on this machine":            {map[string]any{"webhook": "http://127.0.0.1:9/"}, "webhook_refused"},
		"a webhook that is no address":         {map[string]any{"webhook": "file:///etc/passwd"}, "webhook_refused"},
		"nothing that is wrong":                {map[string]any{"translate_to": []string{}, "summarize": false, "webhook": ""}, ""},
	}
	for name, tt := range refused {
		fields := map[string]any{"source": source, "title": name}
		for k, v := range tt.fields {
			fields[k] = v
		}
		status, text := s.ask("POST", "/api/v1/jobs", fields, nil)
		switch {
		case tt.code == "" && status != http.StatusAccepted:
			t.Errorf("%s: %d %s", name, status, text)
		case tt.code != "" && (status/100 != 4 || !strings.Contains(text, `"`+tt.code+`"`)):
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
}

func TestWhatAnOrderLeavesOutIsThatOfTheSettings(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	glossary := filepath.Join(h.dir, "glossary.toml")
	const terms = "[en.ko]\n\"sluice\" = \"수문\"\n[en.de]\ngate = \"Tor\"\n[any.ko]\nmina = \"미나\"\n"
	if err := os.WriteFile(glossary, []byte(terms), 0o600); err != nil {
		t.Fatal(err)
	}
	s := h.serve("--set", "defaults.translate_to=ko", "--set", "translate.register=polite", "--set", "translate.glossary="+glossary,
		"--set", "ollama.model=tiny:latest", "--set", "summary.template=lecture", "--set", "webhook.url=http://127.0.0.1:9/in?key=secret", "--set", "webhook.allow=127.0.0.1:9")
	s.do("POST", "/api/v1/queue/pause", nil, nil)
	var got wished
	s.do("POST", "/api/v1/jobs", map[string]any{"source": clip(t, "seen-000.wav")}, &got)
	want := wished{ID: got.ID, TranslateTo: []string{"ko"}, LLMModel: "tiny:latest", Register: "polite", Webhook: "http://127.0.0.1:9/…"}
	want.Glossary = []struct{ From, To, Term, Translation string }{{"", "ko", "mina", "미나"}, {"en", "ko", "sluice", "수문"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = wished{}
	s.do("POST", "/api/v1/jobs", map[string]any{
		"source": clip(t, "seen-001.wav"), "translate_to": []string{"DE", "de", "fr"}, "summarize": true, "register": "",
		"glossary": []any{}, "llm_model": "other", "summary": map[string]any{"language": "en"}, "webhook": "",
	}, &got)
	want = wished{ID: got.ID, TranslateTo: []string{"de", "fr"}, Summarize: true, LLMModel: "other"}
	want.Summary.Template, want.Summary.Language = "lecture", "en"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = wished{}
	s.do("POST", "/api/v1/jobs", map[string]any{"source": clip(t, "seen-002.wav"), "translate_to": []string{}, "webhook": ""}, &got)
	if diff := cmp.Diff(wished{ID: got.ID}, got); diff != "" {
		t.Error(diff)
	}
}

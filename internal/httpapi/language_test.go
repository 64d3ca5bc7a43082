package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/httpapi"
	"sluice/internal/job"
)

func TestAnOrderOfLanguages(t *testing.T) {
	t.Parallel()
	yes, no, polite, none, hook := true, false, "polite", "", "https://hooks.example.com/x?key=secret"
	term := job.Term{From: "en", To: "ko", Term: "ferry", Translation: "나룻배"}
	tests := map[string]struct {
		json string   // members beside the source
		form []string // the same in a form; nil = a form cannot say it
		want job.Order
	}{
		"nothing is said": {"", []string{}, job.Order{}},
		"everything is said": {
			`"translate_to":["ko","de"],"summarize":true,"summary":{"template":"meeting","language":"en"},"llm_model":"gemma3:4b","register":"polite",
				"glossary":[{"from":"en","to":"ko","term":"ferry","translation":"나룻배"}],"webhook":"` + hook + `"`,
			[]string{
				"translate_to=ko, de", "summarize=true", `summary={"template":"meeting","language":"en"}`, "llm_model=gemma3:4b", "register=polite",
				`glossary=[{"from":"en","to":"ko","term":"ferry","translation":"나룻배"}]`, "webhook=" + hook,
			},
			job.Order{
				TranslateTo: &[]string{"ko", "de"}, Summarize: &yes, Summary: job.Summary{Template: "meeting", Language: "en"},
				LLMModel: "gemma3:4b", Register: &polite, Glossary: &[]job.Term{term}, Webhook: &hook,
			},
		},
		"none of all of it": {
			`"translate_to":[],"summarize":false,"register":"","glossary":[],"webhook":""`, nil,
			job.Order{TranslateTo: &[]string{}, Summarize: &no, Register: &none, Glossary: &[]job.Term{}, Webhook: &none},
		},
		"no languages in a form":      {`"translate_to":[]`, []string{"translate_to=[]"}, job.Order{TranslateTo: &[]string{}}},
		"languages as JSON in a form": {`"translate_to":["ko"]`, []string{`translate_to=["ko"]`}, job.Order{TranslateTo: &[]string{"ko"}}},
		"only how it is summed up":    {`"summary":{"template":"lecture"}`, []string{`summary={"template":"lecture"}`}, job.Order{Summary: job.Summary{Template: "lecture"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			post(t, w, strings.Replace(`{"source":"/a",`+tt.json+`}`, ",}", "}", 1), "")
			tt.want.Source = "/a"
			if tt.form != nil {
				if res := serve(w.routes, formRequest(t, "/api/v1/jobs", "", 0, append([]string{"source=/a"}, tt.form...)...)); res.Code != http.StatusAccepted {
					t.Errorf("form: status %d: %s", res.Code, res.Body)
				}
			}
			for i, o := range w.desk.orders {
				if diff := cmp.Diff(tt.want, o); diff != "" {
					t.Errorf("order %d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

func TestLanguagesThatAreRefused(t *testing.T) {
	t.Parallel()
	many := strings.TrimSuffix(strings.Repeat(`"ko",`, job.MaxLanguages+1), ",")
	tests := map[string]struct{ members, field string }{
		"a template that there is not":      {`"summary":{"template":"poem"}`, "summary.template"},
		"a member that a summary has not":   {`"summary":{"style":"short"}`, "summary.style"},
		"a member that slips past another":  {`"summary":{"template":"meeting","Template":"poem"}`, "summary.Template"},
		"a summary that is a word":          {`"summary":"meeting"`, "summary"},
		"a register that there is not":      {`"register":"rude"`, "register"},
		"too many languages":                {`"translate_to":[` + many + `]`, "translate_to"},
		"languages in one text":             {`"translate_to":"ko,de"`, "translate_to"},
		"a language that is a number":       {`"translate_to":["ko",7]`, "translate_to[1]"},
		"a term without its language":       {`"glossary":[{"term":"a","translation":"b"}]`, "glossary[0].to"},
		"a term without its translation":    {`"glossary":[{"term":"a","translation":"","to":"ko"}]`, "glossary[0].translation"},
		"a member that a term has not":      {`"glossary":[{"term":"a","translation":"b","to":"ko","note":"x"}]`, "glossary[0].note"},
		"a term of a length beyond measure": {`"glossary":[{"term":"` + strings.Repeat("x", job.MaxTermBytes+1) + `","translation":"b","to":"ko"}]`, "glossary[0].term"},
		"a webhook that is a list":          {`"webhook":["https://x"]`, "webhook"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := `{"source":"/a",` + tt.members + `}`
			for field, body := range map[string]string{tt.field: one, "jobs[1]." + tt.field: `{"jobs":[{"source":"/b"},` + one + `]}`} {
				w := newWorld(t)
				res := call(t, w.routes, "POST", "/api/v1/jobs", body)
				checkProblem(t, res)
				if res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), `"field":"`+field+`"`) || len(w.desk.orders) > 0 {
					t.Errorf("status %d, want a refusal of %s: %s", res.Code, field, res.Body)
				}
			}
		})
	}
}

func TestTheOldRouteLeavesLanguagesToTheSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call(t, w.routes, "POST", "/process", `{"path":"/a","translate_to":["ko"],"summarize":true,"webhook":"https://x"}`)
	if diff := cmp.Diff([]job.Order{{Source: "/a"}}, w.desk.orders); diff != "" {
		t.Error(diff)
	}
}

func TestAJobShowsItsLanguages(t *testing.T) {
	t.Parallel()
	read := 96
	full := job.Job{
		State: job.Running, Stage: job.Summarize, Progress: job.Progress{Stage: job.Summarize, Fraction: 0.5, ETASeconds: 30},
		Options: job.Options{
			TranslateTo: []string{"ko"}, Summarize: true, Summary: job.Summary{Template: "meeting", Language: "en"}, LLMModel: "gemma3:4b", Register: "formal",
			Glossary: []job.Term{{To: "ko", Term: "a", Translation: "b"}}, Webhook: "https://u:p@x.example/y?key=secret#z",
		},
		Quality:  job.Quality{Lines: map[string]job.Lines{"ko": {Done: 3, Total: 4}}, Coverage: &read},
		Warnings: []job.Warning{{Code: "untranslated", Text: "1 line"}},
	}
	want := httpapi.Job{
		TranslateTo: []string{"ko"}, Summarize: true, Summary: &httpapi.SummaryOptions{Template: "meeting", Language: "en"}, LLMModel: "gemma3:4b", Register: "formal",
		Glossary: []httpapi.Term{{Term: "a", Translation: "b", To: "ko"}}, Webhook: "https://x.example/…",
		Quality:    httpapi.Quality{Lines: map[string]job.Lines{"ko": {Done: 3, Total: 4}}, Coverage: &read, Warnings: full.Warnings},
		ETASeconds: 30, // the summary is the last that it goes through
	}
	got := httpapi.JobOf(full)
	got = httpapi.Job{
		TranslateTo: got.TranslateTo, Summarize: got.Summarize, Summary: got.Summary, LLMModel: got.LLMModel, Register: got.Register,
		Glossary: got.Glossary, Webhook: got.Webhook, Quality: got.Quality, ETASeconds: got.ETASeconds,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	full.Options.Summarize, full.Progress.Stage = false, job.Transcribe
	if v := httpapi.JobOf(full); v.ETASeconds != 0 || v.Summary != nil {
		t.Errorf("a stage before the last one tells the end: %+v", v)
	}
}

func TestAJobThatWantsNoLanguagesShowsNone(t *testing.T) {
	t.Parallel()
	body := call(t, newWorld(t).routes, "GET", "/api/v1/jobs?state=done", "").Body.String()
	for _, member := range []string{"translate_to", "summar", "llm_model", "register", "glossary", "webhook", "lines", "coverage_percent", "deliveries"} {
		if strings.Contains(body, `"`+member) {
			t.Errorf("it shows %s: %s", member, body)
		}
	}
}

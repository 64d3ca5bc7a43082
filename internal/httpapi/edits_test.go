package httpapi_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"sluice/internal/library"
)

func TestEditsAndAttempts(t *testing.T) {
	t.Parallel()
	one := `{"edits":[{"id":1,"text":"Hi.","was":"안녕하세요"}]}`
	many := `{"edits":[` + strings.TrimSuffix(strings.Repeat(`{"id":1,"text":null},`, library.MaxEdits+1), ",") + `]}`
	tests := map[string]struct {
		method, target, body string
		status               int
		want                 []string
	}{
		"a correction answers with the text":     {body: one, status: 200, want: []string{`"complete":true`, `"segments":[{"id":1`}},
		"a correction of a translation":          {target: "/api/v1/jobs/t1/transcript?lang=EN", body: `{"edits":[{"id":1,"text":""}]}`, status: 200, want: []string{`"language":"en"`}},
		"what was said is taken back":            {body: `{"edits":[{"id":1,"text":null}]}`, status: 200},
		"somebody else was quicker":              {body: `{"edits":[{"id":1,"text":"a","was":"b"}]}`, status: 409, want: []string{`"code":"edit_conflict"`}},
		"a segment that is not there":            {body: `{"edits":[{"id":2,"text":"a"}]}`, status: 422, want: []string{`request_invalid`}},
		"a segment that cannot be":               {body: `{"edits":[{"id":0,"text":"a"}]}`, status: 422, want: []string{`"field":"edits[0].id"`}},
		"a text is text or null":                 {body: `{"edits":[{"id":1,"text":7}]}`, status: 422, want: []string{`"field":"edits[0].text"`}},
		"a text is said to be taken back":        {body: `{"edits":[{"id":1}]}`, status: 422, want: []string{`"field":"edits[0].text"`}},
		"an unknown field is named":              {body: `{"edits":[{"id":1,"text":"a","start_ms":1}]}`, status: 422, want: []string{`"field":"edits[0].start_ms"`}},
		"no edits":                               {body: `{"edits":[]}`, status: 422, want: []string{`"field":"edits"`}},
		"more edits than one request may hold":   {body: many, status: 422, want: []string{`"field":"edits"`}},
		"a control character":                    {body: `{"edits":[{"id":1,"text":"a\u0000"}]}`, status: 422, want: []string{`control characters`}},
		"a text that is too long":                {body: `{"edits":[{"id":1,"text":"` + strings.Repeat("a", library.MaxEditText+1) + `"}]}`, status: 422, want: []string{`10000 bytes`}},
		"a job that runs":                        {target: "/api/v1/jobs/r1/transcript", body: one, status: 409, want: []string{`not_ready`}},
		"a language that is none":                {target: "/api/v1/jobs/d1/transcript?lang=k%20o", body: one, status: 422, want: []string{`"field":"lang"`}},
		"a language that nobody asked for":       {target: "/api/v1/jobs/d1/transcript?lang=fr", body: one, status: 422, want: []string{`language_unknown`}},
		"a job that is not there":                {target: "/api/v1/jobs/zz/transcript", body: one, status: 404, want: []string{`job_unknown`}},
		"what went wrong":                        {method: "GET", target: "/api/v1/jobs/d1/attempts", status: 200, want: []string{`"number":2`, `"kind":"crash"`, `"code":"engine_crashed"`, `"log_tail":"SIGSEGV"`, `"started_at":"2026-03-14T09:26:53Z"`}},
		"what went wrong with a job that is not": {method: "GET", target: "/api/v1/jobs/zz/attempts", status: 404, want: []string{`job_unknown`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), or(tt.method, "PATCH"), or(tt.target, "/api/v1/jobs/d1/transcript"), strings.NewReader(tt.body))
			res := serve(newWorld(t).routes, r)
			if res.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", res.Code, tt.status, res.Body)
			}
			for _, want := range tt.want {
				if !strings.Contains(res.Body.String(), want) {
					t.Errorf("no %s in %s", want, res.Body)
				}
			}
			if tt.status >= 400 {
				checkProblem(t, res)
			}
			if got := res.Header().Get("Content-Type"); tt.status == 200 && got != "application/json" {
				t.Error(fmt.Sprint("type ", got))
			}
		})
	}
}

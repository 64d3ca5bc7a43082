package app_test

import (
	"fmt"
	"net/http"
	"strings"
)

// hostileBodies are JSON that is none, or none of the shape that is wanted.
func hostileBodies() map[string]attack {
	post := func(path, body string, status int, code string) attack {
		return attack{method: http.MethodPost, path: path, head: []string{"Content-Type: application/json"}, body: body, status: status, code: code}
	}
	out := map[string]attack{}
	for name, body := range map[string]string{
		"half of it": `{"source":"/a`, "two of them": `{}{}`, "a comment": "{/* */}", "a comma too many": `{"a":1,}`, "single quotes": `{'source':'/a'}`, "a byte order mark": "\ufeff{}", "UTF-16": "\xff\xfe{\x00}\x00", "NaN": `{"priority":NaN}`,
		"a control character": "{\"source\":\"/a\x01\"}", "a NUL behind": "{}\x00", "depth": strings.Repeat("[", 100_000), "depth of objects": strings.Repeat(`{"a":`, 20_000), "a zero in front": `{"priority":01}`, "hex": `{"priority":0x1}`,
		"a bad escape": `{"source":"\x41"}`, "XML": `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`, "a form": "source=/a",
	} {
		out["JSON that is "+name] = post("/api/v1/jobs", body, 400, "request_invalid")
	}
	for name, body := range map[string]string{
		"null": "null", "a number": "1", "a text": `"x"`, "a list": "[]", "nothing of all": "{}", "a name in capitals": `{"Source":"@dir@/talk.wav"}`, "a name in two cases": `{"source":"@dir@/talk.wav","SOURCE":"/etc/passwd"}`,
		"a name nobody knows": `{"source":"@dir@/talk.wav","__proto__":{"x":1}}`, "a list as source": `{"source":["@dir@/talk.wav"]}`, "a number as source": `{"source":1}`, "null as source": `{"source":null}`, "no jobs": `{"jobs":[]}`, "one job that is null": `{"jobs":[null]}`,
		"jobs in jobs": `{"jobs":[{"jobs":[]}]}`, "a job and jobs": `{"source":"@dir@/talk.wav","jobs":[]}`, "too many jobs": `{"jobs":[` + strings.Repeat(`{"source":"/a"},`, 1000) + `{"source":"/a"}]}`,
		"a large number": `{"source":"@dir@/talk.wav","priority":1e308}`, "a number of no machine": `{"source":"@dir@/talk.wav","priority":123456789012345678901234567890}`, "half a number": `{"source":"@dir@/talk.wav","priority":1.5}`, "a priority beyond": `{"source":"@dir@/talk.wav","priority":512}`,
		"a track below zero": `{"source":"@dir@/talk.wav","audio_track":-1}`, "a thousand threads": `{"source":"@dir@/talk.wav","threads":1000}`, "a time that is none": `{"source":"@dir@/talk.wav","not_before":"tomorrow"}`, "a time without a zone": `{"source":"@dir@/talk.wav","not_before":"2027-01-31T22:00:00"}`,
		"a time of another age": `{"source":"@dir@/talk.wav","not_before":"9999-12-31T23:59:59Z"}`, "a leap second": `{"source":"@dir@/talk.wav","not_before":"2027-01-31T25:61:61Z"}`, "a long title": `{"source":"@dir@/talk.wav","title":"` + strings.Repeat("a", 501) + `"}`, "deep metadata": `{"source":"@dir@/talk.wav","metadata":{"a":{"b":1}}}`,
		"much metadata": `{"source":"@dir@/talk.wav","metadata":{"a":"` + strings.Repeat("a", 17<<10) + `"}}`, "a list of metadata": `{"source":"@dir@/talk.wav","metadata":["a"]}`, "a long prompt": `{"source":"@dir@/talk.wav","prompt":"` + strings.Repeat("a", 2001) + `"}`,
		"many languages": `{"source":"@dir@/talk.wav","translate_to":["` + strings.Join(strings.Split(strings.Repeat("de ", 16)+"fr", " "), `","`) + `"]}`, "a language that is null": `{"source":"@dir@/talk.wav","translate_to":[null]}`, "a term without a language": `{"source":"@dir@/talk.wav","glossary":[{"term":"a","translation":"b"}]}`,
		"many terms": `{"source":"@dir@/talk.wav","glossary":[` + strings.Repeat(`{"term":"a","translation":"b","to":"de"},`, 500) + `{"term":"a","translation":"b","to":"de"}]}`, "a summary of a kind nobody knows": `{"source":"@dir@/talk.wav","summary":{"template":"../../x"}}`, "a model that leads away": `{"source":"@dir@/talk.wav","summarize":true,"llm_model":"../../x"}`, "a model with a NUL": `{"source":"@dir@/talk.wav","translate_to":["de"],"llm_model":"a\u0000b"}`,
		"a yes that is a text": `{"source":"@dir@/talk.wav","reuse":"yes"}`,
	} {
		out["a job of "+name] = post("/api/v1/jobs", body, 422, "request_invalid")
	}
	for name, body := range map[string]string{"a script": `{"language":"<script>"}`, "a path": `{"language":"../x"}`, "NULs": `{"language":"e\u0000"}`} {
		out["a language of "+name] = post("/api/v1/jobs", strings.Replace(body, "{", `{"source":"@dir@/talk.wav",`, 1), 422, "language_unknown")
	}
	out["a body that is too large"] = post("/api/v1/jobs", `{"source":"`+strings.Repeat("a", 6<<20)+`"}`, 413, "request_too_large")
	out["a body of blanks that is too large"] = post("/process", strings.Repeat(" ", 2<<20), 413, "request_too_large")
	out["an empty body"] = post("/api/v1/jobs", "", 400, "request_invalid")
	out["a name twice, the last a device"] = post("/api/v1/jobs", `{"source":"@dir@/talk.wav","source":"/dev/zero"}`, 422, "not_a_file")
	for i, kind := range []string{"text/plain", "text/html", "application/xml", "application/json/x", "application/jsonp", "multipart/json", "a", "application/x-www-form-urlencoded", ";", "application/json, text/plain"} {
		out[fmt.Sprintf("a body of type %d", i)] = attack{method: http.MethodPost, path: "/api/v1/jobs", head: []string{"Content-Type: " + kind}, body: `{"source":"@dir@/talk.wav"}`, status: 415, code: "request_invalid"}
	}
	for i, key := range []string{strings.Repeat("k", 256), "\xff\xfe"} {
		a := post("/api/v1/jobs", `{"source":"@dir@/talk.wav"}`, 422, "request_invalid")
		a.head = append(a.head, "Idempotency-Key: "+key)
		out[fmt.Sprintf("a key %d", i)] = a
	}
	for path, bodies := range map[string][]string{
		"move":     {`{}`, `{"to":"front","before":"x"}`, `{"to":"<b>"}`, `{"to":null}`, `{"before":"` + strings.Repeat("A", 65) + `"}`, `{"rank":-1}`},
		"priority": {`{}`, `{"priority":"1"}`, `{"priority":-513}`, `{"priority":1e400}`, `null`},
		"hold":     {`{"until":"1970-01-01T00:00:00Z"}`, `{"until":"9999-01-01T00:00:00Z"}`, `{"until":0}`, `{"forever":true}`},
		"retry":    {`{"from_stage":"../x"}`, `{"model":1}`, `{"not_before":"never"}`},
	} {
		for i, body := range bodies {
			status := 422
			if strings.Contains(body, "1e400") {
				status = 400
			}
			out[fmt.Sprintf("%s %d", path, i)] = post("/api/v1/jobs/@job@/"+path, body, status, "request_invalid")
		}
	}
	for i, body := range []string{`{}`, `{"state":"running"}`, `{"state":"*"}`, `{"state":["done"]}`, `{"state":null}`} {
		out[fmt.Sprintf("clear %d", i)] = post("/api/v1/jobs/clear", body, 422, "request_invalid")
	}
	for name, body := range map[string]string{"a list": "[]", "a path that is an object": `{"path":{"$ne":1}}`, "an id that is a list": `{"video_id":[1],"path":"@dir@/talk.wav"}`, "nothing": `{}`, "a long id": `{"video_id":"` + strings.Repeat("a", 501) + `","path":"@dir@/talk.wav"}`, "a path and an address": `{"path":"/a","url":"http://example.com/a"}`} {
		out["the old route with "+name] = post("/process", body, 422, "request_invalid")
	}
	return out
}

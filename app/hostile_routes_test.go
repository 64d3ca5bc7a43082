package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// hostileRoutes are requests to what gives files away, writes texts or changes
// settings.
func hostileRoutes() map[string]attack {
	const media = "/api/v1/jobs/@done@/media"
	out := map[string]attack{
		"media of a job that has not run":    {path: "/api/v1/jobs/@far@/media", status: 409, code: "not_ready"},
		"media of a job that is not there":   {path: "/api/v1/jobs/01KKNZ1M3T8Q2M4R7W9XYABCDE/media", status: 404, code: "job_unknown"},
		"media with a way up":                {path: media + "/../../../../etc/passwd", status: 404, code: "route_unknown"},
		"media by another name":              {path: media + "?path=/etc/passwd", status: 422, code: "request_invalid"},
		"media to be written":                {method: http.MethodPut, path: media, body: "x", status: 405, code: "method_refused"},
		"media for a foreign page":           {path: media, head: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: audio"}, status: 403, code: "origin_refused"},
		"a ticket for nothing":               {method: http.MethodPost, path: "/api/v1/jobs/01KKNZ1M3T8Q2M4R7W9XYABCDE/media/ticket", status: 404, code: "job_unknown"},
		"a ticket for a foreign page":        {method: http.MethodPost, path: media + "/ticket", head: []string{"Origin: http://evil.example"}, status: 403, code: "origin_refused"},
		"a range beyond all":                 {path: media, head: []string{"Range: bytes=99999999999-"}, status: 416, code: "request_invalid"},
		"a range of words":                   {path: media, head: []string{"Range: bytes=a-b"}, status: 416, code: "request_invalid"},
		"a range of another unit":            {path: media, head: []string{"Range: lines=1-2"}, status: 416, code: "request_invalid"},
		"a range that ends before it begins": {path: media, head: []string{"Range: bytes=9-1"}, status: 416, code: "request_invalid"},
		"a range of no machine":              {path: media, head: []string{"Range: bytes=0-99999999999999999999999"}, status: 416, code: "request_invalid"},
		"a range below nought":               {path: media, head: []string{"Range: bytes=--1"}, status: 416, code: "request_invalid"},
		"very many ranges":                   {path: media, head: []string{"Range: bytes=" + strings.Repeat("0-,", 5000) + "0-"}, status: 200},
		"ranges that overlap":                {path: media, head: []string{"Range: bytes=0-10,5-15,1-1"}, status: 206},
		"a range if it is another":           {path: media, head: []string{"Range: bytes=0-1", `If-Range: "x"`}, status: 200},
		"a date that is none":                {path: media, head: []string{"If-Modified-Since: yesterday", "If-Unmodified-Since: \xff"}, status: 200},
	}
	for i, ticket := range []string{"", "-", "9999999999-", "9999999999-" + strings.Repeat("0", 64), "-1-x", "%00", "../..", strings.Repeat("9", 400) + "-x", "%ff"} {
		out[fmt.Sprintf("a ticket made up %d", i)] = attack{path: media + "?ticket=" + ticket, head: []string{"Sec-Fetch-Site: cross-site"}, status: 403, code: "origin_refused"}
	}
	patch := func(query, body string, status int, code string) attack {
		return attack{method: http.MethodPatch, path: "/api/v1/jobs/@done@/transcript" + query, head: []string{"Content-Type: application/json"}, body: body, status: status, code: code}
	}
	for i, body := range []string{
		`{}`, `{"edits":[]}`, `{"edits":[{"id":0,"text":"x"}]}`, `{"edits":[{"id":99999,"text":"x"}]}`, `{"edits":[{"id":1}]}`, `{"edits":[{"id":1,"text":"a\u0000b"}]}`, `{"edits":[{"id":1,"text":"\u001b[2J"}]}`,
		`{"edits":[{"id":1,"text":"` + strings.Repeat("a", 10_001) + `"}]}`, `{"edits":[{"id":1,"text":"a"},{"id":1,"text":"b"}]}`, `{"edits":[{"id":1e99,"text":"a"}]}`, `{"edits":[{"id":1,"text":["a"]}]}`, `{"edits":[` + strings.Repeat(`{"id":1,"text":"a"},`, 5000) + `{"id":1,"text":"a"}]}`,
	} {
		out[fmt.Sprintf("a correction %d", i)] = patch("", body, 422, "request_invalid")
	}
	out["a correction of what it was not"] = patch("", `{"edits":[{"id":1,"text":"x","was":"never said"}]}`, 409, "edit_conflict")
	out["a correction in a language that is a path"] = patch("?lang=../x", `{"edits":[{"id":1,"text":"x"}]}`, 422, "request_invalid")
	out["a correction of a text that is not there"] = attack{method: http.MethodPatch, path: "/api/v1/jobs/@job@/transcript", head: []string{"Content-Type: application/json"}, body: `{"edits":[{"id":1,"text":"x"}]}`, status: 409, code: "not_ready"}

	set := func(body string, status int, code string) attack {
		return attack{method: http.MethodPut, path: "/api/v1/settings", head: []string{"Content-Type: application/json"}, body: body, status: status, code: code}
	}
	for i, change := range []string{`"media.ffmpeg":"/bin/sh"`, `"server.listen":"0.0.0.0:80"`, `"server.token":""`, `"server.roots":["/"]`, `"fetch.allow":["0.0.0.0/0"]`, `"webhook.allow":["127.0.0.1"]`, `"ollama.host":"http://evil.example"`, `"models.dir":"/etc"`, `"webhook.secret":"x"`} {
		out[fmt.Sprintf("a setting that opens a door %d", i)] = set(`{"changes":{`+change+`}}`, 403, "setting_locked")
	}
	for i, change := range []string{`"no.such":1`, `"summary.template":"\n[media]\nffmpeg='/bin/sh'"`, `"speech.threads":-1`, `"speech.threads":1e99`, `"defaults.summarize":"x"`, `"":1`, `"speech":"en"`} {
		out[fmt.Sprintf("a setting that is none %d", i)] = set(`{"changes":{`+change+`}}`, 422, "setting_invalid")
	}
	for i, change := range []string{`"__proto__":{"x":1}`, `"defaults.translate_to":[null]`, `"speech":{"language":"en"}`, `"speech.threads":[[]]`} {
		out[fmt.Sprintf("a setting of no shape %d", i)] = set(`{"changes":{`+change+`}}`, 422, "request_invalid")
	}
	out["settings that are none"] = set(`{"changes":[]}`, 422, "request_invalid")
	out["a good setting beside a bad one"] = set(`{"changes":{"speech.beam_size":2,"media.ffmpeg":"/bin/sh"}}`, 403, "setting_locked")
	out["settings from a foreign page"] = attack{method: http.MethodPut, path: "/api/v1/settings", head: []string{"Origin: null", "Content-Type: application/json"}, body: `{"changes":{}}`, status: 403, code: "origin_refused"}

	const openAI = "/v1/audio/transcriptions"
	for name, parts := range map[string][]string{
		"without a file": {field("model", "whisper-1")}, "without a model": {file("a.wav", "RIFF")}, "of a format nobody knows": {field("model", "whisper-1"), field("response_format", "../../x"), file("a.wav", "RIFF")},
		"of two files": {field("model", "whisper-1"), file("a.wav", "RIFF"), file("b.wav", "RIFF")}, "of a source": {field("model", "whisper-1"), field("source", "/etc/passwd"), field("file", "/etc/passwd")},
	} {
		out["a request of OpenAI's "+name] = multi(openAI, parts, 400, "request_invalid", "")
	}
	out["a request of OpenAI's of a model by a path"] = multi(openAI, []string{field("model", "../../etc/passwd"), file("a.wav", "RIFF")}, 404, "model_unknown", "")
	out["a request of OpenAI's of nothing"] = multi(openAI, []string{field("model", "whisper-1"), file("a.wav", "")}, 400, "file_empty", "")
	out["a request of OpenAI's in JSON"] = attack{method: http.MethodPost, path: openAI, head: []string{"Content-Type: application/json"}, body: `{"file":"/etc/passwd","model":"whisper-1"}`, status: 415, code: "request_invalid"}
	out["a request of OpenAI's from a foreign page"] = attack{method: http.MethodPost, path: openAI, head: slices.Concat(multi(openAI, nil, 0, "", "").head, []string{"Origin: http://evil.example"}), body: "--edge--", status: 403, code: "origin_refused"}
	out["a model of OpenAI's by a path"] = attack{path: "/v1/models/..%2f..%2fx", status: 404, code: "model_unknown"}
	out["metrics for a foreign page"] = attack{path: "/metrics", head: []string{"Sec-Fetch-Site: cross-site"}, status: 403, code: "origin_refused"}
	return out
}

package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// multi is a form of parts, each a header and what it says.
func multi(path string, parts []string, status int, code, ends string) attack {
	var b strings.Builder
	for _, part := range parts {
		b.WriteString("--edge\r\n" + part + "\r\n")
	}
	b.WriteString("--edge--\r\n")
	return attack{method: http.MethodPost, path: path, head: []string{"Content-Type: multipart/form-data; boundary=edge"}, body: b.String(), status: status, code: code, ends: ends}
}

func field(name, value string) string {
	return `Content-Disposition: form-data; name="` + name + "\"\r\n\r\n" + value
}

func file(name, value string) string {
	return `Content-Disposition: form-data; name="file"; filename="` + name + "\"\r\nContent-Type: audio/wav\r\n\r\n" + value
}

// hostileForms are forms and uploads that want to be more than a file.
func hostileForms() map[string]attack {
	const jobs = "/api/v1/jobs"
	raw := func(contentType, body string, status int, code string) attack {
		return attack{method: http.MethodPost, path: jobs, head: []string{"Content-Type: " + contentType}, body: body, status: status, code: code}
	}
	put := func(name, body string, status int, code string) attack {
		return attack{method: http.MethodPut, path: "/api/v1/uploads/" + name, body: body, status: status, code: code}
	}
	out := map[string]attack{
		"a form without an edge":         raw("multipart/form-data", "--edge\r\n", 400, "request_invalid"),
		"a form with an empty edge":      raw(`multipart/form-data; boundary=""`, "--\r\n", 400, "upload_broken"),
		"a form with a long edge":        raw("multipart/form-data; boundary="+strings.Repeat("e", 500), "--e\r\n", 422, "request_invalid"),
		"a form that ends in the middle": raw("multipart/form-data; boundary=edge", "--edge\r\n"+file("a.wav", "RIFF"), 400, "upload_broken"),
		"a form that never begins":       raw("multipart/form-data; boundary=edge", strings.Repeat("x", 100_000), 400, "upload_broken"),
		"a form in a form":               multi(jobs, []string{"Content-Type: multipart/mixed; boundary=inner\r\n" + file("a.wav", "--inner\r\n\r\nx\r\n--inner--")}, 202, "", "not_media"),
		"a form of very many parts":      multi(jobs, slices.Repeat([]string{field("", "")}, 150), 413, "request_too_large", ""),
		"a part with a large header":     multi(jobs, []string{"X: " + strings.Repeat("a", 11<<20) + "\r\n\r\nx"}, 400, "upload_broken", ""),
		"a part of very many headers":    multi(jobs, []string{strings.Repeat("X: 1\r\n", 20_000) + "\r\nx"}, 400, "upload_broken", ""),
		"a part without a name":          multi(jobs, []string{"Content-Disposition: form-data\r\n\r\nx"}, 422, "request_invalid", ""),
		"two files":                      multi(jobs, []string{file("a.wav", "RIFF"), file("b.wav", "RIFF")}, 422, "request_invalid", ""),
		"a field twice":                  multi(jobs, []string{field("title", "a"), field("title", "b"), file("a.wav", "RIFF")}, 422, "request_invalid", ""),
		"a field that is too large":      multi(jobs, []string{field("title", strings.Repeat("a", 2<<20))}, 413, "request_too_large", ""),
		"a file and a source":            multi(jobs, []string{field("source", "/etc/passwd"), file("a.wav", "RIFF")}, 422, "request_invalid", ""),
		"a file under another name":      multi(jobs, []string{strings.Replace(file("a.wav", "RIFF"), `"file"`, `"source"`, 1)}, 422, "request_invalid", ""),
		"a file with nothing in it":      multi(jobs, []string{file("a.wav", "")}, 422, "file_empty", ""),
		"a file without a name":          multi(jobs, []string{file("", "RIFF")}, 422, "request_invalid", ""),
		"a field of metadata as a text":  multi(jobs, []string{field("metadata", "x"), file("a.wav", "RIFF")}, 422, "request_invalid", ""),
		"a field of deep JSON":           multi(jobs, []string{field("metadata", strings.Repeat("[", 20_000)), file("a.wav", "RIFF")}, 422, "request_invalid", ""),
		"a field whose name is a script": multi(jobs, []string{field("<script>alert(1)</script>", "x"), file("a.wav", "RIFF")}, 422, "request_invalid", ""),
		"a form whose field is no text":  multi(jobs, []string{field("title", "\xff\xfe"), file("bad-title.wav", "RIFF")}, 202, "", "not_media"),
		"a form of an edge alone":        raw("multipart/form-data; boundary=edge", "--edge", 422, "request_invalid"),
		"a file of the old route, twice": multi("/process", []string{file("a.wav", "RIFF"), file("b.wav", "RIFF")}, 422, "request_invalid", ""),

		"an upload of nothing":             put("a.wav", "", 422, "file_empty"),
		"an upload called dots":            put("%2e%2e", "RIFF", 422, "request_invalid"),
		"an upload called a long name":     put(strings.Repeat("a", 256), "RIFF", 422, "request_invalid"),
		"an upload called blanks":          put("%20%20", "RIFF", 422, "request_invalid"),
		"an upload called control":         put("%01%02", "RIFF", 422, "request_invalid"),
		"an upload that promises too much": {method: http.MethodPut, path: "/api/v1/uploads/a.wav", head: []string{"Content-Length: 9000000000000000000"}, body: "RIFF", status: 413, code: "request_too_large"},
		"an upload by POST":                {method: http.MethodPost, path: "/api/v1/uploads/a.wav", body: "RIFF", status: 405, code: "method_refused"},
		"uploads are not listed":           {path: "/api/v1/uploads/", status: 404, code: "route_unknown"},
		"an upload is not given back":      {path: "/api/v1/uploads/a.wav", status: 405, code: "method_refused"},
		"an upload of broken chunks":       {method: http.MethodPut, path: "/api/v1/uploads/a.wav", head: []string{"Transfer-Encoding: chunked"}, body: "4\r\nRIFF\r\nxx\r\n", status: 400, code: "upload_broken"},
	}
	for i, name := range []string{"../../etc/cron.d/x.wav", "/etc/passwd", `..\\..\\boot.ini`, "<img src=x onerror=alert(1)>.wav", "con", "-rf", "\xff\xfe.wav", "..%2f..%2fx", ".bashrc", "$(reboot)", strings.Repeat("가", 80)} {
		out[fmt.Sprintf("a file called %d", i)] = multi(jobs, []string{field("title", fmt.Sprint("called ", i)), file(name, fmt.Sprint("no sound ", i))}, 202, "", "not_media")
	}
	for i, name := range []string{"..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "..%5c..%5cboot.ini", "a%00b.wav", "%3Cscript%3E.wav", "%ff%fe.wav", "%252e%252e%252fx", "a%0d%0ab.wav", "%E2%80%AEvaw.exe"} {
		out[fmt.Sprintf("an upload called %d", i)] = put(name, "RIFF", 201, "")
	}
	for i, name := range []string{"a\x00.wav", "a.wav\x1b[2J"} { // no header may hold that
		out[fmt.Sprintf("a file of control %d", i)] = multi(jobs, []string{file(name, "RIFF")}, 400, "upload_broken", "")
	}
	maps.Copy(out, map[string]attack{
		"a form that is packed": {method: http.MethodPost, path: jobs, head: []string{"Content-Type: application/json", "Content-Encoding: gzip"}, body: "\x1f\x8b\x08\x00", status: 400, code: "request_invalid"},
	})
	return out
}

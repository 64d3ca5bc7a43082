package app_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// hostileWire breaks HTTP itself, or what goes in its first lines.
func hostileWire() map[string]attack {
	const host = "Host: @host@\r\n"
	const post = "POST /api/v1/jobs HTTP/1.1\r\n" + host
	chunked := func(chunks string) attack {
		return attack{method: http.MethodPost, path: "/api/v1/jobs", head: []string{"Content-Type: application/json", "Transfer-Encoding: chunked"}, body: chunks}
	}
	with := func(a attack, status int, code string) attack { a.status, a.code = status, code; return a }
	out := map[string]attack{
		"two lengths":                        {raw: post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", status: 400},
		"a length and chunks":                {raw: post + "Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n", status: 422, code: "request_invalid"},
		"a length below zero":                {raw: post + "Content-Length: -1\r\n\r\n", status: 400},
		"a length with a sign":               {raw: post + "Content-Length: +2\r\n\r\n{}", status: 400},
		"a length in hex":                    {raw: post + "Content-Length: 0x2\r\n\r\n{}", status: 400},
		"a length of no machine":             {raw: post + "Content-Length: 99999999999999999999\r\n\r\n{}", status: 400},
		"a coding that nobody knows":         {raw: post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", status: 501},
		"chunks spelt with a tab":            {raw: post + "Transfer-Encoding:\tchunked \r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", status: 501},
		"a blank before the colon":           {raw: "GET /api/v1/board HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n\r\n", status: 400},
		"a folded header":                    {raw: "GET /api/v1/board HTTP/1.1\r\n" + host + "Origin: http://@host@\r\n .evil.example\r\nConnection: close\r\n\r\n", status: 403, code: "origin_refused"},
		"a header with a NUL":                {raw: "GET /api/v1/board HTTP/1.1\r\n" + host + "X: a\x00b\r\n\r\n", status: 400},
		"a header with a return":             {raw: "GET /api/v1/board HTTP/1.1\r\n" + host + "X: a\rOrigin: b\r\n\r\n", status: 400},
		"a header without a name":            {raw: "GET /api/v1/board HTTP/1.1\r\n" + host + ": a\r\n\r\n", status: 400},
		"two hosts":                          {raw: "GET /api/v1/board HTTP/1.1\r\n" + host + "Host: evil.example\r\n\r\n", status: 400},
		"no host":                            {raw: "GET /api/v1/board HTTP/1.1\r\n\r\n", status: 400},
		"a blank in the path":                {raw: "GET /a b HTTP/1.1\r\n" + host + "\r\n", status: 400},
		"a NUL in the path":                  {raw: "GET /a\x00b HTTP/1.1\r\n" + host + "\r\n", status: 400},
		"an escape that is none":             {raw: "GET /%zz HTTP/1.1\r\n" + host + "\r\n", status: 400},
		"HTTP of another age":                {raw: "GET / HTTP/9.9\r\n" + host + "\r\n", status: 505},
		"HTTP before there were hosts":       {raw: "GET /api/v1/board HTTP/1.0\r\n\r\n", status: 421, code: "host_refused"},
		"no HTTP":                            {raw: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", status: 400},
		"the start of HTTP/2":                {raw: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 421, code: "host_refused"},
		"a method of strange letters":        {raw: "G\x01T / HTTP/1.1\r\n" + host + "\r\n", status: 400},
		"a proxy is looked for":              {raw: "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", status: 421, code: "host_refused"},
		"a proxy under our name":             {raw: "CONNECT @host@ HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", status: 404, code: "route_unknown"},
		"OPTIONS of everything":              {raw: "OPTIONS * HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", status: 404, code: "route_unknown"},
		"a trace":                            {method: http.MethodTrace, status: 405, code: "method_refused"},
		"a method of WebDAV":                 {method: "PROPFIND", status: 405, code: "method_refused"},
		"a method with a script":             {method: "<script>alert(1)</script>", raw: "<script>alert(1)</script> / HTTP/1.1\r\n" + host + "\r\n", status: 400},
		"a long method":                      {method: strings.Repeat("A", 2000), status: 405, code: "method_refused"},
		"a method in small letters":          {method: "get", status: 405, code: "method_refused"},
		"an upgrade":                         {head: []string{"Upgrade: h2c, websocket", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"}, status: 200},
		"a big header":                       {head: []string{"X: " + strings.Repeat("a", 100<<10)}, status: 431},
		"very many headers":                  {head: strings.Split(strings.Repeat("X-Many: 1\n", 20_000)+"X: 1", "\n"), status: 431},
		"a big address":                      {path: "/" + strings.Repeat("a", 100<<10), status: 431},
		"a promise of a large body":          {method: http.MethodPost, path: "/api/v1/jobs", head: []string{"Content-Type: application/json", "Content-Length: 1099511627776", "Expect: 100-continue"}, status: 413, code: "request_too_large"},
		"an expectation that nobody has":     {head: []string{"Expect: the-unexpected"}, status: 417},
		"chunks that are none":               with(chunked("zz\r\n{}\r\n0\r\n\r\n"), 400, "upload_broken"),
		"a chunk of no machine":              with(chunked("ffffffffffffffff1\r\n{}\r\n0\r\n\r\n"), 400, "upload_broken"),
		"chunks with a tail of another call": with(chunked("2\r\n{}\r\n0\r\n\r\nDELETE /api/v1/jobs/@job@ HTTP/1.1\r\n"+host+"\r\n"), 422, "request_invalid"),
		"chunks that say more than is there": with(chunked("2\r\n{}garbage\r\n0\r\n\r\n"), 400, "upload_broken"),
		"chunks with a long extension":       with(chunked("2;"+strings.Repeat("x", 20_000)+"\r\n{}\r\n0\r\n\r\n"), 400, "upload_broken"),
		"a trailer that says who it is":      with(chunked("2\r\n{}\r\n0\r\nOrigin: http://evil.example\r\n\r\n"), 422, "request_invalid"),
		"a body where none belongs":          {body: strings.Repeat("x", 1<<20), status: 200},
	}
	for name, id := range map[string]string{
		"of dots": "..", "with a NUL": "%00", "that goes up": "..%2f..%2fsluice.db", "of SQL": "x'%20OR%20'1'='1", "that is no text": "%ff%fe", "with a script": "%3Cscript%3E", "of one sign": "*", "in small letters": "01kknz1m3t8q2m4r7w9xyabcde",
		"with a line feed": "a%0d%0aSet-Cookie:%20a", "encoded twice": "%252e%252e",
	} {
		code := "job_unknown"
		if id == ".." { // that is another address
			continue
		}
		out["an id "+name] = attack{path: "/api/v1/jobs/" + id, status: 404, code: code}
		for _, of := range []string{"transcript", "summary", "history", "attempts", "media"} {
			out["the "+of+" of an id "+name] = attack{path: "/api/v1/jobs/" + id + "/" + of, status: 404, code: code}
		}
	}
	out["an id that is too long"] = attack{path: "/api/v1/jobs/" + strings.Repeat("A", 1000), status: 422, code: "request_invalid"}
	cursor := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for name, text := range map[string]string{
		"of nothing": "%20", "that is no base64": "%21%21", "of JSON": cursor(`{}`), "of another version": cursor(`{"v":99,"f":"x","s":1}`), "of numbers too large": cursor(`{"v":1,"s":1e99}`), "of a list": cursor(`[]`),
		"of deep JSON": cursor(strings.Repeat("[", 300)), "of SQL": url.QueryEscape("1' OR '1'='1"), "that is no text": "%ff%fe%00", "of null": cursor("null"), "below zero": cursor(`{"v":1,"f":"e3b0c442","s":-1}`), "too long": strings.Repeat("A", 2000),
	} {
		out["a cursor "+name] = attack{path: "/api/v1/jobs?cursor=" + text, status: 422, code: "request_invalid"}
		out["a cursor of hits "+name] = attack{path: "/api/v1/search?q=a&cursor=" + text, status: 422, code: "request_invalid"}
	}
	for i, query := range []string{"limit=0", "limit=-1", "limit=501", "limit=1e9", "limit=99999999999999999999", "limit=%00", "state=everything", "state=queued%00", "q=" + strings.Repeat("a", 5000), "limit=1;2"} {
		out[fmt.Sprintf("a list of %d", i)] = attack{path: "/api/v1/jobs?" + query, status: 422, code: "request_invalid"}
	}
	for i, query := range []string{"a%20AND%20(", "NEAR(%22", "a*b%5E", "title:x", "-a", "%27%3B%20DROP%20TABLE%20jobs", "a%00b", "a%ff%fe", "%22a"} {
		out[fmt.Sprintf("a search of %d", i)] = attack{path: "/api/v1/search?q=" + query, status: 200}
	}
	for i, query := range []string{"", "%22%22%22", "*", "%00", "%ff%fe", "%F0%9F%8E%AC", "%E2%80%AE", strings.Repeat("a", 5000)} {
		out[fmt.Sprintf("a search of no word %d", i)] = attack{path: "/api/v1/search?q=" + query, status: 422, code: "request_invalid"}
	}
	for i, last := range []string{"x", "-", strings.Repeat("9", 60), "00000000-99999999999999999999", "\xff\xfe", "a-1\tb", "<script>", strings.Repeat("a-", 10_000), "-9223372036854775808"} {
		out[fmt.Sprintf("the last event was %d", i)] = attack{path: "/api/v1/events", head: []string{"Last-Event-ID: " + last}, status: 200}
	}
	maps.Copy(out, map[string]attack{
		"a format that nobody knows": {path: "/api/v1/jobs/@job@/transcript?format=../../etc/passwd", status: 422, code: "request_invalid"},
		"a language that is a path":  {path: "/api/v1/jobs/@job@/transcript?lang=../../x", status: 422, code: "request_invalid"},
	})
	return out
}

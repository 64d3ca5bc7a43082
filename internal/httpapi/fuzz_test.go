package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sluice/internal/httpapi"
)

// FuzzRequests sends any body to any route: the answer is a success or a problem
// with a code, in JSON, and never a defect.
func FuzzRequests(f *testing.F) {
	routes := []string{
		"POST /api/v1/jobs", "POST /api/v1/jobs/q1/move", "POST /api/v1/jobs/q1/priority", "POST /api/v1/jobs/q1/hold", "POST /api/v1/jobs/d1/retry", "POST /api/v1/jobs/clear", "POST /api/v1/drop",
		"PATCH /api/v1/jobs/d1/transcript", "PUT /api/v1/settings", "POST /api/v1/models", "POST /api/v1/ollama/models", "POST /process", "POST /v1/audio/transcriptions",
	}
	bodies := []string{
		`{"source":"/a","metadata":{"a":"b"},"translate_to":["ko"],"glossary":[{"term":"a","translation":"b","to":"ko"}],"not_before":"2027-01-31T22:00:00Z"}`, `{"to":"front"}`, `{"priority":1}`, `{"until":"2026-12-01T00:00:00Z"}`, `{"from_stage":"translate"}`, `{"state":"done"}`,
		`{"paths":["/a"]}`, `{"edits":[{"id":1,"text":null,"was":"x"}]}`, `{"changes":{"speech.threads":4}}`, `{"name":"small"}`, `{"a":1e400}`, `[`, `null`, strings.Repeat("[", 500), "\xff", `{"source":"/a","Source":"/b"}`,
		"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n",
	}
	for i, body := range bodies {
		f.Add(uint8(i), "application/json", body)
		f.Add(uint8(i), "multipart/form-data; boundary=b", body)
	}
	var w *world
	f.Fuzz(func(t *testing.T, route uint8, contentType, body string) {
		if w == nil {
			w = newWorld(t)
		}
		method, target, _ := strings.Cut(routes[int(route)%len(routes)], " ")
		r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		if strings.HasPrefix(target, "/v1/") && strings.HasPrefix(contentType, "multipart/") {
			return // it would wait for a result that nobody makes
		}
		res := serve(w.routes, r)
		switch {
		case res.Code == http.StatusNoContent:
		case res.Code >= 500 || !json.Valid(res.Body.Bytes()):
			t.Fatalf("%s %s: status %d: %s", method, target, res.Code, res.Body)
		case res.Code >= 400 && !strings.HasPrefix(target, "/v1/"):
			checkProblem(t, res)
			for _, leak := range []string{"json:", "strconv.", "goroutine", ".go:"} {
				var p httpapi.Problem
				if err := json.Unmarshal(res.Body.Bytes(), &p); err == nil && strings.Contains(p.Detail, leak) && !strings.Contains(body, leak) {
					t.Errorf("%s %s: it tells %q: %s", method, target, leak, p.Detail)
				}
			}
		}
		w.desk.orders, w.desk.steered = nil, nil
	})
}

// FuzzAddresses asks for any id and any query.
func FuzzAddresses(f *testing.F) {
	for _, path := range []string{"d1", "..", "%00", "..%2f..", "'%20OR%20'1", "%ff", "d1/transcript", "d1/summary", "d1/history", "d1/attempts", "d1/media", "q1/media/ticket"} {
		f.Add(path, "format=srt&lang=ko&limit=5&cursor=x&state=queued&order=line&q=a&ticket=1-2")
		f.Add(path, "%zz;&=&a&limit=-1&limit=2")
	}
	var w *world
	f.Fuzz(func(t *testing.T, path, query string) {
		if w == nil {
			w = newWorld(t)
		}
		for _, address := range []string{"/api/v1/jobs/" + path + "?" + query, "/api/v1/jobs?" + query, "/api/v1/search?" + query, "/api/v1/deliveries?" + query} {
			u, err := url.Parse("http://127.0.0.1" + address)
			if err != nil || strings.Contains(path, "panic") || strings.Contains(path, "broken") {
				return
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			r.URL, r.RequestURI = u, address
			res := serve(w.routes, r)
			if res.Code >= 500 {
				t.Errorf("%s: status %d: %s", address, res.Code, res.Body)
			}
			if res.Code >= 400 {
				checkProblem(t, res)
			}
			if res.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: headers %v", address, res.Header())
			}
		}
	})
}

// FuzzOrigins asks with any Host and Origin: only our own get through.
func FuzzOrigins(f *testing.F) {
	for _, host := range []string{"127.0.0.1:7584", "localhost:7584", "evil.example", "127.0.0.1.evil:7584", "[::1]:7584", "127.0.0.1:7584@evil"} {
		for _, origin := range []string{"", "null", "http://127.0.0.1:7584", "http://LOCALHOST:7584", "http://evil@127.0.0.1:7584", "http://127.0.0.1:7584/"} {
			f.Add(host, origin, "same-origin")
			f.Add(host, origin, "cross-site")
		}
	}
	own := map[string]bool{"127.0.0.1:7584": true, "localhost:7584": true, "[::1]:7584": true}
	h, err := httpapi.Guard(httpapi.GuardConfig{Listen: "127.0.0.1:7584"}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, host, origin, site string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/jobs", http.NoBody)
		r.Host = host
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", site)
		through := serve(h, r).Code == http.StatusOK
		want := own[strings.ToLower(host)] && site == "same-origin" && (strings.EqualFold(origin, "http://"+host) || strings.EqualFold(origin, "https://"+host))
		if through != want {
			t.Errorf("host %q, origin %q, site %q: through is %v", host, origin, site, through)
		}
	})
}

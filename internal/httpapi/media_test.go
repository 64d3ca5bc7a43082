package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/job"
)

// fakeMedia has ten bytes of each job's, but of q1's none, of r1's others, and
// d1's lie where not everybody may read.
type fakeMedia struct{}

type closer struct{ *bytes.Reader }

func (closer) Close() error { return nil }

var _ io.ReadSeekCloser = closer{}

func (fakeMedia) OpenMedia(_ context.Context, id string, may func(string) error) (httpapi.MediaFile, error) {
	j, ok := jobs()[id]
	switch {
	case !ok:
		return httpapi.MediaFile{}, fault.New(fault.JobUnknown, "There is no such job.", nil)
	case id == "q1":
		return httpapi.MediaFile{}, fault.New(fault.SourceMissing, "It is not there.", nil)
	case id == "r1":
		return httpapi.MediaFile{}, fault.New(fault.SourceChanged, "It is another one.", nil)
	case id == "u1":
		return httpapi.MediaFile{}, fault.New(fault.NotMedia, "It is a song without sound.", nil)
	case may != nil:
		if err := may(j.Source.Path); err != nil {
			return httpapi.MediaFile{}, err
		}
	}
	return httpapi.MediaFile{File: closer{bytes.NewReader([]byte("0123456789"))}, Type: "video/mp4", Name: "영상 a.mp4", Modified: at, Tag: "5f5f"}, nil
}

type fakeAttempts struct{}

func (fakeAttempts) Attempts(_ context.Context, id string) ([]job.Attempt, error) {
	if id != "d1" {
		return nil, fault.New(fault.JobUnknown, "There is no such job.", nil)
	}
	return []job.Attempt{{
		Stage: job.Transcribe, Number: 2, StartedAt: at, FinishedAt: at, Kind: job.AttemptCrash,
		Code: "engine_crashed", Message: "The speech engine crashed.", Log: "SIGSEGV",
	}}, nil
}

func TestMedia(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, target string
		header         []string // pairs
		status         int
		body           string
		out            []string // pairs of response headers
	}{
		"all of it": {target: "/api/v1/jobs/d1/media", status: 200, body: "0123456789", out: []string{
			"Content-Type", "video/mp4", "X-Content-Type-Options", "nosniff", "Content-Length", "10", "Accept-Ranges", "bytes", "ETag", `"5f5f"`,
			"Content-Disposition", `inline; filename="__ a.mp4"; filename*=UTF-8''%EC%98%81%EC%83%81%20a.mp4`, "Cross-Origin-Resource-Policy", "same-origin",
		}},
		"a part of it":                     {target: "/api/v1/jobs/d1/media", header: []string{"Range", "bytes=3-5"}, status: 206, body: "345", out: []string{"Content-Range", "bytes 3-5/10", "Content-Type", "video/mp4"}},
		"the end of it":                    {target: "/api/v1/jobs/d1/media", header: []string{"Range", "bytes=-2"}, status: 206, body: "89"},
		"a part of what it was":            {target: "/api/v1/jobs/d1/media", header: []string{"Range", "bytes=3-5", "If-Range", `"00"`}, status: 200, body: "0123456789"},
		"a part that is not there":         {target: "/api/v1/jobs/d1/media", header: []string{"Range", "bytes=30-"}, status: 416, out: []string{"Content-Range", "bytes */10"}},
		"what is had already":              {target: "/api/v1/jobs/d1/media", header: []string{"If-None-Match", `"5f5f"`}, status: 304},
		"its head":                         {method: "HEAD", target: "/api/v1/jobs/d1/media", status: 200, out: []string{"Content-Length", "10"}},
		"what has gone":                    {target: "/api/v1/jobs/q1/media", status: 404, body: `"code":"source_missing"`},
		"what is another file by now":      {target: "/api/v1/jobs/r1/media", status: 409, body: `"code":"source_changed"`},
		"what is no media":                 {target: "/api/v1/jobs/u1/media", status: 422, body: `"code":"not_media"`},
		"that of no job":                   {target: "/api/v1/jobs/zz/media", status: 404, body: `"code":"job_unknown"`},
		"an unknown parameter":             {target: "/api/v1/jobs/d1/media?range=1", status: 422, body: `"field":"range"`},
		"a ticket that nobody asks for":    {target: "/api/v1/jobs/d1/media?ticket=x", status: 200, body: "0123456789"},
		"no ticket for a job that is none": {method: "POST", target: "/api/v1/jobs/zz/media/ticket", status: 404, body: `"code":"job_unknown"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), or(tt.method, "GET"), tt.target, http.NoBody)
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Set(tt.header[i], tt.header[i+1])
			}
			res := serve(newWorld(t).routes, r)
			if res.Code != tt.status || !strings.Contains(res.Body.String(), tt.body) {
				t.Errorf("status %d, want %d: %s", res.Code, tt.status, res.Body)
			}
			for i := 0; i < len(tt.out); i += 2 {
				if got := res.Header().Get(tt.out[i]); got != tt.out[i+1] {
					t.Errorf("%s: %q", tt.out[i], got)
				}
			}
		})
	}
}

// ticketed is a guarded world that gives tickets out, and one for d1.
func ticketed(t *testing.T, cfg httpapi.GuardConfig) (h http.Handler, ticket httpapi.MediaTicket) {
	t.Helper()
	tickets := httpapi.NewTickets()
	w := newWorld(t)
	bare := w.with(func(d *httpapi.Deps) {
		d.Tickets, d.Address = tickets, func() string { return "http://127.0.0.1:7584" }
	})
	cfg.Tickets = tickets
	h, err := httpapi.Guard(cfg, bare)
	if err != nil {
		t.Fatal(err)
	}
	res := serve(bare, httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/jobs/d1/media/ticket", http.NoBody))
	if err := json.Unmarshal(res.Body.Bytes(), &ticket); res.Code != 200 || err != nil {
		t.Fatalf("status %d: %s", res.Code, res.Body)
	}
	return h, ticket
}

func TestATicketOpensTheMediaOfOneJobForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, ticket := ticketed(t, httpapi.GuardConfig{Listen: "127.0.0.1:7584", Token: "T"})
		if ticket.URL != "http://127.0.0.1:7584"+ticket.Path || !ticket.ExpiresAt.Equal(time.Now().Add(4*time.Hour).Truncate(time.Second)) {
			t.Errorf("ticket %+v", ticket)
		}
		for name, tt := range map[string]struct {
			method, host, target string
			status               int
		}{
			"the media":             {target: ticket.Path, status: 200},
			"its head":              {method: "HEAD", target: ticket.Path, status: 200},
			"under another name":    {host: "evil.example", target: ticket.Path, status: 421},
			"another job's media":   {target: strings.Replace(ticket.Path, "/d1/", "/t1/", 1), status: 403},
			"the job itself":        {target: "/api/v1/jobs/d1?ticket=" + ticket.Ticket, status: 403},
			"the transcript":        {target: "/api/v1/jobs/d1/transcript?ticket=" + ticket.Ticket, status: 403},
			"a change":              {method: "POST", target: ticket.Path, status: 403},
			"another ticket":        {method: "POST", target: strings.Replace(ticket.Path, "/media?", "/media/ticket?", 1), status: 403},
			"a path around corners": {target: strings.Replace(ticket.Path, "/d1/", "/d1/../d1/", 1), status: 403},
			"a ticket made up":      {target: "/api/v1/jobs/d1/media?ticket=9999999999-" + strings.Repeat("0", 64), status: 403},
			"a ticket made longer":  {target: "/api/v1/jobs/d1/media?ticket=9" + ticket.Ticket, status: 403},
			"no ticket":             {target: "/api/v1/jobs/d1/media", status: 403},
			"an empty one":          {target: "/api/v1/jobs/d1/media?ticket=", status: 403},
		} {
			r := httptest.NewRequestWithContext(t.Context(), or(tt.method, "GET"), tt.target, http.NoBody)
			r.Host = or(tt.host, "127.0.0.1:7584")
			r.Header.Set("Origin", "wails://wails.localhost")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			res := serve(h, r)
			if res.Code != tt.status {
				t.Errorf("%s: status %d: %s", name, res.Code, res.Body)
			}
			if policy := res.Header().Get("Cross-Origin-Resource-Policy"); (policy == "cross-origin") != (tt.status == 200) {
				t.Errorf("%s: resource policy %q", name, policy)
			}
			if res.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: scripts of another site may read it", name)
			}
		}
		time.Sleep(4*time.Hour + time.Second)
		r := httptest.NewRequestWithContext(t.Context(), "GET", ticket.Path, http.NoBody)
		r.Host = "127.0.0.1:7584"
		if res := serve(h, r); res.Code != http.StatusUnauthorized {
			t.Errorf("after four hours: status %d", res.Code)
		}
	})
}

func TestATicketIsWorthNothingAtAnotherStart(t *testing.T) {
	t.Parallel()
	_, ticket := ticketed(t, httpapi.GuardConfig{Listen: "127.0.0.1:7584"})
	h, _ := ticketed(t, httpapi.GuardConfig{Listen: "127.0.0.1:7584", Token: "T"})
	r := httptest.NewRequestWithContext(t.Context(), "GET", ticket.Path, http.NoBody)
	r.Host = "127.0.0.1:7584"
	if res := serve(h, r); res.Code != http.StatusUnauthorized {
		t.Errorf("status %d", res.Code)
	}
}

func TestBeyondThisMachineMediaLieUnderTheRoots(t *testing.T) {
	t.Parallel()
	h, ticket := ticketed(t, httpapi.GuardConfig{Listen: "192.0.2.1:7584", Token: "T", Roots: []string{t.TempDir()}})
	for _, target := range []string{"/api/v1/jobs/d1/media", ticket.Path} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", target, http.NoBody)
		r.Host = "192.0.2.1:7584"
		r.Header.Set("Authorization", "Bearer T")
		if res := serve(h, r); res.Code != http.StatusForbidden || !strings.Contains(res.Body.String(), "source_denied") {
			t.Errorf("%s: status %d: %s", target, res.Code, res.Body)
		}
	}
}

func TestThePageMayPlayFromTheListener(t *testing.T) {
	t.Parallel()
	h, _ := ticketed(t, httpapi.GuardConfig{Listen: "127.0.0.1:7584"})
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", http.NoBody)
	r.Host = "127.0.0.1:7584"
	if policy := serve(h, r).Header().Get("Content-Security-Policy"); !strings.Contains(policy, "; media-src 'self' blob: http://127.0.0.1:7584") {
		t.Errorf("policy %q", policy)
	}
}

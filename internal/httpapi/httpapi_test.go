package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/httpapi"
	"sluice/internal/job"
)

const problemJSON = "application/problem+json"

func TestHTTP(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	tests := map[string]struct {
		method, target string
		header         []string // pairs
		body           string
		desk           func(*fakeDesk)

		status int
		want   []string // in the body
		never  []string
		out    []string // pairs of response headers
	}{
		"one job is accepted":               {method: "POST", target: "/api/v1/jobs", body: `{"source":"/m/a.mp4","title":"T"}`, status: 202, want: []string{`"id":"job1"`, `"position":7`, `"stages":[]`, `"warnings":[]`}, never: []string{"existing", "eta_seconds"}, out: []string{"Location", "/api/v1/jobs/job1"}},
		"a job that is there is shown":      {method: "POST", target: "/api/v1/jobs", body: `{"source":"/m/a.mp4"}`, desk: func(d *fakeDesk) { d.known = true }, status: 200, want: []string{`"existing":true`}, out: []string{"Location", "/api/v1/jobs/job1"}},
		"many jobs are accepted":            {method: "POST", target: "/api/v1/jobs", body: `{"jobs":[{"source":"/a"},{"source":"upload:X"}]}`, status: 202, want: []string{`{"jobs":[{"id":"job1"`, `"id":"job2"`}},
		"an empty batch is refused":         {method: "POST", target: "/api/v1/jobs", body: `{"jobs":[]}`, status: 422, want: []string{`"field":"jobs"`}},
		"an unknown field is named":         {method: "POST", target: "/api/v1/jobs", body: `{"source":"/a","surprise":"secret"}`, status: 422, want: []string{`"field":"surprise"`}, never: []string{"secret"}},
		"an unknown field of one of many":   {method: "POST", target: "/api/v1/jobs", body: `{"jobs":[{"source":"/a"},{"source":"/b","x":1}]}`, status: 422, want: []string{`"field":"jobs[1].x"`}},
		"names are exact":                   {method: "POST", target: "/api/v1/jobs", body: `{"source":"/a","Priority":9999}`, status: 422, want: []string{`"field":"Priority"`}},
		"a value out of bounds is named":    {method: "POST", target: "/api/v1/jobs", body: `{"source":"/a","priority":512}`, status: 422, want: []string{`"field":"priority"`}},
		"a value of another type is named":  {method: "POST", target: "/api/v1/jobs", body: `{"source":"/a","metadata":{"k":1}}`, status: 422, want: []string{`"field":"metadata.k"`}},
		"a web address is a source":         {method: "POST", target: "/api/v1/jobs", body: `{"source":"HTTPS://x/y"}`, status: 202},
		"another address is refused":        {method: "POST", target: "/api/v1/jobs", body: `{"source":"ftp://x/y"}`, status: 422, want: []string{"https://"}},
		"a relative path is refused":        {method: "POST", target: "/api/v1/jobs", body: `{"jobs":[{"source":"a.mp4"}]}`, status: 422, want: []string{`"field":"jobs[0].source"`}},
		"a body that is no object":          {method: "POST", target: "/api/v1/jobs", body: `[]`, status: 422, want: []string{`request_invalid`}},
		"a body that is no JSON":            {method: "POST", target: "/api/v1/jobs", body: `{`, status: 400, want: []string{`request_invalid`}},
		"a body of another type":            {method: "POST", target: "/api/v1/jobs", header: []string{"Content-Type", "text/plain"}, body: `{}`, status: 415, want: []string{`request_invalid`}},
		"a body that is too large":          {method: "POST", target: "/api/v1/jobs", body: `{"source":"` + strings.Repeat(long, 6) + `"}`, status: 413, want: []string{`request_too_large`}},
		"a key that cannot be":              {method: "POST", target: "/api/v1/jobs", header: []string{"Idempotency-Key", "a b"}, body: `{"source":"/a"}`, status: 422, want: []string{"Idempotency-Key"}},
		"the desk refuses":                  {method: "POST", target: "/api/v1/jobs", body: `{"source":"/a"}`, desk: refuse(fault.New(fault.SourceMissing, "Not there.", nil)), status: 422, want: []string{`source_missing`}},
		"the disk is full":                  {method: "POST", target: "/api/v1/jobs", body: `{"source":"/a"}`, desk: refuse(fault.New(fault.DiskFull, "Full.", nil)), status: 507, want: []string{`disk_full`}},
		"the desk is busy for a while":      {method: "POST", target: "/api/v1/jobs", body: `{"source":"/a"}`, desk: refuse(&fault.Fault{Kind: fault.KindBusy, Code: fault.MemoryShort, Say: "Later.", RetryAfterSeconds: 9}), status: 503, out: []string{"Retry-After", "9"}},
		"a job is shown":                    {method: "GET", target: "/api/v1/jobs/q1", status: 200, want: []string{`"position":7`, `"metadata":{}`, `"kind":"path"`}, never: []string{"started_at", "reason"}, out: []string{"Cache-Control", "no-store", "X-Content-Type-Options", "nosniff", "Referrer-Policy", "no-referrer"}},
		"an unknown job is a problem":       {method: "GET", target: "/api/v1/jobs/zz", status: 404, want: []string{`"code":"job_unknown"`, `"hint"`}},
		"internals stay hidden":             {method: "GET", target: "/api/v1/jobs/broken", status: 500, want: []string{`"code":"internal"`}, never: []string{"secret"}},
		"a panic is a problem":              {method: "GET", target: "/api/v1/jobs/panic", status: 500, want: []string{`"code":"internal"`}, never: []string{"secret"}},
		"jobs are listed":                   {method: "GET", target: "/api/v1/jobs?state=queued&limit=2&from=7", status: 200, want: []string{`"next":"more"`, `"first":7`, `"total":12`, `"position":7`, `"position":8`}},
		"the line is listed by its name":    {method: "GET", target: "/api/v1/jobs?order=line", status: 200, want: []string{`"first":1`, `"position":1`, `"position":2`}},
		"a page of a search has no place":   {method: "GET", target: "/api/v1/jobs?q=talk", status: 200, want: []string{`"position":7`}, never: []string{`"first"`, `"total"`}},
		"an order that is none":             {method: "GET", target: "/api/v1/jobs?order=best", status: 422, want: []string{`"field":"order"`}, never: []string{"best"}},
		"an order that no such job has":     {method: "GET", target: "/api/v1/jobs?order=ended&state=queued", status: 422, want: []string{`request_invalid`}},
		"a place before the first":          {method: "GET", target: "/api/v1/jobs?from=0", status: 422, want: []string{`"field":"from"`}},
		"a place with a cursor":             {method: "GET", target: "/api/v1/jobs?from=2&cursor=x", status: 422, want: []string{`request_invalid`}},
		"a state that is none":              {method: "GET", target: "/api/v1/jobs?state=maybe", status: 422, want: []string{`"field":"state"`}, never: []string{"maybe"}},
		"a limit out of bounds":             {method: "GET", target: "/api/v1/jobs?limit=501", status: 422, want: []string{`"field":"limit"`}},
		"an unknown parameter":              {method: "GET", target: "/api/v1/jobs?sate=queued", status: 422, want: []string{`"field":"sate"`}},
		"a running job is canceled":         {method: "POST", target: "/api/v1/jobs/r1/cancel", status: 200, want: []string{`"state":"running"`}},
		"a final job is not":                {method: "POST", target: "/api/v1/jobs/d1/cancel", status: 409, want: []string{`job_final`}},
		"a whole transcript in JSON":        {method: "GET", target: "/api/v1/jobs/d1/transcript", status: 200, want: []string{`"complete": true`}, out: []string{"Content-Type", "application/json"}},
		"a part of a transcript":            {method: "GET", target: "/api/v1/jobs/r1/transcript?format=json", status: 200, want: []string{`"complete": false`}},
		"a part is no subtitle file":        {method: "GET", target: "/api/v1/jobs/r1/transcript?format=srt", status: 409, want: []string{`not_ready`}},
		"subtitles have a safe name":        {method: "GET", target: "/api/v1/jobs/d1/transcript?format=srt", status: 200, want: []string{"안녕하세요"}, out: []string{"Content-Type", "application/x-subrip; charset=utf-8", "Content-Disposition", `attachment; filename="___ a_b.srt"; filename*=UTF-8''%EC%A0%9C%EB%AA%A9_%20a_b.srt`}},
		"web subtitles":                     {method: "GET", target: "/api/v1/jobs/d1/transcript?format=vtt", status: 200, want: []string{"WEBVTT"}, out: []string{"Content-Type", "text/vtt; charset=utf-8"}},
		"a format that is none":             {method: "GET", target: "/api/v1/jobs/d1/transcript?format=doc", status: 422, want: []string{`"field":"format"`}},
		"the text as it was spoken":         {method: "GET", target: "/api/v1/jobs/d1/transcript?format=srt&lang=KO", status: 200, want: []string{"안녕하세요"}},
		"a text in another language":        {method: "GET", target: "/api/v1/jobs/d1/transcript?lang=fr", status: 422, want: []string{`language_unknown`, `There is no text in \"fr\" of this job.`}},
		"a translation":                     {method: "GET", target: "/api/v1/jobs/t1/transcript?lang=EN", status: 200, want: []string{`"language": "en"`, `"complete": true`, "Good day"}},
		"a translation as subtitles":        {method: "GET", target: "/api/v1/jobs/t1/transcript?lang=en&format=srt", status: 200, want: []string{"Good day"}, out: []string{"Content-Disposition", `attachment; filename="___ a_b.en.srt"; filename*=UTF-8''%EC%A0%9C%EB%AA%A9_%20a_b.en.srt`}},
		"a part of a translation":           {method: "GET", target: "/api/v1/jobs/t2/transcript?lang=en", status: 200, want: []string{`"complete": false`, "Good day"}},
		"a part is no file to read":         {method: "GET", target: "/api/v1/jobs/t2/transcript?lang=en&format=txt", status: 409, want: []string{`not_ready`}},
		"a summary":                         {method: "GET", target: "/api/v1/jobs/t1/summary", status: 200, want: []string{`"title": "A greeting"`, `"coverage_percent": 97`, `"action_items": []`, `"start_ms": 61000`}, out: []string{"Content-Type", "application/json", "Content-Disposition", `attachment; filename="___ a_b.summary.json"; filename*=UTF-8''%EC%A0%9C%EB%AA%A9_%20a_b.summary.json`}},
		"a summary to read":                 {method: "GET", target: "/api/v1/jobs/t1/summary?format=md", status: 200, want: []string{"# A greeting", "Somebody says hello."}, out: []string{"Content-Type", "text/markdown; charset=utf-8"}},
		"a summary in plain text":           {method: "GET", target: "/api/v1/jobs/t1/summary?format=txt", status: 200, want: []string{"A greeting"}, never: []string{"# "}, out: []string{"Content-Type", "text/plain; charset=utf-8"}},
		"a summary that may still come":     {method: "GET", target: "/api/v1/jobs/t2/summary", status: 409, want: []string{`not_ready`}},
		"a job that ended without one":      {method: "GET", target: "/api/v1/jobs/d1/summary", status: 200, want: []string{"null\n"}, out: []string{"Content-Type", "application/json"}},
		"there is no file of none":          {method: "GET", target: "/api/v1/jobs/d1/summary?format=md", status: 409, want: []string{`not_ready`, "This job has no summary.", "Submit the file again with summarize"}},
		"a summary that came to nothing":    {method: "GET", target: "/api/v1/jobs/t3/summary?format=txt", status: 409, want: []string{`not_ready`, "Its warnings say why."}},
		"a summary of a canceled job":       {method: "GET", target: "/api/v1/jobs/t4/summary?format=txt", status: 409, want: []string{`not_ready`, "Retry the job."}},
		"a summary is no subtitles":         {method: "GET", target: "/api/v1/jobs/t1/summary?format=srt", status: 422, want: []string{`"field":"format"`, "json, md, txt"}},
		"a summary of no job":               {method: "GET", target: "/api/v1/jobs/zz/summary", status: 404, want: []string{`job_unknown`}},
		"a summary in another language":     {method: "GET", target: "/api/v1/jobs/t1/summary?lang=ko", status: 422, want: []string{`"field":"lang"`}},
		"a language that is not known yet":  {method: "GET", target: "/api/v1/jobs/u1/transcript?lang=ko", status: 409, want: []string{`not_ready`, "not known yet"}},
		"a language that is none":           {method: "GET", target: "/api/v1/jobs/d1/transcript?lang=k%22o", status: 422, want: []string{`"field":"lang"`}},
		"a language of no job":              {method: "GET", target: "/api/v1/jobs/zz/transcript?lang=ko", status: 404, want: []string{`job_unknown`}},
		"a transcript of no job":            {method: "GET", target: "/api/v1/jobs/zz/transcript", status: 404, want: []string{`job_unknown`}},
		"the board":                         {method: "GET", target: "/api/v1/board", status: 200, want: []string{`"id":"b1-0"`, `"depth":3`, `"last":[]`, `"position":2`, `"level":"warn"`}},
		"the board tells of the gate":       {method: "GET", target: "/api/v1/board", status: 200, want: []string{`"paused":true`, `"eta_seconds":90`, `"gate":{"state":"waiting","text":"needs 2 GB, 1 GB free"}`, `"need_bytes":2000000000`, `"duration_ms":61000`}},
		"a drop":                            {method: "POST", target: "/api/v1/drop", body: `{"paths":["/m/a.mp4","/m/n.txt"]}`, status: 200, want: []string{`"id":"job1"`, `"refused":[{"path":"/m/n.txt","name":"n.txt","code":"not_media"`}},
		"a drop of nothing of use":          {method: "POST", target: "/api/v1/drop", body: `{"paths":["/m/n.txt"]}`, status: 200, want: []string{`"jobs":[]`}},
		"a drop that is in the line":        {method: "POST", target: "/api/v1/drop", body: `{"paths":["/m/a.mp4"]}`, desk: func(d *fakeDesk) { d.known = true }, status: 200, want: []string{`"existing":true`}},
		"an empty drop":                     {method: "POST", target: "/api/v1/drop", body: `{"paths":[]}`, status: 422, want: []string{`"field":"paths"`}},
		"a drop on a full disk":             {method: "POST", target: "/api/v1/drop", body: `{"paths":["/m/a.mp4"]}`, desk: refuse(fault.New(fault.DiskFull, "Full.", nil)), status: 507, want: []string{`disk_full`}},
		"the line is paused":                {method: "POST", target: "/api/v1/queue/pause", status: 200, want: []string{`{"paused":true}`}},
		"the line is resumed":               {method: "POST", target: "/api/v1/queue/resume", status: 200, want: []string{`{"paused":false}`}},
		"a line that cannot be paused":      {method: "POST", target: "/api/v1/queue/pause", desk: refuse(fault.New(fault.DiskFull, "Full.", nil)), status: 507, want: []string{`disk_full`}},
		"the machine":                       {method: "GET", target: "/api/v1/machine", status: 200, want: []string{`"ceiling_bytes":10737418240`, `"holders":[{"kind":"engine","name":"tiny","bytes":1073741824,"count":1}]`, `"level":"warn"`}},
		"the machine over time":             {method: "GET", target: "/api/v1/history?minutes=5&points=77", status: 200, want: []string{`"points":[{"at":`, `"depth":77`, `"engine_bytes":0`}},
		"what the worker does":              {method: "GET", target: "/api/v1/machine", status: 200, want: []string{`"worker":{"state":"working","since":"2026-03-14T09:26:53Z","job_id":"r1","stage":"transcribe","engine":{"pid":7,"model":"tiny","bytes":1073741824,"warm":true}}`, `"process":{"pid":42,"version":"dev","started_at":"2026-03-14T09:26:53Z","resident_bytes":1048576,"cpu_seconds":1.5}`}},
		"what ran and waited":               {method: "GET", target: "/api/v1/history", status: 200, want: []string{`"finished_at":"2026-03-14T09:26:53Z","outcome":"crashed"}`, `"title":"most 500","stage":"transcribe","started_at":"2026-03-14T09:26:53Z","outcome":"running"}`, `"waits":[{"job_id":"q1","title":"b","reason":"memory","from":"2026-03-14T09:26:53Z"}]`}},
		"what got done":                     {method: "GET", target: "/api/v1/throughput", status: 200, want: []string{`{"hours":[{"at":"2026-03-14T09:26:53Z","done":24,"failed":0,"canceled":0,"media_ms":61000,"busy_ms":0}],"failures":[],"stages":[]}`}},
		"what got done in a week":           {method: "GET", target: "/api/v1/throughput?hours=168", status: 200, want: []string{`"done":168`}},
		"more than a week":                  {method: "GET", target: "/api/v1/throughput?hours=169", status: 422, want: []string{`"field":"hours"`}},
		"too much of the past":              {method: "GET", target: "/api/v1/history?minutes=1441", status: 422, want: []string{`"field":"minutes"`}},
		"a window that is not there":        {method: "POST", target: "/api/v1/window/show", status: 409, want: []string{`no_window`}},
		"health":                            {method: "GET", target: "/healthz", status: 200, want: []string{`{"status":"ok","version":"dev","boot":"b1","pid":42}`}},
		"the document":                      {method: "GET", target: "/openapi.json", status: 200, want: []string{`"openapi": "3.1.0"`}},
		"the page":                          {method: "GET", target: "/", status: 200, want: []string{"<!doctype html>"}, out: []string{"Content-Type", "text/html; charset=utf-8", "Cache-Control", "no-cache"}},
		"a file of the page":                {method: "GET", target: "/assets/a-1.js", status: 200, want: []string{"1"}, out: []string{"Content-Type", "text/javascript; charset=utf-8"}},
		"a file that is not there":          {method: "GET", target: "/assets/b.js", status: 404, want: []string{`route_unknown`}},
		"a folder of the page":              {method: "GET", target: "/assets", status: 404, want: []string{`route_unknown`}},
		"another path is not the index":     {method: "GET", target: "/settings", status: 404, want: []string{`route_unknown`}},
		"a route that is none":              {method: "GET", target: "/api/v1/nothing", status: 404, want: []string{`route_unknown`}},
		"a route that is none, with a body": {method: "POST", target: "/nothing", body: "{}", status: 404, want: []string{`route_unknown`}},
		"another method":                    {method: "DELETE", target: "/api/v1/board", status: 405, want: []string{`method_refused`}, out: []string{"Allow", "GET, HEAD"}},
		"an upload":                         {method: "PUT", target: "/api/v1/uploads/%EC%98%81%EC%83%81.mp4", body: "12345", status: 201, want: []string{`"id":"UP1"`, `"source":"upload:UP1"`, `"name":"영상.mp4"`, `"size":5`}},
		"an upload keeps no path":           {method: "PUT", target: "/api/v1/uploads/..%2F..%2Fetc%2Fpasswd", body: "1", status: 201, want: []string{`"name":"passwd"`}},
		"an upload without a name":          {method: "PUT", target: "/api/v1/uploads/%20", body: "1", status: 422, want: []string{`"field":"name"`}},
		"the old route takes JSON":          {method: "POST", target: "/process", body: `{"video_id":4711,"path":"/m/a.mp4","more":1}`, status: 202, want: []string{`"message":`, `"task_id":"job1"`}},
		"the old route takes a form":        {method: "POST", target: "/process", header: []string{"Content-Type", "application/x-www-form-urlencoded"}, body: "video_id=v&path=%2Fm%2Fa.mp4&url=", status: 202, want: []string{`"task_id":"job1"`}},
		"the old route wants a source":      {method: "POST", target: "/process", body: `{"video_id":"v"}`, status: 422, want: []string{`"field":"path"`}},
		"the old route wants one source":    {method: "POST", target: "/process", body: `{"url":"http://x","path":"/a"}`, status: 422, want: []string{"got more"}},
		"the old route takes an address":    {method: "POST", target: "/process", body: `{"url":"http://x"}`, status: 202, want: []string{`"task_id":"job1"`}},
		"a path is no address":              {method: "POST", target: "/process", body: `{"url":"/etc/passwd"}`, status: 422, want: []string{`"field":"url"`}, never: []string{"passwd"}},
		"the old route checks types":        {method: "POST", target: "/process", body: `{"path":["/a"]}`, status: 422, want: []string{`"field":"path"`}},
		"the old route and broken JSON":     {method: "POST", target: "/process", body: `{"path"`, status: 400, want: []string{`request_invalid`}},
		"the old route and a large body":    {method: "POST", target: "/process", body: `{"path":"` + long + `"}`, status: 413, want: []string{`request_too_large`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.desk != nil {
				tt.desk(w.desk)
			}
			r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.target, strings.NewReader(tt.body))
			if tt.body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Set(tt.header[i], tt.header[i+1])
			}
			res := serve(w.routes, r)
			if res.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", res.Code, tt.status, res.Body)
			}
			if tt.status >= 400 {
				checkProblem(t, res)
			}
			for _, s := range tt.want {
				if !strings.Contains(res.Body.String(), s) {
					t.Errorf("no %s in %s", s, res.Body)
				}
			}
			for _, s := range tt.never {
				if strings.Contains(res.Body.String(), s) {
					t.Errorf("%s in %s", s, res.Body)
				}
			}
			for i := 0; i < len(tt.out); i += 2 {
				if got := res.Header().Get(tt.out[i]); got != tt.out[i+1] {
					t.Errorf("%s is %q, want %q", tt.out[i], got, tt.out[i+1])
				}
			}
			if logged := strings.Count(w.log.String(), "\n"); (tt.status == 500 || tt.status == 507 || tt.status == 503) != (logged == 1) {
				t.Errorf("%d lines logged: %s", logged, w.log)
			}
		})
	}
}

func TestTheWindowIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shown := 0
	routes := w.with(func(d *httpapi.Deps) { d.Window = showFunc(func() { shown++ }) })
	res := serve(routes, httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/window/show", http.NoBody))
	if res.Code != http.StatusNoContent || shown != 1 {
		t.Errorf("status %d, shown %d times: %s", res.Code, shown, res.Body)
	}
}

type showFunc func()

func (f showFunc) Show() { f() }

func TestPauseReachesTheDesk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, verb := range []string{"pause", "resume"} {
		serve(w.routes, httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/queue/"+verb, http.NoBody))
		if w.desk.paused != (verb == "pause") {
			t.Errorf("after %s the desk's pause is %t", verb, w.desk.paused)
		}
	}
}

func TestAnInternalErrorIsLoggedWithItsCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	serve(w.routes, httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/jobs/broken", http.NoBody))
	for _, s := range []string{"level=ERROR", "method=GET", "path=/api/v1/jobs/broken", "secret /var/db"} {
		if !strings.Contains(w.log.String(), s) {
			t.Errorf("no %q in %s", s, w.log)
		}
	}
}

func TestAJobWhosePlaceIsNotKnownIsAcceptedAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.desk.lost = errors.New("lost")
	post(t, w, `{"source":"/m/a.mp4"}`, "")
	if !strings.Contains(w.log.String(), "err=lost") {
		t.Errorf("logged: %s", w.log)
	}
}

func TestTheRoutesServeManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			post(t, w, `{"jobs":[{"source":"/a"},{"source":"/b"}]}`, "K")
			for _, target := range []string{"/openapi.json", "/api/v1/board", "/api/v1/jobs/zz", "/api/v1/jobs?limit=0"} {
				serve(w.routes, httptest.NewRequestWithContext(t.Context(), "GET", target, http.NoBody))
			}
		})
	}
	all.Wait()
	if n := len(w.desk.orders); n != 16 {
		t.Errorf("%d orders", n)
	}
}

func TestAnOrderCarriesWhatWasAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	track, yes, no, prompt := 1, true, false, "Seoul"
	post(t, w, `{"source":"/a","title":"T","language":"ko","model":"m","audio_track":1,"priority":-5,
		"metadata":{"k":"v"},"reuse":false,"beam_size":5,"threads":2,"words":true,"prompt":"Seoul","to_english":true}`, "")
	want := job.Order{
		Source: "/a", Title: "T", Language: "ko", Model: "m", AudioTrack: &track, BeamSize: 5, Threads: 2,
		Words: &yes, Prompt: &prompt, ToEnglish: true, Reuse: &no, Priority: -5, Metadata: map[string]string{"k": "v"},
	}
	if diff := cmp.Diff(want, w.desk.orders[0]); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestTheOldRouteTakesAPromptAndATranslation(t *testing.T) {
	t.Parallel()
	prompt := "Seoul"
	for name, body := range map[string]struct{ kind, text string }{
		"JSON":                {"application/json", `{"path":"/a","prompt":"Seoul","to_english":true}`},
		"a form":              {"application/x-www-form-urlencoded", "path=%2Fa&prompt=Seoul&to_english=1"},
		"a form without them": {"application/x-www-form-urlencoded", "path=%2Fa&prompt=&to_english="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := job.Order{Source: "/a", Prompt: &prompt, ToEnglish: true}
			if name == "a form without them" {
				want = job.Order{Source: "/a"}
			}
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/process", strings.NewReader(body.text))
			r.Header.Set("Content-Type", body.kind)
			serve(w.routes, r)
			if diff := cmp.Diff([]job.Order{want}, w.desk.orders); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheKeysBodyIsCanonical(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post(t, w, `{"source":"/a","title":"T"}`, "K")
	post(t, w, ` { "title" : "T", "source":"/a" } `, "K")
	post(t, w, `{"source":"/a","title":"U"}`, "K")
	post(t, w, `{"jobs":[{"source":"/a"},{"source":"/b"}]}`, "K")
	o := w.desk.orders
	if o[0].Key != "K" || o[0].KeyBody == "" || o[0].KeyBody != o[1].KeyBody {
		t.Errorf("same request: %+v %+v", o[0], o[1])
	}
	if o[0].KeyBody == o[2].KeyBody || o[3].KeyBody == o[0].KeyBody || o[3].KeyBody != o[4].KeyBody {
		t.Error("another request has the same hash")
	}
	if o[3].Key != "K" || o[4].Key == o[3].Key {
		t.Errorf("jobs of a batch: keys %q %q", o[3].Key, o[4].Key)
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		target string
		parts  []string // name=value, or name@file=content
		cut    int      // bytes missing at the end
		status int
		want   string
		source string
	}{
		"fields before and after the file":  {target: "/api/v1/jobs", parts: []string{"title=T", "file@a.mp4=data", "words=true", `metadata={"k":"v"}`, "priority=3", "language="}, status: 202, want: `"title":"T"`, source: "upload:UP1"},
		"a source instead of a file":        {target: "/api/v1/jobs", parts: []string{"source=/m/a.mp4"}, status: 202, source: "/m/a.mp4"},
		"a file and a source":               {target: "/api/v1/jobs", parts: []string{"source=/m/a.mp4", "file@a=1"}, status: 422, want: `"field":"source"`},
		"neither":                           {target: "/api/v1/jobs", parts: []string{"title=T"}, status: 422, want: `"field":"file"`},
		"two files":                         {target: "/api/v1/jobs", parts: []string{"file@a=1", "file@b=2"}, status: 422, want: "expected one file"},
		"a file under another name":         {target: "/api/v1/jobs", parts: []string{"video@a=1"}, status: 422, want: `"field":"video"`},
		"an unknown field":                  {target: "/api/v1/jobs", parts: []string{"file@a=1", "tilte=T"}, status: 422, want: `"field":"tilte"`},
		"a field twice":                     {target: "/api/v1/jobs", parts: []string{"title=a", "title=b"}, status: 422, want: `"field":"title"`},
		"a number that is none":             {target: "/api/v1/jobs", parts: []string{"file@a=1", "priority=high"}, status: 422, want: `"field":"priority"`},
		"a field that is too large":         {target: "/api/v1/jobs", parts: []string{"title=" + strings.Repeat("x", 1<<20+1)}, status: 413, want: "request_too_large"},
		"a form that ends within the file":  {target: "/api/v1/jobs", parts: []string{"file@a=" + strings.Repeat("x", 9000)}, cut: 5000, status: 400, want: "upload_broken"},
		"a form that ends within a field":   {target: "/api/v1/jobs", parts: []string{"title=" + strings.Repeat("x", 9000)}, cut: 5000, status: 400, want: "upload_broken"},
		"the old route takes any file name": {target: "/process", parts: []string{"video_id=7", "video@a.mp4=data", "extra=1"}, status: 202, want: `"task_id":"job1"`, source: "upload:UP1"},
		"the old route takes a path":        {target: "/process", parts: []string{"path=/m/a.mp4", "url="}, status: 202, source: "/m/a.mp4"},
		"the old route wants one source":    {target: "/process", parts: []string{"path=/m/a.mp4", "file@a=1"}, status: 422, want: "got more"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			res := serve(w.routes, formRequest(t, tt.target, "", tt.cut, tt.parts...))
			if res.Code != tt.status || !strings.Contains(res.Body.String(), tt.want) {
				t.Fatalf("status %d, want %d with %s: %s", res.Code, tt.status, tt.want, res.Body)
			}
			if tt.status >= 400 {
				checkProblem(t, res)
				return
			}
			if got := w.desk.orders[0].Source; got != tt.source {
				t.Errorf("source %q, want %q", got, tt.source)
			}
		})
	}
}

func TestTheFileOfAFormThatComesToNothingIsDiscarded(t *testing.T) {
	t.Parallel()
	refused := refuse(fault.New(fault.ModelUnknown, "No such model.", nil))
	known := func(upload string) func(*fakeDesk) {
		return func(d *fakeDesk) { d.known, d.upload = true, upload }
	}
	tests := map[string]struct {
		target string
		parts  []string
		cut    int
		desk   func(*fakeDesk)
		gone   bool
	}{
		"an accepted one stays":                    {"/api/v1/jobs", []string{"file@a=1"}, 0, nil, false},
		"an unknown field":                         {"/api/v1/jobs", []string{"file@a=1", "tilte=T"}, 0, nil, true},
		"a second file":                            {"/api/v1/jobs", []string{"file@a=1", "file@b=2"}, 0, nil, true},
		"a file under another name":                {"/api/v1/jobs", []string{"file@a=1", "video@b=2"}, 0, nil, true},
		"a source too":                             {"/api/v1/jobs", []string{"file@a=1", "source=/m/a.mp4"}, 0, nil, true},
		"a field twice":                            {"/api/v1/jobs", []string{"file@a=1", "title=T", "title=U"}, 0, nil, true},
		"a form that ends after the file":          {"/api/v1/jobs", []string{"file@a=1", "title=" + strings.Repeat("x", 9000)}, 5000, nil, true},
		"the desk refuses":                         {"/api/v1/jobs", []string{"file@a=1"}, 0, refused, true},
		"the job is there with another upload":     {"/api/v1/jobs", []string{"file@a=1"}, 0, known("UP0"), true},
		"the job is there with this very upload":   {"/api/v1/jobs", []string{"file@a=1"}, 0, known("UP1"), false},
		"a defect may come after the job was made": {"/api/v1/jobs", []string{"file@a=1"}, 0, refuse(io.ErrClosedPipe), false},
		"the old route and an accepted one":        {"/process", []string{"file@a=1"}, 0, nil, false},
		"the old route and a path too":             {"/process", []string{"file@a=1", "path=/m/a.mp4"}, 0, nil, true},
		"the old route and a second file":          {"/process", []string{"file@a=1", "file@b=2"}, 0, nil, true},
		"the old route, and the desk refuses":      {"/process", []string{"file@a=1"}, 0, refused, true},
		"the old route, and the job is there":      {"/process", []string{"file@a=1"}, 0, known("UP0"), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.desk != nil {
				tt.desk(w.desk)
			}
			res := serve(w.routes, formRequest(t, tt.target, "", tt.cut, tt.parts...))
			var want []string
			if tt.gone {
				want = []string{"UP1"}
			}
			if diff := cmp.Diff(want, w.uploads.gone); diff != "" {
				t.Errorf("discarded (-want +got):\n%s\nstatus %d: %s", diff, res.Code, res.Body)
			}
		})
	}
}

func TestTheFileIsDiscardedWhenItsClientHasGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := formRequest(t, "/api/v1/jobs", "", 0, "file@a=1", "tilte=T")
	ctx, leave := context.WithCancel(r.Context())
	w.uploads.hook = func(io.Reader) error { leave(); return nil }
	serve(w.routes, r.WithContext(ctx))
	if len(w.uploads.gone) != 1 {
		t.Errorf("discarded: %q; %s", w.uploads.gone, w.log)
	}
}

func TestAFormSentAgainHasTheSameHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, parts := range [][]string{
		{"title=T", "file@a.mp4=data"},
		{"file@a.mp4=data", "title=T"}, // the same, as another upload
		{"file@a.mp4=date", "title=T"},
	} {
		if res := serve(w.routes, formRequest(t, "/api/v1/jobs", "K", 0, parts...)); res.Code != 202 {
			t.Fatal(res.Body)
		}
	}
	o := w.desk.orders
	if o[0].KeyBody == "" || o[0].KeyBody != o[1].KeyBody || o[0].KeyBody == o[2].KeyBody {
		t.Errorf("hashes %s %s %s", o[0].KeyBody, o[1].KeyBody, o[2].KeyBody)
	}
	if o[0].Source == o[1].Source {
		t.Error("the second upload was not stored")
	}
}

func FuzzProcess(f *testing.F) {
	f.Add("application/json", `{"video_id":1e9,"path":"/a"}`)
	f.Add("application/x-www-form-urlencoded", "path=/a&video_id=%zz")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n")
	var w *world // one for all: building the document is most of the work
	f.Fuzz(func(t *testing.T, contentType, body string) {
		if w == nil {
			w = newWorld(t)
		}
		for _, target := range []string{"/process", "/api/v1/jobs"} {
			r := httptest.NewRequestWithContext(t.Context(), "POST", target, strings.NewReader(body))
			r.Header.Set("Content-Type", contentType)
			res := serve(w.routes, r)
			switch {
			case res.Code >= 500 || !json.Valid(res.Body.Bytes()):
				t.Fatalf("%s: status %d: %s", target, res.Code, res.Body)
			case res.Code >= 400:
				checkProblem(t, res)
			case slices.ContainsFunc(w.desk.orders, func(o job.Order) bool { return o.Source == "" }):
				t.Fatalf("%s: an order without a source", target)
			}
			w.desk.orders = nil
		}
	})
}

func refuse(err error) func(*fakeDesk) { return func(d *fakeDesk) { d.err = err } }

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	res := httptest.NewRecorder()
	h.ServeHTTP(res, r)
	return res
}

func post(t *testing.T, w *world, body, key string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/jobs", strings.NewReader(body))
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	if res := serve(w.routes, r); res.Code != 202 {
		t.Error(res.Body)
	}
}

func formRequest(t *testing.T, target, key string, cut int, parts ...string) *http.Request {
	t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for _, p := range parts {
		name, value, _ := strings.Cut(p, "=")
		field, file, isFile := strings.Cut(name, "@")
		var part io.Writer
		var err error
		if isFile {
			part, err = m.CreateFormFile(field, file)
		} else {
			part, err = m.CreateFormField(field)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(part, value)
	}
	_ = m.Close()
	body.Truncate(body.Len() - cut)
	r := httptest.NewRequestWithContext(t.Context(), "POST", target, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return r
}

// checkProblem checks what every error has, wherever it comes from.
func checkProblem(t *testing.T, res *httptest.ResponseRecorder) {
	t.Helper()
	var p struct {
		Title, Code, Detail, Hint string
		Status                    int
	}
	if err := json.Unmarshal(res.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %s", err, res.Body)
	}
	if ct := res.Header().Get("Content-Type"); ct != problemJSON {
		t.Errorf("content type %q", ct)
	}
	if p.Status != res.Code || p.Title == "" || p.Code == "" || p.Detail == "" || p.Hint == "" {
		t.Errorf("not a whole problem: %+v", p)
	}
	if fmt.Sprint(res.Header()["X-Content-Type-Options"]) != "[nosniff]" {
		t.Error("no nosniff")
	}
}

package httpapi_test

import (
	"context"
	"errors"
	"net"
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

func TestSteering(t *testing.T) {
	t.Parallel()
	full := refuse(fault.New(fault.DiskFull, "The disk is full.", nil))
	conflict := func(code fault.Code) func(*fakeDesk) { return refuse(fault.New(code, "No.", nil)) }
	soon := time.Now().UTC().AddDate(0, 1, 0)
	tests := map[string]struct {
		call   string // method and path after /api/v1/
		header []string
		body   string
		desk   func(*fakeDesk)
		status int
		want   []string // in the body
		did    string   // by the desk
	}{
		"a retry needs no body":                    {call: "POST jobs/d1/retry", status: 200, want: []string{`"id":"d1"`}, did: "d1 retry from: model:"},
		"a retry with nothing to say":              {call: "POST jobs/d1/retry", body: `{}`, status: 200, did: "d1 retry from: model:"},
		"a retry from a stage with another model":  {call: "POST jobs/d1/retry", body: `{"from_stage":"transcribe","model":"small"}`, status: 200, did: "d1 retry from:transcribe model:small"},
		"a retry that is held":                     {call: "POST jobs/d1/retry", body: `{"hold":true}`, status: 200, did: "d1 retry from: model: held"},
		"a retry for later":                        {call: "POST jobs/d1/retry", body: `{"not_before":"2027-01-31T22:00:00+01:00"}`, status: 200, did: "d1 retry from: model: not before 2027-01-31T21:00:00Z"},
		"a retry in a hundred years":               {call: "POST jobs/d1/retry", body: `{"not_before":"2127-01-31T22:00:00Z"}`, status: 422, want: []string{`"field":"not_before"`}},
		"a body without a media type":              {call: "POST jobs/d1/retry", header: []string{"Content-Type", ""}, body: `{"model":"small"}`, status: 200, did: "d1 retry from: model:small"},
		"a retry of a translation":                 {call: "POST jobs/d1/retry", body: `{"from_stage":"translate"}`, status: 200, did: "d1 retry from:translate model:"},
		"a retry of a summary":                     {call: "POST jobs/d1/retry", body: `{"from_stage":"summarize"}`, status: 200, did: "d1 retry from:summarize model:"},
		"a retry of what goes out":                 {call: "POST jobs/d1/retry", body: `{"from_stage":"deliver"}`, status: 200, did: "d1 retry from:deliver model:"},
		"a retry from a stage that is none":        {call: "POST jobs/d1/retry", body: `{"from_stage":"dance"}`, status: 422, want: []string{`"field":"from_stage"`}},
		"a retry with null":                        {call: "POST jobs/d1/retry", body: `null`, status: 422, want: []string{`request_invalid`}},
		"a retry of a job that is not there":       {call: "POST jobs/zz/retry", status: 404, want: []string{`job_unknown`}},
		"a retry of a job that has not ended":      {call: "POST jobs/r1/retry", desk: conflict(fault.JobLive), status: 409, want: []string{`job_live`}},
		"a retry of what is in the line":           {call: "POST jobs/d1/retry", desk: conflict(fault.JobDuplicate), status: 409, want: []string{`job_duplicate`}},
		"a retry of a model that cannot fit":       {call: "POST jobs/d1/retry", body: `{"model":"huge"}`, desk: conflict(fault.ModelTooLarge), status: 422, want: []string{`model_too_large`}},
		"a retry on a full disk":                   {call: "POST jobs/d1/retry", desk: full, status: 507, want: []string{`disk_full`}},
		"an unknown field":                         {call: "POST jobs/d1/retry", body: `{"from":"extract"}`, status: 422, want: []string{`"field":"from"`, "there is no such field"}},
		"names are exact":                          {call: "POST jobs/d1/retry", body: `{"Model":"small"}`, status: 422, want: []string{`"field":"Model"`}},
		"a body that is no JSON":                   {call: "POST jobs/d1/retry", body: `{`, status: 400, want: []string{`request_invalid`, "not JSON"}},
		"a body of another type":                   {call: "POST jobs/d1/retry", header: []string{"Content-Type", "text/plain"}, body: `{}`, status: 415, want: []string{"application/json"}},
		"a form is another type":                   {call: "POST jobs/q1/move", header: []string{"Content-Type", "application/x-www-form-urlencoded"}, body: `to=front`, status: 415},
		"a body that is too large":                 {call: "POST jobs/d1/retry", body: `{"model":"` + strings.Repeat("x", 1<<20) + `"}`, status: 413, want: []string{`request_too_large`}},
		"an id that cannot be":                     {call: "POST jobs/" + strings.Repeat("x", 65) + "/retry", status: 422, want: []string{`"field":"id"`}},
		"a job goes to the front":                  {call: "POST jobs/q1/move", body: `{"to":"front"}`, status: 200, want: []string{`"position":7`}, did: "q1 move to:front before:"},
		"a job goes to the back":                   {call: "POST jobs/q1/move", body: `{"to":"back"}`, status: 200, did: "q1 move to:back before:"},
		"a job goes before another":                {call: "POST jobs/q1/move", body: `{"before":"q1"}`, status: 200, did: "q1 move to: before:q1"},
		"a move to two places":                     {call: "POST jobs/q1/move", body: `{"to":"front","before":"q1"}`, status: 422, want: []string{`"field":"before"`, "got both"}},
		"a move to nowhere":                        {call: "POST jobs/q1/move", body: `{}`, status: 422, want: []string{`"field":"to"`}},
		"a move before no one":                     {call: "POST jobs/q1/move", body: `{"before":""}`, status: 422, want: []string{`"field":"to"`}},
		"a move to an end that is none":            {call: "POST jobs/q1/move", body: `{"to":"top"}`, status: 422, want: []string{`"field":"to"`}},
		"a move before what is not there":          {call: "POST jobs/q1/move", body: `{"before":"zz"}`, status: 422, want: []string{`"field":"before"`, "waits in the line"}},
		"a move before what is not in the line":    {call: "POST jobs/q1/move", body: `{"before":"d1"}`, status: 422, want: []string{`"field":"before"`}},
		"a move of what is not there":              {call: "POST jobs/zz/move", body: `{"to":"front"}`, status: 404, want: []string{`job_unknown`}},
		"a move of what is not there before a job": {call: "POST jobs/zz/move", body: `{"before":"q1"}`, status: 404, want: []string{`job_unknown`}},
		"a move of neither before either":          {call: "POST jobs/zz/move", body: `{"before":"yy"}`, status: 404, want: []string{`job_unknown`}},
		"a move of a running job":                  {call: "POST jobs/r1/move", body: `{"to":"front"}`, desk: conflict(fault.JobRunning), status: 409, want: []string{`job_running`}},
		"a move without a body":                    {call: "POST jobs/q1/move", status: 400, want: []string{`request_invalid`}},
		"the highest priority":                     {call: "POST jobs/q1/priority", body: `{"priority":511}`, status: 200, did: "q1 priority 511"},
		"the lowest priority":                      {call: "POST jobs/q1/priority", body: `{"priority":-512}`, status: 200, did: "q1 priority -512"},
		"the middle is a priority too":             {call: "POST jobs/q1/priority", body: `{"priority":0}`, status: 200, did: "q1 priority 0"},
		"a whole number, however written":          {call: "POST jobs/q1/priority", body: `{"priority":5.0}`, status: 200, did: "q1 priority 5"},
		"a priority above all":                     {call: "POST jobs/q1/priority", body: `{"priority":512}`, status: 422, want: []string{`"field":"priority"`, "511"}},
		"a priority below all":                     {call: "POST jobs/q1/priority", body: `{"priority":-513}`, status: 422, want: []string{`"field":"priority"`, "-512"}},
		"a priority between two":                   {call: "POST jobs/q1/priority", body: `{"priority":1.5}`, status: 422, want: []string{`"field":"priority"`}},
		"a priority in words":                      {call: "POST jobs/q1/priority", body: `{"priority":"5"}`, status: 422, want: []string{`"field":"priority"`}},
		"no priority":                              {call: "POST jobs/q1/priority", body: `{}`, status: 422, want: []string{`{"field":"priority","message":"is missing"}`}},
		"a priority that slips past another":       {call: "POST jobs/q1/priority", body: `{"priority":5,"Priority":9999}`, status: 422, want: []string{`"field":"Priority"`}},
		"a priority of what has ended":             {call: "POST jobs/d1/priority", body: `{"priority":5}`, desk: conflict(fault.JobFinal), status: 409, want: []string{`job_final`}},
		"a job is held":                            {call: "POST jobs/q1/hold", status: 200, want: []string{`"id":"q1"`}, did: "q1 hold"},
		"a hold with nothing to say":               {call: "POST jobs/q1/hold", body: `{}`, status: 200, did: "q1 hold"},
		"a job is held until a time":               {call: "POST jobs/q1/hold", body: `{"until":"` + soon.In(time.FixedZone("", 3600)).Format(time.RFC3339) + `"}`, status: 200, want: []string{`"id":"q1"`}, did: "q1 hold until " + soon.Format(time.RFC3339)},
		"a hold until a time that has passed":      {call: "POST jobs/q1/hold", body: `{"until":"2001-01-31T22:00:00Z"}`, status: 422, want: []string{`request_invalid`, `"field":"until"`, "a time to come", "release the job"}},
		"a hold until the first of all times":      {call: "POST jobs/q1/hold", body: `{"until":"0001-01-01T00:00:00Z"}`, status: 422, want: []string{`"field":"until"`}},
		"a hold for a hundred years":               {call: "POST jobs/q1/hold", body: `{"until":"2127-01-31T22:00:00Z"}`, status: 422, want: []string{`"field":"until"`, "within 10 years"}},
		"a hold until no time":                     {call: "POST jobs/q1/hold", body: `{"until":"tonight"}`, status: 422, want: []string{`"field":"until"`}},
		"a hold until null":                        {call: "POST jobs/q1/hold", body: `{"until":null}`, status: 200, did: "q1 hold"},
		"a hold that says more":                    {call: "POST jobs/q1/hold", body: `{"not_before":"2027-01-31T22:00:00Z"}`, status: 422, want: []string{`"field":"not_before"`}},
		"a hold with a body of another type":       {call: "POST jobs/q1/hold", header: []string{"Content-Type", "text/plain"}, body: `{}`, status: 415, want: []string{"application/json"}},
		"a running job is not held":                {call: "POST jobs/r1/hold", desk: conflict(fault.JobRunning), status: 409, want: []string{`job_running`}},
		"a hold of what is not there":              {call: "POST jobs/zz/hold", status: 404, want: []string{`job_unknown`}},
		"a job is released":                        {call: "POST jobs/q1/release", status: 200, did: "q1 release"},
		"a final job is not released":              {call: "POST jobs/d1/release", desk: conflict(fault.JobFinal), status: 409, want: []string{`job_final`}},
		"a job is deleted":                         {call: "DELETE jobs/d1", status: 204, did: "d1 delete"},
		"a live job is not deleted":                {call: "DELETE jobs/q1", desk: conflict(fault.JobLive), status: 409, want: []string{`job_live`}},
		"a job that is not there is not deleted":   {call: "DELETE jobs/zz", status: 404, want: []string{`job_unknown`}},
		"a job is not deleted on a full disk":      {call: "DELETE jobs/d1", desk: full, status: 507, want: []string{`disk_full`}},
		"the queued ones are cleared":              {call: "POST jobs/clear", body: `{"state":"queued"}`, desk: func(d *fakeDesk) { d.cleared = 3 }, status: 200, want: []string{`{"count":3}`}, did: "clear queued"},
		"the done ones are cleared":                {call: "POST jobs/clear", body: `{"state":"done"}`, status: 200, want: []string{`{"count":0}`}, did: "clear done"},
		"running ones are not cleared":             {call: "POST jobs/clear", body: `{"state":"running"}`, status: 422, want: []string{`"field":"state"`, "one by one"}},
		"those of no state are not cleared":        {call: "POST jobs/clear", body: `{"state":""}`, status: 422, want: []string{`"field":"state"`}},
		"a clear of everything":                    {call: "POST jobs/clear", body: `{}`, status: 422, want: []string{`{"field":"state","message":"is missing"}`}},
		"a clear without a body":                   {call: "POST jobs/clear", status: 400, want: []string{`request_invalid`}},
		"a clear with more to say":                 {call: "POST jobs/clear", body: `{"state":"done","older_than":3}`, status: 422, want: []string{`"field":"older_than"`}},
		"a clear on a full disk":                   {call: "POST jobs/clear", body: `{"state":"done"}`, desk: full, status: 507, want: []string{`"detail":"The disk is full."`}},
		"a history": {call: "GET jobs/d1/history", status: 200, want: []string{
			`{"events":[{"at":"2026-03-14T09:26:53Z","verb":"submit","to":"queued","reason":"turn"},`,
			`{"at":"2026-03-14T09:26:53Z","verb":"settle","from":"running","to":"failed","stage":"extract","code":"no_audio_track"}]}`,
		}},
		"a history without an event":         {call: "GET jobs/q1/history", status: 200, want: []string{`{"events":[]}`}},
		"the history of what is not there":   {call: "GET jobs/zz/history", status: 404, want: []string{`job_unknown`}},
		"the head of a history":              {call: "HEAD jobs/d1/history", status: 200},
		"a notice is dismissed":              {call: "DELETE notices/n1", status: 204, did: "n1 dismissed"},
		"a notice stays on a full disk":      {call: "DELETE notices/n1", desk: full, status: 507, want: []string{`disk_full`}},
		"a notice with an id that cannot be": {call: "DELETE notices/" + strings.Repeat("x", 65), status: 422, want: []string{`"field":"id"`}},
		"verbs are not read":                 {call: "GET jobs/q1/hold", status: 405, want: []string{`method_refused`}},
		"there is nothing to ask for first":  {call: "OPTIONS jobs/q1/hold", status: 405, want: []string{`method_refused`}},
		"a clear is not put":                 {call: "PUT jobs/clear", status: 405, want: []string{`method_refused`}},
		"the board keeps its notices":        {call: "GET notices/n1", status: 405, want: []string{`method_refused`}},
		"a verb that is none":                {call: "POST jobs/q1/shuffle", status: 404, want: []string{`route_unknown`}},
		"an unknown parameter":               {call: "POST jobs/q1/hold?now=1", status: 422, want: []string{`"field":"now"`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.desk != nil {
				tt.desk(w.desk)
			}
			method, path, _ := strings.Cut(tt.call, " ")
			r := httptest.NewRequestWithContext(t.Context(), method, "/api/v1/"+path, strings.NewReader(tt.body))
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
			switch {
			case tt.status >= 400:
				checkProblem(t, res)
			case tt.status == http.StatusNoContent && res.Body.Len() > 0:
				t.Errorf("no content, but %q", res.Body)
			}
			for _, s := range tt.want {
				if !strings.Contains(res.Body.String(), s) {
					t.Errorf("no %s in %s", s, res.Body)
				}
			}
			for _, s := range []string{"secret", "Go struct"} {
				if strings.Contains(res.Body.String(), s) {
					t.Errorf("%s in %s", s, res.Body)
				}
			}
			if got := strings.Join(w.desk.steered, "; "); got != tt.did {
				t.Errorf("the desk did %q, want %q", got, tt.did)
			}
		})
	}
}

func TestA405SaysWhatTheRouteTakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, want := range map[string]string{
		"/api/v1/jobs/q1/hold": "POST", "/api/v1/jobs/q1": "DELETE, GET, HEAD", "/api/v1/notices/n1": "DELETE",
		"/api/v1/search": "GET, HEAD", "/api/v1/jobs/q1/history": "GET, HEAD",
	} {
		res := serve(w.routes, httptest.NewRequestWithContext(t.Context(), "OPTIONS", path, http.NoBody))
		if got := res.Header().Get("Allow"); got != want || res.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d, allows %q, want %q", path, res.Code, got, want)
		}
	}
}

func TestAClearThatStopsHalfWaySaysHowFarItCame(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err    error
		status int
		want   []string
	}{
		"a full disk":   {fault.New(fault.DiskFull, "The disk is full.", nil), 507, []string{`"code":"disk_full"`, `"The disk is full. 500 jobs were cleared before that."`, "clear again"}},
		"our own fault": {errors.New("secret"), 500, []string{`"code":"internal"`, " 500 jobs were cleared before that.", "clear again"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.desk.err, w.desk.cleared = tt.err, 500
			res := call(t, w.routes, "POST", "/api/v1/jobs/clear", `{"state":"done"}`)
			if res.Code != tt.status || strings.Contains(res.Body.String(), "secret") {
				t.Errorf("status %d: %s", res.Code, res.Body)
			}
			checkProblem(t, res)
			for _, s := range tt.want {
				if !strings.Contains(res.Body.String(), s) {
					t.Errorf("no %s in %s", s, res.Body)
				}
			}
			if n := strings.Count(w.log.String(), "\n"); n != 1 {
				t.Errorf("%d lines logged: %s", n, w.log)
			}
		})
	}
}

// A deadline for reading a body must not outlive the reading: of a call without
// a body the server would take it for a client that has gone, and end the call.
func TestACallWithoutABodyMayWorkForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		srv := httpapi.NewServer(w.with(func(d *httpapi.Deps) { d.Desk = slowDesk{w.desk} }))
		ours, theirs := net.Pipe()
		l := &oneConn{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
		l.conn <- theirs
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()
		client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return ours, nil }}}
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://sluice/api/v1/jobs/d1/retry", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode != http.StatusOK {
			t.Errorf("status %d", res.StatusCode)
		}
		client.CloseIdleConnections()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != http.ErrServerClosed { //nolint:errorlint // Serve returns this very value
			t.Error(err)
		}
	})
}

// slowDesk takes a minute for a retry.
type slowDesk struct{ *fakeDesk }

func (d slowDesk) Retry(ctx context.Context, id string, _ job.Again) (job.Job, error) {
	select {
	case <-time.After(time.Minute): // fake time
		return job.Job{ID: id, State: job.Queued, Source: job.Source{Kind: job.FromPath}}, nil
	case <-ctx.Done():
		return job.Job{}, ctx.Err()
	}
}

// oneConn is a listener for one connection.
type oneConn struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *oneConn) Close() error   { close(l.closed); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// call makes one request with a body of JSON, or with none.
func call(t *testing.T, h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return serve(h, r)
}

func TestTheBoardShowsNotices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := `"notices":[{"id":"n1","at":"2026-03-14T09:26:53Z","code":"started_empty","text":"It was damaged.","hint":"Submit again."},` +
		`{"id":"n2","at":"2026-03-14T09:26:53Z","code":"update_available","text":"1.3.0 is there.","hint":"See it.","version":"1.3.0","url":"https://github.com/x"}]`
	if res := call(t, w.routes, "GET", "/api/v1/board", ""); !strings.Contains(res.Body.String(), want) {
		t.Errorf("no %s in %s", want, res.Body)
	}
}

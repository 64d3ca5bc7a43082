package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/httpapi"
	"sluice/internal/job"
)

func TestATimeToWaitFor(t *testing.T) {
	t.Parallel()
	ahead := func(years, days int) string { return time.Now().AddDate(years, 0, days).UTC().Format(time.RFC3339) }
	tests := map[string]struct {
		value  string // in JSON
		order  string // "" = it is refused
		detail string // else
	}{
		"a time in UTC":                          {value: `"2027-01-31T22:00:00Z"`, order: "2027-01-31T22:00:00Z"},
		"a time in another zone":                 {value: `"2027-01-31T22:00:00+09:00"`, order: "2027-01-31T13:00:00Z"},
		"a part of a second":                     {value: `"2027-01-31T22:00:00.5Z"`, order: "2027-01-31T22:00:00.5Z"},
		"a time that has passed is the desk's":   {value: `"1999-12-31T23:59:59Z"`, order: "1999-12-31T23:59:59Z"},
		"the first of all times":                 {value: `"0001-01-01T00:00:00Z"`, order: "0001-01-01T00:00:00Z"},
		"a little less than ten years ahead":     {value: `"` + ahead(10, -1) + `"`, order: ahead(10, -1)},
		"a little more":                          {value: `"` + ahead(10, 1) + `"`, detail: "within 10 years"},
		"the last of all times":                  {value: `"9999-12-31T23:59:59Z"`, detail: "within 10 years"},
		"a time without a zone":                  {value: `"2027-01-31T22:00:00"`, detail: "with its zone"},
		"a day":                                  {value: `"2027-01-31"`, detail: "with its zone"},
		"a word":                                 {value: `"tomorrow"`, detail: "with its zone"},
		"nothing":                                {value: `""`, detail: "with its zone"},
		"a day that is none":                     {value: `"2027-02-30T22:00:00Z"`, detail: "with its zone"},
		"a zone that is none":                    {value: `"2027-01-31T22:00:00+99:99"`, detail: "with its zone"},
		"a number, which could be of any kind":   {value: `1801432800`, detail: "string"},
		"null, which is the same as to leave it": {value: `null`, order: "0001-01-01T00:00:00Z"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := `{"source":"/m/a.mp4","not_before":` + tt.value + `}`
			for field, body := range map[string]string{"not_before": one, "jobs[1].not_before": `{"jobs":[{"source":"/m/b.mp4"},` + one + `]}`} {
				w := newWorld(t)
				res := call(t, w.routes, "POST", "/api/v1/jobs", body)
				checkTime(t, w, res.Code, res.Body.String(), field, tt.order, tt.detail)
			}
			text, quoted := strings.CutPrefix(tt.value, `"`)
			if !quoted || tt.value == `""` { // in a form there is text only, and an empty field is none
				return
			}
			w := newWorld(t)
			res := serve(w.routes, formRequest(t, "/api/v1/jobs", "", 0, "file@a.mp4=data", "not_before="+strings.TrimSuffix(text, `"`)))
			checkTime(t, w, res.Code, res.Body.String(), "not_before", tt.order, tt.detail)
			if (len(w.uploads.gone) == 0) != (tt.order != "") {
				t.Errorf("status %d, discarded %q", res.Code, w.uploads.gone)
			}
		})
	}
}

// checkTime checks what came of the last order with a time.
func checkTime(t *testing.T, w *world, status int, body, field, order, detail string) {
	t.Helper()
	if order == "" {
		if status != http.StatusUnprocessableEntity || !strings.Contains(body, `"field":"`+field+`"`) || !strings.Contains(body, detail) || len(w.desk.orders) > 0 {
			t.Errorf("status %d, want a refusal of %s with %q: %s", status, field, detail, body)
		}
		return
	}
	if status != http.StatusAccepted {
		t.Fatalf("status %d: %s", status, body)
	}
	got := w.desk.orders[len(w.desk.orders)-1].NotBefore.UTC().Format(time.RFC3339Nano)
	if got != order {
		t.Errorf("not before %s, want %s", got, order)
	}
}

func TestTheOldRouteKnowsNoTimeToWaitFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	res := call(t, w.routes, "POST", "/process", `{"path":"/m/a.mp4","not_before":"tomorrow"}`)
	if res.Code != http.StatusAccepted || !w.desk.orders[0].NotBefore.IsZero() {
		t.Errorf("status %d, %+v", res.Code, w.desk.orders)
	}
}

func TestWhatASubmitAnswersOfTheLine(t *testing.T) {
	t.Parallel()
	one := `{"source":"/m/a.mp4"}`
	tests := map[string]struct {
		body   string
		desk   func(*fakeDesk)
		want   []int // positions
		placed int   // how often the desk was asked for them
		eta    bool
	}{
		"the length is not known yet":              {body: one, want: []int{7}, placed: 1},
		"the length is known":                      {body: one, desk: func(d *fakeDesk) { d.length = 60_000 }, want: []int{7}, placed: 1, eta: true},
		"new jobs follow one another":              {body: `{"jobs":[` + one + `,` + one + `,` + one + `]}`, want: []int{7, 8, 9}, placed: 1},
		"but not those of another priority":        {body: `{"jobs":[` + one + `,{"source":"/m/b.mp4","priority":1},` + one + `]}`, want: []int{7, 7, 8}, placed: 2},
		"nor those that were there":                {body: `{"jobs":[` + one + `,` + one + `]}`, desk: func(d *fakeDesk) { d.known = true }, want: []int{7, 7}, placed: 2},
		"of many, nobody works out when they end":  {body: `{"jobs":[` + one + `,` + one + `]}`, desk: func(d *fakeDesk) { d.length = 60_000 }, want: []int{7, 8}, placed: 1},
		"a position that is not known is left out": {body: one, desk: func(d *fakeDesk) { d.lost = http.ErrBodyNotAllowed }, want: []int{0}, placed: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.desk != nil {
				tt.desk(w.desk)
			}
			res := call(t, w.routes, "POST", "/api/v1/jobs", tt.body)
			var got []int
			for _, piece := range strings.Split(res.Body.String(), `{"id":"`)[1:] {
				n := 0
				if _, rest, ok := strings.Cut(piece, `"position":`); ok {
					_, _ = fmt.Sscan(strings.FieldsFunc(rest, func(c rune) bool { return c == ',' })[0], &n)
				}
				got = append(got, n)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("positions (-want +got):\n%s\n%s", diff, res.Body)
			}
			if w.desk.placed != tt.placed {
				t.Errorf("asked %d times, want %d", w.desk.placed, tt.placed)
			}
			if eta := strings.Contains(res.Body.String(), `"eta_seconds":95`); eta != tt.eta {
				t.Errorf("eta %t: %s", eta, res.Body)
			}
		})
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		query  string
		status int
		want   string
	}{
		"a word":                   {"q=ferry", 200, `{"hits":[{"job_id":"d1","title":"A ferry","text":"A ferry"},{"job_id":"d1","title":"A ferry","segment_id":3,"start_ms":1500,"end_ms":2500,"text":"The last ferry."}],"next":"50"}`},
		"a page of its own length": {"q=ferry&limit=7", 200, `"next":"7"`},
		"the page after":           {"q=ferry&limit=7&cursor=c", 200, `"next":"7c"`},
		"a word that is nowhere":   {"q=harbour", 200, `{"hits":[]}`},
		"no word":                  {"", 422, `"field":"q"`},
		"an empty word":            {"q=", 422, `"field":"q"`},
		"a blank":                  {"q=+%20%09", 422, `"field":"q"`},
		"a word beyond measure":    {"q=" + strings.Repeat("x", 201), 422, `"field":"q"`},
		"no hits at all":           {"q=ferry&limit=0", 422, `"field":"limit"`},
		"too many hits":            {"q=ferry&limit=501", 422, `"field":"limit"`},
		"a limit in words":         {"q=ferry&limit=all", 422, `"field":"limit"`},
		"a cursor that is none":    {"q=ferry&cursor=bad", 422, `request_invalid`},
		"an unknown parameter":     {"q=ferry&lang=ko", 422, `"field":"lang"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := call(t, newWorld(t).routes, "GET", "/api/v1/search?"+tt.query, "")
			if res.Code != tt.status || !strings.Contains(res.Body.String(), tt.want) {
				t.Fatalf("status %d, want %d with %s: %s", res.Code, tt.status, tt.want, res.Body)
			}
			if tt.status >= 400 {
				checkProblem(t, res)
			}
		})
	}
}

func TestAScheduledJobSaysWhen(t *testing.T) {
	t.Parallel()
	when := at.AddDate(0, 0, 1)
	v := httpapi.JobOf(job.Job{State: job.Queued, Reason: job.Scheduled, Until: when.In(time.FixedZone("", 9*3600))})
	if v.Reason != job.Scheduled || v.Until == nil {
		t.Fatalf("%+v", v)
	}
	if diff := cmp.Diff(when, *v.Until); diff != "" {
		t.Error(diff)
	}
}

func TestAJobThatIsBackInTheLineShowsHowFarItCame(t *testing.T) {
	t.Parallel()
	reached := job.Progress{Stage: job.Transcribe, Fraction: 0.43}
	tests := map[string]struct {
		job  job.Job
		want *httpapi.Progress
	}{
		"what waits for memory":       {job.Job{State: job.Queued, Reason: job.Memory, Progress: reached}, &httpapi.Progress{Stage: job.Transcribe, Fraction: 0.43}},
		"what has not begun":          {job.Job{State: job.Queued, Reason: job.Memory}, nil},
		"what has ended says no more": {job.Job{State: job.Done, Progress: reached}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, httpapi.JobOf(tt.job).Progress); diff != "" {
				t.Error(diff)
			}
		})
	}
}

package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/httpapi"
	"sluice/internal/job"
)

// fakeDeliveries has three messages about d1, d3 being the newest.
type fakeDeliveries struct {
	err   error
	asked []string
}

func (f *fakeDeliveries) Deliveries(_ context.Context, q job.DeliveryFilter) ([]job.Delivery, error) {
	f.asked = append(f.asked, fmt.Sprintf("job:%s state:%s before:%s limit:%d", q.JobID, q.State, q.Before, q.Limit))
	var found []job.Delivery
	for n := 3; n > 0; n-- {
		id := fmt.Sprint("d", n)
		if (q.JobID == "" || q.JobID == "d1") && (q.Before == "" || id < q.Before) && (q.Limit == 0 || len(found) < q.Limit) {
			found = append(found, job.Delivery{
				ID: id, JobID: "d1", Event: job.EventDone, URL: "https://x.example/y?key=secret", To: "https://x.example/y?…", State: job.DeliveryPending,
				Attempts: 2, LastStatus: 503, LastError: "It answered 503.", CreatedAt: at.In(time.FixedZone("", 9*3600)), TriedAt: at, NextAt: at.Add(time.Minute),
			})
		}
	}
	return found, f.err
}

func (f *fakeDeliveries) Redeliver(_ context.Context, id string) (job.Delivery, error) {
	f.asked = append(f.asked, "redeliver "+id)
	switch {
	case f.err != nil:
		return job.Delivery{}, f.err
	case id != "d1":
		return job.Delivery{}, fmt.Errorf("redeliver: %w", job.ErrDeliveryUnknown)
	}
	return job.Delivery{ID: id, JobID: "d1", Event: job.EventDone, State: job.DeliveryPending, CreatedAt: at}, nil
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	whole := `{"id":"d3","job_id":"d1","event":"job.done","to":"https://x.example/y?…","state":"pending","attempts":2,"last_status":503,"last_error":"It answered 503.",` +
		`"created_at":"2026-03-14T09:26:53Z","tried_at":"2026-03-14T09:26:53Z","next_at":"2026-03-14T09:27:53Z"}`
	tests := map[string]struct {
		call   string
		err    error
		status int
		want   []string
		never  []string
		asked  []string
	}{
		"they are listed":           {call: "GET deliveries", status: 200, want: []string{`{"deliveries":[` + whole, `"id":"d1"`}, never: []string{"next_cursor"}, asked: []string{"job: state: before: limit:50"}},
		"those of one kind":         {call: "GET deliveries?job=d1&state=parked&limit=7", status: 200, asked: []string{"job:d1 state:parked before: limit:7"}},
		"a page and its next":       {call: "GET deliveries?limit=2", status: 200, want: []string{`"next_cursor":"d2"`}, asked: []string{"job: state: before: limit:2", "job: state: before:d2 limit:1"}},
		"the page after":            {call: "GET deliveries?limit=2&cursor=d2", status: 200, want: []string{`{"deliveries":[{"id":"d1"`}, never: []string{"next_cursor"}, asked: []string{"job: state: before:d2 limit:2"}},
		"a page that is the last":   {call: "GET deliveries?limit=3", status: 200, never: []string{"next_cursor"}, asked: []string{"job: state: before: limit:3", "job: state: before:d1 limit:1"}},
		"those of another job":      {call: "GET deliveries?job=q1", status: 200, want: []string{`{"deliveries":[]}`}, asked: []string{"job:q1 state: before: limit:50"}},
		"a state that there is not": {call: "GET deliveries?state=lost", status: 422, want: []string{`"field":"state"`}},
		"too many":                  {call: "GET deliveries?limit=501", status: 422, want: []string{`"field":"limit"`}},
		"a list that fails":         {call: "GET deliveries", err: errors.New("secret"), status: 500, asked: []string{"job: state: before: limit:50"}},
		"one is sent again":         {call: "POST deliveries/d1/redeliver", status: 200, want: []string{`"id":"d1"`, `"state":"pending"`}, asked: []string{"redeliver d1"}},
		"one that is not there":     {call: "POST deliveries/zz/redeliver", status: 404, want: []string{`"code":"delivery_unknown"`}, asked: []string{"redeliver zz"}},
		"a job shows its own":       {call: "GET jobs/d1", status: 200, want: []string{`"deliveries":[` + whole}, asked: []string{"job:d1 state: before: limit:0"}},
		"a job that has none":       {call: "GET jobs/q1", status: 200, want: []string{`"deliveries":[]`}, asked: []string{"job:q1 state: before: limit:0"}},
		"a job that is not there":   {call: "GET jobs/zz", status: 404, want: []string{`job_unknown`}},
		"other answers leave them":  {call: "POST jobs/q1/hold", status: 200, never: []string{"deliveries"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := &fakeDeliveries{err: tt.err}
			routes := newWorld(t).with(func(d *httpapi.Deps) { d.Deliveries = sent })
			method, path, _ := strings.Cut(tt.call, " ")
			res := call(t, routes, method, "/api/v1/"+path, "")
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
			for _, s := range append(tt.never, "secret") {
				if strings.Contains(res.Body.String(), s) {
					t.Errorf("%s in %s", s, res.Body)
				}
			}
			if diff := cmp.Diff(tt.asked, sent.asked); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
		})
	}
}

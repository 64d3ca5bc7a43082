package cli_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/cli"
)

const (
	parkedID  = "9e0d4c5b6a7f8091a2b3c4d5e6f70811"
	sentID    = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	pendingID = "77777777777777777777777777e8aaaa"
)

func messages() []object {
	return []object{
		{"id": pendingID, "job_id": idA, "event": "job.done", "state": "pending", "attempts": 2, "to": "https://a.example/x", "last_error": "It answered 503.", "next_at": "2026-01-02T03:04:05Z"},
		{"id": parkedID, "job_id": idB, "event": "job.failed", "state": "parked", "attempts": 12, "to": "https://b.example/\x1b[31m", "last_error": "Nobody answered."},
		{"id": sentID, "job_id": idA, "event": "job.done", "state": "delivered", "attempts": 1, "to": "https://a.example/x", "delivered_at": "2026-01-02T03:04:06Z"},
	}
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args  []string
		want  []string
		never []string
		query string // of the last request for deliveries
	}{
		"all of them": {
			nil,
			[]string{
				"ID      JOB     EVENT       STATE      ATTEMPTS  TO", "e8aaaa  YAAAAA  job.done    pending    2         https://a.example/x     It answered 503. Next: 2026-01-0",
				"f70811  YBBBBB  job.failed  parked     12        https://b.example/[31m  Nobody answered.", "d7e8f9  YAAAAA  job.done    delivered  1",
			},
			[]string{"\x1b", "There are more"},
			"limit=50",
		},
		"those of a state":      {[]string{"--state", "parked"}, []string{"f70811"}, []string{"e8aaaa"}, "limit=50&state=parked"},
		"those of a job":        {[]string{"--job", "AAAA"}, []string{"e8aaaa", "d7e8f9"}, []string{"f70811"}, "job=" + idA + "&limit=50"},
		"the first of them":     {[]string{"--limit", "1"}, []string{"e8aaaa", "There are more; --limit 2 shows some of them."}, []string{"f70811"}, "limit=1"},
		"JSON holds whole ids":  {[]string{"--json"}, []string{`{"deliveries":[{`, `"id":"` + pendingID + `"`}, nil, "limit=50"},
		"none":                  {[]string{"--job", idC}, []string{"No webhook was told anything.\n"}, []string{"STATE"}, "job=" + idC + "&limit=50"},
		"none as JSON is empty": {[]string{"--job", idC, "--json"}, []string{"{\"deliveries\":[]}\n"}, []string{"No webhook"}, "job=" + idC + "&limit=50"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{messages: messages(), jobs: []object{queued(idA, "A"), queued(idB, "B")}})
			r := a.run(t, append([]string{"deliveries"}, tt.args...)...)
			r.want(t, cli.ExitOK, tt.want...)
			for _, s := range tt.never {
				if strings.Contains(r.out+r.err, s) {
					t.Errorf("it says %q:\n%s", s, r.out)
				}
			}
			asked := a.asked("GET", "/api/v1/deliveries")
			if diff := cmp.Diff(tt.query, asked[len(asked)-1].query.Encode()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRedeliver(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		id, sent string
		code     int
		want     string
	}{
		"by its whole id":      {parkedID, parkedID, cli.ExitOK, parkedID + " is sent again to https://b.example/[31m\n"},
		"by its end":           {"F70811", parkedID, cli.ExitOK, "is sent again"},
		"by its beginning":     {"9e0d", parkedID, cli.ExitOK, "is sent again"},
		"by too little":        {"9e0", "", cli.ExitUsage, "too short"},
		"by what is no end":    {"ffff", "", cli.ExitFailed, "No delivery has an id like"},
		"one that is not here": {strings.Repeat("f", 32), strings.Repeat("f", 32), cli.ExitFailed, "There is no such delivery.\n  hint: See the job's deliveries"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{messages: messages(), pageSize: 1})
			a.run(t, "redeliver", tt.id).want(t, tt.code, tt.want)
			if n := len(a.asked("POST", "/api/v1/deliveries/"+tt.sent+"/redeliver")); tt.sent != "" && n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
	t.Run("two that end alike are told apart", func(t *testing.T) {
		t.Parallel()
		twins := []object{{"id": "1111" + sentID[4:]}, {"id": "2222" + sentID[4:]}}
		newAPI(t, &api{messages: twins}).run(t, "redeliver", sentID[28:]).want(t, cli.ExitUsage, "give more of the id")
	})
	t.Run("JSON is the message", func(t *testing.T) {
		t.Parallel()
		newAPI(t, &api{messages: messages()}).run(t, "redeliver", parkedID, "--json").want(t, cli.ExitOK, `"state":"parked"`)
	})
}

func TestWebhookKey(t *testing.T) {
	t.Parallel()
	s := session{cmds: cli.Commands{WebhookKey: func(context.Context) (string, error) { return "k3y", nil }}}
	if r := s.run(t, "webhook-key"); r.out != "k3y\n" || r.code != cli.ExitOK {
		t.Errorf("code %d, printed %q", r.code, r.out)
	}
}

package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/cli"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	hits := []object{
		{"job_id": idC, "title": "Ferry\x1b[2J talk", "text": "Ferry\x1b[2J talk"},
		{"job_id": idC, "title": "Ferry\x1b[2J talk", "segment_id": 17, "start_ms": 83500, "text": "The last ferry leaves\nat nine."},
		{"job_id": idA, "title": "회의", "segment_id": 1, "text": "A ferry."},
		{"job_id": idA, "title": "회의", "segment_id": 9, "start_ms": 3725000, "text": "Ferries.", "a_newer_member": true},
	}
	t.Run("into a pipe every place is a line", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{hits: hits, pageSize: 3})
		r := a.run(t, "search", "last", "ferry")
		r.want(t, cli.ExitOK)
		want := idC + "  [title]  Ferry[2J talk\n" + idC + "  [01:23]  The last ferry leaves at nine.\n" +
			idA + "  [00:00]  A ferry.\n" + idA + "  [1:02:05]  Ferries.\n"
		if diff := cmp.Diff(want, r.out); diff != "" || r.err != "" {
			t.Error(diff, r.err)
		}
		if q := a.asked("GET", "/api/v1/search")[1].query; q.Get("q") != "last ferry" || q.Get("cursor") != "3" {
			t.Errorf("asked for %v", q)
		}
	})
	t.Run("on a terminal places stand below their job", func(t *testing.T) {
		t.Parallel()
		r := session{cmds: newAPI(t, &api{hits: hits}).commands(), tty: true}.run(t, "search", "ferry")
		want := "00CCCC  Ferry[2J talk\n  [01:23]  The last ferry leaves at nine.\nYAAAAA  회의\n  [00:00]  A ferry.\n  [1:02:05]  Ferries.\n"
		if diff := cmp.Diff(want, r.out); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a limit stops and says that there are more", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{hits: hits})
		r := a.run(t, "search", "ferry", "--limit", "2")
		r.want(t, cli.ExitOK, "There are more; --limit 4 shows some of them.")
		if strings.Count(r.out, "\n") != 2 {
			t.Errorf("printed\n%s", r.out)
		}
	})
	t.Run("JSON is passed on", func(t *testing.T) {
		t.Parallel()
		r := newAPI(t, &api{hits: hits, pageSize: 1}).run(t, "search", "ferry", "--json")
		var got struct{ Hits []object }
		if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got.Hits) != 4 || got.Hits[3]["a_newer_member"] != true {
			t.Errorf("%v: %s", err, r.out)
		}
	})
	t.Run("finding nothing is no failure", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{})
		a.run(t, "search", "ferry").want(t, cli.ExitOK, "Nothing was found.\n")
		if r := a.run(t, "search", "ferry", "--json"); !strings.Contains(r.out, `"hits":[]`) {
			t.Errorf("printed %s", r.out)
		}
	})
}

// A hundred thousand jobs must not be gone through for an id that the list
// has just shown.
func TestLookUp(t *testing.T) {
	t.Parallel()
	jobs := []object{hasEnded(idC, "running", "runs")}
	for i := range 9 {
		jobs = append(jobs, queued(fmt.Sprintf("01K6ZV5N3T8Q2M4R7W9X%06d", i), "waits"))
	}
	jobs = append(jobs, hasEnded("01K6ZV5N3T8Q2M4R7W9XZZCCCC", "done", "x"))
	tests := map[string]struct {
		name  string
		code  int
		pages int // at most
	}{
		"what runs is found at once":                              {"00CCCC", cli.ExitOK, 1},
		"an end that the list shows is enough":                    {"000003", cli.ExitOK, 6},
		"what has ended is found before the line is gone through": {"ZZCCCC", cli.ExitOK, 3},
		"a shorter end is compared with all":                      {"0004", cli.ExitOK, 99},
		"two that end alike end the search":                       {"01K6ZV", cli.ExitUsage, 2},
		"an end that somebody has much later":                     {"CCCC", cli.ExitUsage, 99},
		"a whole id needs no search":                              {idC, cli.ExitOK, 0},
		"an end that nobody has needs them all":                   {"ZZZZZZ", cli.ExitFailed, 99},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{jobs: jobs, pageSize: 2})
			a.run(t, "show", tt.name).want(t, tt.code)
			if n := len(a.asked("GET", "/api/v1/jobs")); n > tt.pages {
				t.Errorf("%d pages were asked for", n)
			}
		})
	}
	t.Run("several names are looked up together", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{jobs: jobs, pageSize: 2})
		a.run(t, "hold", "000001", "000003", "000002").want(t, cli.ExitOK)
		if n := len(a.asked("GET", "/api/v1/jobs")); n > 6 {
			t.Errorf("%d pages were asked for", n)
		}
	})
}

func TestHistory(t *testing.T) {
	t.Parallel()
	event := func(verb, from, to string, more object) object {
		e := object{"at": "2026-01-02T03:04:05Z", "verb": verb, "from": from, "to": to}
		for k, v := range more {
			e[k] = v
		}
		return e
	}
	a := newAPI(t, &api{jobs: []object{hasEnded(idA, "failed", "a")}, past: []object{
		event("submit", "", "queued", object{"reason": "scheduled", "stage": "extract"}),
		event("hold", "queued", "queued", object{"reason": "held", "stage": "extract"}),
		event("hold", "queued", "queued", object{"reason": "scheduled", "stage": "extract"}),
		event("take", "queued", "running", object{"reason": "turn", "stage": "extract"}),
		event("begin", "running", "running", object{"stage": "extract"}),
		event("settle", "running", "queued", object{"reason": "backoff", "stage": "extract", "code": "engine_crashed"}),
		event("cancel", "running", "running", nil),
		event("settle", "running", "canceled", nil),
		event("somersault", "queued", "queued", nil),
	}})
	r := a.run(t, "show", idA, "--history")
	r.want(t, cli.ExitOK, "Job    "+idA, "\n\nHistory\n", "  added             scheduled\n", "  held\n", "  put off\n", "  started\n", "stage begun       extract\n",
		"back in the line  extract, backoff, engine_crashed\n", "  to be canceled\n", "  canceled\n", "  somersault\n")
	if r := a.run(t, "show", idA); strings.Contains(r.out, "History") {
		t.Error(r.out)
	}
	raw := a.run(t, "show", idA, "--history", "--json")
	var got struct{ Events []object }
	if err := json.Unmarshal([]byte(raw.out), &got); err != nil || len(got.Events) != 9 {
		t.Errorf("%v: %s", err, raw.out)
	}
}

func TestNotBefore(t *testing.T) {
	t.Parallel()
	now := time.Now()
	next := func(t time.Time) time.Time { // the next time that the clock says so
		t = time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), 0, 0, time.Local)
		if !t.After(now) {
			t = t.AddDate(0, 0, 1)
		}
		return t
	}
	soon, before := now.Add(90*time.Minute), now.Add(-90*time.Minute)
	tests := map[string]struct {
		typed string
		want  time.Time
		about time.Duration // how much later it may be
	}{
		"a time of the clock to come":      {soon.Format("15:04"), next(soon), 0},
		"a time of the clock that is over": {before.Format("15:04"), next(before), 0},
		"so long from now":                 {"2h30m", now.Add(150 * time.Minute), time.Minute},
		"so long from now, with a sign":    {"+90m", now.Add(90 * time.Minute), time.Minute},
		"a day and a time of the clock":    {"2199-01-31 22:00", time.Date(2199, 1, 31, 22, 0, 0, 0, time.Local), 0},
		"a time with its day":              {"2199-01-31T22:00:00+09:00", time.Date(2199, 1, 31, 13, 0, 0, 0, time.UTC), 0},
		"with white space around it":       {" +2h ", now.Add(2 * time.Hour), time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{accepted: object{"reason": "scheduled", "until": tt.want}})
			a.run(t, "add", "a.mp4", "--not-before", tt.typed).
				want(t, cli.ExitOK, "a.mp4 is not started before "+tt.want.Local().Format("2006-01-02 15:04:05")+".\n")
			got, err := time.Parse(time.RFC3339, fmt.Sprint(a.asked("POST", "/api/v1/jobs")[0].body["not_before"]))
			if err != nil || got.Before(tt.want) || got.After(tt.want.Add(tt.about)) {
				t.Errorf("asked for %v, want %v: %v", got, tt.want, err)
			}
		})
	}
}

func TestStanding(t *testing.T) {
	t.Parallel()
	notices := []object{
		{"id": "4", "at": "2026-01-02T03:04:05Z", "text": "The database was\x1b[2J damaged.", "hint": "Look at it."},
		{"id": "5", "text": "It was empty."},
	}
	a := newAPI(t, &api{jobs: []object{queued(idA, "a")}, board: object{"paused": true, "notices": notices}})
	t.Run("the list says that the line is paused and what the server has to tell", func(t *testing.T) {
		t.Parallel()
		r := a.run(t, "list")
		r.want(t, cli.ExitOK)
		for _, part := range []string{
			"The line is paused; 'sluice resume' lets it go on.\n", "Notice 4: 2026-01-0", "The database was[2J damaged.\n  hint: Look at it.\n",
			"Notice 5: It was empty.\n", "'sluice dismiss 4' takes it away.\n",
		} {
			if !strings.Contains(r.err, part) {
				t.Errorf("%q is not on stderr:\n%s", part, r.err)
			}
		}
	})
	t.Run("JSON is left alone", func(t *testing.T) {
		t.Parallel()
		if r := a.run(t, "list", "--json"); r.err != "" {
			t.Error(r.err)
		}
	})
	t.Run("a list is shown also where there is no board", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{jobs: []object{queued(idA, "a")}, refuse: map[string]string{"GET /api/v1/board": `{"code":"internal"}`}})
		if r := a.run(t, "list"); r.code != cli.ExitOK || r.err != "" {
			t.Errorf("%d: %s", r.code, r.err)
		}
	})
	t.Run("a notice that was read goes away", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{board: object{"notices": notices}})
		a.run(t, "dismiss", "5", "4").want(t, cli.ExitOK, "Notice 5 is taken away.\n", "Notice 4 is taken away.\n")
		if len(a.asked("DELETE", "/api/v1/notices/4")) != 1 || len(a.asked("DELETE", "/api/v1/notices/5")) != 1 {
			t.Error("not both were dismissed")
		}
	})
	t.Run("a number that no notice has is told, and none goes", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{board: object{"notices": notices}})
		a.run(t, "dismiss", "4", "9").want(t, cli.ExitFailed, "There is no notice \"9\".\n  hint: 'sluice list'")
		if len(a.asked("DELETE", "/api/v1/notices/4")) > 0 {
			t.Error("one was dismissed")
		}
	})
}

func TestLeft(t *testing.T) {
	t.Parallel()
	waits, runs := queued(idA, "a"), hasEnded(idB, "running", "b")
	waits["eta_seconds"], runs["eta_seconds"], runs["progress"] = 720, 95, object{"stage": "transcribe", "fraction": 0.5}
	a := newAPI(t, &api{jobs: []object{waits, runs}})
	a.run(t, "list").want(t, cli.ExitOK, "#1, 12 min left", "transcribe 50 %, 2 min left")
	a.run(t, "show", idA).want(t, cli.ExitOK, "Ready  in about 12 min\n")
	a.set(idA, object{"reason": "scheduled", "until": "2199-01-31T22:00:00Z"})
	a.run(t, "show", idA).want(t, cli.ExitOK, "Not before  2199-0")
}

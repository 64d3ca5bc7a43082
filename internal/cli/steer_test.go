package cli_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/cli"
	"sluice/internal/job"
)

func hasEnded(id, state, title string) object {
	return object{"id": id, "state": state, "title": title}
}

func TestSteer(t *testing.T) {
	t.Parallel()
	late := time.Date(2199, 1, 31, 13, 0, 0, 0, time.UTC).Local().Format("2006-01-02 15:04:05")
	tests := map[string]struct {
		args []string
		verb string
		body object
		say  string
	}{
		"a job is held":                 {[]string{"hold", "AAAA"}, "hold", nil, idA + " is held (a)\n"},
		"a job is held until a time":    {[]string{"hold", "AAAA", "--until", "2199-01-31T22:00:00+09:00"}, "hold", object{"until": "2199-01-31T13:00:00Z"}, idA + " is not started before " + late + " (a)\n"},
		"a job is released":             {[]string{"release", "AAAA"}, "release", nil, idA + " is released, #1 in the line (a)\n"},
		"a job is moved to the front":   {[]string{"move", "AAAA", "--front"}, "move", object{"to": "front"}, idA + " is moved, #2 in the line (a)\n"},
		"a job is moved to the back":    {[]string{"move", "AAAA", "--back"}, "move", object{"to": "back"}, idA + " is moved, #2 in the line (a)\n"},
		"a job is put before another":   {[]string{"move", "AAAA", "--before", "BBBB"}, "move", object{"before": idB}, idA + " is moved, #2 in the line (a)\n"},
		"a job gets another priority":   {[]string{"move", "AAAA", "--priority", "-5"}, "priority", object{"priority": -5.0}, idA + " has priority -5, #5 in the line (a)\n"},
		"a job gets priority 0":         {[]string{"move", "AAAA", "-p", "0"}, "priority", object{"priority": 0.0}, idA + " has priority 0, #5 in the line (a)\n"},
		"a job is retried":              {[]string{"retry", "AAAA"}, "retry", object{}, idA + " is queued again, #7 in the line (a)\n"},
		"a job is retried otherwise":    {[]string{"retry", "AAAA", "--from", "transcribe", "--model", "small"}, "retry", object{"from_stage": "transcribe", "model": "small"}, "again"},
		"a job is canceled":             {[]string{"cancel", "AAAA"}, "cancel", nil, idA + " canceled (a)\n"},
		"one named twice is asked once": {[]string{"hold", "AAAA", idA}, "hold", nil, idA + " is held (a)\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{jobs: []object{queued(idA, "a"), queued(idB, "b")}})
			r := a.run(t, tt.args...)
			r.want(t, cli.ExitOK, tt.say)
			asked := a.asked("POST", "/api/v1/jobs/"+idA+"/"+tt.verb)
			if len(asked) != 1 || r.err != "" {
				t.Fatalf("asked %d times\n%s", len(asked), r.err)
			}
			if diff := cmp.Diff(tt.body, asked[0].body); diff != "" {
				t.Error(diff)
			}
			raw := a.run(t, append(tt.args, "--json")...)
			if !json.Valid([]byte(raw.out)) || strings.Count(raw.out, "\n") != 1 || !strings.Contains(raw.out, idA) {
				t.Errorf("printed %s", raw.out)
			}
		})
	}
}

// The server may see the time come before the answer leaves it.
func TestAJobWhoseTimeHasJustComeIsReleased(t *testing.T) {
	t.Parallel()
	a := newAPI(t, &api{jobs: []object{queued(idA, "a")}, due: true})
	a.run(t, "hold", "AAAA", "--until", "+1s").want(t, cli.ExitOK, idA+" is released, #1 in the line (a)\n")
}

// steps lists what was done to jobs, in order, by their titles.
func (a *api) steps() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var steps []string
	for _, r := range a.requests {
		if rest, ok := strings.CutPrefix(r.path, "/api/v1/jobs/"); ok && r.method != "GET" {
			for _, j := range a.jobs {
				rest = strings.ReplaceAll(rest, j["id"].(string), j["title"].(string))
			}
			steps = append(steps, r.method[:1]+" "+rest)
		}
	}
	return strings.Join(steps, ", ")
}

func TestSeveralJobs(t *testing.T) {
	t.Parallel()
	jobs := func() []object { return []object{queued(idA, "a"), queued(idB, "b"), queued(idC, "c")} }
	tests := map[string]struct {
		args  string
		code  int
		steps string
		say   []string
	}{
		"several come to the front as they are named":    {"move AAAA BBBB --front", cli.ExitOK, "P b/move, P a/move", []string{idA + " is moved (a)\n", idB + " is moved (b)\n"}},
		"several go to the back as they are named":       {"move AAAA BBBB --back", cli.ExitOK, "P a/move, P b/move", nil},
		"several stand before another as they are named": {"move CCCC AAAA --before BBBB", cli.ExitOK, "P c/move, P a/move", nil},
		"one that refuses does not save the others":      {"hold AAAA BBBB CCCC", cli.ExitFailed, "P a/hold, P b/hold, P c/hold", []string{"sluice: BBBB: The job is running.\n", idA + " is held", idC + " is held"}},
		"a wrong name among them changes nothing":        {"hold AAAA ZZZZ", cli.ExitFailed, "", []string{"No job has an id like \"ZZZZ\""}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{jobs: jobs(), refuse: map[string]string{
				"POST /api/v1/jobs/" + idB + "/hold": `{"code":"job_running","detail":"The job is running."}`,
			}})
			a.run(t, strings.Fields(tt.args)...).want(t, tt.code, tt.say...)
			if got := a.steps(); got != tt.steps {
				t.Errorf("did %s", got)
			}
		})
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	t.Run("all that failed go into the line in the order in which they came", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{pageSize: 1, jobs: []object{
			hasEnded(idC, "failed", "c"), hasEnded(idB, "done", "b"), hasEnded(idA, "failed", "a"),
		}})
		a.run(t, "retry", "--state", "failed").want(t, cli.ExitOK, idA+" is queued again", idC+" is queued again")
		if got := a.steps(); got != "P a/retry, P c/retry" {
			t.Errorf("did %s", got)
		}
		a.run(t, "retry", "--state", "canceled").want(t, cli.ExitOK, "No job is canceled.\n")
	})
	t.Run("the path of a model of this machine becomes its name", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "m.bin")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		a := newAPI(t, &api{jobs: []object{hasEnded(idA, "failed", "a")}})
		cmds := a.commands()
		cmds.Models.List = models(job.Model{Name: "mine", Path: file, Installed: true})
		session{cmds: cmds}.run(t, "retry", idA, "--model", file).want(t, cli.ExitOK)
		if got := a.asked("POST", "/api/v1/jobs/"+idA+"/retry")[0].body["model"]; got != "mine" {
			t.Errorf("asked for %v", got)
		}
	})
	t.Run("a job that then waits for its model says so", func(t *testing.T) {
		t.Parallel()
		j := hasEnded(idA, "failed", "a")
		j["reason"] = "model"
		newAPI(t, &api{jobs: []object{j}}).run(t, "retry", idA).want(t, cli.ExitOK, "a waits: for its model\n")
	})
}

func TestCancelAll(t *testing.T) {
	t.Parallel()
	a := newAPI(t, &api{jobs: []object{queued(idA, "a"), queued(idB, "b"), hasEnded(idC, "running", "c")}})
	a.run(t, "cancel", "--all").want(t, cli.ExitOK, "2 waiting jobs are canceled; one that runs goes on.\n")
	if r := a.run(t, "cancel", "--all", "--json"); r.out != "{\"count\":2}\n" {
		t.Errorf("printed %q", r.out)
	}
	for _, r := range a.asked("POST", "/api/v1/jobs/clear") {
		if diff := cmp.Diff(object{"state": "queued"}, r.body); diff != "" {
			t.Error(diff)
		}
	}
	newAPI(t, &api{}).run(t, "cancel", "--all").want(t, cli.ExitOK, "No job waits.")
}

func TestDelete(t *testing.T) {
	t.Parallel()
	failed := func() []object { return []object{hasEnded(idA, "failed", "a"), hasEnded(idB, "failed", "b")} }
	counts := object{"counts": object{"failed": 2, "done": 0}}
	t.Run("each is deleted and named by what it was", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{jobs: failed()})
		a.run(t, "delete", "AAAA", idB).want(t, cli.ExitOK, idA+" deleted (a)\n", idB+" deleted (b)\n")
		if got := a.steps(); got != "D a, D b" {
			t.Errorf("did %s", got)
		}
		if r := a.run(t, "delete", idA, "--json"); !strings.Contains(r.out, `"state":"failed"`) {
			t.Errorf("printed %s", r.out)
		}
	})
	t.Run("one that has not ended does not save the others", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{jobs: failed(), refuse: map[string]string{
			"DELETE /api/v1/jobs/" + idA: `{"code":"job_live","detail":"The job has not ended."}`,
		}})
		r := a.run(t, "delete", idA, idB)
		r.want(t, cli.ExitFailed, idA+": The job has not ended.\n  hint: Cancel it first.", idB+" deleted")
		if strings.Contains(r.out, idA) {
			t.Errorf("printed %s", r.out)
		}
	})
	answers := map[string]struct {
		args   []string
		answer string
		code   int
		asks   bool
		clears bool
		say    string
	}{
		"a yes deletes them":                     {[]string{"--state", "failed"}, "y\n", cli.ExitOK, true, true, "2 failed jobs are deleted.\n"},
		"a long yes does too":                    {[]string{"--state", "failed"}, " YES\n", cli.ExitOK, true, true, "2 failed jobs are deleted.\n"},
		"a no does not":                          {[]string{"--state", "failed"}, "n\n", cli.ExitFailed, true, false, "Nothing is deleted.\n"},
		"nothing is no yes":                      {[]string{"--state", "failed"}, "", cli.ExitFailed, true, false, "Nothing is deleted.\n"},
		"it does not ask when it need not":       {[]string{"--state", "failed", "--yes"}, "", cli.ExitOK, false, true, "2 failed jobs are deleted.\n"},
		"nobody is asked about none":             {[]string{"--state", "done"}, "", cli.ExitOK, false, true, "No job is done.\n"},
		"as JSON it is the answer of the server": {[]string{"--state", "failed", "-y", "--json"}, "", cli.ExitOK, false, true, "{\"count\":2}\n"},
	}
	for name, tt := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{jobs: failed(), board: counts})
			r := session{cmds: a.commands(), tty: true, in: strings.NewReader(tt.answer)}.run(t, append([]string{"delete"}, tt.args...)...)
			r.want(t, tt.code, tt.say)
			if asks := strings.Contains(r.err, "Delete 2 failed jobs, with all they have left? [y/N] "); asks != tt.asks {
				t.Errorf("asked: %v\n%s", asks, r.err)
			}
			if n := len(a.asked("POST", "/api/v1/jobs/clear")); n > 0 != tt.clears {
				t.Errorf("cleared %d times", n)
			}
		})
	}
	t.Run("Ctrl-C is a no", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{jobs: failed(), board: counts})
		in, keys := io.Pipe()
		defer keys.Close()
		session{cmds: a.commands(), tty: true, in: in, stop: "[y/N]"}.run(t, "delete", "--state", "failed").want(t, cli.ExitFailed, "Interrupted.")
		if len(a.asked("POST", "/api/v1/jobs/clear")) > 0 {
			t.Error("they were deleted")
		}
	})
	t.Run("where nobody can be asked a yes must have been given", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{jobs: failed(), board: counts})
		a.run(t, "delete", "--state", "failed", "--yes").want(t, cli.ExitOK, "2 failed jobs are deleted.\n")
	})
}

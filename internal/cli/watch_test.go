package cli_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"sluice/internal/cli"
)

func TestWatchJob(t *testing.T) {
	t.Parallel()
	done, failed := object{"state": "done"}, object{
		"state": "failed", "error": object{"code": "no_audio_track", "message": "The file has no sound.", "hint": "Choose another."},
	}
	tests := map[string]struct {
		streams func(a *api) []func(*sse)
		before  object
		code    int
		say     []string
	}{
		"a job that is done ends it with 0": {
			streams: func(a *api) []func(*sse) {
				return []func(*sse){func(s *sse) {
					s.job("b1-1", a.set(idA, object{"state": "running", "stage": "transcribe"}))
					s.event("b1-2", "progress", object{"job_id": idA, "progress": object{"stage": "transcribe", "fraction": 0.31, "eta_seconds": 90}})
					s.event("b1-3", "progress", object{"job_id": idB, "progress": object{"stage": "transcribe", "fraction": 0.99}})
					s.job("b1-4", a.set(idA, done))
				}}
			},
			code: cli.ExitOK,
			say:  []string{"queued  for its turn", "running  Transcribing", "31 %  about 2 min left", "done  (A)"},
		},
		"a job that failed ends it with 1 and a hint": {
			streams: func(a *api) []func(*sse) {
				return []func(*sse){func(s *sse) { s.job("b1-1", a.set(idA, failed)) }}
			},
			code: cli.ExitFailed,
			say:  []string{"sluice: The file has no sound.\n  hint: Choose another.\n"},
		},
		"a job that had ended before needs no events": {
			streams: func(*api) []func(*sse) { return nil }, before: done, code: cli.ExitOK, say: []string{"done  (A)"},
		},
		"a canceled job is no success": {
			streams: func(*api) []func(*sse) { return nil }, before: object{"state": "canceled"}, code: cli.ExitFailed,
			say: []string{"The job was canceled."},
		},
		"a deleted job ends it": {
			streams: func(*api) []func(*sse) {
				return []func(*sse){func(s *sse) { s.event("b1-1", "gone", object{"job_id": idA}) }}
			},
			code: cli.ExitFailed, say: []string{"deleted"},
		},
		"a lost connection goes on after the last event": {
			streams: func(a *api) []func(*sse) {
				return []func(*sse){
					func(s *sse) { s.job("b1-7", a.set(idA, object{"state": "running", "stage": "extract"})) },
					func(s *sse) {
						if s.last != "b1-7" {
							s.raw("garbage")
							return
						}
						s.job("b1-8", a.set(idA, done))
					},
				}
			},
			code: cli.ExitOK, say: []string{"connection to Sluice was lost", "Sluice is back", "done  (A)"},
		},
		"a restarted server resets and the job is asked for again": {
			streams: func(a *api) []func(*sse) {
				return []func(*sse){
					func(s *sse) { s.job("b1-7", a.set(idA, object{"state": "running", "stage": "extract"})) },
					func(s *sse) {
						a.set(idA, done) // the event of it is lost
						s.event("b2-1", "reset", object{})
					},
				}
			},
			code: cli.ExitOK, say: []string{"done  (A)"},
		},
		"a connection lost before any event asks again": {
			streams: func(a *api) []func(*sse) {
				return []func(*sse){
					func(*sse) {},
					func(*sse) { a.set(idA, done) },
					func(*sse) {},
				}
			},
			code: cli.ExitOK, say: []string{"done  (A)"},
		},
		"a server that says where it begins is asked from there": {
			streams: func(a *api) []func(*sse) {
				return []func(*sse){
					func(s *sse) { s.raw("id: b1-3\n\n") },
					func(s *sse) {
						if s.last == "b1-3" {
							s.job("b1-4", a.set(idA, done))
						}
					},
				}
			},
			code: cli.ExitOK, say: []string{"done  (A)"},
		},
		"an event that was cut in half is asked for again": {
			streams: func(a *api) []func(*sse) {
				return []func(*sse){
					func(s *sse) {
						s.event("b1-3", "memory", object{})
						s.raw("id: b1-4\nevent: job\ndata: {\"job_id\":")
					},
					func(s *sse) {
						if s.last == "b1-3" {
							s.job("b1-4", a.set(idA, done))
						}
					},
				}
			},
			code: cli.ExitOK, say: []string{"done  (A)"},
		},
		"events may be written in any legal way": {
			streams: func(a *api) []func(*sse) {
				return []func(*sse){func(s *sse) {
					a.set(idA, done)
					s.raw(": still here\r\n\r\nid:x-1\r\nevent:memory\r\n\r\nevent: novelty\ndata: {}\n\ndata: not json\n\n")
					s.raw("event: job\nid: x-2\ndata: {\"job_id\":\"" + idA + "\",\ndata:  \"job\":{\"id\":\"" + idA + "\",\"state\":\"done\"}}\n\n")
				}}
			},
			code: cli.ExitOK, say: []string{"done"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{jobs: []object{queued(idA, "A")}}
			a.streams = tt.streams(a)
			a.set(idA, tt.before)
			newAPI(t, a).run(t, "watch", "AAAA").want(t, tt.code, tt.say...)
		})
	}
	t.Run("Ctrl-C leaves the job alone", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{jobs: []object{queued(idA, "A")}})
		session{cmds: a.commands(), stop: "queued"}.run(t, "watch", idA).want(t, cli.ExitFailed, "the job goes on")
		if len(a.asked("POST", "/api/v1/jobs/"+idA+"/cancel")) > 0 {
			t.Error("the job was canceled")
		}
	})
	t.Run("a server that started again on another port is found", func(t *testing.T) {
		t.Parallel()
		before := newAPI(t, &api{jobs: []object{queued(idA, "A")}, streams: []func(*sse){
			func(s *sse) { s.event("b1-1", "memory", object{}) }, func(*sse) {},
		}})
		after := &api{jobs: []object{queued(idA, "A")}}
		after.streams = []func(*sse){func(s *sse) { s.event("b2-1", "reset", object{}); s.job("b2-2", after.set(idA, done)) }}
		newAPI(t, after)
		urls := []string{before.url, after.url}
		cmds := cli.Commands{Server: func(string) (cli.Endpoint, error) {
			e := cli.Endpoint{URL: urls[0], Token: urls[0]}
			urls = urls[len(urls)-1:]
			return e, nil
		}}
		session{cmds: cmds}.run(t, "watch", idA).want(t, cli.ExitOK, "connection to Sluice was lost", "Sluice is back", "done  (A)")
		asked := after.asked("GET", "/api/v1/events")
		if len(asked) != 1 || asked[0].header.Get("Authorization") != "Bearer "+after.url {
			t.Errorf("the new one was asked %v", asked)
		}
	})
	t.Run("a refusal is not tried again", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{jobs: []object{queued(idA, "A")}, refuse: map[string]string{
			"GET /api/v1/events": `{"code":"token_required","detail":"The token is wrong."}`,
		}})
		a.run(t, "watch", idA).want(t, cli.ExitFailed, "The token is wrong.")
	})
}

func TestWatchBoard(t *testing.T) {
	t.Parallel()
	t.Run("each change is one line until Ctrl-C", func(t *testing.T) {
		t.Parallel()
		a := &api{jobs: []object{queued(idA, "A"), queued(idB, "B\x1b[2J"), {"id": idC, "state": "done", "title": "old"}}}
		a.streams = []func(*sse){func(s *sse) {
			s.job("b1-1", a.set(idA, object{"state": "running", "stage": "extract"}))
			s.job("b1-2", a.set(idA, object{"state": "running", "stage": "extract", "attempts": 1})) // nothing to see
			s.event("b1-3", "memory", object{"memory": object{"level": "warn"}})
			s.job("b1-4", a.set(idB, object{"state": "queued", "reason": "memory", "reason_text": "Needs 6.9 GB\nnow"}))
			s.event("b1-5", "gone", object{"job_id": idB})
			s.job("b1-6", a.set(idA, object{"state": "canceled"}))
		}}
		newAPI(t, a)
		r := session{cmds: a.commands(), stop: "canceled"}.run(t, "watch")
		r.want(t, cli.ExitOK, "YAAAAA  queued", "running  Reading the sound", "memory  warn", "queued  Needs 6.9 GB now", "deleted")
		if n := strings.Count(r.out, "\n"); n != 7 || strings.Contains(r.out, "old") || strings.ContainsRune(r.out, 0x1b) {
			t.Errorf("%d lines:\n%s", n, r.out)
		}
	})
	t.Run("JSON begins with the board and passes events on", func(t *testing.T) {
		t.Parallel()
		a := &api{jobs: []object{queued(idA, "A")}}
		a.streams = []func(*sse){
			func(s *sse) { s.job("b1-1", a.set(idA, object{"state": "running"})) },
			func(s *sse) { s.event("b2-4", "reset", object{}); s.job("b2-5", a.set(idA, object{"state": "done"})) },
		}
		newAPI(t, a)
		r := session{cmds: a.commands(), stop: `"done"`}.run(t, "watch", "--json")
		r.want(t, cli.ExitOK)
		var kinds []string
		for line := range strings.Lines(r.out) {
			var e struct {
				Event, ID string
				Data      object
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			kinds = append(kinds, e.Event+e.ID)
		}
		if got := strings.Join(kinds, " "); got != "board jobb1-1 board jobb2-5" {
			t.Errorf("got %s", got)
		}
		if got := a.asked(http.MethodGet, "/api/v1/events")[1].header.Get("Last-Event-ID"); got != "b1-1" {
			t.Errorf("came back after %q", got)
		}
	})
}

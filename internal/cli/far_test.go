package cli_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/cli"
	"sluice/internal/job"
)

// far is a server for what one test asks of it: answers by "METHOD /path".
func far(t *testing.T, answers map[string]http.HandlerFunc) (session, string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if do := answers[r.Method+" "+r.URL.Path]; do != nil {
			do(w, r)
			return
		}
		problemOf(w, 404, `{"code":"route_unknown","detail":"There is nothing at this address."}`)
	}))
	t.Cleanup(srv.Close)
	return session{cmds: (&api{url: srv.URL}).commands()}, srv.URL
}

func says(v any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, v) }
}

func TestEdit(t *testing.T) {
	t.Parallel()
	segment := func(text string) object { return object{"id": 2, "start_ms": 83500, "end_ms": 86200, "text": text} }
	text := func(s object) object { return object{"language": "en", "complete": true, "segments": []object{s}} }
	tests := map[string]struct {
		args []string
		code int
		want string // stdout
		edit string // what the server was sent; "" = nothing
		lang string
	}{
		"a segment is corrected":            {[]string{"2", "The boat leaves at ten."}, cli.ExitOK, "[01:23] The boat leaves at ten.\n", `{"id":2,"text":"The boat leaves at ten.","was":"The ferry leaves."}`, ""},
		"a translation is corrected":        {[]string{"2", "X", "--lang", "KO"}, cli.ExitOK, "[01:23] X\n", `{"id":2,"text":"X","was":"The ferry leaves."}`, "ko"},
		"an empty text leaves it out":       {[]string{"2", ""}, cli.ExitOK, "[01:23] (left out)\n", `{"id":2,"text":"","was":"The ferry leaves."}`, ""},
		"a correction is taken back":        {[]string{"2", "--undo"}, cli.ExitOK, "[01:23] What was heard.\n", `{"id":2,"text":null,"was":"The ferry leaves."}`, ""},
		"a segment that is none":            {[]string{"x", "X"}, cli.ExitUsage, "", "", ""},
		"a segment that is not there":       {[]string{"9", "X"}, cli.ExitUsage, "", "", ""},
		"a text is needed":                  {[]string{"2"}, cli.ExitUsage, "", "", ""},
		"a text without quotation marks":    {[]string{"2", "The", "boat"}, cli.ExitUsage, "", "", ""},
		"to undo and to say something else": {[]string{"2", "X", "--undo"}, cli.ExitUsage, "", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent, lang string
			where := "/api/v1/jobs/" + idA + "/transcript"
			s, _ := far(t, map[string]http.HandlerFunc{
				"GET " + where: says(text(segment("The ferry leaves."))),
				"PATCH " + where: func(w http.ResponseWriter, r *http.Request) {
					var body struct{ Edits []json.RawMessage }
					_ = json.NewDecoder(r.Body).Decode(&body)
					sent, lang = string(body.Edits[0]), r.URL.Query().Get("lang")
					var edit struct{ Text *string }
					_ = json.Unmarshal(body.Edits[0], &edit)
					if edit.Text == nil {
						edit.Text = new("What was heard.")
					}
					answer(w, 200, text(segment(*edit.Text)))
				},
			})
			r := s.run(t, append([]string{"edit", idA}, tt.args...)...)
			r.want(t, tt.code)
			if diff := cmp.Diff([]string{tt.want, tt.edit, tt.lang}, []string{r.out, sent, lang}); diff != "" {
				t.Errorf("%s\n%s", diff, r.err)
			}
		})
	}
}

func TestTheTriesThatWentWrongAreShown(t *testing.T) {
	t.Parallel()
	tried := object{"attempts": []object{{
		"stage": "transcribe", "number": 2, "kind": "crash", "code": "engine_crashed", "message": "The speech engine crashed.", "hint": "Try again.",
		"started_at": "2026-01-02T03:04:05Z", "finished_at": "2026-01-02T03:04:46Z", "log_tail": "loading\nsegmentation\x1b[31m fault\n",
	}}}
	s, _ := far(t, map[string]http.HandlerFunc{
		"GET /api/v1/jobs/" + idA:               says(queued(idA, "A talk")),
		"GET /api/v1/jobs/" + idA + "/attempts": says(tried),
	})
	s.run(t, "show", idA, "--attempts").want(t, cli.ExitOK,
		"transcribe #2  crash after 41 s", "    The speech engine crashed. (engine_crashed)", "    hint: Try again.", "    | loading\n    | segmentation[31m fault\n")
	s.run(t, "show", idA, "--attempts", "--json").want(t, cli.ExitOK, `"code":"engine_crashed"`)
	s.run(t, "show", idA, "--attempts", "--history", "--json").want(t, cli.ExitUsage)
}

func TestAnUpload(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a talk.mp4")
	content := strings.Repeat("sound", 100_000)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	served := func(t *testing.T, orders *[]object) session {
		t.Helper()
		s, _ := far(t, map[string]http.HandlerFunc{
			"PUT /api/v1/uploads/a talk.mp4": func(w http.ResponseWriter, r *http.Request) {
				got, _ := io.ReadAll(r.Body)
				if r.ContentLength != int64(len(content)) || string(got) != content || r.Header.Get("Authorization") != "Bearer s3cret" {
					problemOf(w, 422, `{"code":"upload_broken","detail":"Another file."}`)
					return
				}
				answer(w, 201, object{"id": "UP1", "source": "upload:UP1"})
			},
			"POST /api/v1/jobs": func(w http.ResponseWriter, r *http.Request) {
				var order object
				_ = json.NewDecoder(r.Body).Decode(&order)
				*orders = append(*orders, order)
				answer(w, 202, queued(idA, "A talk"))
			},
		})
		return s
	}
	t.Run("the file is sent, and the job is of it", func(t *testing.T) {
		t.Parallel()
		var orders []object
		r := served(t, &orders).run(t, "add", "--upload", "--language", "ko", file)
		r.want(t, cli.ExitOK, "Uploading a talk.mp4  100 %")
		if r.out != idA+"\n" || len(orders) != 1 || orders[0]["source"] != "upload:UP1" || orders[0]["language"] != "ko" {
			t.Errorf("printed %q, asked for %v", r.out, orders)
		}
	})
	t.Run("a bar is drawn where somebody watches", func(t *testing.T) {
		t.Parallel()
		var orders []object
		s := served(t, &orders)
		s.tty = true
		if r := s.run(t, "add", "--upload", file); r.code != cli.ExitOK || !strings.Contains(r.err, "\rUploading a talk.mp4") {
			t.Errorf("code %d: %q", r.code, r.err)
		}
	})
	t.Run("a file that is not there is missed before anything is sent", func(t *testing.T) {
		t.Parallel()
		var orders []object
		r := served(t, &orders).run(t, "add", "--upload", file, file+".not")
		r.want(t, cli.ExitFailed, "There is no file", "code: source_missing")
		if len(orders) > 0 || strings.Contains(r.err, "Uploading") {
			t.Errorf("asked for %v: %s", orders, r.err)
		}
	})
	t.Run("a server that refuses is believed", func(t *testing.T) {
		t.Parallel()
		s, _ := far(t, map[string]http.HandlerFunc{"PUT /api/v1/uploads/a talk.mp4": func(w http.ResponseWriter, _ *http.Request) {
			problemOf(w, 507, `{"code":"disk_full","detail":"The disk is full."}`)
		}})
		s.run(t, "add", "--upload", file).want(t, cli.ExitFailed, "sluice: The disk is full.", "code: disk_full")
	})
}

func TestStatus(t *testing.T) {
	t.Parallel()
	board := object{
		"counts": object{"queued": 5, "running": 1}, "paused": true, "eta_seconds": 600, "gate": object{"state": "waiting", "text": "needs 2 GB"},
		"running": []object{{"id": idC, "state": "running", "title": "C", "stage": "transcribe", "progress": object{"stage": "transcribe", "fraction": 0.42}}},
		"next":    []object{queued(idA, "A\x1b[2J talk"), queued(idB, "B"), queued("01K6ZV5N3T8Q2M4R7W9XYABCD1", "D"), queued("01K6ZV5N3T8Q2M4R7W9XYABCD2", "E")},
		"last":    []object{}, "notices": []object{
			{"id": "3", "text": "It was damaged."},
			{"id": "update-1.3.0", "text": "Sluice 1.3.0 is available.", "url": "https://sluice.example/\x1b[2J1.3.0"},
		},
	}
	machine := object{
		"memory":  object{"level": "warn", "total_bytes": 18e9, "available_bytes": 4.5e9, "free_percent": 25, "swap_used_bytes": 1e9},
		"holders": []object{{"kind": "engine", "name": "small", "bytes": 1.1e9}, {"kind": "other", "name": "Browser", "bytes": 5e9}}, "ceiling_bytes": 10e9,
		"worker":  object{"state": "working", "job_id": idC, "stage": "transcribe", "engine": object{"pid": 7, "model": "small", "bytes": 1.1e9, "warm": true}},
		"process": object{"pid": 42, "version": "1.2.3", "started_at": "2026-01-02T03:04:05Z"},
	}
	s, _ := far(t, map[string]http.HandlerFunc{"GET /api/v1/board": says(board), "GET /api/v1/machine": says(machine)})
	t.Run("all of it at a glance", func(t *testing.T) {
		t.Parallel()
		r := s.run(t, "status")
		r.want(t, cli.ExitOK,
			"Line     6 jobs: 1 running, 5 waiting, paused, ready in about 10 min\n", "Running  00CCCC  C  Transcribing  42 %\n", "Gate     waiting: needs 2 GB\n",
			"and 2 more\n", "Memory   warn: 4.5 GB of 18.0 GB available (25 %), 1.0 GB swapped out\n", "Ceiling  10.0 GB for one stage\n",
			"Holds    1.1 GB  small\n", "Engine   small, warm, 1.1 GB (pid 7)\n", "version 1.2.3", "Notice 3: It was damaged.\nNotice update-1.3.0: Sluice 1.3.0 is available.\n  https://sluice.example/[2J1.3.0\n")
		if strings.Contains(r.out, "Browser") || strings.Contains(r.out, "\x1b") || r.err != "" {
			t.Errorf("%q", r.out+r.err)
		}
	})
	t.Run("JSON is one line", func(t *testing.T) {
		t.Parallel()
		r := s.run(t, "status", "--json")
		var got struct {
			Board   struct{ Paused bool }
			Machine struct{ Worker struct{ State string } }
		}
		if err := json.Unmarshal([]byte(r.out), &got); err != nil || strings.Count(r.out, "\n") != 1 || !got.Board.Paused || got.Machine.Worker.State != "working" {
			t.Errorf("%v: %s", err, r.out)
		}
	})
	t.Run("Ctrl-C ends the watching, and that is no failure", func(t *testing.T) {
		t.Parallel()
		watched := s
		watched.stop = "Server"
		r := watched.run(t, "status", "--watch")
		r.want(t, cli.ExitOK)
		if strings.Count(r.out, "Line ") != 1 || r.err != "" {
			t.Errorf("%q %q", r.out, r.err)
		}
	})
}

func TestThroughput(t *testing.T) {
	t.Parallel()
	s, _ := far(t, map[string]http.HandlerFunc{"GET /api/v1/throughput": says(object{
		"hours": []object{
			{"at": "2026-01-02T03:00:00Z"},
			{"at": "2026-01-02T04:00:00Z", "done": 3, "failed": 1, "media_ms": 7_200_000, "busy_ms": 600_000},
		},
		"failures": []object{{"code": "no_audio_track", "count": 1, "last_at": "2026-01-02T04:10:00Z", "job_id": idB}},
		"stages":   []object{{"stage": "transcribe", "runs": 4, "median_ms": 90_000, "p95_ms": 100_000, "real_time_factor": 12.5}},
	})})
	r := s.run(t, "throughput")
	r.want(t, cli.ExitOK, "3     1       0         2 h         10 min", "no_audio_track  1", "transcribe  4     1 min 30 s  1 min 40 s  12.5 x")
	if n := strings.Count(r.out, "2 h"); n != 2 { // the hour with something in it, and all of them
		t.Errorf("%d hours:\n%s", n, r.out)
	}
	s.run(t, "throughput", "--json").want(t, cli.ExitOK, `"real_time_factor":12.5`)
}

func TestWhatRanAndWaited(t *testing.T) {
	t.Parallel()
	s, _ := far(t, map[string]http.HandlerFunc{"GET /api/v1/history": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("minutes") == "1" {
			answer(w, 200, object{"points": []object{}, "runs": []object{}, "waits": []object{}})
			return
		}
		answer(w, 200, object{
			"runs":  []object{{"job_id": idA, "title": "A talk", "stage": "transcribe", "started_at": "2026-01-02T03:10:00Z", "finished_at": "2026-01-02T03:12:00Z", "outcome": "crashed"}},
			"waits": []object{{"job_id": idA, "title": "A talk", "reason": "memory", "from": "2026-01-02T03:04:00Z", "to": "2026-01-02T03:09:30Z"}},
		})
	}})
	r := s.run(t, "history")
	r.want(t, cli.ExitOK, "YAAAAA  memory           5 min 30 s  waited   A talk", "YAAAAA  transcribe       2 min       crashed  A talk")
	if strings.Index(r.out, "memory") > strings.Index(r.out, "transcribe") {
		t.Errorf("not in order:\n%s", r.out)
	}
	s.run(t, "history", "--minutes", "1").want(t, cli.ExitOK, "Nothing ran or waited in this time.")
	s.run(t, "history", "--json").want(t, cli.ExitOK, `"outcome":"crashed"`)
	s.run(t, "history", "--minutes", "0").want(t, cli.ExitUsage)
}

func TestModelsOfAServer(t *testing.T) {
	t.Parallel()
	asked := 0
	small := func(d *job.Download, installed bool) object {
		return object{"models": []job.Model{{Name: "small", Catalog: true, Fits: true, Installed: installed, Download: d}}}
	}
	s, address := far(t, map[string]http.HandlerFunc{
		"GET /api/v1/models": func(w http.ResponseWriter, _ *http.Request) {
			asked++
			answer(w, 200, small(&job.Download{State: job.DownloadRunning, DoneBytes: 40, TotalBytes: 100}, asked > 2))
		},
		"POST /api/v1/models": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 202, job.Model{Name: "small", Download: &job.Download{State: job.DownloadWaiting, TotalBytes: 100}})
		},
		"DELETE /api/v1/models/small/download": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"DELETE /api/v1/models/small":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"POST /api/v1/ollama/models": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 202, job.LanguageModel{Name: "a:b", Download: &job.Download{State: job.DownloadStopped, Error: &job.DownloadError{Code: "ollama_unreachable", Message: "Ollama does not answer."}}})
		},
	})
	s.run(t, "models", "list", "--server", address).want(t, cli.ExitOK, "small  -     -       40 % here")
	s.run(t, "models", "pull", "small", "--server", address).want(t, cli.ExitOK, "small  40 %", "small is installed.\n")
	s.run(t, "models", "pull", "a:b", "--server", address).want(t, cli.ExitFailed, "Ollama does not answer.", "code: ollama_unreachable")
	s.run(t, "models", "cancel", "small").want(t, cli.ExitOK, "small is not being downloaded.\n")
	s.run(t, "models", "rm", "small", "--server", address).want(t, cli.ExitOK, "small is removed.\n")
	s.run(t, "models", "rm", "none", "--server", address).want(t, cli.ExitFailed, "code: route_unknown")
	waiting := s
	waiting.stop = "0 %"
	asked = -100
	waiting.run(t, "models", "pull", "small", "--server", address).want(t, cli.ExitFailed, "Stopped waiting; the server goes on.")
}

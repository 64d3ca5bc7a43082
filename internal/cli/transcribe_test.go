package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/cli"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

const (
	firstJob = "01K6ZV5N3T8Q2M4R7W9XY00001"
	spoken   = `{"language":"en","complete":true,"segments":[` +
		`{"id":1,"start_ms":1000,"end_ms":2000,"text":"Hello\u001b there."},` +
		`{"id":2,"start_ms":2100,"end_ms":3000,"text":"How are you?"},` +
		`{"id":3,"start_ms":65000,"end_ms":66000,"text":"Bye."}],"newer":1}`
	paragraphs = "Hello there. How are you?\n\nBye.\n"
	timed      = "[00:01] Hello there.\n[00:02] How are you?\n[01:05] Bye.\n"
)

// finishing plays a job that is done at once.
func finishing(a *api) *api {
	a.texts = map[string]string{"json": spoken}
	end := func(s *sse) {
		a.mu.Lock()
		id := a.jobs[len(a.jobs)-1]["id"].(string)
		a.mu.Unlock()
		s.job("b1-1", a.set(id, object{"state": "done", "title": "talk", "quality": object{"warnings": []object{{"at_ms": 5000, "text": "A gap."}}}}))
	}
	hold := func(s *sse) { end(s); <-s.ctx.Done() }
	a.streams = []func(*sse){hold, hold, hold}
	return a
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTranscribeThroughAServer(t *testing.T) {
	t.Parallel()
	formats := map[string]struct {
		args []string
		want string
	}{
		"paragraphs by default":             {nil, paragraphs},
		"times where they are asked for":    {[]string{"--times"}, timed},
		"JSON as the server has it":         {[]string{"--json"}, spoken + "\n"},
		"subtitles":                         {[]string{"--format", "vtt"}, "WEBVTT"},
		"a dash for stdout with its format": {[]string{"--format", "md", "-o", "-"}, "# talk"},
	}
	for name, tt := range formats {
		t.Run("it prints "+name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, finishing(&api{}))
			r := a.run(t, append([]string{"transcribe", "/talk.mp4"}, tt.args...)...)
			r.want(t, cli.ExitOK, "Note at 00:05: A gap.")
			if !strings.HasPrefix(r.out, tt.want) {
				t.Errorf("printed %q", r.out)
			}
			if p := a.asked("POST", "/api/v1/jobs")[0].body["priority"]; p != 100.0 {
				t.Errorf("priority %v", p)
			}
		})
	}
	t.Run("one output is written whole and only there", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		out := filepath.Join(dir, "talk.srt")
		if err := os.WriteFile(out, []byte("old"), 0o640); err != nil {
			t.Fatal(err)
		}
		r := newAPI(t, finishing(&api{})).run(t, "transcribe", "/talk.mp4", "-o", out)
		r.want(t, cli.ExitOK)
		if got := read(t, out); r.out != "" || !strings.HasPrefix(got, "1\n00:00:01,000 -->") {
			t.Errorf("printed %q, wrote %q", r.out, got)
		}
		left, _ := os.ReadDir(dir)
		if st, _ := os.Stat(out); len(left) != 1 || st.Mode().Perm() != 0o640 {
			t.Errorf("%d files, mode %v", len(left), st.Mode())
		}
	})
	t.Run("several outputs go into a folder", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "texts")
		newAPI(t, finishing(&api{})).run(t, "transcribe", "/a.mp4", "/b.mp4", "-o", dir).want(t, cli.ExitOK)
		if a, b := read(t, filepath.Join(dir, "a.txt")), read(t, filepath.Join(dir, "b.txt")); a != paragraphs || b != paragraphs {
			t.Errorf("wrote %q and %q", a, b)
		}
	})
	t.Run("an ending that is not what is written is said", func(t *testing.T) {
		t.Parallel()
		notes := map[string]struct {
			args []string
			note string // "" = none
		}{
			"a contradiction":                  {[]string{"-o", "a.srt", "--format", "vtt"}, "Note: a.srt will be vtt"},
			"an unknown ending":                {[]string{"-o", "a.xyz"}, "Note: .xyz is not an ending that says a format; a.xyz will be txt"},
			"an unknown ending with a format":  {[]string{"-o", "a.markdown", "--format", "md"}, ""},
			"the format that the ending says":  {[]string{"-o", "a.srt", "--format", "srt"}, ""},
			"a folder with a dot in its name":  {[]string{"-o", "v1.2/"}, ""},
			"an output with no ending at all":  {[]string{"-o", "text"}, ""},
			"JSON in a file that ends in text": {[]string{"-o", "a.txt", "--json"}, "Note: a.txt will be json"},
		}
		for name, tt := range notes {
			tt.args[1] = t.TempDir() + "/" + tt.args[1]
			r := newAPI(t, finishing(&api{})).run(t, append([]string{"transcribe", "/talk.mp4"}, tt.args...)...)
			r.want(t, cli.ExitOK, tt.note)
			if said := strings.Contains(r.err, "Note: "); said != (tt.note != "") {
				t.Errorf("%s: %s", name, r.err)
			}
		}
	})
	t.Run("several files on stdout are told apart", func(t *testing.T) {
		t.Parallel()
		r := newAPI(t, finishing(&api{})).run(t, "transcribe", "/a.mp4", "/b\x1b.mp4")
		r.want(t, cli.ExitOK)
		if want := "==> /a.mp4 <==\n" + paragraphs + "\n==> /b.mp4 <==\n" + paragraphs; r.out != want {
			t.Error(cmp.Diff(want, r.out))
		}
		lines := newAPI(t, finishing(&api{})).run(t, "transcribe", "/a.mp4", "/b.mp4", "--json")
		if strings.Count(lines.out, "\n") != 2 || !strings.HasPrefix(lines.out, `{"file":"/a.mp4","transcript":{`) {
			t.Errorf("printed %q", lines.out)
		}
	})
	t.Run("one that is refused does not stop the next", func(t *testing.T) {
		t.Parallel()
		a := finishing(&api{})
		first := a.streams[0]
		a.streams[0] = func(s *sse) {
			s.job("b1-1", a.set(firstJob, object{"state": "failed", "error": object{"code": "file_damaged", "message": "Damaged."}}))
			<-s.ctx.Done()
		}
		a.streams[1] = first
		r := newAPI(t, a).run(t, "transcribe", "/a.mp4", "/b.mp4")
		r.want(t, cli.ExitFailed, "sluice: /a.mp4: Damaged.\n  hint: Copy or export", paragraphs)
	})
	t.Run("an output that cannot be written is said", func(t *testing.T) {
		t.Parallel()
		above := filepath.Join(t.TempDir(), "above")
		dir := filepath.Join(above, "dir")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		gone := func() { _ = os.RemoveAll(above) } // while the work goes on
		newAPI(t, finishing(&api{onSubmit: gone})).run(t, "transcribe", "/a.mp4", "-o", filepath.Join(dir, "a.txt")).
			want(t, cli.ExitFailed, "could not be written: no such file or directory")
	})
}

func TestTranscribeOnATerminal(t *testing.T) {
	t.Parallel()
	seg := func(start, end int, text string) object {
		return object{"job_id": firstJob, "segment": object{"id": 0, "start_ms": start, "end_ms": end, "text": text}}
	}
	play := func(segments ...object) *api {
		a := &api{texts: map[string]string{"json": spoken}}
		a.streams = []func(*sse){func(s *sse) {
			s.job("b1-1", a.set(firstJob, object{"state": "queued", "reason": "memory", "reason_text": "needs 6.9 GB"}))
			s.job("b1-2", a.set(firstJob, object{"state": "running", "stage": "transcribe"}))
			for _, x := range segments {
				s.event("b1-3", "segment", x)
				s.event("b1-4", "progress", object{"job_id": firstJob, "progress": object{"stage": "transcribe", "fraction": 0.5}})
			}
			s.job("b1-5", a.set(firstJob, object{"state": "done"}))
		}}
		return a
	}
	tests := map[string]struct {
		api  *api
		args []string
		want string
		say  string
	}{
		"text appears as it is heard, and the rest at the end": {
			play(seg(1000, 2000, "Hello there."), seg(2100, 3000, "How are you?")), nil, paragraphs, "Waiting: needs 6.9 GB",
		},
		"a repeated span is not printed twice": {
			play(seg(1000, 2000, "Hello there."), seg(1000, 2000, "Hello there."), seg(2100, 3000, "How are you?")), nil, paragraphs, "",
		},
		"lines with times leave room for progress": {
			play(seg(1000, 2000, "Hello there."), seg(2100, 3000, "How are you?")), []string{"--times"}, timed, "Transcribing  50 %",
		},
		"text that changed is printed again whole": {
			play(seg(1000, 2000, "Yellow hair.")), nil, "Yellow hair.\n\n" + paragraphs, "heard again",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, tt.api)
			r := session{cmds: a.commands(), tty: true}.run(t, append([]string{"transcribe", "/a.mp4"}, tt.args...)...)
			r.want(t, cli.ExitOK, tt.say)
			if diff := cmp.Diff(tt.want, r.out); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTranscribeInterrupted(t *testing.T) {
	t.Parallel()
	for name, existing := range map[string]bool{"its own job is canceled": false, "the job of somebody else goes on": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{existing: existing}
			a.streams = []func(*sse){func(s *sse) { s.job("b1-1", a.set(firstJob, object{"state": "running", "stage": "extract"})) }}
			newAPI(t, a)
			r := session{cmds: a.commands(), tty: true, stop: "Reading the sound"}.run(t, "transcribe", "/a.mp4", "/b.mp4")
			canceled := len(a.asked("POST", "/api/v1/jobs/"+firstJob+"/cancel")) == 1
			if r.code != cli.ExitFailed || canceled == existing || len(a.asked("POST", "/api/v1/jobs")) != 1 {
				t.Errorf("code %d, canceled %v\n%s", r.code, canceled, r.err)
			}
		})
	}
	t.Run("a job is canceled even when its number was still on the way", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		a := newAPI(t, &api{onSubmit: cancel})
		var out, errs tape
		code := cli.Run(ctx, []string{"transcribe", "/a.mp4"}, cli.Streams{Out: &out, Err: &errs}, a.commands())
		if code != cli.ExitFailed || len(a.asked("POST", "/api/v1/jobs/"+firstJob+"/cancel")) != 1 {
			t.Errorf("code %d: %s", code, errs.String())
		}
	})
}

func TestTranscribeHere(t *testing.T) {
	t.Parallel()
	away := &api{url: "http://127.0.0.1:1"}
	heard := transcript.Transcript{Language: "en", Complete: true, Segments: []transcript.Segment{
		{ID: 1, StartMS: 1000, EndMS: 2000, Text: "Hello there."},
		{ID: 2, StartMS: 65000, EndMS: 66000, Text: "Bye."},
	}}
	work := func(got *cli.TranscribeOptions) func(context.Context, cli.TranscribeOptions) error {
		return func(_ context.Context, o cli.TranscribeOptions) error {
			*got = o
			for i := range o.Orders {
				o.Watch.Job(i, job.Job{State: job.Queued, Reason: job.Memory, ReasonText: "needs 6.9 GB"})
				o.Watch.Job(i, job.Job{State: job.Running, Stage: job.Transcribe})
				o.Watch.Progress(i, job.Progress{Stage: job.Transcribe, Fraction: 0.5})
				o.Watch.Segment(i, heard.Segments[0])
				o.Watch.Ended(i, job.Job{State: job.Done, Title: "talk"}, cli.Texts{Transcript: heard}, nil)
			}
			return nil
		}
	}
	t.Run("without a server the work is done here", func(t *testing.T) {
		t.Parallel()
		var got cli.TranscribeOptions
		cmds := away.commands()
		cmds.Transcribe = work(&got)
		r := session{cmds: cmds}.run(t, "transcribe", "/a.mp4", "--words", "--times")
		r.want(t, cli.ExitOK)
		if r.out != "[00:01] Hello there.\n[01:05] Bye.\n" || r.err != "Waiting: needs 6.9 GB\n" {
			t.Errorf("printed %q and %q", r.out, r.err)
		}
		yes := true
		if diff := cmp.Diff([]job.Order{{Source: "/a.mp4", Words: &yes}}, got.Orders); diff != "" {
			t.Error(diff)
		}
		tty := session{cmds: cmds, tty: true}.run(t, "transcribe", "/a.mp4")
		tty.want(t, cli.ExitOK, "Waiting: needs 6.9 GB", "Transcribing  50 %")
		if tty.out != "Hello there.\n\nBye.\n" {
			t.Errorf("printed %q", tty.out)
		}
	})
	t.Run("JSON is the transcript", func(t *testing.T) {
		t.Parallel()
		var got cli.TranscribeOptions
		cmds := away.commands()
		cmds.Transcribe = work(&got)
		r := session{cmds: cmds}.run(t, "transcribe", "/a.mp4", "--json")
		var back transcript.Transcript
		if err := json.Unmarshal([]byte(r.out), &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(heard, back); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a server that was named is not replaced", func(t *testing.T) {
		t.Parallel()
		cmds := away.commands()
		cmds.Transcribe = func(context.Context, cli.TranscribeOptions) error { panic("called") }
		session{cmds: cmds}.run(t, "transcribe", "/a.mp4", "--server", away.url).want(t, cli.ExitAway, "no Sluice answers")
	})
	t.Run("a model that the server does not have is used here", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "own.bin")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var got cli.TranscribeOptions
		a := newAPI(t, finishing(&api{}))
		cmds := a.commands()
		cmds.Transcribe = work(&got)
		session{cmds: cmds}.run(t, "transcribe", "/a.mp4", "--model", file).want(t, cli.ExitOK, "Hello there.")
		if len(got.Orders) != 1 || got.Orders[0].ModelPath != file || got.Orders[0].Model != "" {
			t.Errorf("orders %+v", got.Orders)
		}
	})
	t.Run("each failure is said with its file", func(t *testing.T) {
		t.Parallel()
		cmds := away.commands()
		cmds.Transcribe = func(_ context.Context, o cli.TranscribeOptions) error {
			o.Watch.Ended(0, job.Job{}, cli.Texts{}, fault.New(fault.SourceMissing, "The file is not there.", nil))
			o.Watch.Ended(1, job.Job{State: job.Failed, Error: &job.Failure{Code: "no_audio_track", Message: "No sound.", Hint: "H."}}, cli.Texts{}, nil)
			return nil
		}
		session{cmds: cmds}.run(t, "transcribe", "/a.mp4", "/b.mp4").
			want(t, cli.ExitFailed, "sluice: /a.mp4: The file is not there.", "sluice: /b.mp4: No sound.\n  hint: H.\n")
	})
	t.Run("a defect shows its cause in one line", func(t *testing.T) {
		t.Parallel()
		cmds := away.commands()
		cmds.Transcribe = func(context.Context, cli.TranscribeOptions) error {
			return fault.From(fmt.Errorf("open store: %s", "locked\ngoroutine 1 [running]:"))
		}
		r := session{cmds: cmds}.run(t, "transcribe", "/a.mp4")
		r.want(t, cli.ExitFailed, "sluice: Something went wrong inside Sluice (open store: locked).\n  hint: ")
		if strings.Contains(r.err, "goroutine") {
			t.Error(r.err)
		}
	})
	t.Run("Ctrl-C ends it with 1", func(t *testing.T) {
		t.Parallel()
		cmds := away.commands()
		cmds.Transcribe = func(ctx context.Context, o cli.TranscribeOptions) error {
			o.Watch.Job(0, job.Job{State: job.Running, Stage: job.Extract})
			<-ctx.Done()
			return ctx.Err()
		}
		session{cmds: cmds, tty: true, stop: "Reading"}.run(t, "transcribe", "/a.mp4").want(t, cli.ExitFailed, "Canceled.\n")
	})
}

func TestExport(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"json": spoken, "txt": "A\x1b[2J\u009b\nB\n", "srt": "1\n\x1b"}
	dir := t.TempDir()
	tests := map[string]struct {
		args []string
		out  string
		file string // what is written to it is want
		want string
	}{
		"text on stdout is safe to read": {nil, "A[2J\nB\n", "", ""},
		"times":                          {[]string{"--times"}, timed, "", ""},
		"JSON":                           {[]string{"--json"}, spoken + "\n", "", ""},
		"a file gets what the server has, in the format of its name": {[]string{"-o", filepath.Join(dir, "x.srt")}, "", filepath.Join(dir, "x.srt"), "1\n\x1b"},
		"a folder gets a file named after the source":                {[]string{"-o", dir}, "", filepath.Join(dir, "talk.txt"), "A\x1b[2J\u009b\nB\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{texts: texts, jobs: []object{{"id": idA, "state": "done", "source": object{"name": "../../talk.mp4"}}}})
			r := a.run(t, append([]string{"export", "AAAA"}, tt.args...)...)
			r.want(t, cli.ExitOK)
			if diff := cmp.Diff(tt.out, r.out); diff != "" {
				t.Error(diff)
			}
			if tt.file != "" {
				if diff := cmp.Diff(tt.want, read(t, tt.file)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	t.Run("text that is not whole is not exported", func(t *testing.T) {
		t.Parallel()
		partial := strings.Replace(spoken, `"complete":true`, `"complete":false`, 1)
		a := newAPI(t, &api{texts: map[string]string{"json": partial}, jobs: []object{queued(idA, "A")}, refuse: map[string]string{}})
		a.run(t, "export", idA, "--times").want(t, cli.ExitFailed, "not complete yet", "hint: Wait until the job is done")
		a.run(t, "export", idA, "--json").want(t, cli.ExitOK, `"complete":false`)
	})
}

package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/cli"
	"sluice/internal/fault"
	"sluice/internal/job"
)

func models(found ...job.Model) func(context.Context) ([]job.Model, error) {
	return func(context.Context) ([]job.Model, error) { return found, nil }
}

func TestModels(t *testing.T) {
	t.Parallel()
	cmds := cli.Commands{Models: cli.ModelCommands{
		List: models(
			job.Model{Name: "small", Installed: true, Default: true, Suits: true, SizeBytes: 488e6, NeedBytes: 1.1e9, Fits: true, Path: "/m/small.bin"},
			job.Model{Name: "large", SizeBytes: 3.1e9, NeedBytes: 4.7e9, Note: "Best\x1b words."},
			job.Model{Name: "base", Fits: true, Download: &job.Download{State: job.DownloadStopped, DoneBytes: 43, TotalBytes: 100}},
			job.Model{Name: "tiny", Fits: true, Damaged: true},
		),
		Pull: func(_ context.Context, name string, report func(done, total int64)) error {
			if name == "none" {
				return fault.New(fault.ModelUnknown, "No speech model is called none.", nil)
			}
			for done := int64(0); done <= 1000; done++ {
				report(done*1e6, 1e9)
			}
			return nil
		},
		Remove: func(context.Context, string) error { return nil },
	}}
	s, tty := session{cmds: cmds}, session{cmds: cmds, tty: true}
	t.Run("a table shows what is there and what fits", func(t *testing.T) {
		t.Parallel()
		s.run(t, "models", "list").want(t, cli.ExitOK,
			"small *  488 MB  1.1 GB  installed", "large    3.1 GB  4.7 GB  too large  Best words.",
			"base     -       -       43 % here", "tiny     -       -       damaged")
	})
	t.Run("JSON holds every member", func(t *testing.T) {
		t.Parallel()
		r := s.run(t, "models", "list", "--json")
		var got []struct {
			Name, Path    string
			Default, Fits bool
			Need          int64 `json:"need_bytes"`
		}
		err := json.Unmarshal([]byte(r.out), &got)
		if err != nil || len(got) != 4 || got[0].Name != "small" || got[0].Path != "/m/small.bin" || !got[0].Default || got[0].Need != 1.1e9 || got[1].Fits {
			t.Errorf("%v: %s", err, r.out)
		}
	})
	t.Run("a pull says its tenths where nobody watches", func(t *testing.T) {
		t.Parallel()
		r := s.run(t, "models", "pull", "small")
		r.want(t, cli.ExitOK, "small  50 %  500 MB of 1.0 GB\n", "small is installed.\n")
		if n := strings.Count(r.err, "\n"); n != 12 || r.out != "" {
			t.Errorf("%d lines:\n%s", n, r.err)
		}
	})
	t.Run("a pull draws a bar on a terminal", func(t *testing.T) {
		t.Parallel()
		tty.run(t, "models", "pull", "small").want(t, cli.ExitOK, "\r", "small is installed.\n")
	})
	t.Run("a pull without a name takes the default and says which", func(t *testing.T) {
		t.Parallel()
		s.run(t, "models", "pull").want(t, cli.ExitOK, "Pulling small, the model that suits this machine.\n", "small is installed.\n")
		none := session{cmds: cmds}
		none.cmds.Models.List = models(job.Model{Name: "large"})
		none.run(t, "models", "pull").want(t, cli.ExitUsage, "No model suits this machine.\n  hint: Name one of")
	})
	t.Run("an unknown model is refused with a hint", func(t *testing.T) {
		t.Parallel()
		s.run(t, "models", "pull", "none").want(t, cli.ExitFailed, "called none.\n  hint: See 'sluice models list'.\n")
	})
	t.Run("a model is removed", func(t *testing.T) {
		t.Parallel()
		s.run(t, "models", "rm", "small").want(t, cli.ExitOK, "small is removed.")
	})
}

func TestServe(t *testing.T) {
	t.Parallel()
	var got cli.ServeOptions
	s := session{cmds: cli.Commands{Serve: func(_ context.Context, o cli.ServeOptions) error {
		got = o
		return nil
	}}}
	s.run(t, "serve", "--listen", "127.0.0.1:0", "--set", "speech.model=small", "--set", "models.dir=/a=b").want(t, cli.ExitOK)
	want := cli.ServeOptions{Listen: "127.0.0.1:0", Settings: map[string]string{"speech.model": "small", "models.dir": "/a=b"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	s.cmds.Serve = func(context.Context, cli.ServeOptions) error { return errors.New("listen: address in use") }
	s.run(t, "serve").want(t, cli.ExitFailed, "sluice: listen: address in use\n")
}

func TestHelp(t *testing.T) {
	t.Parallel()
	commands := []string{
		"", "serve", "desktop", "transcribe", "add", "list", "show", "status", "watch", "cancel", "export", "edit", "throughput", "man",
		"search", "move", "hold", "release", "retry", "delete", "dismiss",
		"models", "models list", "models pull", "models cancel", "models rm", "pause", "resume", "doctor", "openapi", "summary", "deliveries", "redeliver", "webhook-key", "version", "completion",
	}
	for _, name := range commands {
		t.Run("every command explains itself: "+name, func(t *testing.T) {
			t.Parallel()
			args := append(strings.Fields(name), "--help")
			r := session{}.run(t, args...)
			r.want(t, cli.ExitOK, "Usage:", "Examples:\n  s")
			for line := range strings.Lines(r.out) {
				if !strings.HasPrefix(line, "  ") && len(line) > 82 {
					t.Errorf("line too long: %s", line)
				}
			}
			if viaHelp := (session{}).run(t, append([]string{"help"}, strings.Fields(name)...)...); viaHelp.out != r.out {
				t.Error(cmp.Diff(r.out, viaHelp.out))
			}
		})
	}
	t.Run("plain sluice prints the help where there is no window", func(t *testing.T) {
		t.Parallel()
		session{}.run(t).want(t, cli.ExitOK, "Usage:")
	})
	t.Run("a command that is not built in says so", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"serve", "desktop", "doctor", "openapi", "list", "models list", "models list --ollama", "models pull a:b", "webhook-key"} {
			session{}.run(t, strings.Fields(name)...).want(t, cli.ExitFailed, "This build cannot do that.")
		}
	})
}

func TestVersionAndCompletion(t *testing.T) {
	t.Parallel()
	s := session{cmds: cli.Commands{Version: "1.2.3", OpenAPI: func() ([]byte, error) { return []byte(`{"openapi":"3.1.0"}`), nil }}}
	if r := s.run(t, "version"); r.out != "sluice 1.2.3\n" {
		t.Errorf("printed %q", r.out)
	}
	s.run(t, "version", "--json").want(t, cli.ExitOK, `"version":"1.2.3"`)
	s.run(t, "openapi").want(t, cli.ExitOK, `{"openapi":"3.1.0"}`)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		s.run(t, "completion", shell).want(t, cli.ExitOK, "sluice")
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	a := newAPI(t, &api{
		jobs:     []object{queued(idA, "A talk"), {"id": idB, "state": "failed", "title": "B"}, {"id": idC, "state": "running", "title": "C"}},
		messages: []object{{"id": parkedID, "job_id": idB, "state": "parked", "to": "https://a.example/x"}},

		board:  object{"notices": []object{{"id": "3", "text": "It was damaged."}}},
		llms:   []object{{"name": "gemma3:4b", "fits": true, "suits": true}},
		models: []object{{"name": "small", "installed": true, "fits": true}},
	})
	queued, failed, running := idA+"\tqueued: A talk\n", idB+"\tfailed: B\n", idC+"\trunning: C\n"
	offers := a.run(t, "__complete", "add", "--translate-to", "ko,").out
	if !strings.Contains(offers, "ko,de\tGerman\n") || strings.Contains(offers, "ko,ko") {
		t.Errorf("behind a comma: %s", offers)
	}
	if offers = a.run(t, "__complete", "serve", "--set", "").out; !strings.Contains(offers, "speech.model=\t") {
		t.Errorf("settings: %s", offers)
	}
	tests := map[string]struct {
		args []string
		want string
	}{
		"any job can be shown":                        {[]string{"show", ""}, queued + running + failed},
		"a job that has not ended can be canceled":    {[]string{"cancel", ""}, running + queued},
		"a job that waits can be held":                {[]string{"hold", ""}, queued},
		"a job that has ended can be retried":         {[]string{"retry", ""}, failed},
		"a job that has ended can be deleted":         {[]string{"delete", ""}, failed},
		"a job that was named is not offered again":   {[]string{"hold", idA, ""}, ""},
		"a job is put before one that waits":          {[]string{"move", "--before", ""}, queued},
		"states that jobs end in can be cleared":      {[]string{"delete", "--state", ""}, "failed\ncanceled\ndone\n"},
		"stages can be done anew":                     {[]string{"retry", "--from", ""}, "extract\ntranscribe\ntranslate\nsummarize\ndeliver\n"},
		"notices are offered with what they say":      {[]string{"dismiss", ""}, "3\tIt was damaged.\n"},
		"kinds of summary are offered":                {[]string{"add", "--summary-template", ""}, "general\nmeeting\nlecture\ninterview\n"},
		"registers are offered":                       {[]string{"transcribe", "--register", ""}, "formal\npolite\n"},
		"formats of a summary are offered":            {[]string{"summary", "--format", ""}, "txt\nmd\njson\n"},
		"messages that nobody took are offered":       {[]string{"redeliver", ""}, parkedID + "\tparked: https://a.example/x\n"},
		"words to search for are not known to shells": {[]string{"search", ""}, ""},
		"only jobs that are done can be corrected":    {[]string{"edit", ""}, ""},
		"a text to say is nobody's to know":           {[]string{"edit", idA, ""}, ""},
		"settings are offered by what they can be":    {[]string{"serve", "--set", "ollama.when_away="}, "ollama.when_away=wait\nollama.when_away=finish\n"},
		"speech models of a server are offered":       {[]string{"add", "--server", a.url, "--model", ""}, "small\tinstalled\n"},
		"language models are offered":                 {[]string{"add", "--llm-model", ""}, "gemma3:4b\tsuits this machine\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := a.run(t, append([]string{"__complete"}, tt.args...)...)
			got := r.out[:strings.LastIndex(r.out, ":")] // how the shell is to take them
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s\n%s", diff, r.out)
			}
		})
	}
}

package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/cli"
	"sluice/internal/job"
	"sluice/internal/transcript"
)

const (
	korean  = `{"language":"ko","complete":true,"segments":[{"id":1,"start_ms":1000,"end_ms":2000,"text":"안녕하세요."}]}`
	german  = `{"language":"de","complete":true,"segments":[{"id":1,"start_ms":1000,"end_ms":2000,"text":"Guten Tag."}]}`
	greeted = `{"language":"en","title":"A \u001bgreeting","text":"They meet.","key_points":[],"chapters":[],"action_items":[],"coverage_percent":97}`
)

// translated plays a job that is done at once, with everything.
func translated(a *api) *api {
	finishing(a)
	a.texts["ko/json"], a.texts["de/json"] = korean, german
	a.summary = map[string]string{"json": greeted}
	end := func(s *sse) {
		a.mu.Lock()
		id := a.jobs[len(a.jobs)-1]["id"].(string)
		a.mu.Unlock()
		s.job("b1-1", a.set(id, object{"state": "done", "title": "talk", "translate_to": []string{"ko", "de", "../x"}, "summarize": true}))
		<-s.ctx.Done()
	}
	a.streams = []func(*sse){end, end, end}
	return a
}

func TestLanguagesAreAskedFor(t *testing.T) {
	t.Parallel()
	glossary := filepath.Join(t.TempDir(), "words.toml")
	if err := os.WriteFile(glossary, []byte("[ko.en]\n\"항만장\" = \"harbour master\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		want object
	}{
		"nothing": {nil, object{}},
		"a glossary is sent by its words": {
			[]string{"--glossary", glossary},
			object{"glossary": []any{map[string]any{"from": "ko", "to": "en", "term": "항만장", "translation": "harbour master"}}},
		},
		"no glossary": {[]string{"--glossary", ""}, object{"glossary": []any{}}},
		"everything": {
			[]string{
				"--translate-to", "KO, de", "--translate-to", "ko", "--summarize", "--summary-template", "meeting", "--summary-language", "en",
				"--llm-model", "gemma3:4b", "--register", "polite", "--webhook", "https://x.example/?k=1",
			},
			object{
				"translate_to": []any{"ko", "de"}, "summarize": true, "summary": map[string]any{"template": "meeting", "language": "en"},
				"llm_model": "gemma3:4b", "register": "polite", "webhook": "https://x.example/?k=1",
			},
		},
		"none of all of it": {
			[]string{"--translate-to", "", "--summarize=false", "--register", "", "--webhook", ""},
			object{"translate_to": []any{}, "summarize": false, "register": "", "webhook": ""},
		},
		"who says how to sum up wants it": {
			[]string{"--summary-template", "lecture"},
			object{"summarize": true, "summary": map[string]any{"template": "lecture"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{})
			a.run(t, append([]string{"add", "/a.mp4"}, tt.args...)...).want(t, cli.ExitOK)
			tt.want["source"] = "/a.mp4"
			if diff := cmp.Diff(tt.want, a.asked("POST", "/api/v1/jobs")[0].body); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTranscribeIntoOtherLanguages(t *testing.T) {
	t.Parallel()
	t.Run("the files stand beside one another", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		a := newAPI(t, translated(&api{}))
		a.run(t, "transcribe", "/talk.mp4", "--translate-to", "ko,de", "--summarize", "-o", filepath.Join(dir, "talk.srt")).want(t, cli.ExitOK)
		got := map[string]string{}
		for _, name := range names(t, dir) {
			got[name] = strings.Split(read(t, filepath.Join(dir, name)), "\n")[0]
		}
		want := map[string]string{"talk.srt": "1", "talk.ko.srt": "1", "talk.de.srt": "1", "talk.summary.md": "# A greeting"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if text := read(t, filepath.Join(dir, "talk.ko.srt")); !strings.Contains(text, "안녕하세요.") {
			t.Errorf("wrote %q", text)
		}
	})
	t.Run("JSON goes with JSON, into a folder for several", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "texts")
		a := newAPI(t, translated(&api{}))
		a.run(t, "transcribe", "/a.mp4", "/b.mp4", "--summarize", "--json", "-o", dir).want(t, cli.ExitOK)
		want := []string{"a.de.json", "a.json", "a.ko.json", "a.summary.json", "b.de.json", "b.json", "b.ko.json", "b.summary.json"}
		if diff := cmp.Diff(want, names(t, dir)); diff != "" {
			t.Error(diff)
		}
		if text := read(t, filepath.Join(dir, "a.summary.json")); !strings.Contains(text, `"coverage_percent": 97`) {
			t.Errorf("wrote %q", text)
		}
	})
	t.Run("they are printed one below the other", func(t *testing.T) {
		t.Parallel()
		r := newAPI(t, translated(&api{})).run(t, "transcribe", "/talk.mp4", "--translate-to", "ko,de", "--summarize")
		r.want(t, cli.ExitOK)
		head := paragraphs + "\n==> ko <==\n안녕하세요.\n\n==> de <==\nGuten Tag.\n\n==> summary <==\n"
		if !strings.HasPrefix(r.out, head) || !strings.Contains(r.out[len(head):], "They meet.") || strings.Contains(r.out, "\x1b") {
			t.Errorf("printed %q", r.out)
		}
	})
	t.Run("those of several files say whose they are", func(t *testing.T) {
		t.Parallel()
		newAPI(t, translated(&api{})).run(t, "transcribe", "/a.mp4", "/b.mp4").
			want(t, cli.ExitOK, "==> /a.mp4 <==\n"+paragraphs+"\n==> /a.mp4: ko <==\n", "\n==> /b.mp4: summary <==\n")
	})
	t.Run("what the settings add does not spoil what is printed", func(t *testing.T) {
		t.Parallel()
		r := newAPI(t, translated(&api{})).run(t, "transcribe", "/talk.mp4", "--json")
		r.want(t, cli.ExitOK, "Note: the translations and the summary are not printed as json; -o FILE writes them")
		if r.out != spoken+"\n" {
			t.Errorf("printed %q", r.out)
		}
	})
	t.Run("what is not there is left out", func(t *testing.T) {
		t.Parallel()
		a := translated(&api{})
		a.texts["ko/json"] = strings.Replace(korean, `"complete":true`, `"complete":false`, 1)
		a.summary["json"] = "null\n"
		r := newAPI(t, a).run(t, "transcribe", "/talk.mp4")
		r.want(t, cli.ExitOK)
		if want := paragraphs + "\n==> de <==\nGuten Tag.\n"; r.out != want {
			t.Error(cmp.Diff(want, r.out))
		}
	})
	t.Run("on a terminal they follow the text that came live", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, translated(&api{}))
		r := session{cmds: a.commands(), tty: true}.run(t, "transcribe", "/talk.mp4")
		r.want(t, cli.ExitOK, paragraphs+"\n==> ko <==\n안녕하세요.\n")
	})
	t.Run("add writes them, too", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		newAPI(t, translated(&api{})).run(t, "add", "/talk.mp4", "--translate-to", "ko", "-o", filepath.Join(dir, "x.txt")).want(t, cli.ExitOK)
		if diff := cmp.Diff([]string{"x.de.txt", "x.ko.txt", "x.summary.md", "x.txt"}, names(t, dir)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("without a server they come from here", func(t *testing.T) {
		t.Parallel()
		var got cli.TranscribeOptions
		cmds := (&api{url: "http://127.0.0.1:1"}).commands()
		cmds.Transcribe = func(_ context.Context, o cli.TranscribeOptions) error {
			got = o
			text := func(code, said string) transcript.Transcript {
				return transcript.Transcript{Language: code, Complete: true, Segments: []transcript.Segment{{ID: 1, EndMS: 1000, Text: said}}}
			}
			o.Watch.Progress(0, job.Progress{Stage: job.Translate, Fraction: 0.5})
			o.Watch.Progress(0, job.Progress{Stage: job.Summarize, Fraction: 0.25})
			o.Watch.Progress(0, job.Progress{Stage: job.Deliver})
			o.Watch.Ended(0, job.Job{State: job.Done, Warnings: []job.Warning{{Text: "1 line was left."}}}, cli.Texts{
				Transcript: text("en", "Hello."), Translations: []transcript.Transcript{text("ko", "안녕.")}, Summary: &transcript.Summary{Title: "Hi"},
			}, nil)
			return nil
		}
		dir := t.TempDir()
		r := session{cmds: cmds, tty: true}.run(t, "transcribe", "/a.mp4", "--translate-to", "ko", "--summarize", "-o", filepath.Join(dir, "a.txt"))
		r.want(t, cli.ExitOK, "Translating  50 %", "Summing up  25 %", "Writing the results", "Note: 1 line was left.", "Wrote "+filepath.Join(dir, "a.summary.md"))
		if diff := cmp.Diff([]string{"a.ko.txt", "a.summary.md", "a.txt"}, names(t, dir)); diff != "" {
			t.Error(diff)
		}
		yes := true
		if diff := cmp.Diff([]job.Order{{Source: "/a.mp4", TranslateTo: &[]string{"ko"}, Summarize: &yes}}, got.Orders); diff != "" {
			t.Error(diff)
		}
	})
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range all {
		found = append(found, e.Name())
	}
	return found
}

func TestExportOfATranslation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := newAPI(t, &api{
		texts: map[string]string{"txt": "Hello.\n", "ko/txt": "안녕\x1b.\n", "ko/json": korean},
		jobs:  []object{{"id": idA, "state": "done", "source": object{"name": "talk.mp4"}}},
	})
	if r := a.run(t, "export", "AAAA", "--lang", "KO"); r.out != "안녕.\n" {
		t.Errorf("printed %q", r.out)
	}
	if r := a.run(t, "export", "AAAA", "--lang", "ko", "--times"); r.out != "[00:01] 안녕하세요.\n" {
		t.Errorf("printed %q", r.out)
	}
	a.run(t, "export", "AAAA", "--lang", "ko", "-o", dir).want(t, cli.ExitOK)
	if diff := cmp.Diff([]string{"talk.ko.txt"}, names(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	texts := map[string]string{"json": greeted, "md": "# A\x1b greeting\n", "txt": "A\x1b greeting\n"}
	tests := map[string]struct {
		args []string
		out  string
		file string // what is written
		want string
	}{
		"it is printed as text":            {nil, "A greeting\n", "", ""},
		"Markdown":                         {[]string{"--format", "md"}, "# A greeting\n", "", ""},
		"JSON as the server has it":        {[]string{"--json"}, greeted + "\n", "", ""},
		"a file, in the format of its end": {[]string{"-o", filepath.Join(dir, "s.md")}, "", "s.md", "# A\x1b greeting\n"},
		"a folder":                         {[]string{"-o", dir}, "", "talk.summary.txt", "A\x1b greeting\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{summary: texts, jobs: []object{{"id": idA, "state": "done", "source": object{"name": "talk.mp4"}}}})
			r := a.run(t, append([]string{"summary", "AAAA"}, tt.args...)...)
			r.want(t, cli.ExitOK)
			if diff := cmp.Diff(tt.out, r.out); diff != "" {
				t.Error(diff)
			}
			if tt.file == "" {
				return
			}
			if diff := cmp.Diff(tt.want, read(t, filepath.Join(dir, tt.file))); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a job that has none says so", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{summary: map[string]string{"json": "null\n"}})
		if r := a.run(t, "summary", idA, "--json"); r.code != cli.ExitOK || r.out != "null\n" {
			t.Errorf("code %d, printed %q", r.code, r.out)
		}
		none := `{"code":"not_ready","detail":"This job has no summary.","hint":"Submit the file again."}`
		b := newAPI(t, &api{refuse: map[string]string{"GET /api/v1/jobs/" + idA + "/summary": none}})
		b.run(t, "summary", idA).want(t, cli.ExitFailed, "This job has no summary.\n  hint: Submit")
	})
}

func TestShowOfLanguages(t *testing.T) {
	t.Parallel()
	one := object{
		"id": idA, "state": "done", "title": "T", "translate_to": []string{"ko", "de", "ja"}, "summarize": true, "llm_model": "gemma3:4b", "register": "polite",
		"webhook": "https://a.example/x", "quality": object{"lines": object{"ko": object{"done": 412, "total": 412}, "de": object{"done": 10, "total": 412}}, "coverage_percent": 97},
		"deliveries": messages()[:1],
	}
	a := newAPI(t, &api{jobs: []object{one}, summary: map[string]string{"json": greeted}})
	a.run(t, "show", idA).want(t, cli.ExitOK,
		"Translation     ko: 412/412 lines\n", "Translation     de: 10/412 lines\n", "Translation     ja: none\n", "Summary         A greeting (97 % of the text was read for it)\n",
		"Language model  gemma3:4b\n", "Register        polite\n", "Webhook         https://a.example/x\n",
		"\nDeliveries\n  e8aaaa  job.done  pending  2  https://a.example/x  It answered 503. Next: ")
	t.Run("a summary that is still to come", func(t *testing.T) {
		t.Parallel()
		live := object{"id": idB, "state": "running", "stage": "translate", "translate_to": []string{"ko"}, "summarize": true}
		b := newAPI(t, &api{jobs: []object{live}, refuse: map[string]string{"GET /api/v1/jobs/" + idB + "/summary": `{"code":"not_ready","detail":"There is no summary yet."}`}})
		b.run(t, "show", idB).want(t, cli.ExitOK, "running: Translating", "ko: not begun", "Summary      not there yet")
	})
	t.Run("a summary that did not come about", func(t *testing.T) {
		t.Parallel()
		b := newAPI(t, &api{jobs: []object{{"id": idB, "state": "done", "summarize": true}}, summary: map[string]string{"json": "null"}})
		b.run(t, "show", idB).want(t, cli.ExitOK, "Summary  none\n")
	})
}

// llms plays Ollama without a server of ours.
type llms struct {
	found []job.LanguageModel
	asked *string
}

func (l llms) List(context.Context) ([]job.LanguageModel, error) { return l.found, nil }

func (l llms) Pull(_ context.Context, name string, report func(done, total int64)) error {
	*l.asked = name
	report(0, 0)
	report(5e8, 1e9)
	return nil
}

func TestLanguageModels(t *testing.T) {
	t.Parallel()
	var pulled string
	own := llms{asked: &pulled, found: []job.LanguageModel{
		{Name: "gemma3:4b", Installed: true, Default: true, Fits: true, SizeBytes: 3.3e9, NeedBytes: 4.6e9, Context: 8192, HeldBytes: 4.4e9},
		{Name: "big:70b", Installed: true},
		{Name: "far:cloud", Remote: true},
		{Name: "qwen3:4b", Suits: true, Fits: true},
		{Name: "half:1b", Fits: true, Download: &job.Download{DoneBytes: 43, TotalBytes: 100}},
	}}
	cmds := cli.Commands{Models: cli.ModelCommands{List: models(job.Model{Name: "small", Installed: true, Fits: true})}, LanguageModels: own}
	away := cmds
	away.Server = (&api{url: "http://127.0.0.1:1"}).commands().Server
	rows := []string{
		"OLLAMA       FILE    MEMORY  CONTEXT  STATE", "gemma3:4b *  3.3 GB  4.6 GB  8192     in memory: 4.4 GB", "big:70b      -       -       -        installed, too large",
		"far:cloud    -       -       -        runs on another machine", "qwen3:4b     -       -       -        suits this machine", "half:1b      -       -       -        43 % here",
	}
	t.Run("they stand below the speech models", func(t *testing.T) {
		t.Parallel()
		for _, cmds := range []cli.Commands{cmds, away} {
			session{cmds: cmds}.run(t, "models", "list").want(t, cli.ExitOK, append(rows, "NAME   FILE", "installed\n\nOLLAMA")...)
		}
	})
	t.Run("they stand alone", func(t *testing.T) {
		t.Parallel()
		r := session{cmds: cmds}.run(t, "models", "list", "--ollama")
		r.want(t, cli.ExitOK, rows...)
		if strings.Contains(r.out, "small") {
			t.Error(r.out)
		}
		session{cmds: cmds}.run(t, "models", "list", "--ollama", "--json").want(t, cli.ExitOK, `"name": "gemma3:4b"`, `"held_bytes": 4400000000`)
	})
	t.Run("a server that runs is asked", func(t *testing.T) {
		t.Parallel()
		served := cmds
		served.Server = newAPI(t, &api{llms: []object{{"name": "served:1b", "installed": true, "fits": true}}}).commands().Server
		r := session{cmds: served}.run(t, "models", "list")
		r.want(t, cli.ExitOK, "served:1b", "small")
		if strings.Contains(r.out, "gemma3") {
			t.Error(r.out)
		}
	})
	t.Run("an Ollama that is away takes no part", func(t *testing.T) {
		t.Parallel()
		served := cmds
		served.Server = newAPI(t, &api{}).commands().Server
		r := session{cmds: served}.run(t, "models", "list")
		r.want(t, cli.ExitOK, "small")
		if strings.Contains(r.out, "OLLAMA") || r.err != "" {
			t.Errorf("%s%s", r.out, r.err)
		}
		session{cmds: served}.run(t, "models", "list", "--ollama").want(t, cli.ExitFailed, "Ollama does not answer.\n  hint: Start it.")
	})
	t.Run("a name with a colon is pulled by Ollama", func(t *testing.T) {
		t.Parallel()
		session{cmds: cmds}.run(t, "models", "pull", "gemma3:4b").want(t, cli.ExitOK, "gemma3:4b  50 %  500 MB of 1.0 GB\n", "gemma3:4b is installed.\n")
		if pulled != "gemma3:4b" {
			t.Errorf("pulled %q", pulled)
		}
	})
	t.Run("and removed by it", func(t *testing.T) {
		t.Parallel()
		session{cmds: cmds}.run(t, "models", "rm", "gemma3:4b").want(t, cli.ExitUsage, "gemma3:4b is a model of Ollama.\n  hint: Remove it there: ollama rm gemma3:4b\n")
	})
}

package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/apitest"
	"sluice/internal/cli"
	"sluice/internal/httpapi"
)

// covered says by which command each operation of the API can be used, or after
// a dash why none is needed.
func covered() map[string]string {
	return map[string]string{
		"submit-jobs": "add", "put-upload": "add --upload", "list-jobs": "list", "get-job": "show",
		"get-job-history": "show --history", "get-job-attempts": "show --attempts",
		"get-transcript": "export", "edit-transcript": "edit", "get-summary": "summary", "search": "search",
		"cancel-job": "cancel", "retry-job": "retry", "hold-job": "hold", "release-job": "release",
		"move-job": "move --front", "set-priority": "move --priority", "delete-job": "delete", "clear-jobs": "delete --state",
		"pause-queue": "pause", "resume-queue": "resume", "get-board": "status", "get-events": "watch", "get-machine": "status",
		"get-throughput": "throughput", "dismiss-notice": "dismiss",
		"list-deliveries": "deliveries", "redeliver": "redeliver",
		"list-models": "models list --server", "download-model": "models pull --server",
		"cancel-download": "models cancel", "delete-model": "models rm --server",
		"list-language-models": "models list --ollama", "download-language-model": "models pull --server",
		"cancel-language-download": "models cancel",
		"list-settings":            "settings list", "change-settings": "settings set",
		"get-doctor": "doctor", "get-openapi": "openapi", "get-health": "status",
		"show-window": "desktop",

		"get-history":       "- it is drawn; 'throughput' and 'status --watch' say it in words",
		"drop":              "- 'add' takes files, and what folders hold is the shell's to list",
		"get-media":         "- the file is the user's own, and plays where it lies",
		"post-media-ticket": "- for a player that can send no token",
		"process":           "- of the old server; 'add' does it",
		"get-metrics":       "- for Prometheus; 'status' and 'throughput' say it in words",

		"create-transcription": "- for clients of OpenAI; 'transcribe' does it",
		"list-openai-models":   "- for clients of OpenAI; 'models list' does it",
		"get-openai-model":     "- for clients of OpenAI; 'models list' does it",
	}
}

func TestEveryOperationHasACommand(t *testing.T) {
	t.Parallel()
	text, err := httpapi.OpenAPI("dev")
	if err != nil {
		t.Fatal(err)
	}
	d, err := apitest.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, op := range d.Operations() {
		there[op.ID()] = true
		how, ok := covered()[op.ID()]
		switch {
		case !ok:
			t.Errorf("%s (%s %s) has no command: name one, or say why not", op.ID(), op.Method, op.Path)
		case !strings.HasPrefix(how, "- "):
			help := session{cmds: cli.Commands{}}.run(t, append(words(how), "--help")...)
			for _, word := range strings.Fields(how) {
				if help.code != cli.ExitOK || !strings.Contains(help.out, word) {
					t.Errorf("%s: there is no '%s':\n%s%s", op.ID(), how, help.out, help.err)
				}
			}
		}
	}
	for id := range covered() {
		if !there[id] {
			t.Errorf("%s is not in the document", id)
		}
	}
}

// words are the names of a command, without its flags.
func words(command string) (names []string) {
	for _, w := range strings.Fields(command) {
		if !strings.HasPrefix(w, "-") {
			names = append(names, w)
		}
	}
	return names
}

func TestManualPages(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "man1")
	session{cmds: cli.Commands{Version: "1.2.3"}}.run(t, "man", dir).want(t, cli.ExitOK)
	pages, err := filepath.Glob(filepath.Join(dir, "sluice*.1"))
	if err != nil || len(pages) < 30 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	main, err := os.ReadFile(filepath.Join(dir, "sluice.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{".TH \"SLUICE\" \"1\"", "Sluice 1.2.3", ".SH \"EXIT STATUS\"", "SLUICE_SERVER_TOKEN", ".BR \"sluice\\-add\" \"(1),\""} {
		if !bytes.Contains(main, []byte(part)) {
			t.Errorf("the page of sluice does not say %s", part)
		}
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed: the pages are not set")
	}
	for _, page := range pages {
		// What groff does not understand it says, with -ww.
		out, err := exec.CommandContext(t.Context(), groff, "-man", "-Tutf8", "-k", "-ww", "-z", page).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", filepath.Base(page), err, out)
		}
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	a := newAPI(t, &api{jobs: []object{queued(idA, "A talk")}})
	tests := map[string]struct {
		args []string
		want int
	}{
		"what works is 0":                      {[]string{"show", idA}, cli.ExitOK},
		"what the server refuses is 1":         {[]string{"show", idB}, cli.ExitFailed},
		"a flag that is none is 2":             {[]string{"show", idA, "--jsn"}, cli.ExitUsage},
		"a command that is none is 2":          {[]string{"shwo"}, cli.ExitUsage},
		"a value that can never be right is 2": {[]string{"throughput", "--hours", "1000"}, cli.ExitUsage},
		"a server that is away is 3":           {[]string{"status", "--server", "127.0.0.1:1"}, cli.ExitAway},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := a.run(t, tt.args...)
			r.want(t, tt.want)
			if strings.Contains(r.out+r.err, "\x1b") {
				t.Errorf("escapes where nobody watches: %q%q", r.out, r.err)
			}
			if (tt.want != cli.ExitOK) != strings.HasPrefix(r.err, "sluice: ") || tt.want != cli.ExitOK && r.out != "" {
				t.Errorf("stdout %q, stderr %q", r.out, r.err)
			}
		})
	}
}

// Every command explains itself: at length, with an example, and each flag in a
// sentence of its own.
func TestEveryCommandHasItsPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	session{cmds: cli.Commands{}}.run(t, "man", dir).want(t, cli.ExitOK)
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		_, about, _ := strings.Cut(string(text), ".SH \"DESCRIPTION\"\n")
		about, _, _ = strings.Cut(about, ".SH")
		if len(strings.TrimSpace(about)) < 40 {
			t.Errorf("%s says too little: %q", filepath.Base(page), about)
		}
		if !strings.Contains(string(text), ".SH \"EXAMPLES\"") {
			t.Errorf("%s shows no example", filepath.Base(page))
		}
		for _, flag := range strings.Split(string(text), ".TP\n\\fB\\-")[1:] {
			if lines := strings.Split(flag, "\n"); len(lines) < 2 || len(lines[1]) < 8 {
				t.Errorf("%s: a flag says nothing: %q", filepath.Base(page), flag)
			}
		}
	}
}

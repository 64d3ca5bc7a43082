package cli_test

import (
	"encoding/json"
	"fmt"
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

const (
	idA = "01K6ZV5N3T8Q2M4R7W9XYAAAAA"
	idB = "01K6ZV5N3T8Q2M4R7W9XYBBBBB"
	idC = "01K7000000000000000000CCCC"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "talk.mp4")
	odd := filepath.Join(filepath.Dir(file), "talk.ko.txt")
	for _, name := range []string{file, odd} {
		if err := os.WriteFile(name, []byte("sound"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		args []string
		say  string
	}{
		"an unknown command":                        {[]string{"frobnicate"}, "There is no command \"frobnicate\".\n  hint: See 'sluice --help'."},
		"an unknown flag":                           {[]string{"list", "--colour"}, "There is no flag --colour.\n  hint: See 'sluice list --help'."},
		"no file":                                   {[]string{"transcribe"}, "'sluice transcribe' needs a FILE.\n  hint: Like: sluice transcribe talk.mp4. See"},
		"an unknown format":                         {[]string{"transcribe", file, "--format", "doc"}, "no format \"doc\""},
		"times for a format that has them":          {[]string{"transcribe", file, "--format", "srt", "--times"}, "--times"},
		"json and another format":                   {[]string{"transcribe", file, "--json", "--format", "srt"}, "exclude"},
		"subtitles of two files on stdout":          {[]string{"transcribe", file, "b.mp4", "--format", "srt"}, "-o FOLDER"},
		"two files with the same output":            {[]string{"transcribe", "x/a.mp4", "y/a.mp4", "-o", t.TempDir()}, "a.txt"},
		"an output without a name":                  {[]string{"transcribe", file, "-o", ""}, "names no file"},
		"an output of add without a name":           {[]string{"add", file, "-o", ""}, "names no file"},
		"an output in a folder that is not there":   {[]string{"transcribe", file, "-o", file + ".d/x/a.srt"}, "there is no folder"},
		"an output in no folder":                    {[]string{"add", file, "-o", file + "/a.srt"}, "is no folder"},
		"a folder for outputs two levels deep":      {[]string{"transcribe", file, "b.mp4", "-o", file + ".d/x"}, "there is no folder"},
		"an export into a folder that is not there": {[]string{"export", idA, "-o", file + ".d/x.srt"}, "there is no folder"},
		"the name of a file as the folder of two":   {[]string{"transcribe", file, "b.mp4", "-o", "new.srt"}, "need a folder"},
		"an output that is the source":              {[]string{"transcribe", file, "-o", file}, "itself"},
		"a file as the folder of two outputs":       {[]string{"transcribe", "a.mp4", "b.mp4", "-o", file}, "need a folder"},
		"a beam that is too wide":                   {[]string{"add", file, "--beam", "9"}, "--beam"},
		"a negative audio track":                    {[]string{"add", file, "--audio-track", "-1"}, "--audio-track"},
		"a priority out of bounds":                  {[]string{"add", file, "--priority", "512"}, "--priority"},
		"metadata without a value":                  {[]string{"add", file, "--metadata", "course"}, "KEY=VALUE"},
		"one title for two files":                   {[]string{"add", file, "b.mp4", "--title", "T"}, "--title"},
		"a format for nothing":                      {[]string{"add", file, "--format", "srt"}, "-o"},
		"an unknown state":                          {[]string{"list", "--state", "waiting"}, "no state"},
		"a limit and all":                           {[]string{"list", "--limit", "3", "--all"}, "limit"},
		"a limit of nothing":                        {[]string{"list", "--limit", "0"}, "--limit"},
		"an id that is too short":                   {[]string{"show", "01K"}, "too short"},
		"an unknown shell":                          {[]string{"completion", "tcsh"}, "tcsh"},
		"a setting without a value":                 {[]string{"serve", "--set", "x"}, "KEY=VALUE"},
		"an address that is none":                   {[]string{"list", "--server", "ftp://x"}, "no address"},
		"no id":                                     {[]string{"cancel"}, "'sluice cancel' needs an ID."},
		"two ids for one":                           {[]string{"show", idA, idB}, "takes one ID"},
		"two ids to watch":                          {[]string{"watch", idA, idB}, "takes one ID"},
		"no job to hold":                            {[]string{"hold"}, "'sluice hold' needs an ID."},
		"no job to delete":                          {[]string{"delete"}, "'sluice delete' needs an ID."},
		"a place in the line that is not said":      {[]string{"move", idA}, "Say where"},
		"two places in the line":                    {[]string{"move", idA, "--front", "--before", idB}, "Say where"},
		"a priority to move to out of bounds":       {[]string{"move", idA, "--priority", "-513"}, "--priority goes from -512 to 511"},
		"a retry from a stage that there is not":    {[]string{"retry", idA, "--from", "dance"}, "no stage \"dance\": choose extract, transcribe, translate, summarize or deliver"},
		"a retry with no model":                     {[]string{"retry", idA, "--model", ""}, "names no model"},
		"a retry of jobs that have not ended":       {[]string{"retry", "--state", "running"}, "Jobs that are running have not ended"},
		"a retry of a state and an id":              {[]string{"retry", idA, "--state", "failed"}, "--state and ids exclude each other"},
		"two states to delete":                      {[]string{"delete", "--state", "done", "--state", "failed", "--yes"}, "--state can be given once"},
		"a retry of no state":                       {[]string{"retry", "--state", ""}, "no state"},
		"deleting jobs that wait":                   {[]string{"delete", "--state", "queued", "--yes"}, "choose done, failed or canceled"},
		"deleting a state that there is not":        {[]string{"delete", "--state", "old", "--yes"}, "no state \"old\""},
		"deleting many where nobody can be asked":   {[]string{"delete", "--state", "done"}, "nothing is deleted.\n  hint: Add --yes"},
		"all and an id to cancel":                   {[]string{"cancel", "--all", idA}, "--all and ids exclude each other"},
		"not all and no id to cancel":               {[]string{"cancel", "--all=false"}, "needs an ID"},
		"no word to search for":                     {[]string{"search", " "}, "no word"},
		"a search for nothing":                      {[]string{"search"}, "'sluice search' needs a WORD."},
		"a search for no place":                     {[]string{"search", "x", "--limit", "0"}, "--limit"},
		"no notice to dismiss":                      {[]string{"dismiss"}, "needs an ID"},
		"a start that is no time":                   {[]string{"add", file, "--not-before", "tonight"}, "\"tonight\" is none.\n  hint: Like 22:00, 2h, \"20"},
		"a start with an hour that there is not":    {[]string{"add", file, "--not-before", "25:00"}, "\"25:00\" is none"},
		"a start on a day that there is not":        {[]string{"add", file, "--not-before", "2199-02-30 22:00"}, "\"2199-02-30 22:00\" is none"},
		"a start that lies back":                    {[]string{"add", file, "--not-before", "+-2h"}, "\"+-2h\" is none"},
		"a start in the past":                       {[]string{"add", file, "--not-before", "2001-01-31T22:00:00Z"}, "is in the past"},
		"an empty start":                            {[]string{"add", file, "--not-before", ""}, "--not-before takes a time; \"\" is none"},
		"a hold until no time":                      {[]string{"hold", idA, "--until", "tonight"}, "--until takes a time; \"tonight\" is none.\n  hint: Like 22:00, 2h, \"20"},
		"a hold until the past":                     {[]string{"hold", idA, "--until", "2001-01-31T22:00:00Z"}, "--until 2001-01-31T22:00:00Z is in the past.\n  hint: Like 22:00, 2h, \"20"},
		"a hold until a day in the past":            {[]string{"hold", idA, "--until", "2001-01-31 22:00"}, "--until 2001-01-31 22:00 is in the past"},
		"a hold until nothing":                      {[]string{"hold", idA, "--until", ""}, "\"\" is none"},
		"no name of a model":                        {[]string{"models", "rm"}, "'sluice models rm' needs a NAME."},
		"an argument where none is taken":           {[]string{"version", "extra"}, "'sluice version' takes no argument; \"extra\" is one too many."},
		"a number that is none":                     {[]string{"add", file, "--threads", "abc"}, "--threads takes a whole number; \"abc\" is none."},
		"a switch with a value":                     {[]string{"list", "--all=maybe"}, "--all takes no value, or true or false; \"maybe\" is none."},
		"a flag without its value":                  {[]string{"add", file, "--language"}, "--language needs a CODE."},
		"a short flag without its value":            {[]string{"add", file, "-o"}, "--output needs a FILE."},
		"a flag that is only dashes":                {[]string{"list", "---all"}, "is no flag"},
		"letters swapped in a command":              {[]string{"transcirbe", file}, "Did you mean 'sluice transcribe'?"},
		"a letter left out of a command":            {[]string{"lst"}, "Did you mean 'sluice list'?"},
		"the beginning of a command":                {[]string{"exp"}, "Did you mean 'sluice export'?"},
		"a letter left out of a flag":               {[]string{"add", file, "--langage", "ko"}, "Did you mean --language?"},
		"a long flag with one dash":                 {[]string{"list", "-json"}, "Did you mean --json?"},
		"a command typed as a flag":                 {[]string{"--version"}, "Did you mean 'sluice version'?"},
		"a slip in a subcommand":                    {[]string{"models", "pul", "small"}, "Did you mean 'sluice models pull'?"},
		"help for a slip":                           {[]string{"help", "modles"}, "Did you mean 'sluice models'? See 'sluice --help'."},
		"help for an unknown subcommand":            {[]string{"help", "models", "pul"}, "There is no command \"pul\" in 'sluice models'.\n  hint: Did you mean 'sluice models pull'?"},
		"help for nonsense":                         {[]string{"help", "nonsense"}, "There is no command \"nonsense\".\n  hint: See 'sluice --help'."},
		"an address of another kind":                {[]string{"transcribe", "ftp://example.com/talk.mp4"}, "are taken.\n  hint: Download it first"},
		"an address of another kind to add":         {[]string{"add", file, "rtsp://example.com/a"}, "only addresses that start with https:// or http:// are taken"},
		"the address of a file":                     {[]string{"add", "file:///a.mp4"}, "Give the path"},
		"stdin":                                     {[]string{"add", "-"}, "stdin is not taken"},
		"a file that begins with a dash":            {[]string{"transcribe", "-dash.wav"}, "./-dash.wav, or after --"},
		"a file that begins with two dashes":        {[]string{"add", "--dash.wav"}, "./--dash.wav, or after --"},
		"help for an unknown command":               {[]string{"help", "frobnicate"}, "frobnicate"},
		"a subcommand that does not exist":          {[]string{"models", "push"}, "push"},
		"translations as JSON on stdout":            {[]string{"transcribe", file, "--translate-to", "ko", "--json"}, "as json.\n  hint: Add -o FILE"},
		"translations as subtitles on stdout":       {[]string{"transcribe", file, "--translate-to", "ko", "--format", "srt"}, "as srt.\n  hint: Add -o FILE"},
		"a summary with subtitles on stdout":        {[]string{"transcribe", file, "--summarize", "--format", "vtt", "-o", "-"}, "as vtt.\n  hint: Add -o FILE"},
		"translations beside a device":              {[]string{"transcribe", file, "--translate-to", "ko", "-o", "/dev/null"}, "cannot be written beside that"},
		"a translation that is another's text":      {[]string{"transcribe", "a.mp4", "a.ko.mp4", "--translate-to", "ko", "-o", t.TempDir()}, "a.mp4 and a.ko.mp4 would both be written to a.ko.txt"},
		"a translation over a source":               {[]string{"transcribe", odd, "--translate-to", "ko", "-o", strings.TrimSuffix(odd, ".ko.txt") + ".txt"}, "itself"},
		"a language that is no code":                {[]string{"add", file, "--translate-to", "ko,../x"}, "\"../x\" is none.\n  hint: Like --translate-to ko,de."},
		"an empty language":                         {[]string{"add", file, "--translate-to", "ko,,de"}, "\"\" is none"},
		"too many languages":                        {[]string{"add", file, "--translate-to", strings.Repeat("ko,", job.MaxLanguages) + "ko"}, "at most 16"},
		"no kind of summary":                        {[]string{"add", file, "--summary-template", "poem"}, "no template \"poem\": choose general, meeting, lecture or interview"},
		"a summary that is not wanted":              {[]string{"add", file, "--summarize=false", "--summary-template", "meeting"}, "exclude"},
		"a summary in no language":                  {[]string{"add", file, "--summary-language", "k o"}, "--summary-language"},
		"no register":                               {[]string{"add", file, "--register", "rude"}, "choose formal or polite"},
		"no language model":                         {[]string{"add", file, "--llm-model", " "}, "names no model"},
		"a webhook that is no address":              {[]string{"add", file, "--webhook", "hooks.example.com"}, "--webhook takes an address"},
		"an export in no language":                  {[]string{"export", idA, "--lang", ""}, "--lang takes the code"},
		"a summary as subtitles":                    {[]string{"summary", idA, "--format", "srt"}, "cannot be srt: choose txt, md or json"},
		"a state that no delivery has":              {[]string{"deliveries", "--state", "lost"}, "choose pending, delivered or parked"},
		"no delivery to send again":                 {[]string{"redeliver"}, "'sluice redeliver' needs an ID."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{})
			r := a.run(t, tt.args...)
			r.want(t, cli.ExitUsage, tt.say, "\n  hint: ")
			if r.out != "" || strings.Count(r.err, "\n") != 2 {
				t.Errorf("not one line and a hint:\n%s%s", r.out, r.err)
			}
			if len(a.asked("POST", "/api/v1/jobs")) > 0 {
				t.Error("something was submitted")
			}
		})
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, args := range map[string][]string{
		"add": {"add", "a.mp4"}, "list": {"list"}, "show": {"show", idA}, "watch": {"watch"},
		"watch a job": {"watch", idA}, "cancel": {"cancel", idA}, "export": {"export", idA},
		"pause": {"pause"}, "resume": {"resume"}, "move": {"move", idA, "--front"}, "retry": {"retry", "--state", "failed"},
		"delete": {"delete", "AAAA"}, "delete many": {"delete", "--state", "done", "--yes"}, "search": {"search", "x"}, "dismiss": {"dismiss", "1"},
	} {
		t.Run(name+" says that no server answers", func(t *testing.T) {
			t.Parallel()
			a := &api{url: gone.URL}
			r := a.run(t, args...)
			r.want(t, cli.ExitAway, "no Sluice answers at "+gone.URL+"\n", "  hint: Start it with 'sluice serve'")
		})
	}
	t.Run("a server that was named is named in the hint", func(t *testing.T) {
		t.Parallel()
		(&api{}).run(t, "list", "--server", gone.URL).want(t, cli.ExitAway, "--server or SLUICE_SERVER")
	})
	t.Run("another program on the port is no Sluice", func(t *testing.T) {
		t.Parallel()
		other := httptest.NewServer(http.NotFoundHandler())
		defer other.Close()
		(&api{url: other.URL}).run(t, "list").want(t, cli.ExitAway, "is no Sluice: it answered 404 Not Found", "hint: ")
	})
}

func TestProblems(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ problem, want string }{
		"words and hint of the server are printed": {
			`{"code":"source_missing","detail":"The file is not there.","hint":"Connect the disk."}`,
			"sluice: The file is not there.\n  hint: Connect the disk.\n  code: source_missing\n",
		},
		"the table has a hint when the server has none": {
			`{"code":"disk_full","detail":"The disk is full."}`,
			"sluice: The disk is full.\n  hint: Free some space; nothing was lost.\n  code: disk_full\n",
		},
		"every wrong field is named once": {
			`{"code":"request_invalid","detail":"source: too long","hint":"H.","fields":[{"field":"source","message":"too long"},{"field":"beam_size","message":"too big"}]}`,
			"sluice: source: too long; beam_size too big\n  hint: H.\n  code: request_invalid\n",
		},
		"a code of a newer server is no trouble": {
			`{"code":"tide_out","detail":"The tide is out.","hint":"Wait."}`,
			"sluice: The tide is out.\n  hint: Wait.\n  code: tide_out\n",
		},
		"a token is asked for in terms of the command line": {
			`{"code":"token_required","detail":"The token is missing or wrong.","hint":"Send 'Authorization: Bearer TOKEN'."}`,
			"sluice: The token is missing or wrong.\n  hint: Put the server's token (server.token of its settings) into SLUICE_SERVER_TOKEN.\n  code: token_required\n",
		},
		"a hint in terms of HTTP becomes one for typing": {
			`{"code":"not_ready","detail":"Not yet.","hint":"Wait; format=json gives some."}`,
			"sluice: Not yet.\n  hint: Wait; --format json gives some.\n  code: not_ready\n",
		},
		"a track is named as its flag": {
			`{"code":"audio_track_unknown","detail":"No such track.","hint":"Leave audio_track out."}`,
			"sluice: No such track.\n  hint: Leave --audio-track out.\n  code: audio_track_unknown\n",
		},
		"control characters of a server do nothing": {
			`{"code":"not_media","detail":"\u001b[2J\u001b]0;x\u0007No\nmedia.","hint":"\u009b31mH."}`,
			"sluice: [2J]0;xNo media.\n  hint: 31mH.\n  code: not_media\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{refuse: map[string]string{"POST /api/v1/jobs": tt.problem}})
			r := a.run(t, "add", "a.mp4")
			r.want(t, cli.ExitFailed)
			if diff := cmp.Diff(tt.want, r.err); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatAServerFindsWrongWithAFlagWasTypedWrong(t *testing.T) {
	t.Parallel()
	a := newAPI(t, &api{jobs: []object{queued(idA, "a")}, refuse: map[string]string{
		"POST /api/v1/jobs/" + idA + "/hold": `{"code":"request_invalid","detail":"until: expected a time within 10 years from now","hint":"Give an earlier time.","fields":[{"field":"until","message":"expected a time within 10 years from now"}]}`,
		"POST /api/v1/jobs":                  `{"code":"request_invalid","detail":"jobs[0].title: too long","hint":"Check the request against /openapi.json.","fields":[{"field":"jobs[0].title","message":"too long"},{"field":"jobs[1].title","message":"too long"},{"field":"jobs[0].beam_size","message":"too big"}]}`,
	}})
	tests := map[string]struct {
		args []string
		want string
	}{
		"one flag":     {[]string{"hold", "AAAA", "--until", "2199-01-31 22:00"}, "sluice: --until: expected a time within 10 years from now.\n  hint: Give an earlier time.\n"},
		"two, and two": {[]string{"add", "a.mp4", "b.mp4"}, "sluice: --title: too long; --beam: too big.\n  hint: See 'sluice add --help'.\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := a.run(t, tt.args...)
			r.want(t, cli.ExitUsage)
			if diff := cmp.Diff(tt.want, r.err); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFieldWithinAFieldIsAFlagOfItsOwn(t *testing.T) {
	t.Parallel()
	a := newAPI(t, &api{refuse: map[string]string{
		"POST /api/v1/jobs": `{"code":"request_invalid","detail":"d","fields":[{"field":"jobs[1].summary.language","message":"too long"},{"field":"translate_to[0]","message":"too long"},{"field":"language","message":"odd"}]}`,
	}})
	r := a.run(t, "add", "a.mp4")
	r.want(t, cli.ExitUsage, "sluice: --summary-language: too long; --translate-to: too long; --language: odd.\n")
}

func TestAdd(t *testing.T) {
	t.Parallel()
	t.Run("everything asked for is sent", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{})
		r := a.run(t, "add", "talk.mp4", "--title", "T", "--model", "small", "--language", "ko", "--audio-track", "0",
			"--beam", "2", "--threads", "3", "--words", "--prompt", "Seoul", "--to-english", "--no-reuse", "--priority", "-7",
			"--metadata", "a=1", "--metadata", "b=x=y,z", "--key", "k1")
		r.want(t, cli.ExitOK)
		if r.out != "01K6ZV5N3T8Q2M4R7W9XY00001\n" {
			t.Errorf("printed %q", r.out)
		}
		here, _ := filepath.Abs("talk.mp4")
		asked := a.asked("POST", "/api/v1/jobs")
		want := object{
			"source": here, "title": "T", "model": "small", "language": "ko", "audio_track": 0.0, "beam_size": 2.0,
			"threads": 3.0, "words": true, "prompt": "Seoul", "to_english": true, "reuse": false, "priority": -7.0,
			"metadata": map[string]any{"a": "1", "b": "x=y,z"},
		}
		if diff := cmp.Diff(want, asked[0].body); diff != "" {
			t.Error(diff)
		}
		if h := asked[0].header; h.Get("Idempotency-Key") != "k1" || h.Get("Authorization") != "Bearer s3cret" {
			t.Errorf("headers %v", h)
		}
	})
	t.Run("a file that begins with a dash is taken after --", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{})
		a.run(t, "add", "--", "-dash.wav").want(t, cli.ExitOK)
		a.run(t, "add", "./-dash.wav").want(t, cli.ExitOK)
		here, _ := filepath.Abs("-dash.wav")
		for _, r := range a.asked("POST", "/api/v1/jobs") {
			if r.body["source"] != here {
				t.Errorf("asked for %v", r.body["source"])
			}
		}
	})
	t.Run("what is not asked for is not sent", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{})
		a.run(t, "add", "/talk.mp4").want(t, cli.ExitOK)
		if diff := cmp.Diff(object{"source": "/talk.mp4"}, a.asked("POST", "/api/v1/jobs")[0].body); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("several files go together and come back as lines of JSON", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{})
		r := a.run(t, "add", "a.mp4", "b.mp4", "--json")
		r.want(t, cli.ExitOK)
		lines := strings.Split(strings.TrimSpace(r.out), "\n")
		if len(a.asked("POST", "/api/v1/jobs")) != 1 || len(lines) != 2 || !json.Valid([]byte(lines[1])) {
			t.Errorf("printed %q", r.out)
		}
	})
	t.Run("a job that is there already is told apart", func(t *testing.T) {
		t.Parallel()
		newAPI(t, &api{existing: true}).run(t, "add", "a.mp4").want(t, cli.ExitOK, "in the line already")
	})
	t.Run("a job that has ended already is not in the line", func(t *testing.T) {
		t.Parallel()
		r := newAPI(t, &api{existing: true, accepted: object{"state": "done"}}).run(t, "add", "a.mp4", "--key", "k1")
		r.want(t, cli.ExitOK, "was submitted before; that job is done.")
		if strings.Contains(r.err, "in the line") {
			t.Error(r.err)
		}
	})
	t.Run("a job that is there already is said once, also when it is waited for", func(t *testing.T) {
		t.Parallel()
		r := newAPI(t, finishing(&api{existing: true})).run(t, "add", "a.mp4", "-o", filepath.Join(t.TempDir(), "a.txt"))
		r.want(t, cli.ExitOK)
		if strings.Count(r.err, "in the line already") != 1 {
			t.Error(r.err)
		}
	})
	t.Run("with an output it waits and writes", func(t *testing.T) {
		t.Parallel()
		out := filepath.Join(t.TempDir(), "a.srt")
		a := &api{texts: map[string]string{"json": spoken}}
		a.streams = []func(*sse){func(s *sse) { s.job("b1-1", a.set(firstJob, object{"state": "done"})) }}
		newAPI(t, a).run(t, "add", "a.mp4", "-o", out).want(t, cli.ExitOK, firstJob)
		if got := read(t, out); !strings.Contains(got, "00:00:01,000 --> ") {
			t.Errorf("wrote %q", got)
		}
	})
	t.Run("the path of a model of this machine becomes its name", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "m.bin")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		a := newAPI(t, &api{})
		cmds := a.commands()
		cmds.Models.List = models(job.Model{Name: "mine", Path: file, Installed: true})
		session{cmds: cmds}.run(t, "add", "a.mp4", "--model", file).want(t, cli.ExitOK)
		if got := a.asked("POST", "/api/v1/jobs")[0].body["model"]; got != "mine" {
			t.Errorf("asked for %v", got)
		}
		cmds.Models.List = models()
		session{cmds: cmds}.run(t, "add", "a.mp4", "--model", file).want(t, cli.ExitFailed, "models of its own folder")
		session{cmds: cmds}.run(t, "add", "a.mp4", "--model", file+"x").want(t, cli.ExitFailed, "no model at")
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	jobs := []object{
		{"id": idA, "state": "running", "title": "회의 기록", "progress": object{"stage": "transcribe", "fraction": 0.425}},
		{"id": idB, "state": "queued", "reason": "memory", "position": 1, "title": "\x1b]0;evil\x07talk\r\n\u202emp4"},
		{"id": idC, "state": "failed", "title": "x", "error": object{"code": "no_audio_track"}},
	}
	t.Run("a table tells jobs apart", func(t *testing.T) {
		t.Parallel()
		r := newAPI(t, &api{jobs: jobs}).run(t, "list")
		r.want(t, cli.ExitOK)
		want := "" +
			"ID      STATE    REASON          PROGRESS        TITLE         AGE\n" +
			"YAAAAA  running  -               transcribe 42 %  회의 기록     -\n"
		want = strings.Replace(want, "PROGRESS        ", "PROGRESS         ", 1) +
			"YBBBBB  queued   memory          #1               ]0;eviltalk mp4  -\n"
		lines := strings.SplitAfter(r.out, "\n")
		if len(lines) != 5 || strings.Join(strings.Fields(lines[2]), " ") != strings.Join(strings.Fields(strings.SplitAfter(want, "\n")[2]), " ") {
			t.Errorf("printed\n%s", r.out)
		}
		if strings.ContainsAny(r.out, "\x1b\x07\r\u202e") {
			t.Errorf("control characters were printed: %q", r.out)
		}
		if !strings.Contains(lines[3], "no_audio_track") {
			t.Errorf("no code of the failure:\n%s", r.out)
		}
	})
	t.Run("JSON is passed on, safe and complete", func(t *testing.T) {
		t.Parallel()
		r := newAPI(t, &api{jobs: jobs, pageSize: 1}).run(t, "list", "--all", "--json")
		r.want(t, cli.ExitOK)
		var got struct{ Jobs []object }
		if err := json.Unmarshal([]byte(r.out), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Jobs) != 3 || got.Jobs[1]["title"] != jobs[1]["title"] {
			t.Errorf("got %v", got)
		}
		if strings.ContainsAny(r.out, "\x1b\x07\u202e") {
			t.Errorf("control characters were printed: %q", r.out)
		}
	})
	t.Run("a limit stops and says that there are more", func(t *testing.T) {
		t.Parallel()
		r := newAPI(t, &api{jobs: jobs}).run(t, "list", "--limit", "2")
		r.want(t, cli.ExitOK, "There are more")
		if strings.Count(r.out, "\n") != 3 {
			t.Errorf("printed\n%s", r.out)
		}
	})
	t.Run("what runs comes first, then the line, then what has ended, newest first", func(t *testing.T) {
		t.Parallel()
		ended := func(id, state string) object { return object{"id": id, "state": state, "title": id} }
		line := func(id string, place int) object {
			j := queued(id, id)
			j["position"] = place
			return j
		}
		a := newAPI(t, &api{pageSize: 1, jobs: []object{
			ended("06", "done"), line("07", 1), line("05", 2), ended("04", "failed"), line("03", 3),
			ended("02", "running"), ended("01", "done"), ended("08", "canceled"),
		}})
		order := func(args ...string) string {
			r := a.run(t, append([]string{"list"}, args...)...)
			r.want(t, cli.ExitOK)
			var ids []string
			for _, line := range strings.Split(strings.TrimSpace(r.out), "\n")[1:] {
				ids = append(ids, strings.Fields(line)[0])
			}
			return strings.Join(ids, " ")
		}
		if got := order(); got != "02 07 05 03 08 06 04 01" {
			t.Errorf("order %s", got)
		}
		if got := order("--all"); got != "02 07 05 03 08 06 04 01" {
			t.Errorf("order of all %s", got)
		}
		if got := order("--limit", "2"); got != "02 07" {
			t.Errorf("order of two %s", got)
		}
		if got := order("--state", "done"); got != "06 01" {
			t.Errorf("order of those done %s", got)
		}
	})
	t.Run("a query that finds nothing does not say that there are no jobs", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{})
		for _, args := range [][]string{{"-q", "nothinghere"}, {"--state", "failed"}} {
			r := a.run(t, append([]string{"list"}, args...)...)
			r.want(t, cli.ExitOK, "No job matches")
			if strings.Contains(r.err, "sluice add") {
				t.Error(r.err)
			}
		}
	})
	t.Run("what is back in the line says how far it came", func(t *testing.T) {
		t.Parallel()
		back, begun := queued(idA, "a"), queued(idB, "b")
		back["progress"], back["eta_seconds"] = object{"stage": "transcribe", "fraction": 0.43}, 300
		begun["progress"], begun["position"] = object{"stage": "transcribe", "fraction": 0.5}, 0
		a := newAPI(t, &api{jobs: []object{back, begun}})
		a.run(t, "list").want(t, cli.ExitOK, "turn    #1, 43 % done, 5 min left  a", "turn    50 % done                  b")
		a.run(t, "show", idA).want(t, cli.ExitOK, "So far  43 % done\n")
	})
	t.Run("an empty line teaches the next step", func(t *testing.T) {
		t.Parallel()
		newAPI(t, &api{}).run(t, "list").want(t, cli.ExitOK, "sluice add")
	})
	t.Run("long titles are cut on a terminal", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{jobs: []object{queued(idA, strings.Repeat("가", 200))}})
		r := session{cmds: a.commands(), tty: true}.run(t, "list")
		r.want(t, cli.ExitOK, "가…")
		a.run(t, "list").want(t, cli.ExitOK, strings.Repeat("가", 200))
	})
}

func TestIDs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		name string
		code int
		say  string
	}{
		"a whole id":                   {idA, cli.ExitOK, "Job    " + idA},
		"a beginning":                  {"01K7", cli.ExitOK, idC},
		"an end, in small letters":     {"bbbb", cli.ExitOK, idB},
		"a beginning that two have":    {"01K6ZV", cli.ExitUsage, idA + " or " + idB},
		"an id that nobody has":        {"ZZZZ", cli.ExitFailed, "No job has an id like"},
		"a whole id that nobody has":   {strings.Replace(idA, "A", "Z", 1), cli.ExitFailed, "No job has this id."},
		"an id that would be a path":   {"../../../../../../etc/passwd", cli.ExitFailed, "No job has this id."},
		"an id with escapes in it":     {"\x1b[2JAAAA", cli.ExitFailed, "No job has an id like \"[2JAAAA\""},
		"white space around it is cut": {" BBBBB ", cli.ExitOK, idB},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{pageSize: 2, jobs: []object{queued(idA, "a"), queued(idB, "b"), queued(idC, "c")}})
			a.run(t, "show", tt.name).want(t, tt.code, tt.say)
		})
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	a := newAPI(t, &api{jobs: []object{{
		"id": idA, "state": "failed", "title": "T\x1b[31m", "source": object{"path": "/a/b.mp4", "size": 1234567890},
		"language": "ko", "model": "small", "attempts": 3, "crashes": 1,
		"metadata": object{"video_id": "7"}, "a_newer_member": object{"x": 1},
		"stages": []object{
			{"stage": "extract", "started_at": "2026-01-02T03:04:05Z", "finished_at": "2026-01-02T03:04:17Z"},
			{"stage": "transcribe", "started_at": "2026-01-02T03:04:17Z", "finished_at": "2026-01-02T04:10:17Z", "error": "engine_crashed"},
		},
		"error":      object{"code": "engine_crashed", "message": "The engine crashed.", "hint": "Try another model."},
		"quality":    object{"warnings": []object{{"code": "gap", "at_ms": 3725000, "text": "A gap."}}},
		"created_at": "2026-01-02T03:04:05Z", "finished_at": nil,
	}}})
	r := a.run(t, "show", idA)
	r.want(t, cli.ExitOK, "T[31m", "/a/b.mp4", "1.2 GB", "video_id=7", "extract     12 s       done",
		"transcribe  1 h 6 min  failed: engine_crashed", "The engine crashed. (engine_crashed)",
		"  hint: Try another model.", "[1:02:05] A gap.")
	raw := a.run(t, "show", idA, "--json")
	if !strings.Contains(raw.out, "a_newer_member") || !json.Valid([]byte(raw.out)) {
		t.Errorf("printed %s", raw.out)
	}
}

func TestShowWaitingAndStopped(t *testing.T) {
	t.Parallel()
	run := func(code string) object {
		return object{"stage": "transcribe", "started_at": "2026-01-02T03:04:05Z", "finished_at": "2026-01-02T03:04:17Z", "error": code}
	}
	a := newAPI(t, &api{jobs: []object{{
		"id": idA, "state": "queued", "reason": "memory", "until": "2026-01-02T03:04:05Z",
		"stages": []object{run("interrupted"), run("canceled_by_user"), run("")},
	}}})
	r := a.run(t, "show", idA)
	r.want(t, cli.ExitOK, "Looks again  20", "12 s  interrupted\n", "12 s  canceled\n", "12 s  done\n")
	if strings.Contains(r.out, "Until") {
		t.Error(r.out)
	}
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	for verb, said := range map[string]string{"pause": "The line is paused.\n", "resume": "The line goes on.\n"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, &api{})
			a.run(t, verb).want(t, cli.ExitOK, said)
			a.run(t, verb, "--json").want(t, cli.ExitOK, fmt.Sprintf("{\"paused\":%t}\n", verb == "pause"))
			if n := len(a.asked("POST", "/api/v1/queue/"+verb)); n != 2 {
				t.Errorf("the server was asked %d times", n)
			}
			a.run(t, verb, "now").want(t, cli.ExitUsage)
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	jobs := func() []object { return []object{queued(idA, "a"), queued(idB, "b")} }
	t.Run("each is canceled", func(t *testing.T) {
		t.Parallel()
		newAPI(t, &api{jobs: jobs()}).run(t, "cancel", "AAAA", "BBBB").want(t, cli.ExitOK, idA+" canceled (a)", idB+" canceled (b)")
	})
	t.Run("one that has ended does not save the others", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{jobs: jobs(), refuse: map[string]string{
			"POST /api/v1/jobs/" + idA + "/cancel": `{"code":"job_final","detail":"The job has ended."}`,
		}})
		a.run(t, "cancel", idA, idB).want(t, cli.ExitFailed, idA+": The job has ended.", idB+" canceled")
	})
	t.Run("a wrong name cancels nothing", func(t *testing.T) {
		t.Parallel()
		a := newAPI(t, &api{jobs: jobs()})
		a.run(t, "cancel", idA, "ZZZZ").want(t, cli.ExitFailed, "ZZZZ")
		if len(a.asked("POST", "/api/v1/jobs/"+idA+"/cancel")) > 0 {
			t.Error("a job was canceled")
		}
	})
}

package cli_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/cli"
	"sluice/internal/job"
)

// diagnosed is a session whose doctor finds this.
func diagnosed(d job.Diagnosis) session {
	return session{cmds: cli.Commands{Doctor: func(context.Context) (job.Diagnosis, error) { return d, nil }}}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	ok := job.Finding{Name: "ffmpeg", Level: job.FindingOK, Text: "7.1", Hint: "Nothing to do."}
	warn := job.Finding{Name: "power", Level: job.FindingWarn, Text: "on\x1b battery", Hint: "Plug it in."}
	bad := job.Finding{Name: "model", Level: job.FindingFail, Text: "none installed", Hint: "Pull one."}
	budget := []job.Budget{
		{Stage: job.Transcribe, Model: "small", Need: 1.1e9, From: job.FromMeasured, Fits: true, Chosen: true, Here: new(true)},
		{Stage: job.Transcribe, Model: "large", Need: 4.7e9, From: job.FromCatalog, Text: "Too much."},
		{Stage: job.Transcribe, Model: "llm\x1b", Context: 8192, From: job.FromFile, Fits: true},
	}
	const table = `
STAGE       MODEL    CONTEXT  MEMORY  KNOWN FROM  FITS  NOTE
transcribe  small *  -        1.1 GB  measured    yes
transcribe  large    -        4.7 GB  catalog     no    Too much.
transcribe  llm      8192     -       -           -
`
	const short = `
STAGE       MODEL    MEMORY  KNOWN FROM  FITS  NOTE
transcribe  small *  1.1 GB  measured    yes
`
	tests := map[string]struct {
		found job.Diagnosis
		code  int
		out   string
	}{
		"a warning does no harm": {
			job.Diagnosis{Findings: []job.Finding{ok, warn}},
			cli.ExitOK,
			"ok    ffmpeg  7.1\nwarn  power   on battery\n              hint: Plug it in.\n",
		},
		"a failure is the exit code": {
			job.Diagnosis{Findings: []job.Finding{bad}},
			cli.ExitFailed,
			"fail  model  none installed\n             hint: Pull one.\n",
		},
		"the budget stands below, even when what is chosen does not fit": {
			job.Diagnosis{Findings: []job.Finding{ok}, Budget: budget},
			cli.ExitOK,
			"ok  ffmpeg  7.1\n" + table,
		},
		"without language models nothing is said of contexts": {
			job.Diagnosis{Findings: []job.Finding{ok}, Budget: budget[:1]},
			cli.ExitOK,
			"ok  ffmpeg  7.1\n" + short,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := diagnosed(tt.found)
			r := s.run(t, "doctor")
			r.want(t, tt.code)
			if diff := cmp.Diff(tt.out, r.out); diff != "" {
				t.Error(diff)
			}
			raw := s.run(t, "doctor", "--json")
			var got job.Diagnosis
			if err := json.Unmarshal([]byte(raw.out), &got); err != nil || raw.code != tt.code {
				t.Fatalf("%d, %v: %s", raw.code, err, raw.out)
			}
			want := tt.found
			if want.Budget == nil {
				want.Budget = []job.Budget{}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(raw.out, "null") || strings.Contains(raw.out, "\x1b") {
				t.Errorf("not fit to be shown: %s", raw.out)
			}
		})
	}
}

func TestDoctorKeepsWithinTheTerminal(t *testing.T) {
	t.Parallel()
	d := job.Diagnosis{Findings: []job.Finding{
		{Name: "memory", Level: job.FindingOK, Text: "18.0 GB in all, 7.2 GB available, pressure normal; one stage may take 10.2 GB"},
		{Name: "ffmpeg", Level: job.FindingFail, Text: "missing", Hint: "Install it with 'brew install ffmpeg' and try it once more."},
	}}
	const want = `ok    memory  18.0 GB in all, 7.2 GB
              available, pressure
              normal; one stage may take
              10.2 GB
fail  ffmpeg  missing
              hint: Install it with
              'brew install ffmpeg' and
              try it once more.
`
	s := diagnosed(d)
	s.tty, s.width = true, 40
	if diff := cmp.Diff(want, s.run(t, "doctor").out); diff != "" {
		t.Error(diff)
	}
	s.width = 25 // nothing readable fits beside the names
	if r := s.run(t, "doctor"); strings.Count(r.out, "\n") != 3 {
		t.Errorf("%s", r.out)
	}
	s.tty, s.width = false, 40
	if r := s.run(t, "doctor"); strings.Count(r.out, "\n") != 3 {
		t.Errorf("what a program reads was wrapped:\n%s", r.out)
	}
}

package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/models"
	"sluice/internal/ollama"
	"sluice/internal/pipeline"
	"sluice/internal/settings"
)

// fakeScale is a machine of 18 GB of which a stage may take ten.
type fakeScale struct{ reading job.Reading }

func (s fakeScale) Reading() job.Reading { return s.reading }
func (s fakeScale) Ceiling() int64 {
	if s.reading.Total == 0 {
		return 0
	}
	return 10e9
}
func (s fakeScale) Free() int64 { return s.reading.Available - 1e9 }

func (s fakeScale) Never(bytes int64) string {
	if s.Ceiling() == 0 || bytes <= s.Ceiling() {
		return ""
	}
	return "needs " + job.FormatBytes(bytes) + " of ten"
}

func (s fakeScale) Shut() string {
	if s.reading.Level == job.Critical {
		return "memory is critically short"
	}
	return ""
}

// fakeSpeech has models by name, in their order. The first one is the standard.
type fakeSpeech []models.Info

func (f fakeSpeech) infos(context.Context) ([]models.Info, error) { return f, nil }
func (f fakeSpeech) standard(context.Context) string              { return strings.ToUpper(f[0].Name) }

// needs has measured what is small.
func (f fakeSpeech) needs(_ context.Context, m models.Info) (int64, job.Known) {
	if m.Installed && m.NeedBytes < 1e9 {
		return m.NeedBytes, job.FromMeasured
	}
	return m.NeedBytes, job.FromCatalog
}

// look knows names in large letters too.
func (f fakeSpeech) look(_ context.Context, o job.Options) (pipeline.Model, error) {
	for _, m := range f {
		found := pipeline.Model{Name: m.Name, NeedBytes: m.NeedBytes}
		switch {
		case !strings.EqualFold(m.Name, o.Model):
		case !m.Installed:
			return found, fault.New(fault.ModelMissing, "It is not installed.", nil).WithHint("Pull it.")
		default:
			return found, nil
		}
	}
	return pipeline.Model{}, fault.New(fault.ModelUnknown, "There is none.", nil)
}

func (f fakeSpeech) TooLarge(n job.Need, language string) error {
	if n.Bytes <= 10e9 {
		return nil
	}
	return fault.New(fault.ModelTooLarge, n.Model+" is too large.", nil).WithHint("Take another for %s.", language)
}

// fakeTool answers for ffmpeg.
type fakeTool func(ctx context.Context) (string, string, error)

func (f fakeTool) Version(ctx context.Context) (path, version string, err error) { return f(ctx) }

func there(context.Context) (path, version string, err error) { return "/opt/bin/ffmpeg", "7.1", nil }

// fakeOllama has models by name with what they need; a need below 0 is not told.
type fakeOllama struct {
	remote bool
	away   error
	hangs  bool // until the context ends
	has    []ollama.Model
	needs  map[string]int64
	loaded []ollama.Loaded
}

func (o *fakeOllama) Local() bool { return !o.remote }

func (o *fakeOllama) Version(ctx context.Context) (string, error) {
	if o.hangs {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return "0.32.1", o.away
}

func (o *fakeOllama) Models(context.Context) ([]ollama.Model, error)   { return o.has, nil }
func (o *fakeOllama) Running(context.Context) ([]ollama.Loaded, error) { return o.loaded, nil }

func (o *fakeOllama) Need(_ context.Context, model string, tokens int) (int64, error) {
	need, ok := o.needs[model]
	if !ok || tokens != 8192 {
		return 0, errors.New("not told")
	}
	return need, nil
}

type fakePower struct {
	battery bool
	err     error
}

func (p fakePower) OnBattery(context.Context) (bool, error) { return p.battery, p.err }

func installed(name string, need int64) models.Info {
	return models.Info{Name: name, NeedBytes: need, Installed: true, Catalog: true}
}

// fine is a machine on which all is well.
func fine(t *testing.T) examined {
	t.Helper()
	dir := t.TempDir()
	s, err := settings.Load(settings.Options{Environ: []string{"SLUICE_HOME=" + dir, "SLUICE_DISK_MIN_FREE=0"}, Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	return examined{
		settings: s,
		gate:     fakeScale{job.Reading{Level: job.Normal, Total: 18e9, Available: 9e9}},
		speech:   fakeSpeech{installed("small", 1e9)},
		suits:    func() suits { return suits{speech: "small", llm: "gemma3:4b", context: 8192, need: 4e9} },
		ffmpeg:   fakeTool(there),
		ollama: &fakeOllama{
			has:    []ollama.Model{{Name: "gemma3:4b"}},
			needs:  map[string]int64{"gemma3:4b": 5e9},
			loaded: []ollama.Loaded{{Name: "gemma3:4b", Bytes: 4.8e9}},
		},
		power:  fakePower{},
		engine: func() (string, int64) { return "small", 9e8 },
	}
}

func diagnose(t *testing.T, x examined) job.Diagnosis {
	t.Helper()
	d, err := newDoctor(x).Diagnose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// finding is what was found of one thing.
func finding(t *testing.T, d job.Diagnosis, name string) job.Finding {
	t.Helper()
	for _, f := range d.Findings {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("nothing is said of %s: %+v", name, d.Findings)
	return job.Finding{}
}

func TestTheDoctorLooksAtEverything(t *testing.T) {
	t.Parallel()
	x := fine(t)
	d := diagnose(t, x)
	var names []string
	for _, f := range d.Findings {
		names = append(names, f.Name)
		if f.Name != "engine" && (f.Level != job.FindingOK || f.Text == "") { // a build for tests may have no engine
			t.Errorf("%+v", f)
		}
	}
	want := []string{"sluice", "settings", "data", "memory", "engine", "ffmpeg", "model", "ollama", "power"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"settings": "1 set, the rest are the defaults",
		"memory":   "18.0 GB in all, 9.0 GB available, pressure normal; one stage may take 10.0 GB, and 8.0 GB now",
		"ffmpeg":   "version 7.1 at /opt/bin/ffmpeg",
		"model":    "small is installed",
		"ollama":   "version 0.32.1; gemma3:4b is installed; holds gemma3:4b with 4.8 GB now",
		"power":    "on mains; jobs run on battery too",
	} {
		if got := finding(t, d, name).Text; got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if left, _ := os.ReadDir(x.settings.Dirs.Data); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
	x.server = func(_ context.Context, f job.Finding) job.Finding { f.Text = "not running"; return f }
	want = append(want, "server")
	x.ollama, x.power = nil, nil
	if got := diagnose(t, x).Findings; len(got) != len(want)-2 || got[len(got)-1].Name != "server" {
		t.Errorf("%+v", got)
	}
}

func TestWhatTheDoctorSaysOfWhatIsNotWell(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(t *testing.T, x *examined)
		want   job.Finding
	}{
		"ffmpeg is missing": {
			func(_ *testing.T, x *examined) {
				x.ffmpeg = fakeTool(func(context.Context) (string, string, error) {
					return "", "", fault.New(fault.FFmpegMissing, "It is not there.", nil).WithHint("Install it.")
				})
			},
			job.Finding{Name: "ffmpeg", Level: job.FindingFail, Text: "It is not there.", Hint: "Install it."},
		},
		"the model is missing": {
			func(_ *testing.T, x *examined) { x.speech = fakeSpeech{{Name: "small", Catalog: true}} },
			job.Finding{Name: "model", Level: job.FindingFail, Text: "It is not installed.", Hint: "Pull it."},
		},
		"the model can never fit": {
			func(_ *testing.T, x *examined) { x.speech = fakeSpeech{installed("huge", 11e9)} },
			job.Finding{Name: "model", Level: job.FindingFail, Text: "huge is too large.", Hint: "Take another for auto."},
		},
		"a missing model that can never fit is not to be installed": {
			func(_ *testing.T, x *examined) {
				x.speech = fakeSpeech{{Name: "huge", NeedBytes: 11e9, Catalog: true}}
				x.settings.Speech.Model, x.settings.Speech.Language = "huge", "ko"
			},
			job.Finding{Name: "model", Level: job.FindingFail, Text: "huge is too large.", Hint: "Take another for ko. Change speech.model, or remove it."},
		},
		"memory is critically short": {
			func(_ *testing.T, x *examined) {
				x.gate = fakeScale{job.Reading{Level: job.Critical, Total: 18e9, Available: 1e8, Confined: true}}
			},
			job.Finding{
				Name: "memory", Level: job.FindingWarn, Text: "18.0 GB allowed by its container, 100 MB available, pressure critical; one stage may take 10.0 GB, but none starts now: memory is critically short",
				Hint: "Jobs wait until memory is free: close what you do not need.",
			},
		},
		"memory cannot be read": {
			func(_ *testing.T, x *examined) { x.gate = fakeScale{} },
			job.Finding{
				Name: "memory", Level: job.FindingWarn, Text: "The memory of this machine cannot be read.",
				Hint: "Jobs start all the same; set memory.ceiling to bound what they take.",
			},
		},
		"a file is where the data folder should be": {
			func(t *testing.T, x *examined) {
				t.Helper()
				x.settings.Dirs.Data = filepath.Join(t.TempDir(), "file")
				if err := os.WriteFile(x.settings.Dirs.Data, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			},
			job.Finding{Name: "data", Level: job.FindingFail, Text: "The data folder cannot be made: not a directory.", Hint: "Check the folder's owner, or set SLUICE_HOME."},
		},
		"settings are wrong": {
			func(_ *testing.T, x *examined) {
				x.wrong = []error{
					fault.New(fault.SettingInvalid, "a.b is wrong.", nil).WithHint("Write 1."),
					fault.New(fault.SettingInvalid, "c.d is none.", nil).WithHint("Remove it."),
				}
			},
			job.Finding{
				Name: "settings", Level: job.FindingFail, Text: "a.b is wrong. c.d is none.",
				Hint: "Write 1. Remove it. Until then no server starts; the rest was looked at with the defaults instead.",
			},
		},
		"a setting has a wrong name": {
			func(_ *testing.T, x *examined) { x.settings.Notes = []string{"SLUICE_X is no setting"} },
			job.Finding{Name: "settings", Level: job.FindingWarn, Text: "SLUICE_X is no setting", Hint: "Correct the name, or remove it."},
		},
		"Ollama is away": {
			func(_ *testing.T, x *examined) {
				x.ollama = &fakeOllama{away: fault.New(fault.OllamaUnreachable, "It does not answer.", nil).WithHint("Start it.")}
			},
			job.Finding{Name: "ollama", Level: job.FindingWarn, Text: "It does not answer.", Hint: "Start it. Speech is recognised without it."},
		},
		"the language model is missing": {
			func(_ *testing.T, x *examined) { x.ollama = &fakeOllama{has: []ollama.Model{{Name: "gemma3:12b"}}} },
			job.Finding{
				Name: "ollama", Level: job.FindingWarn, Text: "version 0.32.1, but the language model gemma3:4b is not installed",
				Hint: "Get it with 'ollama pull gemma3:4b'. Speech is recognised without it.",
			},
		},
		"the language model can never fit": {
			func(_ *testing.T, x *examined) {
				x.ollama = &fakeOllama{}
				x.suits = func() suits { return suits{llm: "gemma3:27b", context: 8192, need: 20e9} }
			},
			job.Finding{
				Name: "ollama", Level: job.FindingWarn, Text: "version 0.32.1, but the language model gemma3:27b is too large: it needs 20.0 GB of ten",
				Hint: "Name a smaller one in ollama.model. Speech is recognised without it.",
			},
		},
		"no language model suits": {
			func(_ *testing.T, x *examined) { x.suits = func() suits { return suits{} } },
			job.Finding{Name: "ollama", Level: job.FindingOK, Text: "version 0.32.1; no language model suits this machine; holds gemma3:4b with 4.8 GB now"},
		},
		"a language model without a tag is the latest": {
			func(_ *testing.T, x *examined) {
				x.suits = func() suits { return suits{llm: "Gemma3"} }
				x.ollama = &fakeOllama{has: []ollama.Model{{Name: "gemma3:latest", Remote: true}}}
			},
			job.Finding{Name: "ollama", Level: job.FindingOK, Text: "version 0.32.1; Gemma3 is installed"},
		},
		"on battery, where that keeps jobs waiting": {
			func(_ *testing.T, x *examined) {
				x.power, x.settings.Now().Power.OnlyOnAC = fakePower{battery: true}, true
			},
			job.Finding{Name: "power", Level: job.FindingWarn, Text: "on battery, so jobs wait", Hint: "Plug it in, or set power.only_on_ac to false."},
		},
		"on battery, where that does not matter": {
			func(_ *testing.T, x *examined) { x.power = fakePower{battery: true} },
			job.Finding{Name: "power", Level: job.FindingOK, Text: "on battery; jobs run anyway"},
		},
		"on mains, where a battery would matter": {
			func(_ *testing.T, x *examined) { x.settings.Now().Power.OnlyOnAC = true },
			job.Finding{Name: "power", Level: job.FindingOK, Text: "on mains; jobs wait while on battery"},
		},
		"nobody knows of a battery, and it would matter": {
			func(_ *testing.T, x *examined) {
				x.power, x.settings.Now().Power.OnlyOnAC = fakePower{err: errors.New("no pmset")}, true
			},
			job.Finding{
				Name: "power", Level: job.FindingWarn, Text: "This system does not say what it runs on.",
				Hint: "Until it does, power.only_on_ac keeps no job waiting.",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := fine(t)
			tt.change(t, &x)
			if diff := cmp.Diff(tt.want, finding(t, diagnose(t, x), tt.want.Name)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheBudget(t *testing.T) {
	t.Parallel()
	x := fine(t)
	x.speech = fakeSpeech{
		installed("base", 4e8),
		installed("small", 1e9),
		{Name: "turbo", NeedBytes: 15e8, Catalog: true},
		{Name: "large", NeedBytes: 5e9, Catalog: true}, // neither here nor suited
		{Name: "broken", NeedBytes: 1e9, Damaged: true},
		{Name: "mine", NeedBytes: 12e9, Installed: true},
	}
	x.suits = func() suits { return suits{speech: "turbo", llm: "gemma3:4b", context: 8192, need: 4e9} }
	x.ollama = &fakeOllama{
		has:   []ollama.Model{{Name: "big:70b"}, {Name: "gemma3:4b"}, {Name: "odd:1b"}, {Name: "far:cloud", Remote: true}},
		needs: map[string]int64{"big:70b": 40e9, "gemma3:4b": 5e9},
	}
	here, away := new(true), new(false)
	want := []job.Budget{
		{Stage: job.Transcribe, Model: "base", Need: 4e8, From: job.FromMeasured, Fits: true, Chosen: true, Here: here},
		{Stage: job.Transcribe, Model: "small", Need: 1e9, From: job.FromCatalog, Fits: true, Here: here},
		{Stage: job.Transcribe, Model: "turbo", Need: 15e8, From: job.FromCatalog, Fits: true, Here: away, Text: "Not installed; get it with 'sluice models pull turbo'."},
		{Stage: job.Transcribe, Model: "mine", Need: 12e9, From: job.FromCatalog, Here: here, Text: "It needs 12.0 GB of ten."},
		{Stage: "translate", Model: "gemma3:4b", Context: 8192, Need: 5e9, From: job.FromFile, Fits: true, Chosen: true, Here: here},
		{Stage: "translate", Model: "odd:1b", Context: 8192, From: job.FromFile, Fits: true, Here: here, Text: "What it needs is not known."},
		{Stage: "translate", Model: "big:70b", Context: 8192, Need: 40e9, From: job.FromFile, Here: here, Text: "It needs 40.0 GB of ten."},
	}
	if diff := cmp.Diff(want, diagnose(t, x).Budget); diff != "" {
		t.Error(diff)
	}
}

func TestTheBudgetOfAStandardModelThatIsNotThere(t *testing.T) {
	t.Parallel()
	row := job.Budget{Stage: job.Transcribe, Model: "huge", Chosen: true}
	tests := map[string]struct {
		speech fakeSpeech
		want   func(b *job.Budget)
	}{
		"it can be pulled": {fakeSpeech{{Name: "huge", NeedBytes: 2e9}}, func(b *job.Budget) {
			b.Need, b.From, b.Fits, b.Here, b.Text = 2e9, job.FromCatalog, true, new(false), "Not installed; get it with 'sluice models pull huge'."
		}},
		"it can never fit": {fakeSpeech{{Name: "huge", NeedBytes: 11e9}}, func(b *job.Budget) {
			b.Need, b.From, b.Here, b.Text = 11e9, job.FromCatalog, new(false), "It needs 11.0 GB of ten. Take another for auto."
		}},
		"its file is damaged": {fakeSpeech{{Name: "huge", Damaged: true}}, func(b *job.Budget) {
			b.From, b.Fits, b.Text = job.FromFile, true, "It is not installed."
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := fine(t)
			x.speech = tt.speech
			want := row
			tt.want(&want)
			if diff := cmp.Diff(want, diagnose(t, x).Budget[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheBudgetOfALanguageModelThatIsNotThere(t *testing.T) {
	t.Parallel()
	row := job.Budget{Stage: "translate", Model: "gemma3:4b", Context: 8192, Need: 4e9, From: job.FromCatalog, Fits: true, Chosen: true}
	tests := map[string]struct {
		ollama *fakeOllama
		here   *bool
		text   string // "" = there is no row
	}{
		"it can be pulled":              {&fakeOllama{}, new(false), "Not installed; get it with 'ollama pull gemma3:4b'."},
		"Ollama is away":                {&fakeOllama{away: errors.New("away")}, nil, "Whether it is installed is not known."},
		"Ollama is on another machine":  {&fakeOllama{remote: true, has: []ollama.Model{{Name: "gemma3:4b"}}}, nil, ""},
		"another machine does not have": {&fakeOllama{remote: true}, nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := fine(t)
			x.ollama = tt.ollama
			want := []job.Budget{}
			if tt.text != "" {
				row := row
				row.Text, row.Here = tt.text, tt.here
				want = append(want, row)
			}
			if diff := cmp.Diff(want, diagnose(t, x).Budget[1:]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPeakIsPlannedWithAFifthMore(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ estimate, peak, floor, ceiling, want int64 }{
		"it never ran":                               {100, 0, 0, 1000, 100},
		"it took more than was thought":              {100, 200, 0, 1000, 240},
		"it took less":                               {100, 50, 0, 1000, 60},
		"never more than the machine can give":       {100, 900, 0, 1000, 1000},
		"what it took is more than there is now":     {100, 1200, 0, 1000, 1000},
		"a machine that says nothing bounds nothing": {100, 200, 0, 0, 240},
		"it died of want":                            {100, 0, 150, 1000, 150},
		"it died although it has run with less":      {100, 100, 150, 1000, 150},
		"what it died of is more than there is now":  {100, 0, 1500, 1000, 1000},
		"what can never fit is not made to fit":      {1200, 0, 0, 1000, 1200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := planned(tt.estimate, tt.peak, tt.floor, tt.ceiling); got != tt.want {
				t.Errorf("%d", got)
			}
		})
	}
}

func TestTheLanguageModelOfTheSettingsWins(t *testing.T) {
	t.Parallel()
	const turbo = "large-v3-turbo-q5_0"
	tests := map[string]struct {
		ceiling int64
		model   string
		want    suits
	}{
		"none named":                {0, "", suits{turbo, "gemma3:4b", 8192, 42e8}},
		"the one of the plan named": {0, "Gemma3:4B", suits{turbo, "gemma3:4b", 8192, 42e8}},
		"another named, of which the catalog knows nothing": {0, "qwen3:8b", suits{turbo, "qwen3:8b", 8192, 0}},
		"none named under a low ceiling":                    {2e9, "", suits{turbo, "gemma3:1b", 4096, 15e8}},
		"the machine's own named under a low ceiling":       {2e9, "gemma3:4b", suits{turbo, "gemma3:4b", 8192, 42e8}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := suitsOf(18<<30, tt.ceiling, tt.model); got != tt.want {
				t.Errorf("%+v", got)
			}
		})
	}
}

// An hour would not be enough for what hangs here.
func TestTheDoctorAnswersWhateverHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := fine(t)
		x.ollama = &fakeOllama{hangs: true}
		var begun atomic.Int32
		gone := make(chan struct{})
		x.ffmpeg = fakeTool(func(context.Context) (string, string, error) { // it does not heed its context
			begun.Add(1)
			<-gone
			return there(t.Context())
		})
		doctor := newDoctor(x)
		for range 2 {
			start := time.Now()
			d, err := doctor.Diagnose(t.Context())
			if took := time.Since(start); err != nil || took > 3*time.Second {
				t.Fatalf("after %s: %v", took, err)
			}
			want := job.Finding{
				Name: "ollama", Level: job.FindingWarn, Text: "Ollama at http://127.0.0.1:11434 did not answer within 2 seconds.",
				Hint: "Start Ollama again. Speech is recognised without it.",
			}
			if diff := cmp.Diff(want, finding(t, d, "ollama")); diff != "" {
				t.Error(diff)
			}
			if f := finding(t, d, "ffmpeg"); f.Level != job.FindingFail || f.Text != "ffmpeg did not answer within 2 seconds." || f.Hint == "" {
				t.Errorf("%+v", f)
			}
			if f := finding(t, d, "model"); f.Level != job.FindingOK {
				t.Errorf("the rest is not told: %+v", f)
			}
		}
		if n := begun.Load(); n != 1 {
			t.Errorf("%d looks hang", n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		if _, err := doctor.Diagnose(ctx); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("who has gone waited %s: %v", time.Since(start), err)
		}
		close(gone)
		synctest.Wait()
		d, err := doctor.Diagnose(t.Context())
		if err != nil || finding(t, d, "ffmpeg").Level != job.FindingOK {
			t.Errorf("what hung is not well again: %v, %+v", err, d)
		}
	})
}

func TestAToolThatHangsIsToldWithItsFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := fine(t)
		x.ffmpeg = fakeTool(func(ctx context.Context) (string, string, error) {
			<-ctx.Done()
			return "/opt/bin/ffmpeg", "", ctx.Err()
		})
		if got, want := finding(t, diagnose(t, x), "ffmpeg").Text, "ffmpeg at /opt/bin/ffmpeg did not answer within 2 seconds."; got != want {
			t.Error(got)
		}
	})
}

func TestPathsAreToldFromTheHomeFolder(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	for path, want := range map[string]string{
		home:                  "~",
		home + "/Library/x":   "~/Library/x",
		home + "more/x":       home + "more/x",
		"/Volumes/Data/x":     "/Volumes/Data/x",
		"/x" + home + "/file": "/x" + home + "/file",
	} {
		if got := fromHome(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestAServerThatStartsComplainsOfWhatKeepsJobsFromRunning(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	complain(slog.New(slog.NewTextHandler(&b, nil)), []job.Finding{
		{Name: "data", Level: job.FindingOK}, {Name: "ollama", Level: job.FindingWarn}, {Name: "model", Level: job.FindingFail},
	})
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "level=INFO") || !strings.Contains(lines[0], "about=ollama") ||
		!strings.Contains(lines[1], "level=WARN") || !strings.Contains(lines[1], "about=model") {
		t.Errorf("%s", b.String())
	}
}

package app

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/internal/admission"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/memory"
	"sluice/internal/models"
	"sluice/internal/settings"
)

// fakePeaks knows what models took by digest, whatever the beam.
type fakePeaks map[string]int64

func (f fakePeaks) Peak(_ context.Context, digest string, _ int) (peak, floor int64, err error) {
	return f[digest], 0, nil
}

// finderWith has the settings of the variables on a machine of 18 GB.
func finderWith(t *testing.T, peaks knownPeaks, env ...string) *finder {
	t.Helper()
	dir := t.TempDir()
	s, err := settings.Load(settings.Options{Environ: append(env, "SLUICE_HOME="+dir), Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	probe := memory.Script([]job.Reading{{Level: job.Normal, Total: 18 << 30, Available: 9 << 30, FreePercent: 60}})
	gate := admission.New(admission.Deps{Probe: probe, Log: slog.New(slog.DiscardHandler)}, admission.Config{CeilingBytes: s.Memory.Ceiling})
	f, err := newFinder(s, peaks, gate)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const oneGB = "SLUICE_MEMORY_CEILING=1GB"

func TestAnOrderThatCanNeverFitNamesWhatDecidesAndWhatFits(t *testing.T) {
	t.Parallel()
	const too = "The model large-v3 is too large: it needs 4.2 GB, the setting memory.ceiling allows 1.0 GB."
	tests := map[string]struct{ language, ceiling, hint string }{
		"in any language":     {"auto", oneGB, "The largest model that fits is small."},
		"in Korean":           {"ko", oneGB, "The largest model that fits is small."},
		"in English":          {"en", oneGB, "The largest model that fits is small.en."},
		"hardly anything can": {"ko", "SLUICE_MEMORY_CEILING=256MB", "The largest model that fits is tiny-q5_1."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := finderWith(t, fakePeaks{}, tt.ceiling)
			d := &job.Draft{Options: job.Options{Model: "large-v3", Language: tt.language}}
			x := fault.From(f.Check(t.Context(), d))
			if x.Code != fault.ModelTooLarge || x.Hint != tt.hint || tt.ceiling == oneGB && x.Say != too {
				t.Errorf("%s: %s %s", x.Code, x.Say, x.Hint)
			}
			// The same is told of a job that waits already.
			m, err := f.Model(t.Context(), "large-v3", 5)
			if !fault.Is(err, fault.ModelMissing) {
				t.Fatal(err)
			}
			again := fault.From(f.TooLarge(job.Need{Stage: job.Transcribe, Model: m.Name, Bytes: m.NeedBytes}, tt.language))
			if again.Say != x.Say || again.Hint != x.Hint {
				t.Errorf("of a waiting job it says %s %s", again.Say, again.Hint)
			}
		})
	}
}

func TestAnOrderFetchesItsModelOnlyOnceItIsAccepted(t *testing.T) {
	t.Parallel()
	f := finderWith(t, fakePeaks{}, "SLUICE_MODELS_AUTO_DOWNLOAD=true")
	f.downloads = models.NewDownloads(models.DownloadsDeps{Store: f.Store, Changed: func(string, *job.Download) {}, Log: slog.New(slog.DiscardHandler)})
	d := &job.Draft{Options: job.Options{Model: "tiny", Language: "auto"}}
	if err := f.Check(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if got := f.downloads.Of("tiny"); got != nil {
		t.Errorf("it is downloaded before there is a job: %+v", got)
	}
	f.fetch(d.Options)
	if got := f.downloads.Of("tiny"); got == nil || got.State != job.DownloadWaiting {
		t.Errorf("it is not downloaded: %+v", got)
	}
	if err := f.Remove(t.Context(), "ggml-tiny.bin"); !fault.Is(err, fault.ModelInUse) {
		t.Errorf("what is to come is removed: %v", err)
	}
	f.settings.Now().Models.AutoDownload = false
	f.fetch(job.Options{Model: "base"})
	if got := f.downloads.Of("base"); got != nil {
		t.Errorf("it is downloaded unasked: %+v", got)
	}
}

func TestWhatIsToBeInstalledFits(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		env  []string
		want string
	}{
		"the plan of the machine":                 {nil, "large-v3-turbo-q5_0"},
		"the setting":                             {[]string{"SLUICE_SPEECH_MODEL=large-v3"}, "large-v3"},
		"the setting, however it is spelled":      {[]string{"SLUICE_SPEECH_MODEL=ggml-base"}, "base"},
		"a setting that nobody knows":             {[]string{"SLUICE_SPEECH_MODEL=mine"}, "mine"},
		"less than the plan below a ceiling":      {[]string{oneGB}, "small"},
		"not the setting below a ceiling":         {[]string{oneGB, "SLUICE_SPEECH_MODEL=large-v3"}, "small"},
		"the smallest of all when no plan fits":   {[]string{"SLUICE_MEMORY_CEILING=256MB"}, "tiny-q5_1"},
		"the smallest of its language by setting": {[]string{"SLUICE_MEMORY_CEILING=256MB", "SLUICE_SPEECH_LANGUAGE=en"}, "tiny.en-q5_1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := finderWith(t, fakePeaks{}, tt.env...)
			if got := f.suited(); got != tt.want {
				t.Errorf("%q", got)
			}
			list, err := f.List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if i := slices.IndexFunc(list, func(m job.Model) bool { return m.Suits }); tt.want != "mine" && (i < 0 || list[i].Name != tt.want || !list[i].Fits) {
				t.Errorf("the list has %d", i)
			}
		})
	}
}

// TestTheListAndTheDoctorKnowTheSameNeeds has one model of a user's own that ran.
func TestTheListAndTheDoctorKnowTheSameNeeds(t *testing.T) {
	t.Parallel()
	peaks := fakePeaks{}
	f := finderWith(t, peaks, "SLUICE_SPEECH_MODEL=own")
	if err := os.MkdirAll(f.settings.Now().Models.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.settings.Now().Models.Dir, "own.bin"), bytes.Repeat([]byte("w"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f.Store = models.New(models.Config{Dir: f.settings.Now().Models.Dir, Check: func(string) error { return nil }})
	guess := models.NeedBytes(1 << 20)
	expect := func(when string, need int64, from job.Known) {
		t.Helper()
		list, err := f.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		x := fine(t)
		x.speech, x.settings = f, f.settings
		row := diagnose(t, x).Budget[0]
		if listed := list[len(list)-1].NeedBytes; listed != need || row.Need != need || row.From != from || row.Model != "own" {
			t.Errorf("%s the list has %d and the doctor %+v", when, listed, row)
		}
		d := &job.Draft{Options: job.Options{Model: "own", BeamSize: f.settings.Now().Speech.BeamSize}}
		if m, err := f.look(t.Context(), d.Options); err != nil || m.NeedBytes != need {
			t.Errorf("%s an order needs %d, %v", when, m.NeedBytes, err)
		}
	}
	expect("before it ran", guess, job.FromFile)
	m, err := f.Model(t.Context(), "own", 5)
	if err != nil {
		t.Fatal(err)
	}
	peaks[m.Digest] = 5e7
	expect("after it ran", 6e7, job.FromMeasured)
}

func TestTheDoctorOfAMachineOnWhichTheModelOfTheSettingsCanNeverFit(t *testing.T) {
	t.Parallel()
	f := finderWith(t, fakePeaks{}, oneGB, "SLUICE_SPEECH_MODEL=large-v3", "SLUICE_SPEECH_LANGUAGE=ko")
	x := fine(t)
	x.speech, x.settings, x.gate = f, f.settings, f.gate
	x.suits = func() suits { return suits{speech: f.best()} }
	d := diagnose(t, x)
	model := finding(t, d, "model")
	if model.Level != job.FindingFail || strings.Contains(model.Text+model.Hint, "pull") ||
		!strings.Contains(model.Text, "memory.ceiling allows 1.0 GB") || !strings.Contains(model.Hint, "fits is small.") {
		t.Errorf("%+v", model)
	}
	row, other := d.Budget[0], d.Budget[1]
	const note = "It needs 4.2 GB, the setting memory.ceiling allows 1.0 GB. The largest model that fits is small."
	if row.Model != "large-v3" || row.Fits || row.Text != note || row.Here == nil || *row.Here {
		t.Errorf("%+v", row)
	}
	if other.Model != "small" || !other.Fits || !strings.Contains(other.Text, "sluice models pull small") {
		t.Errorf("%+v", other)
	}
}

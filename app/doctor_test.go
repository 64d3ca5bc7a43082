package app_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/internal/job"
)

func TestTheDoctorOfTheCommandLineAndOfTheServer(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	d, code := h.doctor()
	if code != 0 {
		t.Errorf("code %d: %+v", code, d.Findings)
	}
	told(t, d, "model", job.FindingOK, "sluice-tiny is installed")
	told(t, d, "server", job.FindingOK, "not running")
	tiny(t, d)

	s := h.serve()
	d, _ = h.doctor()
	told(t, d, "server", job.FindingOK, s.url)
	var served job.Diagnosis
	for range 3 {
		served = job.Diagnosis{}
		s.do(http.MethodGet, "/api/v1/doctor", nil, &served)
		if !slices.ContainsFunc(served.Findings, late) {
			break
		}
	}
	told(t, served, "ffmpeg", job.FindingOK, "version")
	tiny(t, served)
	if slices.ContainsFunc(served.Findings, func(f job.Finding) bool { return f.Name == "server" }) {
		t.Errorf("the server tells of itself: %+v", served.Findings)
	}

	if err := os.Remove(filepath.Join(h.dir, "models", "sluice-tiny.bin")); err != nil {
		t.Fatal(err)
	}
	d, code = h.doctor()
	told(t, d, "model", job.FindingFail, "sluice-tiny")
	if code != 1 {
		t.Errorf("code %d without a model", code)
	}
}

// doctor runs the command, once more where a machine that is busy with other
// tests has let something pass for late.
func (h home) doctor() (d job.Diagnosis, code int) {
	h.t.Helper()
	for range 3 {
		if d, code = h.diagnose(); !slices.ContainsFunc(d.Findings, late) {
			break
		}
	}
	return d, code
}

// late says whether somebody was given up on.
func late(f job.Finding) bool { return strings.Contains(f.Text, "did not answer within") }

func (h home) diagnose() (job.Diagnosis, int) {
	h.t.Helper()
	out, errs, code := h.run("doctor", "--json")
	var d job.Diagnosis
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		h.t.Fatalf("%d, %v: %s %s", code, err, out, errs)
	}
	return d, code
}

func told(t *testing.T, d job.Diagnosis, name string, level job.FindingLevel, text string) {
	t.Helper()
	i := slices.IndexFunc(d.Findings, func(f job.Finding) bool { return f.Name == name })
	if i < 0 || d.Findings[i].Level != level || !strings.Contains(d.Findings[i].Text, text) {
		t.Errorf("%s is not %s, %q: %+v", name, level, text, d.Findings)
	}
}

// tiny expects the small model first in the budget.
func tiny(t *testing.T, d job.Diagnosis) {
	t.Helper()
	if len(d.Budget) == 0 || d.Budget[0].Model != "sluice-tiny" || !d.Budget[0].Chosen || !d.Budget[0].Fits || d.Budget[0].Need <= 0 {
		t.Errorf("budget %+v", d.Budget)
	}
}

func TestTheDoctorSeesPastSettingsThatAreWrong(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	file := "[speech]\nbeam_size = 99\n[ollama]\nhost = \"http://ann:hunter2@127.0.0.1:11434\"\n"
	if err := os.WriteFile(filepath.Join(h.dir, "settings.toml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	d, code := h.doctor()
	if code != 1 {
		t.Errorf("code %d", code)
	}
	for _, wrong := range []string{"line 2: speech.beam_size needs", "line 4: ollama.host may hold no user name and no password"} {
		told(t, d, "settings", job.FindingFail, wrong)
	}
	told(t, d, "ffmpeg", job.FindingOK, "version")
	told(t, d, "model", job.FindingOK, "sluice-tiny is installed")
	told(t, d, "server", job.FindingOK, "not running")
	tiny(t, d)
	if i := slices.IndexFunc(d.Findings, func(f job.Finding) bool { return strings.Contains(f.Text+f.Hint, "hunter2") }); i >= 0 {
		t.Errorf("the password shows: %+v", d.Findings[i])
	}
}

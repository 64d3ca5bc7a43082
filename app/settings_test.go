package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/job"
)

// set changes settings of a server that runs.
func (s *server) set(changes map[string]any) {
	s.t.Helper()
	s.do(http.MethodPut, "/api/v1/settings", map[string]any{"changes": changes}, nil)
}

func TestWhatIsSetWhileTheServerRunsTakesEffect(t *testing.T) {
	t.Parallel()
	h, in := watching(t, "")
	out := filepath.Join(t.TempDir(), "texts")
	h.configure("watch.folders = [\"" + in.dir + "\"]\nwatch.settle = \"100ms\"\nexport.dir = \"" + out + "\"\n")
	s := h.serve()
	s.set(map[string]any{"export.formats": []string{"md"}, "speech.words": true, "speech.prompt": "Harbour", "uploads.max": "1MB"})

	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "title": "Talk"}, nil)
	s.await(j.ID, "done")
	files, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(files) != 1 || !strings.HasSuffix(files[0], ".md") {
		t.Errorf("exported %v, %v", files, err)
	}
	var options struct {
		Words  bool
		Prompt string
	}
	s.do(http.MethodGet, "/api/v1/jobs/"+j.ID, nil, &options)
	if !options.Words || options.Prompt != "Harbour" {
		t.Errorf("a new job means %+v", options)
	}
	big := strings.NewReader(strings.Repeat("x", 2<<20))
	if status, text := s.call(http.MethodPut, "/api/v1/uploads/big.wav", big, nil, nil); status != http.StatusRequestEntityTooLarge {
		t.Errorf("an upload of 2 MB: %d %s", status, text)
	}

	// The folders are watched in another way from now on.
	if err := os.Mkdir(filepath.Join(in.dir, "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.set(map[string]any{"watch.recursive": true})
	in.put("deep/later.wav", "seen-001.wav")
	eventually(t, "the file in the folder within is taken", func() bool {
		return strings.Contains(strings.Join(s.titles(), " "), "later")
	})

	status, text := s.ask(http.MethodPut, "/api/v1/settings", map[string]any{"changes": map[string]any{"speech.language": "ko"}}, nil)
	if status != http.StatusForbidden || !strings.Contains(text, "SLUICE_SPEECH_LANGUAGE") {
		t.Errorf("what the environment sets: %d %s", status, text)
	}
	status, text = s.ask(http.MethodPut, "/api/v1/settings", map[string]any{"changes": map[string]any{"summary.language": "xx"}}, nil)
	if status != http.StatusUnprocessableEntity || !strings.Contains(text, "setting_invalid") {
		t.Errorf("a language that nobody writes: %d %s", status, text)
	}
}

func TestAServerStartsWithADamagedOverlayAndSaysSo(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	if err := os.WriteFile(filepath.Join(h.dir, "settings.ui.toml"), []byte("[speech]\nwords = \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := h.serve()
	var d job.Diagnosis
	s.do(http.MethodGet, "/api/v1/doctor", nil, &d)
	for _, f := range d.Findings {
		if f.Name == "settings" && (f.Level != job.FindingWarn || !strings.Contains(f.Text, "settings.ui.toml, line 2")) {
			t.Errorf("%+v", f)
		}
	}
	s.set(map[string]any{"speech.words": true})
	if _, err := os.Stat(filepath.Join(h.dir, "settings.ui.toml.damaged")); err != nil {
		t.Error(err)
	}
}

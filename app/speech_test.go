package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAJobSaysHowItIsToBeHeard(t *testing.T) {
	t.Parallel()
	video := shared(t, "media", "containers", "ko_h264_aac.mp4")
	h := newHome(t)
	h.install(shared(t, "models", "fixture-memo-d64-q5_0.bin"))
	if err := os.WriteFile(filepath.Join(h.dir, "settings.toml"), []byte("speech.prompt = \"Seoul\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := h.serve()

	english := map[string]any{"source": video, "model": "sluice-tiny", "language": "auto", "to_english": true}
	if status, body := s.ask(http.MethodPost, "/api/v1/jobs", english, nil); status != http.StatusUnprocessableEntity || !strings.Contains(body, "language_unknown") {
		t.Errorf("a model for English only is to translate: %d %s", status, body)
	}
	var asked struct {
		Prompt    string `json:"prompt"`
		ToEnglish bool   `json:"to_english"`
	}
	english["model"], english["prompt"] = "fixture-memo-d64-q5_0", ""
	translated := s.submit(english, nil)
	s.await(translated.ID, "done")
	if got := s.transcript(translated.ID); got.Language != "en" || len(got.Segments) == 0 || got.Segments[0].Language != "" {
		t.Errorf("the translation is %+v", got)
	}
	s.do(http.MethodGet, "/api/v1/jobs/"+translated.ID, nil, &asked)
	if asked.Prompt != "" || !asked.ToEnglish {
		t.Errorf("the job was asked %+v", asked)
	}
	spoken := s.submit(map[string]any{"source": video, "model": "fixture-memo-d64-q5_0", "language": "auto"}, nil)
	s.do(http.MethodGet, "/api/v1/jobs/"+spoken.ID, nil, &asked)
	if spoken.ID == translated.ID || asked.Prompt != "Seoul" {
		t.Errorf("job %s, where %s was another, was asked %+v", spoken.ID, translated.ID, asked)
	}
}

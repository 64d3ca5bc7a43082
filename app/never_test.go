package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/job"
)

// What waits is asked about the ceiling of the day, not of the day it came.
func TestAJobThatWaitsForAModelIsToldThatItCanNeverFit(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.script("normal", 12e9, 60)
	s := h.serve()
	j := s.submit(map[string]any{"source": clip(t, "seen-000.wav"), "model": "medium", "language": "ko"}, nil)
	eventually(t, "the job waits for its model", func() bool { return s.job(j.ID).Reason == "model" })
	s.stop()

	f, err := os.OpenFile(filepath.Join(h.dir, "settings.toml"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("ceiling = \"1GB\"\n")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	s = h.serve()
	failed := s.await(j.ID, "failed")
	const say = "The model medium is too large: it needs 2.3 GB, the setting memory.ceiling allows 1.0 GB."
	if e := failed.Error; e.Code != "model_too_large" || e.Message != say || e.Hint != "The largest model that fits is small." {
		t.Errorf("%+v", e)
	}
	if status, text := s.call("POST", "/api/v1/jobs", strings.NewReader(`{"source":"`+clip(t, "seen-000.wav")+`","model":"medium"}`), nil, nil); status != 422 || !strings.Contains(text, say) {
		t.Errorf("a new one is told %d %s", status, text)
	}
}

// The level, the gate and the job go by one rule and name one figure.
func TestTheBoardAndTheJobSayTheSameOfMemory(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.script("normal", 4e9, 13)
	s := h.serve()
	j := s.submit(map[string]any{"source": clip(t, "seen-001.wav")}, nil)
	const said = "13 % of memory is free; jobs start again at 15 %"
	eventually(t, "the percentage shuts the gate", func() bool {
		b := s.board()
		return b.Gate.State == "shut" && b.Gate.Text == said && b.Memory.Level == "critical" && s.job(j.ID).ReasonText == said
	})
	d, _ := h.doctor()
	told(t, d, "memory", job.FindingWarn, "but none starts now: "+said)
	h.script("normal", 9e9, 60)
	eventually(t, "it has eased", func() bool { b := s.board(); return b.Gate.State == "waiting" && b.Memory.Level == "normal" })
}

package whisper_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"sluice/internal/pipeline"
)

func TestTheKernelIsToTakeTheEngineAndNotTheApp(t *testing.T) {
	t.Parallel()
	score := func(pid int) string {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid))
		if err != nil {
			t.Error(err)
		}
		return strings.TrimSpace(string(b))
	}
	own := score(os.Getpid())
	tr, pid := enginePID(t, "real", nil)
	err := tr.Transcribe(t.Context(), request(t, "seen-000.wav"), pipeline.Watch{Span: func(pipeline.Span) error {
		if got := score(pid()); got != "800" {
			t.Errorf("the engine's oom_score_adj is %s", got)
		}
		return nil
	}})
	if err != nil {
		t.Error(err)
	}
	if got := score(os.Getpid()); got != own {
		t.Errorf("our own was %s and is %s", own, got)
	}
}

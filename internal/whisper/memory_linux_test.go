package whisper_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/pipeline"
	"sluice/internal/whisper"
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

// A limit on addresses is the cheap way to a real refusal. Go, the C++ library
// and ggml each meet it in their own way.
func TestARealEngineThatIsRefusedMemorySaysSo(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("the race detector needs more addresses than any limit gives")
	}
	for _, kib := range []int{1_000_000, 700_000} {
		t.Run(fmt.Sprint(kib, " KiB"), func(t *testing.T) {
			t.Parallel()
			tr := transcriber(t, "real", func(c *whisper.Config) {
				c.Command = []string{"/bin/sh", "-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, kib), os.Args[0]}
			})
			err := tr.Transcribe(t.Context(), request(t, "seen-000.wav"), pipeline.Watch{})
			if !fault.Is(err, fault.EngineOutOfMemory) {
				t.Errorf("fault is %v, want %s", err, fault.EngineOutOfMemory)
			}
		})
	}
}

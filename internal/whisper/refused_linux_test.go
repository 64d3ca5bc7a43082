//go:build !race

// The race detector needs more addresses than any limit gives.

package whisper_test

import (
	"fmt"
	"os"
	"testing"

	"sluice/internal/fault"
	"sluice/internal/pipeline"
	"sluice/internal/whisper"
)

// A limit on addresses is the cheap way to a real refusal. Go, the C++ library
// and ggml each meet it in their own way.
func TestARealEngineThatIsRefusedMemorySaysSo(t *testing.T) {
	t.Parallel()
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

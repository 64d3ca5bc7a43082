package memory_test

import (
	"os"
	"testing"
	"time"

	"sluice/internal/memory"
)

// BenchmarkRead is what one look at this machine costs. One is taken every two
// seconds for as long as the app runs, which has to stay below a thousandth of
// one core.
func BenchmarkRead(b *testing.B) {
	probe := memory.New(memory.Config{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := probe.Read(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	const poll = 2 * time.Second
	b.ReportMetric(100*float64(b.Elapsed())/float64(b.N)/float64(poll), "%-of-a-core")
}

// BenchmarkHolders is what the Machine view costs while somebody looks at it.
func BenchmarkHolders(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := memory.Holders(b.Context(), memory.Own{PID: os.Getpid()}); err != nil {
			b.Fatal(err)
		}
	}
}

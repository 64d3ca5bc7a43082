package memory_test

import (
	"os"
	"testing"

	"sluice/internal/memory"
)

// BenchmarkRead is what one look at this machine costs. One is taken every two
// seconds for as long as the app runs.
func BenchmarkRead(b *testing.B) {
	probe := memory.New(memory.Config{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := probe.Read(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
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

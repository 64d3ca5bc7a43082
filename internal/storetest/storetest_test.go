package storetest_test

import (
	"flag"
	"testing"

	"sluice/internal/queue"
	"sluice/internal/storetest"
)

func TestMain(m *testing.M) {
	// Every step compares whole lists; -rapid.checks asks for more sequences.
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
	m.Run()
}

func TestReference(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(_ testing.TB, clock *storetest.Clock) queue.Store { return storetest.NewReference(clock) })
}

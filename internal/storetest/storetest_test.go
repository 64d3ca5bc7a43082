package storetest_test

import (
	"testing"

	"sluice/internal/queue"
	"sluice/internal/storetest"
)

func TestReference(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(_ testing.TB, clock *storetest.Clock) queue.Store { return storetest.NewReference(clock) })
}

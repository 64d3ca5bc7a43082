package cli

import (
	"testing"
	"time"
)

func FuzzAMomentIsToCome(f *testing.F) {
	for _, typed := range []string{"22:00", "2h", "+90m", "2027-01-31 22:00", "2027-01-31T22:00:00Z", "-1h", "9999999999999h", "24:00", "0001-01-01T00:00:00Z", "", "\x1b[31m"} {
		f.Add(typed)
	}
	now := time.Date(2026, 11, 23, 23, 59, 59, 0, time.UTC)
	f.Fuzz(func(t *testing.T, typed string) {
		at, err := moment("--at", typed, now)
		if err == nil && !at.After(now) {
			t.Errorf("%q is %v", typed, at)
		}
		if (err != nil) != at.IsZero() {
			t.Errorf("%q is %v and %v", typed, at, err)
		}
	})
}

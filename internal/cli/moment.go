package cli

import (
	"strings"
	"time"
)

// moment reads a time to come: one of the clock is the next such time here,
// +2h is so long from now, and RFC 3339 is itself. The flag is the one that has
// it, for the refusal.
func moment(flag, typed string, now time.Time) (time.Time, error) {
	s := strings.TrimSpace(typed)
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		if d, err := time.ParseDuration(rest); err == nil && d > 0 {
			return now.Add(d), nil
		}
	}
	if c, err := time.Parse("15:04", s); err == nil {
		at := func(day int) time.Time {
			return time.Date(now.Year(), now.Month(), day, c.Hour(), c.Minute(), 0, 0, now.Location())
		}
		if t := at(now.Day()); t.After(now) {
			return t, nil
		}
		return at(now.Day() + 1), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	switch {
	case err != nil:
		return time.Time{}, &usage{
			say:  flag + " takes a time; \"" + clean(s) + "\" is none.",
			hint: "Like 22:00, +2h, +90m or 2027-01-31T22:00:00+01:00.",
		}
	case !t.After(now):
		return time.Time{}, usagef("%s %s is in the past.", flag, clean(s))
	}
	return t, nil
}

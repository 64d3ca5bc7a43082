package cli

import (
	"fmt"
	"strings"
	"time"
)

// moment reads a time to come: one of the clock is the next such time here, one
// with its day is that time here, a duration is so long from now, and RFC 3339
// is itself. The flag is the one that has it, for the refusal.
func moment(flag, typed string, now time.Time) (time.Time, error) {
	t, ok := parseMoment(strings.TrimSpace(typed), now)
	if ok && t.After(now) {
		return t, nil
	}
	say := flag + " takes a time; \"" + clean(typed) + "\" is none."
	if ok {
		say = flag + " " + clean(typed) + " is in the past."
	}
	tomorrow := time.Date(now.Year(), now.Month(), now.Day()+1, 22, 0, 0, 0, now.Location())
	return time.Time{}, &usage{
		say:  say,
		hint: fmt.Sprintf("Like 22:00, 2h, \"%s\" or %s.", tomorrow.Format(dayAndClock), tomorrow.Format(time.RFC3339)),
	}
}

// dayAndClock is how a time with its day is typed.
const dayAndClock = "2006-01-02 15:04"

func parseMoment(s string, now time.Time) (t time.Time, ok bool) {
	if d, err := time.ParseDuration(strings.TrimPrefix(s, "+")); err == nil {
		return now.Add(d), d > 0
	}
	if c, err := time.Parse("15:04", s); err == nil {
		at := func(day int) time.Time {
			return time.Date(now.Year(), now.Month(), day, c.Hour(), c.Minute(), 0, 0, now.Location())
		}
		if t := at(now.Day()); t.After(now) {
			return t, true
		}
		return at(now.Day() + 1), true
	}
	if t, err := time.ParseInLocation(dayAndClock, s, now.Location()); err == nil {
		return t, true
	}
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil
}

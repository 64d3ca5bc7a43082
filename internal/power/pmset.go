package power

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

var errNoSource = errors.New("pmset names no source of power")

// askMac asks the tool that every Mac has: the calls beneath it need C.
func (s *Source) askMac(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	out, err := s.cfg.run(ctx, "/usr/bin/pmset", "-g", "batt")
	switch {
	case ctx.Err() != nil:
		return false, fmt.Errorf("run pmset: %w", context.Cause(ctx))
	case err != nil:
		return false, fmt.Errorf("run pmset: %w", err)
	}
	return parsePmset(string(out))
}

// parsePmset reads the line that names the source in quotes, which is there
// with and without a battery. What follows is a line for each battery or UPS.
func parsePmset(out string) (battery bool, err error) {
	for line := range strings.Lines(out) {
		_, rest, ok := strings.Cut(line, "drawing from '")
		if !ok {
			continue
		}
		source, _, whole := strings.Cut(rest, "'")
		if !whole { // cut off: what it says may be half of another word
			continue
		}
		switch source {
		case "AC Power":
			return false, nil
		case "Battery Power", "UPS Power":
			return true, nil
		default:
			return false, fmt.Errorf("%w that is known: %.40q", errNoSource, source)
		}
	}
	return false, errNoSource
}

package power

import (
	"strings"
	"testing"
)

func FuzzOnlyANamedSourceOfPowerIsKnown(f *testing.F) {
	f.Add("Now drawing from 'AC Power'\n -InternalBattery-0 (id=1)\t100%; charged; 0:00 remaining present: true\n")
	f.Add("Now drawing from 'Battery Power'\n")
	f.Add("Now drawing from 'Sun\x00 Power\n drawing from 'UPS Power'")
	f.Fuzz(func(t *testing.T, out string) {
		battery, err := parsePmset(out)
		named := strings.Contains(out, "drawing from 'Battery Power'") || strings.Contains(out, "drawing from 'UPS Power'")
		if battery && (err != nil || !named) {
			t.Errorf("on battery, by %q and %v", out, err)
		}
		if err == nil && !battery && !strings.Contains(out, "drawing from 'AC Power'") {
			t.Errorf("on the mains, by %q", out)
		}
	})
}

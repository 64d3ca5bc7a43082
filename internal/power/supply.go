package power

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// onBattery reads what Linux knows of power supplies. A charger that is
// plugged in settles it, and so does a machine without a battery: servers and
// most virtual machines have no supply to show at all.
func onBattery(root string) (bool, error) {
	dir := filepath.Join(root, "sys/class/power_supply")
	supplies, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("list power supplies: %w", err)
	}
	var charger, unplugged, charging, discharging, battery bool
	for _, entry := range supplies {
		s := supply(filepath.Join(dir, entry.Name()))
		if s.is("scope", "Device") { // the battery of a mouse
			continue
		}
		switch {
		case s.is("type", "Mains"), s.is("type", "USB"), s.is("type", "Wireless"):
			plugged := s.is("online", "1") || s.is("online", "2") // 2: at a voltage that was asked for
			charger = charger || plugged
			unplugged = unplugged || !plugged
		case s.is("type", "Battery") && !s.is("present", "0"), s.is("type", "UPS"):
			battery = true
			charging = charging || s.is("status", "Charging")
			discharging = discharging || s.is("status", "Discharging")
		}
	}
	switch {
	case charger, !battery:
		return false, nil
	case unplugged: // then a battery is charged by nothing, unless by a dock that does not show
		return !charging, nil
	}
	return discharging, nil // no charger shows, in or out
}

// supply is the folder of one power supply.
type supply string

// is compares what a file of the supply says. One that cannot be read says
// nothing: drivers leave files out, and a battery can be pulled meanwhile.
func (s supply) is(file, want string) bool {
	got, err := os.ReadFile(filepath.Join(string(s), file))
	return err == nil && strings.TrimSpace(string(got)) == want
}

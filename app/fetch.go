package app

import (
	"fmt"

	"sluice/internal/fault"
	"sluice/internal/intake"
	"sluice/internal/netguard"
	"sluice/internal/settings"
)

// newWeb says which sources on the web may be fetched.
func newWeb(s *settings.Settings) (intake.Web, error) {
	guard, err := netguard.New(netguard.Config{Allow: s.Fetch.Allow})
	if err != nil {
		return intake.Web{}, fault.New(fault.SettingInvalid, fmt.Sprintf("fetch.allow: %v.", err), nil).
			WithHint("Write it like this: fetch.allow = [\"nas.local\", \"192.168.0.0/24\"].")
	}
	return intake.Web{Guard: guard, Max: s.Fetch.Max}, nil
}

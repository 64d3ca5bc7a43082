//go:build !desktop || bindings || !(darwin || linux)

package app

import (
	"context"

	"sluice/internal/cli"
)

// desktop is nil: this build has no window. Nor has the one that Wails' own
// tools make to look for bindings, since they run it on the machine that builds.
func (p *program) desktop() func(context.Context, cli.DesktopOptions) error { return nil }

//go:build desktop && !bindings

package app_test

import (
	"testing"

	"sluice/app"
)

// The hooks rely on a class that is Wails' own affair.
func TestTheHooksFitWails(t *testing.T) {
	t.Parallel()
	if missing := app.MissingHook(); missing != "" {
		t.Errorf("Wails has no %s any more", missing)
	}
}

//go:build desktop && !bindings

package app_test

import (
	"testing"

	"sluice/app"
)

// The hooks rely on classes that are Wails' own affair.
func TestTheHooksFitWails(t *testing.T) {
	t.Parallel()
	if missing := app.MissingHook(); missing != "" {
		t.Errorf("%s is not where Wails had it, or is new there", missing)
	}
}

//go:build darwin && desktop && !bindings

package app

// MissingHook names what Wails no longer has where we hook it.
func MissingHook() string { return missingHook() }

//go:build darwin && desktop && !bindings

package app

// MissingHook names what is not in Wails as the hooks need it.
func MissingHook() string { return missingHook() }

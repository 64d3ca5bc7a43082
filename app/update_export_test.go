package app

// SetVersion is what the linker does for a release.
func SetVersion(v string) { version = v }

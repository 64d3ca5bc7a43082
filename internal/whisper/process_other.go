//go:build !linux

package whisper

import "syscall"

// ownGroup relies on the engine to notice that its parent is gone.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

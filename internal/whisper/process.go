package whisper

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	terminate = syscall.SIGTERM
	kill      = syscall.SIGKILL

	// niceness is that of utility work: it yields to the person at the
	// machine and still runs on the fast cores.
	niceness = 5
)

func signalGroup(pid int, s syscall.Signal) { _ = syscall.Kill(-pid, s) }

// beNice lowers the priority of the group of a child that has just started:
// on Linux priority belongs to threads, and later ones inherit it.
func beNice(pid int) { _ = unix.Setpriority(unix.PRIO_PGRP, pid, niceness) }

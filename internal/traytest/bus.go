package traytest

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// Bus is a session bus of a test's own.
type Bus struct {
	Address string // for DBUS_SESSION_BUS_ADDRESS

	cmd *exec.Cmd
}

// NewBus starts a session bus that ends with the test. The test is skipped
// where there is no dbus-daemon.
func NewBus(t testing.TB) *Bus {
	t.Helper()
	if _, err := exec.LookPath("dbus-daemon"); err != nil {
		t.Skip("dbus-daemon is not installed")
	}
	// Not the test's context, which ends before its other parts are cleaned up.
	b, err := startBus(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Stop)
	return b
}

func startBus(ctx context.Context) (*Bus, error) {
	cmd := exec.CommandContext(ctx, "dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start bus: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start bus: %w", err)
	}
	b := &Bus{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n') // it listens once this is said
	if err != nil {
		b.Stop()
		return nil, fmt.Errorf("read address of bus: %w", err)
	}
	b.Address = strings.TrimSpace(line)
	return b, nil
}

// Stop ends the bus under those who are on it, as the end of a desktop's
// session does. It may be called again.
func (b *Bus) Stop() {
	if b.cmd.ProcessState != nil {
		return
	}
	_ = b.cmd.Process.Kill() // it may have ended by itself
	_ = b.cmd.Wait()         // it was killed, which is an error
}

//go:build desktop && !bindings

package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"

	"sluice/internal/notice"
	"sluice/internal/tray"
)

// outlet is how the app reaches people outside its window. On Linux all of it
// goes over the session bus. Wails' own notifications do not tell one that was
// clicked from one that was put away, and the window must not open for both.
type outlet struct {
	open func(job string) // a notification was clicked; "" = the queue
	log  *slog.Logger

	clicks sync.Mutex // a notification is sent, or what became of one is looked up

	mu     sync.Mutex
	conn   *dbus.Conn
	closed bool
	shown  map[uint32]string // notifications by the bus's number, and their jobs
}

const (
	notifications = "org.freedesktop.Notifications"
	launcherEntry = "com.canonical.Unity.LauncherEntry"
	launcherPath  = "/io/github/sluice_app/Sluice"
	launcherApp   = "application://sluice.desktop" // build/linux has it
	busPatience   = 5 * time.Second
	// mostShown is how many notifications are remembered for a click; one on an
	// older one does nothing.
	mostShown = 64
)

func newOutlet(_ *window, open func(job string), log *slog.Logger) *outlet {
	return &outlet{open: open, log: log, shown: map[uint32]string{}}
}

// start is for systems where a click on a notification can start the app.
func (o *outlet) start() {}

// bus connects to the session bus, once it is needed. One that does not
// answer is left alone.
func (o *outlet) bus() (*dbus.Conn, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return nil, errors.New("the app ends")
	case o.conn != nil && o.conn.Connected():
		return o.conn, nil
	}
	// One that is not there is not started for this.
	conn, err := dbus.SessionBusPrivateNoAutoStartup()
	if err != nil {
		return nil, fmt.Errorf("session bus: %w", err)
	}
	late := time.AfterFunc(busPatience, func() { _ = conn.Close() })
	err = errors.Join(conn.Auth(nil), conn.Hello())
	if err == nil {
		err = conn.AddMatchSignal(dbus.WithMatchInterface(notifications))
	}
	late.Stop()
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("session bus: %w", err)
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals) // closed with the connection
	go o.listen(signals)
	o.conn, o.shown = conn, map[uint32]string{}
	return conn, nil
}

// notify shows a notification.
func (o *outlet) notify(ctx context.Context, n notice.Note) error {
	conn, err := o.bus()
	if err != nil {
		return err
	}
	// Held until the number is kept: a click may be as quick as the answer.
	o.clicks.Lock()
	defer o.clicks.Unlock()
	var id uint32
	err = conn.Object(notifications, "/org/freedesktop/Notifications").CallWithContext(ctx, notifications+".Notify", 0,
		"Sluice", uint32(0), "sluice", n.Title, n.Body, []string{"default", "Sluice"},
		map[string]dbus.Variant{"desktop-entry": dbus.MakeVariant("sluice")}, int32(-1)).Store(&id)
	if err != nil {
		return fmt.Errorf("show notification: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.shown) >= mostShown { // their numbers rise
		delete(o.shown, slices.Min(slices.Collect(maps.Keys(o.shown))))
	}
	o.shown[id] = n.JobID
	return nil
}

// listen hears what becomes of notifications.
func (o *outlet) listen(signals <-chan *dbus.Signal) {
	for s := range signals {
		if len(s.Body) < 1 {
			continue
		}
		clicked := s.Name == notifications+".ActionInvoked"
		if !clicked && s.Name != notifications+".NotificationClosed" {
			continue // a token comes before a click
		}
		id, _ := s.Body[0].(uint32)
		o.clicks.Lock()
		o.mu.Lock()
		job, ours := o.shown[id]
		delete(o.shown, id)
		o.mu.Unlock()
		o.clicks.Unlock()
		if ours && clicked {
			o.open(job)
		}
	}
}

// outline shows how far things are on the app's icon in the taskbar, where the
// desktop has one that listens.
func (o *outlet) outline(l tray.Outline) {
	conn, err := o.bus()
	if err != nil {
		o.log.Debug("no taskbar to tell", "err", err)
		return
	}
	err = conn.Emit(launcherPath, launcherEntry+".Update", launcherApp, map[string]dbus.Variant{
		"count":            dbus.MakeVariant(int64(l.Depth)),
		"count-visible":    dbus.MakeVariant(l.Depth > 0),
		"progress":         dbus.MakeVariant(max(0, l.Progress)),
		"progress-visible": dbus.MakeVariant(l.Progress >= 0),
	})
	if err != nil {
		o.log.Debug("taskbar not told", "err", err)
	}
}

// close ends what the outlet does. It waits for nobody: a bus that does not take
// what is written may hold up even the end of its connection, and the app ends.
func (o *outlet) close() {
	go func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.closed = true
		if o.conn != nil {
			_ = o.conn.Close()
		}
	}()
}

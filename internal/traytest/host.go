// Package traytest is the parts of a desktop that a program talks to over the
// session bus, for tests: the tray, so that a test can see icon, title, tooltip
// and menu, and click; what shows notifications; the taskbar; and a screen
// reader, which reads windows. The program may be the test itself or another
// process. Nothing here draws or needs a display.
package traytest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

const (
	watcherName = "org.kde.StatusNotifierWatcher"
	watcherPath = dbus.ObjectPath("/StatusNotifierWatcher")
	itemPath    = dbus.ObjectPath("/StatusNotifierItem")
	itemFace    = "org.kde.StatusNotifierItem"
	menuFace    = "com.canonical.dbusmenu"
)

// ErrNoItem says that no program shows an icon.
var ErrNoItem = errors.New("no item in the tray")

// Host is the tray. It knows the item that was registered last.
type Host struct {
	conn *dbus.Conn
	done chan struct{} // closed when nobody listens any more

	news news // guards item
	item item
}

type item struct {
	owner string // unique name on the bus; "" = there is none
	path  dbus.ObjectPath
}

// Start puts a tray on the bus at address. The caller closes it. The context
// is only for the start.
func Start(ctx context.Context, address string) (*Host, error) {
	// The connection outlives ctx; Close ends it.
	conn, err := dbus.Connect(address)
	if err != nil {
		return nil, fmt.Errorf("connect to bus: %w", err)
	}
	h := &Host{conn: conn, done: make(chan struct{})}
	signals := make(chan *dbus.Signal, 64)
	conn.Signal(signals)
	go h.listen(signals)
	if err := h.serve(ctx); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// Watch is Start for a test, which ends it too.
func Watch(t testing.TB, address string) *Host {
	t.Helper()
	h, err := Start(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() }) // the bus may be gone already
	return h
}

// Close takes the tray off the bus.
func (h *Host) Close() error {
	err := h.conn.Close()
	<-h.done
	return err
}

// serve listens first and takes the name last: programs register the moment
// the name has an owner.
func (h *Host) serve(ctx context.Context) error {
	if err := h.conn.Export(registry{h}, watcherPath, watcherName); err != nil {
		return fmt.Errorf("export watcher: %w", err)
	}
	if _, err := prop.Export(h.conn, watcherPath, prop.Map{watcherName: {
		"IsStatusNotifierHostRegistered": {Value: true, Emit: prop.EmitTrue},
		"ProtocolVersion":                {Value: int32(0), Emit: prop.EmitTrue},
		"RegisteredStatusNotifierItems":  {Value: []string{}, Emit: prop.EmitTrue},
	}}); err != nil {
		return fmt.Errorf("export watcher: %w", err)
	}
	for _, face := range []string{itemFace, menuFace, "org.freedesktop.DBus.Properties", "org.freedesktop.DBus"} {
		if err := h.conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(face)); err != nil {
			return fmt.Errorf("listen to %s: %w", face, err)
		}
	}
	switch reply, err := h.conn.RequestName(watcherName, dbus.NameFlagDoNotQueue); {
	case err != nil:
		return fmt.Errorf("take the name of the watcher: %w", err)
	case reply != dbus.RequestNameReplyPrimaryOwner:
		return errors.New("take the name of the watcher: the bus has a tray already")
	}
	return nil
}

// listen ends when the connection does: that closes signals.
func (h *Host) listen(signals <-chan *dbus.Signal) {
	defer close(h.done)
	for s := range signals {
		h.news.Lock()
		if left(s, h.item.owner) {
			h.item = item{}
		}
		h.news.changed()
		h.news.Unlock()
	}
}

// left says whether a signal tells that a name has nobody behind it any more.
func left(s *dbus.Signal, name string) bool {
	if s.Name != "org.freedesktop.DBus.NameOwnerChanged" || len(s.Body) != 3 {
		return false
	}
	return s.Body[0] == name && s.Body[2] == ""
}

func (h *Host) look() item {
	h.news.Lock()
	defer h.news.Unlock()
	return h.item
}

// registry is what programs see of the tray.
type registry struct{ h *Host }

// RegisterStatusNotifierItem is called by a program that has an icon. Service
// is a bus name or the path of an object.
func (r registry) RegisterStatusNotifierItem(service string, sender dbus.Sender) *dbus.Error {
	it := item{owner: string(sender), path: itemPath}
	if strings.HasPrefix(service, "/") {
		it.path = dbus.ObjectPath(service)
	}
	r.h.news.Lock()
	defer r.h.news.Unlock()
	r.h.item = it
	r.h.news.changed()
	return nil
}

// RegisterStatusNotifierHost is called by panels; there is none but us.
func (registry) RegisterStatusNotifierHost(string) *dbus.Error { return nil }

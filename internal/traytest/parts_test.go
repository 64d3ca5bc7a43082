package traytest_test

import (
	"context"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/traytest"
)

// caller is a program on the bus, and what it hears.
type caller struct {
	t    *testing.T
	conn *dbus.Conn
	told chan *dbus.Signal
}

func newCaller(t *testing.T, address, face string) *caller {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.AddMatchSignal(dbus.WithMatchInterface(face)); err != nil {
		t.Fatal(err)
	}
	c := &caller{t, conn, make(chan *dbus.Signal, 64)}
	conn.Signal(c.told)
	return c
}

// notify sends a notification and gives its number.
func (c *caller) notify(replaces uint32, title, body string, actions ...string) (id uint32) {
	c.t.Helper()
	call := c.conn.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications").Call(
		"org.freedesktop.Notifications.Notify", 0, "program", replaces, "", title, body, actions,
		map[string]dbus.Variant{"urgency": dbus.MakeVariant(byte(2))}, int32(-1))
	if err := call.Store(&id); err != nil {
		c.t.Fatal(err)
	}
	return id
}

// hears waits for the next thing that it is told.
func (c *caller) hears(name string, body ...any) {
	c.t.Helper()
	select {
	case s := <-c.told:
		if diff := cmp.Diff(append([]any{name}, body...), append([]any{s.Name}, s.Body...)); diff != "" {
			c.t.Errorf("told (-want +got):\n%s", diff)
		}
	case <-time.After(time.Minute):
		c.t.Fatalf("it is not told of %s", name)
	}
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestNotificationsAreKeptAndClicked(t *testing.T) {
	t.Parallel()
	bus := traytest.NewBus(t)
	shown := traytest.WatchNotifications(t, bus.Address)
	const face = "org.freedesktop.Notifications"
	c := newCaller(t, bus.Address, face)
	first := c.notify(0, "One", "a &lt;b&gt; <i>c</i>", "default", "Open", "later", "Later")
	if again := c.notify(first, "One, again", "not <sound", "default", "Open"); again != first {
		t.Errorf("a changed notification has number %d, not %d", again, first)
	}
	second := c.notify(0, "Two", "plain")
	got, err := shown.Until(soon(t), func(all []traytest.Notification) bool { return len(all) == 2 })
	if err != nil {
		t.Fatal(err)
	}
	want := []traytest.Notification{
		{ID: first, App: "program", Title: "One, again", Body: "not <sound", Actions: []string{"default"}, Urgency: 2, Open: true, Revision: 1},
		{ID: second, App: "program", Title: "Two", Body: "plain", Urgency: 2, Open: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notifications (-want +got):\n%s", diff)
	}
	if err := shown.Click(second); err == nil {
		t.Error("a notification without a default action can be clicked")
	}
	if err := shown.Click(first); err != nil {
		t.Error(err)
	}
	c.hears(face+".ActivationToken", first, "a-token")
	c.hears(face+".ActionInvoked", first, "default")
	c.hears(face+".NotificationClosed", first, uint32(2))
	if err := shown.Click(first); err == nil {
		t.Error("a closed notification can be clicked")
	}
	call := c.conn.Object(face, "/org/freedesktop/Notifications").Call(face+".CloseNotification", 0, second)
	if call.Err != nil {
		t.Error(call.Err)
	}
	c.hears(face+".NotificationClosed", second, uint32(3))
	third := c.notify(second, "Three", "") // nothing is left to replace
	if err := shown.Dismiss(third); err != nil {
		t.Error(err)
	}
	c.hears(face+".NotificationClosed", third, uint32(2))
	for _, n := range shown.All() {
		if n.Open {
			t.Errorf("notification %d is still shown", n.ID)
		}
	}
	if third == second {
		t.Error("a number was used again")
	}
}

func TestTheBodyOfANotificationIsReadAsDesktopsDo(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"plain":                         "plain",
		"a &amp; b":                     "a & b",
		"<b>bold</b> &lt;i&gt;":         "bold <i>",
		"5 < 6":                         "5 < 6",
		"R&D":                           "R&D",
		"<script>alert(1)</script>":     "<script>alert(1)</script>",
		`<a href="https://x.org">x</a>`: "x",
	} {
		if got := (traytest.Notification{Body: body}).Text(); got != want {
			t.Errorf("%q is read as %q, not %q", body, got, want)
		}
	}
}

func TestTheTaskbarKnowsWhatAProgramHasSaid(t *testing.T) {
	t.Parallel()
	bus := traytest.NewBus(t)
	bar := traytest.WatchTaskbar(t, bus.Address)
	c := newCaller(t, bus.Address, "org.freedesktop.DBus")
	const face, uri = "com.canonical.Unity.LauncherEntry", "application://program.desktop"
	says := func(props map[string]any) {
		t.Helper()
		said := map[string]dbus.Variant{}
		for k, v := range props {
			said[k] = dbus.MakeVariant(v)
		}
		if err := c.conn.Emit("/program", face+".Update", uri, said); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(want traytest.Launcher) {
		t.Helper()
		if _, err := bar.Until(soon(t), func(got traytest.Launcher) bool {
			return cmp.Equal(want, got, cmpopts.EquateApprox(0, 1e-9))
		}); err != nil {
			t.Fatalf("%v, not %+v", err, want)
		}
	}
	shows(traytest.Launcher{Count: -1, Progress: -1})
	says(map[string]any{"progress": 0.5, "progress-visible": true, "count": int64(3), "count-visible": false})
	shows(traytest.Launcher{URI: uri, Count: -1, Progress: 0.5})
	says(map[string]any{"count-visible": true}) // the rest stays
	shows(traytest.Launcher{URI: uri, Count: 3, Progress: 0.5})
	says(map[string]any{"progress-visible": false, "urgent": true})
	shows(traytest.Launcher{URI: uri, Count: 3, Progress: -1, Urgent: true})
	if err := c.conn.Close(); err != nil {
		t.Fatal(err)
	}
	shows(traytest.Launcher{Count: -1, Progress: -1}) // with the program, all of it goes
}

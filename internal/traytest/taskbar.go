package traytest

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"github.com/godbus/dbus/v5"
)

const launcherFace = "com.canonical.Unity.LauncherEntry"

// Taskbar is the bar that has the icons of running programs. It knows the
// program that spoke to it last.
type Taskbar struct {
	news  news // guards what follows
	owner string
	uri   string
	props map[string]dbus.Variant // all that it has said of its icon
}

// Launcher is what a program shows on its icon.
type Launcher struct {
	URI      string  // of the program: "application://" and the name of its desktop file
	Count    int64   // -1 = none is shown
	Progress float64 // -1 = none is shown
	Urgent   bool
}

// WatchTaskbar puts one on the bus at address, and ends it with the test.
func WatchTaskbar(t testing.TB, address string) *Taskbar {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	b := &Taskbar{props: map[string]dbus.Variant{}}
	signals := make(chan *dbus.Signal, 64)
	conn.Signal(signals)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.listen(signals)
	}()
	t.Cleanup(func() {
		_ = conn.Close() // the bus may be gone already
		<-done
	})
	for _, face := range []string{launcherFace, "org.freedesktop.DBus"} {
		if err := conn.AddMatchSignalContext(t.Context(), dbus.WithMatchInterface(face)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// listen ends when the connection does: that closes signals.
func (b *Taskbar) listen(signals <-chan *dbus.Signal) {
	for s := range signals {
		b.news.Lock()
		b.hear(s)
		b.news.changed()
		b.news.Unlock()
	}
}

// hear takes in what a program says of its icon. It says only what changes, and
// all is forgotten when it leaves.
func (b *Taskbar) hear(s *dbus.Signal) {
	if left(s, b.owner) {
		b.owner, b.uri, b.props = "", "", map[string]dbus.Variant{}
		return
	}
	var uri string
	var props map[string]dbus.Variant
	if s.Name != launcherFace+".Update" || dbus.Store(s.Body, &uri, &props) != nil {
		return
	}
	if s.Sender != b.owner {
		b.owner, b.props = s.Sender, map[string]dbus.Variant{}
	}
	b.uri = uri
	maps.Copy(b.props, props)
}

// Read gives what is on the icon now.
func (b *Taskbar) Read() Launcher {
	b.news.Lock()
	defer b.news.Unlock()
	l := Launcher{URI: b.uri, Count: -1, Progress: -1}
	if n, ok := b.props["count"].Value().(int64); ok && b.props["count-visible"].Value() == true {
		l.Count = n
	}
	if p, ok := b.props["progress"].Value().(float64); ok && b.props["progress-visible"].Value() == true {
		l.Progress = p
	}
	l.Urgent = b.props["urgent"].Value() == true
	return l
}

// Until waits until the icon is as wanted, and returns what is on it. When ctx
// ends before, the error tells what there was.
func (b *Taskbar) Until(ctx context.Context, wanted func(Launcher) bool) (Launcher, error) {
	var last Launcher
	err := b.news.wait(ctx, func() bool {
		last = b.Read()
		return wanted(last)
	})
	if err != nil {
		return last, fmt.Errorf("wait for the taskbar: %w; last seen: %+v", err, last)
	}
	return last, nil
}

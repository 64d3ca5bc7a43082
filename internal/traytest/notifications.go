package traytest

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

const (
	bubblesName = "org.freedesktop.Notifications"
	bubblesPath = dbus.ObjectPath("/org/freedesktop/Notifications")
)

// Why a notification went, as the specification numbers it.
const (
	goneDismissed uint32 = 2
	goneTakenBack uint32 = 3
)

// Notifications is what shows notifications on a desktop. It keeps them all.
type Notifications struct {
	conn *dbus.Conn

	news   news // guards what follows
	all    []Notification
	coming map[uint32]Notification // their programs do not know their numbers yet
	last   uint32
}

// Notification is one of them, as a program sent it.
type Notification struct {
	ID       uint32
	App      string
	Title    string
	Body     string   // with its marks
	Actions  []string // what can be clicked; "default" is the notification itself
	Urgency  byte
	Open     bool // it is still shown
	Revision int  // how often the program has changed it
}

// Text is the body as it is read. What is no sound markup is read as it is, as
// most desktops do.
func (n Notification) Text() string {
	var out strings.Builder
	d := xml.NewDecoder(strings.NewReader("<body>" + n.Body + "</body>"))
	for {
		token, err := d.Token()
		switch t := token.(type) {
		case xml.CharData:
			out.Write(t)
		case xml.StartElement:
			if !slices.Contains([]string{"body", "b", "i", "u", "a", "img"}, t.Name.Local) {
				return n.Body
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return out.String()
		case err != nil:
			return n.Body
		}
	}
}

// WatchNotifications puts one on the bus at address, and ends it with the test.
func WatchNotifications(t testing.TB, address string) *Notifications {
	t.Helper()
	n := &Notifications{coming: map[uint32]Notification{}}
	conn, err := dbus.Connect(address, dbus.WithOutgoingInterceptor(n.answered))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the bus may be gone already
	n.conn = conn
	if err := conn.Export(bubbles{n}, bubblesPath, bubblesName); err != nil {
		t.Fatal(err)
	}
	switch reply, err := conn.RequestName(bubblesName, dbus.NameFlagDoNotQueue); {
	case err != nil:
		t.Fatal(err)
	case reply != dbus.RequestNameReplyPrimaryOwner:
		t.Fatal("the bus has somebody who shows notifications already")
	}
	return n
}

// All lists what was sent so far, the oldest first.
func (n *Notifications) All() []Notification {
	n.news.Lock()
	defer n.news.Unlock()
	return slices.Clone(n.all)
}

// Until waits until what was sent is as wanted, and returns that. When ctx ends
// before, the error tells what there was.
func (n *Notifications) Until(ctx context.Context, wanted func([]Notification) bool) ([]Notification, error) {
	var last []Notification
	err := n.news.wait(ctx, func() bool {
		last = n.All()
		return wanted(last)
	})
	if err != nil {
		return last, fmt.Errorf("wait for notifications: %w; there are %+v", err, last)
	}
	return last, nil
}

// Click clicks a notification, which closes it.
func (n *Notifications) Click(id uint32) error {
	return n.end(id, goneDismissed, func(b Notification) error {
		if !slices.Contains(b.Actions, "default") {
			return errors.New("nothing would happen, it has no default action")
		}
		// Newer desktops send a token first, with which a window may take the focus.
		if err := n.emit("ActivationToken", id, "a-token"); err != nil {
			return err
		}
		return n.emit("ActionInvoked", id, "default")
	})
}

// Dismiss closes a notification as somebody does who wants nothing of it.
func (n *Notifications) Dismiss(id uint32) error {
	return n.end(id, goneDismissed, func(Notification) error { return nil })
}

// end closes a notification that is shown, and tells its program why.
func (n *Notifications) end(id, why uint32, before func(Notification) error) error {
	n.news.Lock()
	defer n.news.Unlock()
	i := slices.IndexFunc(n.all, func(b Notification) bool { return b.ID == id && b.Open })
	if i < 0 {
		return fmt.Errorf("notification %d: it is not shown", id)
	}
	if err := before(n.all[i]); err != nil {
		return fmt.Errorf("notification %d: %w", id, err)
	}
	n.all[i].Open = false
	n.news.changed()
	return n.emit("NotificationClosed", id, why)
}

func (n *Notifications) emit(what string, values ...any) error {
	return n.conn.Emit(bubblesPath, bubblesName+"."+what, values...)
}

// bubbles is what programs see of it.
type bubbles struct{ n *Notifications }

// GetCapabilities tells programs what they may send.
func (bubbles) GetCapabilities() ([]string, *dbus.Error) {
	return []string{"actions", "body", "body-markup", "persistence"}, nil
}

// GetServerInformation tells programs who this is.
func (bubbles) GetServerInformation() (name, vendor, version, spec string, _ *dbus.Error) {
	return "traytest", "traytest", "1", "1.2", nil
}

// Notify is called by a program that has something to say, or says it anew.
func (b bubbles) Notify(app string, replaces uint32, _, title, body string, actions []string, hints map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	one := Notification{App: app, Title: title, Body: body, Open: true}
	for i := 0; i < len(actions); i += 2 { // a key, and what it is called
		one.Actions = append(one.Actions, actions[i])
	}
	if v, ok := hints["urgency"].Value().(byte); ok {
		one.Urgency = v
	}
	n := b.n
	n.news.Lock()
	defer n.news.Unlock()
	i := slices.IndexFunc(n.all, func(old Notification) bool { return old.ID == replaces && old.Open })
	if i >= 0 {
		one.ID, one.Revision = replaces, n.all[i].Revision+1
	} else {
		n.last++
		one.ID = n.last
	}
	n.coming[one.ID] = one
	return one.ID, nil
}

// answered sees what goes out. A notification is there when its program is told
// its number: nobody can click one before.
func (n *Notifications) answered(m *dbus.Message) {
	if m.Type != dbus.TypeMethodReply || len(m.Body) != 1 {
		return
	}
	id, _ := m.Body[0].(uint32)
	n.news.Lock()
	defer n.news.Unlock()
	one, ok := n.coming[id]
	if !ok {
		return
	}
	delete(n.coming, id)
	if i := slices.IndexFunc(n.all, func(old Notification) bool { return old.ID == id }); i >= 0 {
		n.all[i] = one
	} else {
		n.all = append(n.all, one)
	}
	n.news.changed()
}

// CloseNotification is called by a program that takes one back.
func (b bubbles) CloseNotification(id uint32) *dbus.Error {
	if err := b.n.end(id, goneTakenBack, func(Notification) error { return nil }); err != nil {
		return dbus.MakeFailedError(err)
	}
	return nil
}

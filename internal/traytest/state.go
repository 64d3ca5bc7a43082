package traytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// State is what a person sees of an item.
type State struct {
	ID      string // by which panels remember it
	Title   string
	ToolTip string
	Icon    Icon
	Menu    []Entry
}

// Icon is a picture: four bytes a pixel, opacity, red, green and blue.
type Icon struct {
	Width, Height int
	Pixels        []byte
}

// Entry is a line of the menu.
type Entry struct {
	Label     string // as it is read, without the marks of keys
	Enabled   bool
	Visible   bool
	Separator bool

	id int32
}

// Separator is how Labels writes a line between groups.
const Separator = "---"

// Labels lists what is visible of the menu, from top to bottom.
func (s State) Labels() []string {
	var out []string
	for _, e := range s.Menu {
		switch {
		case !e.Visible:
		case e.Separator:
			out = append(out, Separator)
		default:
			out = append(out, e.Label)
		}
	}
	return out
}

// Entry finds a visible line.
func (s State) Entry(label string) (Entry, bool) {
	i := slices.IndexFunc(s.Menu, func(e Entry) bool { return e.Visible && !e.Separator && e.Label == label })
	if i < 0 {
		return Entry{}, false
	}
	return s.Menu[i], true
}

// Read reads the item as it is now. The error is ErrNoItem when there is none.
func (h *Host) Read(ctx context.Context) (State, error) {
	it := h.look()
	if it.owner == "" {
		return State{}, ErrNoItem
	}
	var all map[string]dbus.Variant
	call := h.conn.Object(it.owner, it.path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.GetAll", 0, itemFace)
	if err := call.Store(&all); err != nil {
		return State{}, fmt.Errorf("read item: %w", err)
	}
	var s State
	var menu dbus.ObjectPath
	var pictures []struct {
		W, H   int32
		Pixels []byte
	}
	var tip struct {
		Icon     string
		Pictures []struct {
			W, H   int32
			Pixels []byte
		}
		Title, Text string
	}
	for name, into := range map[string]any{
		"Id": &s.ID, "Title": &s.Title, "Menu": &menu, "IconPixmap": &pictures, "ToolTip": &tip,
	} {
		if v, ok := all[name]; ok {
			if err := v.Store(into); err != nil {
				return State{}, fmt.Errorf("read %s of item: %w", name, err)
			}
		}
	}
	s.ToolTip = strings.TrimSpace(tip.Title + "\n" + tip.Text)
	if len(pictures) > 0 {
		p := pictures[0]
		s.Icon = Icon{int(p.W), int(p.H), p.Pixels}
	}
	var err error
	s.Menu, err = h.menu(ctx, it, menu)
	return s, err
}

// layout is one node of a menu on the wire.
type layout struct {
	ID       int32
	Props    map[string]dbus.Variant
	Children []dbus.Variant
}

func (h *Host) menu(ctx context.Context, it item, path dbus.ObjectPath) ([]Entry, error) {
	var revision uint32
	var root layout
	call := h.conn.Object(it.owner, path).CallWithContext(ctx, menuFace+".GetLayout", 0, int32(0), int32(-1), []string{})
	if err := call.Store(&revision, &root); err != nil {
		return nil, fmt.Errorf("read menu: %w", err)
	}
	var out []Entry
	for _, child := range root.Children {
		var l layout
		if err := child.Store(&l); err != nil {
			return nil, fmt.Errorf("read menu: %w", err)
		}
		out = append(out, entry(l))
	}
	return out, nil
}

// entry reads a node; what is not said is enabled and visible.
func entry(l layout) Entry {
	e := Entry{Enabled: true, Visible: true, id: l.ID}
	if s, ok := l.Props["label"].Value().(string); ok {
		e.Label = read(s)
	}
	if b, ok := l.Props["enabled"].Value().(bool); ok {
		e.Enabled = b
	}
	if b, ok := l.Props["visible"].Value().(bool); ok {
		e.Visible = b
	}
	e.Separator = l.Props["type"].Value() == "separator"
	return e
}

// read does what a panel does with a label: two underscores are one, and one
// alone marks the key that follows.
func read(label string) string {
	const kept = "\x00"
	label = strings.ReplaceAll(label, "__", kept)
	return strings.ReplaceAll(strings.ReplaceAll(label, "_", ""), kept, "_")
}

// Click clicks the visible line of that label. Nothing happens to a line that
// is not enabled, and that is an error here.
func (h *Host) Click(ctx context.Context, label string) error {
	s, err := h.Read(ctx)
	if err != nil {
		return fmt.Errorf("click %q: %w", label, err)
	}
	e, ok := s.Entry(label)
	switch {
	case !ok:
		return fmt.Errorf("click %q: the menu has only %q", label, s.Labels())
	case !e.Enabled:
		return fmt.Errorf("click %q: it is disabled", label)
	}
	it := h.look()
	v, err := h.conn.Object(it.owner, it.path).GetProperty(itemFace + ".Menu")
	if err != nil {
		return fmt.Errorf("click %q: %w", label, err)
	}
	path, ok := v.Value().(dbus.ObjectPath)
	if !ok {
		return fmt.Errorf("click %q: the item has no menu", label)
	}
	call := h.conn.Object(it.owner, path).CallWithContext(ctx, menuFace+".Event", 0,
		e.id, "clicked", dbus.MakeVariant(""), uint32(time.Now().Unix()))
	if call.Err != nil {
		return fmt.Errorf("click %q: %w", label, call.Err)
	}
	return nil
}

// Until waits until an item is there and looks as wanted, and returns that. A
// program changes one thing after the other, so ask for all that matters at
// once. When ctx ends before, the error tells what was seen last.
func (h *Host) Until(ctx context.Context, wanted func(State) bool) (State, error) {
	var last State
	var trouble error
	err := h.news.wait(ctx, func() bool {
		s, err := h.Read(ctx)
		if ctx.Err() != nil {
			return false
		}
		if trouble = err; err == nil {
			last = s
		}
		return err == nil && wanted(s)
	})
	if err != nil {
		return last, fmt.Errorf("wait for the tray: %w; last seen: title %q, tooltip %q, menu %q",
			errors.Join(err, trouble), last.Title, last.ToolTip, last.Labels())
	}
	return last, nil
}

// Gone waits until the item's program has left the bus.
func (h *Host) Gone(ctx context.Context) error {
	err := h.news.wait(ctx, func() bool {
		it := h.look()
		return it.owner == ""
	})
	if err != nil {
		return fmt.Errorf("wait for the item to go: %w", err)
	}
	return nil
}

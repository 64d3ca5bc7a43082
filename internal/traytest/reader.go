package traytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

const (
	readerName  = "org.a11y.atspi.Registry"
	readerRoot  = dbus.ObjectPath("/org/a11y/atspi/accessible/root")
	readerFace  = "org.a11y.atspi.Accessible"
	readerOfBox = "org.a11y.atspi.Component"
	readerHands = "org.a11y.atspi.Action"
	readerValue = "org.a11y.atspi.Value"
	readerText  = "org.a11y.atspi.Text"
)

// roles are what parts are, as they are numbered.
var roles = map[uint32]string{
	2: "alert dialog", 7: "checkbox", 11: "combobox", 16: "dialog", 23: "window", 27: "image", 29: "label", 31: "list", 32: "list item",
	35: "menu item", 43: "button", 44: "radio", 51: "slider", 54: "status", 62: "switch", 73: "paragraph", 75: "application",
	79: "field", 83: "heading", 88: "link", 95: "page", 101: "alert", 107: "video", 110: "landmark",
}

// States as they are numbered.
const (
	stateChecked = 1 << 4
	stateFocused = 1 << 12
)

// registries are where distributions keep the program that screen readers find
// others through.
var registries = []string{"/usr/libexec/at-spi2-registryd", "/usr/lib/at-spi2-core/at-spi2-registryd", "/usr/lib/at-spi2-registryd"}

// RegistryProgram finds it; "" = it is not installed.
func RegistryProgram() string {
	for _, file := range registries {
		if found, err := exec.LookPath(file); err == nil {
			return found
		}
	}
	return ""
}

// Reader is a screen reader: it knows what the windows of programs say, and
// does what people do with them who do not see. Programs find it by an
// AT_SPI_BUS_ADDRESS that is the address of its bus.
type Reader struct{ conn *dbus.Conn }

// NewReader makes one on the bus at address, where a registry runs, and ends it
// with the test.
func NewReader(t testing.TB, address string) *Reader {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the bus may be gone already
	return &Reader{conn}
}

// Ready says whether the registry stands.
func (r *Reader) Ready(ctx context.Context) bool {
	_, err := r.children(ctx, ref{readerName, readerRoot})
	return err == nil
}

// Part is something that a window shows.
type Part struct {
	Role    string // "button", "link", "slider"; "" = nothing that tests look for
	Name    string
	Text    string  // what stands in it
	Value   float64 // of a slider
	Checked bool    // of a switch or a box
	Focused bool    // keys go there
	Depth   int     // below the desktop

	at ref
}

// ref names an object of a program.
type ref struct {
	Owner string
	Path  dbus.ObjectPath
}

// most is how many parts are read of all windows together.
const most = 5000

// Read lists all that the windows on the desktop show, from top to bottom.
// Windows change while they are read: what is gone when it comes to it is left
// out.
func (r *Reader) Read(ctx context.Context) ([]Part, error) {
	var out []Part
	seen := map[ref]bool{}
	var read func(at ref, depth int) error
	read = func(at ref, depth int) error {
		if seen[at] || len(out) >= most {
			return ctx.Err()
		}
		seen[at] = true
		if at.Path != readerRoot || at.Owner != readerName {
			p, err := r.part(ctx, at)
			if err != nil {
				return ctx.Err() // gone
			}
			p.Depth = depth
			out = append(out, p)
		}
		children, err := r.children(ctx, at)
		if err != nil {
			return ctx.Err()
		}
		for _, c := range children {
			if err := read(c, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if err := read(ref{readerName, readerRoot}, 0); err != nil {
		return nil, fmt.Errorf("read windows: %w", err)
	}
	return out, nil
}

func (r *Reader) children(ctx context.Context, at ref) (out []ref, err error) {
	o := r.conn.Object(at.Owner, at.Path)
	if err := o.CallWithContext(ctx, readerFace+".GetChildren", 0).Store(&out); err != nil || len(out) > 0 {
		return out, err
	}
	// GTK leaves out of this list what another process draws into its window,
	// and WebKit draws a page in a process of its own.
	var n int32
	if err := r.property(ctx, at, readerFace, "ChildCount", &n); err != nil {
		return nil, err
	}
	for i := range n {
		var child ref
		if err := o.CallWithContext(ctx, readerFace+".GetChildAtIndex", 0, i).Store(&child); err != nil {
			return nil, err
		}
		out = append(out, child)
	}
	return out, nil
}

func (r *Reader) part(ctx context.Context, at ref) (Part, error) {
	p := Part{at: at}
	o := r.conn.Object(at.Owner, at.Path)
	var role uint32 // WebKit leaves its name to readers
	if err := o.CallWithContext(ctx, readerFace+".GetRole", 0).Store(&role); err != nil {
		return p, err
	}
	p.Role = roles[role]
	if err := r.property(ctx, at, readerFace, "Name", &p.Name); err != nil {
		return p, err
	}
	var states []uint32 // a bit each
	if err := o.CallWithContext(ctx, readerFace+".GetState", 0).Store(&states); err != nil {
		return p, err
	}
	if len(states) > 0 {
		p.Checked, p.Focused = states[0]&stateChecked != 0, states[0]&stateFocused != 0
	}
	var faces []string
	if err := o.CallWithContext(ctx, readerFace+".GetInterfaces", 0).Store(&faces); err != nil {
		return p, err
	}
	var err error
	if slices.Contains(faces, readerValue) {
		err = r.property(ctx, at, readerValue, "CurrentValue", &p.Value)
	}
	if slices.Contains(faces, readerText) {
		err = errors.Join(err, o.CallWithContext(ctx, readerText+".GetText", 0, int32(0), int32(-1)).Store(&p.Text))
	}
	return p, err
}

func (r *Reader) property(ctx context.Context, at ref, face, name string, into any) error {
	var v dbus.Variant
	if err := r.conn.Object(at.Owner, at.Path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, face, name).Store(&v); err != nil {
		return err
	}
	return v.Store(into)
}

// Until waits until the windows say what is wanted, and returns that part. When
// ctx ends before, the error tells what was read last.
func (r *Reader) Until(ctx context.Context, wanted func(Part) bool) (Part, error) {
	var found Part
	var last []Part
	err := new(news).wait(ctx, func() bool {
		all, err := r.Read(ctx)
		if err != nil {
			return false
		}
		last = all
		i := slices.IndexFunc(all, wanted)
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	})
	if err != nil {
		return found, fmt.Errorf("wait for a part of a window: %w; last read:\n%s", err, Outline(last))
	}
	return found, nil
}

// Outline is what was read, a line each.
func Outline(parts []Part) string {
	var out strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&out, "%*s%s %q", 2*p.Depth, "", cmp.Or(p.Role, "part"), p.Name)
		if p.Text != "" && p.Text != p.Name {
			fmt.Fprintf(&out, " text %q", p.Text)
		}
		if p.Value != 0 {
			fmt.Fprintf(&out, " value %g", p.Value)
		}
		if p.Checked {
			out.WriteString(" checked")
		}
		if p.Focused {
			out.WriteString(" focused")
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// Press does what a press on a part does.
func (r *Reader) Press(ctx context.Context, p Part) error {
	var done bool
	if err := r.conn.Object(p.at.Owner, p.at.Path).CallWithContext(ctx, readerHands+".DoAction", 0, int32(0)).Store(&done); err != nil {
		return fmt.Errorf("press %s %q: %w", p.Role, p.Name, err)
	}
	if !done {
		return fmt.Errorf("press %s %q: nothing was done", p.Role, p.Name)
	}
	return nil
}

// Box is where on the screen a part is.
func (r *Reader) Box(ctx context.Context, p Part) (image.Rectangle, error) {
	const onScreen = uint32(0)
	var box struct{ X, Y, Width, Height int32 }
	if err := r.conn.Object(p.at.Owner, p.at.Path).CallWithContext(ctx, readerOfBox+".GetExtents", 0, onScreen).Store(&box); err != nil {
		return image.Rectangle{}, fmt.Errorf("find %s %q: %w", p.Role, p.Name, err)
	}
	return image.Rect(int(box.X), int(box.Y), int(box.X+box.Width), int(box.Y+box.Height)), nil
}

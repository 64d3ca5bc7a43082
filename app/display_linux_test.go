package app_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/internal/traytest"
)

// display is a desktop for one test: an X server without a screen, a session
// bus with a tray, and a window manager. It shares nothing with the desktop
// that the test may have been started from.
type display struct {
	t    testing.TB
	dir  string         // its own folder, with a short name: sockets need one
	env  []string       // of programs that run here
	bus  string         // its session bus
	tray *traytest.Host // what a panel would show

	notifications *traytest.Notifications
	taskbar       *traytest.Taskbar
}

// newDisplay starts a desktop and ends it with the test.
func newDisplay(t testing.TB) *display {
	t.Helper()
	desktopBinary(t) // else there is nothing to show
	needPrograms(t, "Xvfb", "dbus-daemon", "openbox", "xdotool")
	dir, err := os.MkdirTemp("", "sluice-") //nolint:usetesting // the name of a test is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	d := &display{t: t, dir: dir}
	t.Cleanup(d.leaveNothing)
	home := filepath.Join(dir, "home")
	d.env = append(without(os.Environ(), "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "GTK_THEME", "LC_ALL", "LANGUAGE"),
		"HOME="+home, "XDG_RUNTIME_DIR="+dir,
		"XDG_CONFIG_HOME="+filepath.Join(home, ".config"), "XDG_DATA_HOME="+filepath.Join(home, ".local", "share"),
		"XDG_CACHE_HOME="+filepath.Join(home, ".cache"), "XDG_STATE_HOME="+filepath.Join(home, ".local", "state"),
		"GDK_BACKEND=x11", "NO_AT_BRIDGE=1", "GSETTINGS_BACKEND=memory", "LANG=C.UTF-8")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	x := d.announced("Xvfb", "-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset")
	d.env = append(d.env, "DISPLAY=:"+x)
	// A bus that starts no services: whatever answers on it, the test has started.
	config := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(busConfig, "$DIR", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	d.bus = d.announced("dbus-daemon", "--config-file="+config, "--nofork", "--nopidfile", "--print-address=3")
	d.env = append(d.env, "DBUS_SESSION_BUS_ADDRESS="+d.bus)
	d.tray = traytest.Watch(t, d.bus)
	d.notifications = traytest.WatchNotifications(t, d.bus)
	d.taskbar = traytest.WatchTaskbar(t, d.bus)
	d.start("openbox", d.command("openbox", "--sm-disable"))
	eventually(t, "the window manager is there", func() bool { _, err := d.xdotool("get_desktop"); return err == nil })
	return d
}

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=$DIR/bus</listen>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_type="method_return"/><allow receive_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="signal"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

// needPrograms skips a test where a program it needs is not installed.
func needPrograms(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed ('build/setup.sh e2e' does it)", name)
		}
	}
}

// without leaves variables out of an environment.
func without(env []string, names ...string) []string {
	return slices.DeleteFunc(env, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(names, name)
	})
}

// command is a program on this desktop.
func (d *display) command(name string, args ...string) *exec.Cmd {
	// Not the test's context: programs are ended in order, by the cleanup.
	cmd := exec.CommandContext(context.WithoutCancel(d.t.Context()), name, args...)
	cmd.Env = d.env
	return cmd
}

// program is one that runs on the desktop.
type program struct {
	name  string
	cmd   *exec.Cmd
	log   string        // file of what it says
	ended chan struct{} // closed when it has
}

// start starts a program, and ends it with the test.
func (d *display) start(name string, cmd *exec.Cmd) *program {
	d.t.Helper()
	log, err := os.CreateTemp(d.dir, name+"-*.log")
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the program has it
	p := &program{name: name, cmd: cmd, log: log.Name(), ended: make(chan struct{})}
	cmd.Stderr = log // a file and no pipe: children may outlive what started them
	if cmd.Stdout == nil {
		cmd.Stdout = log
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // also when a test panics
	if err := cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	go func() { _ = cmd.Wait(); close(p.ended) }()
	d.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-p.ended
			d.t.Errorf("%s did not end when it was told to", name)
		}
		if d.t.Failed() {
			d.t.Logf("%s said:\n%s", name, p.said())
		}
	})
	return p
}

// wait waits until the program has ended by itself, and gives its code.
func (p *program) wait(t testing.TB) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("%s did not end", p.name)
	}
	return p.cmd.ProcessState.ExitCode()
}

// said is what the program has said so far.
func (p *program) said() string {
	body, _ := os.ReadFile(p.log) // nothing, then
	return string(body)
}

// announced starts a program that writes a line to its descriptor 3 once it is
// ready, and gives that line.
func (d *display) announced(name string, args ...string) string {
	d.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	cmd := d.command(name, args...)
	cmd.ExtraFiles = []*os.File{w}
	p := d.start(name, cmd)
	_ = w.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		d.t.Fatalf("%s did not start: %v\n%s", name, err, p.said())
	}
	return strings.TrimSpace(line)
}

// processes lists what runs on this desktop, whoever its parent is now, by the
// word its command line must hold. All of it has the desktop's folder in its
// environment.
func (d *display) processes(word string) (pids []int) {
	d.t.Helper()
	mark := []byte("XDG_RUNTIME_DIR=" + d.dir + "\x00")
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, file := range files {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		env, err := os.ReadFile(file)
		if err == nil && bytes.Contains(env, mark) && !gone(pid) && strings.Contains(commandLine(pid), word) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// commandLine is what a process was started with.
func commandLine(pid int) string {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it has ended, then
	return strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))
}

// leaveNothing waits until nothing of this desktop runs any more. Some
// programs need a moment to see that their display is gone.
func (d *display) leaveNothing() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(20 * time.Second); ; {
		left := d.processes("")
		if len(left) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			for _, pid := range left {
				d.t.Errorf("process %d is left: %s", pid, commandLine(pid))
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			return
		}
	}
}

// xdotool uses mouse, keyboard and windows.
func (d *display) xdotool(args ...string) (string, error) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "xdotool", args...)
	cmd.Env = d.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("xdotool %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), err
}

// do uses mouse and keyboard, and fails the test when that is not possible.
func (d *display) do(args ...string) string {
	d.t.Helper()
	out, err := d.xdotool(args...)
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// windows are the windows of a title that can be seen.
func (d *display) windows(title string) []string {
	d.t.Helper()
	out, _ := d.xdotool("search", "--onlyvisible", "--name", "^"+title+"$") // an error when there is none
	return strings.Fields(out)
}

// window waits for a window of that title and gives its id.
func (d *display) window(title string) string {
	d.t.Helper()
	var ids []string
	eventually(d.t, "a window "+title+" is shown", func() bool { ids = d.windows(title); return len(ids) > 0 })
	return ids[0]
}

// noWindow waits until no window of that title is shown.
func (d *display) noWindow(title string) {
	d.t.Helper()
	eventually(d.t, "the window "+title+" is hidden", func() bool { return len(d.windows(title)) == 0 })
}

// frame is where a window is on the screen.
func (d *display) frame(id string) image.Rectangle {
	d.t.Helper()
	at := map[string]int{}
	for line := range strings.Lines(d.do("getwindowgeometry", "--shell", id)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		at[name], _ = strconv.Atoi(value)
	}
	return image.Rect(at["X"], at["Y"], at["X"]+at["WIDTH"], at["Y"]+at["HEIGHT"])
}

// middle is the middle of a window on the screen.
func (d *display) middle(id string) image.Point {
	d.t.Helper()
	return centre(d.frame(id))
}

func centre(r image.Rectangle) image.Point { return r.Min.Add(r.Max).Div(2) }

// clickAt clicks the middle of a part of the screen.
func (d *display) clickAt(r image.Rectangle) {
	d.t.Helper()
	at := centre(r)
	d.do("mousemove", "--sync", strconv.Itoa(at.X), strconv.Itoa(at.Y))
	d.do("click", "1")
}

// read starts a screen reader. Only programs that start later can be read.
func (d *display) read() *reader {
	d.t.Helper()
	registry := traytest.RegistryProgram()
	if registry == "" {
		d.t.Skip("at-spi2-core is not installed ('build/setup.sh e2e' does it)")
	}
	d.env = append(without(d.env, "NO_AT_BRIDGE"), "AT_SPI_BUS_ADDRESS="+d.bus)
	d.start("registry", d.command(registry))
	r := &reader{d.t, traytest.NewReader(d.t, d.bus)}
	eventually(d.t, "the registry of the screen reader is there", func() bool { return r.Ready(d.t.Context()) })
	return r
}

// reader reads windows for a test.
type reader struct {
	t testing.TB
	*traytest.Reader
}

// find waits for a part of a window.
func (r *reader) find(what string, wanted func(traytest.Part) bool) traytest.Part {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	p, err := r.Until(ctx, wanted)
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
	return p
}

// all is what the windows show now.
func (r *reader) all() []traytest.Part {
	r.t.Helper()
	parts, err := r.Read(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return parts
}

// box is where on the screen a part is.
func (r *reader) box(p traytest.Part) image.Rectangle {
	r.t.Helper()
	box, err := r.Box(r.t.Context(), p)
	if err != nil {
		r.t.Fatal(err)
	}
	return box
}

// press waits for a part of that role and name, and presses it.
func (r *reader) press(role, name string) {
	r.t.Helper()
	r.pressWhere(role+" "+name, func(p traytest.Part) bool { return p.Role == role && p.Name == name })
}

// pressWhere waits for a part and presses it. A page that changes may put a new
// part in its place before it can be pressed.
func (r *reader) pressWhere(what string, wanted func(traytest.Part) bool) {
	r.t.Helper()
	eventually(r.t, "a press on "+what, func() bool { return r.Press(r.t.Context(), r.find(what, wanted)) == nil })
}

// screen is what can be seen.
func (d *display) screen() image.Image {
	d.t.Helper()
	needPrograms(d.t, "import")
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "import", "-silent", "-window", "root", "png:-")
	cmd.Env = d.env
	out, err := cmd.Output()
	if err != nil {
		d.t.Fatalf("screenshot: %v", err)
	}
	img, err := png.Decode(bytes.NewReader(out))
	if err != nil {
		d.t.Fatalf("screenshot: %v", err)
	}
	return img
}

// colours counts the colours of a part of the screen.
func colours(img image.Image, part image.Rectangle) int {
	seen := map[color.Color]bool{}
	part = part.Intersect(img.Bounds())
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			seen[img.At(x, y)] = true
		}
	}
	return len(seen)
}

// dragSource is a small window that files can be dragged from.
type dragSource struct {
	*display
	lines *bufio.Scanner
	at    image.Point
}

// newDragSource shows one with files and folders in it.
func (d *display) newDragSource(paths ...string) *dragSource {
	d.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = r.Close() })
	cmd := d.command(pythonWithGTK(d.t), append([]string{filepath.Join("testdata", "dragsource.py")}, paths...)...)
	cmd.Stdout = w
	d.start("dragsource", cmd)
	_ = w.Close()
	if err := r.SetReadDeadline(time.Now().Add(patience)); err != nil {
		d.t.Fatal(err)
	}
	s := &dragSource{display: d, lines: bufio.NewScanner(r)}
	if _, err := fmt.Sscanf(s.next(), "ready %d %d", &s.at.X, &s.at.Y); err != nil {
		d.t.Fatalf("drag source: %v", err)
	}
	return s
}

// next waits for the next thing that the source says.
func (s *dragSource) next() string {
	s.t.Helper()
	if !s.lines.Scan() {
		s.t.Fatalf("the drag source says no more: %v", s.lines.Err())
	}
	return s.lines.Text()
}

// drop drags what the source holds to a point and lets it go there, as a hand
// would: it goes on when the window below has taken notice. It gives the
// source's last words: "dropped", or "refused" and why.
func (s *dragSource) drop(at image.Point) string {
	s.t.Helper()
	move := func(p image.Point) { s.do("mousemove", "--sync", strconv.Itoa(p.X), strconv.Itoa(p.Y)) }
	move(s.at)
	s.do("mousedown", "1")
	for i := 1; i <= 10; i++ { // a jump would be no drag
		move(s.at.Add(at.Sub(s.at).Mul(i).Div(10)))
	}
	move(at.Add(image.Pt(3, 3))) // the window has seen it come; now it is over it
	for _, want := range []string{"dragging", "welcome"} {
		if got := s.next(); got != want {
			s.t.Fatalf("the drag is %q, not %q", got, want)
		}
	}
	s.do("mouseup", "1")
	return s.next()
}

// pythonWithGTK is a Python that can show windows. The first one on the path
// may be somebody's own, without the system's modules.
func pythonWithGTK(t testing.TB) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		const ask = `import gi; gi.require_version("Gtk", "3.0"); from gi.repository import Gtk`
		if exec.CommandContext(t.Context(), python, "-c", ask).Run() == nil {
			return python
		}
	}
	t.Skip("python3-gi is not installed ('build/setup.sh e2e' does it)")
	return ""
}

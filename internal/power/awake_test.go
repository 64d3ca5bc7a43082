package power_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/power"
)

// TestMain lets the test binary play the tools and the program that uses them.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 {
		switch role, address := os.Args[1], os.Args[2]; role {
		case "inhibit": // as systemd-inhibit: runs something and waits for it
			live(role, address)
			child := exec.Command(os.Args[0], "cat", address)
			child.Stdin = os.Stdin
			_ = child.Run()
			return
		case "cat":
			live(role, address)
			_, _ = io.Copy(io.Discard, os.Stdin)
			return
		case "caffeinate": // heeds nothing but signals
			live(role, address)
			select {}
		case "stubborn": // not even those
			signal.Ignore(syscall.SIGTERM)
			live(role, address)
			select {}
		case "fail":
			os.Exit(1)
		case "owner": // a program that is killed while it holds
			a := power.NewAwakeBy(quiet(), tool("inhibit", address))
			a.Hold()
			live(role, address)
			select {}
		}
	}
	os.Exit(m.Run())
}

// live tells the test that this process runs. When the connection ends, it
// has ended.
func live(role, address string) {
	c, err := net.Dial("unix", address)
	if err != nil {
		os.Exit(2)
	}
	_, _ = io.WriteString(c, role+" "+strconv.Itoa(os.Getpid())+"\n")
}

func tool(role, address string) func() ([]string, error) {
	return func() ([]string, error) { return []string{os.Args[0], role, address}, nil }
}

// crowd is where processes say that they live.
type crowd struct {
	address string
	door    net.Listener
}

func gather(t *testing.T) crowd {
	t.Helper()
	address := filepath.Join(t.TempDir(), "s")
	door, err := net.Listen("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() })
	return crowd{address, door}
}

// one is a process that lives.
type one struct {
	pid  int
	conn *bufio.Reader
}

// come waits for as many processes and gives them by role.
func (c crowd) come(t *testing.T, n int) map[string]one {
	t.Helper()
	all := map[string]one{}
	for range n {
		conn, err := c.door.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		r := bufio.NewReader(conn)
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		role, pid, _ := bytes.Cut(bytes.TrimSpace([]byte(line)), []byte(" "))
		id, err := strconv.Atoi(string(pid))
		if err != nil {
			t.Fatal(err)
		}
		all[string(role)] = one{id, r}
	}
	return all
}

// end waits until a process has ended; the test's own time limit is the last word.
func (o one) end(t *testing.T) {
	t.Helper()
	if _, err := o.conn.ReadByte(); err == nil {
		t.Error("it has more to say")
	}
}

func TestHoldingTwiceIsHoldingOnce(t *testing.T) {
	t.Parallel()
	c := gather(t)
	a := power.NewAwakeBy(quiet(), tool("caffeinate", c.address))
	a.Release() // before anything
	a.Hold()
	first := c.come(t, 1)["caffeinate"]
	a.Hold()
	a.Release()
	first.end(t)
	a.Release()
	a.Hold() // a second one would have come before this one
	second := c.come(t, 1)["caffeinate"]
	if second.pid == first.pid {
		t.Error("the first one lives on")
	}
	a.Release()
	second.end(t)
}

func TestNothingIsLeftWhenItIsReleased(t *testing.T) {
	t.Parallel()
	c := gather(t)
	a := power.NewAwakeBy(quiet(), tool("inhibit", c.address))
	a.Hold()
	all := c.come(t, 2)
	a.Release()
	for _, o := range all {
		o.end(t)
	}
}

func TestNothingIsLeftWhenWeAreKilled(t *testing.T) {
	t.Parallel()
	c := gather(t)
	owner := exec.CommandContext(t.Context(), os.Args[0], "owner", c.address)
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	all := c.come(t, 3)
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait()
	for _, o := range all {
		o.end(t)
	}
}

func TestAToolThatDoesNotListenIsKilled(t *testing.T) {
	t.Parallel()
	c := gather(t)
	a := power.NewAwakeBy(quiet(), tool("stubborn", c.address))
	a.Hold()
	o := c.come(t, 1)["stubborn"]
	a.Release()
	o.end(t)
}

func TestAToolThatWasEndedIsStartedAgain(t *testing.T) {
	t.Parallel()
	c := gather(t)
	a := power.NewAwakeBy(quiet(), tool("caffeinate", c.address))
	defer a.Release()
	a.Hold()
	first := c.come(t, 1)["caffeinate"]
	if err := syscall.Kill(first.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	first.end(t)
	// It is seen a moment later that it has ended.
	came := make(chan struct{})
	go func() {
		defer close(came)
		if conn, err := c.door.Accept(); err == nil {
			_ = conn.Close()
		}
	}()
	for {
		a.Hold()
		select {
		case <-came:
			return
		default:
		}
	}
}

func TestAToolThatGaveUpIsNotAskedAgainAtOnce(t *testing.T) {
	t.Parallel()
	var log lines
	asked := 0
	a := power.NewAwakeBy(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), func() ([]string, error) {
		asked++
		return tool("fail", "x")()
	})
	defer a.Release()
	a.Hold()
	for log.count() == 0 {
		a.Hold()
	}
	for range 20 {
		a.Hold()
	}
	if asked != 1 {
		t.Errorf("it was started %d times", asked)
	}
}

func TestAMachineThatCannotBeKeptAwakeIsSaidOnce(t *testing.T) {
	t.Parallel()
	for name, command := range map[string]func() ([]string, error){
		"no tool":                   func() ([]string, error) { return nil, exec.ErrNotFound },
		"a tool that is not there":  func() ([]string, error) { return []string{"/nowhere/caffeinate"}, nil },
		"a tool with nobody to ask": tool("fail", "x"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lines
			a := power.NewAwakeBy(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), command)
			for log.count() == 0 {
				a.Hold()
			}
			for range 20 {
				a.Hold()
				a.Release()
			}
			if n := log.count(); n != 1 {
				t.Errorf("said %d times", n)
			}
		})
	}
}

// lines counts what is written to it.
type lines struct {
	mu sync.Mutex
	n  int
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	return len(p), nil
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

func TestManyMayHoldAndReleaseAtOnce(t *testing.T) {
	t.Parallel()
	a := power.NewAwakeBy(quiet(), tool("fail", "x"))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 5 {
				if i%2 == 0 {
					a.Hold()
				} else {
					a.Release()
				}
			}
		})
	}
	all.Wait()
	a.Release()
}

func TestStayAwake(t *testing.T) {
	t.Parallel()
	find := func(name string) (string, error) { return "/usr/bin/" + name, nil }
	missing := func(gone string) func(string) (string, error) {
		return func(name string) (string, error) {
			if name == gone {
				return "", exec.ErrNotFound
			}
			return find(name)
		}
	}
	tests := map[string]struct {
		system string
		look   func(string) (string, error)
		want   []string
		err    error
	}{
		"a Mac": {"darwin", missing("caffeinate"), []string{"/usr/bin/caffeinate", "-i", "-w", strconv.Itoa(os.Getpid())}, nil},
		"Linux with systemd": {"linux", find, []string{
			"/usr/bin/systemd-inhibit", "--what=idle", "--mode=block", "--who=Sluice", "--why=A job is running", "/usr/bin/cat",
		}, nil},
		"Linux without systemd": {"linux", missing("systemd-inhibit"), nil, exec.ErrNotFound},
		"Linux without cat":     {"linux", missing("cat"), nil, exec.ErrNotFound},
		"another system":        {"freebsd", find, nil, errors.ErrUnsupported},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := power.StayAwake(tt.system, tt.look)
			if !errors.Is(err, tt.err) {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestThisMachineIsKeptAwakeOrNot tries the real tool, which may find nobody
// to ask.
func TestThisMachineIsKeptAwakeOrNot(t *testing.T) {
	t.Parallel()
	a := power.NewAwake(quiet())
	a.Hold()
	a.Release()
}

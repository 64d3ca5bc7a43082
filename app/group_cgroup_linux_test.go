package app_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// groups is where cgroups of version 1 limit memory.
const groups = "/sys/fs/cgroup/memory"

// group is a memory cgroup of a test's own. Its count of kills is the kernel's.
type group struct {
	t   testing.TB
	dir string
}

func newGroup(t testing.TB) group {
	t.Helper()
	if _, err := os.Stat(filepath.Join(groups, "memory.limit_in_bytes")); err != nil {
		t.Skip("no memory cgroups of version 1 here")
	}
	dir, err := os.MkdirTemp(groups, "sluice-test-") //nolint:usetesting // groups are made where groups are
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		t.Skip("no memory cgroups for this user here")
	}
	if err != nil {
		t.Fatal(err)
	}
	g := group{t, dir}
	t.Cleanup(g.remove)
	return g
}

// remove ends what is left in the group, and the group.
func (g group) remove() {
	for _, pid := range g.pids() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	eventually(g.t, "the group is empty and gone", func() bool {
		err := os.Remove(g.dir)
		return err == nil || errors.Is(err, fs.ErrNotExist)
	})
}

func (g group) pids() (pids []int) {
	body, _ := os.ReadFile(filepath.Join(g.dir, "cgroup.procs"))
	for _, word := range strings.Fields(string(body)) {
		if pid, err := strconv.Atoi(word); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// limit says how much the group may take, together with swap where the kernel
// counts that: swap can never be less than memory, so it is tried on both
// sides of it.
func (g group) limit(bytes int64) {
	g.t.Helper()
	value := []byte(strconv.FormatInt(bytes, 10))
	swap := filepath.Join(g.dir, "memory.memsw.limit_in_bytes")
	_, err := os.Stat(swap)
	counted := err == nil
	if counted {
		_ = os.WriteFile(swap, value, 0)
	}
	if err := os.WriteFile(filepath.Join(g.dir, "memory.limit_in_bytes"), value, 0); err != nil {
		g.t.Fatal(err)
	}
	if counted {
		if err := os.WriteFile(swap, value, 0); err != nil {
			g.t.Fatal(err)
		}
	}
}

// peak is the most that the group ever held, with its share of the file cache.
func (g group) peak() int64 {
	g.t.Helper()
	body, err := os.ReadFile(filepath.Join(g.dir, "memory.max_usage_in_bytes"))
	if err != nil {
		g.t.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(body)), 10, 64)
	if err != nil {
		g.t.Fatal(err)
	}
	return n
}

// kills is how many processes of the group the kernel has ended for memory.
func (g group) kills() int64 {
	g.t.Helper()
	body, err := os.ReadFile(filepath.Join(g.dir, "memory.oom_control"))
	if err != nil {
		g.t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(body), "oom_kill ")
	n, err := strconv.ParseInt(strings.TrimSpace(after), 10, 64)
	if !ok || err != nil {
		g.t.Fatalf("no count of kills in %q", body)
	}
	return n
}

// enter makes a command run in the group from its first byte on: a shell joins
// and becomes the program, which keeps its process id.
func (g group) enter(cmd *exec.Cmd) {
	g.t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		g.t.Fatal(err)
	}
	cmd.Args = append([]string{"sh", "-c", `echo $$ >"$0" && exec "$@"`, filepath.Join(g.dir, "cgroup.procs"), cmd.Path}, cmd.Args[1:]...)
	cmd.Path = sh
}

// serve is home.serve in the group.
func (g group) serve(h home) *server {
	g.t.Helper()
	cmd := h.command(context.WithoutCancel(h.t.Context()), "serve", "--listen", "127.0.0.1:0")
	g.enter(cmd)
	s := h.tend(cmd)
	s.url = h.discover(cmd.Process.Pid)
	return s
}

// hog is somebody else's program in the group. It holds as much memory as it
// is told to: tail keeps what it reads until it knows where the end is.
type hog struct {
	group
	cmd   *exec.Cmd
	input io.WriteCloser
}

func (g group) hog() hog {
	g.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(g.t.Context()), "tail", "-c", "100G")
	g.enter(cmd)
	input, err := cmd.StdinPipe()
	if err != nil {
		g.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	h := hog{g, cmd, input}
	g.t.Cleanup(h.end)
	return h
}

// grow makes it take so much more, or less if the kernel kills it or somebody
// else for it, and says how much. It goes in small steps: whoever takes on while a dead one's
// memory is still on its way back makes the kernel kill the next.
func (h hog) grow(most int64) (taken int64) {
	h.t.Helper()
	step := make([]byte, 64<<10)
	for kills := h.kills(); taken < most && h.kills() == kills; taken += int64(len(step)) {
		if _, err := h.input.Write(step); errors.Is(err, syscall.EPIPE) {
			return taken // it was killed itself
		} else if err != nil {
			h.t.Fatalf("the hog cannot grow: %v", err)
		}
	}
	return taken
}

// end makes it give everything back.
func (h hog) end() {
	if h.cmd.ProcessState == nil {
		_ = h.cmd.Process.Kill()
		_ = h.cmd.Wait()
	}
}

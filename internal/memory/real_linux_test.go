package memory_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/job"
	"sluice/internal/memory"
)

// childMode makes the test binary play a process inside a cgroup.
const childMode = "MEMORY_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childMode) {
	case "reader":
		reader()
	case "glutton":
		glutton()
	default:
		os.Exit(m.Run())
	}
}

// report is one answer of the reader.
type report struct {
	Reading job.Reading
	Kills   int64
	Err     string
}

// reader answers each line on stdin: it does what the line says and then
// looks at its memory.
func reader() {
	probe := memory.New(memory.Config{})
	var held []byte
	in := bufio.NewScanner(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		switch in.Text() {
		case "hold":
			held = touch(32 * mib)
		case "kill":
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), childMode+"=glutton")
			_ = cmd.Run() // its death is what is asked for
		}
		var r report
		var err error
		if r.Reading, err = probe.Read(context.Background()); err == nil {
			r.Kills, err = probe.OutOfMemoryCount(context.Background())
		}
		if err != nil {
			r.Err = err.Error()
		}
		_ = out.Encode(r)
	}
	_ = held
}

// glutton takes more than its cgroup has and asks to be the one who is killed.
func glutton() {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	_ = touch(400 * mib)
}

func touch(n int64) []byte {
	b := make([]byte, n)
	for i := int64(0); i < n; i += 4096 {
		b[i] = 1
	}
	return b
}

func TestThisMachine(t *testing.T) {
	t.Parallel()
	r, err := memory.New(memory.Config{}).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Total <= 0 || r.Available <= 0 || r.Available > r.Total || r.At.IsZero() {
		t.Errorf("not believable: %+v", r)
	}
	if r.FreePercent < 0 || r.FreePercent > 100 {
		t.Errorf("%d %% free", r.FreePercent)
	}
}

// TestARealCgroup puts a child into a real group of version 1. The group above
// has the lower limit, so the walk to the parents is real too.
func TestARealCgroup(t *testing.T) {
	t.Parallel()
	const limit = 200 << 20
	outer := filepath.Join("/sys/fs/cgroup/memory", fmt.Sprintf("sluice-test-%d", os.Getpid()))
	inner := filepath.Join(outer, "inner")
	for _, dir := range []string{outer, inner} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Skipf("needs a memory cgroup of version 1 that this user may write to: %v", err)
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Errorf("the test group is left behind: %v", err)
			}
		})
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(outer, "memory.use_hierarchy"), "1") // always on in new kernels
	write(filepath.Join(outer, "memory.limit_in_bytes"), fmt.Sprint(limit))

	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childMode+"=reader")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() }) // before the groups are removed
	write(filepath.Join(inner, "cgroup.procs"), fmt.Sprint(cmd.Process.Pid))

	answers := json.NewDecoder(out)
	ask := func(what string) report {
		t.Helper()
		if _, err := io.WriteString(in, what+"\n"); err != nil {
			t.Fatal(err)
		}
		var r report
		if err := answers.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if r.Err != "" {
			t.Fatal(r.Err)
		}
		return r
	}

	idle := ask("look")
	if !idle.Reading.Confined || idle.Reading.Total != limit {
		t.Errorf("confined %v to %d, want %d", idle.Reading.Confined, idle.Reading.Total, limit)
	}
	if a := idle.Reading.Available; a <= limit/2 || a > limit {
		t.Errorf("%d available in an idle group of %d", a, limit)
	}

	holding := ask("hold")
	took := idle.Reading.Available - holding.Reading.Available
	if took < 30*mib { // the race detector takes more beside it
		t.Errorf("holding 32 MiB took %s from what is available", job.FormatBytes(took))
	}

	killed := ask("kill")
	if n := killed.Kills - holding.Kills; n != 1 {
		t.Errorf("the kernel killed one process and the count rose by %d", n)
	}
	t.Log(strings.Join([]string{
		"idle " + job.FormatBytes(idle.Reading.Available),
		"holding " + job.FormatBytes(holding.Reading.Available),
		fmt.Sprint("kills ", killed.Kills),
	}, ", "))
}

// TestARealEngine finds a child that runs as the engine does.
func TestARealEngine(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "engine")
	cmd.Env = append(os.Environ(), childMode+"=reader")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, "hold\n"); err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(out).Decode(&report{}); err != nil {
		t.Fatal(err)
	}
	engines := func() (found []job.Holder) {
		t.Helper()
		all, err := memory.Holders(t.Context(), memory.Own{PID: os.Getpid(), Engine: "base.en"})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range all {
			if h.Kind == job.HolderEngine {
				found = append(found, h)
			}
		}
		return found
	}
	if got := engines(); len(got) != 1 || got[0].Name != "base.en" || got[0].Count != 1 || got[0].Bytes < 32*mib {
		t.Errorf("while it runs: %+v", got)
	}
	_ = in.Close()
	_ = cmd.Wait()
	if got := engines(); len(got) != 0 {
		t.Errorf("when it is gone: %+v", got)
	}
}

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
		what, path, _ := strings.Cut(in.Text(), " ")
		switch what {
		case "read":
			_ = readAll(path) // what became of it shows in the cgroup
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

// readAll reads a file in pieces, as one who computes its digest does.
func readAll(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, f, make([]byte, 1<<20))
	return err
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

// box is a real group of version 1 with a process in it.
type box struct {
	dir string
	in  io.Writer
	out *json.Decoder
}

// confine starts a reader in a group of its own. The group above has the
// limit, so the walk to the parents is real too.
func confine(t *testing.T, limit int64) box {
	t.Helper()
	outer := filepath.Join("/sys/fs/cgroup/memory", fmt.Sprintf("sluice-test-%d-%s", os.Getpid(), t.Name()))
	if err := os.Mkdir(outer, 0o755); err != nil {
		t.Skipf("needs a memory cgroup of version 1 that this user may write to: %v", err)
	}
	remove := func(dir string) {
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Errorf("the test group is left behind: %v", err)
			}
		})
	}
	remove(outer)
	inner := filepath.Join(outer, "inner")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	remove(inner)
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
	return box{dir: inner, in: in, out: json.NewDecoder(out)}
}

// ask makes the process do something and then look at its memory.
func (b box) ask(t *testing.T, what string) report {
	t.Helper()
	if _, err := io.WriteString(b.in, what+"\n"); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := b.out.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if r.Err != "" {
		t.Fatal(r.Err)
	}
	return r
}

// stat is one line of the group's own account.
func (b box) stat(t *testing.T, name string) int64 {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(b.dir, "memory.stat"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(body)) {
		var n int64
		if _, err := fmt.Sscanf(line, name+" %d", &n); err == nil {
			return n
		}
	}
	t.Fatalf("no %s in memory.stat", name)
	return 0
}

func TestARealCgroup(t *testing.T) {
	t.Parallel()
	const limit = 200 * mib
	b := confine(t, limit)
	idle := b.ask(t, "look")
	if !idle.Reading.Confined || idle.Reading.Total != limit {
		t.Errorf("confined %v to %d, want %d", idle.Reading.Confined, idle.Reading.Total, limit)
	}
	if a := idle.Reading.Available; a <= limit/2 || a > limit {
		t.Errorf("%d available in an idle group of %d", a, limit)
	}

	holding := b.ask(t, "hold")
	took := idle.Reading.Available - holding.Reading.Available
	if took < 30*mib { // the race detector takes more beside it
		t.Errorf("holding 32 MiB took %s from what is available", job.FormatBytes(took))
	}

	killed := b.ask(t, "kill")
	if n := killed.Kills - holding.Kills; n != 1 {
		t.Errorf("the kernel killed one process and the count rose by %d", n)
	}
	t.Log(strings.Join([]string{
		"idle " + job.FormatBytes(idle.Reading.Available),
		"holding " + job.FormatBytes(holding.Reading.Available),
		fmt.Sprint("kills ", killed.Kills),
	}, ", "))
}

// A model is read to know its digest and again to load it.
func TestAFileThatWasReadTwiceDoesNotFillARealCgroup(t *testing.T) {
	t.Parallel()
	const size, limit = 200 * mib, 256 * mib
	model := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(model, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(model, size); err != nil { // a hole is cached like any other part of a file
		t.Fatal(err)
	}
	b := confine(t, limit)
	idle := b.ask(t, "look").Reading.Available
	// The kernel's account of a group may lag for some milliseconds: a few
	// looks are taken and the best one counts.
	read := func() int64 {
		most := b.ask(t, "read "+model).Reading.Available
		for range 20 {
			most = max(most, b.ask(t, "look").Reading.Available)
		}
		return most
	}
	once, twice := read(), read()
	active := b.stat(t, "active_file") // most of the file, where the kernel noticed the second reading
	for name, available := range map[string]int64{"once": once, "twice": twice} {
		// Beyond the pages themselves the kernel has its books about them.
		if took := idle - available; took > 16*mib {
			t.Errorf("reading the file %s took %s from what is available", name, job.FormatBytes(took))
		}
	}
	t.Log("idle " + job.FormatBytes(idle) + ", read once " + job.FormatBytes(once) +
		", twice " + job.FormatBytes(twice) + " with " + job.FormatBytes(active) + " active")
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

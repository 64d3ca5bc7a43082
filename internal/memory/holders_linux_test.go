package memory_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/memory"
)

// runs is the fixture of a process: resident and shared are in pages.
func runs(pid, parent int, comm string, resident, shared int, args ...string) tree {
	dir := fmt.Sprintf("proc/%d/", pid)
	return tree{
		dir + "stat":    fmt.Sprintf("%d (%s) S %d %d 1 0 -1 4194304 1 2 3", pid, comm, parent, pid),
		dir + "statm":   fmt.Sprintf("%d %d %d 10 0 20 0\n", resident*3, resident, shared),
		dir + "cmdline": strings.Join(args, "\x00") + "\x00",
	}
}

func together(processes ...tree) tree {
	all := tree{"proc/uptime": "1 2\n", "proc/self/stat": "not a number"}
	for _, p := range processes {
		all = all.and(p)
	}
	return all
}

func TestWhatHoldsMemoryOnLinux(t *testing.T) {
	t.Parallel()
	page := int64(os.Getpagesize())
	kernel := runs(2, 0, "kthreadd", 0, 0)
	kernel["proc/2/cmdline"] = ""
	untold := runs(60, 1, "odd", 70, 30)
	untold["proc/60/cmdline"] = ""
	zombie := runs(62, 100, "ffmpeg", 0, 0)
	vanished := tree{"proc/61/stat": "61 (gone) S 1 61 1"}
	fixture := together(
		kernel, untold, zombie, vanished,
		runs(1, 0, "systemd", 30, 20, "/sbin/init"),
		runs(100, 1, "sluice", 500, 100, "sluice", "serve"),
		runs(101, 100, "sluice", 90_000, 80_000, "/usr/bin/sluice", "engine"),
		runs(102, 100, "ffmpeg", 900, 100, "/usr/bin/ffmpeg", "-i", "file:/home/mina/engine"),
		runs(103, 102, "ffmpeg", 50, 0, "/usr/bin/ffmpeg"),
		runs(104, 100, "WebKitWebProces", 700, 200, "/usr/lib/webkit2gtk-4.1/WebKitWebProcess", "7"),
		runs(200, 1, "ollama", 1000, 400, "/usr/local/bin/ollama", "serve"),
		runs(201, 200, "ollama", 500_000, 490_000, "/usr/local/bin/ollama", "runner", "--model", "x"),
		runs(300, 1, "chrome", 4000, 1000, "/opt/google/chrome/chrome"),
		runs(301, 300, "chrome", 3000, 1000, "/opt/google/chrome/chrome --type=renderer --lang=en-US"),
		runs(400, 1, "firefox", 2000, 500, "/usr/lib/firefox/firefox"),
		runs(401, 400, "Web Content", 2500, 500, "/usr/lib/firefox/firefox", "-contentproc"),
		runs(500, 1, "unattended-upgr", 300, 100, "/usr/bin/python3", "/usr/bin/unattended-upgrades"),
		runs(600, 1, "a (b) c) S 100", 40, 10, "relative"),
		runs(700, 1, "sluice", 10, 0, "sluice", "engine"), // of somebody else
		runs(800, 1, "shrinking", 5, 9, "shrinking"),
	)
	got, err := fixture.probe(t).Holders(t.Context(), memory.Own{PID: 100, Engine: "base"})
	if err != nil {
		t.Fatal(err)
	}
	want := []job.Holder{
		{Kind: job.HolderEngine, Name: "base", Bytes: 90_000 * page, Count: 1},
		{Kind: job.HolderSluice, Name: "Sluice", Bytes: (400 + 800 + 50 + 500) * page, Count: 4},
		{Kind: job.HolderOllama, Name: "Ollama", Bytes: 501_000 * page, Count: 2},
		{Kind: job.HolderOther, Name: "chrome", Bytes: 5000 * page, Count: 2},
		{Kind: job.HolderOther, Name: "firefox", Bytes: 3500 * page, Count: 2},
		{Kind: job.HolderOther, Name: "unattended-upgrades", Bytes: 200 * page, Count: 1},
		{Kind: job.HolderOther, Name: "odd", Bytes: 40 * page, Count: 1},
		{Kind: job.HolderOther, Name: "a (b) c) S 100", Bytes: 30 * page, Count: 1},
		{Kind: job.HolderOther, Name: "init", Bytes: 10 * page, Count: 1},
		{Kind: job.HolderOther, Name: "sluice", Bytes: 10 * page, Count: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHoldersThatCannotBeListed(t *testing.T) {
	t.Parallel()
	if got, err := (tree{}).probe(t).Holders(t.Context(), memory.Own{}); err == nil {
		t.Errorf("without /proc: %+v", got)
	}
	if got, err := (tree{"proc/1/stat": "1 (a) S 0"}).probe(t).Holders(t.Context(), memory.Own{}); err == nil {
		t.Errorf("with nothing that can be read: %+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := together(runs(1, 0, "a", 1, 0, "a")).probe(t).Holders(ctx, memory.Own{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}

func TestAProbeFollowsItsProcessToAnotherCgroup(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	fixture := machine(8 << 10).and(tree{
		"proc/self/cgroup":               "0::/small\n",
		"sys/fs/cgroup/small/memory.max": bytes(gib),
		"sys/fs/cgroup/large/memory.max": bytes(4 * gib),
	})
	fixture.write(t, root)
	probe := memory.New(memory.Config{Root: root})
	want := func(total int64) {
		t.Helper()
		if r, err := probe.Read(t.Context()); err != nil || r.Total != total {
			t.Errorf("%+v, %v; want a total of %d", r, err, total)
		}
	}
	want(gib)
	want(gib)
	tree{"proc/self/cgroup": "0::/large\n"}.write(t, root)
	want(4 * gib)
}

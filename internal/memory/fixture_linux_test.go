package memory_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/job"
	"sluice/internal/memory"
)

// tree is a fixture: what lies where below the root.
type tree map[string]string

func (f tree) probe(t *testing.T) *memory.Probe {
	t.Helper()
	root := t.TempDir()
	f.write(t, root)
	return memory.New(memory.Config{Root: root, Now: func() time.Time { return noon }})
}

func (f tree) write(t *testing.T, root string) {
	t.Helper()
	for name, body := range f {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (f tree) and(more tree) tree {
	all := tree{}
	for _, part := range []tree{f, more} {
		for name, body := range part {
			all[name] = body
		}
	}
	return all
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const mib = int64(1) << 20

// machine has 16 GiB with half of it available and 1 GiB of 2 in swap.
func machine(availableMiB int64) tree {
	return tree{"proc/meminfo": fmt.Sprintf(
		"MemTotal: %d kB\nMemFree: 1024 kB\nMemAvailable: %d kB\nSwapTotal: %d kB\nSwapFree: %d kB\nHugePages_Total: 0\n",
		16*gib>>10, availableMiB<<10, 2*gib>>10, gib>>10)}
}

func psi(some, full string) string {
	return "some avg10=" + some + " avg60=0.00 avg300=0.00 total=1\n" +
		"full avg10=" + full + " avg60=0.00 avg300=0.00 total=1\n"
}

func bytes(n int64) string { return fmt.Sprintf("%d\n", n) }

func TestRead(t *testing.T) {
	t.Parallel()
	open := job.Reading{
		At: noon, Level: job.Normal, Total: 16 * gib, Available: 8 * gib, FreePercent: 50, SwapUsed: gib,
	}
	confined := func(total, available int64, percent int, level job.Pressure) job.Reading {
		return job.Reading{
			At: noon, Level: level, Total: total, Available: available,
			FreePercent: percent, SwapUsed: gib, Confined: true,
		}
	}
	const unlimited = "9223372036854771712\n"
	half := machine(8 << 10)
	v1 := half.and(tree{"proc/self/cgroup": "5:devices:/\n4:cpu,memory:/box/job\n0::/\n"})
	v2 := half.and(tree{"proc/self/cgroup": "0::/box/job\n"})

	tests := map[string]struct {
		tree tree
		want job.Reading
	}{
		"a machine without cgroups and PSI": {half, open},
		"a kernel without MemAvailable": {
			tree{"proc/meminfo": "MemTotal: 1000 kB\nMemFree: 300 kB\nBuffers: 50 kB\nCached: 150 kB\n"},
			job.Reading{At: noon, Level: job.Normal, Total: 1000 << 10, Available: 500 << 10, FreePercent: 50},
		},
		"version 1 without a limit": {
			v1.and(tree{"sys/fs/cgroup/memory/box/job/memory.limit_in_bytes": unlimited}), open,
		},
		"version 1 with a limit leaves the file cache out but for a hundredth of the limit": {
			v1.and(tree{
				"sys/fs/cgroup/memory/box/job/memory.limit_in_bytes": bytes(2000 * mib),
				"sys/fs/cgroup/memory/box/job/memory.usage_in_bytes": bytes(1500 * mib),
				"sys/fs/cgroup/memory/box/job/memory.stat": "cache 1\ninactive_file 1\nactive_file 1\n" +
					"total_inactive_file " + bytes(500*mib) + "total_active_file 0\n",
			}),
			confined(2000*mib, 980*mib, 49, job.Normal),
		},
		"version 1 with a file cache that was read twice": {
			v1.and(tree{
				"sys/fs/cgroup/memory/box/job/memory.limit_in_bytes": bytes(2000 * mib),
				"sys/fs/cgroup/memory/box/job/memory.usage_in_bytes": bytes(1900 * mib),
				"sys/fs/cgroup/memory/box/job/memory.stat": "total_inactive_file " + bytes(100*mib) +
					"total_active_file " + bytes(1600*mib),
			}),
			confined(2000*mib, 1780*mib, 89, job.Normal),
		},
		"version 1 of a group without children's counts": {
			v1.and(tree{
				"sys/fs/cgroup/memory/box/job/memory.limit_in_bytes": bytes(2000 * mib),
				"sys/fs/cgroup/memory/box/job/memory.usage_in_bytes": bytes(1900 * mib),
				"sys/fs/cgroup/memory/box/job/memory.stat":           "inactive_file " + bytes(100*mib) + "active_file " + bytes(200*mib),
			}),
			confined(2000*mib, 380*mib, 19, job.Normal),
		},
		"of a small file cache half counts": {
			v1.and(tree{
				"sys/fs/cgroup/memory/box/job/memory.limit_in_bytes": bytes(2000 * mib),
				"sys/fs/cgroup/memory/box/job/memory.usage_in_bytes": bytes(1000 * mib),
				"sys/fs/cgroup/memory/box/job/memory.stat":           "total_inactive_file " + bytes(2*mib) + "total_active_file " + bytes(8*mib),
			}),
			confined(2000*mib, 1005*mib, 50, job.Normal),
		},
		"version 1 with a lower limit on the parent": {
			v1.and(tree{
				"sys/fs/cgroup/memory/box/job/memory.limit_in_bytes": bytes(4 * gib),
				"sys/fs/cgroup/memory/box/job/memory.usage_in_bytes": bytes(gib),
				"sys/fs/cgroup/memory/box/memory.limit_in_bytes":     bytes(3 * gib),
				"sys/fs/cgroup/memory/box/memory.usage_in_bytes":     bytes(2 * gib),
				"sys/fs/cgroup/memory/memory.limit_in_bytes":         unlimited,
			}),
			confined(3*gib, gib, 33, job.Normal),
		},
		"a parent with a higher limit that others have filled": {
			v1.and(tree{
				"sys/fs/cgroup/memory/box/job/memory.limit_in_bytes": bytes(2 * gib),
				"sys/fs/cgroup/memory/box/job/memory.usage_in_bytes": bytes(gib / 2),
				"sys/fs/cgroup/memory/box/memory.limit_in_bytes":     bytes(4 * gib),
				"sys/fs/cgroup/memory/box/memory.usage_in_bytes":     bytes(4*gib - 300*mib),
			}),
			confined(2*gib, 300*mib, 14, job.Normal),
		},
		"version 1 with a limit on a parent out of sight": {
			v1.and(tree{
				"proc/self/mountinfo":                            "35 31 0:32 /box /sys/fs/cgroup/memory rw shared:3 - cgroup cgroup rw,memory\n",
				"sys/fs/cgroup/memory/job/memory.limit_in_bytes": unlimited,
				"sys/fs/cgroup/memory/job/memory.usage_in_bytes": bytes(gib),
				"sys/fs/cgroup/memory/job/memory.stat":           "total_inactive_file 0\nhierarchical_memory_limit 4294967296\n",
			}),
			confined(4*gib, 3*gib, 75, job.Normal),
		},
		"version 2 without a limit": {
			v2.and(tree{"sys/fs/cgroup/box/job/memory.max": "max\n", "sys/fs/cgroup/box/memory.max": "max\n"}), open,
		},
		"version 2 with a limit and a file cache, half of it read twice": {
			v2.and(tree{
				"sys/fs/cgroup/box/job/memory.max":     bytes(4000 * mib),
				"sys/fs/cgroup/box/job/memory.high":    "max\n",
				"sys/fs/cgroup/box/job/memory.current": bytes(2000 * mib),
				"sys/fs/cgroup/box/job/memory.stat": "anon 1\nfile 1\nshmem 1\ninactive_file " + bytes(500*mib) +
					"active_file " + bytes(500*mib),
			}),
			confined(4000*mib, 2960*mib, 74, job.Normal),
		},
		"a file cache that counts more than is used, for the kernel counts late": {
			v2.and(tree{
				"sys/fs/cgroup/box/job/memory.max":     bytes(1000 * mib),
				"sys/fs/cgroup/box/job/memory.current": bytes(100 * mib),
				"sys/fs/cgroup/box/job/memory.stat":    "inactive_file " + bytes(200*mib) + "active_file 0\n",
			}),
			confined(1000*mib, 1000*mib, 100, job.Normal),
		},
		"version 2 with a lower memory.high": {
			v2.and(tree{
				"sys/fs/cgroup/box/job/memory.max":     bytes(4 * gib),
				"sys/fs/cgroup/box/job/memory.high":    bytes(2 * gib),
				"sys/fs/cgroup/box/job/memory.current": bytes(gib),
			}),
			confined(2*gib, gib, 50, job.Normal),
		},
		"version 2 with a limit two levels up": {
			v2.and(tree{
				"sys/fs/cgroup/box/job/memory.max": "max\n",
				"sys/fs/cgroup/box/memory.max":     bytes(8 * gib),
				"sys/fs/cgroup/box/memory.current": bytes(6 * gib),
			}),
			confined(8*gib, 2*gib, 25, job.Normal),
		},
		"a container that sees only its own group": {
			half.and(tree{
				"proc/self/cgroup":          "0::/../..\n",
				"proc/self/mountinfo":       "1 2 0:3 /../.. /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
				"sys/fs/cgroup/memory.max":  bytes(gib),
				"sys/fs/cgroup/memory.stat": "inactive_file 0\n",
			}),
			confined(gib, gib, 100, job.Normal),
		},
		"a hierarchy mounted at an unusual place": {
			v2.and(tree{
				"proc/self/mountinfo":              `1 2 0:3 / /run/my\040groups rw - cgroup2 cgroup2 rw` + "\n",
				"run/my groups/box/job/memory.max": bytes(gib),
			}),
			confined(gib, gib, 100, job.Normal),
		},
		"a limit above the machine's RAM is none": {
			v2.and(tree{"sys/fs/cgroup/box/job/memory.max": bytes(64 * gib)}), open,
		},
		"a limit is no promise: the machine may have less": {
			machine(512).and(tree{
				"proc/self/cgroup": "0::/box\n", "sys/fs/cgroup/box/memory.max": bytes(4 * gib),
			}),
			confined(4*gib, 512*mib, 12, job.Normal),
		},
		"over the limit is nothing, not less": {
			v2.and(tree{
				"sys/fs/cgroup/box/job/memory.max":     bytes(gib),
				"sys/fs/cgroup/box/job/memory.current": bytes(2 * gib),
			}),
			confined(gib, 0, 0, job.Critical),
		},
		"stalls of a neighbour do not count inside a limit of ours": {
			v2.and(tree{
				"proc/pressure/memory":                  psi("90.00", "80.00"),
				"sys/fs/cgroup/box/job/memory.max":      bytes(4 * gib),
				"sys/fs/cgroup/box/job/memory.current":  bytes(3 * gib),
				"sys/fs/cgroup/box/job/memory.pressure": psi("0.00", "0.00"),
			}),
			confined(4*gib, gib, 25, job.Normal),
		},
		"our own stalls inside a limit count": {
			v2.and(tree{
				"proc/pressure/memory":                  psi("0.00", "0.00"),
				"sys/fs/cgroup/box/job/memory.max":      bytes(4 * gib),
				"sys/fs/cgroup/box/job/memory.current":  bytes(3 * gib),
				"sys/fs/cgroup/box/job/memory.pressure": psi("60.00", "30.00"),
			}),
			confined(4*gib, gib, 25, job.Critical),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.tree.probe(t).Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLevel(t *testing.T) {
	t.Parallel()
	const noPSI = ""
	tests := map[string]struct {
		availableMiB int64 // of 16 GiB
		psi          string
		want         job.Pressure
	}{
		"plenty and no stalls":                    {8 << 10, psi("0.00", "0.00"), job.Normal},
		"a few stalls are everyday life":          {4 << 10, psi("9.99", "4.99"), job.Normal},
		"a tenth of the time lost somewhere":      {4 << 10, psi("10.00", "0.00"), job.Warn},
		"nothing moved for half a second in ten":  {4 << 10, psi("12.00", "5.00"), job.Critical},
		"the same with half of memory available":  {9 << 10, psi("12.00", "5.00"), job.Warn},
		"little available, no stalls yet":         {1600, psi("0.00", "0.00"), job.Warn},
		"next to nothing available":               {800, psi("0.00", "0.00"), job.Critical},
		"without PSI the share decides: normal":   {1700, noPSI, job.Normal},
		"without PSI the share decides: warn":     {1600, noPSI, job.Warn},
		"without PSI the share decides: critical": {800, noPSI, job.Critical},
		"PSI that cannot be read is no PSI":       {8 << 10, "Operation not supported", job.Normal},
		"PSI in words of the future":              {8 << 10, "some\nfull avg10=much\nmore avg10=99\n", job.Normal},
		"old kernels with only the some line":     {4 << 10, "some avg10=30.00 avg60=0 avg300=0 total=1\n", job.Warn},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fixture := machine(tt.availableMiB)
			if tt.psi != noPSI {
				fixture["proc/pressure/memory"] = tt.psi
			}
			r, err := fixture.probe(t).Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if r.Level != tt.want {
				t.Errorf("level %s at %d %% free, want %s", r.Level, r.FreePercent, tt.want)
			}
		})
	}
}

// What our own engine takes is no reason to stop the line, and no reason to
// overlook what others do.
func TestTheLevelIsNotOfOurOwnMaking(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		availableMiB int64 // of 16 GiB
		engineMiB    int64
		psi          string
		want         job.Pressure
		wantPercent  int
	}{
		"our engine took it all":                       {300, 4 << 10, psi("0.00", "0.00"), job.Normal, 1},
		"an engine that holds nothing":                 {300, 0, psi("0.00", "0.00"), job.Critical, 1},
		"our engine is only a part of it":              {300, 1 << 10, psi("0.00", "0.00"), job.Warn, 1},
		"others took it, our engine hardly anything":   {300, 100, psi("0.00", "0.00"), job.Critical, 1},
		"an engine that claims more than there is":     {300, 64 << 10, psi("0.00", "0.00"), job.Normal, 1},
		"an engine that claims nonsense":               {300, -4 << 10, psi("0.00", "0.00"), job.Critical, 1},
		"the stalls of a full machine stay what it is": {300, 12 << 10, psi("30.00", "20.00"), job.Critical, 1},
		"so does a tenth of the time lost":             {300, 12 << 10, psi("30.00", "0.00"), job.Warn, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			machine(tt.availableMiB).and(tree{"proc/pressure/memory": tt.psi}).write(t, root)
			probe := memory.New(memory.Config{Root: root, Engine: func() int64 { return tt.engineMiB * mib }})
			r, err := probe.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if r.Level != tt.want {
				t.Errorf("level %s, want %s", r.Level, tt.want)
			}
			if r.Available != tt.availableMiB*mib || r.FreePercent != tt.wantPercent {
				t.Errorf("%s available, %d %%: not the truth", job.FormatBytes(r.Available), r.FreePercent)
			}
		})
	}
}

func TestReadWithoutMeminfoIsAnError(t *testing.T) {
	t.Parallel()
	for name, fixture := range map[string]tree{
		"no file":     {},
		"no MemTotal": {"proc/meminfo": "MemFree: 12 kB\n"},
		"no numbers":  {"proc/meminfo": "MemTotal: many kB\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r, err := fixture.probe(t).Read(t.Context()); err == nil {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestOutOfMemoryCount(t *testing.T) {
	t.Parallel()
	vmstat := tree{"proc/vmstat": "nr_free_pages 5\noom_kill 41\n"}
	v1 := vmstat.and(tree{"proc/self/cgroup": "4:memory:/box\n"})
	v2 := vmstat.and(tree{"proc/self/cgroup": "0::/box\n"})
	tests := map[string]struct {
		tree tree
		want int64
	}{
		"the machine's count": {vmstat, 41},
		"version 1": {v1.and(tree{
			"sys/fs/cgroup/memory/box/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
		}), 3},
		"version 1 of a kernel that does not count": {v1.and(tree{
			"sys/fs/cgroup/memory/box/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n",
		}), 41},
		"version 2": {v2.and(tree{
			"sys/fs/cgroup/box/memory.events": "low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n",
		}), 1},
		"the root group of version 2 has no events": {v2, 41},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.tree.probe(t).OutOfMemoryCount(t.Context())
			if err != nil || got != tt.want {
				t.Errorf("got %d, %v, want %d", got, err, tt.want)
			}
		})
	}
	t.Run("a kernel without the counter says so", func(t *testing.T) {
		t.Parallel()
		_, err := tree{"proc/vmstat": "nr_free_pages 5\n"}.probe(t).OutOfMemoryCount(t.Context())
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	})
}

package memory_test

import (
	"os"
	"path/filepath"
	"testing"

	"sluice/internal/job"
	"sluice/internal/memory"
)

// The kernel writes these files, but what calls itself a kernel varies: other
// versions, containers, emulations.
func FuzzWhateverTheKernelWritesMemoryIsBounded(f *testing.F) {
	f.Add("MemTotal: 16000000 kB\nMemFree: 8000000 kB\nMemAvailable: 9000000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
		"some avg10=1.50 avg60=0.30 avg300=0.05 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", "2000000000\n", "inactive_file 4096\nanon 1\n", "100000000\n")
	f.Add("MemTotal: -1 kB\n", "some avg10=NaN\n", "max\n", "inactive_file 9223372036854775807\n", "-5\n")
	f.Add("MemTotal: 9223372036854775807 kB\nMemAvailable: 9223372036854775807 kB\n", "full avg10=1e400 avg60=-1", "99999999999999999999", "inactive_file -1", "9223372036854775807")
	root := f.TempDir()
	put := func(t testing.TB, name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, meminfo, pressure, limit, stat, usage string) {
		put(t, "proc/meminfo", meminfo)
		put(t, "proc/pressure/memory", pressure)
		put(t, "proc/self/cgroup", "0::/box\n")
		put(t, "proc/self/mountinfo", "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n")
		put(t, "sys/fs/cgroup/box/memory.max", limit)
		put(t, "sys/fs/cgroup/box/memory.high", "max\n")
		put(t, "sys/fs/cgroup/box/memory.current", usage)
		put(t, "sys/fs/cgroup/box/memory.stat", stat)
		put(t, "sys/fs/cgroup/box/memory.pressure", pressure)
		r, err := memory.New(memory.Config{Root: root}).Read(t.Context())
		if err != nil {
			return
		}
		if r.Total < 0 || r.Available < 0 || r.Available > r.Total || r.FreePercent < 0 || r.FreePercent > 100 {
			t.Errorf("read as %+v", r)
		}
		switch r.Level {
		case job.Normal, job.Warn, job.Critical:
		default:
			t.Errorf("level %q", r.Level)
		}
	})
}

package memory

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

var errNoCounter = fmt.Errorf("the kernel keeps no count: %w", errors.ErrUnsupported)

// group is the memory cgroup this process lives in.
type group struct {
	mount string // where its hierarchy is mounted
	dir   string // its own folder, at or below mount
	v2    bool
}

// bounds is what a group and its parents leave for us.
type bounds struct {
	dir       string // the group with the lowest limit
	limit     int64
	available int64
}

// cgroup finds our memory cgroup. With both versions mounted the memory
// controller belongs to exactly one: version 1 if it is listed there.
func (p *Probe) cgroup() (group, bool) {
	b, err := os.ReadFile(p.path("proc/self/cgroup"))
	if err != nil {
		return group{}, false
	}
	var v1, v2 string
	for line := range strings.Lines(string(b)) {
		// id:controller,controller:/path, where the path may hold colons
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		switch {
		case len(parts) != 3:
		case parts[0] == "0" && parts[1] == "":
			v2 = parts[2]
		case hasWord(parts[1], "memory"):
			v1 = parts[2]
		}
	}
	switch {
	case v1 != "":
		m := p.mount("cgroup", "memory", "/sys/fs/cgroup/memory")
		return group{mount: p.path(m.point), dir: p.path(m.locate(v1))}, true
	case v2 != "":
		m := p.mount("cgroup2", "", "/sys/fs/cgroup")
		return group{mount: p.path(m.point), dir: p.path(m.locate(v2)), v2: true}, true
	}
	return group{}, false
}

// mounted is one mounted cgroup hierarchy. In a container its root is often
// the container's own group, so that paths have to be cut.
type mounted struct{ root, point string }

// mount finds a hierarchy in /proc/self/mountinfo; without that it is where it
// usually is.
func (p *Probe) mount(fstype, option, usual string) mounted {
	b, err := os.ReadFile(p.path("proc/self/mountinfo"))
	if err != nil {
		return mounted{root: "/", point: usual}
	}
	for line := range strings.Lines(string(b)) {
		// id parent dev root point options ... - fstype source superoptions
		left, right, ok := strings.Cut(strings.TrimSpace(line), " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !ok || len(l) < 5 || len(r) < 3 || r[0] != fstype {
			continue
		}
		if option == "" || hasWord(r[2], option) {
			return mounted{root: unescape(l[3]), point: unescape(l[4])}
		}
	}
	return mounted{root: "/", point: usual}
}

// locate turns a path from /proc/self/cgroup into a folder at or below the
// mount point. What lies outside of the mount cannot be seen from here; the
// mount's own top is then the closest.
func (m mounted) locate(path string) string {
	rel, err := filepath.Rel(m.root, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return m.point
	}
	return filepath.Join(m.point, rel)
}

// bounds walks from the group up to the top of its hierarchy. The lowest limit
// wins; what is available is the least that any level leaves, since a parent
// may be filled by others. ok is false when no limit is below ram.
func (g group) bounds(ram int64) (b bounds, ok bool) {
	b = bounds{limit: ram, available: math.MaxInt64}
	for dir := g.dir; ; dir = filepath.Dir(dir) {
		if limit, known := g.limit(dir); known && limit < ram {
			ok = true
			if limit < b.limit {
				b.limit, b.dir = limit, dir
			}
			b.available = min(b.available, max(0, limit-g.used(dir)))
		}
		if dir == g.mount || len(dir) <= len(g.mount) {
			break
		}
	}
	// In a container the parents may be out of sight, and with them what
	// others use; version 1 still tells the limit that follows from them.
	if limit, known := g.inherited(); known && limit < b.limit {
		b.limit, b.dir, ok = limit, g.dir, true
		b.available = min(b.available, max(0, limit-g.used(g.dir)))
	}
	return b, ok
}

func (g group) inherited() (int64, bool) {
	stat, err := os.ReadFile(filepath.Join(g.dir, "memory.stat"))
	if err != nil {
		return 0, false
	}
	return field(stat, "hierarchical_memory_limit")
}

// limit is what a group may take. Version 2 also has memory.high: over it
// nothing is killed, but everybody in the group is slowed to a crawl, so it is
// as good as a limit for a model.
func (g group) limit(dir string) (int64, bool) {
	if !g.v2 {
		return number(filepath.Join(dir, "memory.limit_in_bytes"))
	}
	limit, ok := number(filepath.Join(dir, "memory.max"))
	if high, some := number(filepath.Join(dir, "memory.high")); some && (!ok || high < limit) {
		limit, ok = high, true
	}
	return limit, ok
}

// used is what a group holds without the file cache that would be dropped
// first. Version 1 counts children only in the total_ fields.
func (g group) used(dir string) int64 {
	usage, names := "memory.current", []string{"inactive_file"}
	if !g.v2 {
		usage, names = "memory.usage_in_bytes", []string{"total_inactive_file", "inactive_file"}
	}
	n, _ := number(filepath.Join(dir, usage))
	stat, err := os.ReadFile(filepath.Join(dir, "memory.stat"))
	if err != nil {
		return n
	}
	for _, name := range names {
		if cache, ok := field(stat, name); ok {
			return max(0, n-cache)
		}
	}
	return n
}

// outOfMemory is the group's own count of kills.
func (g group) outOfMemory() (int64, bool) {
	name := "memory.oom_control"
	if g.v2 {
		name = "memory.events"
	}
	b, err := os.ReadFile(filepath.Join(g.dir, name))
	if err != nil {
		return 0, false
	}
	return field(b, "oom_kill")
}

// number reads a file with one number; "max" is no limit and so no number.
func number(path string) (int64, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// unescape undoes mountinfo's octal escapes of space, tab, newline and backslash.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

package memory

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
)

var errNoCounter = fmt.Errorf("the kernel keeps no count: %w", errors.ErrUnsupported)

// group is the memory cgroup this process lives in.
type group struct {
	v2     bool
	levels []rank // from the group itself up to the top of its hierarchy
}

// rank is one level of a hierarchy: the names of its files.
type rank struct {
	limit, high, usage, stat, pressure, events string
}

// bounds is what a group and its parents leave for us.
type bounds struct {
	pressure  string // of the group with the lowest limit
	limit     int64
	available int64
}

// cgroup finds our memory cgroup. Where it lies is worked out once and again
// when the process was moved to another.
func (k *kernel) cgroup() (group, bool) {
	b, err := k.read(k.path("proc/self/cgroup"))
	if err != nil {
		return group{}, false
	}
	if k.member == nil || !bytes.Equal(b, k.member) {
		k.member = bytes.Clone(b)
		k.group, k.grouped = k.find(string(b))
	}
	return k.group, k.grouped
}

// find reads /proc/self/cgroup. With both versions mounted the memory
// controller belongs to exactly one: version 1 if it is listed there.
func (k *kernel) find(member string) (group, bool) {
	var v1, v2 string
	for line := range strings.Lines(member) {
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
		m := k.mount("cgroup", "memory", "/sys/fs/cgroup/memory")
		return newGroup(k.path(m.point), k.path(m.locate(v1)), false), true
	case v2 != "":
		m := k.mount("cgroup2", "", "/sys/fs/cgroup")
		return newGroup(k.path(m.point), k.path(m.locate(v2)), true), true
	}
	return group{}, false
}

// newGroup names the files of a group whose folder is at or below mount, where
// its hierarchy is mounted. Version 2 also has memory.high: over it nothing is
// killed, but everybody in the group is slowed to a crawl, so it is as good as
// a limit for a model.
func newGroup(mount, dir string, v2 bool) group {
	g := group{v2: v2}
	for ; ; dir = filepath.Dir(dir) {
		r := rank{stat: filepath.Join(dir, "memory.stat")}
		if v2 {
			r.limit, r.high = filepath.Join(dir, "memory.max"), filepath.Join(dir, "memory.high")
			r.usage = filepath.Join(dir, "memory.current")
			r.pressure, r.events = filepath.Join(dir, "memory.pressure"), filepath.Join(dir, "memory.events")
		} else {
			r.limit, r.usage = filepath.Join(dir, "memory.limit_in_bytes"), filepath.Join(dir, "memory.usage_in_bytes")
			r.events = filepath.Join(dir, "memory.oom_control")
		}
		g.levels = append(g.levels, r)
		if dir == mount || len(dir) <= len(mount) {
			return g
		}
	}
}

// mounted is one mounted cgroup hierarchy. In a container its root is often
// the container's own group, so that paths have to be cut.
type mounted struct{ root, point string }

// mount finds a hierarchy in /proc/self/mountinfo; without that it is where it
// usually is.
func (k *kernel) mount(fstype, option, usual string) mounted {
	b, err := k.read(k.path("proc/self/mountinfo"))
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
func (k *kernel) bounds(g group, ram int64) (b bounds, ok bool) {
	b = bounds{limit: ram, available: math.MaxInt64}
	for _, r := range g.levels {
		if limit, known := k.limit(r); known && limit < ram {
			ok = true
			if limit < b.limit {
				b.limit, b.pressure = limit, r.pressure
			}
			b.available = min(b.available, k.left(g, r, limit))
		}
	}
	// In a container the parents may be out of sight, and with them what
	// others use; version 1 still tells the limit that follows from them.
	if limit, known := k.inherited(g); known && limit < b.limit {
		b.limit, b.pressure, ok = limit, g.levels[0].pressure, true
		b.available = min(b.available, k.left(g, g.levels[0], limit))
	}
	return b, ok
}

func (k *kernel) inherited(g group) (int64, bool) {
	if g.v2 {
		return 0, false
	}
	stat, err := k.read(g.levels[0].stat)
	if err != nil {
		return 0, false
	}
	return field(stat, "hierarchical_memory_limit")
}

// limit is what a level may take.
func (k *kernel) limit(r rank) (int64, bool) {
	limit, ok := k.number(r.limit)
	if r.high == "" {
		return limit, ok
	}
	if high, some := k.number(r.high); some && (!ok || high < limit) {
		limit, ok = high, true
	}
	return limit, ok
}

// left is what a level leaves under a limit. Its file cache counts as the
// kernel counts it for MemAvailable: all of it can be dropped, also what was
// read more than once and so lies among the active pages - a model that is
// hashed and then loaded is no more in use than one that is only loaded - but
// for what running programs would at once read again. The kernel takes that for
// its low watermark, at most half of the cache. A group has no watermark; one
// hundredth of its limit is some times what a machine of that size would have.
func (k *kernel) left(g group, r rank, limit int64) int64 {
	used, _ := k.number(r.usage)
	cache := k.cache(g, r)
	cache -= min(cache/2, limit/100)
	return max(0, limit-max(0, used-cache))
}

// cache is the file cache of a level, without shared memory, which lies in no
// file. Version 1 counts children only in the total_ fields.
func (k *kernel) cache(g group, r rank) int64 {
	stat, err := k.read(r.stat)
	if err != nil {
		return 0
	}
	if !g.v2 {
		if n, ok := field(stat, "total_inactive_file"); ok {
			active, _ := field(stat, "total_active_file")
			return n + active
		}
	}
	inactive, _ := field(stat, "inactive_file")
	active, _ := field(stat, "active_file")
	return inactive + active
}

// outOfMemory is the group's own count of kills.
func (k *kernel) outOfMemory(g group) (int64, bool) {
	b, err := k.read(g.levels[0].events)
	if err != nil {
		return 0, false
	}
	return field(b, "oom_kill")
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

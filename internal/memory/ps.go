package memory

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// psLimit is how long ps may take; it needs some 30 ms.
const psLimit = 2 * time.Second

// ps asks a Mac for its processes. There is no /proc, and the calls that the
// Activity Monitor uses need C. -ww keeps long paths whole.
func ps(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, psLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/ps", "-axww", "-o", "pid=,ppid=,rss=,comm=")
	cmd.Env = []string{"LC_ALL=C"}
	cmd.WaitDelay = psLimit
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("run ps: %w", context.Cause(ctx))
	case err != nil:
		return nil, fmt.Errorf("run ps: %w", err)
	}
	return out, nil
}

// parsePS reads what ps says: pid, parent, resident kilobytes, and the path of
// the program, which may hold spaces.
func parsePS(out string) ([]process, error) {
	var (
		all   []process
		paths = map[int]string{}
	)
	for line := range strings.Lines(out) {
		var n [3]int64
		rest, ok := line, true
		for i := range n {
			var word string
			word, rest, _ = strings.Cut(strings.TrimLeft(rest, " "), " ")
			v, err := strconv.ParseInt(word, 10, 64)
			n[i], ok = v, ok && err == nil
		}
		path := strings.TrimSpace(rest)
		if !ok || path == "" || n[2] == 0 { // what has ended holds nothing
			continue
		}
		size := n[2] << 10
		p := process{pid: int(n[0]), parent: int(n[1]), resident: size, private: size, name: programName(path)}
		all = append(all, p)
		paths[p.pid] = path
	}
	if len(all) == 0 {
		return nil, errors.New("ps lists no processes")
	}
	// ps tells no arguments here, but the engine is the only child that is the
	// same program as its parent.
	for i, p := range all {
		parent, ok := paths[p.parent]
		all[i].engine = ok && filepath.Base(parent) == filepath.Base(paths[p.pid])
	}
	return all, nil
}

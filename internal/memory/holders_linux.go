package memory

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// processes reads /proc. One that ends meanwhile is left out.
func (p *Probe) processes(ctx context.Context) ([]process, error) {
	k := &p.kernel
	k.mu.Lock()
	defer k.mu.Unlock()
	dir, err := os.Open(k.path("proc"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	page := int64(unix.Getpagesize())
	var (
		out    []process
		missed error
	)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		switch one, err := k.process(pid, k.path("proc/"+name), page); {
		case err != nil: // it has ended, or is not for us to see
			missed = err
		case one.resident > 0: // the kernel's own threads hold nothing
			out = append(out, one)
		}
	}
	if len(out) == 0 {
		return nil, missed
	}
	return out, nil
}

func (k *kernel) process(pid int, dir string, page int64) (process, error) {
	stat, err := k.read(dir + "/stat")
	if err != nil {
		return process{}, err
	}
	// pid (comm) state ppid ..., where comm may hold anything
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return process{}, errNoProcess
	}
	comm := string(stat[open+1 : end])
	rest := bytes.Fields(stat[end+1:])
	if len(rest) < 2 {
		return process{}, errNoProcess
	}
	parent, _ := decimal(rest[1])

	// size resident shared ..., in pages
	statm, err := k.read(dir + "/statm")
	if err != nil {
		return process{}, err
	}
	sizes := bytes.Fields(statm)
	if len(sizes) < 3 {
		return process{}, errNoProcess
	}
	resident, _ := decimal(sizes[1])
	shared, _ := decimal(sizes[2])
	one := process{pid: pid, parent: int(parent), resident: resident * page, private: max(0, resident-shared) * page}
	if one.resident == 0 {
		return one, nil
	}
	cmdline, err := k.read(dir + "/cmdline")
	if err != nil {
		return process{}, err
	}
	args := strings.Split(strings.TrimRight(string(cmdline), "\x00"), "\x00")
	one.name = title(comm, args)
	one.engine = slices.Contains(args[1:], "engine")
	return one, nil
}

var errNoProcess = errors.New("not what a process looks like")

// title names a process. The kernel's own word is cut to 15 bytes, is the
// script's where a script runs, and is often that of a thread.
func title(comm string, args []string) string {
	for _, arg := range args[:min(2, len(args))] {
		if name := argName(arg); strings.HasPrefix(name, comm) {
			return name
		}
	}
	if filepath.IsAbs(args[0]) {
		return argName(args[0])
	}
	return comm
}

// argName is the name of a program in its arguments. Some write their options
// over the first one.
func argName(arg string) string {
	path, _, _ := strings.Cut(arg, " -")
	return programName(path)
}

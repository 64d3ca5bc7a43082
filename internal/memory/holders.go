package memory

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"sluice/internal/job"
)

// Own is what the caller knows about its own processes.
type Own struct {
	PID         int    // of the program itself
	Engine      string // what the speech engine is called: its model
	EngineBytes int64  // what the engine says it takes; its resident size counts when that is more
}

// showOthers is how many programs that are not ours are listed.
const showOthers = 8

// Holders lists what holds memory now, programs of one name together: the
// speech engine, the program itself with its other children, Ollama, and the
// largest of the others. What the system shares among programs is left out
// where it tells. It takes milliseconds on Linux, and on a Mac at most the two
// seconds that ps may take.
func Holders(ctx context.Context, own Own) ([]job.Holder, error) {
	return New(Config{}).holders(ctx, own)
}

func (p *Probe) holders(ctx context.Context, own Own) ([]job.Holder, error) {
	all, err := p.processes(ctx)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	return hold(all, own), nil
}

// process is one that runs.
type process struct {
	pid, parent int
	resident    int64 // bytes, with what it shares with others
	private     int64 // without, where that is known
	name        string
	engine      bool // its arguments say so
}

// hold puts processes together by who they belong to.
func hold(all []process, own Own) []job.Holder {
	known := make(map[int]process, len(all))
	for _, p := range all {
		known[p.pid] = p
	}
	engine := job.Holder{Kind: job.HolderEngine, Name: own.Engine}
	sluice := job.Holder{Kind: job.HolderSluice, Name: "Sluice"}
	ollama := job.Holder{Kind: job.HolderOllama, Name: "Ollama"}
	if engine.Name == "" {
		engine.Name = "speech engine"
	}
	others := map[string]job.Holder{}
	for _, p := range all {
		switch {
		// Both have their model's file mapped: the kernel calls that shared,
		// but nobody else would hold it.
		case p.engine && p.parent == own.PID:
			add(&engine, p.resident)
		case descends(known, p, isOllama):
			add(&ollama, p.resident)
		case descends(known, p, func(p process) bool { return p.pid == own.PID }):
			add(&sluice, p.private)
		default:
			h := others[p.name]
			h.Kind, h.Name = job.HolderOther, p.name
			add(&h, p.private)
			others[p.name] = h
		}
	}
	if engine.Count > 0 {
		engine.Bytes = max(engine.Bytes, own.EngineBytes)
	}
	var out []job.Holder
	for _, h := range []job.Holder{engine, sluice, ollama} {
		if h.Count > 0 {
			out = append(out, h)
		}
	}
	return append(out, largest(others)...)
}

func add(h *job.Holder, bytes int64) {
	h.Bytes += bytes
	h.Count++
}

// largest gives the others that hold most, the largest first.
func largest(others map[string]job.Holder) []job.Holder {
	var out []job.Holder
	for _, h := range others {
		if h.Bytes > 0 {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b job.Holder) int {
		if a.Bytes != b.Bytes {
			return int(min(1, max(-1, b.Bytes-a.Bytes)))
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out[:min(len(out), showOthers)]
}

// descends says whether a process, or one it comes from, is such a one. The
// table was not read in one moment, so a walk up that goes in circles ends.
func descends(known map[int]process, p process, such func(process) bool) bool {
	for range 32 {
		if such(p) {
			return true
		}
		parent, ok := known[p.parent]
		if !ok {
			return false
		}
		p = parent
	}
	return false
}

// isOllama knows the server, its runners and the app around them by name.
func isOllama(p process) bool {
	return len(p.name) >= 6 && strings.EqualFold(p.name[:6], "ollama")
}

// programName is what people call the program at a path. On a Mac that is the
// outermost app it lies in: browsers run dozens of helpers from inside theirs.
func programName(path string) string {
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutSuffix(part, ".app"); ok && name != "" {
			return readable(name)
		}
	}
	return readable(filepath.Base(path))
}

// readable is a name without what steers a terminal: a program may be called anything.
func readable(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(name, string(unicode.ReplacementChar)))
}

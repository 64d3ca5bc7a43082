package memory

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"sluice/internal/admission"
	"sluice/internal/job"
)

var (
	_ admission.Probe = (*Probe)(nil)
	_ admission.Probe = (*Scripted)(nil)
	_ admission.Probe = (*Played)(nil)
)

// Played is a script in a file, for demos and for tests of the whole program:
// one reading in JSON per line. Each Read gives the next line, the last one
// stays. When the file changes it starts anew; while it cannot be read, no
// reading is given.
type Played struct {
	path string

	mu     sync.Mutex
	script *Scripted
	seen   fs.FileInfo // the file that script was made of
}

// FromFile makes a probe that plays a file. It opens nothing before the first
// Read.
func FromFile(path string) *Played { return &Played{path: path} }

// Read gives the next reading of the file, as one of this moment: a time that
// stands in the file is that of another day.
func (p *Played) Read(ctx context.Context) (job.Reading, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refresh(); err != nil {
		p.script, p.seen = nil, nil
		return job.Reading{}, fmt.Errorf("play memory: %w", err)
	}
	return p.script.Read(ctx)
}

// OutOfMemoryCount is always nothing: a script kills nobody.
func (p *Played) OutOfMemoryCount(context.Context) (int64, error) { return 0, nil }

func (p *Played) refresh() error {
	f, err := os.Open(p.path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if p.seen != nil && os.SameFile(info, p.seen) && info.Size() == p.seen.Size() && info.ModTime().Equal(p.seen.ModTime()) {
		return nil
	}
	var readings []job.Reading
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		r, err := parseReading(lines.Bytes())
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		readings = append(readings, r)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	p.script, p.seen = Script(readings), info
	return nil
}

func parseReading(line []byte) (job.Reading, error) {
	var r job.Reading
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields() // a slip of the pen would else be a zero
	if err := dec.Decode(&r); err != nil {
		return r, err
	}
	if dec.More() {
		return r, errors.New("more than one reading")
	}
	switch r.Level {
	case job.Normal, job.Warn, job.Critical:
	default:
		return r, fmt.Errorf("no level %q", r.Level)
	}
	switch {
	case r.Total <= 0:
		return r, errors.New("no total_bytes")
	case r.Available < 0, r.Available > r.Total:
		return r, errors.New("available_bytes is not between nothing and all")
	case r.FreePercent < 0, r.FreePercent > 100:
		return r, errors.New("free_percent is no percentage")
	case r.FreePercent == 0: // left out
		r.FreePercent = percent(r.Available, r.Total)
	}
	r.At = time.Time{}
	return r, nil
}

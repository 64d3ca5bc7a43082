package memory_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/internal/memory"
)

const (
	plenty = `{"level":"normal","total_bytes":1000,"available_bytes":600}`
	little = `{"level":"warn","total_bytes":1000,"available_bytes":200,"free_percent":33}`
	none   = `{"level":"critical","total_bytes":1000,"available_bytes":40}`
)

// film is a file that a probe plays.
type film struct{ path string }

func newFilm(t *testing.T, lines ...string) film {
	t.Helper()
	f := film{filepath.Join(t.TempDir(), "readings.ndjson")}
	f.write(t, lines...)
	return f
}

func (f film) write(t *testing.T, lines ...string) {
	t.Helper()
	if err := os.WriteFile(f.path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantAvailable(t *testing.T, p *memory.Played, want ...int64) {
	t.Helper()
	for i, n := range want {
		r, err := p.Read(t.Context())
		if err != nil || r.Available != n {
			t.Fatalf("reading %d: %+v, %v; want %d available", i+1, r, err, n)
		}
	}
}

func TestAFileIsPlayedLineByLine(t *testing.T) {
	t.Parallel()
	f := newFilm(t, plenty, "", little, none, "")
	wantAvailable(t, memory.FromFile(f.path), 600, 200, 40, 40, 40)
}

func TestAPlayedReadingIsOfNow(t *testing.T) {
	t.Parallel()
	f := newFilm(t, `{"at":"2020-01-01T00:00:00Z","level":"normal","total_bytes":1000,"available_bytes":500}`, little)
	p := memory.FromFile(f.path)
	for _, percent := range []int{50, 33} { // reckoned, and as it stands there
		r, err := p.Read(t.Context())
		if err != nil || time.Since(r.At) > time.Minute || r.FreePercent != percent {
			t.Errorf("%+v, %v", r, err)
		}
	}
}

func TestAChangedFileIsPlayedFromItsStart(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, f film){
		"another length": func(t *testing.T, f film) {
			t.Helper()
			f.write(t, none, plenty)
		},
		"the same length at another time": func(t *testing.T, f film) {
			t.Helper()
			f.write(t, strings.Replace(plenty, "600", " 40", 1), plenty, plenty)
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(f.path, later, later); err != nil {
				t.Fatal(err)
			}
		},
		"another file in its place, the rest the same": func(t *testing.T, f film) {
			t.Helper()
			was, err := os.Stat(f.path)
			if err != nil {
				t.Fatal(err)
			}
			next := film{f.path + ".next"}
			next.write(t, strings.Replace(plenty, "600", " 40", 1), plenty, plenty)
			if err := errors.Join(os.Chtimes(next.path, was.ModTime(), was.ModTime()), os.Rename(next.path, f.path)); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFilm(t, plenty, plenty, plenty)
			p := memory.FromFile(f.path)
			wantAvailable(t, p, 600, 600)
			change(t, f)
			wantAvailable(t, p, 40, 600)
		})
	}
}

func TestAFileThatCannotBePlayedIsAnError(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		"nothing in it":             nil,
		"no JSON":                   {plenty, "it is warm"},
		"half a line":               {plenty[:20]},
		"two in one line":           {plenty + plenty},
		"a field misspelt":          {`{"level":"normal","total":1000}`},
		"no level":                  {`{"total_bytes":1000,"available_bytes":1}`},
		"a level that there is not": {`{"level":"low","total_bytes":1000}`},
		"no memory at all":          {`{"level":"normal"}`},
		"more free than there is":   {`{"level":"normal","total_bytes":1,"available_bytes":2}`},
		"less than nothing":         {`{"level":"normal","total_bytes":1,"available_bytes":-2}`},
		"more than a hundred":       {`{"level":"normal","total_bytes":1,"free_percent":101}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFilm(t, lines...)
			p := memory.FromFile(f.path)
			for range 2 {
				if r, err := p.Read(t.Context()); err == nil {
					t.Fatalf("got %+v", r)
				}
			}
			f.write(t, plenty, little)
			wantAvailable(t, p, 600, 200)
		})
	}
}

func TestAFileThatGoesAwayAndComesBackStartsAnew(t *testing.T) {
	t.Parallel()
	f := newFilm(t, plenty, little)
	p := memory.FromFile(f.path)
	wantAvailable(t, p, 600, 200)
	away := f.path + ".away"
	if err := os.Rename(f.path, away); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Read(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
	if err := os.Rename(away, f.path); err != nil {
		t.Fatal(err)
	}
	wantAvailable(t, p, 600)
}

func TestAScriptKillsNobody(t *testing.T) {
	t.Parallel()
	p := memory.FromFile(newFilm(t, plenty).path)
	if n, err := p.OutOfMemoryCount(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}

package memory

import (
	"strings"
	"testing"
	"unicode"

	"sluice/internal/job"
)

func FuzzWhatPSListsIsHeldByNobodyTwice(f *testing.F) {
	f.Add("    1     0  20480 /sbin/launchd\n  412     1 512000 /Applications/Sluice.app/Contents/MacOS/sluice\n  413   412 900000 /Applications/Sluice.app/Contents/MacOS/sluice\n")
	f.Add("  99     1 1048576 /usr/local/bin/ollama serve\n -1 9223372036854775807 9223372036854775807 x\n 5 5 5 (a b)\n")
	f.Add("\n\x00 1 2 3 \x1b[31m")
	f.Fuzz(func(t *testing.T, out string) {
		all, err := parsePS(out)
		if (err == nil) != (len(all) > 0) {
			t.Fatalf("%d processes and %v", len(all), err)
		}
		lines := strings.Count(out, "\n") + 1
		if len(all) > lines {
			t.Errorf("%d processes of %d lines", len(all), lines)
		}
		for _, h := range hold(all, Own{Engine: "engine"}) {
			if strings.ContainsFunc(h.Name, unicode.IsControl) {
				t.Errorf("a holder is called %q", h.Name)
			}
			if h.Bytes < 0 {
				t.Errorf("%q holds %d bytes", h.Name, h.Bytes)
			}
		}
	})
}

func FuzzAPlayedReadingIsWhole(f *testing.F) {
	f.Add([]byte(`{"level":"warn","total_bytes":19327352832,"available_bytes":4000000000,"free_percent":20}`))
	f.Add([]byte(`{"level":"normal","total_bytes":1}{}`))
	f.Add([]byte(`{"level":"critical","total_bytes":1e18,"available_bytes":-1}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := parseReading(line)
		if err != nil {
			return
		}
		if r.Total <= 0 || r.Available < 0 || r.Available > r.Total || r.FreePercent < 0 || r.FreePercent > 100 || r.Level == job.Pressure("") {
			t.Errorf("%s is read as %+v", line, r)
		}
	})
}

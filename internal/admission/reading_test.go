package admission_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/admission"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/memory"
)

// TestWhatIsShownIsWhatIsSaid holds the reading that every view shows against
// the words of a refusal.
func TestWhatIsShownIsWhatIsSaid(t *testing.T) {
	t.Parallel()
	confined := job.Reading{Level: job.Normal, Total: 10 * gb, Available: 3 * gb, FreePercent: 30, Confined: true}
	tests := map[string]struct {
		first, second job.Reading
		said, shut    string
		level         job.Pressure
		percent       int
	}{
		"the lower of two samples": {
			first: mac(2*gb, job.Normal), second: mac(8*gb, job.Normal), said: "needs 4.0 GB, 2.0 GB free", level: job.Normal, percent: 60,
		},
		"less what a cgroup keeps for the app": {
			first: confined, second: confined, said: "needs 4.0 GB, 2.5 GB free", level: job.Normal, percent: 30,
		},
		"critical when the system says so": {
			first: mac(8*gb, job.Normal), second: mac(2*gb, job.Critical), level: job.Critical, percent: 60,
			said: "memory is critically short, 2.0 GB free; jobs start again 30 s after it eases",
			shut: "memory is critically short, 2.0 GB free; jobs start again 30 s after it eases",
		},
		"critical when the percentage keeps everything out": {
			first: macAt(2*gb, job.Normal, 13), second: macAt(2*gb, job.Normal, 14), level: job.Critical, percent: 13,
			said: "13 % of memory is free; jobs start again at 15 %", shut: "13 % of memory is free; jobs start again at 15 %",
		},
		"not critical for one low sample": {
			first: macAt(2*gb, job.Normal, 15), second: macAt(2*gb, job.Normal, 14), said: "needs 4.0 GB, 2.0 GB free", level: job.Normal, percent: 14,
		},
		"not critical any more when it has eased": {
			first: mac(8*gb, job.Critical), second: mac(2*gb, job.Normal), said: "needs 4.0 GB, 2.0 GB free", level: job.Normal, percent: 60,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := start(t, admission.Deps{Probe: memory.Script([]job.Reading{tt.first, tt.second})}, admission.Config{})
				pass(2 * time.Second)
				expect(t, g, need(4*gb), tt.said)
				r := g.Reading()
				if !strings.Contains(tt.said, job.FormatBytes(r.Available)) && !strings.Contains(tt.said, "%") {
					t.Errorf("shown are %s, and it says %q", job.FormatBytes(r.Available), tt.said)
				}
				if r.Level != tt.level || r.FreePercent != tt.percent || g.Shut() != tt.shut {
					t.Errorf("level %s, %d %%, shut %q", r.Level, r.FreePercent, g.Shut())
				}
			})
		})
	}
}

func TestWhatCanNeverFitNamesWhatDecides(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		reading job.Reading
		ceiling int64
		want    string
	}{
		"the machine":                    {mac(8*gb, job.Normal), 0, "needs 14.0 GB, this machine can give 11.0 GB"},
		"a cgroup":                       {job.Reading{Total: 10 * gb, Available: gb, Confined: true}, 0, "needs 14.0 GB, the memory limit set for Sluice leaves 9.0 GB"},
		"the setting":                    {mac(8*gb, job.Normal), 2 * gb, "needs 14.0 GB, the setting memory.ceiling allows 2.0 GB"},
		"the setting in a cgroup":        {job.Reading{Total: 10 * gb, Confined: true}, 2 * gb, "needs 14.0 GB, the setting memory.ceiling allows 2.0 GB"},
		"the setting where none is told": {job.Reading{}, 2 * gb, "needs 14.0 GB, the setting memory.ceiling allows 2.0 GB"},
		"a setting beyond the cgroup":    {job.Reading{Total: 10 * gb, Confined: true}, 20 * gb, "needs 14.0 GB, the memory limit set for Sluice leaves 10.0 GB"},
		"rounding":                       {mac(8*gb, job.Normal), 14*gb - mb, "needs 14.0 GB, 1 MB more than the setting memory.ceiling allows"},
		"it fits":                        {mac(8*gb, job.Normal), 14 * gb, ""},
		"nothing is known":               {job.Reading{}, 0, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := alone(memory.Script([]job.Reading{tt.reading}), admission.Config{CeilingBytes: tt.ceiling})
			if got := g.Never(14 * gb); got != tt.want {
				t.Errorf("%q", got)
			}
			err := g.Check(job.Need{Bytes: 14 * gb})
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && fault.From(err).Say != "This job is too large: it "+tt.want+".":
				t.Errorf("%v", err)
			}
		})
	}
}

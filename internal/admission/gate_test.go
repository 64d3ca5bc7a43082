package admission_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/admission"
	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/memory"
)

func TestVerdict(t *testing.T) {
	t.Parallel()
	wait := func(text string) job.Verdict { return job.Verdict{Reason: job.Memory, Text: text} }
	never := func(text string) job.Verdict { return job.Verdict{Never: true, Reason: job.Memory, Text: text} }
	open := job.Verdict{Open: true}
	tests := map[string]struct {
		reading job.Reading
		ceiling int64
		need    int64
		want    job.Verdict
	}{
		"it fits":                               {mac(4*gb, job.Normal), 0, 13 * gb / 10, open},
		"it fits to the byte":                   {mac(4*gb, job.Normal), 0, 4 * gb, open},
		"a stage that needs nothing may start":  {mac(0, job.Normal), 0, 0, open},
		"it does not fit now":                   {mac(900_000_000, job.Normal), 0, 1_300_000_000, wait("needs 1.3 GB, 900 MB free")},
		"rounding never says a contradiction":   {mac(1_310_000_000, job.Normal), 0, 1_330_000_000, wait("needs 1.3 GB, short of it by 20 MB")},
		"warn is everyday life on a busy Mac":   {mac(4*gb, job.Warn), 0, gb, open},
		"critical lets nothing in":              {mac(4*gb, job.Critical), 0, gb, wait("memory is critically short, 4.0 GB free; jobs start again 30 s after it eases")},
		"critical lets no small stage in":       {mac(4*gb, job.Critical), 0, 0, wait("memory is critically short, 4.0 GB free; jobs start again 30 s after it eases")},
		"a free machine gives its ceiling":      {mac(17*gib, job.Normal), 0, 10 * gb, open},
		"what can never fit is not admitted":    {mac(17*gib, job.Normal), 0, 14 * gb, never("needs 14.0 GB, this machine can give 11.0 GB")},
		"nor does rounding here":                {mac(17*gib, job.Normal), 0, 11 * gb, never("needs 11.0 GB, 48 MB more than this machine can give")},
		"a ceiling set by hand counts as well":  {mac(10*gb, job.Normal), 2 * gb, 3 * gb, never("needs 3.0 GB, the setting memory.ceiling allows 2.0 GB")},
		"under a ceiling set by hand it starts": {mac(10*gb, job.Normal), 2 * gb, 2 * gb, open},
		"a machine that tells no total":         {job.Reading{Level: job.Normal, Available: gb}, 0, gb, open},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := start(t, admission.Deps{Probe: memory.Script([]job.Reading{tt.reading})}, admission.Config{CeilingBytes: tt.ceiling})
				if diff := cmp.Diff(tt.want, g.Admit(t.Context(), need(tt.need))); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestCeiling(t *testing.T) {
	t.Parallel()
	of := func(total int64) job.Reading { return job.Reading{Level: job.Normal, Total: total, Available: total} }
	tests := map[string]struct {
		reading job.Reading
		set     int64
		want    float64 // GiB
	}{
		"8 GB Mac: two thirds":                {of(8 * gib), 0, 4.53},
		"16 GB Mac":                           {of(16 * gib), 0, 9.07},
		"18 GB Mac":                           {of(18 * gib), 0, 10.20},
		"36 GB Mac":                           {of(36 * gib), 0, 20.40},
		"a wired limit below the share":       {job.Reading{Total: 18 * gib, WiredLimit: 8 * gib}, 0, 6.80},
		"a wired limit keeps macOS its 6 GiB": {job.Reading{Total: 36 * gib, WiredLimit: 34 * gib}, 0, 25.50},
		"a cgroup gives its limit less 10 %":  {job.Reading{Total: 4 * gib, Confined: true}, 0, 3.60},
		"set by hand":                         {of(18 * gib), 12 * gib, 12},
		"never more than there is":            {of(18 * gib), 64 * gib, 18},
		"nothing known":                       {job.Reading{}, 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := alone(memory.Script([]job.Reading{tt.reading}), admission.Config{CeilingBytes: tt.set})
			got := float64(g.Ceiling()) / float64(gib)
			if got < tt.want-0.01 || got > tt.want+0.01 {
				t.Errorf("Ceiling() = %.2f GiB, want %.2f", got, tt.want)
			}
		})
	}
}

func TestCheckRefusesOnlyWhatCanNeverFit(t *testing.T) {
	t.Parallel()
	g := alone(memory.Script([]job.Reading{mac(gb, job.Critical)}), admission.Config{})
	if err := g.Check(need(10 * gb)); err != nil {
		t.Errorf("10 GB on an 18 GB Mac: %v", err)
	}
	err := g.Check(need(14 * gb))
	if !fault.Is(err, fault.ModelTooLarge) {
		t.Fatalf("14 GB on an 18 GB Mac: %v", err)
	}
	if got, want := fault.From(err).Say, "The model large-v3 is too large: it needs 14.0 GB, this machine can give 11.0 GB."; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
	unknown := memory.Script(nil)
	g = alone(unknown, admission.Config{})
	if err := g.Check(need(14 * gb)); err != nil {
		t.Errorf("on a machine nothing is known about: %v", err)
	}
}

func TestOneOddReadingMakesNothingImpossible(t *testing.T) {
	t.Parallel()
	odd := job.Reading{Level: job.Normal, Total: 4 * gib, Available: 3 * gib, FreePercent: 75}
	for name, pause := range map[string]time.Duration{"at once": 2 * time.Second, "after a night": 9 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				script := memory.Script([]job.Reading{mac(17*gib, job.Normal)})
				g := alone(script, admission.Config{})
				expect(t, g, need(10*gb), "")
				script.Set(odd)
				pass(pause)
				g.Afresh(t.Context())
				if v := g.Admit(t.Context(), need(10*gb)); v.Open || v.Never {
					t.Errorf("with 3 GiB free for once: %+v", v)
				}
				if err := g.Check(need(10 * gb)); err != nil {
					t.Errorf("Check: %v", err)
				}
				pass(2 * time.Second)
				g.Afresh(t.Context())
				if v := g.Admit(t.Context(), need(10*gb)); !v.Never {
					t.Errorf("on a machine that has become small: %+v", v)
				}
			})
		})
	}
}

func TestTheFirstQuestionReadsRatherThanGuesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := alone(memory.Script([]job.Reading{mac(gb, job.Normal)}), admission.Config{})
		if r := g.Reading(); !r.At.IsZero() {
			t.Errorf("a reading before any: %+v", r)
		}
		if v := g.Admit(t.Context(), need(2*gb)); v.Open {
			t.Error("admitted blindly")
		}
		if r := g.Reading(); r.Available != gb {
			t.Errorf("Reading() = %+v", r)
		}
	})
}

func TestAGateThatNobodyRunsReadsAgainWhenItsReadingIsOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := memory.Script([]job.Reading{mac(gb, job.Normal)})
		g := alone(script, admission.Config{})
		g.Admit(t.Context(), need(0))
		script.Set(mac(4*gb, job.Normal))
		time.Sleep(5 * time.Second)
		if v := g.Admit(t.Context(), need(2*gb)); v.Open {
			t.Error("a reading of five seconds ago was read again")
		}
		time.Sleep(2 * time.Second)
		if v := g.Admit(t.Context(), need(2*gb)); !v.Open {
			t.Errorf("an old reading decided: %q", v.Text)
		}
	})
}

func TestARefusedNeedIsToldWhenItFits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, script := watched(t, mac(gb, job.Normal))
		if v := g.Admit(t.Context(), need(2*gb)); v.Open {
			t.Fatal("2 GB fit into 1")
		}
		if n := signals(g, time.Hour); n != 0 {
			t.Errorf("nothing changed for an hour and it was told %d times", n)
		}
		script.Set(mac(3*gb, job.Normal))
		if n := signals(g, 7*time.Second); n != 1 {
			t.Errorf("told %d times within two samples, want once", n)
		}
		if v := g.Admit(t.Context(), need(2*gb)); !v.Open {
			t.Errorf("refused after it was told: %q", v.Text)
		}
		if n := signals(g, time.Hour); n != 0 {
			t.Errorf("told %d times more", n)
		}
	})
}

func TestMemoryThatComesAndGoesIsToldOncePerRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, script := watched(t, mac(gb, job.Normal))
		g.Admit(t.Context(), need(2*gb))
		for range 20 { // nobody listens
			script.Set(mac(3*gb, job.Normal))
			pass(4 * time.Second) // two samples
			script.Set(mac(gb, job.Normal))
			pass(4 * time.Second)
		}
		if n := signals(g, time.Minute); n != 1 {
			t.Errorf("%d values wait, want 1", n)
		}
	})
}

func TestOldWordsAreRefreshedNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, script := watched(t, mac(gb, job.Normal))
		g.Admit(t.Context(), need(6*gb))
		asked := 0
		for i := range int64(150) { // five minutes in which every sample differs
			script.Set(mac(gb+i*10_000_000, job.Normal))
			time.Sleep(2 * time.Second)
			select {
			case <-g.Changed():
				asked++
				g.Admit(t.Context(), need(6*gb))
			default:
			}
		}
		if asked < 5 || asked > 10 {
			t.Errorf("asked again %d times in five minutes, want about every 30 s", asked)
		}
	})
}

func TestAfterCriticalTheLineIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, script := watched(t, mac(8*gb, job.Critical))
		if v := g.Admit(t.Context(), need(gb)); v.Open {
			t.Fatal("started at critical")
		}
		script.Set(mac(8*gb, job.Warn))
		pass(2 * time.Second)
		expect(t, g, need(gb), "starts in 30 s if memory stays free")
		if n := signals(g, 30*time.Second-time.Millisecond); n != 0 {
			t.Errorf("told %d times before the rest was over", n)
		}
		if n := signals(g, 2*time.Millisecond); n != 1 {
			t.Errorf("told %d times at its end, want once", n)
		}
		expect(t, g, need(gb), "")
	})
}

func TestABrokenProbeStopsTheLineNeitherForGoodNorAdmitsTheImpossible(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		script := memory.Script([]job.Reading{mac(gb, job.Normal)})
		g := start(t, admission.Deps{Probe: script, Log: slog.New(slog.NewTextHandler(&out, nil))}, admission.Config{})
		if v := g.Admit(t.Context(), need(5*gb)); v.Open {
			t.Fatal("5 GB fit into 1")
		}
		script.Fail(errNoSysctl)

		time.Sleep(4 * time.Second)
		if v := g.Admit(t.Context(), need(5*gb)); v.Open {
			t.Error("a reading of six seconds ago is still good enough, but was not used")
		}
		if n := signals(g, 10*time.Second); n != 1 {
			t.Errorf("told %d times that the ceiling decides now, want once", n)
		}
		if v := g.Admit(t.Context(), need(5*gb)); !v.Open {
			t.Errorf("a broken probe stops the line: %q", v.Text)
		}
		if v := g.Admit(t.Context(), need(14*gb)); v.Open {
			t.Error("a broken probe admits what can never fit")
		}

		script.Set(mac(gb, job.Normal))
		time.Sleep(2 * time.Second)
		if v := g.Admit(t.Context(), need(5*gb)); v.Open {
			t.Error("the probe works again and is not used")
		}
		synctest.Wait()
		if n := strings.Count(out.String(), "memory cannot be read"); n != 1 {
			t.Errorf("warned %d times, want once:\n%s", n, out.String())
		}
		if !strings.Contains(out.String(), "memory can be read again") {
			t.Errorf("the log does not say that it is over:\n%s", out.String())
		}
	})
}

// alone is a gate that nobody runs.
func alone(probe admission.Probe, cfg admission.Config) *admission.Gate {
	return admission.New(admission.Deps{Probe: probe, Log: quiet()}, cfg)
}

// stuck is a probe that only the end of its context ends.
type stuck struct{}

func (stuck) Read(ctx context.Context) (job.Reading, error) {
	<-ctx.Done()
	return job.Reading{}, ctx.Err()
}

func TestAStuckProbeCostsASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := alone(stuck{}, admission.Config{CeilingBytes: 2 * gb})
		began := time.Now()
		if v := g.Admit(t.Context(), need(gb)); !v.Open {
			t.Errorf("refused: %q", v.Text)
		}
		if v := g.Admit(t.Context(), need(3*gb)); v.Open {
			t.Error("admitted more than the ceiling")
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("two questions took %s, want one second for the first", took)
		}
	})
}

func TestACallerThatLeavesDoesNotBreakTheProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		g := admission.New(admission.Deps{
			Probe: memory.Script([]job.Reading{mac(gb, job.Normal)}), Log: slog.New(slog.NewTextHandler(&out, nil)),
		}, admission.Config{})
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		g.Admit(gone, need(gb))
		if v := g.Admit(t.Context(), need(2*gb)); v.Open {
			t.Error("the next caller got no reading")
		}
		if out.Len() != 0 {
			t.Errorf("logged: %s", out.String())
		}
	})
}

package admission_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/admission"
	"sluice/internal/job"
	"sluice/internal/memory"
)

func TestAfterACriticalSpellAStageStartsWithCare(t *testing.T) {
	t.Parallel()
	t.Run("30 s without a break, counted down", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			g, script := watched(t, mac(8*gb, job.Critical))
			expect(t, g, need(gb), "memory is critically short, 8.0 GB free; jobs start again 30 s after it eases")
			script.Set(mac(8*gb, job.Normal))
			pass(2 * time.Second)
			expect(t, g, need(gb), "starts in 30 s if memory stays free")
			pass(12 * time.Second)
			expect(t, g, need(gb), "starts in 20 s if memory stays free")
			v := g.Admit(t.Context(), need(gb))
			if left := time.Until(v.Until); left != 18*time.Second {
				t.Errorf("until in %s, want 18 s", left)
			}
			script.Set(mac(8*gb, job.Critical))
			pass(2 * time.Second)
			script.Set(mac(8*gb, job.Normal))
			pass(2 * time.Second)
			expect(t, g, need(gb), "starts in 30 s if memory stays free")
			pass(30 * time.Second)
			expect(t, g, need(gb), "")
			script.Set(mac(gb/2, job.Normal))
			pass(2 * time.Second)
			expect(t, g, need(gb), "needs 1.0 GB, 500 MB free")
			script.Set(mac(8*gb, job.Normal))
			pass(4 * time.Second)
			expect(t, g, need(gb), "") // the spell is over with the first start
		})
	})
	t.Run("what does not fit breaks it for those that do not fit", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			g, script := watched(t, mac(8*gb, job.Critical))
			expect(t, g, need(6*gb), "memory is critically short, 8.0 GB free; jobs start again 30 s after it eases")
			script.Set(mac(8*gb, job.Normal))
			pass(20 * time.Second)
			script.Set(mac(2*gb, job.Normal))
			pass(2 * time.Second)
			expect(t, g, need(6*gb), "needs 6.0 GB, 2.0 GB free")
			script.Set(mac(8*gb, job.Normal))
			pass(10 * time.Second)
			expect(t, g, need(6*gb), "starts in 30 s if memory stays free")
			expect(t, g, need(gb), "")
		})
	})
	t.Run("a spell that stopped nobody is none", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			g, script := watched(t, mac(8*gb, job.Normal))
			expect(t, g, need(gb), "")
			script.Set(mac(8*gb, job.Critical))
			pass(8 * time.Second)
			script.Set(mac(8*gb, job.Normal))
			pass(2 * time.Second)
			expect(t, g, need(gb), "")
		})
	})
	t.Run("neither a look nor ffmpeg ends it", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			g, script := watched(t, mac(gb, job.Critical))
			expect(t, g, job.Need{}, "memory is critically short, 1.0 GB free; jobs start again 30 s after it eases")
			script.Set(mac(gb, job.Normal))
			pass(2 * time.Second)
			expect(t, g, job.Need{}, "starts in 30 s if memory stays free")
			pass(28 * time.Second)
			script.Set(mac(8*gb, job.Normal))
			pass(4 * time.Second)
			expect(t, g, job.Need{}, "")
			expect(t, g, job.Need{Stage: job.Extract, Bytes: 160 * mb}, "")
			expect(t, g, need(4*gb), "starts in 30 s if memory stays free")
		})
	})
	t.Run("it is forgotten in time", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			g, script := watched(t, mac(8*gb, job.Critical))
			expect(t, g, need(gb), "memory is critically short, 8.0 GB free; jobs start again 30 s after it eases")
			script.Set(mac(8*gb, job.Normal))
			pass(20 * time.Minute)
			script.Set(mac(gb/2, job.Normal))
			pass(2 * time.Second)
			script.Set(mac(8*gb, job.Normal))
			pass(4 * time.Second)
			expect(t, g, need(gb), "")
		})
	})
}

// offered is what Yield gives within a time, with the moments.
func offered(g *admission.Gate, d time.Duration) (at []time.Duration, what []job.Wait) {
	began, end := time.Now(), time.After(d)
	for {
		select {
		case w := <-g.Yield():
			at, what = append(at, time.Since(began)), append(what, w)
		case <-end:
			return at, what
		}
	}
}

func TestARunningStageYieldsWhenCriticalLasts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, script := watched(t, mac(8*gb, job.Normal))
		expect(t, g, need(gb), "")
		script.Set(mac(2*gb, job.Critical))
		at, what := offered(g, 15*time.Second)
		// Critical since 2 s: told at 12 s, and again with the next sample.
		if diff := cmp.Diff([]time.Duration{12 * time.Second, 14 * time.Second}, at); diff != "" {
			t.Errorf("offered (-want +got):\n%s", diff)
		}
		want := job.Wait{Reason: job.Memory, Text: "memory is critically short, 2.0 GB free; jobs start again 30 s after it eases", Need: need(gb)}
		for _, w := range what {
			if diff := cmp.Diff(want, w); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		script.Set(mac(8*gb, job.Normal))
		pass(2 * time.Second)
		expect(t, g, need(gb), "starts in 30 s if memory stays free")
	})
}

func TestAnOfferWaitsForItsListenerAndDoesNotOutliveTheSpell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, script := watched(t, mac(8*gb, job.Critical))
		pass(time.Minute + time.Second) // nobody listens, and samples go on
		select {
		case <-g.Yield():
		default:
			t.Error("nothing is offered between two samples")
		}
		pass(2 * time.Second) // offered again, to nobody
		script.Set(mac(8*gb, job.Normal))
		pass(2 * time.Second)
		if at, _ := offered(g, time.Minute); len(at) > 0 {
			t.Errorf("offered after the spell at %v", at)
		}
	})
}

func TestAShortSpellStopsNoRunningStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, script := watched(t, mac(8*gb, job.Normal))
		for range 10 {
			script.Set(mac(8*gb, job.Critical))
			if at, _ := offered(g, 9*time.Second); len(at) > 0 {
				t.Fatalf("offered at %v", at)
			}
			script.Set(mac(8*gb, job.Normal))
			pass(3 * time.Second)
		}
	})
}

func TestASpellThatFlapsStopsARunningStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, script := watched(t, mac(8*gb, job.Normal))
		expect(t, g, need(gb), "")
		pass(time.Second) // between two samples
		for range 2 {
			script.Set(mac(gb, job.Critical))
			if at, _ := offered(g, 8*time.Second); len(at) > 0 {
				return
			}
			script.Set(mac(gb, job.Warn))
			if at, _ := offered(g, 2*time.Second); len(at) > 0 {
				t.Errorf("offered at %v into a sample that is not critical", at)
			}
		}
		t.Error("not told to yield")
	})
}

func TestCriticalIsSaidForAWhile(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		readings []job.Reading // one at each sample, the last one stays
		after    time.Duration
		want     bool
	}{
		"the system says so":                     {[]job.Reading{mac(8*gb, job.Normal), mac(gb, job.Critical)}, 2 * time.Second, true},
		"next to nothing is free in two samples": {[]job.Reading{mac(8*gb, job.Normal), macAt(gb, job.Warn, 14), macAt(gb, job.Warn, 14)}, 4 * time.Second, true},
		"next to nothing is free in one":         {[]job.Reading{mac(8*gb, job.Normal), macAt(gb, job.Warn, 14)}, 2 * time.Second, false},
		"what died gave its memory back":         {[]job.Reading{mac(gb, job.Critical), mac(8*gb, job.Normal)}, 9 * time.Second, true},
		"what dies much later did not die of it": {[]job.Reading{mac(gb, job.Critical), mac(8*gb, job.Normal)}, 11 * time.Second, false},
		"warn is not critical":                   {[]job.Reading{mac(gb, job.Warn)}, 2 * time.Second, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := start(t, admission.Deps{Probe: memory.Script(tt.readings)}, admission.Config{})
				pass(tt.after)
				if got := g.Critical(); got != tt.want {
					t.Errorf("Critical() = %t, want %t", got, tt.want)
				}
			})
		})
	}
	if alone(memory.Script(nil), admission.Config{}).Critical() {
		t.Error("critical before anything is known")
	}
}

func TestAProbeThatBreaksInASpellStopsNoRunningStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, script := watched(t, mac(8*gb, job.Critical))
		script.Fail(errNoSysctl)
		pass(7 * time.Second)
		if at, _ := offered(g, time.Minute); len(at) > 0 {
			t.Errorf("offered at %v by a sample that is old", at)
		}
	})
}

func TestOnBatteryNothingStarts(t *testing.T) {
	t.Parallel()
	const words = "on battery, starts when plugged in"
	synctest.Test(t, func(t *testing.T) {
		power := &plug{out: true}
		g := start(t, admission.Deps{Probe: memory.Script([]job.Reading{mac(8*gb, job.Normal)}), Power: power}, admission.Config{})
		want := job.Verdict{Reason: job.Power, Text: words}
		if diff := cmp.Diff(want, g.Admit(t.Context(), need(gb))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		power.set(false, nil)
		if n := signals(g, 3*time.Second); n != 1 {
			t.Errorf("told %d times that it is plugged in, want once", n)
		}
		expect(t, g, need(gb), "")

		power.set(true, nil)
		at, what := offered(g, 13*time.Second)
		if len(at) != 1 || at[0] < 11*time.Second {
			t.Fatalf("told to yield at %v, want once after more than 10 s on battery", at)
		}
		if diff := cmp.Diff(job.Wait{Reason: job.Power, Text: words, Need: need(gb)}, what[0]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		power.set(true, errNoSysctl)
		pass(2 * time.Second)
		expect(t, g, need(gb), "") // who cannot tell is on mains, and no spell was over
	})
}

func TestAPowerSourceThatIsTooSlowIsWhatItWas(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		out  bool
		want string
	}{
		"on battery": {true, "on battery, starts when plugged in"},
		"on mains":   {false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				power := &plug{out: tt.out}
				g := start(t, admission.Deps{Probe: memory.Script([]job.Reading{mac(8*gb, job.Normal)}), Power: power}, admission.Config{})
				power.hang()
				pass(time.Minute)
				expect(t, g, need(gb), tt.want)
			})
		})
	}
}

func TestAMovedPlugStopsNoJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		power := &plug{}
		g := start(t, admission.Deps{Probe: memory.Script([]job.Reading{mac(8*gb, job.Normal)}), Power: power}, admission.Config{})
		pass(time.Second)
		power.set(true, nil)
		if at, _ := offered(g, 9*time.Second); len(at) > 0 {
			t.Errorf("told to yield at %v", at)
		}
		power.set(false, nil)
		if at, _ := offered(g, time.Minute); len(at) > 0 {
			t.Errorf("told to yield at %v, with the plug in", at)
		}
	})
}

func TestWhatWasNotSeenOfASpellDoesNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, script := watched(t, mac(8*gb, job.Critical))
		script.Fail(errNoSysctl)
		pass(21 * time.Second)
		script.Set(mac(8*gb, job.Critical))
		if at, _ := offered(g, 9*time.Second); len(at) > 0 {
			t.Errorf("told to yield at %v", at)
		}
	})
}

func TestAPlugThatComesBackIsToldEvenWhenMemoryIsShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		power := &plug{out: true}
		g := start(t, admission.Deps{Probe: memory.Script([]job.Reading{mac(gb, job.Normal)}), Power: power}, admission.Config{})
		expect(t, g, need(4*gb), "on battery, starts when plugged in")
		power.set(false, nil)
		if n := signals(g, 3*time.Second); n != 1 {
			t.Errorf("told %d times, want once", n)
		}
		expect(t, g, need(4*gb), "needs 4.0 GB, 1.0 GB free")
	})
}

package admission_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/admission"
	"sluice/internal/job"
	"sluice/internal/memory"
)

// beside runs a gate on a machine with an Ollama.
func beside(t *testing.T, o *ollama, r job.Reading) (*admission.Gate, *memory.Scripted) {
	t.Helper()
	script := memory.Script([]job.Reading{r})
	return start(t, admission.Deps{Probe: script, Tenant: o}, admission.Config{}), script
}

func TestOnASmallMachineOllamaGoesBeforeTheSpeechEngineStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &ollama{held: 5100 * mb, takes: 3 * time.Second}
		g, _ := beside(t, o, mac(8*gb, job.Normal))
		pass(time.Second)
		expect(t, g, need(gb), "Ollama is giving back 5.1 GB")
		if n := signals(g, 2999*time.Millisecond); n != 0 {
			t.Errorf("told %d times before it has gone", n)
		}
		if n := signals(g, 2*time.Millisecond); n != 1 {
			t.Errorf("told %d times at once when it has gone, want once", n)
		}
		expect(t, g, need(gb), "")
		if _, n := o.counts(); n != 1 {
			t.Errorf("unloaded %d times", n)
		}
	})
}

func TestWhoUnloadsOllama(t *testing.T) {
	t.Parallel()
	extract := job.Need{Stage: job.Extract, Bytes: 160 * mb}
	translate := job.Need{Stage: "translate", Bytes: 4 * gb}
	tests := map[string]struct {
		reading job.Reading
		need    job.Need
		want    string
		unloads int
	}{
		"the speech engine below 32 GiB":                {mac(8*gb, job.Normal), need(gb), "Ollama is giving back 5.1 GB", 1},
		"also when memory is critical":                  {mac(8*gb, job.Critical), need(gb), "memory is critically short, 8.0 GB free; Ollama holds 5.1 GB; jobs start again 30 s after it eases", 1},
		"not a look":                                    {mac(8*gb, job.Normal), job.Need{Stage: job.Transcribe}, "", 0},
		"not a look that is refused":                    {mac(8*gb, job.Critical), job.Need{Stage: job.Transcribe}, "memory is critically short, 8.0 GB free; jobs start again 30 s after it eases", 0},
		"not ffmpeg":                                    {mac(8*gb, job.Normal), extract, "", 0},
		"not ffmpeg without room":                       {mac(100*mb, job.Normal), extract, "needs 160 MB, 100 MB free", 0},
		"not a stage of its own":                        {mac(8*gb, job.Normal), translate, "", 0},
		"a stage of its own without room":               {mac(2*gb, job.Normal), translate, "needs 4.0 GB, 2.0 GB free; Ollama holds 5.1 GB", 1},
		"a stage of its own that warn stops":            {mac(4500*mb, job.Warn), translate, "needs 4.0 GB and 1.0 GB to spare, 4.5 GB free; Ollama holds 5.1 GB; starts in 15 min if memory stays free", 1},
		"nobody who fits from 32 GiB on":                {studio(8*gb, job.Normal), need(4 * gb), "", 0},
		"who does not fit from 32 GiB on":               {studio(4200*mb, job.Normal), need(6900 * mb), "needs 6.9 GB, 4.2 GB free; Ollama holds 5.1 GB", 1},
		"who has nothing to spare from 32 GiB on":       {studio(4500*mb, job.Warn), need(4 * gb), "needs 4.0 GB and 1.0 GB to spare, 4.5 GB free; Ollama holds 5.1 GB; starts in 15 min if memory stays free", 1},
		"nobody who can never fit, whatever it returns": {mac(8*gb, job.Normal), need(14 * gb), "needs 14.0 GB, this machine can give 11.0 GB", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := &ollama{held: 5100 * mb}
				g, _ := beside(t, o, tt.reading)
				expect(t, g, tt.need, tt.want)
				pass(10 * time.Second)
				if _, n := o.counts(); n != tt.unloads {
					t.Errorf("unloaded %d times, want %d", n, tt.unloads)
				}
			})
		})
	}
}

func TestAnOllamaThatDoesNotGo(t *testing.T) {
	t.Parallel()
	tests := map[string]*ollama{
		"it keeps what it has": {held: 5100 * mb, deaf: true},
		"unloading fails":      {held: 5100 * mb, fails: true},
		"it does not answer":   {held: 5100 * mb, takes: time.Hour},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g, _ := beside(t, o, mac(8*gb, job.Normal))
				began := time.Now()
				expect(t, g, need(gb), "Ollama is giving back 5.1 GB")
				pass(21 * time.Second)
				expect(t, g, need(gb), "needs 1.0 GB, 8.0 GB free; Ollama holds 5.1 GB; starts in 15 min if memory stays free")
				var v job.Verdict
				for !v.Open && time.Since(began) < time.Hour {
					pass(5 * time.Second)
					v = g.Admit(t.Context(), need(gb))
				}
				if waited := time.Since(began); waited < 15*time.Minute || waited > 15*time.Minute+6*time.Second {
					t.Errorf("waited %s, want a quarter of an hour", waited)
				}
				for i, at := range o.unloaded[1:] {
					if gap := at.Sub(o.unloaded[i]); gap < 30*time.Second {
						t.Errorf("asked again after %s", gap)
					}
				}
				if len(o.unloaded) < 20 {
					t.Errorf("asked %d times in a quarter of an hour", len(o.unloaded))
				}
			})
		})
	}
}

func TestShortageNamesWhatOllamaKeeps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &ollama{held: 5100 * mb, deaf: true}
		g, _ := beside(t, o, mac(4200*mb, job.Normal))
		expect(t, g, need(6900*mb), "Ollama is giving back 5.1 GB")
		pass(time.Second)
		expect(t, g, need(6900*mb), "needs 6.9 GB, 4.2 GB free; Ollama holds 5.1 GB")
	})
}

func TestAnIdleLineLeavesOllamaAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &ollama{}
		g, script := beside(t, o, mac(8*gb, job.Normal))
		pass(time.Hour)
		expect(t, g, job.Need{}, "")
		if looks, _ := o.counts(); looks != 0 {
			t.Errorf("an idle line looked %d times", looks)
		}
		expect(t, g, need(gb), "")
		pass(time.Hour) // the stage runs
		if looks, _ := o.counts(); looks != 1 {
			t.Errorf("looked %d times for one start, want once", looks)
		}
		script.Set(mac(gb/2, job.Normal))
		pass(2 * time.Second)
		expect(t, g, need(gb), "needs 1.0 GB, 500 MB free")
		pass(30 * time.Second)
		waiting, _ := o.counts()
		if waiting < 10 {
			t.Errorf("looked %d times while a stage waits", waiting)
		}
		pass(time.Hour) // whoever waited has gone
		if looks, _ := o.counts(); looks > waiting+20 {
			t.Errorf("looked %d times more for nobody", looks-waiting)
		}
	})
}

func TestAnOllamaThatIsAwayHoldsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &ollama{held: 5100 * mb, deaf: true}
		g, _ := beside(t, o, mac(8*gb, job.Normal))
		expect(t, g, need(gb), "Ollama is giving back 5.1 GB")
		o.become(true, false)
		pass(2 * time.Second)
		expect(t, g, need(gb), "")
	})
}

func TestAnOllamaThatDoesNotSayHoldsWhatItHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &ollama{held: 5100 * mb, takes: 5 * time.Second, deaf: true}
		g, _ := beside(t, o, mac(8*gb, job.Normal))
		began := time.Now()
		expect(t, g, need(gb), "Ollama is giving back 5.1 GB")
		o.become(false, true)
		pass(4 * time.Second)
		expect(t, g, need(gb), "Ollama is giving back 5.1 GB")
		pass(2 * time.Second)
		for time.Since(began) < 15*time.Minute-10*time.Second {
			if v := g.Admit(t.Context(), need(gb)); !strings.HasPrefix(v.Text, "needs 1.0 GB, 8.0 GB free; Ollama holds 5.1 GB; starts in ") {
				t.Fatalf("after %s: open %t, %q", time.Since(began), v.Open, v.Text)
			}
			pass(5 * time.Second)
		}
		pass(20 * time.Second)
		expect(t, g, need(gb), "") // it has stood in the way long enough
	})
}

func TestAnOllamaThatHasNeverSaidAnythingHoldsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, _ := beside(t, &ollama{held: 5100 * mb, slow: true}, mac(8*gb, job.Normal))
		expect(t, g, need(gb), "")
	})
}

func TestASlowLookTakesNoTimeFromAnother(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]bool{"of a gate that runs": true, "of one that nobody runs": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				deps := admission.Deps{
					Probe: memory.Script([]job.Reading{mac(8*gb, job.Normal)}), Power: &plug{slow: true},
					Tenant: &ollama{held: 5100 * mb, takes: time.Hour}, Log: quiet(),
				}
				g := admission.New(deps, admission.Config{})
				if run {
					g = start(t, deps, admission.Config{})
				}
				for range 5 {
					expect(t, g, need(gb), "Ollama is giving back 5.1 GB")
					pass(2100 * time.Millisecond)
				}
			})
		})
	}
}

// mute is an Ollama that only the end of a context ends.
type mute struct{ stuck }

func (m mute) Held(ctx context.Context) (int64, error) {
	_, err := m.Read(ctx)
	return 0, err
}

func (m mute) Unload(ctx context.Context) error {
	_, err := m.Read(ctx)
	return err
}

func TestProbeAndOllamaAreLookedAtWithinOneSecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := admission.New(admission.Deps{Probe: stuck{}, Tenant: mute{}, Log: quiet()}, admission.Config{})
		began := time.Now()
		expect(t, g, need(gb), "")
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestSamplesGoOnWhileOllamaGivesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, script := beside(t, &ollama{held: 5 * gb, takes: time.Hour}, mac(8*gb, job.Normal))
		expect(t, g, need(gb), "Ollama is giving back 5.0 GB")
		script.Set(mac(8*gb, job.Critical))
		pass(2 * time.Second)
		expect(t, g, need(gb), "memory is critically short, 8.0 GB free; Ollama holds 5.0 GB; jobs start again 30 s after it eases")
	})
}

func TestThatOllamaHasGoneIsToldEvenWhenThatIsNotEnough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, _ := beside(t, &ollama{held: 5 * gb, takes: time.Second}, studio(4*gb, job.Normal))
		expect(t, g, need(12*gb), "needs 12.0 GB, 4.0 GB free; Ollama holds 5.0 GB")
		if n := signals(g, 1500*time.Millisecond); n != 1 {
			t.Errorf("told %d times, want once", n)
		}
		expect(t, g, need(12*gb), "needs 12.0 GB, 4.0 GB free")
	})
}

package admission_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/admission"
	"sluice/internal/job"
	"sluice/internal/memory"
)

// TestTwoSamples looks at what two samples in a row make of one need of 4 GB.
func TestTwoSamples(t *testing.T) {
	t.Parallel()
	free := mac(8*gb, job.Normal)
	confined := func(available int64) job.Reading {
		return job.Reading{Level: job.Normal, Total: 10 * gb, Available: available, FreePercent: int(available * 10 / gb), Confined: true}
	}
	tests := map[string]struct {
		first, second job.Reading
		engine        int64
		need          int64
		want          string
	}{
		"a first sample alone decides":                      {first: macAt(8*gb, job.Normal, 14), need: gb, want: "14 % of memory is free; jobs start again at 15 %"},
		"one dip in free memory counts":                     {first: mac(2*gb, job.Normal), second: free, want: "needs 4.0 GB, 2.0 GB free"},
		"so does a fresh one":                               {first: free, second: mac(2*gb, job.Normal), want: "needs 4.0 GB, 2.0 GB free"},
		"critical counts at once":                           {first: free, second: mac(8*gb, job.Critical), want: "memory is critically short, 8.0 GB free; jobs start again 30 s after it eases"},
		"a percentage below 15 does not":                    {first: free, second: macAt(8*gb, job.Normal, 14)},
		"it does when it stays":                             {first: macAt(8*gb, job.Normal, 14), second: macAt(8*gb, job.Normal, 13), want: "13 % of memory is free; jobs start again at 15 %"},
		"15 % is not below 15":                              {first: macAt(8*gb, job.Normal, 15), second: macAt(8*gb, job.Normal, 15)},
		"our engine's share of the percentage is free":      {first: macAt(4*gb, job.Normal, 10), second: macAt(4*gb, job.Normal, 10), engine: 2 * gb},
		"our engine's bytes are free":                       {first: mac(3*gb, job.Normal), second: mac(3*gb, job.Normal), engine: gb},
		"but never more than there is":                      {first: mac(18*gib, job.Normal), second: mac(18*gib, job.Normal), engine: 9 * gb, need: 10 * gb},
		"warn leaves a quarter":                             {first: mac(5*gb, job.Warn), second: mac(5*gb, job.Warn)},
		"a byte less than the quarter is too little":        {first: free, second: mac(5*gb-1, job.Warn), want: "needs 4.0 GB and 1.0 GB to spare, 5.0 GB free; starts in 15 min if memory stays free"},
		"warn counts at once":                               {first: mac(4500*mb, job.Normal), second: mac(4500*mb, job.Warn), want: "needs 4.0 GB and 1.0 GB to spare, 4.5 GB free; starts in 15 min if memory stays free"},
		"normal needs no quarter":                           {first: mac(4*gb, job.Normal), second: mac(4*gb, job.Normal)},
		"warn wants 25 % of the machine free":               {first: macAt(8*gb, job.Warn, 24), second: macAt(8*gb, job.Warn, 30), want: "needs 4.0 GB and 25 % of memory free, 24 % is; starts in 15 min if memory stays free"},
		"with 25 % it starts":                               {first: macAt(8*gb, job.Warn, 25), second: macAt(8*gb, job.Warn, 25)},
		"normal does not ask for 25 %":                      {first: macAt(8*gb, job.Normal, 24), second: macAt(8*gb, job.Normal, 24)},
		"in a cgroup 5 % stay spare":                        {first: confined(4499 * mb), second: confined(4499 * mb), want: "needs 4.0 GB, short of it by 1 MB"},
		"the rest of a cgroup is ours":                      {first: confined(4500 * mb), second: confined(4500 * mb)},
		"in a cgroup the engine's bytes are free too":       {first: confined(2500 * mb), second: confined(2500 * mb), engine: 2 * gb},
		"a reading without a percentage has its own":        {first: job.Reading{Total: 18 * gib, Available: 8 * gb}, second: job.Reading{Total: 18 * gib, Available: 8 * gb}},
		"a percentage that was not told can be low as well": {first: job.Reading{Total: 18 * gib, Available: 2 * gb}, second: job.Reading{Total: 18 * gib, Available: 2 * gb}, need: gb, want: "10 % of memory is free; jobs start again at 15 %"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				readings := []job.Reading{tt.first}
				if tt.second.Total > 0 {
					readings = append(readings, tt.second)
				}
				g := start(t, admission.Deps{
					Probe: memory.Script(readings), Engine: func() int64 { return tt.engine },
				}, admission.Config{})
				if tt.second.Total > 0 {
					pass(2 * time.Second)
				}
				n := need(4 * gb)
				if tt.need > 0 {
					n.Bytes = tt.need
				}
				expect(t, g, n, tt.want)
			})
		})
	}
}

func TestFreeIsWhatAStageCouldGet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := memory.Script([]job.Reading{mac(3*gb, job.Normal)})
		g := admission.New(admission.Deps{Probe: script, Engine: func() int64 { return gb }, Log: quiet()}, admission.Config{})
		if n := g.Free(); n != -1 {
			t.Errorf("Free() = %d before anything is known", n)
		}
		g.Admit(t.Context(), job.Need{})
		if n := g.Free(); n != 4*gb {
			t.Errorf("Free() = %d, want what is available and what our engine holds", n)
		}
		time.Sleep(time.Minute)
		if n := g.Free(); n != -1 {
			t.Errorf("Free() = %d by a sample of a minute ago", n)
		}
	})
}

func TestTwoLooksInOneMomentAreOneSample(t *testing.T) {
	t.Parallel()
	low := macAt(8*gb, job.Normal, 14)
	for name, tt := range map[string]struct {
		apart time.Duration
		want  string
	}{
		"one moment":  {900 * time.Millisecond, ""},
		"two of them": {1100 * time.Millisecond, "14 % of memory is free; jobs start again at 15 %"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g, script := watched(t, mac(8*gb, job.Normal))
				script.Set(low)
				pass(2 * time.Second)
				pass(tt.apart)
				g.Afresh(t.Context())
				expect(t, g, need(gb), tt.want)
				script.Set(mac(8*gb, job.Normal))
				pass(2 * time.Second)
				expect(t, g, need(gb), map[bool]string{true: "", false: "starts in 30 s if memory stays free"}[tt.want == ""])
			})
		})
	}
}

func TestASampleFromLongAgoIsNoSecondOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := memory.Script([]job.Reading{mac(gb, job.Normal), mac(8*gb, job.Normal)})
		g := admission.New(admission.Deps{Probe: script, Log: quiet()}, admission.Config{})
		expect(t, g, need(4*gb), "needs 4.0 GB, 1.0 GB free")
		time.Sleep(time.Hour)
		expect(t, g, need(4*gb), "")
	})
}

func TestAStageThatWaitsWhileItFitsStartsAfterAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	const words = "needs 4.0 GB and 1.0 GB to spare, 4.5 GB free; starts in 15 min if memory stays free"
	t.Run("it opens on time and stays open for who has waited", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			g, _ := watched(t, mac(4500*mb, job.Warn))
			pass(time.Hour) // that it would have fitted before does not count
			expect(t, g, need(4*gb), words)
			if v := ask(t.Context(), g, need(4*gb), 14*time.Minute+59*time.Second); v.Open || !v.Until.Equal(time.Now().Round(time.Minute)) {
				t.Errorf("after 15 min: %+v", v)
			}
			expect(t, g, need(4*gb), "")
			pass(5 * time.Second)
			expect(t, g, need(4*gb), "") // the stage itself asks again
		})
	})
	t.Run("a break starts it anew", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			g, script := watched(t, mac(4500*mb, job.Warn))
			ask(t.Context(), g, need(4*gb), 10*time.Minute)
			script.Set(mac(3*gb, job.Warn))
			ask(t.Context(), g, need(4*gb), 5*time.Second)
			script.Set(mac(4500*mb, job.Warn))
			if v := ask(t.Context(), g, need(4*gb), 14*time.Minute); v.Open {
				t.Error("started although it did not fit in between")
			}
			if v := ask(t.Context(), g, need(4*gb), 2*time.Minute); !v.Open {
				t.Errorf("waits for ever: %s", v.Text)
			}
		})
	})
}

// ask asks as the line does.
func ask(ctx context.Context, g *admission.Gate, n job.Need, d time.Duration) (last job.Verdict) {
	for end := time.Now().Add(d); time.Now().Before(end); pass(5 * time.Second) {
		last = g.Admit(ctx, n)
	}
	return last
}

func TestOnASteadyWarnOnlyTheFirstStageWaits(t *testing.T) {
	t.Parallel()
	const words = "needs 1.0 GB and 25 % of memory free, 24 % is; starts in 15 min if memory stays free"
	steady := macAt(8*gb, job.Warn, 24)
	extract := job.Need{Stage: job.Extract, Bytes: 160 * mb}
	// patient is a gate that has been waited for.
	patient := func(t *testing.T) (*admission.Gate, *memory.Scripted) {
		t.Helper()
		g, script := watched(t, steady)
		expect(t, g, need(gb), words)
		if v := ask(t.Context(), g, need(gb), 15*time.Minute+5*time.Second); !v.Open {
			t.Fatalf("waits for ever: %s", v.Text)
		}
		return g, script
	}
	t.Run("and ffmpeg and a look do not", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			g, _ := watched(t, steady)
			expect(t, g, job.Need{}, "")
			expect(t, g, extract, "")
			pass(90 * time.Second)
			expect(t, g, need(gb), words)
		})
	})
	t.Run("the next jobs start at once, all day long", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			g, _ := patient(t)
			for range 10 {
				pass(time.Hour)
				expect(t, g, job.Need{}, "")
				expect(t, g, extract, "")
				pass(90 * time.Second)
				expect(t, g, need(gb), "")
				pass(5 * time.Minute)
				expect(t, g, job.Need{Stage: "translate", Bytes: 4 * gb}, "")
			}
		})
	})
	t.Run("what our own last stage took is soon there again", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			g, script := patient(t)
			script.Set(macAt(gb/2, job.Warn, 24))
			pass(20 * time.Minute)
			expect(t, g, need(gb), "needs 1.0 GB, 500 MB free")
			script.Set(steady)
			pass(4 * time.Second)
			expect(t, g, need(gb), "")
		})
	})
	worse := map[string]struct {
		reading job.Reading
		lasts   time.Duration
		then    string
	}{
		"normal and warn again":            {mac(8*gb, job.Normal), 2 * time.Second, words},
		"memory that does not fit a while": {macAt(gb/2, job.Warn, 24), 40 * time.Second, words},
		"a critical moment, and then warn": {macAt(8*gb, job.Critical, 24), 2 * time.Second, "starts in 30 s if memory stays free"},
	}
	for name, tt := range worse {
		t.Run("after "+name+" patience is asked for anew", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g, script := patient(t)
				pass(2 * time.Minute)
				script.Set(tt.reading)
				pass(2 * time.Second)
				if tt.reading.Level != job.Normal {
					ask(t.Context(), g, need(gb), tt.lasts)
				}
				script.Set(steady)
				pass(4 * time.Second)
				expect(t, g, need(gb), tt.then)
				pass(30 * time.Second)
				if v := g.Admit(t.Context(), need(gb)); v.Open {
					t.Error("started as if nothing had happened")
				}
			})
		})
	}
}

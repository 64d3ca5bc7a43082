package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

func pausing() map[string]scenario {
	return map[string]scenario{
		"a line is not paused until somebody says so": func(s *stand) {
			s.same("paused", s.paused(), false)
			for _, paused := range []bool{true, true, false, false} {
				s.ok(s.SetPaused(s.Context(), paused))
				s.same("paused", s.paused(), paused)
			}
		},
		"a paused line gives nothing out but shows all it has": func(s *stand) {
			j := s.submit("a")[0]
			s.ok(s.SetPaused(s.Context(), true))
			_, _, err := s.Take(s.Context(), j.ID, owner)
			s.fails(err, queue.ErrEmpty)
			_, _, err = s.Take(s.Context(), "nobody", owner)
			s.refused(err, fault.JobUnknown)
			s.same("job", s.get(j.ID), j)
			s.same("next", s.next(), "a")
			s.submit("b")
			s.counts(queue.Counts{job.Queued: 2})
			s.ok(s.SetPaused(s.Context(), false))
			s.take(j.ID)
		},
		"a job that runs goes on while the line is paused": func(s *stand) {
			j, lease := s.running()
			s.ok(s.SetPaused(s.Context(), true))
			d, err := s.Renew(s.Context(), lease, job.Progress{Stage: job.Extract, Fraction: 0.5})
			s.ok(err)
			s.same("directive", d, queue.Directive{})
			s.settle(lease, queue.Outcome{State: job.Done})
			s.same("state", s.get(j.ID).State, job.Done)
		},
		"orphans are recovered while the line is paused": func(s *stand) {
			_, _, err := s.Take(s.Context(), s.submit("a")[0].ID, other)
			s.ok(err)
			s.ok(s.SetPaused(s.Context(), true))
			got, err := s.Recover(s.Context(), owner, 5)
			s.ok(err)
			s.same("recovered", titles(got), []string{"a"})
			s.same("paused", s.paused(), true)
		},
	}
}

func workAhead() map[string]scenario {
	return map[string]scenario{
		"a duration stays with its job": func(s *stand) {
			j, lease := s.running()
			s.measure(j.ID, 90_061)
			s.same("duration", s.get(j.ID).DurationMS, int64(90_061))
			s.same("duration once settled", s.settle(lease, queue.Outcome{State: job.Failed}).DurationMS, int64(90_061))
			s.measure(j.ID, 90_000)
			s.same("duration measured again", s.page(queue.Filter{}).Jobs[0].DurationMS, int64(90_000))
			s.measure(j.ID, -1)
			s.same("duration that is not known", s.get(j.ID).DurationMS, int64(0))
			s.measure("nobody", 1000)
		},
		"the work ahead is summed up per model": func(s *stand) {
			jobs := s.submit("a", "b", "c", "d", "last")
			other := draft("other model")
			other.Options.Model, other.Priority = "large-v3", 1
			jobs = append(jobs, s.accept(other)...)
			low := draft("low")
			low.Priority = -1
			jobs = append(jobs, s.accept(low)...)
			for i, ms := range map[int]int64{0: 1000, 1: 20_000, 4: 300_000, 5: 4_000_000, 6: 50_000_000} {
				s.measure(jobs[i].ID, ms)
			}
			large := queue.Load{Model: "large-v3", Jobs: 1, MediaMS: 4_000_000}
			s.same("ahead of the first", s.ahead(jobs[5].ID), []queue.Load(nil))
			s.same("ahead of the second", s.ahead(jobs[0].ID), []queue.Load{large})
			s.same("ahead of the last of its kind", s.ahead(jobs[4].ID), []queue.Load{large, {Model: "tiny", Jobs: 4, Unknown: 2, MediaMS: 21_000}})
			s.same("ahead of the low one", s.ahead(jobs[6].ID), []queue.Load{large, {Model: "tiny", Jobs: 5, Unknown: 2, MediaMS: 321_000}})
			s.same("the whole line", s.ahead(""), []queue.Load{large, {Model: "tiny", Jobs: 6, Unknown: 2, MediaMS: 50_321_000}})
		},
		"the work ahead is summed up per kind": func(s *stand) {
			several := multilingual("several")
			one := multilingual("one")
			one.Options.TranslateTo, one.Options.Summarize = []string{"ko"}, false
			summed := draft("summed up")
			summed.Options.Summarize, summed.Options.LLMModel = true, "qwen"
			plain := draft("plain")
			plain.Options.LLMModel = "gemma" // nothing is asked of it
			jobs := s.accept(several, one, several, summed, plain, draft("last"))
			for i, j := range jobs {
				s.measure(j.ID, int64(1000<<i))
			}
			want := []queue.Load{
				{Model: "tiny", Jobs: 1, MediaMS: 16_000},
				{Model: "tiny", LLMModel: "gemma", Languages: 1, Jobs: 1, MediaMS: 2000},
				{Model: "tiny", LLMModel: "gemma", Languages: 2, Summarize: true, Jobs: 2, MediaMS: 5000},
				{Model: "tiny", LLMModel: "qwen", Summarize: true, Jobs: 1, MediaMS: 8000},
			}
			s.same("ahead of the last", s.ahead(jobs[5].ID), want)
			s.same("ahead of the third", s.ahead(jobs[2].ID), []queue.Load{want[1], {Model: "tiny", LLMModel: "gemma", Languages: 2, Summarize: true, Jobs: 1, MediaMS: 1000}})
			want[0].Jobs, want[0].MediaMS = 2, 48_000
			s.same("the whole line", s.ahead(""), want)
			_, err := s.Cancel(s.Context(), jobs[3].ID)
			s.ok(err)
			want[3] = queue.Load{Model: "large-v3", LLMModel: "gemma", Languages: 2, Summarize: true, Jobs: 1, MediaMS: 8000}
			other := several.Options
			other.Model = "large-v3"
			s.retry(jobs[3].ID, job.Retry{Options: &other})
			s.same("the whole line, with one that has other options now", s.ahead(""), inOrder(want))
		},
		"who steps aside is ahead of nobody until the time has come": func(s *stand) {
			jobs := s.submit("backoff", "memory", "model", "last")
			until := s.clock.Now().Add(time.Minute)
			for i, w := range []job.Wait{{Reason: job.Backoff, Until: until}, {Reason: job.Memory, Until: until}, {Reason: job.NoModel}} {
				_, err := s.Defer(s.Context(), jobs[i].ID, w)
				s.ok(err)
			}
			s.same("ahead", s.ahead(jobs[3].ID), []queue.Load{{Model: "tiny", Jobs: 1, Unknown: 1}})
			s.same("ahead of one that steps aside", s.ahead(jobs[2].ID), []queue.Load{{Model: "tiny", Jobs: 1, Unknown: 1}})
			s.same("the whole line", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 2, Unknown: 2}})
			s.clock.Advance(time.Minute)
			s.same("ahead in time", s.ahead(jobs[3].ID), []queue.Load{{Model: "tiny", Jobs: 2, Unknown: 2}})
		},
		"the whole line is summed up anew after each change of it": func(s *stand) {
			jobs := s.submit("a", "b", "c")
			s.same("at first", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 3, Unknown: 3}})
			for range 2 {
				s.ahead("")[0].Jobs = 99 // what was given out is the caller's
			}
			s.same("again", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 3, Unknown: 3}})
			s.measure(jobs[0].ID, 1000)
			s.same("once one is measured", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 3, Unknown: 2, MediaMS: 1000}})
			_, err := s.Defer(s.Context(), jobs[0].ID, job.Wait{Reason: job.Backoff, Until: s.clock.Now().Add(time.Minute)})
			s.ok(err)
			s.same("once one waits", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 2, Unknown: 2}})
			s.clock.Advance(time.Minute)
			s.same("once its time has come", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 3, Unknown: 2, MediaMS: 1000}})
			s.clock.Advance(-time.Minute)
			s.same("when the clock is set back", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 2, Unknown: 2}})
			_, err = s.ReleaseAll(s.Context(), job.Backoff)
			s.ok(err)
			s.same("once it is released", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 3, Unknown: 2, MediaMS: 1000}})
			_, lease := s.take(jobs[1].ID)
			s.same("once one runs", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 2, Unknown: 1, MediaMS: 1000}})
			s.settle(lease, queue.Outcome{State: job.Queued})
			s.same("once it is back", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 3, Unknown: 2, MediaMS: 1000}})
			_, err = s.Cancel(s.Context(), jobs[2].ID)
			s.ok(err)
			s.same("once one is canceled", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 2, Unknown: 1, MediaMS: 1000}})
		},
		"nothing is ahead of a job that is not in the line": func(s *stand) {
			s.submit("a", "b")
			j, lease := s.running()
			s.same("ahead of a running job", s.ahead(j.ID), []queue.Load(nil))
			s.settle(lease, queue.Outcome{State: job.Done})
			s.same("ahead of a final job", s.ahead(j.ID), []queue.Load(nil))
			_, err := s.Ahead(s.Context(), "nobody")
			s.refused(err, fault.JobUnknown)
			s.same("the line", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 2, Unknown: 2}})
		},
		"an empty line holds no work": func(s *stand) {
			s.running()
			s.same("the line", s.ahead(""), []queue.Load(nil))
		},
		"queued jobs of unknown length are listed in line order": func(s *stand) {
			jobs := s.submit("a", "known", "waits", "canceled", "runs", "b")
			high := draft("high")
			high.Priority = 1
			s.accept(high)
			s.measure(jobs[1].ID, 1000)
			_, err := s.Defer(s.Context(), jobs[2].ID, job.Wait{Reason: job.NoModel})
			s.ok(err)
			_, err = s.Cancel(s.Context(), jobs[3].ID)
			s.ok(err)
			_, lease := s.take(jobs[4].ID)
			s.same("unmeasured", s.unmeasured(10), []string{"high", "a", "waits", "b"})
			s.same("the first of them", s.unmeasured(2), []string{"high", "a"})
			s.settle(lease, queue.Outcome{State: job.Queued})
			s.same("unmeasured, with the one that came back", s.unmeasured(10), []string{"high", "a", "waits", "runs", "b"})
			s.measure(jobs[0].ID, 1000)
			s.same("unmeasured, without the one that was measured", s.unmeasured(10), []string{"high", "waits", "runs", "b"})
		},
	}
}

// stages is where a pipeline writes what a job went through. A store that
// keeps it too learns from it how fast stages are.
type stages interface {
	Begin(ctx context.Context, lease job.Lease, stage job.Stage) error
	Finish(ctx context.Context, lease job.Lease, stage job.Stage, key string, body []byte, reused bool, took time.Duration) error
}

func pace() map[string]scenario {
	return map[string]scenario{
		"no pace is known at first": func(s *stand) {
			s.running()
			s.same("paces", s.paces(), []queue.Pace(nil))
		},
		"a whole run tells the pace of its stage and model": func(s *stand) {
			st, j, lease := s.stages()
			s.measure(j.ID, 60_000)
			s.stage(st, lease, job.Extract, 3*time.Second)
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: 0.05}})
			s.stage(st, lease, job.Transcribe, 30*time.Second)
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: 0.05}, {Stage: job.Transcribe, Model: "tiny", Ratio: 0.5}})
		},
		"models have paces of their own": func(s *stand) {
			st, j, lease := s.stages()
			s.measure(j.ID, 60_000)
			s.stage(st, lease, job.Transcribe, 30*time.Second)
			large := draft("other")
			large.Options.Model = "large-v3"
			j, lease = s.take(s.accept(large)[0].ID)
			s.measure(j.ID, 60_000)
			s.stage(st, lease, job.Transcribe, time.Minute)
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Transcribe, Model: "large-v3", Ratio: 1}, {Stage: job.Transcribe, Model: "tiny", Ratio: 0.5}})
		},
		"the language stages have the pace of their own model, a translation for each language": func(s *stand) {
			st, _, first := s.stages()
			s.settle(first, queue.Outcome{State: job.Done})
			j, lease := s.take(s.accept(multilingual("several"))[0].ID)
			s.measure(j.ID, 60_000)
			s.stage(st, lease, job.Translate, 30*time.Second) // into two
			s.stage(st, lease, job.Summarize, 6*time.Second)
			s.stage(st, lease, job.Deliver, time.Second)
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Summarize, Model: "gemma", Ratio: 0.1}, {Stage: job.Translate, Model: "gemma", Ratio: 0.25}})
			s.settle(lease, queue.Outcome{State: job.Done})
			j, lease = s.running() // that asks for neither
			s.measure(j.ID, 60_000)
			s.stage(st, lease, job.Translate, time.Second)
			s.same("paces", len(s.paces()), 2)
		},
		"long runs and recent ones weigh more": func(s *stand) {
			st, j, lease := s.stages()
			s.measure(j.ID, 100_000)
			s.stage(st, lease, job.Extract, 10*time.Second)
			j, lease = s.running()
			s.measure(j.ID, 20_000)
			s.stage(st, lease, job.Extract, 12*time.Second)
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: (0.8*10 + 12) / (0.8*100 + 20)}})
		},
		"a length that is measured while the stage runs is in time": func(s *stand) {
			st, j, lease := s.stages()
			s.ok(st.Begin(s.Context(), lease, job.Extract))
			s.clock.Advance(time.Second)
			s.measure(j.ID, 10_000)
			s.ok(st.Finish(s.Context(), lease, job.Extract, "k", nil, false, time.Second))
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: 0.1}})
		},
		"a length that is not known tells nothing": func(s *stand) {
			st, j, lease := s.stages()
			s.stage(st, lease, job.Transcribe, time.Minute)
			s.measure(j.ID, 60_000) // too late
			s.same("paces", s.paces(), []queue.Pace(nil))
		},
		"a stage that was found finished tells nothing": func(s *stand) {
			st, j, lease := s.stages()
			s.measure(j.ID, 60_000)
			s.ok(st.Begin(s.Context(), lease, job.Transcribe))
			s.clock.Advance(time.Second)
			s.ok(st.Finish(s.Context(), lease, job.Transcribe, "k", nil, true, time.Second))
			s.same("paces", s.paces(), []queue.Pace(nil))
		},
		"a stage that never began tells nothing": func(s *stand) {
			st, j, lease := s.stages()
			s.measure(j.ID, 60_000)
			s.ok(st.Finish(s.Context(), lease, job.Extract, "k", nil, false, time.Second))
			s.same("paces", s.paces(), []queue.Pace(nil))
		},
		"a stage that was cut off and begun again tells nothing": func(s *stand) {
			st, j, lease := s.stages()
			s.measure(j.ID, 60_000)
			s.stage(st, lease, job.Extract, 3*time.Second)
			s.ok(st.Begin(s.Context(), lease, job.Transcribe))
			s.clock.Advance(29 * time.Second)
			s.settle(lease, queue.Outcome{State: job.Queued})
			_, lease = s.take(j.ID)
			s.stage(st, lease, job.Transcribe, time.Second)
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: 0.05}})
		},
		"what counts is how long the stage worked, whatever the clock says": func(s *stand) {
			st, j, lease := s.stages()
			s.measure(j.ID, 60_000)
			s.ok(st.Begin(s.Context(), lease, job.Extract))
			s.clock.Advance(9 * time.Hour) // a night asleep
			s.ok(st.Finish(s.Context(), lease, job.Extract, "k", nil, false, 3*time.Second))
			s.ok(st.Begin(s.Context(), lease, job.Transcribe))
			s.clock.Advance(-time.Hour) // the clock was set back
			s.ok(st.Finish(s.Context(), lease, job.Transcribe, "k", nil, false, 30*time.Second))
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: 0.05}, {Stage: job.Transcribe, Model: "tiny", Ratio: 0.5}})
		},
		"a run that does not say how long it took tells nothing": func(s *stand) {
			st, j, lease := s.stages()
			s.measure(j.ID, 60_000)
			for stage, took := range map[job.Stage]time.Duration{job.Extract: 0, job.Transcribe: -time.Second} {
				s.ok(st.Begin(s.Context(), lease, stage))
				s.clock.Advance(time.Second)
				s.ok(st.Finish(s.Context(), lease, stage, "k", nil, false, took))
			}
			s.same("paces", s.paces(), []queue.Pace(nil))
		},
		"a run that is far off what three have told is not believed": func(s *stand) {
			st := s.told(3)
			for _, took := range []time.Duration{81 * time.Second, time.Second, 81 * time.Second} {
				s.extracted(st, took)
				s.same("paces", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: 0.1}})
			}
			s.extracted(st, 79*time.Second)
			s.same("paces, with one that is not so far off", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: (0.8*2.44*10 + 79) / (0.8*2.44*100 + 100)}})
		},
		"two in a row that are far off and alike are believed": func(s *stand) {
			st := s.told(3)
			s.extracted(st, 100*time.Second)
			s.extracted(st, 150*time.Second)
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: (0.8*2.44*10 + 150) / (0.8*2.44*100 + 100)}})
		},
		"two that are far off are not in a row when an ordinary one is between them": func(s *stand) {
			st := s.told(3)
			s.extracted(st, 100*time.Second)
			s.extracted(st, 10*time.Second)
			s.extracted(st, 100*time.Second)
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: 0.1}})
		},
		"what two runs have told is not established": func(s *stand) {
			st := s.told(2)
			s.extracted(st, 100*time.Second)
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: (0.8*1.8*10 + 100) / (0.8*1.8*100 + 100)}})
		},
		"a model without a name tells nothing": func(s *stand) {
			st, _, _ := s.stages()
			d := draft("by path")
			d.Options.Model, d.Options.ModelPath = "", "/models/own.bin"
			j, lease := s.take(s.accept(d)[0].ID)
			s.measure(j.ID, 60_000)
			s.stage(st, lease, job.Extract, 3*time.Second)
			s.stage(st, lease, job.Transcribe, time.Minute)
			s.same("paces", s.paces(), []queue.Pace{{Stage: job.Extract, Ratio: 0.05}})
		},
	}
}

// stages gives a running job and the means to carry it through its stages.
func (s *stand) stages() (stages, job.Job, job.Lease) {
	s.Helper()
	st, ok := s.Store.(stages)
	if !ok {
		s.Skip("SKIPPED: this store keeps no stages")
	}
	j, lease := s.running()
	return st, j, lease
}

// stage runs one stage of a job from begin to finish.
func (s *stand) stage(st stages, lease job.Lease, stage job.Stage, took time.Duration) {
	s.Helper()
	s.ok(st.Begin(s.Context(), lease, stage))
	s.clock.Advance(took)
	s.ok(st.Finish(s.Context(), lease, stage, lease.ID, nil, false, took))
}

// told makes a store that knows so many runs, a tenth of their media each.
func (s *stand) told(runs int) stages {
	s.Helper()
	st, _, lease := s.stages()
	s.settle(lease, queue.Outcome{State: job.Done})
	for range runs {
		s.extracted(st, 10*time.Second)
	}
	return st
}

// extracted carries a new job of a hundred seconds through its first stage.
func (s *stand) extracted(st stages, took time.Duration) {
	s.Helper()
	j, lease := s.running()
	s.measure(j.ID, 100_000)
	s.stage(st, lease, job.Extract, took)
	s.settle(lease, queue.Outcome{State: job.Done})
}

func (s *stand) measure(id string, ms int64) {
	s.Helper()
	s.ok(s.SetDuration(s.Context(), id, ms))
}

func (s *stand) paused() bool {
	s.Helper()
	paused, err := s.Paused(s.Context())
	s.ok(err)
	return paused
}

func (s *stand) ahead(id string) []queue.Load {
	s.Helper()
	loads, err := s.Ahead(s.Context(), id)
	s.ok(err)
	return inOrder(loads)
}

func (s *stand) unmeasured(limit int) []string {
	s.Helper()
	jobs, err := s.Unmeasured(s.Context(), limit)
	s.ok(err)
	return titles(jobs)
}

func (s *stand) paces() []queue.Pace {
	s.Helper()
	got, err := s.Paces(s.Context())
	s.ok(err)
	return sorted(got)
}

// sorted and inOrder make one order of what may come in any.
func sorted(paces []queue.Pace) []queue.Pace {
	slices.SortFunc(paces, func(a, b queue.Pace) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Model, b.Model))
	})
	return paces
}

func inOrder(loads []queue.Load) []queue.Load {
	slices.SortFunc(loads, func(a, b queue.Load) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.LLMModel, b.LLMModel), cmp.Compare(a.Languages, b.Languages),
			cmp.Compare(fmt.Sprint(a.Summarize), fmt.Sprint(b.Summarize)))
	})
	return loads
}

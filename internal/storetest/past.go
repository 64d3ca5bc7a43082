package storetest

import (
	"context"
	"time"

	"sluice/internal/job"
	"sluice/internal/queue"
)

// past is where a store tells what ran and waited, if it keeps that.
type past interface {
	PastRuns(ctx context.Context, since time.Time, most int) ([]job.PastRun, error)
	PastWaits(ctx context.Context, since time.Time, most int) ([]job.PastWait, error)
	Throughput(ctx context.Context, hours int) (job.Throughput, error)
	WaitsSince(ctx context.Context, id string) (time.Time, error)
}

func (s *stand) past() (past, stages) {
	s.Helper()
	p, tells := s.Store.(past)
	st, keeps := s.Store.(stages)
	if !tells || !keeps {
		s.Fatal("a store with a past keeps stages")
	}
	return p, st
}

// runs is what ran since the clock began, in words.
func (s *stand) runs(p past, since time.Time, most int) []string {
	s.Helper()
	found, err := p.PastRuns(s.Context(), since, most)
	s.ok(err)
	var out []string
	for _, r := range found {
		took := "on"
		if !r.FinishedAt.IsZero() {
			took = r.FinishedAt.Sub(r.StartedAt).String()
		}
		out = append(out, r.Title+" "+string(r.Stage)+" "+took+" "+string(r.Outcome))
	}
	return out
}

func (s *stand) waits(p past, since time.Time) []string {
	s.Helper()
	found, err := p.PastWaits(s.Context(), since, 10)
	s.ok(err)
	var out []string
	for _, w := range found {
		took := "on"
		if !w.To.IsZero() {
			took = w.To.Sub(w.From).String()
		}
		out = append(out, w.Title+" "+string(w.Reason)+" "+took)
	}
	return out
}

func (s *stand) putOff(id string, r job.Reason) {
	s.Helper()
	_, err := s.Defer(s.Context(), id, job.Wait{Reason: r, Text: "because"})
	s.ok(err)
}

func lookingBack() map[string]scenario {
	const minute = time.Minute
	return map[string]scenario{
		"the past of a new store is empty, and has its hours": func(s *stand) {
			p, _ := s.past()
			s.same("runs", s.runs(p, time.Time{}, 10), []string(nil))
			s.same("waits", s.waits(p, time.Time{}), []string(nil))
			got, err := p.Throughput(s.Context(), 2)
			s.ok(err)
			hour := s.clock.Now().Truncate(time.Hour)
			s.same("throughput", got, job.Throughput{Hours: []job.Hour{{At: hour.Add(-time.Hour)}, {At: hour}}})
		},
		"runs say how they ended": func(s *stand) {
			p, st := s.past()
			ends := []struct {
				title string
				o     queue.Outcome
			}{
				{"fails", queue.Outcome{State: job.Failed, Error: &job.Failure{Code: "file_damaged"}}},
				{"dies", queue.Outcome{State: job.Failed, Crash: true, Error: &job.Failure{Code: "engine_crashed"}}},
				{"yields", queue.Outcome{State: job.Queued, Wait: job.Wait{Reason: job.Memory}}},
				{"stops", queue.Outcome{State: job.Canceled}},
			}
			for _, e := range ends {
				_, lease := s.take(s.submit(e.title)[0].ID)
				s.ok(st.Begin(s.Context(), lease, job.Extract))
				s.clock.Advance(minute)
				s.settle(lease, e.o)
			}
			_, lease := s.take(s.submit("works")[0].ID)
			s.stage(st, lease, job.Extract, 2*minute)
			s.ok(st.Begin(s.Context(), lease, job.Transcribe))
			s.clock.Advance(minute)
			s.same("runs", s.runs(p, time.Time{}, 10), []string{
				"fails extract 1m0s failed", "dies extract 1m0s crashed", "yields extract 1m0s yielded", "stops extract 1m0s canceled",
				"works extract 2m0s done", "works transcribe on running",
			})
			s.same("the newest", s.runs(p, time.Time{}, 2), []string{"works extract 2m0s done", "works transcribe on running"})
			s.same("the last two minutes", s.runs(p, s.clock.Now().Add(-2*minute), 10), []string{"works extract 2m0s done", "works transcribe on running"})
		},
		"a stage that was found finished did not run": func(s *stand) {
			p, st := s.past()
			_, lease := s.running()
			s.ok(st.Begin(s.Context(), lease, job.Extract))
			s.ok(st.Finish(s.Context(), lease, job.Extract, "k", nil, true, 0))
			s.same("runs", s.runs(p, time.Time{}, 10), []string(nil))
		},
		"a wait lasts from the first word of it until the job is taken": func(s *stand) {
			p, _ := s.past()
			began := s.clock.Now()
			j := s.submit("a")[0]
			s.clock.Advance(minute)
			s.putOff(j.ID, job.Memory)
			s.clock.Advance(minute)
			s.putOff(j.ID, job.Memory)
			_, err := s.SetPriority(s.Context(), j.ID, 5) // changes nothing about it
			s.ok(err)
			s.clock.Advance(minute)
			since, err := p.WaitsSince(s.Context(), j.ID)
			s.ok(err)
			s.same("since", since, began.Add(minute))
			s.same("while it waits", s.waits(p, began), []string{"a memory on"})
			s.putOff(j.ID, job.Power)
			s.clock.Advance(minute)
			_, lease := s.take(j.ID)
			want := []string{"a memory 2m0s", "a power 1m0s"}
			s.same("when it runs", s.waits(p, began), want)
			s.settle(lease, queue.Outcome{State: job.Queued, Wait: job.Wait{Reason: job.Memory}})
			s.clock.Advance(minute)
			s.same("when it has yielded", s.waits(p, began), append(want, "a memory on"))
			_, err = s.Hold(s.Context(), j.ID, time.Time{})
			s.ok(err)
			s.clock.Advance(time.Hour)
			s.same("while it is held", s.waits(p, began), append(want, "a memory 1m0s"))
			s.same("of the last minute", s.waits(p, s.clock.Now().Add(-minute)), []string(nil))
		},
		"a line that was just joined is no wait": func(s *stand) {
			p, _ := s.past()
			d := draft("later")
			d.Wait = job.Wait{Reason: job.Scheduled, Until: s.clock.Now().Add(time.Hour)}
			s.accept(draft("now"), d)
			s.same("waits", s.waits(p, time.Time{}), []string(nil))
		},
		"hours count what ended in them, and how long something ran": func(s *stand) {
			p, st := s.past()
			hour := s.clock.Now().Truncate(time.Hour) // it is half past
			for _, title := range []string{"a", "b"} {
				j, lease := s.take(s.submit(title)[0].ID)
				s.measure(j.ID, 600_000)
				s.stage(st, lease, job.Extract, minute)
				s.stage(st, lease, job.Transcribe, 19*minute)
				s.settle(lease, queue.Outcome{State: job.Done})
			}
			j, lease := s.take(s.submit("c")[0].ID)
			s.ok(st.Begin(s.Context(), lease, job.Extract))
			s.settle(lease, queue.Outcome{State: job.Failed, Error: &job.Failure{Code: "file_damaged"}})
			_, err := s.Cancel(s.Context(), s.submit("d")[0].ID)
			s.ok(err)
			got, err := p.Throughput(s.Context(), 2)
			s.ok(err)
			s.same("throughput", got, job.Throughput{
				Hours: []job.Hour{
					{At: hour, Done: 1, MediaMS: 600_000, BusyMS: 30 * minute.Milliseconds()},
					{At: hour.Add(time.Hour), Done: 1, Failed: 1, Canceled: 1, MediaMS: 600_000, BusyMS: 10 * minute.Milliseconds()},
				},
				Failures: []job.FailureCount{{Code: "file_damaged", Count: 1, LastAt: s.clock.Now(), JobID: j.ID, Title: "c"}},
				Stages: []job.StageFigures{
					{Stage: job.Extract, Runs: 2, MedianMS: 60_000, P95MS: 60_000, Factor: 10},
					{Stage: job.Transcribe, Runs: 2, MedianMS: 1_140_000, P95MS: 1_140_000, Factor: 0.53},
				},
			})
			s.ok(s.Delete(s.Context(), j.ID))
			got, err = p.Throughput(s.Context(), 1)
			s.ok(err)
			s.same("without what was deleted", got.Hours[0].Failed+len(got.Failures), 0)
		},
		"stages that run side by side keep the machine busy once": func(s *stand) {
			p, st := s.past()
			_, lease := s.running()
			s.ok(st.Begin(s.Context(), lease, job.Extract))
			s.clock.Advance(minute)
			s.ok(st.Begin(s.Context(), lease, job.Transcribe))
			s.clock.Advance(minute)
			s.ok(st.Finish(s.Context(), lease, job.Extract, "k", nil, false, 2*minute))
			s.clock.Advance(minute)
			got, err := p.Throughput(s.Context(), 1)
			s.ok(err)
			s.same("busy", got.Hours[0].BusyMS, 3*minute.Milliseconds())
		},
	}
}

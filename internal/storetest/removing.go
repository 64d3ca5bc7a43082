package storetest

import (
	"fmt"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

func removing() map[string]scenario {
	return map[string]scenario{
		"a job that is deleted is gone": func(s *stand) {
			for _, to := range []job.State{job.Done, job.Failed, job.Canceled} {
				j, lease := s.running()
				s.settle(lease, queue.Outcome{State: to})
				s.ok(s.Delete(s.Context(), j.ID))
				_, err := s.Get(s.Context(), j.ID)
				s.refused(err, fault.JobUnknown)
				_, err = s.History(s.Context(), j.ID)
				s.refused(err, fault.JobUnknown)
				s.refused(s.Delete(s.Context(), j.ID), fault.JobUnknown)
				_, err = s.Renew(s.Context(), lease, job.Progress{})
				s.fails(err, job.ErrLeaseLost)
			}
			s.counts(queue.Counts{})
			s.same("jobs", titles(s.page(queue.Filter{}).Jobs), []string(nil))
		},
		"a job that has not ended is not deleted": func(s *stand) {
			id := s.submit("talk")[0].ID
			s.refused(s.Delete(s.Context(), id), fault.JobLive)
			s.hold(id)
			s.refused(s.Delete(s.Context(), id), fault.JobLive)
			s.release(id)
			s.take(id)
			s.refused(s.Delete(s.Context(), id), fault.JobLive)
			s.counts(queue.Counts{job.Running: 1})
		},
		"the key of a deleted job is free": func(s *stand) {
			d := draft("talk")
			d.Key, d.KeyBody = "k", "b"
			id := s.accept(d)[0].ID
			_, err := s.Cancel(s.Context(), id)
			s.ok(err)
			s.ok(s.Delete(s.Context(), id))
			d.KeyBody = "another"
			if again := s.accept(d)[0]; again.ID == id {
				s.Error("the deleted job came back")
			}
		},
		"what a job has left and another one relies on is still there": func(s *stand) {
			st, a, lease := s.stages()
			finish := func(lease job.Lease, reused bool) {
				s.Helper()
				s.ok(st.Finish(s.Context(), lease, job.Transcribe, "k", []byte("x"), reused, time.Minute))
			}
			finish(lease, false)
			s.settle(lease, queue.Outcome{State: job.Queued, Attempt: true, Wait: job.Wait{Reason: job.NoSource, Until: s.clock.Now().Add(time.Minute)}})
			for i := range 3 {
				other, lease := s.running()
				finish(lease, i < 2) // found, or done anew
				s.settle(lease, queue.Outcome{State: job.Done})
				s.ok(s.Delete(s.Context(), other.ID))
			}
			s.clock.Advance(time.Minute)
			_, lease = s.take(a.ID)
			finish(lease, true)
			s.same("attempts, of which new work would have made none", s.get(a.ID).Attempts, 1)
			s.settle(lease, queue.Outcome{State: job.Done})
			s.ok(s.Delete(s.Context(), a.ID))
			last, lease := s.running()
			s.settle(lease, queue.Outcome{State: job.Queued, Attempt: true})
			_, lease = s.take(last.ID)
			finish(lease, false)
			s.same("attempts, once nobody relied on it any more", s.get(last.ID).Attempts, 0)
		},
		"a number is never used again": func(s *stand) {
			jobs := s.submit("a", "b")
			_, err := s.Cancel(s.Context(), jobs[1].ID)
			s.ok(err)
			s.ok(s.Delete(s.Context(), jobs[1].ID))
			if j := s.submit("c")[0]; j.Seq <= jobs[1].Seq || j.ID <= jobs[1].ID {
				s.Errorf("%s %d comes after %s %d", j.ID, j.Seq, jobs[1].ID, jobs[1].Seq)
			}
		},
		"of many who delete a job one succeeds": func(s *stand) {
			id := s.ended("talk")
			s.same("winners", s.race(20, fault.JobUnknown, func() error { return s.Delete(s.Context(), id) }), 1)
			s.counts(queue.Counts{})
		},
		"clearing the line cancels what is queued and nothing else": func(s *stand) {
			jobs := s.submit("a", "held", "waits", "runs")
			s.hold(jobs[1].ID)
			_, err := s.Defer(s.Context(), jobs[2].ID, job.Wait{Reason: job.Backoff, Until: s.clock.Now().Add(time.Hour)})
			s.ok(err)
			s.take(jobs[3].ID)
			ids, err := s.Clear(s.Context(), job.Queued, 10)
			s.ok(err)
			s.same("cleared", ids, []string{jobs[0].ID, jobs[1].ID, jobs[2].ID})
			s.counts(queue.Counts{job.Canceled: 3, job.Running: 1})
			j := s.get(jobs[2].ID)
			s.same("job", []any{j.State, j.Reason, j.Until, j.FinishedAt}, []any{job.Canceled, job.Reason(""), time.Time{}, s.clock.Now()})
			s.same("ready at", s.readyAt(), time.Time{})
			s.retry(jobs[0].ID, job.Retry{})
		},
		"clearing what has ended deletes it": func(s *stand) {
			left := map[job.State]int{}
			for _, to := range []job.State{job.Done, job.Failed, job.Canceled} {
				for range 3 {
					_, lease := s.running()
					s.settle(lease, queue.Outcome{State: to})
					left[to]++
				}
			}
			s.submit("queued")
			left[job.Queued] = 1
			for _, state := range []job.State{job.Done, job.Failed, job.Canceled} {
				for _, want := range []int{2, 1, 0} {
					ids, err := s.Clear(s.Context(), state, 2)
					s.ok(err)
					s.same("cleared", len(ids), want)
					left[state] -= want
					s.counts(left)
					for _, id := range ids {
						_, err = s.Get(s.Context(), id)
						s.refused(err, fault.JobUnknown)
					}
				}
			}
		},
		"what comes first is cleared first": func(s *stand) {
			jobs := s.submit("a", "b", "c")
			s.move(jobs[2].ID, job.Place{To: job.Front})
			ids, err := s.Clear(s.Context(), job.Queued, 2)
			s.ok(err)
			s.same("cleared", ids, []string{jobs[0].ID, jobs[1].ID})
		},
		"what runs, and a state that is none, cannot be cleared": func(s *stand) {
			s.running()
			for _, state := range []job.State{job.Running, "", "finished"} {
				_, err := s.Clear(s.Context(), state, 10)
				s.refused(err, fault.RequestInvalid)
			}
			s.counts(queue.Counts{job.Running: 1})
		},
	}
}

func history() map[string]scenario {
	return map[string]scenario{
		"every transition is an event": func(s *stand) {
			j := s.submit("talk")[0]
			id, begun := j.ID, s.clock.Now()
			do := func(_ job.Job, err error) {
				s.Helper()
				s.ok(err)
				s.clock.Advance(time.Second)
			}
			s.clock.Advance(time.Second)
			do(s.Hold(s.Context(), id, time.Time{}))
			do(s.Hold(s.Context(), id, s.clock.Now().Add(time.Hour)))
			do(s.Hold(s.Context(), id, s.clock.Now()))
			do(s.Hold(s.Context(), id, time.Time{}))
			do(s.Release(s.Context(), id))
			do(s.SetPriority(s.Context(), id, 5))
			s.submit("other")
			do(s.SetPriority(s.Context(), id, 0))
			do(s.Move(s.Context(), id, job.Place{To: job.Back}))
			do(s.Defer(s.Context(), id, job.Wait{Reason: job.NoModel}))
			_, err := s.ReleaseAll(s.Context(), job.NoModel)
			do(j, err)
			j, lease := s.take(id)
			do(j, nil)
			do(s.SetPriority(s.Context(), id, 1))
			do(s.Settle(s.Context(), lease, queue.Outcome{State: job.Queued, Error: &job.Failure{Code: "engine_stuck"}, Wait: job.Wait{Reason: job.Backoff, Until: s.clock.Now().Add(time.Hour)}}))
			do(s.Release(s.Context(), id))
			_, _, err = s.Take(s.Context(), id, other)
			do(j, err)
			_, err = s.Recover(s.Context(), owner, 5)
			do(j, err)
			do(s.Cancel(s.Context(), id))
			do(s.Retry(s.Context(), id, job.Retry{}))
			j, lease = s.take(id)
			do(j, nil)
			do(s.Cancel(s.Context(), id))
			do(s.Settle(s.Context(), lease, queue.Outcome{State: job.Canceled}))
			want := []job.Event{
				{Verb: job.VerbSubmit, To: job.Queued, Reason: job.Turn},
				{Verb: job.VerbHold, From: job.Queued, To: job.Queued, Reason: job.Held},
				{Verb: job.VerbHold, From: job.Queued, To: job.Queued, Reason: job.Scheduled},
				{Verb: job.VerbRelease, From: job.Queued, To: job.Queued, Reason: job.Turn},
				{Verb: job.VerbHold, From: job.Queued, To: job.Queued, Reason: job.Held},
				{Verb: job.VerbRelease, From: job.Queued, To: job.Queued, Reason: job.Turn},
				{Verb: job.VerbPriority, From: job.Queued, To: job.Queued, Reason: job.Turn},
				{Verb: job.VerbPriority, From: job.Queued, To: job.Queued, Reason: job.Turn},
				{Verb: job.VerbMove, From: job.Queued, To: job.Queued, Reason: job.Turn},
				{Verb: job.VerbDefer, From: job.Queued, To: job.Queued, Reason: job.NoModel},
				{Verb: job.VerbRelease, From: job.Queued, To: job.Queued, Reason: job.Turn},
				{Verb: job.VerbTake, From: job.Queued, To: job.Running, Token: 1, Owner: owner},
				{Verb: job.VerbPriority, From: job.Running, To: job.Running, Token: 1, Owner: owner},
				{Verb: job.VerbSettle, From: job.Running, To: job.Queued, Reason: job.Backoff, Token: 1, Code: "engine_stuck"},
				{Verb: job.VerbRelease, From: job.Queued, To: job.Queued, Reason: job.Turn, Token: 1},
				{Verb: job.VerbTake, From: job.Queued, To: job.Running, Token: 2, Owner: other},
				{Verb: job.VerbRecover, From: job.Running, To: job.Queued, Reason: job.Turn, Token: 2, Code: string(fault.WorkerCrashed)},
				{Verb: job.VerbCancel, From: job.Queued, To: job.Canceled, Token: 2},
				{Verb: job.VerbRetry, From: job.Canceled, To: job.Queued, Reason: job.Turn, Token: 2},
				{Verb: job.VerbTake, From: job.Queued, To: job.Running, Token: 3, Owner: owner},
				{Verb: job.VerbCancel, From: job.Running, To: job.Running, Token: 3, Owner: owner},
				{Verb: job.VerbSettle, From: job.Running, To: job.Canceled, Token: 3},
			}
			for i := range want {
				want[i].At, want[i].Stage = begun.Add(time.Duration(i)*time.Second), job.Extract
			}
			s.same("events", s.events(id), want)
		},
		"what changes nothing is no event": func(s *stand) {
			jobs := s.submit("a", "b")
			s.hold(jobs[0].ID)
			before := []int{len(s.events(jobs[0].ID)), len(s.events(jobs[1].ID))}
			s.hold(jobs[0].ID)
			s.release(jobs[1].ID)
			s.holdUntil(jobs[1].ID, s.clock.Now())
			for _, to := range []job.Place{{To: job.Front}, {Before: jobs[0].ID}, {Before: jobs[1].ID}} {
				s.move(jobs[0].ID, to)
			}
			s.move(jobs[1].ID, job.Place{To: job.Back})
			_, err := s.SetPriority(s.Context(), jobs[1].ID, 0)
			s.ok(err)
			s.measure(jobs[1].ID, 1000)
			s.same("events", []int{len(s.events(jobs[0].ID)), len(s.events(jobs[1].ID))}, before)
			later := draft("later")
			later.Wait = job.Wait{Reason: job.Scheduled, Until: s.clock.Now().Add(time.Hour)}
			c := s.accept(later)[0]
			s.same("put off until the same time", s.holdUntil(c.ID, c.Until), c)
			s.clock.Advance(time.Hour)
			s.holdUntil(c.ID, c.Until) // that has just passed
			s.same("events of the one that was put off", len(s.events(c.ID)), 1)
		},
		"what was refused is no event": func(s *stand) {
			j, _ := s.running()
			before := s.events(j.ID)
			_, _ = s.Hold(s.Context(), j.ID, time.Time{})
			_, _ = s.Hold(s.Context(), j.ID, s.clock.Now().Add(time.Hour))
			_, _ = s.Hold(s.Context(), j.ID, s.clock.Now())
			_, _ = s.Move(s.Context(), j.ID, job.Place{To: job.Front})
			_, _ = s.Retry(s.Context(), j.ID, job.Retry{})
			_ = s.Delete(s.Context(), j.ID)
			_, _, _ = s.Take(s.Context(), j.ID, other)
			s.same("events", s.events(j.ID), before)
			_, err := s.History(s.Context(), "nobody")
			s.refused(err, fault.JobUnknown)
		},
		"clearing the line is an event of every job": func(s *stand) {
			for i := range 3 {
				s.submit(fmt.Sprint("talk ", i))
			}
			ids, err := s.Clear(s.Context(), job.Queued, 3)
			s.ok(err)
			for _, id := range ids {
				events := s.events(id)
				s.same("event", events[len(events)-1], job.Event{At: s.clock.Now(), Verb: job.VerbCancel, From: job.Queued, To: job.Canceled, Stage: job.Extract})
			}
		},
	}
}

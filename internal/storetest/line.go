package storetest

import (
	"errors"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

func leases() map[string]scenario {
	return map[string]scenario{
		"taking a job makes it run and counts nothing": func(s *stand) {
			id := s.submit("talk")[0].ID
			s.clock.Advance(time.Minute)
			j, lease := s.take(id)
			want := s.get(id)
			s.same("taken job", j, want)
			s.same("job", []any{j.State, j.Reason, j.Owner, j.StartedAt, j.Attempts, j.Crashes, j.Deaths}, []any{job.Running, job.Reason(""), owner, s.clock.Now(), 0, 0, 0})
			s.same("lease", lease, job.Lease{ID: id, Token: j.Token, Owner: owner})
			s.counts(queue.Counts{job.Running: 1})
		},
		"every take gives a higher token and the first start stays": func(s *stand) {
			j, lease := s.running()
			s.settle(lease, queue.Outcome{State: job.Queued})
			s.clock.Advance(time.Hour)
			again, second := s.take(j.ID)
			if second.Token <= lease.Token {
				s.Errorf("token %d after %d", second.Token, lease.Token)
			}
			s.same("started at", again.StartedAt, j.StartedAt)
		},
		"a running or final job cannot be taken": func(s *stand) {
			j, lease := s.running()
			_, _, err := s.Take(s.Context(), j.ID, other)
			s.fails(err, queue.ErrEmpty)
			s.settle(lease, queue.Outcome{State: job.Done})
			_, _, err = s.Take(s.Context(), j.ID, other)
			s.fails(err, queue.ErrEmpty)
		},
		"an unknown job cannot be taken": func(s *stand) {
			_, _, err := s.Take(s.Context(), "nobody", owner)
			s.refused(err, fault.JobUnknown)
		},
		"of many takers one gets the job": func(s *stand) {
			id := s.submit("talk")[0].ID
			won, mu, wg := 0, sync.Mutex{}, sync.WaitGroup{}
			for range 20 {
				wg.Go(func() {
					_, _, err := s.Take(s.Context(), id, owner)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						won++
					} else if !errors.Is(err, queue.ErrEmpty) {
						s.Error(err)
					}
				})
			}
			wg.Wait()
			s.same("winners", won, 1)
		},
		"renewing stores progress": func(s *stand) {
			j, lease := s.running()
			p := job.Progress{Stage: job.Transcribe, Fraction: 0.25, ETASeconds: 90}
			d, err := s.Renew(s.Context(), lease, p)
			s.ok(err)
			s.same("directive", d, queue.Directive{})
			s.same("progress", s.get(j.ID).Progress, p)
			back := s.settle(lease, queue.Outcome{State: job.Queued})
			s.same("progress of a job that does not run", back.Progress, job.Progress{})
		},
		"a lease that is not live writes nothing": func(s *stand) {
			j, live := s.running()
			for name, lease := range map[string]job.Lease{
				"another token": {ID: j.ID, Token: live.Token + 1, Owner: live.Owner},
				"an old token":  {ID: j.ID, Token: live.Token - 1, Owner: live.Owner},
				"another owner": {ID: j.ID, Token: live.Token, Owner: other},
				"no owner":      {ID: j.ID, Token: live.Token},
				"no such job":   {ID: "nobody", Token: live.Token, Owner: live.Owner},
			} {
				for verb, call := range s.verbs(lease) {
					if err := call(s.Context()); !errors.Is(err, job.ErrLeaseLost) {
						s.Errorf("%s with %s: got %v, want a lost lease", verb, name, err)
					}
				}
			}
			s.same("job", s.get(j.ID), j)
		},
		"a lease ends with its run": func(s *stand) {
			for _, to := range []job.State{job.Queued, job.Done, job.Failed, job.Canceled} {
				j, lease := s.running()
				after := s.settle(lease, queue.Outcome{State: to})
				for verb, call := range s.verbs(lease) {
					if err := call(s.Context()); !errors.Is(err, job.ErrLeaseLost) {
						s.Errorf("%s after %s: got %v, want a lost lease", verb, to, err)
					}
				}
				s.same("job", s.get(j.ID), after)
				if to == job.Queued {
					_, err := s.Cancel(s.Context(), j.ID)
					s.ok(err)
				}
			}
		},
		"an old lease is fenced off by a newer one": func(s *stand) {
			j, old := s.running()
			s.settle(old, queue.Outcome{State: job.Queued})
			_, live := s.take(j.ID)
			_, err := s.Settle(s.Context(), old, queue.Outcome{State: job.Done})
			s.fails(err, job.ErrLeaseLost)
			_, err = s.Renew(s.Context(), live, job.Progress{})
			s.ok(err)
		},
		"of many who settle one lease one succeeds": func(s *stand) {
			_, lease := s.running()
			won, mu, wg := 0, sync.Mutex{}, sync.WaitGroup{}
			for range 10 {
				wg.Go(func() {
					_, err := s.Settle(s.Context(), lease, queue.Outcome{State: job.Queued, Attempt: true})
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						won++
					} else if !errors.Is(err, job.ErrLeaseLost) {
						s.Error(err)
					}
				})
			}
			wg.Wait()
			s.same("winners", won, 1)
			s.same("attempts", s.get(lease.ID).Attempts, 1)
		},
	}
}

func outcomes() map[string]scenario {
	failure := &job.Failure{Code: "engine_stuck", Message: "It stopped.", Hint: "Wait.", Stage: job.Transcribe, Detail: "tail\nof log"}
	return map[string]scenario{
		"a job that is done has a time and no reason": func(s *stand) {
			_, lease := s.running()
			s.clock.Advance(time.Hour)
			j := s.settle(lease, queue.Outcome{State: job.Done})
			s.same("job", []any{j.State, j.FinishedAt, j.Reason, j.Owner, j.Error}, []any{job.Done, s.clock.Now(), job.Reason(""), "", (*job.Failure)(nil)})
			s.counts(queue.Counts{job.Done: 1})
		},
		"a failed job says why": func(s *stand) {
			_, lease := s.running()
			j := s.settle(lease, queue.Outcome{State: job.Failed, Error: failure, Attempt: true})
			s.same("job", []any{j.State, j.Error, j.Attempts, j.FinishedAt}, []any{job.Failed, failure, 1, s.clock.Now()})
			s.same("stored job", s.get(j.ID), j)
			s.counts(queue.Counts{job.Failed: 1})
		},
		"attempts and crashes are counted apart, and only when told": func(s *stand) {
			j, lease := s.running()
			for _, o := range []queue.Outcome{
				{State: job.Queued, Attempt: true, Error: failure},
				{State: job.Queued, Crash: true, Error: failure},
				{State: job.Queued, Attempt: true, Error: failure},
				{State: job.Queued},
			} {
				j = s.settle(lease, o)
				_, lease = s.take(j.ID)
			}
			s.same("counters", []int{j.Attempts, j.Crashes, j.Deaths}, []int{2, 1, 0})
			s.same("the error that is being retried", j.Error, failure)
		},
		"a job that succeeds after errors shows none": func(s *stand) {
			j, lease := s.running()
			s.settle(lease, queue.Outcome{State: job.Queued, Attempt: true, Error: failure})
			_, lease = s.take(j.ID)
			j = s.settle(lease, queue.Outcome{State: job.Done})
			s.same("error", j.Error, (*job.Failure)(nil))
		},
		"a run cannot end as running or as nothing": func(s *stand) {
			j, lease := s.running()
			for _, to := range []job.State{job.Running, "", "finished"} {
				_, err := s.Settle(s.Context(), lease, queue.Outcome{State: to})
				s.fails(err, job.ErrMove)
			}
			s.same("job", s.get(j.ID), j)
		},
	}
}

func waits() map[string]scenario {
	need := job.Need{Stage: job.Transcribe, Model: "large-v3", Bytes: 3 << 30}
	return map[string]scenario{
		"backoff steps aside until its time": func(s *stand) {
			jobs := s.submit("a", "b")
			_, lease := s.take(jobs[0].ID)
			until := s.clock.Now().Add(30 * time.Second)
			j := s.settle(lease, queue.Outcome{State: job.Queued, Attempt: true, Wait: job.Wait{Reason: job.Backoff, Text: "Trying again.", Until: until}})
			s.same("wait", []any{j.Reason, j.ReasonText, j.Until}, []any{job.Backoff, "Trying again.", until})
			s.same("next", s.next(), "b")
			s.same("ready at", s.readyAt(), until)
			_, _, err := s.Take(s.Context(), j.ID, owner)
			s.fails(err, queue.ErrEmpty)
			s.clock.Advance(30*time.Second - time.Millisecond)
			s.same("next a moment before", s.next(), "b")
			s.clock.Advance(time.Millisecond)
			s.same("next in time", s.next(), "a")
			s.same("position in time", s.position(j.ID), 1)
			s.same("reason in time", s.get(j.ID).Reason, job.Turn)
			s.take(j.ID)
		},
		"memory is not overtaken": func(s *stand) {
			jobs := s.submit("a", "b")
			_, lease := s.take(jobs[0].ID)
			j := s.settle(lease, queue.Outcome{State: job.Queued, Wait: job.Wait{Reason: job.Memory, Text: "needs 3 GB", Need: need}})
			s.same("job", []any{j.Reason, j.Need}, []any{job.Memory, need})
			s.same("next", s.next(), "a")
			s.same("ready at", s.readyAt(), time.Time{})
			s.take(j.ID)
		},
		"what has no end is not ready until it is released": func(s *stand) {
			jobs := s.submit("a", "b", "c")
			for i, r := range []job.Reason{job.NoModel, job.OllamaAway} {
				j, err := s.Defer(s.Context(), jobs[i].ID, job.Wait{Reason: r})
				s.ok(err)
				s.same("reason", j.Reason, r)
			}
			s.same("next", s.next(), "c")
			s.clock.Advance(10 * 365 * 24 * time.Hour)
			s.same("next after ten years", s.next(), "c")
			s.same("ready at", s.readyAt(), time.Time{})
			n, err := s.ReleaseAll(s.Context(), job.NoModel)
			s.ok(err)
			s.same("released", n, 1)
			s.same("next", s.next(), "a")
			s.same("reasons", []job.Reason{s.get(jobs[0].ID).Reason, s.get(jobs[1].ID).Reason}, []job.Reason{job.Turn, job.OllamaAway})
		},
		"deferring moves nothing and says why": func(s *stand) {
			jobs := s.submit("a", "b")
			j, err := s.Defer(s.Context(), jobs[0].ID, job.Wait{Reason: job.Memory, Text: "needs 6.9 GB", Until: s.clock.Now().Add(time.Minute), Need: need})
			s.ok(err)
			s.same("job", []any{j.State, j.Reason, j.ReasonText, j.Until, j.Need}, []any{job.Queued, job.Memory, "needs 6.9 GB", s.clock.Now().Add(time.Minute), need})
			s.same("stored job", s.get(j.ID), j)
			s.same("next", s.next(), "a")
			s.same("position", s.position(j.ID), 1)
			j, err = s.Defer(s.Context(), j.ID, job.Wait{Reason: job.Memory, Text: "needs 6.8 GB"})
			s.ok(err)
			s.same("need that the wait does not name", j.Need, need)
		},
		"a job that is put off for the same reason again and again has one event of it": func(s *stand) {
			id := s.submit("a")[0].ID
			events := len(s.events(id))
			wait := func(r job.Reason, want int) {
				s.Helper()
				_, err := s.Defer(s.Context(), id, job.Wait{Reason: r, Text: "away", Until: s.clock.Now().Add(time.Minute)})
				s.ok(err)
				events += want
				s.same("events", len(s.events(id)), events)
				s.clock.Advance(2 * time.Minute)
			}
			wait(job.NoSource, 1)
			for range 9 {
				wait(job.NoSource, 0)
			}
			s.take(s.submit("other")[0].ID) // which makes those that are due ready
			wait(job.NoSource, 0)
			wait(job.Disk, 1)
			wait(job.NoSource, 1)
			s.hold(id)
			s.release(id)
			events += 2
			wait(job.NoSource, 1)
		},
		"only a queued job can be deferred": func(s *stand) {
			j, lease := s.running()
			_, err := s.Defer(s.Context(), j.ID, job.Wait{Reason: job.Memory})
			s.fails(err, queue.ErrEmpty)
			s.settle(lease, queue.Outcome{State: job.Done})
			_, err = s.Defer(s.Context(), j.ID, job.Wait{Reason: job.Memory})
			s.fails(err, queue.ErrEmpty)
			_, err = s.Defer(s.Context(), "nobody", job.Wait{Reason: job.Memory})
			s.refused(err, fault.JobUnknown)
		},
		"taking forgets the wait": func(s *stand) {
			id := s.submit("a")[0].ID
			_, err := s.Defer(s.Context(), id, job.Wait{Reason: job.Memory, Text: "needs", Until: s.clock.Now().Add(time.Hour)})
			s.ok(err)
			j, _ := s.take(id)
			s.same("wait", []any{j.Reason, j.ReasonText, j.Until}, []any{job.Reason(""), "", time.Time{}})
		},
		"the earliest wait tells when to look again": func(s *stand) {
			jobs := s.submit("a", "b", "c")
			for i, d := range []time.Duration{time.Hour, time.Minute} {
				_, err := s.Defer(s.Context(), jobs[i].ID, job.Wait{Reason: job.Disk, Until: s.clock.Now().Add(d)})
				s.ok(err)
			}
			at := s.clock.Now().Add(time.Minute)
			s.same("ready at", s.readyAt(), at)
			s.clock.Advance(2 * time.Minute)
			s.same("ready at, once past", s.readyAt(), at)
			_, err := s.Cancel(s.Context(), jobs[1].ID)
			s.ok(err)
			s.same("ready at, once canceled", s.readyAt(), at.Add(59*time.Minute))
		},
		"releasing touches only those who wait": func(s *stand) {
			jobs := s.submit("a", "b", "c", "d")
			until := s.clock.Now().Add(time.Minute)
			for _, j := range jobs[:3] {
				_, err := s.Defer(s.Context(), j.ID, job.Wait{Reason: job.NoSource, Until: until})
				s.ok(err)
			}
			_, err := s.Cancel(s.Context(), jobs[0].ID)
			s.ok(err)
			n, err := s.ReleaseAll(s.Context(), job.NoSource)
			s.ok(err)
			s.same("released", n, 2)
			n, err = s.ReleaseAll(s.Context(), job.NoSource)
			s.ok(err)
			s.same("released again", n, 0)
			n, err = s.ReleaseAll(s.Context(), job.Turn)
			s.ok(err)
			s.same("released of those whose turn it is", n, 0)
			s.counts(queue.Counts{job.Queued: 3, job.Canceled: 1})
		},
	}
}

func recovery() map[string]scenario {
	return map[string]scenario{
		"running jobs of other owners go back to their place": func(s *stand) {
			jobs := s.submit("a", "b", "c")
			_, old, err := s.Take(s.Context(), jobs[0].ID, other)
			s.ok(err)
			mine, _ := s.take(jobs[1].ID)
			got, err := s.Recover(s.Context(), owner, 5)
			s.ok(err)
			s.same("recovered", titles(got), []string{"a"})
			s.same("job", []any{got[0].State, got[0].Reason, got[0].Deaths, got[0].Attempts, got[0].Crashes}, []any{job.Queued, job.Turn, 1, 0, 0})
			s.same("stored job", s.get(jobs[0].ID), got[0])
			s.same("my own job", s.get(mine.ID), mine)
			s.same("next", s.next(), "a")
			_, err = s.Settle(s.Context(), old, queue.Outcome{State: job.Done})
			s.fails(err, job.ErrLeaseLost)
		},
		"nothing to recover is no error": func(s *stand) {
			s.submit("a")
			got, err := s.Recover(s.Context(), owner, 5)
			s.ok(err)
			s.same("recovered", titles(got), []string(nil))
		},
		"a job that took the app down too often fails": func(s *stand) {
			id := s.submit("poison")[0].ID
			var got []job.Job
			for range 3 {
				_, _, err := s.Take(s.Context(), id, other)
				s.ok(err)
				got, err = s.Recover(s.Context(), owner, 2)
				s.ok(err)
			}
			j := got[0]
			s.same("job", []any{j.State, j.Deaths, j.FinishedAt, j.Owner}, []any{job.Failed, 3, s.clock.Now(), ""})
			if j.Error == nil || j.Error.Code != string(fault.WorkerCrashed) || j.Error.Stage != job.Extract {
				s.Errorf("error is %+v", j.Error)
			}
		},
		"an owner that came to its end without dying is no death": func(s *stand) {
			id := s.submit("talk")[0].ID
			var got []job.Job
			for range 7 {
				_, _, err := s.Take(s.Context(), id, other)
				s.ok(err)
				got, err = s.Recover(s.Context(), owner, -1)
				s.ok(err)
			}
			s.same("job", []any{got[0].State, got[0].Reason, got[0].Deaths, got[0].Error}, []any{job.Queued, job.Turn, 0, (*job.Failure)(nil)})
			s.same("stored job", s.get(id), got[0])
			_, _, err := s.Take(s.Context(), id, other)
			s.ok(err)
			got, err = s.Recover(s.Context(), owner, 0)
			s.ok(err)
			s.same("job that took the app down", []any{got[0].State, got[0].Deaths}, []any{job.Failed, 1})
		},
		"a cancel that was asked for is carried out": func(s *stand) {
			id := s.submit("a")[0].ID
			_, _, err := s.Take(s.Context(), id, other)
			s.ok(err)
			_, err = s.Cancel(s.Context(), id)
			s.ok(err)
			got, err := s.Recover(s.Context(), owner, 5)
			s.ok(err)
			s.same("job", []any{got[0].State, got[0].CancelRequested, got[0].FinishedAt}, []any{job.Canceled, false, s.clock.Now()})
			s.counts(queue.Counts{job.Canceled: 1})
		},
	}
}

package storetest

import (
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

func retrying() map[string]scenario {
	return map[string]scenario{
		"a job that has ended goes back in the line with nothing counted against it": func(s *stand) {
			for _, to := range []job.State{job.Done, job.Failed, job.Canceled} {
				was, lease := s.running()
				s.settle(lease, queue.Outcome{State: job.Queued, Attempt: true, Crash: true, Error: &job.Failure{Code: "engine_stuck"}})
				_, lease = s.take(was.ID)
				s.settle(lease, queue.Outcome{State: to, Attempt: true, Error: &job.Failure{Code: "file_damaged"}})
				s.clock.Advance(time.Minute)
				j := s.retry(was.ID, job.Retry{})
				want := was
				want.State, want.Reason, want.Owner, want.Token, want.Rank = job.Queued, job.Turn, "", 2, j.Rank
				want.StartedAt = time.Time{} // of this try
				s.same("retried job", j, want)
				s.same("stored job", s.get(j.ID), j)
				s.same("next", s.next(), "talk")
				_, again := s.take(j.ID)
				if again.Token <= lease.Token {
					s.Errorf("token %d after %d", again.Token, lease.Token)
				}
				_, err := s.Renew(s.Context(), lease, job.Progress{})
				s.fails(err, job.ErrLeaseLost)
				s.settle(again, queue.Outcome{State: job.Done})
			}
		},
		"a retried job stands behind those that wait already": func(s *stand) {
			jobs := s.submit("a", "b", "c")
			_, err := s.Cancel(s.Context(), jobs[0].ID)
			s.ok(err)
			s.move(jobs[1].ID, job.Place{To: job.Back})
			s.retry(jobs[0].ID, job.Retry{})
			s.line("c", "b", "a")
			s.submit("d")
			s.line("c", "b", "a", "d")
		},
		"a retry keeps its priority": func(s *stand) {
			high := draft("high")
			high.Priority = 7
			id := s.accept(high)[0].ID
			s.submit("low")
			_, err := s.Cancel(s.Context(), id)
			s.ok(err)
			s.retry(id, job.Retry{})
			s.line("high", "low")
		},
		"a retry can wait from the start": func(s *stand) {
			jobs := s.submit("held", "later")
			for _, j := range jobs {
				_, err := s.Cancel(s.Context(), j.ID)
				s.ok(err)
			}
			at := s.clock.Now().Add(time.Hour)
			s.same("reason", s.retry(jobs[0].ID, job.Retry{Wait: job.Wait{Reason: job.Held}}).Reason, job.Held)
			later := s.retry(jobs[1].ID, job.Retry{Wait: job.Wait{Reason: job.Scheduled, Until: at}})
			s.same("reason", later.Reason, job.Scheduled)
			s.same("until", later.Until.Equal(at), true)
			s.same("next", s.next(), "")
			s.clock.Advance(time.Hour)
			s.same("next", s.next(), "later")
		},
		"a stage that is to be done anew is counted": func(s *stand) {
			id := s.submit("talk")[0].ID
			for _, step := range []struct {
				from job.Stage
				want map[job.Stage]int
			}{
				{"", nil},
				{job.Transcribe, map[job.Stage]int{job.Transcribe: 1}},
				{"", map[job.Stage]int{job.Transcribe: 1}},
				{job.Extract, map[job.Stage]int{job.Transcribe: 1, job.Extract: 1}},
				{job.Transcribe, map[job.Stage]int{job.Transcribe: 2, job.Extract: 1}},
			} {
				_, err := s.Cancel(s.Context(), id)
				s.ok(err)
				j := s.retry(id, job.Retry{From: step.from})
				s.same("fresh", j.Fresh, step.want)
				s.same("stored job", s.get(id), j)
				s.same("stage", j.Stage, job.Extract)
			}
		},
		"a stage that is none is refused": func(s *stand) {
			id := s.ended("talk")
			_, err := s.Retry(s.Context(), id, job.Retry{From: "polish"})
			s.refused(err, fault.RequestInvalid)
			s.counts(queue.Counts{job.Canceled: 1})
		},
		"a retry may have other options": func(s *stand) {
			d := draft("talk")
			d.Identity = "tiny"
			id := s.accept(d)[0].ID
			s.measure(id, 1000)
			_, err := s.Cancel(s.Context(), id)
			s.ok(err)
			o := d.Options
			o.Model = "large-v3"
			s.same("options", s.retry(id, job.Retry{Options: &o, Identity: "large"}).Options, o)
			s.same("the line", s.ahead(""), []queue.Load{{Model: "large-v3", Jobs: 1, MediaMS: 1000}})
			if again := s.accept(d)[0]; again.ID == id {
				s.Error("it is still found by its old identity")
			}
			d.Identity, d.Options = "large", o
			s.same("found by its new identity", s.accept(d)[0].ID, id)
		},
		"an identical live job stands in the way of a retry": func(s *stand) {
			d := draft("talk")
			d.Identity = "same"
			id := s.accept(d)[0].ID
			_, err := s.Cancel(s.Context(), id)
			s.ok(err)
			other := s.accept(d)[0]
			for _, live := range []job.State{job.Queued, job.Running} {
				if live == job.Running {
					s.take(other.ID)
				}
				_, err = s.Retry(s.Context(), id, job.Retry{})
				s.refused(err, fault.JobDuplicate)
				o := d.Options
				_, err = s.Retry(s.Context(), id, job.Retry{Options: &o, Identity: "same"})
				s.refused(err, fault.JobDuplicate)
			}
			s.same("state", s.get(id).State, job.Canceled)
			_, err = s.Cancel(s.Context(), other.ID)
			s.ok(err)
			_, err = s.Retry(s.Context(), id, job.Retry{})
			s.refused(err, fault.JobDuplicate) // it still runs
			_, err = s.Recover(s.Context(), "the next start", 5)
			s.ok(err)
			s.retry(id, job.Retry{})
		},
		"a live job with a key of its own stands in the way of one without": func(s *stand) {
			d := draft("talk")
			d.Identity = "same"
			id := s.accept(d)[0].ID
			_, err := s.Cancel(s.Context(), id)
			s.ok(err)
			d.Key = "k"
			s.accept(d)
			_, err = s.Retry(s.Context(), id, job.Retry{})
			s.refused(err, fault.JobDuplicate)
		},
		"a job with a key of its own is nobody's double": func(s *stand) {
			d := draft("talk")
			d.Identity, d.Key = "same", "k"
			id := s.accept(d)[0].ID
			_, err := s.Cancel(s.Context(), id)
			s.ok(err)
			d.Key = ""
			s.accept(d)
			s.retry(id, job.Retry{})
			s.counts(queue.Counts{job.Queued: 2})
			d.Key = "k"
			s.same("the job of the key", s.accept(d)[0].ID, id)
		},
		"a job that has not ended cannot be retried": func(s *stand) {
			j := s.submit("talk")[0]
			_, err := s.Retry(s.Context(), j.ID, job.Retry{})
			s.refused(err, fault.JobLive)
			running, _ := s.take(j.ID)
			_, err = s.Retry(s.Context(), j.ID, job.Retry{From: job.Extract})
			s.refused(err, fault.JobLive)
			s.same("job", s.get(j.ID), running)
			_, err = s.Retry(s.Context(), "nobody", job.Retry{})
			s.refused(err, fault.JobUnknown)
		},
		"of many who retry a job one succeeds": func(s *stand) {
			id := s.ended("talk")
			won := s.race(20, fault.JobLive, func() error {
				_, err := s.Retry(s.Context(), id, job.Retry{})
				return err
			})
			s.same("winners", won, 1)
			s.counts(queue.Counts{job.Queued: 1})
		},
	}
}

func holding() map[string]scenario {
	need := job.Need{Stage: job.Transcribe, Model: "tiny", Bytes: 1 << 30}
	return map[string]scenario{
		"a held job keeps its place and is not taken": func(s *stand) {
			jobs := s.submit("a", "b")
			j := s.hold(jobs[0].ID)
			s.same("job", []any{j.State, j.Reason, j.ReasonText, j.Until}, []any{job.Queued, job.Held, "", time.Time{}})
			s.same("stored job", s.get(j.ID), j)
			s.same("next", s.next(), "b")
			s.same("position", s.position(j.ID), 1)
			_, _, err := s.Take(s.Context(), j.ID, owner)
			s.fails(err, queue.ErrEmpty)
			s.clock.Advance(10 * 365 * 24 * time.Hour)
			s.same("next after ten years", s.next(), "b")
			s.same("ready at", s.readyAt(), time.Time{})
			s.same("held again", s.hold(j.ID), j)
			s.release(j.ID)
			s.same("next", s.next(), "a")
		},
		"a job that is held until a time waits as one that was submitted so": func(s *stand) {
			at := s.clock.Now().Add(time.Hour)
			jobs := s.submit("a", "b")
			d := draft("later")
			d.Wait = job.Wait{Reason: job.Scheduled, Until: at}
			want := s.accept(d)[0]
			j := s.holdUntil(jobs[0].ID, at)
			s.same("wait", []any{j.State, j.Reason, j.ReasonText, j.Until}, []any{job.Queued, want.Reason, want.ReasonText, want.Until})
			s.same("stored job", s.get(j.ID), j)
			s.same("next", s.next(), "b")
			s.same("position", s.position(j.ID), 1)
			s.same("ready at", s.readyAt(), at)
			_, _, err := s.Take(s.Context(), j.ID, owner)
			s.fails(err, queue.ErrEmpty)
			s.same("put off again", s.holdUntil(j.ID, at), j)
			s.clock.Advance(time.Hour - time.Millisecond)
			s.same("next a moment before", s.next(), "b")
			s.clock.Advance(time.Millisecond)
			s.same("next in time", s.next(), "a")
			s.same("reason in time", s.get(j.ID).Reason, job.Turn)
		},
		"a job that waits for a time can wait for another, or be held": func(s *stand) {
			id, now := s.submit("a")[0].ID, s.clock.Now()
			for _, until := range []time.Time{now.Add(time.Hour), now.Add(2 * time.Hour), now.Add(time.Minute), {}, now.Add(time.Hour)} {
				j := s.holdUntil(id, until)
				reason := job.Scheduled
				if until.IsZero() {
					reason = job.Held
				}
				s.same("wait", []any{j.Reason, j.Until}, []any{reason, until})
				s.same("ready at", s.readyAt(), until)
				s.same("stored job", s.get(id), j)
			}
		},
		"a job that is held until a time that has passed is released": func(s *stand) {
			now := s.clock.Now()
			for _, w := range []job.Wait{{Reason: job.Held}, {Reason: job.Scheduled, Until: now.Add(time.Hour)}, {Reason: job.NoModel}} {
				for _, until := range []time.Time{now, now.Add(-time.Hour), time.Unix(0, 0)} {
					d := draft("a")
					d.Wait = w
					id := s.accept(d)[0].ID
					j := s.holdUntil(id, until)
					s.same("job", []any{j.Reason, j.Until}, []any{job.Turn, time.Time{}})
					s.same("next", s.next(), "a")
					s.take(id)
				}
			}
			id := s.submit("b")[0].ID
			j, err := s.Defer(s.Context(), id, job.Wait{Reason: job.Memory, Text: "needs", Need: need})
			s.ok(err)
			s.same("one that is ready stays as it is", s.holdUntil(id, now), j)
		},
		"a job can be held and released whatever it waits for": func(s *stand) {
			for name, w := range map[string]job.Wait{
				"its turn": {},
				"memory":   {Reason: job.Memory, Text: "needs", Need: need},
				"a model":  {Reason: job.NoModel, Text: "away"},
				"backoff":  {Reason: job.Backoff, Until: s.clock.Now().Add(time.Hour)},
				"its time": {Reason: job.Scheduled, Until: s.clock.Now().Add(time.Hour)},
				"a moment": {Reason: job.Backoff, Until: s.clock.Now().Add(time.Millisecond)},
				"a hold":   {Reason: job.Held, Until: s.clock.Now().Add(time.Hour)},
			} {
				id := s.submit(name)[0].ID
				_, err := s.Defer(s.Context(), id, w)
				s.ok(err)
				if name == "a moment" {
					s.clock.Advance(time.Millisecond)
				}
				j := s.hold(id)
				s.same(name+": held", []any{j.Reason, j.ReasonText, j.Until, j.Need}, []any{job.Held, "", time.Time{}, w.Need})
				s.same(name+": next", s.next(), "")
				at := s.clock.Now().Add(2 * time.Hour)
				j = s.holdUntil(id, at)
				s.same(name+": put off", []any{j.Reason, j.ReasonText, j.Until, j.Need}, []any{job.Scheduled, "", at, w.Need})
				s.same(name+": next", s.next(), "")
				j = s.release(id)
				s.same(name+": released", []any{j.Reason, j.ReasonText, j.Until}, []any{job.Turn, "", time.Time{}})
				s.same(name+": next", s.next(), name)
				s.take(id)
			}
		},
		"release makes a job ready that was not held": func(s *stand) {
			id := s.submit("a")[0].ID
			for _, w := range []job.Wait{{Reason: job.NoSource}, {Reason: job.Backoff, Until: s.clock.Now().Add(time.Hour)}} {
				_, err := s.Defer(s.Context(), id, w)
				s.ok(err)
				s.same("next", s.next(), "")
				s.release(id)
				s.same("next", s.next(), "a")
			}
		},
		"a job that is ready is released as it is": func(s *stand) {
			id := s.submit("a")[0].ID
			j, err := s.Defer(s.Context(), id, job.Wait{Reason: job.Memory, Text: "needs", Need: need})
			s.ok(err)
			s.same("job", s.release(id), j)
		},
		"a worker that was just about to put a job off does not undo a hold": func(s *stand) {
			id := s.submit("a")[0].ID
			held := s.hold(id)
			_, err := s.Defer(s.Context(), id, job.Wait{Reason: job.Memory, Text: "needs"})
			s.fails(err, queue.ErrEmpty)
			s.same("job", s.get(id), held)
		},
		"those that are held are not released with others": func(s *stand) {
			jobs := s.submit("a", "b")
			s.hold(jobs[0].ID)
			_, err := s.Defer(s.Context(), jobs[1].ID, job.Wait{Reason: job.NoModel})
			s.ok(err)
			n, err := s.ReleaseAll(s.Context(), job.NoModel)
			s.ok(err)
			s.same("released", n, 1)
			s.same("reason", s.get(jobs[0].ID).Reason, job.Held)
			n, err = s.ReleaseAll(s.Context(), job.Held)
			s.ok(err)
			s.same("released of those that are held", n, 1)
		},
		"only a queued job can be held, released or moved": func(s *stand) {
			j, lease := s.running()
			verbs := map[string]func(id string) error{
				"hold":    func(id string) error { _, err := s.Hold(s.Context(), id, time.Time{}); return err },
				"put off": func(id string) error { _, err := s.Hold(s.Context(), id, s.clock.Now().Add(time.Hour)); return err },
				"put off until now": func(id string) error {
					_, err := s.Hold(s.Context(), id, s.clock.Now())
					return err
				},
				"release": func(id string) error { _, err := s.Release(s.Context(), id); return err },
				"move":    func(id string) error { _, err := s.Move(s.Context(), id, job.Place{To: job.Front}); return err },
			}
			for _, call := range verbs {
				s.refused(call(j.ID), fault.JobRunning)
				s.refused(call("nobody"), fault.JobUnknown)
			}
			s.same("job", s.get(j.ID), j)
			j = s.settle(lease, queue.Outcome{State: job.Done})
			for _, call := range verbs {
				s.refused(call(j.ID), fault.JobFinal)
			}
			s.same("job", s.get(j.ID), j)
		},
		"a job that is not to start before its time is ready then": func(s *stand) {
			d := draft("later")
			at := s.clock.Now().Add(time.Hour)
			d.Wait = job.Wait{Reason: job.Scheduled, Until: at}
			j := s.accept(d)[0]
			s.submit("now")
			s.same("wait", []any{j.Reason, j.Until}, []any{job.Scheduled, at})
			s.same("next", s.next(), "now")
			s.same("ready at", s.readyAt(), at)
			s.clock.Advance(time.Hour - time.Millisecond)
			s.same("next a moment before", s.next(), "now")
			s.clock.Advance(time.Millisecond)
			s.same("next in time", s.next(), "later")
			s.same("reason in time", s.get(j.ID).Reason, job.Turn)
		},
		"what has become ready by the clock stays so once another one is taken": func(s *stand) {
			jobs := s.submit("a", "b", "c")
			for _, j := range jobs[:2] {
				_, err := s.Defer(s.Context(), j.ID, job.Wait{Reason: job.Backoff, Until: s.clock.Now().Add(time.Minute)})
				s.ok(err)
			}
			s.clock.Advance(time.Minute)
			s.take(jobs[2].ID)
			s.same("ready at", s.readyAt(), time.Time{})
			s.clock.Advance(-time.Hour)
			s.same("next, once the clock was set back", s.next(), "a")
			s.same("the line", s.ahead(""), []queue.Load{{Model: "tiny", Jobs: 2, Unknown: 2}})
		},
		"nobody waits longer than a bound": func(s *stand) {
			jobs := s.submit("short", "long", "other", "held", "canceled")
			now := s.clock.Now()
			for i, w := range []job.Wait{
				{Reason: job.Backoff, Until: now.Add(time.Minute)},
				{Reason: job.Backoff, Until: now.Add(24 * time.Hour)},
				{Reason: job.Scheduled, Until: now.Add(24 * time.Hour)},
				{Reason: job.Backoff},
				{Reason: job.Backoff, Until: now.Add(24 * time.Hour)},
			} {
				_, err := s.Defer(s.Context(), jobs[i].ID, w)
				s.ok(err)
			}
			_, err := s.Cancel(s.Context(), jobs[4].ID)
			s.ok(err)
			for _, want := range []int{1, 0} {
				n, err := s.Bound(s.Context(), job.Backoff, now.Add(36*time.Minute))
				s.ok(err)
				s.same("shortened", n, want)
			}
			for i, want := range []time.Time{now.Add(time.Minute), now.Add(36 * time.Minute), now.Add(24 * time.Hour), {}} {
				s.same("until", s.get(jobs[i].ID).Until, want)
			}
			s.clock.Advance(35 * time.Minute)
			s.same("next", s.next(), "short")
			_, lease := s.take(jobs[0].ID)
			s.settle(lease, queue.Outcome{State: job.Done})
			s.same("ready at", s.readyAt(), now.Add(36*time.Minute))
			s.clock.Advance(time.Minute)
			s.same("next in time", s.next(), "long")
		},
	}
}

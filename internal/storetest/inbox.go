package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

func inbox() map[string]scenario {
	return map[string]scenario{
		"a draft becomes a queued job that keeps all it was given": func(s *stand) {
			track := 2
			d := job.Draft{
				Source: job.Source{
					Kind: job.FromUpload, Path: "/uploads/u1/media", Name: "회의 녹음.mp4", Upload: "u1", Size: 1 << 40,
					ModTime: time.Date(2023, 12, 31, 23, 59, 59, 123456789, time.UTC), Fingerprint: "f00d",
				},
				Title:    "회의 \"녹음\" — 100%\n",
				Options:  job.Options{Language: "ko", Model: "large-v3", ModelPath: "/m/x.bin", AudioTrack: &track, BeamSize: 5, Threads: 3, Words: true, Reuse: true},
				Metadata: map[string]string{"video_id": "v'1", "empty": ""},
				Priority: -512,
				Identity: "same", Key: "k", KeyBody: "b",
			}
			j := s.accept(d)[0]
			want := job.Job{
				ID: j.ID, Seq: j.Seq, Rank: j.Rank, Source: d.Source, Title: d.Title, Options: d.Options, Metadata: d.Metadata, Priority: -512,
				State: job.Queued, Reason: job.Turn, Stage: job.Extract, CreatedAt: s.clock.Now(),
			}
			s.same("submitted job", j, want)
			s.same("stored job", s.get(j.ID), want)
			if len(j.ID) != 26 {
				s.Errorf("id %q has not 26 characters", j.ID)
			}
		},
		"a draft may start with a reason to wait": func(s *stand) {
			d := draft("talk")
			d.Wait = job.Wait{Reason: job.NoModel, Text: "The model is not installed."}
			j := s.accept(d)[0]
			s.same("reason", []any{j.Reason, j.ReasonText}, []any{job.NoModel, "The model is not installed."})
			s.same("next", s.next(), "")
			if n, err := s.ReleaseAll(s.Context(), job.NoModel); n != 1 || err != nil {
				s.Errorf("released %d, %v", n, err)
			}
			s.same("next", s.next(), "talk")
		},
		"ids sort in the order of arrival": func(s *stand) {
			jobs := s.submit("a", "b", "c")
			s.clock.Advance(time.Second)
			jobs = append(jobs, s.submit("d")...)
			for i := 1; i < len(jobs); i++ {
				if jobs[i-1].ID >= jobs[i].ID || jobs[i-1].Seq >= jobs[i].Seq {
					s.Errorf("%s %d comes before %s %d", jobs[i-1].ID, jobs[i-1].Seq, jobs[i].ID, jobs[i].Seq)
				}
			}
		},
		"no drafts are no jobs": func(s *stand) {
			s.same("jobs", s.accept(), []job.Job{})
			s.counts(queue.Counts{})
		},
		"the same key and body give the same job": func(s *stand) {
			d := draft("talk")
			d.Key, d.KeyBody = "k", "b"
			first := s.accept(d)[0]
			again, err := s.Submit(s.Context(), []job.Draft{d})
			s.ok(err)
			s.same("answer", again, []queue.Accepted{{Job: first, Existing: true}})
			s.counts(queue.Counts{job.Queued: 1})
		},
		"a key still answers after its job has ended": func(s *stand) {
			d := draft("talk")
			d.Key, d.KeyBody = "k", "b"
			_, lease := s.take(s.accept(d)[0].ID)
			done := s.settle(lease, queue.Outcome{State: job.Done})
			s.clock.Advance(23 * time.Hour)
			again, err := s.Submit(s.Context(), []job.Draft{d})
			s.ok(err)
			s.same("answer", again, []queue.Accepted{{Job: done, Existing: true}})
		},
		"a key with another body is refused and nothing of the call is kept": func(s *stand) {
			d := draft("talk")
			d.Key, d.KeyBody = "k", "b"
			s.accept(d)
			d.KeyBody = "another"
			e := draft("first of the call")
			e.Key, e.KeyBody = "k2", "b"
			_, err := s.Submit(s.Context(), []job.Draft{e, d})
			s.refused(err, fault.IdempotencyReused)
			s.counts(queue.Counts{job.Queued: 1})
			if a, err := s.Submit(s.Context(), []job.Draft{e}); err != nil || a[0].Existing {
				s.Errorf("the key of a refused call is remembered: %v", err)
			}
		},
		"an identical live job is returned": func(s *stand) {
			d := draft("talk")
			d.Identity = "same"
			first := s.accept(d)[0]
			for _, state := range []job.State{job.Queued, job.Running} {
				again, err := s.Submit(s.Context(), []job.Draft{d})
				s.ok(err)
				if !again[0].Existing || again[0].Job.ID != first.ID || again[0].Job.State != state {
					s.Errorf("while it is %s: got %+v", state, again[0])
				}
				if state == job.Queued {
					s.take(first.ID)
				}
			}
		},
		"an identical job that has ended is no obstacle": func(s *stand) {
			d := draft("talk")
			d.Identity = "same"
			first := s.accept(d)[0]
			_, err := s.Cancel(s.Context(), first.ID)
			s.ok(err)
			if again := s.accept(d)[0]; again.ID == first.ID {
				s.Error("the ended job came back")
			}
		},
		"two identical drafts in one call are one job": func(s *stand) {
			d := draft("talk")
			d.Identity = "same"
			got, err := s.Submit(s.Context(), []job.Draft{d, draft("other"), d})
			s.ok(err)
			if got[0].Existing || !got[2].Existing || got[0].Job.ID != got[2].Job.ID {
				s.Errorf("got %+v", got)
			}
			s.counts(queue.Counts{job.Queued: 2})
		},
		"a key of its own makes an identical draft a job of its own": func(s *stand) {
			d := draft("talk")
			d.Identity = "same"
			first := s.accept(d)[0]
			d.Key = "k1"
			second := s.accept(d)[0]
			d.Key = "k2"
			third := s.accept(d)[0]
			if first.ID == second.ID || second.ID == third.ID {
				s.Error("identical drafts with keys were taken for one")
			}
			s.counts(queue.Counts{job.Queued: 3})
		},
		"a live job with a key is found by an identical draft without one": func(s *stand) {
			d := draft("talk")
			d.Identity, d.Key = "same", "k"
			first := s.accept(d)[0]
			d.Key = ""
			again, err := s.Submit(s.Context(), []job.Draft{d})
			s.ok(err)
			s.same("answer", again, []queue.Accepted{{Job: first, Existing: true}})
		},
		"no identity is never identical": func(s *stand) {
			s.submit("talk", "talk")
			s.counts(queue.Counts{job.Queued: 2})
		},
		"many clients with one key get one job": func(s *stand) {
			d := draft("talk")
			d.Key, d.KeyBody = "k", "b"
			ids, mu, wg := map[string]int{}, sync.Mutex{}, sync.WaitGroup{}
			for range 50 {
				wg.Go(func() {
					a, err := s.Submit(s.Context(), []job.Draft{d})
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						s.Error(err)
						return
					}
					ids[a[0].Job.ID]++
				})
			}
			wg.Wait()
			if len(ids) != 1 {
				s.Errorf("got %d jobs", len(ids))
			}
			s.counts(queue.Counts{job.Queued: 1})
		},
		"refused calls do not touch those beside them": func(s *stand) {
			d := draft("taken")
			d.Key, d.KeyBody = "k", "b"
			s.accept(d)
			d.KeyBody = "another"
			errs, wg := make([]error, 40), sync.WaitGroup{}
			for i := range errs {
				wg.Go(func() {
					drafts := []job.Draft{draft(fmt.Sprint("good ", i))}
					if i%2 == 1 {
						drafts = append(drafts, d)
					}
					_, errs[i] = s.Submit(s.Context(), drafts)
				})
			}
			wg.Wait()
			for i, err := range errs {
				if i%2 == 1 {
					s.refused(err, fault.IdempotencyReused)
				} else if err != nil {
					s.Errorf("good call %d: %v", i, err)
				}
			}
			s.counts(queue.Counts{job.Queued: 21})
		},
		"a draft with a priority beyond the bounds is refused whole": func(s *stand) {
			d := draft("loud")
			d.Priority = 512
			_, err := s.Submit(s.Context(), []job.Draft{draft("good"), d})
			s.refused(err, fault.RequestInvalid)
			s.counts(queue.Counts{})
		},
	}
}

func order() map[string]scenario {
	return map[string]scenario{
		"an empty line has no next": func(s *stand) {
			_, err := s.Next(s.Context())
			s.fails(err, queue.ErrEmpty)
		},
		"higher priority first, then who came first": func(s *stand) {
			var drafts []job.Draft
			for title, priority := range map[string]int{"high": 5, "low": -5} {
				d := draft(title)
				d.Priority = priority
				drafts = append(drafts, d)
			}
			s.accept(draft("one"))
			s.accept(drafts...)
			s.accept(draft("two"))
			var got []string
			for {
				j, err := s.Next(s.Context())
				if errors.Is(err, queue.ErrEmpty) {
					break
				}
				s.ok(err)
				got = append(got, j.Title)
				s.take(j.ID)
			}
			s.same("order", got, []string{"high", "one", "two", "low"})
		},
		"a job that was put back keeps its place": func(s *stand) {
			jobs := s.submit("a", "b")
			_, lease := s.take(jobs[0].ID)
			s.same("next", s.next(), "b")
			s.settle(lease, queue.Outcome{State: job.Queued})
			s.same("next", s.next(), "a")
		},
		"a job further back may be taken too": func(s *stand) {
			jobs := s.submit("a", "b")
			s.take(jobs[1].ID)
			s.same("next", s.next(), "a")
		},
		"positions count the line from one": func(s *stand) {
			jobs := s.submit("a", "b", "c")
			high := draft("high")
			high.Priority = 1
			jobs = append(jobs, s.accept(high)...)
			s.same("positions", []int{s.position(jobs[3].ID), s.position(jobs[0].ID), s.position(jobs[1].ID), s.position(jobs[2].ID)}, []int{1, 2, 3, 4})
			_, lease := s.take(jobs[3].ID)
			s.same("position of a running job", s.position(jobs[3].ID), 0)
			s.same("position of the next", s.position(jobs[0].ID), 1)
			s.settle(lease, queue.Outcome{State: job.Done})
			s.same("position of a final job", s.position(jobs[3].ID), 0)
			_, err := s.Position(s.Context(), "nobody")
			s.refused(err, fault.JobUnknown)
		},
	}
}

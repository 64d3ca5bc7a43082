package storetest

import (
	"fmt"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

func control() map[string]scenario {
	return map[string]scenario{
		"canceling a queued job ends it at once": func(s *stand) {
			jobs := s.submit("a", "b")
			j, err := s.Cancel(s.Context(), jobs[0].ID)
			s.ok(err)
			s.same("job", []any{j.State, j.Reason, j.FinishedAt}, []any{job.Canceled, job.Reason(""), s.clock.Now()})
			s.same("stored job", s.get(j.ID), j)
			s.same("next", s.next(), "b")
			s.counts(queue.Counts{job.Queued: 1, job.Canceled: 1})
		},
		"canceling a waiting job ends it at once": func(s *stand) {
			id := s.submit("a")[0].ID
			_, err := s.Defer(s.Context(), id, job.Wait{Reason: job.Backoff, Until: s.clock.Now().Add(time.Hour)})
			s.ok(err)
			j, err := s.Cancel(s.Context(), id)
			s.ok(err)
			s.same("job", []any{j.State, j.Reason, j.Until}, []any{job.Canceled, job.Reason(""), time.Time{}})
			s.same("ready at", s.readyAt(), time.Time{})
		},
		"canceling a running job asks its worker": func(s *stand) {
			j, lease := s.running()
			for range 2 { // asking twice changes nothing
				got, err := s.Cancel(s.Context(), j.ID)
				s.ok(err)
				s.same("job", []any{got.State, got.CancelRequested}, []any{job.Running, true})
			}
			d, err := s.Renew(s.Context(), lease, job.Progress{})
			s.ok(err)
			s.same("directive", d, queue.Directive{Cancel: true})
			got := s.settle(lease, queue.Outcome{State: job.Canceled})
			s.same("job", []any{got.State, got.CancelRequested}, []any{job.Canceled, false})
		},
		"a run that is given back after a cancel is canceled": func(s *stand) {
			j, lease := s.running()
			_, err := s.Cancel(s.Context(), j.ID)
			s.ok(err)
			got := s.settle(lease, queue.Outcome{State: job.Queued, Attempt: true, Wait: job.Wait{Reason: job.Backoff, Until: s.clock.Now().Add(time.Hour)}})
			s.same("job", []any{got.State, got.Reason, got.FinishedAt}, []any{job.Canceled, job.Reason(""), s.clock.Now()})
		},
		"a run that was done before it heard of the cancel is done": func(s *stand) {
			j, lease := s.running()
			_, err := s.Cancel(s.Context(), j.ID)
			s.ok(err)
			s.same("state", s.settle(lease, queue.Outcome{State: job.Done}).State, job.Done)
		},
		"a final job cannot be canceled": func(s *stand) {
			for _, to := range []job.State{job.Done, job.Failed, job.Canceled} {
				_, lease := s.running()
				j := s.settle(lease, queue.Outcome{State: to})
				_, err := s.Cancel(s.Context(), j.ID)
				s.refused(err, fault.JobFinal)
				s.same("job", s.get(j.ID), j)
			}
		},
		"an unknown job cannot be canceled": func(s *stand) {
			_, err := s.Cancel(s.Context(), "nobody")
			s.refused(err, fault.JobUnknown)
		},
		"cancel and settle agree on one end": func(s *stand) {
			for i := range 10 {
				j, lease := s.running()
				var wg sync.WaitGroup
				var cancelErr error
				wg.Go(func() { _, cancelErr = s.Cancel(s.Context(), j.ID) })
				wg.Go(func() {
					if _, err := s.Settle(s.Context(), lease, queue.Outcome{State: job.Done}); err != nil {
						s.Error(err)
					}
				})
				wg.Wait()
				if cancelErr != nil {
					s.refused(cancelErr, fault.JobFinal)
				}
				s.same("state", s.get(j.ID).State, job.Done)
				s.counts(queue.Counts{job.Done: i + 1})
			}
		},
	}
}

func reading() map[string]scenario {
	return map[string]scenario{
		"an unknown job is a fault": func(s *stand) {
			_, err := s.Get(s.Context(), "nobody")
			s.refused(err, fault.JobUnknown)
		},
		"an empty list is a page without a next": func(s *stand) {
			p := s.page(queue.Filter{})
			s.same("page", []any{len(p.Jobs), p.Next}, []any{0, ""})
		},
		"queued jobs are listed in line order, others newest first": func(s *stand) {
			jobs := s.submit("a", "b", "c", "d")
			high := draft("high")
			high.Priority = 1
			s.accept(high)
			for _, j := range jobs[:2] {
				_, lease := s.take(j.ID)
				s.settle(lease, queue.Outcome{State: job.Done})
			}
			s.same("queued", titles(s.page(queue.Filter{State: job.Queued}).Jobs), []string{"high", "c", "d"})
			s.same("done", titles(s.page(queue.Filter{State: job.Done}).Jobs), []string{"b", "a"})
			s.same("all", titles(s.page(queue.Filter{}).Jobs), []string{"high", "d", "c", "b", "a"})
			s.same("failed", titles(s.page(queue.Filter{State: job.Failed}).Jobs), []string(nil))
		},
		"what ended last comes first, whenever it was submitted": func(s *stand) {
			jobs := s.submit("a", "b", "c", "d")
			for _, i := range []int{1, 2, 0} {
				s.clock.Advance(time.Second)
				_, err := s.Cancel(s.Context(), jobs[i].ID)
				s.ok(err)
			}
			ended, err := s.Ended(s.Context(), 2)
			s.ok(err)
			s.same("ended", titles(ended), []string{"a", "c"})
		},
		"a listed job is whole": func(s *stand) {
			j, lease := s.running()
			s.settle(lease, queue.Outcome{State: job.Failed, Attempt: true, Error: &job.Failure{Code: "file_damaged", Message: "It is damaged."}})
			s.same("job", s.page(queue.Filter{}).Jobs, []job.Job{s.get(j.ID)})
		},
		"pages follow one another in every order": func(s *stand) {
			for i := range 23 {
				d := draft(fmt.Sprint("talk ", i))
				d.Priority = i % 3
				s.accept(d)
			}
			for _, state := range []job.State{"", job.Queued} {
				whole := titles(s.page(queue.Filter{State: state, Limit: 500}).Jobs)
				var got []string
				for f := (queue.Filter{State: state, Limit: 5}); ; {
					p := s.page(f)
					got = append(got, titles(p.Jobs)...)
					if f.Cursor = p.Next; p.Next == "" {
						break
					}
				}
				s.same("pages", got, whole)
			}
		},
		"a page that is exactly full has no next": func(s *stand) {
			s.submit("a", "b")
			s.same("next", s.page(queue.Filter{Limit: 2}).Next, "")
		},
		"jobs that arrive between pages shift nothing": func(s *stand) {
			for _, state := range []job.State{"", job.Queued} {
				before := map[string]int{}
				for i := range 20 {
					before[s.submit(fmt.Sprint("old ", state, i))[0].ID] = 0
				}
				for f := (queue.Filter{State: state, Limit: 3}); ; {
					var wg sync.WaitGroup
					wg.Go(func() {
						if _, err := s.Submit(s.Context(), []job.Draft{draft("new")}); err != nil {
							s.Error(err)
						}
					})
					p := s.page(f)
					wg.Wait()
					for _, j := range p.Jobs {
						before[j.ID]++
					}
					if f.Cursor = p.Next; p.Next == "" || len(before) > 200 {
						break
					}
				}
				for id, n := range before {
					if n > 1 {
						s.Errorf("%s was shown %d times", id, n)
					}
				}
				for _, j := range s.page(queue.Filter{State: state, Query: "old " + string(state), Limit: 500}).Jobs {
					if n, mine := before[j.ID]; mine && n != 1 {
						s.Errorf("%s was shown %d times", j.Title, n)
					}
				}
			}
		},
		"a query finds words of the title in any case": func(s *stand) {
			s.submit("Budget 2024: Éclair & Größe", "회의 녹음 3월", "100%_done", "100 done", `back\slash "quoted"`)
			for query, want := range map[string][]string{
				"budget":       {"Budget 2024: Éclair & Größe"},
				"BUDGET 2024":  {"Budget 2024: Éclair & Größe"},
				"2024 budget":  {"Budget 2024: Éclair & Größe"},
				"éCLAIR":       {"Budget 2024: Éclair & Größe"},
				"udge":         {"Budget 2024: Éclair & Größe"},
				"budget 2025":  nil,
				"녹음":           {"회의 녹음 3월"},
				"%":            {"100%_done"},
				"100%_d":       {"100%_done"},
				"_":            {"100%_done"},
				`\`:            {`back\slash "quoted"`},
				`"quoted"`:     {`back\slash "quoted"`},
				"' OR 1=1 --":  nil,
				"done":         {"100 done", "100%_done"},
				"  done  100 ": {"100 done", "100%_done"},
			} {
				s.same(query, titles(s.page(queue.Filter{Query: query}).Jobs), want)
			}
		},
		"a query has pages too": func(s *stand) {
			s.submit("a talk", "b", "c talk", "d", "e talk")
			p := s.page(queue.Filter{Query: "talk", State: job.Queued, Limit: 2})
			s.same("first page", titles(p.Jobs), []string{"a talk", "c talk"})
			p = s.page(queue.Filter{Query: "talk", State: job.Queued, Limit: 2, Cursor: p.Next})
			s.same("second page", titles(p.Jobs), []string{"e talk"})
			s.same("third page", p.Next, "")
		},
		"limits and states have bounds": func(s *stand) {
			for i := range 60 {
				s.submit(fmt.Sprint("talk ", i))
			}
			s.same("jobs on a page without a limit", len(s.page(queue.Filter{}).Jobs), 50)
			for _, f := range []queue.Filter{{Limit: -1}, {Limit: 501}, {State: "finished"}} {
				_, err := s.List(s.Context(), f)
				s.refused(err, fault.RequestInvalid)
			}
		},
		"a bad cursor is refused": func(s *stand) {
			s.submit("a talk", "b talk", "c talk")
			good := s.page(queue.Filter{Limit: 1}).Next
			for _, f := range []queue.Filter{
				{Cursor: "nonsense"},
				{Cursor: "e30"},
				{Cursor: "!" + good},
				{Cursor: good + "A"},
				{Cursor: good, State: job.Queued},
				{Cursor: good, Query: "talk"},
			} {
				_, err := s.List(s.Context(), f)
				s.refused(err, fault.RequestInvalid)
			}
		},
	}
}

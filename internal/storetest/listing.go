package storetest

import (
	"fmt"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

// listing is about places in lists, and orders.
func listing() map[string]scenario {
	return map[string]scenario{
		"a page tells its place and how long the list is": func(s *stand) {
			s.priorities(23)
			whole := titles(s.page(queue.Filter{Order: queue.ByLine, Limit: 500}).Jobs)
			f := queue.Filter{Order: queue.ByLine, Limit: 5}
			for at := 0; ; at += f.Limit {
				p := s.page(f)
				s.same("place", []int{p.First, p.Total}, []int{at + 1, 23})
				s.same("page", titles(p.Jobs), whole[at:min(at+f.Limit, 23)])
				if f.Cursor = p.Next; p.Next == "" {
					break
				}
			}
		},
		"a page can begin at any place": func(s *stand) {
			s.priorities(23)
			for _, order := range []queue.ListOrder{queue.ByLine, queue.ByArrival} {
				whole := titles(s.page(queue.Filter{Order: order, Limit: 500}).Jobs)
				for from := 1; from <= 23; from++ {
					p := s.page(queue.Filter{Order: order, From: from, Limit: 4})
					s.same("page", titles(p.Jobs), whole[from-1:min(from+3, 23)])
					s.same("place", []int{p.First, p.Total}, []int{from, 23})
					s.same("last", p.Next == "", from+3 >= 23)
					if p.Next != "" {
						p = s.page(queue.Filter{Order: order, Cursor: p.Next, Limit: 1})
						s.same("page behind", titles(p.Jobs), whole[from+3:from+4])
					}
				}
			}
		},
		"behind the last place is an empty page": func(s *stand) {
			s.submit("a", "b")
			for _, order := range queue.ListOrders() {
				p := s.page(queue.Filter{Order: order, From: 3})
				s.same(string(order), []any{len(p.Jobs), p.Next, p.First}, []any{0, "", 0})
			}
		},
		"what ended is listed by its end, whenever it was submitted": func(s *stand) {
			jobs := s.submit("a", "b", "c", "d", "e")
			for _, i := range []int{1, 4, 0} {
				s.clock.Advance(time.Second)
				_, err := s.Cancel(s.Context(), jobs[i].ID)
				s.ok(err)
			}
			for _, i := range []int{3, 2} { // at the same moment
				_, lease := s.take(jobs[i].ID)
				s.settle(lease, queue.Outcome{State: job.Done})
			}
			all := s.page(queue.Filter{Order: queue.ByEnd})
			s.same("all", titles(all.Jobs), []string{"d", "c", "a", "e", "b"}) // submitted later comes first
			s.same("how many", all.Total, 5)
			s.same("done", titles(s.page(queue.Filter{Order: queue.ByEnd, State: job.Done}).Jobs), []string{"d", "c"})
			canceled := s.page(queue.Filter{Order: queue.ByEnd, State: job.Canceled, From: 2})
			s.same("canceled", titles(canceled.Jobs), []string{"e", "b"})
			s.same("place", []int{canceled.First, canceled.Total}, []int{2, 3})
			s.same("words", titles(s.page(queue.Filter{Order: queue.ByEnd, Query: "e"}).Jobs), []string{"e"})
			var got []string
			for f := (queue.Filter{Order: queue.ByEnd, Limit: 2}); ; {
				p := s.page(f)
				got = append(got, titles(p.Jobs)...)
				if f.Cursor = p.Next; p.Next == "" {
					break
				}
			}
			s.same("pages", got, titles(all.Jobs))
		},
		"what begins again has not ended": func(s *stand) {
			id := s.submit("a")[0].ID
			_, err := s.Cancel(s.Context(), id)
			s.ok(err)
			_, err = s.Retry(s.Context(), id, job.Retry{})
			s.ok(err)
			p := s.page(queue.Filter{Order: queue.ByEnd})
			s.same("ended", []int{len(p.Jobs), p.Total}, []int{0, 0})
		},
		"a place in the line stays right when the line moves": func(s *stand) {
			jobs := s.priorities(12)
			p := s.page(queue.Filter{Order: queue.ByLine, Limit: 4})
			rest := titles(s.page(queue.Filter{Order: queue.ByLine, Cursor: p.Next, Limit: 500}).Jobs)
			for _, gone := range p.Jobs[:2] {
				_, err := s.Cancel(s.Context(), gone.ID)
				s.ok(err)
			}
			p = s.page(queue.Filter{Order: queue.ByLine, Cursor: p.Next, Limit: 500})
			s.same("page behind", titles(p.Jobs), rest)
			s.same("place", []int{p.First, p.Total}, []int{3, len(jobs) - 2})
		},
		"a page is one moment's truth": func(s *stand) {
			jobs := s.submit("a", "b", "c", "d", "e", "f", "g", "h")
			var wg sync.WaitGroup
			wg.Go(func() {
				for i := range 60 {
					if _, err := s.Move(s.Context(), jobs[i%8].ID, job.Place{To: job.Front}); err != nil {
						s.Error(err)
					}
				}
			})
			for range 60 {
				p := s.page(queue.Filter{Order: queue.ByLine, From: 3, Limit: 500})
				if len(p.Jobs) != 6 || p.First != 3 || p.Total != 8 {
					s.Errorf("%d jobs from %d of %d", len(p.Jobs), p.First, p.Total)
				}
			}
			wg.Wait()
		},
		"orders and places have bounds": func(s *stand) {
			s.submit("a", "b", "c")
			next := s.page(queue.Filter{Limit: 1}).Next
			for _, f := range []queue.Filter{
				{Order: "best"},
				{Order: queue.ByLine, State: job.Done},
				{Order: queue.ByEnd, State: job.Queued},
				{From: -1},
				{From: 2, Cursor: next},
				{From: 2, Query: "a"},
				{Order: queue.ByLine, Cursor: next},
			} {
				_, err := s.List(s.Context(), f)
				s.refused(err, fault.RequestInvalid)
			}
		},
	}
}

// priorities submits so many jobs, every third of them more urgent than the one before.
func (s *stand) priorities(n int) (jobs []job.Job) {
	s.Helper()
	for i := range n {
		d := draft(fmt.Sprint("talk ", i))
		d.Priority = i % 3
		jobs = append(jobs, s.accept(d)...)
	}
	return jobs
}

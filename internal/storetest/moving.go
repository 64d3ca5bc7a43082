package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"sluice/internal/fault"
	"sluice/internal/job"
	"sluice/internal/queue"
)

func moving() map[string]scenario {
	return map[string]scenario{
		"a job is moved to the front, to the back, and before another": func(s *stand) {
			jobs := s.submit("a", "b", "c", "d")
			s.move(jobs[2].ID, job.Place{To: job.Front})
			s.line("c", "a", "b", "d")
			s.move(jobs[0].ID, job.Place{To: job.Back})
			s.line("c", "b", "d", "a")
			s.move(jobs[0].ID, job.Place{Before: jobs[1].ID})
			s.line("c", "a", "b", "d")
			s.move(jobs[3].ID, job.Place{Before: jobs[2].ID})
			s.line("d", "c", "a", "b")
			s.move(jobs[3].ID, job.Place{Before: jobs[1].ID})
			s.line("c", "a", "d", "b")
			s.same("position", s.position(jobs[3].ID), 3)
			s.same("next", s.next(), "c")
			s.submit("e")
			s.line("c", "a", "d", "b", "e")
		},
		"a move changes nothing else": func(s *stand) {
			jobs := s.submit("a", "b")
			j := s.hold(jobs[1].ID)
			moved := s.move(j.ID, job.Place{To: job.Front})
			j.Rank = moved.Rank
			s.same("job", moved, j)
			s.same("stored job", s.get(j.ID), j)
		},
		"a job that is there already stays there": func(s *stand) {
			jobs := s.submit("a", "b")
			for i, to := range []job.Place{{To: job.Front}, {Before: jobs[1].ID}, {Before: jobs[0].ID}} {
				s.same(fmt.Sprint("move ", i), s.move(jobs[0].ID, to), jobs[0])
			}
			s.same("move to the back", s.move(jobs[1].ID, job.Place{To: job.Back}), jobs[1])
			s.line("a", "b")
		},
		"the ends are those of a job's own priority": func(s *stand) {
			ids := s.levels(1, 1, 0, 0, -1)
			s.move(ids[3], job.Place{To: job.Front})
			s.line("1", "2", "4", "3", "5")
			s.move(ids[0], job.Place{To: job.Back})
			s.line("2", "1", "4", "3", "5")
		},
		"before a job of another priority it takes that one's": func(s *stand) {
			ids := s.levels(1, 1, 0, 0, -1)
			s.same("priority", s.move(ids[3], job.Place{Before: ids[1]}).Priority, 1)
			s.line("1", "4", "2", "3", "5")
			s.same("priority", s.move(ids[0], job.Place{Before: ids[4]}).Priority, -1)
			s.line("4", "2", "3", "1", "5")
		},
		"a place that is none is refused": func(s *stand) {
			jobs := s.submit("a", "b", "runs", "ended")
			s.take(jobs[2].ID)
			_, err := s.Cancel(s.Context(), jobs[3].ID)
			s.ok(err)
			for _, to := range []job.Place{{}, {To: "middle"}, {To: job.Front, Before: jobs[1].ID}, {Before: jobs[2].ID}, {Before: jobs[3].ID}} {
				_, err := s.Move(s.Context(), jobs[0].ID, to)
				s.refused(err, fault.RequestInvalid)
			}
			_, err = s.Move(s.Context(), jobs[0].ID, job.Place{Before: "nobody"})
			s.refused(err, fault.JobUnknown)
			s.line("a", "b")
		},
		"a job that runs comes back to its place among those that were moved": func(s *stand) {
			jobs := s.submit("a", "runs", "c", "d")
			_, lease := s.take(jobs[1].ID)
			for range 40 { // whatever room is made meanwhile
				s.move(jobs[3].ID, job.Place{Before: jobs[2].ID})
				s.line("a", "d", "c")
				s.move(jobs[2].ID, job.Place{Before: jobs[3].ID})
				s.line("a", "c", "d")
			}
			s.settle(lease, queue.Outcome{State: job.Queued})
			s.line("a", "runs", "c", "d")
			_, lease = s.take(jobs[1].ID)
			s.move(jobs[3].ID, job.Place{To: job.Front})
			s.move(jobs[0].ID, job.Place{To: job.Back})
			s.settle(lease, queue.Outcome{State: job.Queued})
			s.line("d", "runs", "c", "a")
		},
		"there is always room between two": func(s *stand) {
			var ids []string
			for i := range 30 {
				ids = append(ids, s.submit(fmt.Sprint(i))[0].ID)
			}
			want := slices.Clone(ids)
			for i := range 300 { // each goes in between the last that was moved and the first
				id := ids[1+i%29]
				s.move(id, job.Place{Before: want[slices.Index(want, ids[0])]})
				want = slices.DeleteFunc(want, func(o string) bool { return o == id })
				want = slices.Insert(want, slices.Index(want, ids[0]), id)
			}
			s.same("line", idsOf(s.page(queue.Filter{State: job.Queued}).Jobs), want)
		},
		"thousands of moves leave the order that was asked for": func(s *stand) {
			const jobs = 40
			want := map[int][]string{} // per priority
			priority := map[string]int{}
			var ids []string
			for i := range jobs {
				d := draft(fmt.Sprint(i))
				d.Priority = i % 2
				id := s.accept(d)[0].ID
				ids, want[d.Priority], priority[id] = append(ids, id), append(want[d.Priority], id), d.Priority
			}
			dice := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same moves every time
			for range often(10_000) {
				id, to := ids[dice.IntN(jobs)], job.Place{}
				p := priority[id]
				without := func() []string { return slices.DeleteFunc(want[priority[id]], func(o string) bool { return o == id }) }
				before := ids[dice.IntN(jobs)]
				kind := dice.IntN(8)
				if kind < 6 { // mostly the same few, so that gaps are used up
					before = ids[dice.IntN(3)]
				}
				switch {
				case kind == 0:
					to.To = job.Front
					want[p] = slices.Insert(without(), 0, id)
				case kind == 1:
					to.To = job.Back
					want[p] = append(without(), id)
				case before == id:
					to.Before = id // moves nothing
				default:
					to.Before = before
					want[p] = without()
					p = priority[before]
					want[p] = slices.Insert(want[p], slices.Index(want[p], before), id)
					priority[id] = p
				}
				s.move(id, to)
			}
			s.same("line", idsOf(s.page(queue.Filter{State: job.Queued, Limit: 500}).Jobs), append(slices.Clone(want[1]), want[0]...))
		},
		"a priority is changed, and bounds hold": func(s *stand) {
			jobs := s.submit("a", "b", "c")
			j, err := s.SetPriority(s.Context(), jobs[2].ID, 511)
			s.ok(err)
			s.same("priority", []int{j.Priority, s.get(j.ID).Priority}, []int{511, 511})
			s.line("c", "a", "b")
			_, err = s.SetPriority(s.Context(), jobs[0].ID, -512)
			s.ok(err)
			s.line("c", "b", "a")
			for _, p := range []int{512, -513} {
				_, err = s.SetPriority(s.Context(), jobs[0].ID, p)
				s.refused(err, fault.RequestInvalid)
			}
			_, err = s.SetPriority(s.Context(), "nobody", 0)
			s.refused(err, fault.JobUnknown)
		},
		"with a new priority a job overtakes nobody who came before it": func(s *stand) {
			ids := s.levels(0, 1, 0, 1, 0)
			s.priority(ids[2], 1)
			s.line("2", "3", "4", "1", "5")
			s.priority(ids[2], 0)
			s.line("2", "4", "1", "3", "5")
			s.move(ids[4], job.Place{To: job.Front})
			s.line("2", "4", "5", "1", "3")
			s.priority(ids[1], 0) // 1 came before it, and 5 was moved
			s.line("4", "5", "1", "2", "3")
			s.priority(ids[0], 1)
			s.line("1", "4", "5", "2", "3")
		},
		"a priority may be changed while a job runs, but not when it has ended": func(s *stand) {
			jobs := s.submit("a", "b")
			_, lease := s.take(jobs[1].ID)
			j, err := s.SetPriority(s.Context(), jobs[1].ID, 3)
			s.ok(err)
			s.same("job", []any{j.State, j.Priority}, []any{job.Running, 3})
			s.settle(lease, queue.Outcome{State: job.Queued})
			s.line("b", "a")
			_, lease = s.take(jobs[1].ID)
			s.settle(lease, queue.Outcome{State: job.Done})
			_, err = s.SetPriority(s.Context(), jobs[1].ID, 0)
			s.refused(err, fault.JobFinal)
		},
	}
}

// levels submits one job per priority, titled by its number from 1.
func (s *stand) levels(priorities ...int) (ids []string) {
	s.Helper()
	for i, p := range priorities {
		d := draft(fmt.Sprint(i + 1))
		d.Priority = p
		ids = append(ids, s.accept(d)[0].ID)
	}
	return ids
}

// race runs a call many times at once and returns how often it succeeded; all
// others must be refused with a code.
func (s *stand) race(times int, code fault.Code, call func() error) (won int) {
	s.Helper()
	errs, wg := make([]error, times), sync.WaitGroup{}
	for i := range errs {
		wg.Go(func() { errs[i] = call() })
	}
	wg.Wait()
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		s.refused(err, code)
	}
	return won
}

func (s *stand) retry(id string, r job.Retry) job.Job {
	s.Helper()
	j, err := s.Retry(s.Context(), id, r)
	s.ok(err)
	return j
}

func (s *stand) move(id string, to job.Place) job.Job {
	s.Helper()
	j, err := s.Move(s.Context(), id, to)
	s.ok(err)
	return j
}

func (s *stand) hold(id string) job.Job {
	s.Helper()
	return s.holdUntil(id, time.Time{})
}

func (s *stand) holdUntil(id string, until time.Time) job.Job {
	s.Helper()
	j, err := s.Hold(s.Context(), id, until)
	s.ok(err)
	return j
}

func (s *stand) release(id string) job.Job {
	s.Helper()
	j, err := s.Release(s.Context(), id)
	s.ok(err)
	return j
}

func (s *stand) priority(id string, priority int) {
	s.Helper()
	_, err := s.SetPriority(s.Context(), id, priority)
	s.ok(err)
}

// ended is the id of a job that was canceled.
func (s *stand) ended(title string) string {
	s.Helper()
	id := s.submit(title)[0].ID
	_, err := s.Cancel(s.Context(), id)
	s.ok(err)
	return id
}

// line compares the titles of the queued jobs.
func (s *stand) line(want ...string) {
	s.Helper()
	s.same("line", titles(s.page(queue.Filter{State: job.Queued}).Jobs), want)
}

func (s *stand) events(id string) []job.Event {
	s.Helper()
	events, err := s.History(s.Context(), id)
	s.ok(err)
	return events
}

func idsOf(jobs []job.Job) (ids []string) {
	for _, j := range jobs {
		ids = append(ids, j.ID)
	}
	return ids
}

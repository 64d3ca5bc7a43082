package queue

import (
	"sluice/internal/fault"
	"sluice/internal/job"
)

// ListOrder is how a list of jobs is sorted.
type ListOrder string

const (
	// ByLine is the order in which jobs are taken. Only queued ones have it.
	ByLine ListOrder = "line"
	// ByArrival has what was submitted last first.
	ByArrival ListOrder = "newest"
	// ByEnd has what ended last first. Only jobs that have ended have it.
	ByEnd ListOrder = "ended"
)

// ListOrders is all there are.
func ListOrders() []ListOrder { return []ListOrder{ByLine, ByArrival, ByEnd} }

// Filter says which jobs to list.
type Filter struct {
	State  job.State // "" = all that have the order
	Order  ListOrder // "" = line for queued jobs, newest for all others
	Query  string    // words in the title; "" = all
	Limit  int       // 1..500; 0 = 50
	Cursor string    // from Page.Next; "" = the start. A bad one is fault request_invalid
	From   int       // begin with the job at this place of the list, from 1; 0 = the start. Not with Cursor or Query
}

// Page is one page of jobs.
type Page struct {
	Jobs []job.Job
	// Next is the cursor of the page behind, "" on the last one. That page goes on
	// where the last job of this one stood. Jobs that stay where they are come on
	// exactly one page, whatever comes and goes meanwhile; one that is moved from
	// behind that place to before it comes on none, one that is moved the other way
	// on two.
	Next string
	// First is the place of the first job in the whole list, from 1. 0 = not known:
	// with a query, on an empty page, and behind a cursor in another order than the line's.
	First int
	// Total is how many jobs the whole list has; 0 with a query, where nobody knows.
	Total int
}

// Largest page, and how many jobs one has that nobody gave a limit.
const (
	MaxLimit     = 500
	DefaultLimit = 50
)

// Check fills in what was left out, and refuses what no list has: fault
// request_invalid. It does not look at the cursor.
func (f *Filter) Check() error {
	if f.Limit == 0 {
		f.Limit = DefaultLimit
	}
	if f.Order == "" {
		f.Order = ByArrival
		if f.State == job.Queued {
			f.Order = ByLine
		}
	}
	if f.Order == ByLine && f.State == "" {
		f.State = job.Queued
	}
	switch {
	case f.Limit < 0 || f.Limit > MaxLimit:
		return fault.New(fault.RequestInvalid, "The limit is not between 1 and 500.", nil)
	case f.State != "" && !f.State.Valid():
		return fault.New(fault.RequestInvalid, "There is no such state.", nil)
	case f.Order == ByLine && f.State != job.Queued:
		return fault.New(fault.RequestInvalid, "Only queued jobs stand in line.", nil)
	case f.Order == ByEnd && f.State != "" && !f.State.Final():
		return fault.New(fault.RequestInvalid, "Only done, failed and canceled jobs have ended.", nil)
	case f.Order != ByLine && f.Order != ByArrival && f.Order != ByEnd:
		return fault.New(fault.RequestInvalid, "There is no such order.", nil)
	case f.From < 0 || (f.From > 0 && (f.Cursor != "" || f.Query != "")):
		return fault.New(fault.RequestInvalid, "A place in the list goes neither with a cursor nor with words.", nil)
	}
	return nil
}

// Counted is how many jobs of each state a filter without words lists.
func (f Filter) Counted(c Counts) (n int) {
	for _, s := range job.States() {
		if s == f.State || (f.State == "" && (f.Order != ByEnd || s.Final())) {
			n += c[s]
		}
	}
	return n
}

package httpapi

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"sluice/internal/job"
)

// mostOwed is how many results are owed at most; those of the longest ago are
// made anew when they are asked for once more.
const mostOwed = 256

// owed remembers the jobs whose requests have ended before them, so that the
// same request sent again gets the result, also when the job has ended between
// the two. The zero value is ready.
type owed struct {
	mu    sync.Mutex
	jobs  map[string]string // ids by what was asked for
	order []string
}

// owedFor names what an order asks for.
func owedFor(o job.Order) string {
	prompt := ""
	if o.Prompt != nil {
		prompt = *o.Prompt
	}
	return strings.Join([]string{o.Content, o.Model, o.Language, strconv.FormatBool(o.Words != nil), prompt}, "\n")
}

// put notes that the result of a job is owed.
func (o *owed) put(what, id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.jobs == nil {
		o.jobs = map[string]string{}
	}
	if _, known := o.jobs[what]; !known {
		o.order = append(o.order, what)
	}
	o.jobs[what] = id
	if len(o.order) > mostOwed {
		delete(o.jobs, o.order[0])
		o.order = o.order[1:]
	}
}

// paid forgets what is not owed any more.
func (o *owed) paid(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.jobs, what)
	o.order = slices.DeleteFunc(o.order, func(other string) bool { return other == what })
}

// job is the one whose result is owed; "" = none.
func (o *owed) job(what string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.jobs[what]
}

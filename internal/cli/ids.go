package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/internal/fault"
	"sluice/internal/job"
)

const (
	wholeID   = 26 // characters
	partOfID  = 4  // the fewest that may stand for a job
	shortID   = 6  // the fewest that the list shows
	wholePage = 500
	offered   = 100 // jobs of each state that the shell is offered
)

// resolve finds the job that an id, its beginning or its end names. Ids that
// were made at the same time begin alike, so their ends are the better names.
func (s *client) resolve(ctx context.Context, name string) (string, error) {
	ids, err := s.resolveAll(ctx, []string{name})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// resolveAll finds the jobs of several names, or none of them.
func (s *client) resolveAll(ctx context.Context, typed []string) ([]string, error) {
	names := make([]*named, len(typed))
	for i, t := range typed {
		n := &named{typed: strings.ToUpper(strings.TrimSpace(t))}
		switch {
		case len(n.typed) >= wholeID:
			n.ids = []string{n.typed} // the server knows best
		case len(n.typed) < partOfID:
			return nil, usagef("%q is too short for a job: give %d characters of its id or more.", clean(n.typed), partOfID)
		}
		names[i] = n
	}
	if err := s.lookUp(ctx, names); err != nil {
		return nil, err
	}
	ids := make([]string, len(names))
	for i, n := range names {
		id, err := n.id()
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return ids, nil
}

// lookUp goes through the jobs page by page until every name is clear. The
// states take turns, so that a long line does not stand before what has ended.
func (s *client) lookUp(ctx context.Context, names []*named) error {
	type piece struct {
		state  job.State
		cursor string
	}
	todo := []piece{{state: job.Running}, {state: job.Queued}, {state: job.Done}, {state: job.Failed}, {state: job.Canceled}}
	for len(todo) > 0 && slices.ContainsFunc(names, (*named).unclear) {
		next := todo[0]
		todo = todo[1:]
		p, err := s.list(ctx, string(next.state), "", wholePage, next.cursor)
		if err != nil {
			return err
		}
		for _, raw := range p.Jobs {
			id := idOf(raw)
			for _, n := range names {
				n.look(id)
			}
		}
		switch {
		case p.Next != "" && p.Next != next.cursor:
			todo = append(todo, piece{next.state, p.Next})
		case next.state == job.Queued: // one of them may have been taken meanwhile
			todo = append(todo, piece{state: job.Running})
		}
	}
	return nil
}

// named is what was typed for a job, and the ids that it may stand for.
type named struct {
	typed string
	ids   []string
	sure  bool // one of them ends like this, and hardly another one does
}

// look compares with one more job.
func (n *named) look(id string) {
	upper := strings.ToUpper(id)
	begins, ends := strings.HasPrefix(upper, n.typed), strings.HasSuffix(upper, n.typed)
	if len(n.typed) >= wholeID || !begins && !ends || slices.Contains(n.ids, id) {
		return
	}
	n.ids = append(n.ids, id)
	n.sure = n.sure || ends && len(n.typed) >= shortID
}

// unclear says that more jobs may make a difference: none was found yet, or
// another one may be meant as well. Ends as long as the list shows them are
// alike by chance alone, so that a hundred thousand jobs need not be gone
// through for each; beginnings are alike by nature.
func (n *named) unclear() bool { return len(n.typed) < wholeID && len(n.ids) < 2 && !n.sure }

func (n *named) id() (string, error) {
	switch found := n.ids; {
	case len(found) == 0:
		return "", fault.New(fault.JobUnknown, fmt.Sprintf("No job has an id like %q.", clean(n.typed)), nil)
	case len(found) > 1:
		more := ""
		if len(found) > 3 {
			more, found = " or others", found[:3]
		}
		return "", usagef("%q may be %s%s: give more of the id.", clean(n.typed), clean(strings.Join(found, " or ")), more)
	}
	return n.ids[0], nil
}

// short cuts ids to the shortest ends that tell these jobs apart.
func short(jobs []jobView) map[string]string {
	names := make(map[string]string, len(jobs))
	for n := shortID; ; n++ {
		seen := make(map[string]bool, len(jobs))
		for _, j := range jobs {
			names[j.ID] = end(j.ID, n)
			seen[names[j.ID]] = true
		}
		if len(seen) == len(names) || n >= wholeID {
			return names
		}
	}
}

func end(id string, n int) string {
	id = clean(id)
	return id[max(0, len(id)-n):]
}

// completeJobs offers the ids of jobs in some states to the shell, with titles
// to choose by.
func (c *console) completeJobs(states ...job.State) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		address, _ := cmd.Flags().GetString("server")
		s, err := c.client(address)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer s.close()
		ctx, cancel := context.WithTimeout(cmd.Context(), findTimeout)
		defer cancel()
		var offers []cobra.Completion
		for _, state := range states {
			p, err := s.list(ctx, string(state), "", offered, "")
			if err != nil {
				break
			}
			views, err := p.views()
			if err != nil {
				break
			}
			for _, j := range views {
				if !slices.Contains(args, j.ID) {
					offers = append(offers, cobra.CompletionWithDesc(clean(j.ID), string(j.State)+": "+j.name()))
				}
			}
		}
		return offers, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlag offers the values that a flag may have.
func completeFlag[T ~string](cmd *cobra.Command, flag string, values []T) {
	names := make([]cobra.Completion, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

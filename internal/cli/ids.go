package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sluice/internal/fault"
)

const (
	wholeID   = 26 // characters
	partOfID  = 4  // the fewest that may stand for a job
	shortID   = 6  // the fewest that the list shows
	wholePage = 500
)

// resolve finds the job that an id, its beginning or its end names. Ids that
// were made at the same time begin alike, so their ends are the better names.
func (s *client) resolve(ctx context.Context, name string) (string, error) {
	name = strings.ToUpper(strings.TrimSpace(name))
	switch {
	case len(name) >= wholeID:
		return name, nil // the server knows best
	case len(name) < partOfID:
		return "", usagef("%q is too short for a job: give %d characters of its id or more.", clean(name), partOfID)
	}
	p, _, err := s.some(ctx, "", "", 0)
	if err != nil {
		return "", err
	}
	views, err := p.views()
	if err != nil {
		return "", s.stranger("its answer cannot be read")
	}
	var found []string
	for _, j := range views {
		if id := strings.ToUpper(j.ID); strings.HasPrefix(id, name) || strings.HasSuffix(id, name) {
			found = append(found, j.ID)
		}
	}
	switch {
	case len(found) == 0:
		return "", fault.New(fault.JobUnknown, fmt.Sprintf("No job has an id like %q.", clean(name)), nil)
	case len(found) > 1:
		more := ""
		if len(found) > 3 {
			more, found = fmt.Sprintf(" and %d more", len(found)-3), found[:3]
		}
		return "", usagef("%q may be %s%s: give more of the id.", clean(name), clean(strings.Join(found, " or ")), more)
	}
	return found[0], nil
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

// completeJobs offers ids to the shell, with titles to choose by.
func (c *console) completeJobs(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	address, _ := cmd.Flags().GetString("server")
	s, err := c.client(address)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(cmd.Context(), findTimeout)
	defer cancel()
	p, err := s.list(ctx, "", "", wholePage, "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	views, err := p.views()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var offers []cobra.Completion
	for _, j := range views {
		if !strings.Contains(strings.Join(args, " "), j.ID) {
			offers = append(offers, cobra.CompletionWithDesc(clean(j.ID), string(j.State)+": "+j.name()))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

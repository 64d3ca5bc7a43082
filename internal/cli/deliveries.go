package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/internal/fault"
	"sluice/internal/job"
)

// deliveryView is one webhook message.
type deliveryView struct {
	ID          string            `json:"id"`
	JobID       string            `json:"job_id"`
	Event       job.DeliveryEvent `json:"event"`
	To          string            `json:"to"`
	State       job.DeliveryState `json:"state"`
	Attempts    int               `json:"attempts"`
	LastError   string            `json:"last_error"`
	NextAt      stamp             `json:"next_at"`
	DeliveredAt stamp             `json:"delivered_at"`
}

func deliveryStates() []job.DeliveryState {
	return []job.DeliveryState{job.DeliveryPending, job.DeliveryDelivered, job.DeliveryParked}
}

func (c *console) deliveries() *cobra.Command {
	var (
		name, state string
		limit       int
		asJSON      bool
	)
	cmd := &cobra.Command{
		Use:   "deliveries",
		Short: "Show the webhook messages",
		Long: `Shows what webhooks were told of jobs that have ended, the newest first: to whom,
how far it is, and what came of the last attempt.

A message that nobody takes is pending and sent again by itself, less and less
often; after a day it is parked. 'sluice redeliver' sends any of them again. The
ids are cut to the ends that tell these messages apart; --json prints them whole.`,
		Example: `  sluice deliveries
  sluice deliveries --state parked
  sluice deliveries --job ABCDE --json`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&name, "job", "", "only those about the job with this `ID`")
	f.StringVarP(&state, "state", "s", "", "only those in this `STATE`: pending, delivered or parked")
	f.IntVarP(&limit, "limit", "n", defaultList, "how many at most")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	completeFlag(cmd, "state", deliveryStates())
	_ = cmd.RegisterFlagCompletionFunc("job", c.completeJobs(job.Done, job.Failed, job.Canceled))
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, _ []string) error {
		switch {
		case f.Changed("state") && !knownDelivery(state):
			return usagef("There is no state %q: choose pending, delivered or parked.", clean(state))
		case limit < 1:
			return usagef("--limit is 1 or more.")
		}
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		id := ""
		if f.Changed("job") {
			if id, err = s.resolve(cmd.Context(), name); err != nil {
				return err
			}
		}
		got, more, err := s.deliveries(cmd.Context(), id, state, limit)
		if err != nil {
			return err
		}
		if err := c.printDeliveries(got, asJSON); err != nil {
			return err
		}
		switch {
		case len(got.Deliveries) == 0 && !asJSON:
			c.note("No webhook was told anything.")
		case more:
			c.note("There are more; --limit %d shows some of them.", 2*limit)
		}
		return nil
	})
	return cmd
}

func knownDelivery(state string) bool {
	for _, s := range deliveryStates() {
		if string(s) == state {
			return true
		}
	}
	return false
}

func (c *console) redeliver() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "redeliver ID",
		Short: "Send a webhook message again",
		Long: `Sends a webhook message again, at once, whatever became of it before. ID is that
of the message, which 'sluice deliveries' shows, or enough of its beginning or
end. The job is not run again.`,
		Example: `  sluice redeliver b5c6d7
  sluice redeliver 4b1f0c5e9a7d2386f0c1d2e3a4b5c6d7 --json`,
		Args:              oneArg("ID"),
		ValidArgsFunction: c.completeDeliveries,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		id, err := s.resolveDelivery(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		raw, err := s.call(cmd.Context(), http.MethodPost, "/api/v1/deliveries/"+url.PathEscape(id)+"/redeliver", nil, nil)
		if err != nil {
			return err
		}
		if asJSON {
			return c.printRaw(raw)
		}
		var d deliveryView
		if err := s.decode(raw, &d); err != nil {
			return err
		}
		p := &printer{w: c.Out}
		p.line("%s is sent again to %s", clean(d.ID), clean(d.To))
		return unwritable("stdout", p.err)
	})
	return cmd
}

func (c *console) webhookKey() *cobra.Command {
	return &cobra.Command{
		Use:   "webhook-key",
		Short: "Print the key that webhooks are signed with",
		Long: `Prints the key that the signatures of webhook messages are made with: that of
webhook.secret or, without one, the key of this machine, which is made when it
is first needed. Who gets the messages needs it to check where they come from.`,
		Example: `  sluice webhook-key`,
		Args:    noArgs,
		RunE: run(func(cmd *cobra.Command, _ []string) error {
			if c.cmds.WebhookKey == nil {
				return notBuiltIn()
			}
			key, err := c.cmds.WebhookKey(cmd.Context())
			if err != nil {
				return err
			}
			p := &printer{w: c.Out}
			p.line("%s", key)
			return unwritable("stdout", p.err)
		}),
	}
}

// deliveryPage is one page of deliveries; they are kept as they came, too.
type deliveryPage struct {
	Deliveries []json.RawMessage `json:"deliveries"`
	Next       string            `json:"next_cursor,omitempty"` // "" = this was the last page
}

func (p deliveryPage) views() ([]deliveryView, error) {
	views := make([]deliveryView, len(p.Deliveries))
	for i, raw := range p.Deliveries {
		if err := json.Unmarshal(raw, &views[i]); err != nil {
			return nil, fmt.Errorf("read the answer: %w", err)
		}
	}
	return views, nil
}

func (c *console) printDeliveries(got deliveryPage, asJSON bool) error {
	if asJSON {
		body, err := json.Marshal(got)
		if err != nil {
			return fmt.Errorf("write json: %w", err)
		}
		return c.printRaw(body)
	}
	views, err := got.views()
	if err != nil || len(views) == 0 {
		return err
	}
	names := shortDeliveries(views)
	rows := [][]string{{"ID", "JOB", "EVENT", "STATE", "ATTEMPTS", "TO", "LAST"}}
	for _, d := range views {
		rows = append(rows, append([]string{names[d.ID], end(d.JobID, shortID)}, d.cells()...))
	}
	p := &printer{w: c.Out}
	table(p, rows)
	return unwritable("stdout", p.err)
}

// cells is what is said of a message in a table.
func (d deliveryView) cells() []string {
	return []string{cell(string(d.Event)), cell(string(d.State)), strconv.Itoa(d.Attempts), cell(d.To), cell(d.last())}
}

// last is what came of the last attempt, and when the next one is.
func (d deliveryView) last() string {
	said := clean(d.LastError)
	switch {
	case d.State == job.DeliveryDelivered && !d.DeliveredAt.IsZero():
		return at(d.DeliveredAt.Time)
	case d.State == job.DeliveryPending && !d.NextAt.IsZero():
		said = strings.TrimSpace(said + " Next: " + at(d.NextAt.Time))
	}
	return said
}

// showDeliveries prints the messages about one job.
func showDeliveries(p *printer, all []deliveryView) {
	if len(all) == 0 {
		return
	}
	p.line("")
	p.line("Deliveries")
	names := shortDeliveries(all)
	rows := make([][]string, 0, len(all))
	for _, d := range all {
		rows = append(rows, append([]string{"  " + names[d.ID]}, d.cells()...))
	}
	table(p, rows)
}

// shortDeliveries cuts ids to the ends that tell these messages apart.
func shortDeliveries(all []deliveryView) map[string]string {
	views := make([]jobView, len(all))
	for i, d := range all {
		views[i].ID = d.ID
	}
	return short(views)
}

// deliveries asks for the first deliveries, page by page; 0 = all. More says
// that there are others.
func (s *client) deliveries(ctx context.Context, jobID, state string, limit int) (got deliveryPage, more bool, err error) {
	got.Deliveries = []json.RawMessage{}
	for {
		n := wholePage
		if limit > 0 {
			n = min(n, limit-len(got.Deliveries))
		}
		q := url.Values{"limit": {strconv.Itoa(n)}}
		for name, v := range map[string]string{"job": jobID, "state": state, "cursor": got.Next} {
			if v != "" {
				q.Set(name, v)
			}
		}
		body, err := s.call(ctx, http.MethodGet, "/api/v1/deliveries?"+q.Encode(), nil, nil)
		if err != nil {
			return deliveryPage{}, false, err
		}
		var p deliveryPage
		if err := s.decode(body, &p); err != nil {
			return deliveryPage{}, false, err
		}
		last := got.Next
		got.Deliveries, got.Next = append(got.Deliveries, p.Deliveries...), p.Next
		switch {
		case p.Next == "" || p.Next == last:
			return got, false, nil
		case limit > 0 && len(got.Deliveries) >= limit:
			return got, true, nil
		}
	}
}

// resolveDelivery finds the message that an id, its beginning or its end names.
func (s *client) resolveDelivery(ctx context.Context, typed string) (string, error) {
	n := &named{typed: strings.ToLower(strings.TrimSpace(typed))}
	switch {
	case len(n.typed) >= wholeID:
		return n.typed, nil // the server knows best
	case len(n.typed) < partOfID:
		return "", usagef("%q is too short for a delivery: give %d characters of its id or more.", clean(n.typed), partOfID)
	}
	got, _, err := s.deliveries(ctx, "", "", 0)
	if err != nil {
		return "", err
	}
	for _, raw := range got.Deliveries {
		if id := idOf(raw); strings.HasPrefix(id, n.typed) || strings.HasSuffix(id, n.typed) {
			n.ids = append(n.ids, id)
		}
	}
	if len(n.ids) == 0 {
		return "", fault.New(fault.DeliveryUnknown, fmt.Sprintf("No delivery has an id like %q.", clean(n.typed)), nil)
	}
	return n.id()
}

// completeDeliveries offers the messages that were not taken yet.
func (c *console) completeDeliveries(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	address, _ := cmd.Flags().GetString("server")
	s, err := c.client(address)
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(cmd.Context(), findTimeout)
	defer cancel()
	var offers []cobra.Completion
	for _, state := range []job.DeliveryState{job.DeliveryParked, job.DeliveryPending} {
		got, _, err := s.deliveries(ctx, "", string(state), offered)
		if err != nil {
			break
		}
		views, err := got.views()
		if err != nil {
			break
		}
		for _, d := range views {
			offers = append(offers, cobra.CompletionWithDesc(clean(d.ID), clean(string(d.State)+": "+d.To)))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

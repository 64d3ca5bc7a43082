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
)

func (c *console) search() *cobra.Command {
	var (
		limit  int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "search WORD...",
		Short: "Find words in titles and texts",
		Long: `Finds the places in titles and finished texts where every WORD is, or a
longer one that begins like it; the newest job comes first.

On a terminal the places stand below their job. Into a pipe each is a line with
the whole id, the time in the recording, and what is said there; where the
words are in the title, that is said instead of the time.`,
		Example: `  sluice search harbour master
  sluice search 회의 --limit 10
  sluice search ferry --json | jq -r '.hits[].text'`,
		Args: someArgs("WORD"),
	}
	cmd.Flags().IntVarP(&limit, "limit", "n", defaultList, "how many places at most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	address := serverFlag(cmd)
	cmd.RunE = run(func(cmd *cobra.Command, args []string) error {
		words := strings.TrimSpace(strings.Join(args, " "))
		switch {
		case words == "":
			return usagef("There is no word to look for.")
		case limit < 1:
			return usagef("--limit is 1 or more.")
		}
		s, err := c.client(*address)
		if err != nil {
			return err
		}
		defer s.close()
		got, more, err := s.search(cmd.Context(), words, limit)
		if err != nil {
			return err
		}
		if err := c.printHits(got, asJSON); err != nil {
			return err
		}
		switch {
		case len(got.Hits) == 0 && !asJSON:
			c.note("Nothing was found.")
		case more:
			c.note("There are more; --limit %d shows some of them.", 2*limit)
		}
		return nil
	})
	return cmd
}

// found is one page of hits; they are kept as they came, too.
type found struct {
	Hits []json.RawMessage `json:"hits"`
	Next string            `json:"next,omitempty"` // cursor; "" = this was the last page
}

// hitView is one place where the words are.
type hitView struct {
	JobID     string `json:"job_id"`
	Title     string `json:"title"`
	SegmentID int    `json:"segment_id"` // 0 = it is the title, or the file's name
	StartMS   int64  `json:"start_ms"`
	Text      string `json:"text"`
}

func (c *console) printHits(f found, asJSON bool) error {
	if asJSON {
		body, err := json.Marshal(f)
		if err != nil {
			return fmt.Errorf("write json: %w", err)
		}
		return c.printRaw(body)
	}
	hits, jobs := make([]hitView, len(f.Hits)), make([]jobView, len(f.Hits))
	for i, raw := range f.Hits {
		if err := json.Unmarshal(raw, &hits[i]); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		jobs[i] = jobView{ID: hits[i].JobID, Title: hits[i].Title}
	}
	names := short(jobs)
	p := &printer{w: c.Out}
	for i, h := range hits {
		switch {
		case !c.OutTerminal:
			p.line("%s  [%s]  %s", clean(h.JobID), h.place(), clean(h.Text))
		case i == 0 || hits[i-1].JobID != h.JobID:
			p.line("%s  %s", names[h.JobID], jobs[i].name())
		}
		if c.OutTerminal && h.SegmentID > 0 {
			p.line("  [%s]  %s", h.place(), clean(h.Text))
		}
	}
	return unwritable("stdout", p.err)
}

func (h hitView) place() string {
	if h.SegmentID == 0 {
		return "title"
	}
	return clock(h.StartMS)
}

// search asks for the first hits, page by page. More says that there are
// others.
func (s *client) search(ctx context.Context, words string, limit int) (got found, more bool, err error) {
	got.Hits = []json.RawMessage{}
	for {
		q := url.Values{"q": {words}, "limit": {strconv.Itoa(min(wholePage, limit-len(got.Hits)))}}
		if got.Next != "" {
			q.Set("cursor", got.Next)
		}
		body, err := s.call(ctx, http.MethodGet, "/api/v1/search?"+q.Encode(), nil, nil)
		if err != nil {
			return found{}, false, err
		}
		var p found
		if err := s.decode(body, &p); err != nil {
			return found{}, false, err
		}
		last := got.Next
		got.Hits, got.Next = append(got.Hits, p.Hits...), p.Next
		switch {
		case p.Next == "" || p.Next == last:
			return got, false, nil
		case len(got.Hits) >= limit:
			return got, true, nil
		}
	}
}
